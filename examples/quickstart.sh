#!/usr/bin/env bash
# Builds tmux-agent, puts it on PATH and shows a fleet of two scripted agents at work, from spawn to an approved,
# completed release. With --exit it approves by itself, ends everything it started and removes its scratch folder.
set -euo pipefail
cd "$(dirname "$0")/.."
project=$PWD
. .ci/prerequisites.sh

exit_when_done=no
case "${1:-}" in
    '') ;;
    --exit) exit_when_done=yes ;;
    *) fail "usage: examples/quickstart.sh [--exit]" ;;
esac

require_all
say "Building a release binary (the first time takes some minutes)"
swift build -c release --product tmux-agent
bin=$(swift build -c release --show-bin-path)
mkdir -p "$HOME/.local/bin"
install -m 0755 "$bin/tmux-agent" "$HOME/.local/bin/.tmux-agent.new"
mv -f "$HOME/.local/bin/.tmux-agent.new" "$HOME/.local/bin/tmux-agent"
export PATH="$HOME/.local/bin:$PATH"
say "Installed $(command -v tmux-agent), version $(tmux-agent --version)"

scratch=$(mktemp -d "${TMPDIR:-/tmp}/tmux-agent-quickstart.XXXXXX")
socket=tmux-agent-quickstart-$$
# The demonstration keeps its database in the scratch folder; yours (~/.tmux_agent) stays untouched.
export TMUX_AGENT_HOME=$scratch/home
unset TMUX TMUX_PANE

clean_up() {
    cd /
    tmux-agent -C "$scratch/shop" down >/dev/null 2>&1 || true
    tmux -L "$socket" kill-server >/dev/null 2>&1 || true
    rm -rf "$scratch"
}
if [ $exit_when_done = yes ]; then trap clean_up EXIT; else trap 'clean_up; exit 130' INT TERM; fi

say "Making a repository with a fleet in $scratch/shop"
git init -q --initial-branch=main "$scratch/shop"
cd "$scratch/shop"
git config user.name "Quickstart"
git config user.email "quickstart@example.invalid"
printf '# Shop\n' >README.md
git add README.md
git commit -qm 'shop: first page'
tmux-agent init
cp "$project/examples/quickstart/policy.yaml" .tmuxagent/policy.yaml
for part in login search; do cp "$project/examples/quickstart/$part.script" ".tmuxagent/$part.script"; done
cat >.tmuxagent/fleet.toml <<TOML
[fleet]
name = "shop"
[agent]
command = "$project/examples/scripted-agent.sh .tmuxagent/login.script"
kind = "shell"
[agents.login]
command = "$project/examples/scripted-agent.sh $scratch/shop/.tmuxagent/login.script"
kind = "shell"
[agents.search]
command = "$project/examples/scripted-agent.sh $scratch/shop/.tmuxagent/search.script"
kind = "shell"
[tmux]
socket = "$socket"
size = "120x40"
TOML
tmux-agent policy check

say "Starting the daemon and two agents, each in its own worktree and tmux session"
tmux-agent up
tmux-agent spawn feature/login --agent login --task "Add a login page"
tmux-agent spawn feature/search --agent search --task "Add a search box"

# Shows the table again whenever it says something new, until CONDITION holds.
show_until() { # SECONDS CONDITION...
    local limit=$((SECONDS + $1)) shown='' now
    shift
    while :; do
        now=$(tmux-agent sessions --color never)
        if [ "$now" != "$shown" ]; then
            printf '%s\n\n' "$now"
            shown=$now
        fi
        "$@" && return 0
        [ $SECONDS -lt $limit ] || return 1
        sleep 0.5
    done
}
two_questions() { [ "$(tmux-agent approvals --json | grep -c '"id"')" -ge 2 ]; }
all_completed() { [ "$(tmux-agent status --json | grep -c '"state": "completed"')" -ge 2 ]; }

say "Watching: the agents work, report a marker, pass the check, and then the policy asks a person"
show_until 90 two_questions || fail "the agents did not get to the question; see tmux-agent status"
tmux-agent approvals

if [ $exit_when_done = no ]; then
    printf 'Press Enter to approve both releases (or answer in another terminal and press Enter then). '
    read -r _
fi
for id in $(tmux-agent approvals --json | sed -nE 's/.*"id": "([^"]+)".*/\1/p'); do
    tmux-agent approve "$id" --reason "quickstart"
done
show_until 60 all_completed || fail "the pipelines did not complete; see tmux-agent status"
tmux-agent status
say "Both pipelines are completed: two branches, implemented, checked, approved, released"
git log --oneline --all --graph

if [ $exit_when_done = yes ]; then
    say "Removing the agents and everything that was started"
    tmux-agent rm feature/login --force
    tmux-agent rm feature/search --force
    tmux-agent down
    exit 0
fi
cat <<TEXT

The fleet goes on. In this folder:

  cd $scratch/shop && export TMUX_AGENT_HOME=$TMUX_AGENT_HOME
  tmux-agent sessions                     what the agents do
  tmux-agent attach feature/login         look over a shoulder (leave with Ctrl-b d)
  tmux-agent send feature/login "Thanks"  type to an agent
  tmux-agent logs feature/login           what it printed
  tmux-agent rm feature/login             remove it, if nothing would be lost

End it with:

  tmux-agent down; tmux -L $socket kill-server; rm -rf $scratch

In a repository of your own: tmux-agent init, then tmux-agent spawn BRANCH --task "…".
TEXT
case ":$(bash -lc 'echo $PATH' 2>/dev/null):" in
    *":$HOME/.local/bin:"*) ;;
    *) printf '\nAdd this line to your shell profile: export PATH="$HOME/.local/bin:$PATH"\n' ;;
esac
