internal import Core
internal import Fleet
internal import Store
internal import TmuxKit

extension Hands {
    /// Answers a dialog as the policy says; one that changed meanwhile is left to a person.
    func answer(_ option: String, identity: String, _ item: OutboxItem) async throws -> ActionResult {
        let (typist, address) = try await pane(of: item)
        switch try await typist.answer(option, identity: identity, id: item.id, at: address) {
        case .chosen(let label):
            return ActionResult(item: item.id, state: .done, detail: "chose '\(label)'")
        case .left(let reason):
            return ActionResult(item: item.id, state: .failed, detail: "left to a person: \(reason)")
        }
    }
}
