/// Tasks with what they depend on: known branches, no circle.
public struct TaskGraph: Sendable, Equatable {
    /// In the order in which they were written.
    public let tasks: [PlannedTask]
    private let places: [String: Int]
    private let following: [[Int]]

    init() {
        tasks = []
        places = [:]
        following = []
    }

    /// Throws the first mistake: a branch that is there twice, a dependency that is none of the tasks, or a circle.
    public init(_ tasks: [PlannedTask]) throws(TaskGraphError) {
        var places: [String: Int] = [:]
        for (place, task) in tasks.enumerated() {
            guard places.updateValue(place, forKey: task.branch) == nil else {
                throw .twice(branch: task.branch)
            }
        }
        var following = [[Int]](repeating: [], count: tasks.count)
        for (place, task) in tasks.enumerated() {
            for name in task.dependsOn {
                guard let dependency = places[name] else {
                    throw .unknown(
                        branch: name, of: task.branch,
                        nearest: didYouMean(
                            name, among: tasks.map(\.branch).filter { $0 != task.branch }))
                }
                following[dependency].append(place)
            }
        }
        self.tasks = tasks
        self.places = places
        self.following = following
        if let cycle = self.cycle { throw .cycle(cycle) }
    }

    public subscript(branch: String) -> PlannedTask? { places[branch].map { tasks[$0] } }

    /// The tasks that name `branch` as a dependency.
    public func dependents(of branch: String) -> [String] {
        places[branch].map { following[$0].map { tasks[$0].branch } } ?? []
    }

    /// Every branch behind those that it depends on.
    public var inOrder: [String] { order.map { tasks[$0].branch } }

    /// How many tasks stand before each on its longest way: 0 for those without dependencies.
    public var levels: [String: Int] {
        var levels: [String: Int] = [:]
        for place in order {
            let task = tasks[place]
            levels[task.branch] = (task.dependsOn.compactMap { levels[$0] }.max() ?? -1) + 1
        }
        return levels
    }

    /// Every task behind those that it depends on (Kahn); shorter than `tasks` where there is a circle.
    private var order: [Int] {
        var missing = tasks.map { Set($0.dependsOn).count }
        var order = tasks.indices.filter { missing[$0] == 0 }
        var next = 0
        while next < order.count {
            for place in Set(following[order[next]]).sorted() {
                missing[place] -= 1
                if missing[place] == 0 { order.append(place) }
            }
            next += 1
        }
        return order
    }

    /// A circle as the way around it, its first branch again at the end; nil when there is none.
    private var cycle: [String]? {
        let free = Set(order)
        guard let start = tasks.indices.first(where: { !free.contains($0) }) else { return nil }
        // Whoever is left has a dependency that is left too: following them must come back to a branch seen before.
        var way: [Int] = []
        var place = start
        while !way.contains(place) {
            way.append(place)
            let next = tasks[place].dependsOn.compactMap { places[$0] }.first { !free.contains($0) }
            guard let next else { return nil }
            place = next
        }
        return (way.drop { $0 != place } + [place]).map { tasks[$0].branch }
    }
}

/// Why tasks cannot be planned.
public enum TaskGraphError: Error, Equatable {
    case twice(branch: String)
    case unknown(branch: String, of: String, nearest: String?)
    /// Each branch depends on the next; the last is the first.
    case cycle([String])
}

extension TaskGraphError: UserFacingError {
    public var code: String {
        switch self {
        case .twice: "task_twice"
        case .unknown: "task_dependency_unknown"
        case .cycle: "task_cycle"
        }
    }

    public var message: String {
        switch self {
        case .twice(let branch): "There are two tasks for the branch '\(branch.visible)'"
        case .unknown(let branch, let task, _):
            "'\(task.visible)' depends on '\(branch.visible)', which is the branch of no task"
        case .cycle(let way):
            "tasks depend on one another in a circle: \(way.map(\.visible).joined(separator: " -> "))"
        }
    }

    public var hint: String? {
        switch self {
        case .twice: "Give each task a branch of its own"
        case .unknown(_, _, let nearest):
            nearest.map { "Did you mean '\($0)'?" } ?? "Name the branch of another task"
        case .cycle: "Take one of these dependencies out"
        }
    }

    public var exitStatus: ExitStatus { .unusableSettings }
}
