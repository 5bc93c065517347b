#!/usr/bin/env bash
# Installs what is missing, builds, runs all tests; ends with the test runner's summary. Arguments go to `swift test`.
set -euo pipefail
cd "$(dirname "$0")/.."
. .ci/prerequisites.sh
require_all sqlite3
swift build --build-tests
exec swift test --skip-build "$@"
