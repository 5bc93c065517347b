internal import CPCRE2

/// Why a regular expression cannot be used.
public enum PatternError: Error, Equatable, Sendable {
    /// `offset` counts UTF-8 bytes of the expression; `reason` is PCRE2's sentence.
    case invalid(expression: String, offset: Int, reason: String)
    case tooLong(bytes: Int, limit: Int)
}

extension PatternError: UserFacingError {
    public var code: String { "invalid_regex" }
    public var exitStatus: ExitStatus { .unusableSettings }

    public var message: String {
        switch self {
        case .invalid(let expression, let offset, let reason):
            "Invalid regular expression '\(expression.visible)': \(reason) at byte \(offset)"
        case .tooLong(let bytes, let limit):
            "A regular expression of \(bytes) bytes is over the limit of \(limit)"
        }
    }

    public var hint: String? { "Expressions are PCRE2, which reads Python's syntax; a literal '(' is '\\('" }
}

/// A regular expression that searches like Python's `re.search`, and always ends.
///
/// Compiled once. Back-tracking is bounded by counts, not by time, so the same text gives the same answer on every
/// machine. The just-in-time compiler stays off: it writes executable memory, keeps its own stack without the heap
/// limit, and the expressions here look at single rows.
public struct Pattern: Sendable {
    /// What a search found.
    public enum Outcome: Sendable, Equatable {
        /// Byte range of the whole match in the text's UTF-8.
        case match(Range<Int>)
        case noMatch
        /// The expression needs more steps on this text than it may have.
        case limitExceeded
    }

    /// How much work one search may do.
    public struct Limits: Sendable, Hashable {
        public var steps: UInt32
        public var depth: UInt32
        public var heapKiB: UInt32

        public init(steps: UInt32 = 200_000, depth: UInt32 = 20_000, heapKiB: UInt32 = 4096) {
            self.steps = steps
            self.depth = depth
            self.heapKiB = heapKiB
        }
    }

    /// The expression as it was written.
    public let expression: String
    private let code: CompiledPattern

    public static let longestExpression = 16 * 1024

    public init(_ expression: String, limits: Limits = .init()) throws(PatternError) {
        self.expression = expression
        code = try CompiledPattern(expression, limits: limits)
    }

    /// The first match anywhere in `text`.
    public func search(_ text: String) -> Outcome {
        var text = text
        return text.withUTF8 { buffer in unsafe code.search(buffer) }
    }

    /// True when `search` finds a match; a search over its limit counts as none.
    public func matches(_ text: String) -> Bool {
        if case .match = search(text) { true } else { false }
    }

    /// The text of a capture group of the first match; nil when there is no match or the group took no part.
    public func capture(_ group: Int, in text: String) -> String? {
        var copy = text
        return copy.withUTF8 { buffer in
            guard let range = unsafe code.captures(buffer, group: group) else { return nil }
            return unsafe String(decoding: buffer[range], as: UTF8.self)
        }
    }
}

extension Pattern: Equatable {
    public static func == (left: Self, right: Self) -> Bool { left.expression == right.expression }
}

extension Pattern: Codable {
    public init(from decoder: any Decoder) throws {
        try self.init(try decoder.singleValueContainer().decode(String.self))
    }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(expression)
    }
}

/// Owns the compiled code and its limits.
// SAFETY: PCRE2 code and match contexts are read-only once set up here, and PCRE2 documents them as shareable between
// threads; each search makes its own match data.
@safe private final class CompiledPattern: @unchecked Sendable {
    private let code: OpaquePointer
    private let context: OpaquePointer

    init(_ expression: String, limits: Pattern.Limits) throws(PatternError) {
        let bytes = Array(expression.utf8)
        guard bytes.count <= Pattern.longestExpression else {
            throw .tooLong(bytes: bytes.count, limit: Pattern.longestExpression)
        }
        var status: Int32 = 0
        var offset = 0
        let options = PCRE2_UTF | PCRE2_UCP | PCRE2_NEVER_BACKSLASH_C
        guard
            let code = unsafe pcre2_compile_8(bytes, bytes.count, options, &status, &offset, nil),
            let context = unsafe pcre2_match_context_create_8(nil)
        else {
            throw .invalid(expression: expression, offset: offset, reason: Self.reason(status))
        }
        unsafe pcre2_set_match_limit_8(context, limits.steps)
        unsafe pcre2_set_depth_limit_8(context, limits.depth)
        unsafe pcre2_set_heap_limit_8(context, limits.heapKiB)
        unsafe self.code = code
        unsafe self.context = context
    }

    deinit {
        unsafe pcre2_match_context_free_8(context)
        unsafe pcre2_code_free_8(code)
    }

    private static func reason(_ status: Int32) -> String {
        var buffer = [UInt8](repeating: 0, count: 256)
        let length = unsafe pcre2_get_error_message_8(status, &buffer, buffer.count)
        return String(decoding: buffer.prefix(max(0, Int(length))), as: UTF8.self)
    }

    func search(_ text: UnsafeBufferPointer<UInt8>) -> Pattern.Outcome {
        guard let data = unsafe pcre2_match_data_create_from_pattern_8(code, nil) else {
            return .limitExceeded
        }
        defer { unsafe pcre2_match_data_free_8(data) }
        let status = unsafe run(text, data)
        if status >= 0 { return unsafe range(0, of: data).map { .match($0) } ?? .noMatch }
        return status == PCRE2_ERROR_NOMATCH ? .noMatch : .limitExceeded
    }

    func captures(_ text: UnsafeBufferPointer<UInt8>, group: Int) -> Range<Int>? {
        guard let data = unsafe pcre2_match_data_create_from_pattern_8(code, nil) else { return nil }
        defer { unsafe pcre2_match_data_free_8(data) }
        guard unsafe run(text, data) >= 0, unsafe group < Int(pcre2_get_ovector_count_8(data)) else {
            return nil
        }
        return unsafe range(group, of: data)
    }

    private func run(_ text: UnsafeBufferPointer<UInt8>, _ data: OpaquePointer) -> Int32 {
        // An empty string may have no address, which PCRE2 refuses even with length 0.
        guard let base = text.baseAddress else {
            var nothing: UInt8 = 0
            return unsafe pcre2_match_8(code, &nothing, 0, 0, PCRE2_NO_UTF_CHECK, data, context)
        }
        return unsafe pcre2_match_8(code, base, text.count, 0, PCRE2_NO_UTF_CHECK, data, context)
    }

    private func range(_ group: Int, of data: OpaquePointer) -> Range<Int>? {
        guard let vector = unsafe pcre2_get_ovector_pointer_8(data) else { return nil }
        let start = unsafe vector[2 * group]
        let end = unsafe vector[2 * group + 1]
        // `\K` may put the start behind the end; an unset group is all ones.
        guard start != Int(bitPattern: UInt.max), start <= end, start >= 0 else { return nil }
        return start..<end
    }
}
