public import Core
internal import ProcessKit
public import SystemPackage

/// What was true when the tap had so many bytes.
public struct RecordedMoment: Sendable, Equatable {
    public var name: String
    public var offset: Int
    public var state: String
    /// Nil where the recording does not say.
    public var waitingFor: String?
    /// Markers that the agent had given so far; nil where the recording does not say.
    public var markers: Int?
}

/// A recorded tap with the facts that stand in the JSON file beside it.
struct RecordedTap: Sendable {
    var file: FilePath
    var name: String
    var kind: AgentKind
    var size: TerminalSize
    var resizes: [TapInspection.Resize]
    var moments: [RecordedMoment]
    var tap: [UInt8]

    static let longestTap = 1 << 30

    /// Reads `NAME.json` and `NAME.tap`.
    static func read(_ file: FilePath) throws -> RecordedTap {
        let name = String((file.lastComponent?.string ?? "").dropLast(".json".count))
        let tapFile = file.removingLastComponent().appending("\(name).tap")
        guard let text = try Files.readText(file), let tap = try Files.read(tapFile, limit: longestTap) else {
            throw RecordingError.unusable(file: file, reason: "there is no \(name).tap beside it")
        }
        let json: JSONValue
        do throws(JSONError) {
            json = try JSONValue.parse(text)
        } catch {
            throw RecordingError.unusable(file: file, reason: error.message)
        }
        let fields = Fields(file: file, tapLength: tap.count)
        return RecordedTap(
            file: file, name: name, kind: AgentKind(try fields.text(json, "agent")),
            size: TerminalSize(
                columns: try fields.number(json, "cols", in: 1...10_000),
                rows: try fields.number(json, "rows", in: 1...10_000)),
            resizes: try (json["resizes"]?.array ?? []).map(fields.resize),
            moments: try fields.list(json, "checkpoints").enumerated().map(fields.moment), tap: tap)
    }

    /// Reads fields, naming the file and the field when one is missing or makes no sense.
    private struct Fields {
        let file: FilePath
        let tapLength: Int

        func text(_ object: JSONValue, _ key: String, in place: String = "") throws -> String {
            guard let text = object[key]?.string, !text.isEmpty else {
                throw wrong("\(place)'\(key)' must be a text that is not empty")
            }
            return text
        }

        func number(_ object: JSONValue, _ key: String, in range: ClosedRange<Int>, _ place: String = "")
            throws -> Int
        {
            guard let number = object[key]?.integer, let value = Int(exactly: number), range.contains(value)
            else {
                throw wrong(
                    "\(place)'\(key)' must be a whole number between \(range.lowerBound) and \(range.upperBound)"
                )
            }
            return value
        }

        func list(_ object: JSONValue, _ key: String) throws -> [JSONValue] {
            guard let list = object[key]?.array, !list.isEmpty else {
                throw wrong("'\(key)' must be a list with at least one entry")
            }
            return list
        }

        func resize(_ entry: JSONValue) throws -> TapInspection.Resize {
            TapInspection.Resize(
                offset: try number(entry, "offset", in: 0...Int(Int32.max), "resizes: "),
                size: TerminalSize(
                    columns: try number(entry, "cols", in: 1...10_000, "resizes: "),
                    rows: try number(entry, "rows", in: 1...10_000, "resizes: ")))
        }

        func moment(_ index: Int, _ entry: JSONValue) throws -> RecordedMoment {
            let place = "checkpoints[\(index)]: "
            let state = try text(entry, "state", in: place)
            guard AgentState(rawValue: state) != nil else {
                let known = AgentState.allCases.map(\.rawValue)
                let near = didYouMean(state, among: known).map { "; did you mean '\($0)'?" }
                throw wrong("\(place)'\(state)' is no state\(near ?? ": \(known.joined(separator: ", "))")")
            }
            return RecordedMoment(
                name: entry["name"]?.string ?? "#\(index)",
                offset: try number(entry, "offset", in: 0...tapLength, place), state: state,
                waitingFor: entry["waiting_for"]?.string, markers: entry["markers"]?.integer.map { Int($0) })
        }

        private func wrong(_ reason: String) -> RecordingError { .unusable(file: file, reason: reason) }
    }
}

/// Why a folder of recordings cannot be used.
public enum RecordingError: Error, Equatable {
    case none(folder: FilePath)
    case unusable(file: FilePath, reason: String)
    case noRules(file: FilePath, kind: AgentKind, known: [String])
}

extension RecordingError: UserFacingError {
    public var code: String {
        switch self {
        case .none: "no_recordings"
        case .unusable: "recording_unusable"
        case .noRules: "no_rules"
        }
    }

    public var exitStatus: ExitStatus { .unusableSettings }

    public var message: String {
        switch self {
        case .none(let folder): "There are no recordings in \(folder)"
        case .unusable(let file, let reason): "The recording \(file) cannot be used: \(reason)"
        case .noRules(let file, let kind, _): "\(file) is a recording of '\(kind)', which no rules know"
        }
    }

    public var hint: String? {
        switch self {
        case .none: "A recording is NAME.tap with NAME.json beside it: see docs/testing.md"
        case .unusable: "docs/testing.md says what stands in the file"
        case .noRules(_, let kind, let known):
            didYouMean(kind.rawValue, among: known).map { "Did you mean '\($0)'?" }
                ?? "Rules: \(known.joined(separator: ", ")). Add .tmuxagent/detect/\(kind).yaml"
        }
    }
}
