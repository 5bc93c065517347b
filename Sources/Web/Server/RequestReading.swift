internal import Core
internal import HTTPTypes
internal import Hummingbird
internal import HummingbirdCore
internal import NIOCore

extension Request {
    /// The whole body; throws ``WebError/tooLarge(limit:)`` for a longer one.
    func bytes(upTo limit: Int) async throws -> [UInt8] {
        do {
            return Array(buffer: try await body.collect(upTo: limit))
        } catch is NIOTooManyBytesError {
            throw WebError.tooLarge(limit: limit)
        }
    }

    /// The body as one JSON object.
    func object(upTo limit: Int) async throws -> JSONObject {
        let text = String(decoding: try await bytes(upTo: limit), as: UTF8.self)
        let value: JSONValue
        do {
            value = try JSONValue.parse(text)
        } catch {
            throw WebError.unusableBody(reason: error.message)
        }
        guard let object = value.object else { throw WebError.unusableBody(reason: "it is no JSON object") }
        return object
    }

    /// A value behind the question mark; nil when it is absent.
    func query(_ name: String) -> String? {
        Form(uri.query ?? "")[name]
    }
}

/// What another type than the right one would silently turn off is refused instead.
extension JSONObject {
    /// Nil where it is absent or null.
    func text(_ name: String) throws(WebError) -> String? {
        switch self[name] {
        case nil, .null: return nil
        case .string(let text): return text
        default: throw .unusableBody(reason: "'\(name)' is no text")
        }
    }

    /// Nil where it is absent or null.
    func flag(_ name: String) throws(WebError) -> Bool? {
        switch self[name] {
        case nil, .null: return nil
        case .bool(let flag): return flag
        default: throw .unusableBody(reason: "'\(name)' is neither true nor false")
        }
    }
}

/// `a=1&b=two+words`: a form's body, or what stands behind a question mark.
struct Form: Sendable {
    private var values: [String: String] = [:]

    init(_ text: String) {
        for field in text.split(separator: "&") {
            let pair = field.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            let name = Self.decoded(pair[0])
            // Of several fields with one name the first counts.
            if values[name] == nil { values[name] = pair.count == 2 ? Self.decoded(pair[1]) : "" }
        }
    }

    subscript(name: String) -> String? { values[name] }

    private static func decoded(_ text: Substring) -> String {
        text.replacing("+", with: " ").percentDecoded
    }
}

extension StringProtocol {
    /// With every `%XX` turned into its byte; what is none stays as it is.
    var percentDecoded: String {
        var bytes: [UInt8] = []
        let source = Array(utf8)
        var index = 0
        while index < source.count {
            if source[index] == UInt8(ascii: "%"), index + 2 < source.count,
                source[index + 1] != UInt8(ascii: "+"),
                let byte = UInt8(String(decoding: source[index + 1...index + 2], as: UTF8.self), radix: 16)
            {
                bytes.append(byte)
                index += 3
            } else {
                bytes.append(source[index])
                index += 1
            }
        }
        return String(decoding: bytes, as: UTF8.self)
    }
}
