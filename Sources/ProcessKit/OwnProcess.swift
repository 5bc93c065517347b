internal import Glibc
internal import SystemPackage

/// What the kernel says of this process.
public struct OwnProcess: Sendable, Equatable {
    /// Bytes of memory that are in the machine's memory.
    public var residentBytes: Int64
    /// Seconds of user and system time.
    public var processorSeconds: Double
    public var openFiles: Int
    /// Seconds since 1970.
    public var startedAt: Double

    /// Zero for what `/proc` does not tell.
    public init() {
        let pages = Self.text("/proc/self/statm").split(separator: " ")
        residentBytes = (pages.count > 1 ? Int64(pages[1]) ?? 0 : 0) * Int64(sysconf(Int32(_SC_PAGESIZE)))
        openFiles = Files.names(in: "/proc/self/fd").count
        let ticks = Double(sysconf(Int32(_SC_CLK_TCK)))
        // Behind the name, which may hold spaces: field 3 is the first.
        let line = Self.text("/proc/self/stat")
        let rest = line.lastIndex(of: ")").map { line[line.index(after: $0)...] } ?? ""
        let fields = rest.split(separator: " ")
        func field(_ number: Int) -> Double {
            fields.count > number - 3 ? Double(fields[number - 3]) ?? 0 : 0
        }
        processorSeconds = (field(14) + field(15)) / ticks
        let boot =
            Self.text("/proc/stat").split(separator: "\n").first { $0.hasPrefix("btime ") }
            .flatMap { Double($0.dropFirst(6)) } ?? 0
        startedAt = boot + field(22) / ticks
    }

    /// How many files this process may have open (`ulimit -n`).
    public static var openFileLimit: Int {
        let limit = sysconf(Int32(_SC_OPEN_MAX))
        // -1: there is none.
        return limit < 0 ? .max : limit
    }

    private static func text(_ path: String) -> String {
        // A machine without /proc shows zeros.
        (try? Files.readText(FilePath(path), limit: 1 << 20)) ?? ""
    }
}
