import Core
import TerminalKit
import Testing

/// What tmux 3.3a does with sequences that libvterm 0.1.4 does not know, does otherwise, or cannot hold.
struct SequenceTests {
    private func rows(_ text: String, columns: Int = 10, rows: Int = 4) -> [String] {
        let screen = TerminalScreen(size: TerminalSize(columns: columns, rows: rows))
        screen.feed(Array(text.utf8))
        return screen.rows
    }

    @Test(arguments: [14, 15, 16, 17, 100, 4000])
    func anyNumberOfNumbersIsNoHarm(_ count: Int) {
        for final in ["m", "H", "h", "r", "J"] {
            let many = "\u{1b}[" + String(repeating: "1;", count: count) + "1" + final
            #expect(rows("a\u{1b}[2;1H\(many)\u{1b}[1;2Hb\r\n")[0].hasPrefix("ab") || final == "J")
        }
    }

    @Test func aCharacterIsRepeatedOnlyRightBehindItself() {
        #expect(rows("\u{1b}[5bab\u{1b}[3bc\u{1b}[m\u{1b}[2b")[0] == "abbbbc")
        #expect(rows("ab\u{1b}[999b")[0] == "abbbbbbbbb")
    }

    @Test func marksGoOntoTheCharacterLeftOfTheCursor() {
        #expect(rows("e\u{301}x")[0] == "e\u{301}x")
        #expect(rows("\u{301}x")[0] == "x")
        #expect(rows("123456789e\u{301}f") == ["123456789e\u{301}", "f", "", ""])
        #expect(rows("12345678中\u{301}f") == ["12345678中\u{301}", "f", "", ""])
        #expect(rows("👨\u{200d}👩\u{200d}👧x")[0] == "👨\u{200d}👩\u{200d}👧x")
    }

    @Test func bytesThatAreNoTextShowNothing() {
        let screen = TerminalScreen(size: TerminalSize(columns: 20, rows: 2))
        screen.feed([
            0x61, 0xff, 0xc3, 0x28, 0xe4, 0xb8, 0x0d, 0x62, 0x80, 0xc2, 0x85, 0xed, 0xa0, 0x80, 0x63,
        ])
        #expect(screen.rows[0] == "bc")
    }

    @Test func savedCursorsAreThoseOfTmux() {
        #expect(rows("ab\u{1b}[scd\u{1b}[uX")[0] == "abXd")
        // Leaving the alternate screen goes back to where it was entered, whatever was saved there.
        #expect(rows("ab\u{1b}[?1049h\u{1b}[3;3H\u{1b}7\u{1b}[?1049lX")[0] == "abX")
        #expect(rows("ab\u{1b}[?25l\u{1b}7\u{1b}[?25h\u{1b}8X")[0] == "abX")
    }

    @Test func theAlternateScreenIsEmptyEachTime() {
        #expect(rows("\u{1b}[?1049hold\u{1b}[?1049l\u{1b}[?1049h") == ["", "", "", ""])
    }

    @Test func aSavedCursorOutsideAPaneThatShrankComesToItsEdge() {
        let screen = TerminalScreen(size: TerminalSize(columns: 40, rows: 30))
        screen.feed(Array("\u{1b}[30;40H\u{1b}7\u{1b}[H".utf8))
        screen.resize(TerminalSize(columns: 10, rows: 3))
        screen.feed(Array("\u{1b}8x".utf8))
        #expect(screen.rows[2] == "         x")
    }

    @Test func linesAreDrawnAlsoBehindOtherCharacters() {
        #expect(rows("\u{1b}(0q界q\u{1b}(Bq")[0] == "─界─q")
    }

    @Test func titlesNeedNoLuckWithTheCut() {
        let title = String(repeating: "title ", count: 200)
        let whole = TerminalScreen(size: TerminalSize(columns: 10, rows: 2))
        whole.feed(Array("\u{1b}]0;\(title)\u{7}".utf8))
        let pieces = TerminalScreen(size: TerminalSize(columns: 10, rows: 2))
        for byte in Array("\u{1b}]0;\(title)\u{1b}\\".utf8) { pieces.feed([byte]) }
        #expect(whole.title == title)
        #expect(pieces.title == title)
    }

    /// libvterm has a list of its own of characters without width; none of them may reach it.
    @Test func noCharacterDependsOnTheCut() {
        let size = TerminalSize(columns: 200, rows: 2)
        for first in Array(stride(from: 0xa0, to: 0x3400, by: 64))
            + Array(stride(from: 0xa600, to: 0xac00, by: 64))
            + Array(stride(from: 0xfa00, to: 0x1_0400, by: 64))
            + Array(stride(from: 0x1_d000, to: 0x1_d240, by: 64))
        {
            let scalars = (first..<first + 64).compactMap { Unicode.Scalar(UInt32($0)) }
            let (whole, pieces) = (TerminalScreen(size: size), TerminalScreen(size: size))
            let line = scalars.flatMap { Array("a\(Character($0))".utf8) }
            whole.feed(line)
            for scalar in scalars {
                pieces.feed([0x61])
                pieces.feed(Array("\(Character(scalar))".utf8))
            }
            #expect(whole.rows == pieces.rows, "from \(first)")
        }
    }

    @Test(arguments: 1...9)
    func aLineOfWideCharactersIsOneLineHoweverItIsCut(_ piece: Int) {
        let reader = PaneReader(size: TerminalSize(columns: 9, rows: 5), kind: .shell)
        reader.wantsLines = true
        var lines: [String] = []
        var rest = Array("中文字中文字中文字\r\nend\r\n$".utf8)[...]
        while !rest.isEmpty {
            for case .line(let line, _) in reader.feed(Array(rest.prefix(piece))) { lines.append(line) }
            rest = rest.dropFirst(piece)
        }
        for case .line(let line, _) in reader.settle() { lines.append(line) }
        #expect(lines == ["中文字中文字中文字", "end", "$"])
    }
}
