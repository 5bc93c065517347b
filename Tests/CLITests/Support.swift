import Core
import Glibc
import ProcessKit
import SystemPackage
import TestSupport
import Testing

extension Outcome {
    /// Standard output as JSON.
    var json: JSONValue {
        get throws { try JSONValue.parse(stdout) }
    }

    /// `error` of the object that `--json` writes to standard error.
    var error: JSONObject? {
        get throws { try JSONValue.parse(stderr)["error"]?.object }
    }
}

extension FleetFixture {
    /// The row of `sessions --json` of this branch.
    func session(_ branch: String) async throws -> JSONObject? {
        try await run("sessions", "--json").json["agents"]?.array?
            .first { $0["branch"]?.string == branch }?.object
    }

    /// The newest run of `status --json` of this branch, or of the main checkout.
    func pipelineRun(_ branch: String?) async throws -> JSONObject? {
        try await run("status", "--json").json["runs"]?.array?
            .last { $0["branch"]?.string == branch }?.object
    }

    /// Waits until the agent is in this state, which its program's output decides and nothing signals.
    func expectState(
        _ state: String, of branch: String, sourceLocation: SourceLocation = #_sourceLocation
    ) async throws {
        var last: JSONValue?
        let holds = try await eventually(within: .seconds(20)) {
            last = try await session(branch)?["state"]
            return last == .string(state)
        }
        #expect(holds, "\(branch) is \(last?.string ?? "not there")", sourceLocation: sourceLocation)
    }

    /// Waits until the newest run of the branch is in this state; the daemon decides that in its own time.
    func expectRun(
        _ state: String, of branch: String?, sourceLocation: SourceLocation = #_sourceLocation
    ) async throws {
        var last: JSONObject?
        let holds = try await eventually(within: .seconds(20)) {
            last = try await pipelineRun(branch)
            return last?["state"] == .string(state)
        }
        #expect(
            holds, "\(last.map { JSONValue.object($0).prettyPrinted() } ?? "no run")",
            sourceLocation: sourceLocation)
    }

    /// Waits for a question of this branch and returns its row of `approvals --json`.
    func question(
        of branch: String?, sourceLocation: SourceLocation = #_sourceLocation
    ) async throws -> JSONObject {
        var found: JSONObject?
        _ = try await eventually(within: .seconds(20)) {
            found = try await run("approvals", "--json").json["approvals"]?.array?
                .first { $0["branch"]?.string == branch }?.object
            return found != nil
        }
        return try #require(found, "nobody asks for \(branch ?? "-")", sourceLocation: sourceLocation)
    }

    func exists(_ path: String) -> Bool { Files.exists(root.pushing(FilePath(path))) }

    func read(_ path: String) throws -> String? { try Files.readText(root.pushing(FilePath(path))) }

    /// The daemon's log: its standard output and error.
    func daemonLog() throws -> String {
        let run = home.appending("run")
        let folders = Files.names(in: run)
        return try folders.map { try Files.readText(run.appending($0).appending("daemon.log")) ?? "" }
            .joined()
    }

    /// Whether a file has this text; the program that writes it signals nothing.
    func expectFile(
        _ path: String, contains text: String, sourceLocation: SourceLocation = #_sourceLocation
    ) async throws {
        let holds = try await eventually(within: .seconds(20)) { try read(path)?.contains(text) ?? false }
        let found = try read(path) ?? "no such file"
        #expect(holds, "\(path): \(found)", sourceLocation: sourceLocation)
    }
}

/// Compares a long text with a file under `Snapshots/`; RECORD_SNAPSHOTS=1 writes it anew and fails the test.
func expectSnapshot(_ text: String, _ name: String, sourceLocation: SourceLocation = #_sourceLocation) throws
{
    let path = FilePath(#filePath).removingLastComponent().appending("Snapshots").pushing(FilePath(name))
    if getenv("RECORD_SNAPSHOTS") != nil {
        try Files.makeFolder(path.removingLastComponent())
        try Files.write(text, to: path)
        Issue.record("recorded \(name); run again without RECORD_SNAPSHOTS", sourceLocation: sourceLocation)
        return
    }
    let known = try #require(
        try Files.readText(path), "no snapshot \(name): record it with RECORD_SNAPSHOTS=1",
        sourceLocation: sourceLocation)
    #expect(text == known, "\(name) differs", sourceLocation: sourceLocation)
}

/// A pipeline that waits for a report, runs a command, asks a person and types into the pane.
let deliveryPolicy = """
    pipelines:
      - name: delivery
        match: { any_of: [ { branch: "feature/*" } ] }
        stages:
          - name: implement
            success_when: { any_of: [ { marker: { type: STATUS, stage: implement, ok: true } } ] }
          - name: check
            actions_on_start:
              - shell: 'echo checked > checked.txt'
          - name: release
            require_approval: { prompt: "Release this branch?", expires: 24h, on_expire: reject }
            actions_on_start:
              - send_keys: "please release"
            success_when: { any_of: [ { marker: { type: STATUS, stage: release, ok: true } } ] }
            on_success_notify: { title: "{branch} is released", body: "Stage {stage} completed." }

    """

/// Reports `implement` when it is told to go, and `release` when it is told to release.
let deliveryScript = """
    say Ready.
    expect go
    marker {"type":"STATUS","stage":"implement","ok":true}
    expect release
    marker {"type":"STATUS","stage":"release","ok":true}

    """
