internal import Core
internal import Fleet
internal import Glibc
internal import ProcessKit
public import SystemPackage

/// Where a server listens; the daemon's own are written to the fleet's folder below `run/`.
public struct WebAddress: Sendable, Equatable {
    public var page: WebServer.Page
    public var host: String
    public var port: Int

    static let inUse = EADDRINUSE

    public init(page: WebServer.Page, host: String, port: Int) {
        self.page = page
        self.host = host
        self.port = port
    }

    /// What a browser on this machine opens.
    public var url: String {
        let everywhere = ["0.0.0.0", "::", "[::]"].contains(host)
        let name = everywhere ? "127.0.0.1" : host
        return "http://\(name.contains(":") && !name.hasPrefix("[") ? "[\(name)]" : name):\(port)"
    }

    /// With the token in the fragment, which browsers do not send: the page logs in with it and forgets it.
    public func url(token: String) -> String { "\(url)/#token=\(token)" }

    /// Writes it down for `up`, `status` and `doctor`; `run` is the fleet's folder below `run/`.
    public func write(run: FilePath, processID: Int32) throws {
        let object: JSONValue = [
            "pid": .integer(Int64(processID)), "host": .string(host), "port": .integer(Int64(port)),
            "url": .string(url),
        ]
        try Files.write(
            object.serialized(sorted: true) + "\n", to: Self.file(page, run),
            mode: FilePermissions(rawValue: 0o600))
    }

    public static func forget(_ page: WebServer.Page, run: FilePath) throws {
        try Files.remove(file(page, run))
    }

    /// Where the server of a process listens; nil when it listens nowhere.
    public static func find(_ page: WebServer.Page, run: FilePath, processID: Int32) -> WebAddress? {
        // A damaged file is none: it is written anew at the next start.
        guard let text = try? Files.readText(file(page, run), limit: 4096),
            let object = try? JSONValue.parse(text), object["pid"]?.integer == Int64(processID),
            let host = object["host"]?.string, let port = object["port"]?.integer
        else { return nil }
        return WebAddress(page: page, host: host, port: Int(port))
    }

    private static func file(_ page: WebServer.Page, _ run: FilePath) -> FilePath {
        run.appending("\(page.rawValue).address")
    }
}
