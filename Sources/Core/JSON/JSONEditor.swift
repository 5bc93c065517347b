/// Adds to a JSON text and takes from it, and leaves every other byte as it is.
public struct JSONEditor: Sendable {
    public private(set) var bytes: [UInt8]
    public private(set) var outline: JSONOutline
    /// One step of indentation, as the text has it; empty for a text in one line.
    let unit: String
    let newline: String

    public init(_ bytes: [UInt8]) throws(JSONError) {
        self.bytes = bytes
        outline = try JSONOutline.read(bytes)
        newline = bytes.contains(0x0d) ? "\r\n" : "\n"
        let inside = bytes[outline.range]
        let isOneLine = !inside.contains(0x0a) && !outline.parts.isEmpty
        let first = outline.parts.first.map { Self.indentation(bytes, at: $0.lowerBound) }
        unit = isOneLine ? "" : first.flatMap { $0.isEmpty ? nil : $0 } ?? "  "
    }

    /// Replaces one part of the text.
    public mutating func replace(_ range: Range<Int>, with text: String) throws(JSONError) {
        bytes.replaceSubrange(range, with: Array(text.utf8))
        outline = try JSONOutline.read(bytes)
    }

    /// Puts `value` behind the last element of a list, or `key: value` behind the last member of an object.
    public mutating func append(_ value: JSONValue, key: String? = nil, to container: JSONOutline)
        throws(JSONError)
    {
        let outer = Self.indentation(bytes, at: container.range.lowerBound)
        let inner = container.parts.first.map { Self.indentation(bytes, at: $0.lowerBound) } ?? outer + unit
        let isSpread =
            !unit.isEmpty && (container.parts.isEmpty || isOnOwnLine(container.parts[0].lowerBound))
        var text = written(value, indentation: isSpread ? inner : nil)
        if let key { text = JSONValue.string(key).serialized() + (unit.isEmpty ? ":" : ": ") + text }
        guard let last = container.parts.last else {
            return try appendFirst(text, to: container, isSpread ? (inner, outer) : nil)
        }
        let afterBlanks = JSONOutline.blanksEnd(bytes, from: last.upperBound)
        let hasComma = bytes[afterBlanks] == UInt8(ascii: ",")
        let end = hasComma ? afterBlanks + 1 : last.upperBound
        let place = endOfLine(from: end)
        let separator = isSpread ? newline + inner : unit.isEmpty ? "" : " "
        bytes.insert(contentsOf: Array((separator + text).utf8), at: place)
        if !hasComma { bytes.insert(UInt8(ascii: ","), at: last.upperBound) }
        outline = try JSONOutline.read(bytes)
    }

    /// Takes the element or member at `index` away with one comma; comments stay.
    public mutating func remove(_ index: Int, of container: JSONOutline) throws(JSONError) {
        let parts = container.parts
        let part = parts[index]
        if index > 0 {
            let before = parts[index - 1].upperBound
            let comma = JSONOutline.blanksEnd(bytes, from: before)
            let start = startOfBlanks(before: part.lowerBound, after: comma + 1)
            bytes.removeSubrange(start..<part.upperBound)
            bytes.remove(at: comma)
        } else {
            var end = part.upperBound
            if parts.count > 1 {
                end = JSONOutline.blanksEnd(bytes, from: end) + 1
                // Up to the next element, when only white space stands between.
                let next = parts[1].lowerBound
                if bytes[end..<next].allSatisfy({ $0 <= 0x20 }) { end = next }
                bytes.removeSubrange(part.lowerBound..<end)
            } else {
                let after = JSONOutline.blanksEnd(bytes, from: end)
                if bytes[after] == UInt8(ascii: ",") { end = after + 1 }
                let open = container.range.lowerBound + 1
                let close = container.range.upperBound - 1
                let isBare = (bytes[open..<part.lowerBound] + bytes[end..<close]).allSatisfy { $0 <= 0x20 }
                bytes.removeSubrange(isBare ? open..<close : part.lowerBound..<end)
            }
        }
        outline = try JSONOutline.read(bytes)
    }

    private mutating func appendFirst(
        _ text: String, to container: JSONOutline, _ indents: (inner: String, outer: String)?
    ) throws(JSONError) {
        let open = container.range.lowerBound + 1
        var whole = text
        if let indents {
            let rest = bytes[open..<(container.range.upperBound - 1)]
            whole = newline + indents.inner + text + (rest.contains(0x0a) ? "" : newline + indents.outer)
        }
        bytes.insert(contentsOf: Array(whole.utf8), at: open)
        outline = try JSONOutline.read(bytes)
    }

    /// Indented when the text is; `indentation` is that of the value's own line.
    private func written(_ value: JSONValue, indentation: String?) -> String {
        guard let indentation else { return value.serialized() }
        let inner = indentation + unit
        switch value {
        case .object(let object) where !object.isEmpty:
            let members = object.keys.map { key in
                "\(inner)\(JSONValue.string(key).serialized()): \(written(object[key] ?? .null, indentation: inner))"
            }
            return "{\(newline)" + members.joined(separator: ",\(newline)") + "\(newline)\(indentation)}"
        case .array(let elements) where !elements.isEmpty:
            let parts = elements.map { inner + written($0, indentation: inner) }
            return "[\(newline)" + parts.joined(separator: ",\(newline)") + "\(newline)\(indentation)]"
        default: return value.serialized()
        }
    }

    /// White space between the start of the line and the first other byte.
    private static func indentation(_ bytes: [UInt8], at offset: Int) -> String {
        let line = bytes[..<offset].lastIndex(of: 0x0a).map { $0 + 1 } ?? 0
        return String(decoding: bytes[line..<offset].prefix { $0 == 0x20 || $0 == 0x09 }, as: UTF8.self)
    }

    private func isOnOwnLine(_ offset: Int) -> Bool {
        let line = bytes[..<offset].lastIndex(of: 0x0a)
        return line.map { bytes[($0 + 1)..<offset].allSatisfy { $0 == 0x20 || $0 == 0x09 } } ?? false
    }

    /// Behind a comment on the same line, if the line ends there; else `offset`.
    private func endOfLine(from offset: Int) -> Int {
        let end = bytes[offset...].firstIndex(of: 0x0a) ?? bytes.count
        let lineEnd = end > offset && bytes[end - 1] == 0x0d ? end - 1 : end
        let rest = String(decoding: bytes[offset..<lineEnd], as: UTF8.self).trimmed
        let isComment =
            rest.hasPrefix("//")
            || (rest.hasPrefix("/*") && rest.firstRange(of: "*/")?.upperBound == rest.endIndex)
        return isComment ? lineEnd : offset
    }

    private func startOfBlanks(before offset: Int, after floor: Int) -> Int {
        var start = offset
        while start > floor, bytes[start - 1] <= 0x20 { start -= 1 }
        return start
    }
}
