# Sourced by examples/quickstart.sh, docs/tour.sh and docs/images/record.sh: the repository "shop" and its two scripted
# agents. Expects $project (this repository) and tmux-agent on PATH.

# Makes a scratch folder, with a home of tmux-agent and a tmux server of its own: yours stay untouched.
scene_begin() { # NAME
    scratch=$(mktemp -d "${TMPDIR:-/tmp}/tmux-agent-$1.XXXXXX")
    socket=tmux-agent-$1-$$
    export TMUX_AGENT_HOME=$scratch/home
    # A configuration of its own too: signing, hooks or templates of yours would change what the scene shows.
    export GIT_CONFIG_GLOBAL=$scratch/gitconfig GIT_CONFIG_NOSYSTEM=1
    unset TMUX TMUX_PANE
    git config --global init.defaultBranch main
    git config --global user.name Quickstart
    git config --global user.email quickstart@example.invalid
}

# Ends the daemon, then the tmux server with the agents, then removes the folder; harmless when repeated.
scene_end() {
    cd /
    [ -n "${scratch:-}" ] && [ -d "$scratch" ] || return 0
    if [ -d "$scratch/shop/.tmuxagent" ]; then tmux-agent down -C "$scratch/shop" >/dev/null 2>&1 || true; fi
    tmux -L "$socket" kill-server >/dev/null 2>&1 || true
    # A tmux server that has ended leaves its socket behind.
    rm -f "${TMUX_TMPDIR:-/tmp}/tmux-$(id -u)/$socket"
    rm -rf "$scratch"
}

# A repository with one commit.
scene_repository() {
    git init -q "$scratch/shop"
    cd "$scratch/shop"
    printf '# Shop\n\nWhere things are sold.\n' >README.md
    git add README.md
    git commit -qm 'shop: first page'
}

# What makes it the scene's fleet: two agents that follow a script, and a policy that asks a person.
scene_fleet() {
    cp "$project/examples/quickstart/policy.yaml" .tmuxagent/policy.yaml
    cat >.tmuxagent/fleet.toml <<TOML
[fleet]
name = "shop"
[agents.login]
command = "'$project/examples/scripted-agent.sh' '$project/examples/quickstart/login.script'"
kind = "shell"
[agents.search]
command = "'$project/examples/scripted-agent.sh' '$project/examples/quickstart/search.script'"
kind = "shell"
[tmux]
socket = "$socket"
size = "120x40"
TOML
    git add .tmuxagent
    git commit -qm 'shop: a fleet of agents'
}

# Waits until CONDITION holds, looking twice a second: another program's state cannot be waited for otherwise.
wait_until() { # SECONDS CONDITION...
    local limit=$((SECONDS + $1))
    shift
    until "$@"; do
        [ $SECONDS -lt "$limit" ] || return 1
        sleep 0.5
    done
}

questions() { tmux-agent approvals --json 2>/dev/null | sed -nE 's/.*"id": "([^"]+)".*/\1/p'; }
asked() { [ "$(questions | wc -l)" -ge "$1" ]; }
completed() { [ "$(tmux-agent status --json 2>/dev/null | grep -c '"state": "completed"')" -ge "$1" ]; }
idle() { [ "$(tmux-agent sessions --json 2>/dev/null | grep -c '"state": "idle"')" -ge "$1" ]; }
failed() { tmux-agent status --json 2>/dev/null | grep -q '"state": "failed"'; }
# What a run that did not come through says of itself.
reasons() {
    tmux-agent status 2>&1
    for branch in feature/login feature/search; do tmux-agent policy explain "$branch" 2>/dev/null || true; done
}
