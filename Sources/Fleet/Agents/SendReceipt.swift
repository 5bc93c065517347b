/// How far a text got into an agent.
public struct SendReceipt: Sendable, Equatable {
    public enum Stage: String, Sendable, CaseIterable, Comparable {
        /// Somebody else's text stood in the composer: nothing was typed.
        case queued
        /// The text is in the program's terminal.
        case pasted
        /// Enter was pressed after the text had shown.
        case submitted
        /// The program took it: its composer is empty again, or it works.
        case accepted

        public static func < (left: Self, right: Self) -> Bool {
            let order = allCases
            return (order.firstIndex(of: left) ?? 0) < (order.firstIndex(of: right) ?? 0)
        }
    }

    public var stage: Stage
    /// Why it got no further, in words.
    public var detail: String?

    public init(stage: Stage, detail: String? = nil) {
        self.stage = stage
        self.detail = detail
    }
}
