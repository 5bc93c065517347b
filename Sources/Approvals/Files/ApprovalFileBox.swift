internal import Core
internal import SystemPackage

/// The files of questions on the disk: asks in them, reads them, removes them.
///
/// `<id>.txt` is written last and removed last, so that as long as it stands its question counts as asked.
struct ApprovalFileBox: ~Copyable {
    private let root: PrivateFolder

    init(_ folder: FilePath) throws(ApprovalsError) { root = try PrivateFolder(making: folder) }

    /// What people wrote; a question that has no file yet, or whose subject has another pane now, is asked first.
    ///
    /// When the two files contradict one another the careful answer counts.
    func read(
        _ question: ApprovalQuestion, place: ApprovalFilePlace?
    ) throws(ApprovalsError) -> ApprovalAnswer.Decision? {
        let name = ApprovalFilePlace.idFile(question.approval.id)
        guard let text = try root.read(name) else { return try ask(question, place) }
        var decisions = [try verdict(of: text, name, in: root)]
        if let place, ApprovalFileText.place(in: text) == place.description {
            let folder = try PrivateFolder(place.folder, in: root)
            if let other = try folder.read(place.name) {
                // Without a header somebody wrote the word over the whole file.
                let asked = ApprovalFileText.approval(in: other)
                if asked == nil || asked == question.approval.id {
                    decisions.append(try verdict(of: other, place.name, in: folder))
                }
            } else {
                try folder.replace(place.name, with: ApprovalFileText.request(question, place: place))
            }
        } else if decisions == [nil], let place, ApprovalFileText.place(in: text) != nil {
            return try ask(question, place)
        }
        if decisions.contains(.reject) { return .reject }
        return decisions.contains(.approve) ? .approve : nil
    }

    /// Removes the files of a question that is settled.
    func remove(_ approval: Approval, place: ApprovalFilePlace?) throws(ApprovalsError) {
        let name = ApprovalFilePlace.idFile(approval.id)
        let owned = try root.read(name).flatMap { ApprovalFileText.place(in: $0) }
        if let place {
            let folder = try PrivateFolder(place.folder, in: root)
            if let text = try folder.read(place.name) {
                let asked = ApprovalFileText.approval(in: text)
                if asked == approval.id || (asked == nil && owned == place.description) {
                    try folder.remove(place.name)
                }
            }
        }
        try root.remove(name)
    }

    /// Ids of the questions that have a file in this folder, of whichever fleet.
    func asked() throws(ApprovalsError) -> [ApprovalID] {
        // Not by the files' text: it may have been overwritten by an answer.
        try root.names().map { ApprovalID(String($0.dropLast(".txt".count))) }
    }

    /// Files in a host's folder whose question has no `<id>.txt` any more, such as those of an agent's old pane.
    func orphans(host: String) throws(ApprovalsError) -> [(name: String, id: ApprovalID)] {
        let folder = try PrivateFolder(ApprovalFilePlace.component(host), in: root)
        var orphans: [(name: String, id: ApprovalID)] = []
        for name in try folder.names() {
            guard let text = try folder.read(name), let id = ApprovalFileText.approval(in: text),
                try !isAsked(id)
            else { continue }
            orphans.append((name, id))
        }
        return orphans
    }

    /// Removes one file of a host's folder.
    func remove(orphan name: String, host: String) throws(ApprovalsError) {
        try PrivateFolder(ApprovalFilePlace.component(host), in: root).remove(name)
    }

    /// Writes the request; a place that another open question has is left to that one.
    private func ask(
        _ question: ApprovalQuestion, _ place: ApprovalFilePlace?
    ) throws(ApprovalsError) -> ApprovalAnswer.Decision? {
        var taken: ApprovalFilePlace?
        if let place {
            let folder = try PrivateFolder(place.folder, in: root)
            let other = try folder.read(place.name).flatMap { ApprovalFileText.approval(in: $0) }
            let isOurs = other == question.approval.id
            let isOthers = try isAsked(other)
            if isOurs || !isOthers { taken = place }
            // After a crash between the two files the first may hold an answer already.
            if !isOurs, !isOthers {
                try folder.replace(place.name, with: ApprovalFileText.request(question, place: place))
            }
        }
        try root.replace(
            ApprovalFilePlace.idFile(question.approval.id),
            with: ApprovalFileText.request(question, place: taken))
        return nil
    }

    private func isAsked(_ id: ApprovalID?) throws(ApprovalsError) -> Bool {
        guard let id else { return false }
        return try root.read(ApprovalFilePlace.idFile(id)) != nil
    }

    private func verdict(
        of text: String, _ name: String, in folder: borrowing PrivateFolder
    ) throws(ApprovalsError) -> ApprovalAnswer.Decision? {
        switch ApprovalFileText.verdict(in: text) {
        case .pending: return nil
        case .answer(let decision): return decision
        case .unknown(let line, let isToldSo):
            if !isToldSo { try folder.append(ApprovalFileText.complaint(about: line), to: name) }
            return nil
        }
    }
}
