/// What a model says about a pane.
public struct PaneSummary: Sendable, Equatable {
    public var text: String
    /// As the command's JSON names it, with its unit; nil when it names none.
    public var cost: String?
}
