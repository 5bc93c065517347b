internal import Core
internal import ProcessKit
internal import SystemPackage

/// From a printed marker to the policy's text in the program that printed it, all on the program's own clock.
struct AnswerBenchmark: Benchmark {
    static let name = "marker"

    func run(in workshop: Workshop) async throws -> [Row] {
        let agents = workshop.isQuick ? 8 : 50
        let rounds = workshop.isQuick ? 3 : 20
        let folder = workshop.folder.appending("answers")
        try Files.makeFolder(folder)
        try Files.write(Self.program, to: folder.appending("agent.sh"))
        let command = "bash \(folder)/agent.sh \(folder) \(rounds)"
        let ours = try await workshop.withFleet("marker", command: command, policy: Self.policy) { fleet in
            try await fleet.spawn(agents)
            _ = try await fleet.up()
            return try await answers(agents * rounds, folder, workshop)
        }
        let plain = try await baseline(rounds: workshop.isQuick ? 5 : 60, workshop)
        let (middle, late) = (ours.keys.median, ours.keys.quantile(0.99))
        return [
            Row(
                "marker printed to keys in the pane, \(agents) agents, \(ours.keys.count) markers",
                goal: "p50 at most 15 ms, p99 at most 60 ms",
                measured: "p50 \(middle.asTime), p99 \(late.asTime)",
                baseline:
                    "one agent, `tail -f \\| grep \\| tmux send-keys`: p50 \(plain.keys.median.asTime), p99 \(plain.keys.quantile(0.99).asTime)",
                isMet: middle <= 0.015 && late <= 0.060),
            Row(
                "the same until Enter, which waits for the text to be seen",
                measured: "p50 \(ours.lines.median.asTime), p99 \(ours.lines.quantile(0.99).asTime)",
                baseline: "p50 \(plain.lines.median.asTime), p99 \(plain.lines.quantile(0.99).asTime)"),
        ]
    }

    struct Times {
        var keys = Samples()
        var lines = Samples()
    }

    /// Lets the agents begin and collects what they noted; a marker without an answer counts as ten seconds.
    private func answers(_ count: Int, _ folder: FilePath, _ workshop: Workshop) async throws -> Times {
        _ = try Files.create(folder.appending("go"), "")
        try await workshop.wait(for: "\(count) answers", atMost: .seconds(300), every: .milliseconds(500)) {
            try times(in: folder).keys.count >= count
        }
        return try times(in: folder)
    }

    private func times(in folder: FilePath) throws -> Times {
        var times = Times()
        for name in Files.names(in: folder) where name.hasSuffix(".times") {
            for line in (try Files.readText(folder.appending(name)) ?? "").split(separator: "\n") {
                let numbers = line.split(separator: " ").compactMap { Int64($0) }
                guard numbers.count == 2 else { continue }
                times.keys.add(.microseconds(numbers[0]))
                times.lines.add(.microseconds(numbers[1]))
            }
        }
        return times
    }

    /// The shortest thing a person could write for one agent.
    private func baseline(rounds: Int, _ workshop: Workshop) async throws -> Times {
        let folder = workshop.folder.appending("plain-answers")
        try Files.makeFolder(folder)
        try Files.write(Self.program, to: folder.appending("agent.sh"))
        let tmux = "tmux -L plain -f /dev/null"
        let script = """
            \(tmux) new-session -d -s p -x 200 -y 50 "bash \(folder)/agent.sh \(folder) \(rounds)" \\; \
            pipe-pane "exec cat >> \(folder)/tap"
            touch \(folder)/tap
            mkfifo \(folder)/pipe
            tail -n +1 -f \(folder)/tap > \(folder)/pipe & tail=$!
            grep --line-buffered '^### SENTRY' < \(folder)/pipe | while read -r line; do
                \(tmux) send-keys -t p pong Enter
            done &
            until [ "$(cat \(folder)/*.times 2>/dev/null | wc -l)" -ge \(rounds) ]; do sleep 0.5; done
            kill $tail
            \(tmux) kill-server
            """
        _ = try Files.create(folder.appending("go"), "")
        try await workshop.run("bash", ["-c", script])
        return try times(in: folder)
    }

    /// Prints a marker every one to four seconds; notes in microseconds when the first key came back, and when the
    /// line was complete.
    private static let program = """
        folder=$1 count=$2
        stty -icanon min 1 time 0
        mkfifo "$folder/$$.wait"
        exec 9<>"$folder/$$.wait"
        until [ -e "$folder/go" ]; do read -r -t 0.2 -u 9; done
        RANDOM=$$
        for ((round = 0; round < count; round++)); do
            read -r -t $((1 + RANDOM % 3)).$((100 + RANDOM % 900)) -u 9
            start=${EPOCHREALTIME/[.,]/}
            printf '### SENTRY {"type":"PING","round":%d}\\n' $round
            key=$((start + 10000000)) line=$key
            if IFS= read -r -t 10 -N 1 text; then
                key=${EPOCHREALTIME/[.,]/}
                if IFS= read -r -t 10 text; then line=${EPOCHREALTIME/[.,]/}; fi
            fi
            echo "$((key - start)) $((line - start))" >>"$folder/$$.times"
        done
        exec sleep 100000
        """

    private static let policy = """
        pipelines:
          - name: ping
            starts_on: { marker: { type: PING } }
            stages:
              - name: answer
                actions_on_start:
                  - send_keys: "pong"

        """
}
