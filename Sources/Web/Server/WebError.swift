public import Core
internal import HTTPTypes
public import SystemPackage

/// Why a request was not answered, or a server could not start.
public enum WebError: Error, Equatable {
    public enum Reason: Sendable { case reading, changes }

    case loginNeeded(Reason)
    case wrongToken
    case tooManyTries(Duration)
    /// The request comes from a page that is not ours.
    case foreignPage
    /// `Host` names somebody else.
    case unknownHost(String)
    case noSuchPage(String)
    case methodNotAllowed(String, allowed: [String])
    case tooLarge(limit: Int)
    case unusableBody(reason: String)
    case unusableParameter(name: String, reason: String)
    case noSuchPane(String)
    /// The pane's agent is not the one that the sender meant.
    case otherAgent(pane: String, expected: String, found: String)
    /// Both names are in one order, and mean different agents or somebody unknown.
    case differentNames(String, String)
    /// The sender's id of an order was used before, for another one.
    case otherOrder(id: String)
    /// Agents on several tmux servers have a pane of this id.
    case sharedPane(String)
    /// The pane or session is no agent's of this fleet.
    case foreignSession(String)
    /// Nobody types into panes while `run` does not run.
    case notWatched(command: String)
    /// `run` could not type into a pane, or did not begin with it in time.
    case notTyped(pane: String, reason: String)
    case tooManyClients(limit: Int)
    /// The token of a command line, which is shorter than ``AccessToken/fewestBytes``.
    case tokenTooShort
    case tokenUnusable(FilePath, reason: String)
    case tokenNeeded(host: String)
    case addressTaken(host: String, port: Int)
    case cannotListen(host: String, port: Int, reason: String)
}

extension WebError: UserFacingError {
    public var code: String {
        switch self {
        case .loginNeeded: "login_needed"
        case .wrongToken: "wrong_token"
        case .tooManyTries: "too_many_tries"
        case .foreignPage: "foreign_page"
        case .unknownHost: "unknown_host"
        case .noSuchPage: "no_such_page"
        case .methodNotAllowed: "method_not_allowed"
        case .tooLarge: "too_large"
        case .unusableBody: "unusable_body"
        case .unusableParameter: "unusable_parameter"
        case .noSuchPane: "no_such_pane"
        case .otherAgent: "other_agent"
        case .differentNames: "different_names"
        case .otherOrder: "other_order"
        case .sharedPane: "shared_pane"
        case .foreignSession: "foreign_session"
        case .notWatched: "not_watched"
        case .notTyped: "not_submitted"
        case .tooManyClients: "too_many_clients"
        case .tokenTooShort: "token_too_short"
        case .tokenUnusable: "token_unusable"
        case .tokenNeeded: "token_needed"
        case .addressTaken: "address_taken"
        case .cannotListen: "cannot_listen"
        }
    }

    public var message: String {
        switch self {
        case .loginNeeded(.reading): "This needs a login"
        case .loginNeeded(.changes): "A change needs a login"
        case .wrongToken: "The token is not the one of this server"
        case .tooManyTries(let pause):
            "Too many wrong tokens: the next is looked at in \(pause.rounded) s"
        case .foreignPage: "The request comes from another page than ours"
        case .unknownHost(let host): "This server is not called '\(host.visible)'"
        case .noSuchPage(let path): "Nothing is at \(path.visible)"
        case .methodNotAllowed(let method, _): "\(method.visible) cannot be used here"
        case .tooLarge(let limit): "The request is larger than \(limit) bytes"
        case .unusableBody(let reason): "The request's body cannot be used: \(reason)"
        case .unusableParameter(let name, let reason): "'\(name.visible)' cannot be used: \(reason)"
        case .noSuchPane(let pane): "No agent of this fleet has the pane '\(pane.visible)'"
        case .otherAgent(let pane, let expected, let found):
            "Pane \(pane.visible) belongs to the agent '\(found.visible)', not to '\(expected.visible)'"
        case .differentNames(let one, let other):
            "'\(one.visible)' and '\(other.visible)' do not mean one agent of this fleet"
        case .otherOrder(let id): "The id '\(id.visible)' belongs to another order"
        case .sharedPane(let pane): "Agents on several tmux servers have a pane '\(pane.visible)'"
        case .foreignSession(let name): "'\(name.visible)' is no agent of this fleet"
        case .notWatched: "Nobody types into these panes: 'run' does not run"
        case .notTyped(let pane, let reason): "It was not typed into '\(pane.visible)': \(reason.visible)"
        case .tooManyClients(let limit): "\(limit) clients follow this server already"
        case .tokenTooShort: "The token has less than \(AccessToken.fewestBytes) bytes, and could be guessed"
        case .tokenUnusable(let path, let reason): "The token in \(path) cannot be used: \(reason)"
        case .tokenNeeded(let host): "\(host.visible) can be reached from other machines and needs a token"
        case .addressTaken(let host, let port):
            "Port \(port) of \(host.visible) is taken by another program"
        case .cannotListen(let host, let port, let reason):
            "Cannot listen on \(host.visible), port \(port): \(reason)"
        }
    }

    public var hint: String? {
        switch self {
        case .loginNeeded:
            "Log in, or send the token: Authorization: Bearer <token>; 'tmux-agent dashboard --print' shows both"
        case .wrongToken: "'tmux-agent dashboard --print' shows the address with the token"
        case .tooManyTries: "Wait, then use the right token"
        case .foreignPage: "Use the page of this server, or send the token in a header"
        case .unknownHost: "Name the public address as public_url under [dashboard] in fleet.toml"
        case .noSuchPage: "docs/api/openapi.json of tmux-agent lists every address"
        case .methodNotAllowed(_, let allowed): "Use \(allowed.joined(separator: " or "))"
        case .tooLarge: "Send it in smaller parts"
        case .unusableBody: "Send one JSON object as docs/api/openapi.json of tmux-agent describes it"
        case .unusableParameter: nil
        case .noSuchPane: "GET /api/panes lists the panes"
        case .otherAgent: "Look at the page again: the pane changed hands"
        case .differentNames: "Name the agent once"
        case .otherOrder: "Give each order an id of its own"
        case .sharedPane: "Name the agent by its id or its branch"
        case .foreignSession: "GET /api/sessions lists the agents"
        case .notWatched(let command): "Start it: \(command.visible)"
        case .notTyped: "Look at the pane, and send it again"
        case .tooManyClients: "Close a page that is not needed"
        case .tokenTooShort: "Make one: openssl rand -hex 16"
        case .tokenUnusable(let path, _):
            "Put a line of at least \(AccessToken.fewestBytes) bytes into it and close it with: chmod 600 \(path)"
        case .tokenNeeded:
            "Name a file with one as token_file under [dashboard] in fleet.toml, or use --token"
        case .addressTaken: "Name another port, or 0 for a free one"
        case .cannotListen:
            "Name an address of this machine: --host, host under [dashboard] in fleet.toml, or metrics_host in orchestrator.toml"
        }
    }

    public var exitStatus: ExitStatus {
        switch self {
        case .tokenUnusable, .tokenNeeded, .cannotListen: .unusableSettings
        case .loginNeeded, .wrongToken, .tooManyTries, .foreignPage, .foreignSession: .refused
        case .unusableBody, .unusableParameter, .tokenTooShort: .usage
        default: .notAchieved
        }
    }

    /// The status of the answer.
    var status: HTTPTypes.HTTPResponse.Status {
        switch self {
        case .loginNeeded, .wrongToken: .unauthorized
        case .tooManyTries: .tooManyRequests
        case .foreignPage, .foreignSession: .forbidden
        case .unknownHost: .misdirectedRequest
        case .noSuchPage, .noSuchPane: .notFound
        case .methodNotAllowed: .methodNotAllowed
        case .tooLarge: .contentTooLarge
        case .unusableBody, .unusableParameter, .differentNames: .badRequest
        case .otherAgent, .otherOrder, .sharedPane, .notWatched, .notTyped: .conflict
        case .tooManyClients: .serviceUnavailable
        case .tokenTooShort, .tokenUnusable, .tokenNeeded, .addressTaken, .cannotListen: .internalServerError
        }
    }
}

extension Duration {
    /// Whole seconds, rounded up.
    var rounded: Int64 { (inMilliseconds + 999) / 1000 }
}
