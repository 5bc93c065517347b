internal import Core

/// Finds expressions that need far too many steps.
enum PatternCost {
    /// Tries the expression on lines that make careless ones explode; nil when it stays within its limits.
    static func problem(with pattern: Pattern) -> (message: String, suggestion: String)? {
        guard
            let line = trialLines(for: pattern.expression).first(where: {
                pattern.search($0) == .limitExceeded
            })
        else { return nil }
        return (
            "the regular expression '\(ConfigurationProblem.visible(pattern.expression))' needs far too many steps on a line such as "
                + "'\(ConfigurationProblem.visible(String(line.prefix(12)) + "…"))'",
            "Do not repeat what repeats itself, as in (a+)+; most expressions need no '.*' at their ends"
        )
    }

    /// Long runs of what the expression itself speaks of, with an end that makes the match fail.
    ///
    /// Forty characters tell exponential growth (over 10^12 steps) from a plain product of lengths.
    private static func trialLines(for expression: String) -> [String] {
        let letters = expression.unicodeScalars.filter {
            $0.properties.isAlphabetic || $0.properties.numericType != nil
        }
        let marks = expression.unicodeScalars.filter { " -_=.,:/#*".unicodeScalars.contains($0) }
        var seeds = ["a", "0", " ", "ab", "a ", "0a", "x-", "\t", "a,", "/a"]
        var known = Set(seeds)
        for scalar in (letters + marks) where seeds.count < 40 && known.insert(String(scalar)).inserted {
            seeds.append(String(scalar))
        }
        // Without the letters that a match ends in, the library would not even begin to search.
        let needed = "\u{1}" + Set(letters + marks).sorted().map { String($0) }.joined(separator: "\u{1}")
        return seeds.flatMap { seed in
            let run = String(repeating: seed, count: 40 / seed.unicodeScalars.count)
            return [run + "\u{1}", run + "!", run + needed]
        }
    }
}
