internal import CVTerm
internal import Core

/// Where a grid stands that libvterm writes into.
///
/// The grid itself is a value, so that what reads and changes it many times for each character is checked for
/// exclusive access once.
final class GridHolder {
    var grid: Grid

    init(_ grid: Grid) { self.grid = grid }
}

/// The C functions through which libvterm's state layer reports to a `Grid`.
enum GridCallbacks {
    // SAFETY: allocated once and never freed, because every libvterm instance keeps the address.
    nonisolated(unsafe) static let table: UnsafePointer<VTermStateCallbacks> = {
        let table = UnsafeMutablePointer<VTermStateCallbacks>.allocate(capacity: 1)
        unsafe table.initialize(
            to: VTermStateCallbacks(
                putglyph: { info, position, user in unsafe putGlyph(info, position, user) },
                movecursor: { position, _, visible, user in
                    unsafe holder(user).grid.moveCursor(row: Int(position.row), column: Int(position.col))
                    return 1
                },
                scrollrect: { area, down, right, user in
                    unsafe holder(user).grid.scroll(
                        rows: rows(area), columns: columns(area), down: Int(down), right: Int(right))
                    return 1
                },
                moverect: { _, _, _ in 0 },
                erase: { area, _, user in
                    unsafe holder(user).grid.erase(rows: rows(area), columns: columns(area))
                    return 1
                },
                initpen: { user in
                    unsafe holder(user).grid.setPen(.plain)
                    return 1
                },
                setpenattr: { attribute, value, user in unsafe setPen(attribute, value, user) },
                settermprop: { property, value, user in unsafe setProperty(property, value, user) },
                bell: { _ in 1 },
                resize: { _, _, _, _ in 1 },
                // Double-width and double-height lines are refused, as tmux does not draw them.
                setlineinfo: { _, _, _, _ in 0 }))
        return unsafe UnsafePointer(table)
    }()

    // SAFETY: the user pointer is the holder of the screen that owns the libvterm instance which calls.
    private static func holder(_ user: UnsafeMutableRawPointer?) -> GridHolder {
        guard let user = unsafe user else { preconditionFailure("libvterm lost its callback data") }
        return unsafe Unmanaged<GridHolder>.fromOpaque(user).takeUnretainedValue()
    }

    private static func rows(_ area: VTermRect) -> Range<Int> {
        Int(area.start_row)..<max(Int(area.start_row), Int(area.end_row))
    }

    private static func columns(_ area: VTermRect) -> Range<Int> {
        Int(area.start_col)..<max(Int(area.start_col), Int(area.end_col))
    }

    /// libvterm passes on values that are no Unicode scalars when the bytes were no UTF-8.
    private static func scalar(_ value: UInt32) -> UInt32 { Unicode.Scalar(value)?.value ?? 0xfffd }

    private static func putGlyph(
        _ info: UnsafeMutablePointer<VTermGlyphInfo>?, _ position: VTermPos, _ user: UnsafeMutableRawPointer?
    ) -> Int32 {
        guard let info = unsafe info?.pointee, let characters = unsafe info.chars else { return 0 }
        unsafe holder(user).grid.put(
            scalar(characters[0]), width: Int(max(info.width, 1)), row: Int(position.row),
            column: Int(position.col))
        return 1
    }

    private static func setPen(
        _ attribute: VTermAttr, _ value: UnsafeMutablePointer<VTermValue>?, _ user: UnsafeMutableRawPointer?
    ) -> Int32 {
        guard let value = unsafe value?.pointee else { return 0 }
        let holder = unsafe holder(user)
        var style = holder.grid.pen
        func set(_ one: TerminalStyle.Attributes, _ isOn: Bool) {
            if isOn { style.attributes.insert(one) } else { style.attributes.remove(one) }
        }
        switch attribute {
        case VTERM_ATTR_BOLD: set(.bold, unsafe value.boolean != 0)
        case VTERM_ATTR_UNDERLINE: set(.underline, unsafe value.number != 0)
        case VTERM_ATTR_ITALIC: set(.italic, unsafe value.boolean != 0)
        case VTERM_ATTR_BLINK: set(.blink, unsafe value.boolean != 0)
        case VTERM_ATTR_REVERSE: set(.reverse, unsafe value.boolean != 0)
        case VTERM_ATTR_STRIKE: set(.strike, unsafe value.boolean != 0)
        case VTERM_ATTR_FOREGROUND: style.foreground = unsafe color(value.color)
        case VTERM_ATTR_BACKGROUND: style.background = unsafe color(value.color)
        default: return 1
        }
        holder.grid.setPen(style)
        return 1
    }

    private static func color(_ color: VTermColor) -> TerminalColor {
        let type = unsafe color.type
        if type & UInt8(VTERM_COLOR_DEFAULT_MASK.rawValue) != 0 { return .standard }
        if type & UInt8(VTERM_COLOR_TYPE_MASK.rawValue) == UInt8(VTERM_COLOR_INDEXED.rawValue) {
            return .indexed(unsafe color.indexed.idx)
        }
        return unsafe .rgb(red: color.rgb.red, green: color.rgb.green, blue: color.rgb.blue)
    }

    private static func setProperty(
        _ property: VTermProp, _ value: UnsafeMutablePointer<VTermValue>?, _ user: UnsafeMutableRawPointer?
    ) -> Int32 {
        guard let value = unsafe value?.pointee else { return 0 }
        let holder = unsafe holder(user)
        switch property {
        case VTERM_PROP_CURSORVISIBLE: holder.grid.isCursorVisible = unsafe value.boolean != 0
        case VTERM_PROP_ALTSCREEN: holder.grid.showAlternate(unsafe value.boolean != 0)
        default: break
        }
        return 1
    }
}
