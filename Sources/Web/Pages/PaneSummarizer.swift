internal import Core
internal import Fleet
internal import ProcessKit

/// Sums up panes by the command that fleet.toml names in `[summary] command`.
public struct PaneSummarizer: Sendable {
    private let context: SiteContext
    private let panes: PaneViews

    /// What the command may take.
    static let limit = Duration.seconds(60)
    /// Bytes of the pane's text that the command gets, from the end.
    static let longest = 64 << 10

    public init(context: SiteContext, panes: PaneViews) {
        self.context = context
        self.panes = panes
    }

    /// Runs the command in the repository with the pane's text on its standard input.
    ///
    /// `name` is as for ``PaneViews/update(of:after:)``. Throws ``PaneSummaryError``, and
    /// ``FleetError/untrusted(root:)`` where nobody agreed to the command.
    public func summarize(_ name: String) async throws -> PaneSummary {
        guard let fleet = context.fleet else { throw PaneSummaryError.noCommand }
        try fleet.requireTrust()
        guard let line = fleet.configuration.summary.command else { throw PaneSummaryError.noCommand }
        guard let text = try await panes.text(of: name) else { throw PaneSummaryError.nothingPrinted(name) }
        let result = try await CommandRunner().run(
            Command(
                "/bin/sh", ["-c", line], environment: context.surroundings.environment,
                workingDirectory: fleet.root, input: Array(text.utf8.suffix(Self.longest)),
                timeout: Self.limit, outputLimit: 256 << 10))
        if result.termination == .timedOut { throw PaneSummaryError.tooSlow(Self.limit) }
        guard result.isSuccess else {
            throw PaneSummaryError.failed(
                exitCode: result.exitCode, detail: String(result.errorText.suffix(400)).visible)
        }
        return Self.read(result.text)
    }

    /// A command may print plain text, or JSON as `claude -p --output-format json` does.
    ///
    /// The text is under `result`, `summary` or `text`; the cost under `total_cost_usd` or `cost_usd` in dollars, or
    /// under `cost` as it is to be shown.
    static func read(_ output: String) -> PaneSummary {
        let value = try? JSONValue.parse(output)
        let words = ["result", "summary", "text"].lazy.compactMap { value?[$0]?.string }.first
        var summary = PaneSummary(text: (words ?? output).visible(keepingNewlines: true), cost: nil)
        for key in ["total_cost_usd", "cost_usd"] {
            // What a program prints may be any number.
            guard let dollars = value?[key].flatMap(Self.number), (0..<1e9).contains(dollars) else {
                continue
            }
            let millis = Int((dollars * 1000).rounded())
            let digits = String(millis % 1000 + 1000).dropFirst()
            summary.cost = "$\(millis / 1000).\(digits)"
        }
        if summary.cost == nil, let cost = value?["cost"] {
            summary.cost = (cost.string ?? cost.serialized()).visible
        }
        return summary
    }
    private static func number(_ value: JSONValue) -> Double? {
        switch value {
        case .number(let number): number
        case .integer(let number): Double(number)
        default: nil
        }
    }
}
