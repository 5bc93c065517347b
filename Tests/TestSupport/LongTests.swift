internal import Glibc

/// The switch for the long forms of tests: `LONG_TESTS=1`.
public enum LongTests {
    public static let isOn = getenv("LONG_TESTS").map { String(cString: $0) } == "1"

    /// How many times the daemon is killed in the long form: `LONG_KILLS`, else 1,000.
    public static let kills = getenv("LONG_KILLS").flatMap { Int(String(cString: $0)) } ?? 1000

    /// One of two sizes, by the switch.
    public static func choose<Value>(_ short: Value, long: Value) -> Value { isOn ? long : short }
}
