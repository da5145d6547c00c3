#!/usr/bin/env bash
# Makes members of the companies in COMPANIES: enrols them, registers clients for node and clerk, and writes what each
# needs into SECRETS/members, where the clerk's certificate is already. Runs in the container `members` of compose.yaml; again, it changes nothing.
set -euo pipefail
umask 077

trace=${TRACE:-dotnet /app/trace.dll}
secrets=${SECRETS:-/secrets}

as_administrator() { $trace --profiles "$secrets/administrator/profile.json" --output json "$@"; }

# The file is there as a whole, or it is not there.
write() { cat >"$1.new" && mv "$1.new" "$1"; }

# The broker writes its first administrator's profile; the certificate that it asks for is ours to add.
find_administrator() {
    local made=$secrets/administrator/administrator.json
    for _ in $(seq 60); do
        if [ -f "$made" ]; then
            sed "s#\"ClientId\"#\"Certificate\": \"$secrets/administrator.crt\",\
 \"CertificateKey\": \"$secrets/administrator.key\", &#" "$made" | write "$secrets/administrator/profile.json"
            if as_administrator member list >/dev/null 2>&1; then return; fi
        fi
        sleep 1
    done
    as_administrator member list
}

# Registers a client and tells its secret: a new one where an earlier run has registered it and not come to keep it.
secret_of() {
    local client=$1 operator=$2 role=$3 server=$4 answer
    answer=$(as_administrator identity client add "$client" --operator "$operator" --role "$role" --resource "$server")
    case $answer in *'"clientSecret": ""'*) answer=$(as_administrator identity client rotate "$client") ;; esac
    sed -n 's/.*"clientSecret": "\([^"]*\)".*/\1/p' <<<"$answer"
}

find_administrator
for company in $COMPANIES; do
    IFS='=' read -r name operator node <<<"$company"
    folder=$secrets/members/$name
    mkdir -p "$folder/node"
    as_administrator member enrol --listed "$operator" "Company $name" >/dev/null
    if [ ! -f "$folder/node/operator.json" ]; then
        secret=$(secret_of "node-$name" "$operator" node "$BROKER")
        printf '{"operatorId": "%s", "clientId": "node-%s", "clientSecret": "%s", "keys": "/keys"}\n' \
            "$operator" "$name" "$secret" | write "$folder/node/operator.json"
    fi
    if [ ! -f "$folder/profile" ]; then
        secret=$(secret_of "clerk-$name" "$operator" clerk "$node")
        printf '"%s": {"Node": "%s", "Issuer": "%s", "Authority": "%s", "OperatorId": "%s", "ClientId": "%s", %s, %s}\n' \
            "$name" "$node" "$BROKER" "$secrets/ca.crt" "$operator" "clerk-$name" "\"ClientSecret\": \"$secret\"" \
            "\"Certificate\": \"$folder/clerk.crt\", \"CertificateKey\": \"$folder/clerk.key\"" \
            | write "$folder/profile"
    fi
    echo "$name is a member."
done
{ echo '{'; cat "$secrets"/members/*/profile | paste -sd, -; echo '}'; } | write "$secrets/members/profiles.json"
