#!/usr/bin/env bash
# Installs what is missing, builds, runs all tests; ends with the test runner's summary. Arguments go to `swift test`.
set -euo pipefail
cd "$(dirname "$0")/.."
. .ci/prerequisites.sh
require_all sqlite3 openssh-server chromium chromium-driver
swift build --build-tests
# A few tests at a time: more of them would wait for two cores and run into their time limits.
exec swift test --skip-build --experimental-maximum-parallelization-width 2 "$@"
