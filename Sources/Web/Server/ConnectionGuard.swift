internal import HTTPTypes
internal import NIOCore
internal import NIOHTTPTypes

/// Closes connections of clients that send too slowly, take too slowly, or stay when the server ends.
///
/// Hummingbird's own limit is one for connections without a request; a byte of the body now and then would keep one
/// for ever.
final class ConnectionGuard: ChannelDuplexHandler, RemovableChannelHandler {
    typealias InboundIn = HTTPRequestPart
    typealias InboundOut = HTTPRequestPart
    typealias OutboundIn = HTTPResponsePart
    typealias OutboundOut = HTTPResponsePart

    private let limits: WebLimits
    /// Runs while something is awaited of the client's request.
    private var requestTimer: Scheduled<Void>?
    /// Runs while the client does not take what is there for it.
    private var stallTimer: Scheduled<Void>?
    private var endTimer: Scheduled<Void>?
    private var isLastAnswer = false

    init(limits: WebLimits) { self.limits = limits }

    func handlerAdded(context: ChannelHandlerContext) {
        if context.channel.isActive { requestTimer = close(context, after: limits.firstHead) }
    }

    func channelActive(context: ChannelHandlerContext) {
        requestTimer?.cancel()
        requestTimer = close(context, after: limits.firstHead)
        context.fireChannelActive()
    }

    func channelInactive(context: ChannelHandlerContext) {
        cancelAll()
        context.fireChannelInactive()
    }

    func handlerRemoved(context: ChannelHandlerContext) { cancelAll() }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch unwrapInboundIn(data) {
        case .head:
            requestTimer?.cancel()
            requestTimer = close(context, after: limits.request)
        case .end:
            requestTimer?.cancel()
            requestTimer = nil
        case .body: break
        }
        context.fireChannelRead(data)
    }

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        switch unwrapOutboundIn(data) {
        case .head(let head) where head.status.kind != .informational:
            isLastAnswer = head.headerFields[.connection] == "close"
        case .end where isLastAnswer:
            context.writeAndFlush(data, promise: promise)
            // The client may still send; it gets the answer and the end, and a little time to see them.
            context.close(mode: .output, promise: nil)
            endTimer = endTimer ?? close(context, after: limits.farewell)
            return
        default: break
        }
        context.write(data, promise: promise)
    }

    func channelWritabilityChanged(context: ChannelHandlerContext) {
        stallTimer?.cancel()
        stallTimer = context.channel.isWritable ? nil : close(context, after: limits.stall)
        context.fireChannelWritabilityChanged()
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if event is ChannelShouldQuiesceEvent {
            endTimer = endTimer ?? close(context, after: limits.farewell)
        }
        context.fireUserInboundEventTriggered(event)
    }

    private func close(_ context: ChannelHandlerContext, after limit: Duration) -> Scheduled<Void> {
        context.eventLoop.assumeIsolated().scheduleTask(in: TimeAmount(limit)) { context.close(promise: nil) }
    }

    private func cancelAll() {
        for timer in [requestTimer, stallTimer, endTimer] { timer?.cancel() }
        (requestTimer, stallTimer, endTimer) = (nil, nil, nil)
    }
}
