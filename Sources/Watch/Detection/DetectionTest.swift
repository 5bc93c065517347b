public import Config
public import Core
internal import ProcessKit
public import SystemPackage

/// Holds detection rules against a folder of recordings with what was true at moments of them.
public struct DetectionTest: Sendable {
    /// One moment of one recording.
    public struct Result: Sendable, Equatable {
        public var recording: String
        public var checkpoint: String
        public var kind: AgentKind
        public var expected: RecordedMoment
        public var state: AgentState
        public var waitingFor: WaitingFor?
        public var markers: Int
        /// The rule that decided; nil when none held.
        public var rule: String?

        public var isRight: Bool {
            state.rawValue == expected.state
                && (expected.waitingFor == nil || expected.waitingFor == waitingFor?.rawValue)
                && (expected.markers == nil || expected.markers == markers)
        }
    }

    let library: DetectionLibrary

    public init(library: DetectionLibrary) { self.library = library }

    /// Every checkpoint of every `NAME.json` in `folder`, in the order of names and offsets.
    ///
    /// Throws ``RecordingError`` for a folder without recordings and for one that cannot be read.
    public func run(folder: FilePath) throws -> [Result] {
        let names = Files.names(in: folder).filter { $0.hasSuffix(".json") && !$0.hasPrefix(".") }
        guard !names.isEmpty else { throw RecordingError.none(folder: folder) }
        return try names.flatMap { try results(of: RecordedTap.read(folder.appending($0))) }
    }

    private func results(of recording: RecordedTap) throws -> [Result] {
        guard let rules = library.rules(of: recording.kind) else {
            throw RecordingError.noRules(
                file: recording.file, kind: recording.kind, known: library.rules.map(\.kind.rawValue))
        }
        return recording.moments.map { moment in
            let seen = TapInspection(
                tap: recording.tap, size: recording.size, resizes: recording.resizes, until: moment.offset,
                kind: recording.kind, rules: rules)
            return Result(
                recording: recording.name, checkpoint: moment.name, kind: recording.kind, expected: moment,
                state: seen.detection.state, waitingFor: seen.detection.waitingFor,
                markers: seen.markers.count, rule: seen.detection.why.first?.rule)
        }
    }
}
