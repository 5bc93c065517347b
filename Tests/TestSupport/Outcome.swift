public import SystemPackage

/// What a run of the built program printed and how it ended.
public struct Outcome: Sendable, CustomStringConvertible {
    public var stdout: String
    public var stderr: String
    /// The exit status; 128 + signal as a shell would say it.
    public var status: Int
    /// The folder that `masked` writes as `<folder>`.
    var folder: FilePath

    /// Output, error text and status as one text, paths and ids replaced by words.
    public var description: String {
        var text = mask(stdout)
        if !stderr.isEmpty { text += (text.isEmpty ? "" : "\n") + "[stderr]\n" + mask(stderr) }
        return text + "\n[status \(status)]"
    }

    /// Standard output with paths and ids replaced by words.
    public var masked: String { mask(stdout) }

    private func mask(_ text: String) -> String {
        var text = text.trimmingSuffixNewline
        for (path, word) in [(folder.string, "<folder>"), (projectFolder.string, "<project>")] {
            text = text.replacing(path, with: word)
        }
        text = replace(/(agent|run|ap|approval|fleet)-[0-9a-hj-km-np-tv-z]{13}/, in: text) { "<\($0) id>" }
        text = text.replacing(/(127\.0\.0\.1):[0-9]+/) { "\($0.output.1):<port>" }
        text = text.replacing(/#token=[0-9a-z-]+/, with: "#token=<token>")
        return replace(/(pid) [0-9]+/, in: text) { "\($0) <n>" }
    }

    private func replace(
        _ pattern: Regex<(Substring, Substring)>, in text: String, by word: (Substring) -> String
    ) -> String {
        text.replacing(pattern) { word($0.output.1) }
    }
}

/// The project's own folder, found from where this file lies.
public let projectFolder = FilePath(#filePath).removingLastComponent().removingLastComponent()
    .removingLastComponent()
