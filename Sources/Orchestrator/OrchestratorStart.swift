internal import Core

/// The state that a record of inputs follows on.
struct OrchestratorStart: Codable {
    var settings: OrchestratorSettings
    /// Nil in records of older programs.
    var rules: RecordedRules?
    var tasks: [PlannedTask]
    var standings: [String: TaskStanding]
    var commands: [QueuedCommand]
    var nextNumber: Int
    var capacity: Capacity?
    /// The record goes on in a new file, and nobody began anew; nil: it does not.
    var isContinued: Bool?

    init(_ machine: OrchestratorMachine, tasks: [PlannedTask]) {
        settings = machine.settings
        rules = RecordedRules(machine.rules)
        self.tasks = tasks
        standings = machine.standings
        commands = machine.commands.values.sorted { $0.number < $1.number }
        nextNumber = machine.nextNumber
        capacity = machine.capacity
    }
}

/// What decisions over time go by, as a record keeps it.
struct RecordedSettings: Codable, Equatable {
    var settings: OrchestratorSettings
    var rules: RecordedRules

    init(_ machine: OrchestratorMachine) {
        settings = machine.settings
        rules = RecordedRules(machine.rules)
    }
}

/// ``CommandRules`` as text.
struct RecordedRules: Codable, Equatable {
    var allow: [String]
    var deny: [String]

    init(_ rules: CommandRules) {
        allow = rules.allow.map(\.expression)
        deny = rules.deny.map(\.expression)
    }

    /// Throws ``PatternError`` when this program cannot read an expression of then.
    var rules: CommandRules {
        get throws {
            CommandRules(allow: try allow.map { try Pattern($0) }, deny: try deny.map { try Pattern($0) })
        }
    }
}
