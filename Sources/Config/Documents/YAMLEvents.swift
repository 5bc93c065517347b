internal import CLibYAML

/// A place where libyaml or the composer stopped; line and column count from 0 as libyaml has them.
struct YAMLFault: Error {
    enum Kind: Equatable {
        /// libyaml's words: the problem and what it was doing.
        case syntax(problem: String, context: String?)
        case refused(message: String, suggestion: String)
    }

    let kind: Kind
    let line: Int
    let column: Int
    /// Where the construct began that libyaml was reading.
    var contextLine: Int?
    var contextColumn: Int?
}

struct YAMLEvent {
    enum Kind {
        case streamStart, streamEnd, documentStart, documentEnd, sequenceEnd, mappingEnd
        case alias(String)
        case scalar(YAMLScalar)
        case sequenceStart(anchor: String?, tag: String?)
        case mappingStart(anchor: String?, tag: String?)
    }

    let kind: Kind
    let line: Int
    let column: Int
}

struct YAMLScalar {
    let text: String
    let isPlain: Bool
    let anchor: String?
    let tag: String?
}

/// A libyaml parser with the bytes it reads; both are freed with it.
@safe struct YAMLEvents: ~Copyable {
    // SAFETY: both are allocated here, never escape, and are freed only in deinit.
    @unsafe private let parser: UnsafeMutablePointer<yaml_parser_t>
    @unsafe private let input: UnsafeMutableBufferPointer<UInt8>

    init(_ bytes: [UInt8]) {
        unsafe parser = .allocate(capacity: 1)
        unsafe input = .allocate(capacity: bytes.count)
        _ = unsafe input.initialize(from: bytes)
        guard unsafe yaml_parser_initialize(parser) == 1 else {
            preconditionFailure("libyaml has no memory for a parser")
        }
        unsafe yaml_parser_set_encoding(parser, YAML_UTF8_ENCODING)
        unsafe yaml_parser_set_input_string(parser, input.baseAddress, input.count)
    }

    deinit {
        unsafe yaml_parser_delete(parser)
        unsafe parser.deallocate()
        unsafe input.deallocate()
    }

    mutating func next() throws(YAMLFault) -> YAMLEvent {
        var event = unsafe yaml_event_t()
        guard unsafe yaml_parser_parse(parser, &event) == 1 else { throw fault() }
        defer { unsafe yaml_event_delete(&event) }
        let mark = unsafe event.start_mark
        return YAMLEvent(kind: unsafe Self.kind(of: event), line: mark.line, column: mark.column)
    }

    private func fault() -> YAMLFault {
        let problem = unsafe parser.pointee.problem.map { unsafe String(cString: $0) } ?? "unreadable"
        let context = unsafe parser.pointee.context.map { unsafe String(cString: $0) }
        let mark = unsafe parser.pointee.problem_mark
        let contextMark = unsafe parser.pointee.context_mark
        if unsafe parser.pointee.error == YAML_READER_ERROR {
            // A reader error has no mark, only an offset into the bytes.
            let offset = unsafe min(parser.pointee.problem_offset, input.count)
            let place = unsafe DocumentText.position(after: input[..<offset], file: "")
            return YAMLFault(
                kind: .syntax(problem: problem, context: nil), line: place.line - 1,
                column: place.column - 1)
        }
        return YAMLFault(
            kind: .syntax(problem: problem, context: context), line: mark.line, column: mark.column,
            contextLine: context == nil ? nil : contextMark.line,
            contextColumn: context == nil ? nil : contextMark.column)
    }

    @unsafe private static func kind(of event: yaml_event_t) -> YAMLEvent.Kind {
        switch unsafe event.type {
        case YAML_STREAM_END_EVENT, YAML_NO_EVENT: return .streamEnd
        case YAML_DOCUMENT_START_EVENT: return .documentStart
        case YAML_DOCUMENT_END_EVENT: return .documentEnd
        case YAML_SEQUENCE_END_EVENT: return .sequenceEnd
        case YAML_MAPPING_END_EVENT: return .mappingEnd
        case YAML_ALIAS_EVENT: return .alias(unsafe text(event.data.alias.anchor) ?? "")
        case YAML_SEQUENCE_START_EVENT:
            let start = unsafe event.data.sequence_start
            return unsafe .sequenceStart(anchor: text(start.anchor), tag: text(start.tag))
        case YAML_MAPPING_START_EVENT:
            let start = unsafe event.data.mapping_start
            return unsafe .mappingStart(anchor: text(start.anchor), tag: text(start.tag))
        case YAML_SCALAR_EVENT:
            let scalar = unsafe event.data.scalar
            let bytes = unsafe UnsafeBufferPointer(start: scalar.value, count: scalar.length)
            return unsafe .scalar(
                YAMLScalar(
                    text: String(decoding: bytes, as: UTF8.self),
                    isPlain: scalar.style == YAML_PLAIN_SCALAR_STYLE, anchor: text(scalar.anchor),
                    tag: text(scalar.tag)))
        default: return .streamStart
        }
    }

    @unsafe private static func text(_ characters: UnsafeMutablePointer<yaml_char_t>?) -> String? {
        guard let characters = unsafe characters else { return nil }
        return unsafe String(cString: characters)
    }
}
