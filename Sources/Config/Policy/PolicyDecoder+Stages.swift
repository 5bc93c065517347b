internal import Core

// Stages and what they do.
extension PolicyDecoder {
    static let mostRetries = 100
    static let channels = ["cli", "file", "link", "webhook", "web", "portal", "chat"]

    func stage(_ node: DocumentNode) -> Stage? {
        guard let keys = values.mapping(node, as: "a stage") else { return nil }
        let name = keys.requiredString("name")
        let position = keys.entry("name")?.value.position ?? node.position
        var stage = Stage(name: name ?? "", position: position.inPolicy)
        stage.triggers = keys.node("triggers").flatMap { condition($0, as: "triggers") }
        stage.approval = keys.node("require_approval").flatMap(approval)
        stage.actionsOnStart = (keys.array("actions_on_start") ?? []).flatMap(actions)
        stage.successWhen = keys.node("success_when").flatMap { condition($0, as: "success_when") }
        stage.failWhen = keys.node("fail_when").flatMap { condition($0, as: "fail_when") }
        stage.timeout = keys.node("timeout").flatMap { positiveDuration($0, as: "timeout") }
        stage.failure.steps = keys.node("on_fail").map(failureSteps) ?? []
        stage.failure.continues = keys.bool("continue_on_fail") ?? false
        stage.notices.onStart = keys.node("on_start_notify").flatMap { notice($0, as: "on_start_notify") }
        stage.notices.onSuccess = keys.node("on_success_notify").flatMap {
            notice($0, as: "on_success_notify")
        }
        stage.notices.onFail = keys.node("on_fail_notify").flatMap { notice($0, as: "on_fail_notify") }
        keys.finish()
        return name == nil ? nil : stage
    }

    private func approval(_ node: DocumentNode) -> ApprovalRequest? {
        if case .bool(let isAsked) = node.value { return isAsked ? ApprovalRequest() : nil }
        guard node.entries != nil else {
            values.mismatch(
                node, "require_approval", takes: "true, false or a group of keys",
                suggestion: "Write true, or {prompt: …, expires: 24h, on_expire: reject}")
            return nil
        }
        return request(node, as: "require_approval")
    }

    private func request(_ node: DocumentNode, as name: String) -> ApprovalRequest? {
        guard let keys = values.mapping(node, as: name) else { return nil }
        var request = ApprovalRequest()
        request.prompt = keys.string("prompt")
        if let expires = keys.node("expires") {
            request.expires =
                expires.value == .string("never") ? nil : positiveDuration(expires, as: "expires")
        }
        request.onExpire = keys.choice("on_expire") ?? .reject
        if let remind = keys.node("remind") {
            request.remind = remind.value == .string("never") ? nil : positiveDuration(remind, as: "remind")
        }
        request.channels = keys.strings("channels") ?? []
        for element in keys.node("channels")?.elements ?? [] {
            if case .string(let channel) = element.value, !Self.channels.contains(channel) {
                values.unknown(
                    channel, what: "no approval comes through", among: Self.channels, at: element.position)
            }
        }
        if request.expires == nil, let onExpire = keys.entry("on_expire"), keys.contains("expires") {
            problems.warning("'on_expire' does nothing when 'expires' is never", at: onExpire.keyPosition)
        }
        if request.onExpire == .wait, request.expires != nil, let expires = keys.entry("expires") {
            problems.warning("'expires' does nothing when 'on_expire' is wait", at: expires.keyPosition)
        }
        keys.finish()
        return request
    }

    // MARK: - Actions

    private func actions(_ node: DocumentNode) -> [StageAction] {
        guard let keys = values.mapping(node, as: "an action") else { return [] }
        keys.accept("send_keys", "keys", "shell", "notify", "emit", "spawn")
        refuseTimeout(beside: keys)
        let actions = (node.entries ?? []).filter { !$0.value.isNull }.compactMap(action)
        keys.finish()
        if node.entries?.isEmpty == true {
            problems.error(
                "this action says nothing to do", at: node.position,
                suggestion: "Write for example 'shell: \"make\"', or remove it")
        }
        return actions
    }

    /// A limit belongs to its command, for an entry may hold several actions.
    private func refuseTimeout(beside keys: MappingDecoder) {
        guard let command = keys.node("shell"), keys.contains("timeout"), let limit = keys.entry("timeout")
        else {
            return
        }
        let written = command.entries == nil ? "\"\(ConfigurationProblem.visible(command.text))\"" : "…"
        problems.error(
            "'timeout' stands beside 'shell'", at: limit.keyPosition,
            suggestion:
                "Write 'shell: {run: \(written), timeout: \(ConfigurationProblem.visible(limit.value.text))}'"
        )
    }

    private func action(_ entry: DocumentEntry) -> StageAction? {
        switch entry.key {
        case "send_keys": return values.string(entry.value, as: entry.key).map(StageAction.sendKeys)
        case "keys":
            guard let keys = values.strings(entry.value, as: entry.key) else { return nil }
            if keys.isEmpty {
                problems.error(
                    "'keys' names no key", at: entry.value.position, suggestion: "Write 'keys: [Enter]'")
            }
            return .keys(keys)
        case "shell": return shell(entry.value)
        case "notify": return notice(entry.value, as: entry.key).map(StageAction.notify)
        case "emit": return emit(entry.value)
        case "spawn": return spawn(entry.value)
        default: return nil
        }
    }

    private func shell(_ node: DocumentNode) -> StageAction? {
        guard node.entries != nil else {
            return word(node, as: "shell").map {
                checkCommand($0, at: node.position)
                return .shell(command: $0, timeout: StageAction.standardShellTimeout)
            }
        }
        guard let keys = values.mapping(node, as: "shell") else { return nil }
        let command = keys.requiredString("run")
        if let command, let entry = keys.entry("run") { checkCommand(command, at: entry.value.position) }
        let timeout = keys.node("timeout").flatMap { positiveDuration($0, as: "timeout") }
        keys.finish()
        return command.map { .shell(command: $0, timeout: timeout ?? StageAction.standardShellTimeout) }
    }

    private func checkCommand(_ command: String, at position: SourcePosition) {
        guard command.allSatisfy(\.isWhitespace) else { return }
        problems.error(
            "this command is empty", at: position, suggestion: "Write what sh is to run, or remove the action"
        )
    }

    private func emit(_ node: DocumentNode) -> StageAction? {
        guard node.entries != nil else {
            return word(node, as: "emit").map { .emit(name: $0, payload: JSONObjectBox(JSONObject())) }
        }
        guard let keys = values.mapping(node, as: "emit") else { return nil }
        let name = keys.requiredString("name")
        let payload = keys.mapping("payload")?.node.json.object ?? JSONObject()
        keys.finish()
        return name.map { .emit(name: $0, payload: JSONObjectBox(payload)) }
    }

    private func spawn(_ node: DocumentNode) -> StageAction? {
        guard let keys = values.mapping(node, as: "spawn") else { return nil }
        let branch = keys.requiredString("branch")
        if let branch, let entry = keys.entry("branch") {
            do throws(BranchNameError) {
                _ = try BranchName(branch)
            } catch {
                problems.error(error, at: entry.value.position)
            }
        }
        let template = keys.string("template")
        let task = keys.string("task")
        keys.finish()
        return branch.map { .spawn(branch: $0, template: template, task: task) }
    }

    private func notice(_ node: DocumentNode, as name: String) -> Notice? {
        guard node.entries != nil else { return word(node, as: name).map { Notice(title: $0, body: "") } }
        guard let keys = values.mapping(node, as: name) else { return nil }
        let notice = Notice(
            title: keys.string("title") ?? "{stage}", body: keys.string("body") ?? "",
            severity: keys.choice("severity") ?? .info)
        if !keys.contains("title"), !keys.contains("body") {
            problems.error(
                "'\(name)' has neither 'title' nor 'body'", at: node.position,
                suggestion: "Write 'title: \"{stage} on {branch}\"'")
        }
        keys.finish()
        return notice
    }

    // MARK: - on_fail

    private func failureSteps(_ node: DocumentNode) -> [FailureStep] {
        if let elements = node.elements { return elements.flatMap(failureSteps) }
        if case .string(let text) = node.value, !text.isEmpty {
            values.mismatch(
                node, "on_fail", takes: "a list of steps",
                suggestion: "Write '- ask_human: \"…\"' or '- retry: 2'")
            return []
        }
        guard let keys = values.mapping(node, as: "a step of on_fail") else { return [] }
        keys.accept("retry", "backoff", "backoff_ms", "factor", "ask_human", "escalate", "if_still_fail")
        var steps: [FailureStep] = []
        for entry in node.entries ?? [] where !entry.value.isNull {
            switch entry.key {
            case "retry": if let plan = retry(entry.value, beside: keys) { steps.append(.retry(plan)) }
            case "ask_human": if let request = askHuman(entry.value) { steps.append(.askHuman(request)) }
            case "escalate": if let code = word(entry.value, as: "escalate") { steps.append(.escalate(code)) }
            case "if_still_fail": steps += failureSteps(entry.value)
            case "backoff", "backoff_ms", "factor":
                if !keys.contains("retry") {
                    problems.error(
                        "'\(entry.key)' stands without 'retry'", at: entry.keyPosition,
                        suggestion: "Write '- retry: {max: 2, backoff: 5s}'")
                }
            default: break
            }
        }
        keys.finish()
        return steps
    }

    private func askHuman(_ node: DocumentNode) -> ApprovalRequest? {
        guard node.entries != nil else {
            return word(node, as: "ask_human").map { ApprovalRequest(prompt: $0) }
        }
        return request(node, as: "ask_human")
    }

    private func retry(_ node: DocumentNode, beside outer: MappingDecoder) -> RetryPlan? {
        let range = 0...Self.mostRetries
        guard node.entries != nil else {
            guard let max = values.integer(node, as: "retry", in: range) else { return nil }
            return plan(max, outer)
        }
        guard let keys = values.mapping(node, as: "retry") else { return nil }
        let max = keys.integer("max", in: range)
        if !keys.contains("max") {
            problems.error("retry has no 'max'", at: node.position, suggestion: "Add 'max: 2'")
        }
        let result = plan(max ?? 0, keys)
        keys.finish()
        return max == nil ? nil : result
    }

    private func plan(_ max: Int, _ keys: MappingDecoder) -> RetryPlan {
        var plan = RetryPlan(max: max)
        if let backoff = keys.node("backoff") {
            plan.backoff = positiveDuration(backoff, as: "backoff") ?? plan.backoff
        }
        if let milliseconds = keys.integer("backoff_ms", in: 0...86_400_000) {
            plan.backoff = .milliseconds(milliseconds)
            if let both = keys.entry("backoff"), keys.contains("backoff") {
                problems.error(
                    "'backoff' and 'backoff_ms' say the same twice", at: both.keyPosition,
                    suggestion: "Remove one of them")
            }
        }
        plan.factor = keys.number("factor", in: 1...10) ?? plan.factor
        return plan
    }
}
