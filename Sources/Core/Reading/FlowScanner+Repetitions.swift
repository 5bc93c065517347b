// What looks like a marker and is none: a row that was painted again, or what was typed at a prompt.
extension FlowScanner {
    /// A marker that was given and whose row no longer shows it, though the row is still on the screen.
    func lost(_ hash: UInt64, _ all: [ScreenRow]) -> Int? {
        given.firstIndex { known in
            guard known.hash == hash else { return false }
            if known.serial == Self.erased { return true }
            guard let row = all.lastIndex(where: { $0.serial == known.serial }) else { return false }
            return MarkerReader.head(all[row].text) == nil
        }
    }

    /// True for a leftover of a live region: the same marker between the same neighbours as one that was given.
    ///
    /// What stands behind another prompt is another answer.
    func repeats(_ late: Waiting, _ all: [ScreenRow], _ moment: Moment) -> Bool {
        guard let own = all.lastIndex(where: { $0.serial == late.serial }) else { return false }
        return given.contains { known in
            guard known.hash == late.hash, known.serial != late.serial,
                let other = all.lastIndex(where: { $0.serial == known.serial }),
                !moment.promptBlocks || other > own
                    || !all[other..<own].contains(where: { Self.isPrompt($0.text) })
            else { return false }
            return [-1, 1].contains { step in
                guard let left = neighbour(of: own, step, all), let right = neighbour(of: other, step, all)
                else {
                    return false
                }
                return left == right
            }
        }
    }

    /// The nearest filled row that is not part of a marker.
    private func neighbour(of index: Int, _ step: Int, _ all: [ScreenRow]) -> String? {
        var row = index + step
        while all.indices.contains(row) {
            let text = all[row].text
            if MarkerReader.head(text) != nil { return nil }
            let goesOn = step > 0 && !text.isEmpty && !all[row - 1].text.isEmpty
            if !text.isEmpty, !goesOn { return text }
            row += step
        }
        return nil
    }

    /// True inside what was typed at a prompt: aider and its like begin it with `>`, up to a blank row.
    func isEcho(_ all: [ScreenRow], _ index: Int, _ moment: Moment, _ echoes: EchoFilter) -> Bool {
        if echoes.contains(all[index].text) { return true }
        guard moment.promptBlocks else { return false }
        var row = index
        while row >= 0, !all[row].text.isEmpty {
            if Self.isPrompt(all[row].text) { return true }
            if all[row].traits.contains(.rule) { return false }
            row -= 1
        }
        return false
    }

    private static func isPrompt(_ text: String) -> Bool {
        ["> ", "❯ ", "› "].contains { text.hasPrefix($0) }
    }
}
