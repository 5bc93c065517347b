import Core
import Testing

@Suite struct DecisionReaderTests {
    static let plain = #"{"summary":"ok","commands":[{"text":"make","risk_level":"high","enter":"false"}]}"#

    @Test(arguments: [
        plain,
        "Here is what I would do:\n```json\n\(plain)\n```\nTell me if not.",
        "I looked at {this} and {\"that\": 1}. So: \(plain) - that is all.",
        #"{"type":"thread.started","thread_id":"x"}"# + "\n" + #"{"type":"turn.started"}"# + "\n"
            + #"{"type":"item.completed","item":{"id":"i","type":"agent_message","text":"{\"summary\":\"ok\",\"commands\":[{\"text\":\"make\",\"risk_level\":\"high\",\"enter\":\"false\"}]}"}}"#
            + "\n" + #"{"type":"turn.completed","usage":{"input_tokens":1}}"#,
        #"{"id":"0","msg":{"type":"task_started"}}"# + "\n"
            + #"{"id":"0","msg":{"type":"agent_message","message":"```\n{\"summary\":\"ok\",\"commands\":[{\"text\":\"make\",\"risk_level\":\"high\",\"enter\":\"false\"}]}\n```"}}"#,
        #"{"type":"result","subtype":"success","is_error":false,"result":"{\"summary\":\"ok\",\"commands\":[{\"text\":\"make\",\"risk_level\":\"high\",\"enter\":\"false\"}]}"}"#,
        #"{"type":"system","subtype":"init"}"# + "\n"
            + #"{"type":"assistant","message":{"content":[{"type":"text","text":"{\"summary\":\"ok\",\"commands\":[{\"text\":\"make\",\"risk_level\":\"high\",\"enter\":\"false\"}]}"}]}}"#,
    ])
    func decisionIsFoundHoweverItIsWrapped(output: String) throws {
        let decision = try DecisionReader.read(output)
        #expect(decision.summary == "ok")
        #expect(decision.commands == [DecidedCommand(text: "make", enter: false, risk: .high)])
    }

    @Test func falseInQuotesIsFalse() throws {
        let decision = try DecisionReader.read(#"{"requires_confirmation": "false", "commands": []}"#)
        #expect(!decision.requiresConfirmation)
        #expect(try DecisionReader.read(#"{"requires_confirmation": "True"}"#).requiresConfirmation)
        #expect(throws: DecisionProblem.wrongValue(key: "requires_confirmation", expected: "true or false")) {
            _ = try DecisionReader.read(#"{"requires_confirmation": "maybe"}"#)
        }
    }

    @Test func aRiskThatNobodyKnowsIsHigh() throws {
        let decision = try DecisionReader.read(
            #"{"commands":[{"text":"x","risk_level":"catastrophic"},"ls"]}"#)
        #expect(decision.commands.map(\.risk) == [.high, .low])
    }

    @Test(arguments: [
        ("", "empty"), ("I am sorry.", "no_json"), ("{\"a\": 1}", "not_a_decision"),
        (#"{"commands": {"text": "x"}}"#, "wrong_value"), (#"{"commands": [5]}"#, "wrong_value"),
        (#"{"type":"result","is_error":true,"result":"limit"}"#, "failed"),
        (#"{"type":"turn.failed","error":{"message":"quota"}}"#, "failed"),
        (#"{"type":"turn.started"}"#, "no_message"), ("{{{{{{", "no_json"),
    ])
    func nonsenseIsCountedByItsKind(output: String, kind: String) {
        do {
            let decision = try DecisionReader.read(output)
            Issue.record("read as \(decision)")
        } catch {
            #expect(error.kind.rawValue == kind)
        }
    }

    @Test func manyBracesEndSoon() {
        let clock = ContinuousClock()
        let text = String(repeating: "{\"a\":", count: 40_000)
        let time = clock.measure { _ = try? DecisionReader.read(text) }
        #expect(time < .seconds(10))
    }
}
