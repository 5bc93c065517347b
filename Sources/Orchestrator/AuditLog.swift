internal import Config
public import Core
public import Fleet
internal import Foundation
internal import ProcessKit
public import SystemPackage

/// What the record of an orchestrator says, for `replay`.
public struct AuditLog: Sendable {
    /// One line of the record.
    public struct Line: Sendable {
        public var at: Timestamp
        public var branch: String?
        public var event: String
        public var payload: JSONObject
    }

    /// In the order in which they were written.
    public let lines: [Line]
    /// Lines that are no objects of a record.
    public let broken: Int

    /// Reads a file, with those that it was rotated to.
    public init(reading path: FilePath) throws {
        guard Files.exists(path) else { throw OrchestratorError.noRecord(path) }
        var lines: [Line] = []
        var broken = 0
        for number in (0...OrchestratorAudit.kept).reversed() {
            let file = number == 0 ? path : FilePath("\(path).\(number)")
            for line in try Self.text(of: file).split(separator: "\n") {
                if let read = Line(line) { lines.append(read) } else { broken += 1 }
            }
        }
        self.lines = lines
        self.broken = broken
    }

    private static func text(of file: FilePath) throws(FileError) -> String {
        do {
            return try Files.readText(file, limit: 256 << 20) ?? ""
        } catch {
            throw FileError("read", file, error as? Errno ?? .ioError)
        }
    }

    /// Throws ``OrchestratorError/notRecorded(branch:nearest:)`` for a branch that no line is about.
    public func require(_ branch: String) throws(OrchestratorError) {
        let known = Set(lines.compactMap(\.branch))
        guard !known.contains(branch) else { return }
        throw .notRecorded(branch: branch, nearest: didYouMean(branch, among: known.sorted()))
    }

    /// The fleet's own record.
    public static func place(in context: FleetContext) -> FilePath {
        OrchestratorAudit(context: context).path
    }

    /// What the classic tool printed: counts, span, last command, deepest queue.
    public struct Summary: Sendable, Equatable {
        public var counts: [String: Int] = [:]
        public var from: Timestamp?
        public var to: Timestamp?
        public var lastCommand: String?
        public var deepestQueue = 0
        public var deepestBranch: String?
    }

    public func summary(of branch: String?, since: Timestamp?) -> Summary {
        var summary = Summary()
        for line in lines where line.isAbout(branch, since) && line.event != "input" {
            summary.counts[line.event, default: 0] += 1
            summary.from = summary.from ?? line.at
            summary.to = line.at
            if line.event == "command" { summary.lastCommand = line.payload["text"]?.string }
            let depth = line.payload["queue_size"]?.integer.map(Int.init) ?? 0
            if depth > summary.deepestQueue {
                (summary.deepestQueue, summary.deepestBranch) = (depth, line.branch)
            }
        }
        return summary
    }

    /// The last `limit` lines that people read.
    public func entries(of branch: String?, since: Timestamp?, limit: Int) -> [Line] {
        lines.filter { $0.isAbout(branch, since) && !["input", "plan", "settings"].contains($0.event) }
            .suffix(limit)
    }
}

extension AuditLog.Line {
    fileprivate init?(_ text: Substring) {
        guard let object = (try? JSONValue.parse(String(text)))?.object, let event = object["event"]?.string
        else { return nil }
        switch object["ts"] {
        case .number(let seconds)? where seconds.isFinite && abs(seconds) < 1e13:
            at = Timestamp(milliseconds: Int64((seconds * 1000).rounded()))
        case .integer(let seconds)? where abs(seconds) < 10_000_000_000_000:
            at = Timestamp(milliseconds: seconds * 1000)
        default: return nil
        }
        branch = object["branch"]?.string
        self.event = event
        payload = object
    }

    func isAbout(_ branch: String?, _ since: Timestamp?) -> Bool {
        (branch == nil || self.branch == branch) && (since.map { at >= $0 } ?? true)
    }
}
