internal import Core
internal import ProcessKit
internal import SystemPackage

/// What the numbers were measured on.
enum Machine {
    static func describe(_ workshop: Workshop) async throws -> String {
        let processor = try Files.readText("/proc/cpuinfo")?.split(separator: "\n")
        let model = processor?.first { $0.hasPrefix("model name") }?.split(separator: ":").last ?? " unknown"
        let cores = processor?.count { $0.hasPrefix("processor") } ?? 0
        let system =
            try Files.readText("/etc/os-release")?.split(separator: "\n")
            .first { $0.hasPrefix("PRETTY_NAME=") }?.dropFirst(13).filter { $0 != "\"" } ?? "Linux"
        let git = try await workshop.run("git", ["--version"]).text.filter { !$0.isNewline }
        let tmux = try await workshop.run("tmux", ["-V"]).text.filter { !$0.isNewline }
        let day = workshop.surroundings.now().iso8601.prefix(10)
        return """
            Measured on \(day) on \(cores) cores of\(model), \(system), \(git), \(tmux).
            Load of the machine at the start: \(try load()).\(workshop.isQuick ? " Quick run: few samples, small inputs." : "")

            """
    }

    /// The load averages of the last 1, 5 and 15 minutes.
    static func load() throws -> String {
        (try Files.readText("/proc/loadavg") ?? "?").split(separator: " ").prefix(3).joined(separator: ", ")
    }
}
