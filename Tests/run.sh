#!/usr/bin/env bash
# Installs what is missing, builds, runs all tests; ends with the issues that were found and the test runner's summary.
# Arguments go to `swift test`.
set -euo pipefail
cd "$(dirname "$0")/.."
. .ci/prerequisites.sh
require_all sqlite3 openssh-server chromium chromium-driver
swift build --build-tests
# As many tests at a time as there are cores: more of them would wait for one another and run into their time limits.
width=$(nproc)
swift test --skip-build --experimental-maximum-parallelization-width "$width" "$@" 2>&1 | awk '
    function repeat_issues() { if (issues != "") printf "\nIssues of this run:\n%s\n", issues; issues = "" }
    /^◇ Test case passing/ { next }
    /^(◇|✔|✘|➜)/ { of_issue = /^✘.* recorded an issue/ }
    of_issue { issues = issues $0 "\n" }
    /^(✔|✘) Test run with/ { repeat_issues() }
    { print; fflush() }
    END { repeat_issues() }'
