internal import Core
internal import SystemPackage

/// Reads the prompts that `[prompts]` and `[phase_prompts]` name.
struct PromptDecoder {
    let base: FilePath
    let problems: ProblemList

    /// Where files are named.
    static let sections = ["prompts", "phase_prompts"]

    static func place(of path: String, base: FilePath) -> FilePath { base.pushing(FilePath(path)).normalized }

    func decode(_ file: MappingDecoder) -> PromptSet {
        let section = file.mapping("prompts")
        let command = prompt(section, "command", PromptSet.commandText, PromptSet.variables)
        let stuck = prompt(section, "stuck_detection", PromptSet.stuckText, PromptSet.variables)
        let delegate = prompt(section, "delegate", PromptSet.delegateText, PromptSet.delegateVariables)
        let summary = section?.node("summary").flatMap { node in
            section?.string("summary").flatMap { read($0, node, PromptSet.variables) }
        }
        section?.finish()
        var phases: [String: PromptTemplate] = [:]
        for entry in file.mapping("phase_prompts")?.node.entries ?? [] {
            guard let path = file.decoder.string(entry.value, as: entry.key) else { continue }
            phases[entry.key] = read(path, entry.value, PromptSet.variables)
        }
        return PromptSet(
            command: command, stuckDetection: stuck, summary: summary, phases: phases, delegate: delegate)
    }

    private func prompt(
        _ section: MappingDecoder?, _ key: String, _ standard: String, _ variables: [String]
    ) -> PromptTemplate {
        if let node = section?.node(key), let path = section?.string(key),
            let template = read(path, node, variables)
        {
            return template
        }
        guard let template = PromptTemplate(standard, name: key, variables: variables, problems: problems)
        else {
            preconditionFailure("the built-in prompt '\(key)' cannot be read")
        }
        return template
    }

    private func read(_ path: String, _ node: DocumentNode, _ variables: [String]) -> PromptTemplate? {
        let place = Self.place(of: path, base: base)
        let bytes: [UInt8]
        do throws(ConfigurationError) {
            bytes = try ConfigurationFile.bytes(at: place, shownAs: path)
        } catch {
            problems.error(
                "the prompt cannot be read: \(error.message)", at: node.position,
                suggestion: "Write the path of a text file, relative to the repository")
            return nil
        }
        guard let text = String(validating: bytes, as: UTF8.self), bytes.count <= 1 << 20 else {
            problems.error(
                "the prompt '\(ConfigurationProblem.visible(path))' is no UTF-8 text of at most 1 MiB",
                at: node.position, suggestion: "Save it as UTF-8 text, and leave out what is too long")
            return nil
        }
        return PromptTemplate(text, name: path, variables: variables, problems: problems)
    }
}
