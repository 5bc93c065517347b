#!/usr/bin/env bash
# The README's tour, run for real in a scratch repository: prints each command with what it printed.
#
#   docs/tour.sh            prints the tour
#   docs/tour.sh --write    puts it between the marks of the two READMEs
#   docs/tour.sh --check    fails when a README shows something else
#
# Takes tmux-agent from PATH, or TMUX_AGENT_BINARY. Paths, ids, pids, hashes and ages are written as fixed ones, so that two
# runs give the same text.
set -euo pipefail
cd "$(dirname "$0")/.."
project=$PWD
. .ci/prerequisites.sh
. examples/quickstart/scene.sh
readmes="$project/README.md $project/docs/README.zh-CN.md"
if [ -n "${TMUX_AGENT_BINARY:-}" ]; then
    folder=$(cd "$(dirname "$TMUX_AGENT_BINARY")" && pwd)
    export PATH="$folder:$PATH"
fi
command -v tmux-agent >/dev/null || fail "tmux-agent is not on PATH: run examples/quickstart.sh first, or set TMUX_AGENT_BINARY"
require_tools

# What differs from run to run, made equal.
plain() {
    sed -E -e 's|(http://127\.0\.0\.1:)[0-9]+/#token=[0-9a-z-]+|\18702/#token=…|' -e "s#$scratch#~#g" -e 's/\b(ap|run|agent)-[0-9a-z]{13}\b/\1-4f2k0q8n3r7w1/g' -e 's/pid [0-9]+/pid 4711/' \
        -e 's/\b[0-9a-f]{7,40}\b/1c9a4e2/g' -e 's/( +)[0-9]+s( +[A-Z]|$)/\13s\2/' -e 's/ +$//'
}

section() { printf '@ %s\n' "$1"; }
# Shows a command line and what it prints on both streams.
show() {
    printf '$ %s\n' "$1"
    (eval "$1") 2>&1 | plain || true
}

implementing() { tmux-agent sessions --json | tr -d '\n' | grep -q '"stage": "implement".*"state": "working"'; }

tour() {
    scene_repository
    section init
    show 'tmux-agent init'
    scene_fleet
    section spawn
    show 'tmux-agent up'
    show 'tmux-agent spawn feature/login --agent login --task "Add a login page"'
    wait_until 60 implementing || fail "the first stage does not run: $(tmux-agent status 2>&1)"
    show 'tmux-agent sessions'
    wait_until 60 asked 1 || fail "no question came: $(reasons)"
    wait_until 60 idle 1 || fail "the agent is not idle: $(tmux-agent sessions 2>&1)"
    section ask
    show 'tmux-agent logs feature/login'
    show 'tmux-agent sessions'
    show 'tmux-agent approvals'
    show 'tmux-agent diff feature/login --stat'
    section answer
    show 'tmux-agent approve feature/login --reason "small and clear"'
    wait_until 60 completed 1 || fail "the run did not complete: $(reasons)"
    wait_until 60 idle 1 || fail "the agent is not idle: $(tmux-agent sessions 2>&1)"
    show 'tmux-agent policy explain feature/login'
    section remove
    show 'tmux-agent rm feature/login'
    show 'git merge --quiet --no-edit feature/login'
    show 'tmux-agent rm feature/login'
    show 'tmux-agent down'
}

# README with the blocks between "<!-- tour: NAME -->" and "<!-- tour end -->" replaced by this tour's.
with_tour() { # README TOUR
    awk -v tour="$2" '
        BEGIN { while ((getline line < tour) > 0)
            if (line ~ /^@ /) name = substr(line, 3); else text[name] = text[name] line "\n" }
        /^<!-- tour end -->$/ { inside = 0 }
        !inside { print }
        /^<!-- tour: .* -->$/ {
            name = $3; inside = 1
            if (!(name in text)) { print "no section " name " in the tour" > "/dev/stderr"; exit 1 }
            printf "```console\n%s```\n", text[name]
        }' "$1"
}

mode=${1:-print}
case "$#:$mode" in 0:print | 1:--write | 1:--check) ;; *) fail "usage: docs/tour.sh [--write|--check]" ;; esac
scene_begin tour
result=$(mktemp -d "${TMPDIR:-/tmp}/tmux-agent-tour-text.XXXXXX")
trap 'scene_end; rm -rf "$result"' EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP
(tour) >"$result/tour"
case $mode in
    print) sed 's/^@ /\n# /' "$result/tour" ;;
    *)
        for readme in $readmes; do
            with_tour "$readme" "$result/tour" >"$result/readme"
            if [ "$mode" = --write ]; then
                cat "$result/readme" >"$readme"
            else
                diff -u --label "$readme" --label "what the tour prints" "$readme" "$result/readme" >&2 ||
                    fail "$readme shows another output than the program's: run docs/tour.sh --write and read the difference"
            fi
        done
        ;;
esac
