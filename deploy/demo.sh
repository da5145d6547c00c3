#!/usr/bin/env bash
# Plays the main story with real processes: a private PostgreSQL, the broker and the nodes of A, B and C. See --help.
set -euo pipefail
here=$PWD
cd "$(dirname "$0")/.."
source deploy/setup.sh

if [ "${1:-}" = --help ] || [ "${1:-}" = -h ]; then
    cat <<'HELP'
Plays 3 + 5 + 10 = 18 kg through real nodes and a real broker, and keeps running until Ctrl-C.

  deploy/demo.sh [--case three-tiers|ev-battery [--bundle FILE] [--exports DIR]] [--exit] [--folder FOLDER]

  --case ev-battery 34 companies, from ore to two vehicles, and its five headline totals beside the expected ones
  --exports DIR     where to write what the makers of both packs and both vehicles disclose
  --bundle FILE     where to write the evidence behind the vehicle with the 64 kWh pack; trace audit verify checks it

  --exit            stop after the story; exit code 0 only if every figure and every "may not see" check held
  --folder FOLDER   where data, logs and keys go; a new folder in the temporary files unless named

Example: deploy/demo.sh --exit
HELP
    exit 0
fi

need_dotnet
need_postgres
step "Building (the first time takes a minute)"
build src/Traceability.Local "-clp:ErrorsOnly;NoSummary"
export TRACEABILITY_PROFILES=${TRACEABILITY_PROFILES:-$PWD/.traceability/profiles.json}
cd "$here"
exec dotnet "$OLDPWD/artifacts/bin/Traceability.Local/release/Traceability.Local.dll" demo "$@"
