#!/usr/bin/env bash
# Makes docs/images/at-work.svg: a real session of the quickstart's fleet, two agents below and a person's shell above, taken
# from a private tmux and drawn by ansi-to-svg.py. Takes tmux-agent from PATH, or TMUX_AGENT_BINARY.
set -euo pipefail
cd "$(dirname "$0")/../.."
project=$PWD
. .ci/prerequisites.sh
. examples/quickstart/scene.sh
columns=112 rows=34
if [ -n "${TMUX_AGENT_BINARY:-}" ]; then
    folder=$(cd "$(dirname "$TMUX_AGENT_BINARY")" && pwd)
    export PATH="$folder:$PATH"
fi
command -v tmux-agent >/dev/null || fail "tmux-agent is not on PATH: run examples/quickstart.sh first, or set TMUX_AGENT_BINARY"

scene_begin record
theatre=$socket-view
stage() { tmux -L "$theatre" "$@"; }
end() {
    stage kill-server >/dev/null 2>&1 || true
    rm -f "${TMUX_TMPDIR:-/tmp}/tmux-$(id -u)/$theatre"
    scene_end
}
trap end EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP

scene_repository
tmux-agent init --quiet >/dev/null
scene_fleet
tmux-agent up >/dev/null

# The person's shell, quiet and with a plain prompt; agents appear below it once they live.
export TERM=screen-256color LC_ALL=C.UTF-8
stage -f /dev/null new-session -d -x $columns -y $rows "PS1='\$ ' exec bash --norc --noprofile"
stage set -g status off
stage set -g pane-border-style fg=colour240
stage set -g pane-active-border-style fg=colour240
stage set -g pane-border-status top
stage set -g pane-border-format ' #{?#{==:#{pane_index},0},#[bold]you,#[bold]feature/#{?#{==:#{pane_index},1},login,search}}#[default] '

# Types a command as a person does, and waits until the prompt is back.
type_command() {
    stage send-keys -t :.0 -l "$1"
    stage send-keys -t :.0 Enter
    wait_until 60 prompt_is_back "$1" || fail "no end of '$1': $(stage capture-pane -p -t :.0)"
}
prompt_is_back() {
    local screen
    screen=$(stage capture-pane -p -t :.0 -S - | sed '/^ *$/d')
    grep -qF "$1" <<<"$screen" && [ "$(tail -n 1 <<<"$screen" | sed 's/ *$//')" = '$' ]
}
cleared() { [ "$(stage capture-pane -p -t :.0 | sed '/^ *$/d' | wc -l)" -le 1 ]; }
look() { stage split-window "$1" -t ":.$2" -l "$3" "TMUX= TERM=screen-256color tmux -L $socket attach -t '=agent-feature-$4'"; }

wait_until 20 prompt_is_back '' || fail "the shell did not start"
type_command 'tmux-agent spawn feature/login --agent login --task "Add a login page"'
type_command 'tmux-agent spawn feature/search --agent search --task "Add a search box"'
tmux -L "$socket" set -g status off
look -v 0 10 login
look -h 1 55 search
wait_until 60 asked 2 || fail "the agents did not get to the question: $(tmux-agent status 2>&1)"
wait_until 60 idle 2 || fail "the agents are not idle"
# C-l: the shell's own way to begin at the top.
stage send-keys -t :.0 C-l
wait_until 20 cleared || fail "the shell did not clear its screen"
stage clear-history -t :.0
type_command 'tmux-agent sessions'
type_command 'tmux-agent approvals'
type_command 'tmux-agent approve feature/login --reason "small and clear"'
type_command 'tmux-agent reject feature/search --reason "no test yet"'
wait_until 60 completed 1 || fail "the run did not complete"
type_command 'tmux-agent status'
# The whole stage, borders and all: an outer terminal that is attached to it.
viewer=$socket-outer
trap 'tmux -L "$viewer" kill-server >/dev/null 2>&1; rm -f "${TMUX_TMPDIR:-/tmp}/tmux-$(id -u)/$viewer"; end' EXIT
tmux -L "$viewer" -f /dev/null new-session -d -x $columns -y $rows "TMUX= TERM=screen-256color tmux -L $theatre attach" \; set -g status off
drawn() { tmux -L "$viewer" capture-pane -p | grep -q 'tmux-agent status'; }
wait_until 20 drawn || fail "the picture did not appear"
tmux -L "$viewer" capture-pane -pe | sed "s#$scratch#~#g" |
    python3 "$project/docs/images/ansi-to-svg.py" "tmux-agent: one person, two agents" >"$project/docs/images/at-work.svg"
say "Drew docs/images/at-work.svg"
