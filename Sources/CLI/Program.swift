internal import ArgumentParser
public import Core
internal import Fleet
internal import ProcessKit
internal import SystemPackage

/// The whole program: parse, run, turn an error into text and an exit status.
public enum Program {
    /// Runs one command line (without the program's name) and returns the exit status.
    public static func run(_ arguments: [String], surroundings: Surroundings) async -> Int32 {
        if let hook = AgentHookCommand.call(arguments) {
            // An agent waits for its hook: whatever is wrong, it ends soon, says nothing and succeeds.
            hook.run(surroundings)
            return ExitStatus.done.rawValue
        }
        let arguments = GlobalOptions.movedBehindCommand(arguments)
        async let opened = opened(arguments, surroundings)
        let command: any ParsableCommand
        do {
            command = try RootCommand.parsed(arguments)
        } catch let error as CLIError {
            return Console(environment: surroundings.environment)
                .render(error: error, json: arguments.contains("--json")).rawValue
        } catch {
            return finish(parsing: error, json: arguments.contains("--json"))
        }
        guard var agentCommand = command as? any AgentCommand else {
            do {
                var other = command
                try other.run()
                return ExitStatus.done.rawValue
            } catch {
                return finish(parsing: error, json: false)
            }
        }
        let global = agentCommand.global
        let console = Console(
            environment: surroundings.environment, color: global.color, isQuiet: global.quiet)
        var chosen = surroundings
        if let directory = global.directory {
            chosen.workingDirectory = surroundings.workingDirectory.pushing(FilePath(directory)).normalized
        }
        do {
            if global.directory != nil, !Files.isFolder(chosen.workingDirectory) {
                throw CLIError.noSuchFolder(chosen.workingDirectory)
            }
            try agentCommand.validate()
            try await agentCommand.run(
                CommandContext(
                    surroundings: chosen, console: console, json: global.json, opened: opened))
            return ExitStatus.done.rawValue
        } catch let code as ExitCode {
            return code.rawValue
        } catch {
            return console.render(error: error, json: global.json).rawValue
        }
    }

    /// The fleet of a ``FleetView``, opened on another core meanwhile.
    ///
    /// Nil where an option could name another place, and for an error, which the command meets again and words.
    private static func opened(_ arguments: [String], _ surroundings: Surroundings) async -> FleetContext? {
        guard let word = arguments.first, RootCommand.command(called: word) is any FleetView.Type,
            arguments.dropFirst().allSatisfy(["--json", "--quiet", "-q"].contains)
        else { return nil }
        return try? await FleetContext.open(surroundings)
    }

    /// Usage errors go to standard error, help to standard output, as ArgumentParser words them.
    private static func finish(parsing error: any Error, json: Bool) -> Int32 {
        let code = RootCommand.exitCode(for: error).rawValue
        if json, code != 0 {
            let message = RootCommand.message(for: error)
            let object: JSONValue = ["error": ["code": "usage", "message": .string(message)]]
            Console.writeAll(2, object.prettyPrinted() + "\n")
            return code
        }
        let text = RootCommand.fullMessage(for: error).visible(keepingNewlines: true)
        if !text.isEmpty { Console.writeAll(code == 0 ? 1 : 2, text + "\n") }
        return code
    }
}
