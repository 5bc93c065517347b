internal import ArgumentParser
internal import Core

/// What a command found or did: one value, two renderings.
protocol Renderable {
    /// An object, never a bare array; snake_case keys, ISO 8601 times in UTC.
    var json: JSONValue { get }
    /// For a person, without the last newline; empty = nothing to print.
    func text(_ style: Style) -> String
}

extension Console {
    func render(_ value: some Renderable, json: Bool) {
        if json {
            result(value.json.prettyPrinted())
        } else {
            let text = value.text(out)
            if !text.isEmpty { result(text) }
        }
    }

    /// `Error:`, `Caused by:` and `Hint:` on standard error, or one JSON object there.
    func render(error: any Error, json: Bool) -> ExitStatus {
        let shown = ShownError(error)
        guard !json else {
            var object: JSONObject = ["code": .string(shown.code), "message": .string(shown.message)]
            if let hint = shown.hint { object["hint"] = .string(hint) }
            Self.writeAll(2, JSONValue.object(["error": .object(object)]).prettyPrinted() + "\n")
            return shown.status
        }
        var lines = ["\(err.error("Error:")) \(shown.message.visible(keepingNewlines: true))"]
        lines += shown.causes.map { "Caused by: \($0.visible(keepingNewlines: true))" }
        if let hint = shown.hint {
            lines.append("\(err.dim("Hint:")) \(hint.visible(keepingNewlines: true))")
        }
        Self.writeAll(2, lines.joined(separator: "\n") + "\n")
        return shown.status
    }
}

/// An error as it is shown: ours as they are, others as faults of this program.
private struct ShownError {
    var code = "internal"
    var message: String
    var hint: String?
    var causes: [String] = []
    var status = ExitStatus.bug

    init(_ error: any Error) {
        guard let known = error as? any UserFacingError else {
            message = "\(error)"
            if let wrong = error as? ValidationError {
                message = wrong.message
                code = "usage"
                status = .usage
            } else if error is CancellationError {
                message = "Interrupted"
                code = "interrupted"
                status = .interrupted
            } else {
                hint = "This is a fault of tmux-agent: please report it with the command that you ran"
            }
            return
        }
        code = known.code
        message = known.message
        hint = known.hint
        status = known.exitStatus
        var next = known.cause
        while let cause = next {
            causes.append((cause as? any UserFacingError)?.message ?? "\(cause)")
            next = (cause as? any UserFacingError)?.cause
        }
    }
}
