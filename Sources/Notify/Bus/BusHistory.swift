public import Core

/// What stands on the bus, for reading it later; nobody's offset moves.
public struct BusHistory: Sendable {
    private let folder: BusFolder

    public init(_ folder: BusFolder) { self.folder = folder }

    /// A line with the file that it stands in.
    public struct Entry: Sendable, Equatable {
        public var file: BusFile
        public var line: BusLine
    }

    /// Whole lines that are JSON objects, by time; those without a `ts` keep their place in their file.
    ///
    /// Calls block.
    public func entries(of files: [BusFile], since: Timestamp?) throws -> [Entry] {
        var entries: [(at: Timestamp, entry: Entry)] = []
        for file in files {
            let reader = BusReader(folder, file, name: "history")
            var position = reader.beginning()
            var last = Timestamp(milliseconds: 0)
            while true {
                let batch = try reader.read(from: position)
                for line in batch.lines where line.object != nil {
                    last = line.at ?? last
                    if let since, last < since { continue }
                    entries.append((last, Entry(file: file, line: line)))
                }
                if batch.end == position { break }
                position = batch.end
            }
        }
        // Sorting is stable for equal times by file and place.
        return entries.enumerated().sorted { ($0.element.at, $0.offset) < ($1.element.at, $1.offset) }
            .map(\.element.entry)
    }
}
