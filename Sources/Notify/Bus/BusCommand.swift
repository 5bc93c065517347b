internal import Core
internal import TmuxKit

/// A line of `commands.jsonl`: what is to be typed, and into which agent.
struct BusCommand: Sendable, Equatable {
    enum Content: Sendable, Equatable {
        case text(String, enter: Bool)
        case keys([String])
    }

    var content: Content
    var branch: String?
    var session: String?
    var pane: String?
    var host: String?
    /// A fleet's name or id; nil: any fleet that knows the agent.
    var fleet: String?
    /// Who says so, as they say.
    var sender: String?

    static let mostBytes = 64 << 10
    static let mostKeys = 64

    /// What a line says, or why it cannot be carried out: it names nobody, or nothing to type.
    static func read(_ object: JSONObject) -> Result<BusCommand, BusRefusal> {
        do throws(BusRefusal) {
            return .success(try command(in: object))
        } catch {
            return .failure(error)
        }
    }

    private static func command(in object: JSONObject) throws(BusRefusal) -> BusCommand {
        let branch = try text(object, "branch")
        let session = try text(object, "session")
        let pane = try text(object, "pane_id")
        guard branch != nil || session != nil || pane != nil else { throw .unnamed }
        return BusCommand(
            content: try content(of: object), branch: branch, session: session, pane: pane,
            host: try text(object, "host"), fleet: try text(object, "fleet"),
            sender: try text(object, "sender"))
    }

    private static func content(of object: JSONObject) throws(BusRefusal) -> Content {
        let keys = try keys(object["keys"])
        let given: String?
        switch object["text"] {
        case nil, .null: given = nil
        case .string(let text): given = text
        default: throw .malformed("'text' is no text")
        }
        guard let text = given else {
            guard let keys else { throw .malformed("it has neither 'text' nor 'keys'") }
            return .keys(keys)
        }
        guard keys == nil else { throw .malformed("it has both 'text' and 'keys'") }
        guard text.utf8.count <= mostBytes else { throw .malformed("'text' is longer than 64 KiB") }
        let enter = isTrue(object["enter"])
        guard !text.isEmpty || enter else { throw .malformed("there is nothing to type") }
        return text.isEmpty ? .keys(["Enter"]) : .text(text, enter: enter)
    }

    /// Yes unless the line says no: `"false"` is a no, too.
    private static func isTrue(_ value: JSONValue?) -> Bool {
        switch value {
        case .bool(let value): value
        case .string(let text): !["false", "no", "0"].contains(text.lowercased())
        case .integer(let number): number != 0
        default: true
        }
    }

    private static func text(_ object: JSONObject, _ key: String) throws(BusRefusal) -> String? {
        switch object[key] {
        case nil, .null: return nil
        case .string(let text):
            guard text.utf8.count <= 1000 else { throw .malformed("'\(key)' is too long") }
            return text.isEmpty ? nil : text
        default: throw .malformed("'\(key)' is no text")
        }
    }

    private static func keys(_ value: JSONValue?) throws(BusRefusal) -> [String]? {
        let keys: [String]
        switch value {
        case nil, .null: return nil
        case .string(let text): keys = text.split(separator: " ").map(String.init)
        case .array(let values):
            keys = values.compactMap(\.string)
            guard keys.count == values.count else {
                throw .malformed("'keys' holds something else than texts")
            }
        default: throw .malformed("'keys' is no list of key names")
        }
        guard (1...mostKeys).contains(keys.count), keys.allSatisfy({ $0.utf8.count <= 50 }) else {
            throw .malformed("'keys' takes 1 to \(mostKeys) key names")
        }
        if let unknown = keys.first(where: { !KeyName.isValid($0) }) {
            throw .malformed("tmux has no key named '\(unknown.visible)'")
        }
        return keys
    }
}

/// Why a line of the bus is not acted on; the words of the journal.
enum BusRefusal: Error, Equatable {
    /// It names no branch, session or pane.
    case unnamed
    case malformed(String)
    case notFound(String)
    /// Several names, and no agent has them all.
    case different(String)
    /// Agents of several fleets have the branch.
    case ambiguous(String)
    /// Agents of this fleet on several tmux servers have the pane.
    case sharedPane(String)
    /// `run` watches no pane of these names.
    case noPane(String)
    case severalPanes(String, Int)
    /// It is from too long ago.
    case stale
    /// It may have stood there for long, and does not say from when it is.
    case undated

    var words: String {
        switch self {
        case .unnamed: "it names no branch, session or pane_id"
        case .malformed(let reason): reason
        case .notFound(let name): "no agent of this fleet is called \(name.visible)"
        case .different(let names): "no agent of this fleet has all of these names: \(names.visible)"
        case .ambiguous(let name):
            "agents of several fleets are called \(name.visible): name the 'fleet', too"
        case .sharedPane(let pane):
            "agents on several tmux servers have the pane \(pane.visible): name the 'branch', too"
        case .noPane(let names): "'run' watches no pane that is called \(names.visible)"
        case .severalPanes(let names, let count):
            "'run' watches \(count) panes that are called \(names.visible): name one by 'host' and 'pane_id'"
        case .stale: "it is more than an hour old"
        case .undated: "it stood there before anybody looked, and no 'ts' says from when it is"
        }
    }
}
