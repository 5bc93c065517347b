internal import Config
internal import Core

/// How many signals the policy machine decides about in a second.
struct PolicyBenchmark: Benchmark {
    static let name = "policy"

    func run(in workshop: Workshop) async throws -> [Row] {
        let policy = try PolicyFile.read(Self.text, file: "policy.yaml").policy
        let subject = Subject.agent(AgentID("agent-bench"))
        let now = workshop.surroundings.now()
        var machine = PolicyMachine(
            policy: policy, facts: SubjectFacts(subject: subject, branch: "feature/x", since: now))
        let count = workshop.isQuick ? 2_000 : 50_000
        var effects = 0
        let start = ContinuousClock.now
        for index in 0..<count {
            let body: Signal.Body =
                index.isMultiple(of: 10)
                ? .marker(
                    Marker(payload: ["type": "STATUS", "stage": "build", "ok": true]), source: "screen")
                : .line("[\(index)] compiled module of many, nothing of interest here")
            let signal = Signal(subject: subject, at: now, body: body)
            effects += machine.receive(.signals([[signal]]), at: now, ids: workshop.surroundings.ids).count
        }
        let time = start.duration(to: .now).inSeconds
        let rate = Double(count) / time
        let patterns = try ["0 problems", "(?i)error"].map { try Pattern($0) }
        let begin = ContinuousClock.now
        var found = 0
        for index in 0..<count {
            let line = "[\(index)] compiled module of many, nothing of interest here"
            found += patterns.count { $0.matches(line) }
        }
        let alone = Double(count) / begin.duration(to: .now).inSeconds
        return [
            Row(
                "policy machine, lines against patterns and every tenth signal a marker that ends a run",
                goal: "200 thousand signals/s",
                measured: "\((rate / 1000).rounded(to: 0)) thousand signals/s, \(effects) effects",
                baseline:
                    "its two expressions alone \((alone / 1000).rounded(to: 0)) thousand lines/s, \(found) found",
                isMet: rate >= 200_000)
        ]
    }

    private static let text = """
        pipelines:
          - name: build
            starts_on: { marker: { type: STATUS } }
            stages:
              - name: build
                success_when:
                  any_of: [ { log_regex: "0 problems" }, { marker: { type: STATUS, stage: build } } ]
                fail_when: { any_of: [ { log_regex: "(?i)error" } ] }

        """
}
