import Core
import Testing

struct AgentHookTests {
    static func report(_ json: String, _ program: AgentKind = .claude) throws -> AgentHookReport {
        try #require(AgentHookReport(program: program, payload: try JSONValue.parse(json)))
    }

    @Test(arguments: [
        (#"{"hook_event_name":"UserPromptSubmit","prompt":"x"}"#, AgentState.working, WaitingFor?.none),
        (#"{"hook_event_name":"PermissionRequest","tool_name":"Bash"}"#, .waiting, .permission),
        (#"{"hook_event_name":"PreToolUse","tool_name":"AskUserQuestion"}"#, .waiting, .question),
        (#"{"hook_event_name":"PreToolUse","tool_name":"Bash"}"#, .working, nil),
        (
            #"{"hook_event_name":"Notification","notification_type":"permission_prompt"}"#, .waiting,
            .permission
        ),
        (
            #"{"hook_event_name":"Notification","message":"Claude needs your permission to use Bash"}"#,
            .waiting,
            .permission
        ),
        (#"{"hook_event_name":"Notification","message":"Claude is waiting for your input"}"#, .idle, nil),
        (#"{"hook_event_name":"Stop","stop_hook_active":false}"#, .idle, nil),
        (#"{"type":"agent-turn-complete","turn-id":"1"}"#, .idle, nil),
    ])
    func eventsSayTheState(_ json: String, _ state: AgentState, _ waitingFor: WaitingFor?) throws {
        let said = try #require(try Self.report(json).state)
        #expect(said.state == state)
        #expect(said.waitingFor == waitingFor)
    }

    @Test(arguments: [
        #"{"hook_event_name":"SessionStart","source":"startup"}"#, #"{"hook_event_name":"SubagentStop"}"#,
        #"{"hook_event_name":"Notification","notification_type":"auth_success","message":"permission"}"#,
        #"{"hook_event_name":"Stop","agent_id":"helper"}"#, #"{"hook_event_name":"FromTheFuture"}"#,
    ])
    func otherEventsSayNothing(_ json: String) throws {
        #expect(try Self.report(json).state == nil)
    }

    @Test func whatIsNoEventIsNoReport() throws {
        for json in ["{}", "[]", "3", #"{"hook_event_name":""}"#, #"{"hook_event_name":7}"#] {
            #expect(AgentHookReport(program: .claude, payload: try JSONValue.parse(json)) == nil)
        }
    }

    @Test func onlyMarkersWithAnIDAreTaken() throws {
        let text =
            #"Done.\n\n### SENTRY {\"type\":\"STATUS\",\"stage\":\"lint\",\"ok\":true,\"id\":\"m1\"}\n- ### SENTRY {\"type\":\"STATUS\"}\n> ### SENTRY {\"type\":\"STATUS\",\"id\":\"quoted\"}"#
        let claude = try Self.report(#"{"hook_event_name":"Stop","last_assistant_message":"\#(text)"}"#)
        #expect(claude.markers.map(\.id) == ["m1"])
        let codex = try Self.report(
            #"{"type":"agent-turn-complete","last-assistant-message":"\#(text)"}"#, .codex)
        #expect(codex.markers.map(\.stage) == ["lint"])
    }

    @Test func aLineIsReadAsItWasWritten() throws {
        let json = #"""
            {"hook_event_name":"Notification","message":"a\tb\nc \u0007","tool_name":"Bash","agent_id":"h",
            "last_assistant_message":"### SENTRY {\"type\":\"ASK\",\"id\":\"1\",\"question\":\"a\\tb\"}"}
            """#
        let report = try Self.report(json)
        let line = report.line(agent: AgentID("agent-1"), at: Timestamp(milliseconds: 77))
        #expect(line.split(separator: "\t").count == 4 && !line.contains("\n"))
        let read = try #require(AgentHookReport.read(line: line))
        #expect(read.report == report)
        #expect(read.agent == AgentID("agent-1") && read.at == Timestamp(milliseconds: 77))
    }

    @Test(arguments: [
        "", "claude", "claude\ta\t1", "claude\t\t1\t{}", "claude\ta\tx\t{}", "claude\ta\t1\t{", "a\tb\t1\t{}",
    ])
    func otherLinesAreNone(_ line: String) {
        #expect(AgentHookReport.read(line: line) == nil)
    }
}
