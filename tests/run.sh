#!/usr/bin/env bash
# Runs every test, with the whole set-up. See --help.
set -euo pipefail
cd "$(dirname "$0")/.."
source deploy/setup.sh

usage() {
    cat <<'HELP'
Runs every test of Traceability and ends with the line "N passed, N failed[, N skipped]".

  tests/run.sh [--format] [--project NAME] [--filter EXPRESSION] [--postgres VERSION]

  --format              check the layout of the code first (dotnet format --verify-no-changes)
  --project NAME        only the test project tests/Traceability.NAME
  --filter EXPRESSION   only matching tests, as in dotnet test --filter
  --postgres VERSION    with PostgreSQL 15 or 18 from npm, whatever this machine has

Example: tests/run.sh --project UnitTests --filter TradeTests
HELP
}

format=no project='*Tests' filter=() postgres=
while [ $# -gt 0 ]; do
    case $1 in
        --format) format=yes; shift ;;
        --project) project=$2; shift 2 ;;
        --filter) filter=(--filter "$2"); shift 2 ;;
        --postgres) postgres=$2; shift 2 ;;
        --help | -h) usage; exit 0 ;;
        *) echo "Unknown option $1. See tests/run.sh --help" >&2; exit 2 ;;
    esac
done

need_dotnet
need_postgres $postgres
need_peers
need_token

results=$PWD/artifacts/test-results
rm -rf "$results"
step "Building (the first time takes a minute)"
build Traceability.sln

if [ $format = yes ]; then
    # Style and analyzers are errors of the build already.
    step "Checking the layout of the code"
    dotnet format whitespace Traceability.sln --verify-no-changes --no-restore </dev/null
fi

# Most processes of the tests live for seconds: measuring them to optimise them, and a heap for each core, do not pay.
export DOTNET_TieredPGO=0 DOTNET_gcServer=0
status=0
# In falling order: what is quick and what guards disclosure comes first.
for name in $(cd tests && printf '%s\n' Traceability.$project | sort -r); do
    folder=tests/$name
    step "Testing $name"
    dotnet test "$folder" --configuration Release --no-build --nologo --verbosity quiet \
        --logger "console;verbosity=minimal" --logger "trx;LogFileName=$name.trx" --results-directory "$results" "${filter[@]}" </dev/null \
        || { status=1; [ -f "$results/$name.trx" ] || { echo "$name wrote no results" >&2; exit 1; }; }
done

total() { cat "$results"/*.trx | grep -o "<Counters [^>]*" | grep -o " $1=\"[0-9]*\"" | tr -dc "0-9\n" | awk "{ sum += \$1 } END { print sum + 0 }"; }
# Why a test was skipped stands in the line below its name.
sed -n '/outcome="NotExecuted"/{s/.*testName="\([^"]*\)".*/\1/;h};/<Message>/{x;/./{G;s/\n *<Message>/: /;s/<\/Message>.*//;s/^/skipped /;p};s/.*//;h}' \
    "$results"/*.trx
skipped=$(cat "$results"/*.trx | grep -c 'outcome="NotExecuted"' || true)
passed=$(total passed) failed=$(total failed)
[ "$passed" -gt 0 ] || { echo "No test ran." >&2; status=1; }
line="$passed passed, $failed failed"
[ "$skipped" -eq 0 ] || line="$line, $skipped skipped"
echo "$line"
exit $status
