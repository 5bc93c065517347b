#!/usr/bin/env bash
# An agent without a model: it does what a script file says, line by line, in the pane that it is started in.
#
#   say TEXT         prints TEXT
#   marker JSON      reports: prints a marker line
#   emit ARGS        reports exactly: runs `tmux-agent emit ARGS`
#   run COMMAND      runs a shell command and shows what it prints
#   pause SECONDS    works for a while
#   expect WORD      waits until somebody types a line that contains WORD
#   repeat N LINE    does LINE N times; %d in it is the number
#   exit STATUS      ends the agent
#
# A word that it does not know is an error and ends it with status 64: a script with a slip must not look like work.
set -u
script=${1:?usage: scripted-agent.sh SCRIPT}
[ -r "$script" ] || { printf 'scripted-agent: cannot read %s\n' "$script" >&2; exit 66; }

perform() {
    local word=${1%% *} rest=
    [ "$1" = "$word" ] || rest=${1#* }
    case $word in
        '' | '#'*) ;;
        say) printf '%s\n' "$rest" ;;
        marker) printf '### SENTRY %s\n' "$rest" ;;
        emit) eval "tmux-agent emit $rest" ;;
        run) sh -c "$rest" ;;
        pause) read -r -t "$rest" <> <(:) ;;
        expect)
            local line
            while IFS= read -r line; do
                case $line in *"$rest"*) return ;; esac
            done
            exit 0
            ;;
        repeat)
            local count=${rest%% *} what=${rest#* } number
            for ((number = 1; number <= count; number++)); do perform "${what//%d/$number}"; done
            ;;
        exit) exit "${rest:-0}" ;;
        *) printf 'scripted-agent: unknown word %s in %s\n' "$word" "$script" >&2; exit 64 ;;
    esac
}

while IFS= read -r line <&3 || [ -n "$line" ]; do perform "$line"; done 3<"$script"
# A living agent waits for its next task; end of input ends it.
while IFS= read -r line; do printf 'Noted: %s\n' "$line"; done
