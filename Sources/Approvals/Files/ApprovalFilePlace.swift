internal import Core

/// `<host>/<pane>__<stage>.txt`: where the question of a stage stands beside `<approval id>.txt`.
struct ApprovalFilePlace: Equatable, CustomStringConvertible {
    let folder: String
    let name: String

    /// Nil for subjects without a pane; in a fleet `host` is the fleet's name.
    init?(_ approval: Approval, host: String, pane: PaneID?) {
        let paneName: String
        switch approval.subject {
        case .agent:
            guard let pane else { return nil }
            (folder, paneName) = (Self.component(host), pane.description)
        case .pane(let pane): (folder, paneName) = (Self.component(pane.host), pane.pane.description)
        case .mainCheckout: return nil
        }
        let plain = paneName.split(separator: "%", omittingEmptySubsequences: false).joined(separator: "pct")
        name = Self.component("\(plain)__\(approval.stage)") + ".txt"
    }

    var description: String { "\(folder)/\(name)" }

    /// The name of the file that every question has.
    static func idFile(_ id: ApprovalID) -> String { component(id.rawValue) + ".txt" }

    /// `text` as one component of a path: nothing that climbs, hides or ends a name, and not too long.
    static func component(_ text: String) -> String {
        var name = ""
        for character in text {
            let isPlain =
                character.isLetter || character.isNumber
                || ["_", "-", ".", " ", "+", "@", ":", ","].contains(character)
            name.append(isPlain ? character : "_")
        }
        while name.utf8.count > 200 { name.removeLast() }
        if name.hasPrefix(".") { name = "_" + name.dropFirst() }
        return name.isEmpty ? "_" : name
    }
}
