/// A dialog on the screen with its options from top to bottom.
public struct DetectedDialog: Sendable, Equatable {
    /// `<kind>-<name>`, such as `claude-trust`: what a policy calls it.
    public var rule: String
    public var name: String
    public var waitingFor: WaitingFor
    /// The rows above the options that belong to the dialog, trimmed, without blank ones.
    public var question: [String]
    public var options: [Option]
    /// Index of the option that goes on, if the rules know it.
    public var accept: Int?

    public struct Option: Sendable, Equatable {
        /// The whole text, wrapped rows joined by spaces.
        public var label: String
        /// What stands in the option's first row: the label, unless that goes on below or a description follows.
        public var firstRow: String
        /// The number before the label, when the options are numbered.
        public var number: Int?
        /// The letter that is typed for it, where options stand in one row: `(Y)es/(N)o`.
        public var key: String?
        /// The mark of the cursor stands before it.
        public var isSelected: Bool
        public var row: Int
    }

    /// Why an option's text cannot be chosen on this dialog.
    public enum Refusal: Error, Equatable, Sendable {
        case noSuchOption
        case severalOptions
    }

    /// Index of the one option that says `text`.
    ///
    /// Equal but for spaces and a key's hint at the end, or, where `text` holds a `*`, fitting it as a glob. Never by
    /// number or place.
    public func index(ofOption text: String) throws(Refusal) -> Int {
        let wanted = Self.plain(text)
        let found = options.indices.filter { index in
            [options[index].label, options[index].firstRow].contains { shown in
                let forms = [Self.plain(shown), Self.plain(Self.withoutKeyHint(shown))]
                return wanted.contains("*")
                    ? forms.contains { Glob.branch(wanted).matches($0) } : forms.contains(wanted)
            }
        }
        guard let first = found.first else { throw .noSuchOption }
        guard found.count == 1 else { throw .severalOptions }
        return first
    }

    /// The same for the same dialog wherever its cursor stands and however its rows are wrapped.
    public var identity: String {
        let letters = question.joined().filter { $0.isLetter || $0.isNumber }
        return ([rule, letters] + options.map(\.identity)).joined(separator: "|")
    }

    /// Without spaces: where a long word was wrapped, nobody knows whether one stood there.
    private static func plain(_ text: String) -> String { text.filter { !$0.isWhitespace } }

    /// "Yes, proceed (y)" without " (y)".
    private static func withoutKeyHint(_ text: String) -> String {
        guard text.hasSuffix(")"), let open = text.lastIndex(of: "("), open > text.startIndex else {
            return text
        }
        let key = text[text.index(after: open)...].dropLast().lowercased()
        let names: Set = [
            "esc", "enter", "tab", "space", "shift+tab", "shift + tab", "default", "recommended",
        ]
        let isKey = key.count == 1 || names.contains(key) || key.hasPrefix("ctrl+") || key.hasPrefix("alt+")
        return isKey ? String(text[..<open]) : text
    }
}

extension DetectedDialog.Option {
    fileprivate var identity: String { label.filter { !$0.isWhitespace } }
}

extension DetectionRules {
    /// How a policy calls a dialog of these rules: `<kind>-<name>` with hyphens for spaces.
    public func dialogID(_ name: String) -> String {
        "\(kind)-" + name.map { $0 == " " ? "-" : "\($0)" }.joined()
    }

    /// Every dialog that a policy can name.
    public var dialogIDs: [String] { dialogs.map { dialogID($0.name) } }

    /// The dialog that the agent shows, with its options.
    public func dialog(_ view: ScreenView) -> DetectedDialog? {
        for dialog in dialogs {
            guard let evidence = dialog.conditions.evidence(in: view) else { continue }
            let options = DialogOptions.read(view)
            let accept = dialog.accept.flatMap { pattern in options.firstIndex { pattern.matches($0.label) } }
            return DetectedDialog(
                rule: dialogID(dialog.name), name: dialog.name, waitingFor: dialog.waitingFor,
                question: question(view, above: options.first?.row, evidence), options: options,
                accept: accept)
        }
        return nil
    }

    /// From the dialog's own upper edge, or else the first row that proves it, to the options.
    private func question(
        _ view: ScreenView, above end: Int?, _ evidence: [Detection.Evidence]
    ) -> [String] {
        let end = end ?? view.rows.count
        let proof = evidence.filter { $0.region != .title }.compactMap(\.row).filter { $0 < end }.min()
        let top = view.composerTop
        var start = proof ?? end
        if top < end {
            // In a low pane the upper edge is out of view, and only a line inside the dialog is found.
            start = view.rows[top].isRule ? top + 1 : 0
        } else if start == end {
            while start > 0, view.rows[start - 1].trimmed.isEmpty { start -= 1 }
            while start > 0, !view.rows[start - 1].trimmed.isEmpty { start -= 1 }
        }
        return view.rows[start..<end].map { String(DialogOptions.unboxed($0).trimmed) }.filter { !$0.isEmpty }
    }
}
