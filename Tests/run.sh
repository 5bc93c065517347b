#!/usr/bin/env bash
# Installs what is missing, builds, runs all tests; ends with the issues that were found and the test runner's summary.
# Arguments go to `swift test`.
set -euo pipefail
cd "$(dirname "$0")/.."
. .ci/prerequisites.sh
require_all sqlite3 openssh-server chromium chromium-driver
swift build --build-tests
# One test more than there are cores, because a test waits for a third of its time; with all of them at once each would run into its limit.
width=$(($(nproc) + 1))
swift test --skip-build --experimental-maximum-parallelization-width "$width" "$@" 2>&1 | awk '
    function repeat_issues() { if (issues != "") printf "\nIssues of this run:\n%s\n", issues; issues = "" }
    /^◇ Test case passing/ { next }
    /^(◇|✔|✘|➜)/ { of_issue = /^✘.* recorded an issue/ }
    of_issue { issues = issues $0 "\n" }
    /^(✔|✘) Test run with/ { repeat_issues() }
    { print; fflush() }
    END { repeat_issues() }'
