/// One measurement with its baseline, taken in the same run.
protocol Benchmark: Sendable {
    /// The word that chooses it on the command line.
    static var name: String { get }
    init()
    func run(in workshop: Workshop) async throws -> [Row]
}

/// A line of the table.
struct Row: Sendable {
    enum Verdict: Sendable {
        case met, missed
        /// Nothing was promised; the number is there to be seen.
        case shown
    }

    var what: String
    var goal = "-"
    var measured: String
    var baseline = "-"
    var verdict = Verdict.shown

    /// A row with a goal.
    init(_ what: String, goal: String, measured: String, baseline: String = "-", isMet: Bool) {
        (self.what, self.goal, self.measured, self.baseline) = (what, goal, measured, baseline)
        verdict = isMet ? .met : .missed
    }

    /// A row without a goal.
    init(_ what: String, measured: String, baseline: String = "-") {
        (self.what, self.measured, self.baseline) = (what, measured, baseline)
    }

    var markdown: String {
        let mark =
            switch verdict {
            case .met: "yes"
            case .missed: "**no**"
            case .shown: ""
            }
        return "| \(what) | \(goal) | \(measured) | \(baseline) | \(mark) |"
    }
}

/// What a benchmark cannot go on from.
enum BenchmarkError: Error, CustomStringConvertible {
    case commandFailed(command: String, status: Int32, text: String)
    case timedOut(waitingFor: String)
    case unknownName(String, known: [String])
    case binaryMissing(String)

    var description: String {
        switch self {
        case .commandFailed(let command, let status, let text): "\(command) exited with \(status): \(text)"
        case .timedOut(let what): "Gave up waiting for \(what)"
        case .unknownName(let name, let known):
            "No benchmark '\(name)'; there are \(known.joined(separator: " "))"
        case .binaryMissing(let path): "\(path) is missing: run 'swift build -c release' first"
        }
    }
}
