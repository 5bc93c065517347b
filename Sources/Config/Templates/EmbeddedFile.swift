internal import CEmbedded

/// Files of the source tree that are built into the binary, so that nothing has to be installed beside it.
public enum EmbeddedFile {
    /// The names below one folder, such as `templates/`, in the order of the table.
    public static func names(below folder: String) -> [String] {
        table.map(\.name).filter { $0.hasPrefix(folder) }
    }

    /// The text of a file by its name in the table; nil when there is none.
    public static func text(named name: String) -> String? {
        table.first { $0.name == name }.map { String(decoding: $0.bytes, as: UTF8.self) }
    }

    private struct Row {
        let name: String
        let bytes: [UInt8]
    }

    private static var table: [Row] {
        var rows: [Row] = []
        while true {
            let file = unsafe embedded_file_at(rows.count)
            guard let name = unsafe file.name, let bytes = unsafe file.bytes else { return rows }
            let buffer = unsafe UnsafeRawBufferPointer(start: bytes, count: file.length)
            rows.append(Row(name: unsafe String(cString: name), bytes: unsafe Array(buffer)))
        }
    }
}

/// The files that `init` writes into `.tmuxagent/`.
public enum StarterFile {
    /// `policy.yaml`: a pipeline that lints, tests and asks for approval.
    public static var policy: String { text("policy.yaml") }
    /// `.gitignore`: the worktrees and logs.
    public static var gitignore: String { text("gitignore") }
    static var fleet: String { text("fleet.toml") }

    private static func text(_ name: String) -> String {
        guard let text = EmbeddedFile.text(named: "starters/\(name)") else {
            preconditionFailure("the starter file \(name) is not in the table of embedded files")
        }
        return text
    }
}
