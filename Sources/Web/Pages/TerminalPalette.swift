internal import TerminalKit

/// The colours of panes as classes, because the pages allow no inline styles.
///
/// `f0` to `f255` colour the text, `b0` to `b255` the ground: xterm's palette, whose first 16 colours the style sheet of
/// the pages sets to its own. Other colours become the nearest of the palette.
enum TerminalPalette {
    static var styleSheet: String {
        var text = ""
        for number in 16...255 {
            let (red, green, blue) = color(number)
            let hex = [red, green, blue].map { String($0 >> 4, radix: 16) + String($0 & 15, radix: 16) }
                .joined()
            text += ".f\(number){color:#\(hex)}.b\(number){background:#\(hex)}\n"
        }
        return text
    }

    /// The number in the palette that is nearest to a colour; nil for the standard one.
    static func number(of color: TerminalColor) -> Int? {
        switch color {
        case .standard: nil
        case .indexed(let number): Int(number)
        case .rgb(let red, let green, let blue): nearest(Int(red), Int(green), Int(blue))
        }
    }

    private static let levels = [0, 95, 135, 175, 215, 255]

    /// 16 to 231 are a cube of six levels, the rest 24 greys.
    private static func color(_ number: Int) -> (Int, Int, Int) {
        if number >= 232 {
            let grey = 8 + 10 * (number - 232)
            return (grey, grey, grey)
        }
        let place = number - 16
        return (levels[place / 36], levels[place / 6 % 6], levels[place % 6])
    }

    private static func nearest(_ red: Int, _ green: Int, _ blue: Int) -> Int {
        func level(_ value: Int) -> Int { value < 48 ? 0 : value < 115 ? 1 : (value - 35) / 40 }
        func distance(_ other: (Int, Int, Int)) -> Int {
            let (r, g, b) = (red - other.0, green - other.1, blue - other.2)
            return r * r + g * g + b * b
        }
        let cube = 16 + 36 * level(red) + 6 * level(green) + level(blue)
        let mean = (red + green + blue) / 3
        let grey = mean > 238 ? 255 : 232 + max(0, (mean - 3) / 10)
        return distance(color(grey)) < distance(color(cube)) ? grey : cube
    }
}
