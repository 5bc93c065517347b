#!/usr/bin/env bash
# Builds tmux-agent, puts it on PATH and shows a fleet of two scripted agents at work, from spawn to an approved,
# completed release. With --exit it approves by itself, ends everything it started and removes its scratch folder.
# TMUX_AGENT_BINARY=PATH shows the same with a binary that is there already: nothing is built or installed.
set -euo pipefail
cd "$(dirname "$0")/.."
project=$PWD
. .ci/prerequisites.sh
. examples/quickstart/scene.sh

exit_when_done=no
case "$#:${1:-}" in
    0:) ;;
    1:--exit) exit_when_done=yes ;;
    *) fail "usage: examples/quickstart.sh [--exit]" ;;
esac
# Without a person at a terminal nobody could press Enter.
[ -t 0 ] || exit_when_done=yes

if [ -n "${TMUX_AGENT_BINARY:-}" ]; then
    [ -x "$TMUX_AGENT_BINARY" ] || fail "TMUX_AGENT_BINARY is '$TMUX_AGENT_BINARY', which cannot be run"
    require_tools
    folder=$(cd "$(dirname "$TMUX_AGENT_BINARY")" && pwd)
    export PATH="$folder:$PATH"
else
    require_all
    say "Building a release binary (the first time takes some minutes)"
    swift build -c release --product tmux-agent
    folder=$HOME/.local/bin
    mkdir -p "$folder"
    # Renamed into place: a running tmux-agent keeps its file.
    install -m 0755 "$(swift build -c release --show-bin-path)/tmux-agent" "$folder/.tmux-agent.new"
    mv -f "$folder/.tmux-agent.new" "$folder/tmux-agent"
    login_path=$(bash -lc 'printf %s "$PATH"' 2>/dev/null || true)
    export PATH="$folder:$PATH"
    say "Installed $folder/tmux-agent, version $(tmux-agent --version)"
fi

chapter() { printf '\n'; say "$@"; }
step() { # COMMAND...: shows a command, then runs it
    printf '\n\033[1m$ %s\033[0m\n' "$(shown "$@")"
    "$@"
}
shown() { # a word with spaces is shown in quotes
    local word text=
    for word in "$@"; do
        case $word in *' '*) word="\"$word\"" ;; esac
        text="$text $word"
    done
    printf '%s' "${text# }"
}

# Prints the table of agents again whenever it says something new (ages aside), until CONDITION holds.
# On a terminal the old one is drawn over.
show_until() { # SECONDS CONDITION...
    local limit=$((SECONDS + $1)) now key previous='' height=0 colour=never
    shift
    if [ -t 1 ]; then colour=always; fi
    printf '\n\033[1m$ tmux-agent sessions\033[0m\n'
    local holds=no
    while :; do
        # Asked first, so that the last table shows what was waited for.
        if "$@"; then holds=yes; fi
        now=$(tmux-agent sessions --color $colour)
        key=$(sed -E 's/ +[^ ]+ *$//' <<<"$now")
        if [ "$key" != "$previous" ]; then
            if [ -t 1 ]; then
                [ $height -eq 0 ] || printf '\033[%dA\033[J' $height
            elif [ $height -gt 0 ]; then
                printf '\n'
            fi
            printf '%s\n' "$now"
            height=$(wc -l <<<"$now")
            previous=$key
        fi
        if [ $holds = yes ]; then return 0; fi
        if failed || [ $SECONDS -ge $limit ]; then return 1; fi
        sleep 0.3
    done
}

scene_begin quickstart
trap scene_end EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP

chapter "Making a repository with a fleet in $scratch/shop"
scene_repository
step tmux-agent init --no-hooks
scene_fleet
step tmux-agent policy check

chapter "Starting the daemon and two agents, each in its own worktree and tmux session"
step tmux-agent up
step tmux-agent spawn feature/login --agent login --task "Add a login page"
step tmux-agent spawn feature/search --agent search --task "Add a search box"

chapter "The agents work, report, pass the check; then the policy asks a person"
show_until 90 asked 2 || fail "the agents did not get to the question: $(reasons)"
step tmux-agent approvals

if [ $exit_when_done = no ]; then
    printf '\nPress Enter to approve both releases (or answer in another terminal and press Enter then). '
    read -r _ || true
fi
for id in $(questions); do step tmux-agent approve "$id" --reason "looked good in the quickstart"; done

chapter "Approved: the agents go on with the release"
show_until 60 completed 2 || fail "the pipelines did not complete: $(reasons)"
step tmux-agent status
chapter "Both pipelines are completed: implemented, checked, approved, released"

if [ $exit_when_done = yes ]; then
    # What is at work is not removed, and an agent that has just printed counts as at work.
    wait_until 30 idle 2 || true
    chapter "Merging the work; then the agents can be removed, because nothing would be lost"
    step git merge --quiet --no-edit feature/login
    step git merge --quiet --no-edit feature/search
    step tmux-agent rm feature/login
    step tmux-agent rm feature/search
    step git --no-pager log --oneline --graph
    step tmux-agent down
    exit 0
fi

trap - EXIT INT TERM HUP
cat <<TEXT

The fleet goes on. To play with it:

  cd $scratch/shop; export TMUX_AGENT_HOME=$TMUX_AGENT_HOME

  tmux-agent sessions                     what the agents do
  tmux-agent dashboard --print            its page: open this address in a browser
  tmux-agent attach feature/login         look over a shoulder (leave with Ctrl-b d)
  tmux-agent send feature/login "Thanks"  type to an agent
  tmux-agent logs feature/login           what it printed
  git merge --no-edit feature/login       take its work over
  tmux-agent rm feature/login             remove it, if nothing would be lost

To end it:

  tmux-agent down; tmux -L $socket kill-server; cd; rm -rf $scratch

In a repository of your own: tmux-agent init, then tmux-agent spawn BRANCH --task "…".
TEXT
case ":${login_path-$PATH}:" in
    *":$folder:"*) ;;
    *) printf '\nAdd this line to your shell profile: export PATH="$HOME/.local/bin:$PATH"\n' ;;
esac
