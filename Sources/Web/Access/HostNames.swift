/// Names under which a server may be asked: any other is an attack by a name that was pointed here (DNS rebinding).
struct HostNames: Sendable {
    private let names: Set<String>

    static let loopback: Set<String> = ["127.0.0.1", "localhost", "::1"]

    /// `bound`: the address that the server listens on; `publicURL`: what the world calls it.
    init(bound: String, publicURL: String?) {
        var names = Self.loopback
        names.insert(Self.name(in: bound) ?? bound.lowercased())
        if let publicURL, let host = Self.host(of: publicURL) { names.insert(host) }
        self.names = names
    }

    /// Whether a `Host` header names us.
    func contain(_ header: String) -> Bool { Self.name(in: header).map(names.contains) ?? false }

    /// The name in `name`, `name:port`, `[v6]` or `[v6]:port`, in lower case; nil for anything else.
    static func name(in header: String) -> String? {
        let text = header.lowercased()
        if text.hasPrefix("[") {
            let parts = text.dropFirst().split(
                separator: "]", maxSplits: 1, omittingEmptySubsequences: false)
            guard parts.count == 2, parts[1].isEmpty || isPort(parts[1]), !parts[0].isEmpty else {
                return nil
            }
            return String(parts[0])
        }
        let parts = text.split(separator: ":", omittingEmptySubsequences: false)
        switch parts.count {
        case 1 where !text.isEmpty: return text
        case 2 where !parts[0].isEmpty && isPort(":\(parts[1])"): return String(parts[0])
        default: return nil
        }
    }

    private static func isPort(_ text: some StringProtocol) -> Bool {
        text.first == ":" && (1...5).contains(text.dropFirst().utf8.count)
            && text.dropFirst().utf8.allSatisfy { (48..<58).contains($0) }
    }

    /// The name of the host in an `http` or `https` address.
    static func host(of url: String) -> String? {
        guard let authority = authority(of: url) else { return nil }
        return name(in: authority)
    }

    /// `host:port` of an address, without the scheme and the path; nil for what is no address.
    static func authority(of url: String) -> String? {
        for scheme in ["https://", "http://"] where url.lowercased().hasPrefix(scheme) {
            return String(url.dropFirst(scheme.count).prefix { !"/?#".contains($0) })
        }
        return nil
    }
}
