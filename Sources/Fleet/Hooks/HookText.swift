internal import ProcessKit
internal import SystemPackage

/// The shell text that goes into hooks, and putting it beside other people's.
struct HookText {
    /// `<git common dir>`, absolute.
    let commonDirectory: FilePath
    /// Where hooks append their lines.
    let hookFile: FilePath
    /// The program that is asked for gates.
    let executable: FilePath

    static let gateHook = "pre-push"
    private static let opening = "# tmux-agent begin"
    private static let closing = "# tmux-agent end"

    /// The marked block of a hook.
    func block(for hook: String) -> String {
        "\(Self.opening)\n\(body(of: hook))\n\(Self.closing)\n"
    }

    private func body(of hook: String) -> String { hook == Self.gateHook ? gate : line(for: hook) }

    /// One line of sh that appends one line of text; its failure is nobody's business.
    ///
    /// Builtins only: a child process would cost more than all the rest. HEAD and the branch's loose file, which git has
    /// just written, are read as text; where the branch is packed the commit stays empty and the daemon asks git. Every
    /// variable is set first, for hooks that run with `set -u`. In a worktree that `git worktree add` has just made, git
    /// does not say GIT_DIR and `.git` is a file. A third argument of 0 says that `git checkout FILE` ran: nothing else was
    /// checked out; no other hook has it.
    func line(for hook: String) -> String {
        let refs = Command.quoted(commonDirectory.string)
        return
            "[ \"${3-}\" = 0 ] || { h= c= g=${GIT_DIR:-.git}; [ -d \"$g\" ] || read -r g <\"$g\"; read -r h <\"${g#gitdir: }/HEAD\"; case $h in ref:*) read -r c <\(refs)/\"${h#ref: }\";; *) c=$h h=;; esac; "
            + "printf '%s\\t%s\\t%s\\t%s\\t%s\\n' \"\(hook)\" \"$PWD\" \"${h#ref: refs/heads/}\" \"$c\" \"${TMUX_AGENT_RUN-}\" "
            + ">>\(Command.quoted(hookFile.string)); } 2>/dev/null || :"
    }

    /// The line for a folder of hooks that many repositories share: it speaks in this one only.
    func sharedLine(for hook: String) -> String {
        "[ \"$(git rev-parse --path-format=absolute --git-common-dir 2>/dev/null)\" != "
            + "\(Command.quoted(commonDirectory.string)) ] || \(line(for: hook))"
    }

    /// Asks the gates; only their refusal (77) stops the push.
    ///
    /// What git says on standard input is read whole and given again to the rest of the hook, which may want it too
    /// (git-lfs does), by a here-document that holds wherever a person pastes it, indented or not. A program that is gone,
    /// fails, or thinks for more than five seconds does not stop anybody.
    private var gate: String {
        """
        tmux_agent_refs=$(cat) tmux_agent_status=0
        tmux_agent=\(Command.quoted(executable.string))
        [ -x "$tmux_agent" ] || tmux_agent=$(command -v tmux-agent) || tmux_agent=
        command -v timeout >/dev/null || timeout() { shift 3; "$@"; }
        if [ -z "$tmux_agent" ]; then
            echo "tmux-agent: the program is gone, so no gate was asked; the push goes on" >&2
        else
            printf '%s\\n' "$tmux_agent_refs" | timeout -k 1 5 "$tmux_agent" pre-push "${1-}" "${2-}" ||
                tmux_agent_status=$?
            case $tmux_agent_status in
            0) ;;
            77) exit 1 ;;
            124 | 137) echo "tmux-agent: the gates did not answer within 5 s; the push goes on" >&2 ;;
            *) echo "tmux-agent: the gates could not be asked ($tmux_agent_status); the push goes on" >&2 ;;
            esac
        fi
        [ -n "$tmux_agent_refs" ] || exec </dev/null
        [ -z "$tmux_agent_refs" ] || eval "$(printf 'exec <<TMUX_AGENT_END\\n$tmux_agent_refs\\nTMUX_AGENT_END')"
        """
    }

    /// The text with the block behind its first line, where no `exit` further down skips it; nil for what is no shell
    /// script.
    static func adding(_ block: String, to text: String) -> String? {
        guard let end = text.firstIndex(of: "\n"), isShell(text[..<end]) else { return nil }
        return String(text[...end] + block + text[text.index(after: end)...])
    }

    /// The text without our blocks; nil when there is none that could be taken out.
    ///
    /// A block whose last line was lost ends where the words that we put there end.
    func removing(from text: String, hook: String) -> String? {
        var kept = ""
        var left = text[...]
        var found = false
        while let start = left.firstRange(of: Self.opening + "\n") {
            let inside = left[start.upperBound...]
            let next = inside.firstRange(of: Self.opening + "\n")?.lowerBound ?? inside.endIndex
            let end =
                inside[..<next].firstRange(of: Self.closing)?.upperBound ?? self.end(in: inside, of: hook)
            kept += left[..<(end == nil ? start.upperBound : start.lowerBound)]
            left = left[(end ?? start.upperBound)...]
            guard end != nil else { continue }
            found = true
            if left.first == "\n" { left.removeFirst() }
        }
        return found ? kept + left : nil
    }

    /// Where our words end that stand at the beginning of `text`; nil when somebody changed them.
    private func end(in text: Substring, of hook: String) -> String.Index? {
        let body = body(of: hook)
        if text.hasPrefix(body) { return text.index(text.startIndex, offsetBy: body.count) }
        // Of another version.
        let line = text.prefix { $0 != "\n" }
        return hook != Self.gateHook && line.contains(hookFile.string) ? line.endIndex : nil
    }

    static func hasBlock(_ text: String) -> Bool { text.contains(opening + "\n") }

    /// Whether somebody added our words by hand.
    func isSpoken(in text: String, hook: String) -> Bool {
        Self.hasBlock(text)
            || (hook == Self.gateHook ? text.contains("tmux_agent_refs") : text.contains(hookFile.string))
    }

    static func isShellScript(_ text: String) -> Bool { isShell(text.prefix { $0 != "\n" }) }

    private static func isShell(_ line: Substring) -> Bool {
        guard line.hasPrefix("#!") else { return false }
        let words = line.dropFirst(2).split(separator: " ").map { $0.split(separator: "/").last ?? "" }
        return words.contains { ["sh", "bash", "dash", "zsh", "ksh"].contains($0) }
    }
}
