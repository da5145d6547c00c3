#!/usr/bin/env bash
# Makes what deploy/compose.yaml needs and nobody may share: an authority, certificates, keys, secrets. See --help.
set -euo pipefail
cd "$(dirname "$0")/.."
source deploy/setup.sh

folder=deploy/secrets
if [ "${1:-}" = --help ] || [ "${1:-}" = -h ]; then
    cat <<HELP
Makes certificates of an authority for development, the key of the token issuer, and random secrets for the broker and
the nodes of deploy/compose.yaml, in $folder. What is there already is kept: delete the folder to begin anew.

  deploy/certificates.sh

Next: docker compose --env-file $folder/environment --file deploy/compose.yaml up --build
HELP
    exit 0
fi

random() { od -An -N32 -tx1 /dev/urandom | tr -d ' \n'; }
hash() { printf %s "$1" | sha256sum | cut -d' ' -f1; }

if [ -e $folder/environment ]; then
    echo "$folder is there already; delete it to begin anew."
    exit 0
fi

need_dotnet
step "Building"
dotnet build src/Traceability.Local --configuration Release --nologo --verbosity quiet "-clp:ErrorsOnly;NoSummary" </dev/null
step "Making certificates in $folder"
mkdir -p $folder
chmod 700 $folder
dotnet artifacts/bin/Traceability.Local/release/Traceability.Local.dll certificates \
    $folder broker node-a node-b node-c administrator federation-auditor token-issuer
umask 077
{
    echo "POSTGRES_PASSWORD=$(random)"
    secret=$(random)
    echo "ADMINISTRATOR_SECRET=$secret"
    echo "ADMINISTRATOR_SECRET_SHA256=$(hash "$secret")"
    secret=$(random)
    echo "FEDERATION_AUDITOR_SECRET=$secret"
    echo "FEDERATION_AUDITOR_SECRET_SHA256=$(hash "$secret")"
    for company in A B C; do
        node=$(random) clerk=$(random)
        echo "OPERATOR_$company=$(cat /proc/sys/kernel/random/uuid)"
        echo "NODE_${company}_SECRET=$node"
        echo "NODE_${company}_SECRET_SHA256=$(hash "$node")"
        echo "CLERK_${company}_SECRET=$clerk"
        echo "CLERK_${company}_SECRET_SHA256=$(hash "$clerk")"
    done
} >$folder/environment
for node in node-a node-b node-c; do
    random >$folder/$node.key-secret
done
random >$folder/broker.log-secret
echo "Next: docker compose --env-file $folder/environment --file deploy/compose.yaml up --build"
