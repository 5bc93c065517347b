/// A row that has left the screen through the top.
public struct HistoryRow: Sendable, Equatable {
    /// Larger than that of every row that left before.
    public var serial: UInt64
    public var runs: [StyledRun]
}

extension TerminalScreen {
    /// The rows that left the primary screen after the row `serial`, oldest first.
    ///
    /// Only the newest hundred or two are kept: who wants all of them asks often.
    public func history(after serial: UInt64) -> [HistoryRow] {
        grid.history.drop { $0.serial <= serial }.map { HistoryRow(serial: $0.serial, runs: grid.runs($0)) }
    }
}
