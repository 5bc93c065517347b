internal import Core
internal import TerminalKit

/// A row of a terminal as HTML.
enum PaneLine {
    /// More of one row is cut, with a note.
    static let longest = 2000

    static func html(_ runs: [StyledRun]) -> String {
        var runs = runs[...]
        // Empty cells at the end are nothing to see.
        while var last = runs.popLast() {
            if last.style.background == .standard, !last.style.attributes.contains(.reverse) {
                while last.text.utf8.last == 0x20 { last.text.removeLast() }
            }
            guard last.text.isEmpty else {
                runs.append(last)
                break
            }
        }
        var html = ""
        var left = longest
        for run in runs {
            guard left > 0 else {
                html += "<span class=\"cut\">…</span>"
                break
            }
            let names = classes(of: run.style)
            let text = shown(run.text, left: &left)
            if names.isEmpty {
                html += text
            } else {
                html += "<span class=\"\(names.joined(separator: " "))\">\(text)</span>"
            }
        }
        return html
    }

    /// Escaped, with pictures of what cannot be seen, and right-to-left text kept in its place.
    private static func shown(_ text: String, left: inout Int) -> String {
        var shown = String.UnicodeScalarView()
        var turns = false
        for scalar in text.unicodeScalars {
            guard left > 0 else { break }
            left -= 1
            shown.append(HTMLText.picture(of: scalar) ?? scalar)
            turns = turns || isRightToLeft(scalar)
        }
        let escaped = HTMLText.escaped(String(shown))
        return turns ? "<bdi>\(escaped)</bdi>" : escaped
    }

    private static func isRightToLeft(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.value {
        case 0x590...0x8ff, 0xfb1d...0xfdff, 0xfe70...0xfeff, 0x10800...0x10fff, 0x1e800...0x1efff: true
        default: false
        }
    }

    private static func classes(of style: TerminalStyle) -> [String] {
        var names: [String] = []
        var (text, ground) = (
            TerminalPalette.number(of: style.foreground), TerminalPalette.number(of: style.background)
        )
        if style.attributes.contains(.reverse) {
            swap(&text, &ground)
            if text == nil { names.append("fr") }
            if ground == nil { names.append("br") }
        }
        if let text { names.append("f\(text)") }
        if let ground { names.append("b\(ground)") }
        if style.attributes.contains(.bold) { names.append("tb") }
        if style.attributes.contains(.italic) { names.append("ti") }
        if style.attributes.contains(.underline) { names.append("tu") }
        if style.attributes.contains(.strike) { names.append("ts") }
        return names
    }
}
