internal import Core
internal import Glibc
internal import ProcessKit
internal import SystemPackage

/// Measures what the project promises, each number beside its baseline, and prints a Markdown table.
///
/// `tmux-agent-benchmarks [NAME…] [--quick]`
@main
struct Benchmarks {
    static let all: [any Benchmark.Type] = [
        StartBenchmark.self, SpawnBenchmark.self, CheckoutBenchmark.self, SessionsBenchmark.self,
        AnswerBenchmark.self, IdleBenchmark.self, FloodBenchmark.self, ReadingBenchmark.self,
        PolicyBenchmark.self, OrchestratorBenchmark.self, JournalBenchmark.self, ControlBenchmark.self,
        HooksBenchmark.self, BusBenchmark.self, WebBenchmark.self,
    ]

    static func main() async {
        do {
            try await run(Array(CommandLine.arguments.dropFirst()))
        } catch {
            say("Error: \((error as? any UserFacingError)?.message ?? "\(error)")")
            exit(1)
        }
    }

    private static func run(_ arguments: [String]) async throws {
        let names = arguments.filter { $0 != "--quick" }
        for name in names where !all.contains(where: { $0.name == name }) {
            throw BenchmarkError.unknownName(name, known: all.map { $0.name })
        }
        let executable = FilePath(Files.linkTarget("/proc/self/exe") ?? "")
        let binary = executable.removingLastComponent().appending("tmux-agent")
        guard Files.exists(binary) else { throw BenchmarkError.binaryMissing(binary.string) }
        let path = ProcessTable.environment(of: getpid())?["PATH"]
        let surroundings = Surroundings(
            environment: ["PATH": path ?? "/usr/local/bin:/usr/bin:/bin"], workingDirectory: "/",
            executable: binary, processID: getpid(), user: "bench", now: now,
            ids: IDMaker { UInt64.random(in: .min ... .max) })
        let workshop = try Workshop(
            in: "/var/tmp", surroundings: surroundings, binary: binary,
            isQuick: arguments.contains("--quick"))
        do {
            try await measure(names, workshop)
            try await workshop.cleanUp()
        } catch {
            try await workshop.cleanUp()
            throw error
        }
    }

    private static func measure(_ names: [String], _ workshop: Workshop) async throws {
        print(try await Machine.describe(workshop))
        print("| what | goal | measured | baseline | goal met |\n|---|---|---|---|---|")
        for type in all where names.isEmpty || names.contains(type.name) {
            say("measuring \(type.name) …")
            for row in try await type.init().run(in: workshop) { print(row.markdown) }
            fflush(nil)
        }
        print("\nLoad of the machine at the end: \(try Machine.load()).")
    }

    private static func now() -> Timestamp {
        var time = timespec()
        unsafe clock_gettime(CLOCK_REALTIME, &time)
        return Timestamp(milliseconds: Int64(time.tv_sec) * 1000 + Int64(time.tv_nsec) / 1_000_000)
    }

    private static func say(_ text: String) {
        // There is nobody to tell that telling failed.
        _ = try? FileDescriptor.standardError.writeAll("\(text)\n".utf8)
    }
}
