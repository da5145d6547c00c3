# Shell functions that find, or install, what the scripts need. Sourced by the scripts of deploy and tests.
# shellcheck shell=bash

export DOTNET_CLI_TELEMETRY_OPTOUT=1 DOTNET_NOLOGO=1

step() { echo "== $*"; }

need_dotnet() {
    if ! command -v dotnet >/dev/null || ! dotnet --list-sdks | grep -q '^10\.'; then
        echo "The .NET 10 SDK is needed: https://dotnet.microsoft.com/download/dotnet/10.0" >&2
        exit 1
    fi
}

# The same places as Traceability.Local's PostgresBinaries.
have_postgres() {
    if [ -n "${TRACEABILITY_PG_BIN:-}" ]; then [ -x "$TRACEABILITY_PG_BIN/initdb" ]; return; fi
    compgen -G '/usr/lib/postgresql/*/bin/initdb' >/dev/null || compgen -G '/usr/pgsql-*/bin/initdb' >/dev/null \
        || compgen -G '/opt/homebrew/opt/postgresql*/bin/initdb' >/dev/null \
        || compgen -G '/usr/local/opt/postgresql*/bin/initdb' >/dev/null || command -v initdb >/dev/null
}

need_postgres() {
    if have_postgres; then return; fi
    local sudo=()
    [ "$(id -u)" -eq 0 ] || sudo=(sudo -n)
    if command -v apt-get >/dev/null && "${sudo[@]}" true 2>/dev/null; then
        step "Installing PostgreSQL"
        "${sudo[@]}" env DEBIAN_FRONTEND=noninteractive sh -c \
            'apt-get update -qq && apt-get install -y -qq --no-install-recommends postgresql' >/dev/null </dev/null
    fi
    if ! have_postgres; then
        echo "PostgreSQL 15 or newer is needed. Install it (apt-get install postgresql), or set TRACEABILITY_PG_BIN to the" \
            "folder of initdb." >&2
        exit 1
    fi
}

# gRPC peers nobody here wrote, for the tests. Without node or npm those tests are skipped and say so.
need_peers() {
    local folder=tests/peers
    if ! command -v node >/dev/null || ! command -v npm >/dev/null; then return; fi
    if [ $folder/node_modules/.package-lock.json -nt $folder/package-lock.json ]; then return; fi
    step "Installing gRPC peers for the tests"
    npm ci --prefix $folder --ignore-scripts --no-audit --no-fund --loglevel error </dev/null
    touch $folder/node_modules/.package-lock.json
}
