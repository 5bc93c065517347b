/// The programs that run a shell action on another machine.
enum ActionScript {
    /// Claims an action, runs it, leaves its status; arguments: key, seconds, folder, command, the courier's folder.
    ///
    /// The files are those of a shell action on this machine: `claim`, `output`, `status`.
    static let runner = #"""
        set -u
        umask 077
        key=$1 limit=$2 directory=$3 command=$4
        home=$5
        mkdir -p "$home/actions/$key" && cd "$home/actions/$key" || exit 70
        read -r line <"/proc/$$/stat" && printf '%s\n' "$line" >"begun.$$" || exit 70
        # link(2) makes the claim with its content, for one runner only.
        ln "begun.$$" claim 2>/dev/null || {
            rm -f "begun.$$"
            exit 0
        }
        rm -f "begun.$$"
        mkfifo pipe
        {
            # 2048 blocks of 512 bytes are kept; cat(1) writes what it has at once.
            (
                ulimit -c 0 2>/dev/null
                ulimit -f 2048
                exec cat >output
            )
            : >drained
            exec cat >/dev/null
        } <pipe &
        from=$(date +%s)
        (
            cd "${directory:-$HOME}" || exit 127
            # The command has a process group of its own under timeout(1): all of it is ended.
            exec timeout -k 5 "$limit" sh -c "$command"
        ) </dev/null >pipe 2>&1
        code=$?
        took=$(($(date +%s) - from))
        # Somebody whom the command left behind may hold the pipe: the command itself has ended.
        tries=0
        while [ ! -e drained ] && [ "$tries" -lt 40 ]; do
            sleep 0.05
            tries=$((tries + 1))
        done
        if [ "$took" -ge "${limit%.*}" ] && { [ "$code" = 124 ] || [ "$code" = 137 ]; }; then
            status=timeout
        elif [ "$code" -gt 128 ]; then
            status="signal $((code - 128))"
        else
            status="exit $code"
        fi
        printf '%s\n' "$status" >status.new && mv status.new status
        rm -f pipe drained
        echo >>"$home/rung"
        """#

    /// Starts the runner, its first argument, in a session of its own, so that it outlives the connection.
    static let launcher = #"""
        runner=$1
        shift
        if command -v setsid >/dev/null 2>&1; then
            setsid sh -c "$runner" tmux-agent-action "$@" </dev/null >/dev/null 2>&1 &
        else
            nohup sh -c "$runner" tmux-agent-action "$@" </dev/null >/dev/null 2>&1 &
        fi
        """#
}
