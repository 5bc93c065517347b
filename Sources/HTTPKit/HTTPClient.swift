internal import CCurl
internal import Core
internal import ProcessKit
internal import Synchronization

/// Sends requests by libcurl, one after another on a thread of its own.
///
/// Whoever must not wait for another's slow server has a client of its own. Redirects are not followed: a webhook's
/// address is what was configured, and nothing else gets its secrets. Proxies come from the environment, as for curl.
public actor HTTPClient {
    private let executor: BlockingExecutor
    public nonisolated var unownedExecutor: UnownedSerialExecutor {
        unsafe executor.asUnownedSerialExecutor()
    }

    /// The most that is read of an answer.
    public static let responseLimit = 1 << 20

    public init(label: String) { executor = BlockingExecutor(label: "http.\(label)") }

    /// The answer, or why there was none; a cancelled task gives the exchange up within about a second.
    public func send(_ request: HTTPRequest) async throws(HTTPError) -> HTTPResponse {
        let cancellation = Cancellation()
        let result = await withTaskCancellationHandler {
            await exchange(request, cancellation)
        } onCancel: {
            cancellation.isAsked.store(true, ordering: .relaxed)
        }
        return try result.get()
    }

    private func exchange(_ request: HTTPRequest, _ cancellation: Cancellation) async -> Result<
        HTTPResponse, HTTPError
    > {
        do throws(HTTPError) {
            return .success(try perform(request, cancellation))
        } catch {
            return .failure(error)
        }
    }

    private func perform(
        _ request: HTTPRequest, _ cancellation: Cancellation
    ) throws(HTTPError) -> HTTPResponse {
        if let reason = unsafe ccurl_load() { throw .unavailable(reason: unsafe String(cString: reason)) }
        let host = try Self.host(of: request)
        if cancellation.isAsked.load(ordering: .relaxed) { throw .cancelled(host: host) }
        let transfer = try Transfer(cancellation)
        try transfer.prepare(request)
        return try transfer.perform(host: host)
    }

    /// Scheme and host are looked at before anything is sent, so that messages can name the host and hide the rest,
    /// which may be a secret.
    private static func host(of request: HTTPRequest) throws(HTTPError) -> String {
        guard let scheme = ["https://", "http://"].first(where: { request.url.lowercased().hasPrefix($0) })
        else {
            throw .invalidRequest(reason: "an address begins with http:// or https://")
        }
        let rest = request.url.dropFirst(scheme.count).prefix { !"/?#".contains($0) }
        let host = rest.split(separator: "@").last.map(String.init) ?? ""
        guard !host.isEmpty else { throw .invalidRequest(reason: "the address names no host") }
        let texts = [request.method, request.url] + request.headers.flatMap { [$0.name, $0.value] }
        guard
            texts.allSatisfy({ text in text.unicodeScalars.allSatisfy { $0.value >= 0x20 && $0.value != 0x7f }
            })
        else {
            throw .invalidRequest(reason: "a control character in the method, the address or a header")
        }
        return host
    }
}

/// Whether the caller still waits; asked from libcurl's callback, set from wherever the task is cancelled.
private final class Cancellation: Sendable {
    let isAsked = Atomic(false)
}

/// One exchange: the handle, its header list and what came back.
@safe
private final class Transfer {
    // SAFETY: made in init, used on the client's thread only, freed in deinit.
    @unsafe private let handle: UnsafeMutableRawPointer
    @unsafe private var list: UnsafeMutablePointer<curl_slist>?
    private var body: [UInt8] = []
    private var headers: [String: String] = [:]
    private var isTooLarge = false
    private let cancellation: Cancellation

    init(_ cancellation: Cancellation) throws(HTTPError) {
        self.cancellation = cancellation
        guard let handle = unsafe ccurl_easy_init() else {
            throw .unavailable(reason: "no memory for a request")
        }
        unsafe self.handle = handle
    }

    deinit {
        unsafe ccurl_easy_cleanup(handle)
        unsafe ccurl_slist_free(list)
    }

    func prepare(_ request: HTTPRequest) throws(HTTPError) {
        try set(CURLOPT_URL, request.url)
        try set(CURLOPT_CUSTOMREQUEST, request.method)
        // libcurl before 7.85 knows only the older form, a set of bits.
        if unsafe ccurl_set_string(handle, CURLoption(rawValue: 10_318), "http,https") != CURLE_OK {
            try set(CURLoption(rawValue: 181), 3)
        }
        try set(CURLOPT_USERAGENT, "tmux-agent")
        try set(CURLOPT_FOLLOWLOCATION, 0)
        // Signals belong to the whole process.
        try set(CURLOPT_NOSIGNAL, 1)
        try set(CURLOPT_TIMEOUT_MS, Int(max(1, request.timeout.inMilliseconds)))
        if let body = request.body {
            let code = unsafe body.withUnsafeBytes { bytes in
                guard let base = bytes.baseAddress else { return unsafe ccurl_set_body(handle, "", 0) }
                return unsafe ccurl_set_body(handle, base, Int64(bytes.count))
            }
            try check(code)
        } else if request.method == "HEAD" {
            try set(CURLOPT_NOBODY, 1)
        }
        // "Expect: 100-continue" costs a second with servers that do not know it.
        for header in request.headers.map({ "\($0.name): \($0.value)" }) + ["Expect:"] {
            unsafe list = ccurl_slist_append(list, header)
        }
        try check(unsafe ccurl_set_headers(handle, list))
        let context = unsafe Unmanaged.passUnretained(self).toOpaque()
        try check(unsafe ccurl_set_body_sink(handle, Self.takeBody, context))
        try check(unsafe ccurl_set_header_sink(handle, Self.takeHeader, context))
        try check(unsafe ccurl_set_progress(handle, Self.progress, context))
    }

    func perform(host: String) throws(HTTPError) -> HTTPResponse {
        let code = unsafe ccurl_easy_perform(handle)
        if isTooLarge { throw .responseTooLarge(host: host, limit: HTTPClient.responseLimit) }
        if cancellation.isAsked.load(ordering: .relaxed), code != CURLE_OK { throw .cancelled(host: host) }
        switch code {
        case CURLE_OK: break
        case CURLE_OPERATION_TIMEDOUT: throw .timedOut(host: host)
        default:
            throw .failed(
                host: host, code: code.rawValue, reason: unsafe String(cString: ccurl_easy_strerror(code)))
        }
        var status = 0
        try check(unsafe ccurl_get_long(handle, CURLINFO_RESPONSE_CODE, &status))
        return HTTPResponse(status: status, headers: headers, body: body)
    }

    private func set(_ option: CURLoption, _ value: String) throws(HTTPError) {
        try check(unsafe ccurl_set_string(handle, option, value))
    }

    private func set(_ option: CURLoption, _ value: Int) throws(HTTPError) {
        try check(unsafe ccurl_set_long(handle, option, value))
    }

    private func check(_ code: CURLcode) throws(HTTPError) {
        guard code != CURLE_OK else { return }
        throw .invalidRequest(reason: unsafe String(cString: ccurl_easy_strerror(code)))
    }

    private static let takeBody: ccurl_sink = { bytes, size, count, context in
        unsafe take(bytes, size * count, context) { transfer, part in
            guard transfer.body.count + part.count <= HTTPClient.responseLimit else {
                transfer.isTooLarge = true
                return false
            }
            transfer.body += part
            return true
        }
    }

    private static let takeHeader: ccurl_sink = { bytes, size, count, context in
        unsafe take(bytes, size * count, context) { transfer, part in
            let line = String(decoding: part, as: UTF8.self)
            // A status line begins the headers of another answer (100-continue, a proxy's).
            if line.hasPrefix("HTTP/") { transfer.headers = [:] }
            let parts = line.split(separator: ":", maxSplits: 1)
            guard parts.count == 2, transfer.headers.count < 200 else { return true }
            let value = parts[1].drop { $0.isWhitespace }
            transfer.headers[parts[0].lowercased()] = String(
                value.reversed().drop { $0.isWhitespace }.reversed())
            return true
        }
    }

    private static let progress: ccurl_progress = { context, _, _, _, _ in
        guard let context = unsafe context else { return 0 }
        let transfer = unsafe Unmanaged<Transfer>.fromOpaque(context).takeUnretainedValue()
        return transfer.cancellation.isAsked.load(ordering: .relaxed) ? 1 : 0
    }

    private static func take(
        _ bytes: UnsafeMutablePointer<CChar>, _ length: Int, _ context: UnsafeMutableRawPointer?,
        _ body: (Transfer, [UInt8]) -> Bool
    ) -> Int {
        guard let context = unsafe context else { return 0 }
        let transfer = unsafe Unmanaged<Transfer>.fromOpaque(context).takeUnretainedValue()
        let part = unsafe Array(UnsafeRawBufferPointer(start: bytes, count: length))
        return body(transfer, part) ? length : 0
    }
}
