public import Core

extension ApprovalQuestion {
    /// As commands and the HTTP interface show it.
    public var json: JSONValue {
        var object: JSONObject = [
            "id": .string(approval.id.rawValue), "question": .string(approval.question),
        ]
        object.set("branch", branch)
        if let pane { object.set("pane", pane) }
        object.set("pipeline", approval.pipeline)
        object.set("stage", approval.stage)
        object.set("run", approval.run.rawValue)
        object.set("purpose", approval.purpose.rawValue)
        object.set("state", approval.state.rawValue)
        object.set("created_at", approval.createdAt)
        object.set("expires_at", approval.expiresAt)
        object.set("answered_by", approval.answer?.by)
        object.set("answered_through", approval.answer?.through)
        object.set("answered_at", approval.answer?.at)
        object.set("reason", approval.answer?.reason)
        return .object(object)
    }
}
