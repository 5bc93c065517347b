internal import Hummingbird
internal import HummingbirdCore
internal import NIOCore

/// What a request carries through the router.
struct WebRequestContext: RequestContext {
    var coreContext: CoreRequestContextStorage
    /// Who asks; `unknown` for a connection that is gone already.
    let address: String
    var proof = Access.Proof.none

    init(source: ApplicationRequestContextSource) {
        coreContext = CoreRequestContextStorage(source: source)
        address = source.channel.remoteAddress?.ipAddress ?? "unknown"
    }
}
