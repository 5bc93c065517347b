import Core
import Testing

@testable import TerminalKit
@testable import Web

struct PaneLineTests {
    /// The first row of a screen that was fed `text`.
    func row(_ text: String, columns: Int = 80) -> String {
        let screen = TerminalScreen(size: TerminalSize(columns: columns, rows: 4))
        screen.feed(Array(text.utf8))
        return PaneLine.html(screen.cells(row: 0))
    }

    @Test func coloursAreClasses() {
        #expect(row("a \u{1b}[1;31mred\u{1b}[0m b") == "a <span class=\"f1 tb\">red</span> b")
        #expect(row("\u{1b}[48;5;200mx\u{1b}[0m") == "<span class=\"b200\">x</span>")
        #expect(row("\u{1b}[38;2;255;0;0mx") == "<span class=\"f196\">x</span>")
        #expect(row("\u{1b}[38;2;128;128;128mx") == "<span class=\"f244\">x</span>")
        #expect(row("\u{1b}[7mx\u{1b}[0m") == "<span class=\"fr br\">x</span>")
        #expect(row("\u{1b}[7;32mx\u{1b}[0m") == "<span class=\"fr b2\">x</span>")
    }

    @Test func markupIsText() {
        #expect(row("<b>&\"'</b>") == "&lt;b&gt;&amp;&quot;&#39;&lt;/b&gt;")
    }

    @Test func whatTurnsTextAroundIsShown() {
        let html = row("a\u{202e}b\u{2066}c")
        #expect(!html.unicodeScalars.contains { $0.value == 0x202e || $0.value == 0x2066 })
        #expect(row("שלום abc").hasPrefix("<bdi>"))
    }

    @Test func endlessRowsAreCut() {
        let run = StyledRun(text: String(repeating: "x", count: 5000), columns: 5000, style: .plain)
        let html = PaneLine.html([run, run])
        #expect(html.count < 2200 && html.hasSuffix("<span class=\"cut\">…</span>"))
    }

    @Test func emptyEndsAreNothing() {
        #expect(row("") == "")
        #expect(row("a   ") == "a")
        #expect(row("\u{1b}[44ma  \u{1b}[0m").contains("a  "))
    }

    @Test func paletteHasEveryColour() {
        let sheet = TerminalPalette.styleSheet
        for number in 16...255 { #expect(sheet.contains(".f\(number){color:#")) }
        #expect(sheet.contains(".f196{color:#ff0000}") && sheet.contains(".b232{background:#080808}"))
    }

    @Test func everyColourHasANearOne() {
        for number in 16...255 {
            let line = TerminalPalette.styleSheet.split(separator: "\n")[number - 16]
            let hex = line.dropFirst(
                line.firstIndex(of: "#").map { line.distance(from: line.startIndex, to: $0) + 1 } ?? 0
            )
            .prefix(6)
            guard let value = Int(hex, radix: 16) else { continue }
            let found = TerminalPalette.number(
                of: .rgb(red: UInt8(value >> 16), green: UInt8(value >> 8 & 255), blue: UInt8(value & 255)))
            // The corners of the grey ramp stand in the cube, too.
            let same = found.map {
                TerminalPalette.styleSheet.split(separator: "\n")[$0 - 16].contains("#\(hex)}")
            }
            #expect(same == true, "\(number)")
        }
    }
}
