/// A moment in the byte stream at which a screen may be looked at.
enum Boundary: Equatable {
    /// A line feed is next.
    case lineFeed
    /// This sequence is next: what it does has not happened yet.
    case before(ControlSequence)
    /// This sequence has just been done.
    case after(ControlSequence)
    /// Much text came without any other boundary.
    case pause

    /// Synchronised output ends, the cursor appears, or it is placed: a program has painted.
    static func endsFrame(_ control: ControlSequence) -> Bool {
        guard control.isCSI else { return false }
        if control.leader == UInt8(ascii: "?") {
            return control.final == UInt8(ascii: "l") && control.parameters.contains(2026)
                || control.final == UInt8(ascii: "h") && control.parameters.contains(25)
        }
        return control.leader == 0 && control.final == UInt8(ascii: "H")
            && control.parameter(0, default: 1) > 1
    }
}
