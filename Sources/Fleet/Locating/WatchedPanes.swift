public import Core
internal import ProcessKit
public import SystemPackage

extension [WatchedPane] {
    /// What `run` wrote down last in its folder below `run/`; empty before its first look.
    public static func read(run: FilePath) throws -> [WatchedPane] {
        guard let text = try Files.readText(file(run)), let value = try? JSONValue.parse(text) else {
            // Half a file is none: it is replaced as a whole.
            return []
        }
        return (value["panes"]?.array ?? []).compactMap { object in
            guard let pane = object["pane"]?.string.flatMap(HostPane.init(_:)),
                let session = object["session"]?.string, let window = object["window"]?.string
            else { return nil }
            return WatchedPane(pane: pane, session: session, window: window)
        }
    }

    /// For commands and pages beside `run`.
    public func write(run: FilePath) throws {
        let panes: [JSONValue] = map { one in
            [
                "pane": .string(one.pane.description), "session": .string(one.session),
                "window": .string(one.window),
            ]
        }
        try Files.write(
            JSONValue.object(["panes": .array(panes)]).serialized(sorted: true) + "\n",
            to: Self.file(run), mode: FilePermissions(rawValue: 0o600))
    }

    private static func file(_ run: FilePath) -> FilePath { run.appending("panes.json") }
}
