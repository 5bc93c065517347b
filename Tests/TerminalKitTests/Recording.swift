import Core
import Foundation
import TerminalKit
import Testing

/// What a real agent wrote to its pane, and what tmux showed at moments of it.
struct Recording: Decodable, CustomTestStringConvertible {
    struct Resize: Decodable {
        var offset: Int
        var cols: Int
        var rows: Int
    }

    struct Checkpoint: Decodable {
        var name: String
        var offset: Int
        var exact: Bool
        var state: String
        var markers: Int
        var alternate: Bool
        var title: String
        var screen: [String]
    }

    var agent: String
    var cols: Int
    var rows: Int
    var resizes: [Resize]
    var checkpoints: [Checkpoint]
    var name = ""
    var tap: [UInt8] = []
    var expect: [[String: Field]] = []

    /// A value of an expected marker's field.
    enum Field: Decodable, Equatable {
        case text(String)
        case flag(Bool)

        init(from decoder: any Decoder) throws {
            let container = try decoder.singleValueContainer()
            if let flag = try? container.decode(Bool.self) {
                self = .flag(flag)
            } else {
                self = .text(try container.decode(String.self))
            }
        }

        var json: JSONValue {
            switch self {
            case .text(let text): .string(text)
            case .flag(let flag): .bool(flag)
            }
        }
    }

    enum CodingKeys: String, CodingKey { case agent, cols, rows, resizes, checkpoints, expect }

    var size: TerminalSize { TerminalSize(columns: cols, rows: rows) }
    var kind: AgentKind { AgentKind(agent) }
    var testDescription: String { name }

    static let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
        .deletingLastPathComponent().appendingPathComponent("Fixtures/taps")

    static let all: [Recording] = {
        let names = ((try? FileManager.default.contentsOfDirectory(atPath: folder.path)) ?? [])
            .filter { $0.hasSuffix(".tap") }.sorted()
        return names.compactMap { try? load(String($0.dropLast(4))) }
    }()

    static func load(_ name: String) throws -> Recording {
        let data = try Data(contentsOf: folder.appendingPathComponent("\(name).json"))
        var recording = try JSONDecoder().decode(Recording.self, from: data)
        recording.name = name
        recording.tap = [UInt8](try Data(contentsOf: folder.appendingPathComponent("\(name).tap")))
        return recording
    }

    /// Reads from a reader's offset to `end` in pieces that `next` sizes, with the resizes on the way.
    func read(_ reader: PaneReader, to end: Int, pieces next: () -> Int = { .max }) -> [Reading] {
        var readings: [Reading] = []
        var position = Int(reader.offset)
        while position < end {
            for resize in resizes where resize.offset == position {
                reader.resize(TerminalSize(columns: resize.cols, rows: resize.rows))
            }
            let stop = resizes.map(\.offset).filter { $0 > position }.min() ?? end
            let step = min(max(1, next()), min(stop, end) - position)
            readings += reader.feed(Array(tap[position..<position + step]))
            position += step
        }
        return readings
    }
}

extension [Reading] {
    var markers: [Marker] {
        compactMap { reading in
            if case .marker(let marker, _) = reading { marker } else { nil }
        }
    }

    var lines: [String] {
        compactMap { reading in
            if case .line(let line, _) = reading { line } else { nil }
        }
    }
}
