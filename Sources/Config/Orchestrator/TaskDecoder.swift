internal import Core

/// Reads `[[tasks]]`, and tasks that `tasks import` is given as JSON.
struct TaskDecoder {
    let problems: ProblemList

    func tasks(_ file: MappingDecoder) -> [PlannedTask] {
        var tasks: [PlannedTask] = []
        var places: [(branch: SourcePosition, dependencies: [SourcePosition])] = []
        for node in file.array("tasks") ?? [] {
            guard node.entries != nil else {
                file.decoder.mismatch(
                    node, "tasks", takes: "sections", suggestion: "Write '[[tasks]]' above each task")
                continue
            }
            let section = MappingDecoder(node, name: "[[tasks]]", problems: problems)
            let task = task(section)
            section.finish()
            guard let task else { continue }
            let dependencies = node["depends_on"].map { $0.elements?.map(\.position) ?? [$0.position] } ?? []
            tasks.append(task)
            places.append((node["branch"]?.position ?? node.position, dependencies))
        }
        check(tasks, places)
        return tasks
    }

    /// A list of tasks, or an object with one under `tasks`; dependencies may be tasks of elsewhere.
    func listed(_ root: DocumentNode) -> [PlannedTask] {
        var nodes = root.elements ?? []
        if root.entries != nil {
            let file = MappingDecoder(root, name: "the file", problems: problems)
            nodes = file.array("tasks") ?? []
            file.finish()
        }
        return nodes.compactMap { node in
            guard node.entries != nil else {
                problems.error(
                    "a task is an object, but this is \(node.summary)", at: node.position,
                    suggestion: "Write {\"branch\": \"…\", \"title\": \"…\"}")
                return nil
            }
            let section = MappingDecoder(node, name: "the task", problems: problems)
            defer { section.finish() }
            return task(section)
        }
    }

    private func task(_ section: MappingDecoder) -> PlannedTask? {
        let branch = section.requiredString("branch")
        if let branch, let node = section.node("branch") {
            do throws(BranchNameError) {
                _ = try BranchName(branch)
            } catch {
                problems.error(error, at: node.position)
            }
        }
        var task = PlannedTask(branch: branch ?? "", title: text(section, "title"))
        task.task = text(section, "task")
        task.template = text(section, "template")
        task.agent = text(section, "agent")
        task.dependsOn = section.strings("depends_on") ?? []
        task.priority = section.integer("priority", in: -1_000_000...1_000_000) ?? 0
        task.responsible = text(section, "responsible")
        task.phases = section.strings("phases") ?? []
        task.tags = section.strings("tags") ?? []
        task.stages = section.strings("stages") ?? []
        task.mustBeMerged = section.bool("merged") ?? false
        task.isDecided = section.bool("decide") ?? true
        return branch == nil ? nil : task
    }

    private func text(_ section: MappingDecoder, _ key: String) -> String? {
        section.string(key).flatMap { $0.isEmpty ? nil : $0 }
    }

    /// Reports what cannot be planned where it stands in the file.
    private func check(
        _ tasks: [PlannedTask], _ places: [(branch: SourcePosition, dependencies: [SourcePosition])]
    ) {
        var seen: Set<String> = []
        let branches = tasks.map(\.branch)
        var isGood = true
        for (task, place) in zip(tasks, places) {
            if !seen.insert(task.branch).inserted {
                report(.twice(branch: task.branch), at: place.branch)
                isGood = false
            }
            for (name, position) in zip(task.dependsOn, place.dependencies) where !branches.contains(name) {
                let near = didYouMean(name, among: branches.filter { $0 != task.branch })
                report(.unknown(branch: name, of: task.branch, nearest: near), at: position)
                isGood = false
            }
        }
        guard isGood else { return }
        do throws(TaskGraphError) {
            _ = try TaskGraph(tasks)
        } catch {
            guard case .cycle(let way) = error, let first = way.first, way.count > 1,
                let place = branches.firstIndex(of: first),
                let number = tasks[place].dependsOn.firstIndex(of: way[1])
            else { return }
            report(error, at: places[place].dependencies[number])
        }
    }

    private func report(_ error: TaskGraphError, at position: SourcePosition) {
        problems.error(error, at: position)
    }
}
