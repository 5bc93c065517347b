internal import Core
internal import Fleet
internal import Store

/// What somebody looks for in the journal.
struct JournalQuestion: Sendable {
    /// Found in what a row says, in its kind or in its branch, in whatever case.
    var text = ""
    /// A part of the branch that a row is about.
    var branch = ""
    /// One of ``JournalWords/groups``; nil: all.
    var group: String?
    /// The id of a row; those before it are looked at.
    var before = Int64.max
    var limit = 100

    /// So many rows are looked at for one answer.
    static let mostLooked = 20_000
}

/// Rows that fit, the newest first.
struct JournalFind: Sendable {
    var entries: [(entry: BoardEntry, text: String)] = []
    /// Where to go on; nil when the journal was looked through.
    var next: Int64?
}

extension BoardReader {
    /// Looks for rows in the whole journal, in the words of a page.
    func find(_ question: JournalQuestion, _ words: JournalWords) async throws -> JournalFind {
        let branches = try await memory.branches(asOf: try await context.store.newestJournalID())
        let wanted = (branch: question.branch.lowercased(), text: question.text.lowercased())
        var filter = JournalFilter(kinds: question.group.flatMap { JournalWords.kinds(in: $0) })
        // Panes of `run` are called by their subject itself.
        if context.panes == nil, !wanted.branch.isEmpty {
            filter.subjects = branches.filter { $1.lowercased().contains(wanted.branch) }.map(\.key)
        }
        var find = JournalFind(next: question.before)
        var looked = 0
        while looked < JournalQuestion.mostLooked, find.entries.count < question.limit {
            let rows = try await context.store.journal(filter, before: find.next ?? 0, limit: 500)
            for row in rows where find.entries.count < question.limit {
                find.next = row.id
                looked += 1
                let entry = BoardEntry(entry: row, branch: place(of: row.subject, branches))
                let place = (entry.branch ?? "").lowercased()
                guard place.contains(wanted.branch) || wanted.branch.isEmpty else { continue }
                let text = words.text(of: row)
                let kind = words.words["kind_\(JournalWords.group(of: row.kind))"]
                guard wanted.text.isEmpty || "\(kind) \(place) \(text)".lowercased().contains(wanted.text) else {
                    continue
                }
                find.entries.append((entry, text))
            }
            guard rows.count == 500 else {
                // Fewer than were asked for, and all of them looked at: there are no more.
                if rows.last.map({ $0.id == find.next }) ?? true { find.next = nil }
                return find
            }
        }
        return find
    }
}

extension JournalFind {
    var json: JSONObject {
        [
            "entries": .array(
                entries.map { found in
                    let entry = found.entry.entry
                    return [
                        "id": .integer(entry.id), "at": .string(entry.at.iso8601),
                        "kind": .string(entry.kind.rawValue),
                        "group": .string(JournalWords.group(of: entry.kind)),
                        "tone": .string(JournalWords.tone(of: entry)), "source": .string(entry.draft.source),
                        "branch": found.entry.branch.map { .string($0.visible) } ?? .null,
                        "run": entry.draft.run.map { .string($0.rawValue) } ?? .null,
                        "stage": entry.draft.stage.map { .string($0.visible) } ?? .null,
                        "text": .string(found.text),
                    ]
                }), "next": next.map { .integer($0) } ?? .null,
        ]
    }
}
