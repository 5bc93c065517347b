internal import ArgumentParser
internal import Core
internal import Fleet
internal import Glibc

/// What an agent's program calls; `Program` runs it before anything is parsed, so that it can never fail.
struct AgentHookCommand: AgentCommand {
    static let configuration = CommandConfiguration(
        commandName: "hook", abstract: "Tell the fleet what an agent's own hook says",
        discussion: """
            Agents' programs call it: see 'tmux-agent hooks install claude'. The event is JSON
            on standard input, or the last argument. It takes at most three seconds, prints
            nothing and always succeeds. Behind --then stands a program that is run afterwards
            with the same last argument.

              tmux-agent hook claude
              tmux-agent hook codex '{"type": "agent-turn-complete"}'
            """)

    @OptionGroup var global: GlobalOptions
    @Argument(help: "claude or codex") var agent: HookPlace.Owner
    @Argument(parsing: .captureForPassthrough, help: "The event as JSON, and what stands before it") var rest:
        [String] = []

    func run(_ context: CommandContext) async throws {
        AgentHookCall(agent: AgentKind(agent.rawValue), arguments: rest).run(context.surroundings)
    }

    /// Nil when the arguments mean another command, or ask for help.
    static func call(_ arguments: [String]) -> AgentHookCall? {
        guard arguments.first == "hook", arguments.count > 1, !arguments[1].hasPrefix("-") else { return nil }
        return AgentHookCall(agent: AgentKind(arguments[1]), arguments: Array(arguments.dropFirst(2)))
    }
}

/// One call of a hook.
struct AgentHookCall: Sendable {
    var agent: AgentKind
    var arguments: [String]

    private static let secondsLimit: UInt32 = 3

    func run(_ surroundings: Surroundings) {
        // A file system that hangs must not hold up the agent.
        signal(SIGALRM) { _ in _exit(0) }
        alarm(Self.secondsLimit)
        let event = arguments.last.map { Array($0.utf8) }
        if let payload = event ?? Self.standardInput() {
            // Nobody could do anything about a failure here; the screen says what the hook did not.
            _ = try? AgentHookWriter(surroundings: surroundings).write(program: agent, payload: payload)
        }
        alarm(0)
        if arguments.first == "--then", arguments.count > 2 { Self.become(Array(arguments.dropFirst())) }
    }

    /// Nil for a terminal, and for more than any event has; the time limit ends a wait that has no end.
    private static func standardInput() -> [UInt8]? {
        guard isatty(0) == 0 else { return nil }
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 64 << 10)
        while true {
            let count = unsafe read(0, &buffer, buffer.count)
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { break }
            // What is too much is read all the same, so that the writer is not ended by a broken pipe.
            if bytes.count <= AgentHookWriter.longestPayload { bytes += buffer[..<count] }
        }
        return bytes.count <= AgentHookWriter.longestPayload ? bytes : nil
    }

    /// Becomes the program that the agent would have called without us; comes back when it cannot be run.
    private static func become(_ words: [String]) {
        var pointers = unsafe words.map { unsafe strdup($0) }
        unsafe pointers.append(nil)
        _ = unsafe execvp(words[0], pointers)
        unsafe pointers.forEach { unsafe free($0) }
    }
}
