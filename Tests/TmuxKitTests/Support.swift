import Core
import SystemPackage
import TestSupport
import TmuxKit

/// A folder name that breaks every careless quoting: a quote, a command, a time format, styles, a tab and CJK.
let awkwardName = "a'#(touch x)%H b ##{pid}#[fg=red];\t日本"

extension TmuxFixture {
    /// The kit on the private server, by child processes.
    func server() throws -> TmuxServer { TmuxServer(try commandLine()) }

    /// The kit on the private server with a control client that is attached while `body` runs.
    ///
    /// The server must have an agent's session to attach to.
    func withControl(_ body: (TmuxServer, ControlClient) async throws -> Void) async throws {
        let tmux = try commandLine()
        let client = ControlClient(tmux)
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { await client.run { _ in } }
            defer { group.cancelAll() }
            let isConnected = try await eventually { client.isConnected }
            guard isConnected else { throw NotConnected() }
            try await body(TmuxServer(tmux, control: client), client)
        }
    }

    func commandLine() throws -> Tmux {
        Tmux(
            address: try TmuxServerAddress(path: socket), configurationFile: "/dev/null",
            environment: environment)
    }

    /// A session whose tap lies in the fixture's folder.
    func session(
        _ name: String = "agent-a", agent: String? = nil, running program: [String],
        environment: [String: String] = [:], in directory: FilePath? = nil
    ) -> AgentSession {
        AgentSession(
            agent: AgentID(agent ?? "ag-\(name)"), name: SessionName(name), windowName: "agent:\(name)",
            workingDirectory: directory ?? folder, program: program, path: "/usr/local/bin:/usr/bin:/bin",
            environment: environment, columns: 100, rows: 30,
            tap: (directory ?? folder).appending("\(name).tap"))
    }

    /// A session whose program tells when it is up and then copies what it reads to `received`.
    func receiver(_ name: String = "agent-a") -> AgentSession {
        session(
            name,
            running: AgentSession.shellLine("stty -echo; \(signal("up")); exec cat >>received"))
    }

    func received() -> String { text(of: folder.appending("received")) ?? "" }
}

struct NotConnected: Error {}
