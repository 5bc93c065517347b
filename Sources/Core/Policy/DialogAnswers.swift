extension Policy {
    /// The rule whose option the dialog shows, and why, for the journal; without a rule the dialog is left to a person.
    ///
    /// Of several rules for one dialog the first counts whose option stands on it.
    public func answer(to dialog: DetectedDialog, on facts: SubjectFacts) -> (rule: DialogRule?, why: String)
    {
        let fitting = dialogs.filter { $0.fits(dialog.rule, facts) }
        guard !fitting.isEmpty else { return (nil, "the policy has no answer to it") }
        var reasons: [String] = []
        for rule in fitting {
            do throws(DetectedDialog.Refusal) {
                _ = try dialog.index(ofOption: rule.option)
                return (
                    rule, "the policy answers \(PolicyText.quoted(rule.option)) in line \(rule.position.line)"
                )
            } catch {
                switch error {
                case .noSuchOption: reasons.append("no option says \(PolicyText.quoted(rule.option))")
                case .severalOptions: reasons.append("several options say \(PolicyText.quoted(rule.option))")
                }
            }
        }
        return (nil, reasons.joined(separator: "; "))
    }
}

extension DialogRule {
    func fits(_ dialog: String, _ facts: SubjectFacts) -> Bool {
        Glob.branch(rule).matches(dialog)
            && (match?.matches(facts, includesMain: false) ?? (facts.subject != .mainCheckout))
    }
}
