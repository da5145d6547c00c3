#!/usr/bin/env bash
# Makes what deploy/compose.yaml needs and nobody may share: an authority, certificates, keys, secrets. See --help.
set -euo pipefail
cd "$(dirname "$0")/.."
source deploy/setup.sh

folder=deploy/secrets
if [ "${1:-}" = --help ] || [ "${1:-}" = -h ]; then
    cat <<HELP
Makes certificates of an authority for development and random secrets for the broker and the nodes of
deploy/compose.yaml, in $folder. What is there already is kept: delete the folder to begin anew.

  deploy/certificates.sh

Next: docker compose --env-file $folder/environment --file deploy/compose.yaml up --build
HELP
    exit 0
fi

random() { od -An -N32 -tx1 /dev/urandom | tr -d ' \n'; }

if [ -e $folder/environment ]; then
    echo "$folder is there already; delete it to begin anew."
    exit 0
fi

need_dotnet
step "Building"
build src/Traceability.Local "-clp:ErrorsOnly;NoSummary"
step "Making certificates in $folder"
mkdir -p $folder
chmod 700 $folder
# Those of a company name it: they are good with its own tokens only.
environment="POSTGRES_PASSWORD=$(random)"
holders=(broker administrator)
for company in A B C; do
    operator=$(cat /proc/sys/kernel/random/uuid)
    environment+=$'\n'"OPERATOR_$company=$operator"
    holders+=("node-${company,,}=$operator" "clerk-${company,,}=$operator")
done
dotnet artifacts/bin/Traceability.Local/release/Traceability.Local.dll certificates $folder "${holders[@]}"
umask 077
for role in BROKER_DATABASE NODE_{A,B,C}_DATABASE; do
    environment+=$'\n'"${role}_PASSWORD=$(random)"
done
for node in node-a node-b node-c; do
    random >$folder/$node.key-secret
done
random >$folder/broker.log-secret
random >$folder/broker.identity-secret
# Each container is given its own folder only.
mkdir -p $folder/administrator $folder/members/{A,B,C}/node
for company in A B C; do
    mv $folder/clerk-${company,,}.crt $folder/members/$company/clerk.crt
    mv $folder/clerk-${company,,}.key $folder/members/$company/clerk.key
done
# Last: what is there whole is kept.
echo "$environment" >$folder/environment
echo "Next: docker compose --env-file $folder/environment --file deploy/compose.yaml up --build"
