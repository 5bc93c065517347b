public import Core
internal import Glibc
public import SystemPackage

/// One process for good: a pid is used again, a pid with its start time is not.
public struct ProcessIdentity: Hashable, Sendable, Codable {
    public let pid: Int32
    /// Clock ticks after boot at which it started (field 22 of `/proc/<pid>/stat`).
    public let startTicks: UInt64

    public init(pid: Int32, startTicks: UInt64) {
        self.pid = pid
        self.startTicks = startTicks
    }
}

/// What the kernel says of a process at one moment.
public struct ProcessSnapshot: Sendable, Hashable {
    public let identity: ProcessIdentity
    public let parent: Int32
    public let group: Int32
    public let session: Int32
    /// The foreground process group of its terminal; -1 without one.
    public let foregroundGroup: Int32
    /// The kernel's letter: `R` runs, `S` and `D` sleep, `T` is stopped, `Z` has ended.
    public let state: Character
    /// At most 15 bytes; programs may change it (`tmux: server`).
    public let name: String

    public var pid: Int32 { identity.pid }
    public var isZombie: Bool { state == "Z" || state == "X" }

    /// Parses a line of `/proc/<pid>/stat`; nil when it is damaged.
    ///
    /// The name stands in parentheses and may itself hold parentheses, spaces and newlines.
    public init?(statLine line: String) {
        let (bytes, space) = (line.utf8, UInt8(ascii: " "))
        guard let open = bytes.firstIndex(of: UInt8(ascii: "(")),
            let close = bytes.lastIndex(of: UInt8(ascii: ")")), open < close,
            let pid = bytes[..<open].split(separator: space).first.flatMap({ Int32(Substring($0)) })
        else { return nil }
        let fields = bytes[bytes.index(after: close)...].split(separator: space, maxSplits: 20)
            .map { Substring($0) }
        guard fields.count > 19, let state = fields[0].first, let parent = Int32(fields[1]),
            let group = Int32(fields[2]), let session = Int32(fields[3]), let foreground = Int32(fields[5]),
            let start = UInt64(fields[19])
        else { return nil }
        identity = ProcessIdentity(pid: pid, startTicks: start)
        self.parent = parent
        self.group = group
        self.session = session
        self.foregroundGroup = foreground
        self.state = state
        self.name = String(line[line.index(after: open)..<close])
    }
}

/// All processes of this machine at one moment, read from `/proc`.
public struct ProcessTable: Sendable {
    public let processes: [Int32: ProcessSnapshot]
    /// False when descriptors or memory ran out: a process that is missing here may live.
    public let isWhole: Bool
    private let children: [Int32: [Int32]]

    /// Reads `/proc` now; processes that end meanwhile are left out.
    public init() {
        let names = Self.entries(of: "/proc")
        var isWhole = !names.isEmpty
        var list: [ProcessSnapshot] = []
        for pid in names.compactMap({ Int32($0) }) {
            do {
                if let process = try Self.look(at: pid) { list.append(process) }
            } catch {
                isWhole = false
            }
        }
        self.init(list, isWhole: isWhole)
    }

    /// A table of given processes.
    public init(_ list: [ProcessSnapshot]) { self.init(list, isWhole: true) }

    private init(_ list: [ProcessSnapshot], isWhole: Bool) {
        self.isWhole = isWhole
        processes = Dictionary(list.map { ($0.pid, $0) }) { first, _ in first }
        children = Dictionary(grouping: list.map(\.pid)) { [processes] in processes[$0]?.parent ?? 0 }
    }

    /// Direct children, in order of their pids.
    public func children(of pid: Int32) -> [Int32] { (children[pid] ?? []).sorted() }

    /// All processes beneath `pid`, parents before their children, without `pid`.
    ///
    /// A process for which `skipping` holds is left out together with all beneath it.
    public func descendants(of pid: Int32, skipping: (ProcessSnapshot) -> Bool = { _ in false })
        -> [ProcessSnapshot]
    {
        var found: [ProcessSnapshot] = []
        var waiting = children(of: pid)
        var seen: Set<Int32> = [pid]
        while !waiting.isEmpty {
            let next = waiting.removeFirst()
            guard seen.insert(next).inserted, let process = processes[next], !skipping(process) else {
                continue
            }
            found.append(process)
            waiting += children(of: next)
        }
        return found
    }

    /// The parents of `pid` up to the first process, nearest first.
    public func ancestors(of pid: Int32) -> [Int32] {
        var found: [Int32] = []
        var current = processes[pid]?.parent ?? 0
        while current > 0, !found.contains(current) {
            found.append(current)
            current = processes[current]?.parent ?? 0
        }
        return found
    }
}

extension ProcessTable {
    /// The process that has this pid now; nil when there is none.
    public static func process(_ pid: Int32) -> ProcessSnapshot? {
        try? look(at: pid)  // what cannot be seen is none
    }

    /// Whether exactly this process still runs; a zombie has ended.
    ///
    /// Where descriptors ran out a process of this pid is taken for it: nobody is declared dead for want of a look.
    public static func isAlive(_ identity: ProcessIdentity) -> Bool {
        do {
            guard let now = try look(at: identity.pid) else { return false }
            return now.identity == identity && !now.isZombie
        } catch {
            return kill(identity.pid, 0) == 0 || errno == EPERM
        }
    }

    /// As `process`; throws when descriptors or memory ran out.
    private static func look(at pid: Int32) throws(Errno) -> ProcessSnapshot? {
        guard let line = try bytes(of: "/proc/\(pid)/stat", isOneRead: true) else { return nil }
        return ProcessSnapshot(statLine: String(decoding: line, as: UTF8.self))
    }

    /// The children of a process's first thread; nil when it is gone, and on kernels that do not say
    /// (`CONFIG_PROC_CHILDREN`).
    public static func childrenNow(of pid: Int32) -> [Int32]? {
        read("/proc/\(pid)/task/\(pid)/children").map { bytes in
            String(decoding: bytes, as: UTF8.self).split(separator: " ").compactMap { Int32($0) }
        }
    }

    /// The file that a process executes, without the mark of a replaced file; nil for kernel threads and
    /// foreign users.
    public static func executable(of pid: Int32) -> String? {
        guard let target = link("/proc/\(pid)/exe") else { return nil }
        return target.hasSuffix(" (deleted)") ? String(target.dropLast(10)) : target
    }

    /// What a descriptor of a process leads to (a path, `pipe:[…]`, …); nil when closed or not readable.
    public static func openFile(_ descriptor: Int32, of pid: Int32) -> String? {
        link("/proc/\(pid)/fd/\(descriptor)")
    }

    /// The folder that a process works in; nil when it may not be seen.
    public static func workingFolder(of pid: Int32) -> FilePath? {
        link("/proc/\(pid)/cwd").map { FilePath($0) }
    }

    /// The environment that a process was started with; nil when it may not be read.
    public static func environment(of pid: Int32) -> [String: String]? {
        guard let bytes = read("/proc/\(pid)/environ") else { return nil }
        var environment: [String: String] = [:]
        for entry in bytes.split(separator: 0) {
            guard let cut = entry.firstIndex(of: UInt8(ascii: "=")) else { continue }
            let name = String(decoding: entry[..<cut], as: UTF8.self)
            environment[name] = String(decoding: entry[(cut + 1)...], as: UTF8.self)
        }
        return environment
    }

    /// The words that a process was started with; nil when it has ended or is a zombie.
    public static func commandLine(of pid: Int32) -> [String]? {
        guard let bytes = read("/proc/\(pid)/cmdline"), !bytes.isEmpty else { return nil }
        let words = bytes.split(separator: 0, omittingEmptySubsequences: false)
        return words.dropLast(bytes.last == 0 ? 1 : 0).map { String(decoding: $0, as: UTF8.self) }
    }

    /// Whether a process was started with `name=value` in its environment.
    public static func carries(_ name: String, _ value: String, pid: Int32) -> Bool {
        guard let bytes = read("/proc/\(pid)/environ") else { return false }
        let wanted = Array("\(name)=\(value)".utf8)
        return bytes.split(separator: 0).contains { $0.elementsEqual(wanted) }
    }

    /// Clock ticks per second of `startTicks`.
    public static var ticksPerSecond: UInt64 { UInt64(max(1, sysconf(Int32(_SC_CLK_TCK)))) }

    /// Clock ticks from boot until now.
    public static func ticksNow() -> UInt64 {
        var time = timespec()
        unsafe clock_gettime(CLOCK_BOOTTIME, &time)
        let rate = ticksPerSecond
        return UInt64(time.tv_sec) * rate + UInt64(time.tv_nsec) * rate / 1_000_000_000
    }

    /// Clock ticks after boot of a moment not long ago, for comparison with `startTicks`.
    ///
    /// `now` is the same moment as the call. Good to some hundredths of a second unless the clock was set meanwhile.
    public static func ticks(at moment: Timestamp, now: Timestamp) -> UInt64 {
        let ago = max(0, now.distance(from: moment).inMilliseconds)
        let ticksAgo = UInt64(ago) * ticksPerSecond / 1000
        let current = ticksNow()
        return current > ticksAgo ? current - ticksAgo : 0
    }

    private static func link(_ path: String) -> String? {
        var buffer = [UInt8](repeating: 0, count: 4096)
        let count = unsafe buffer.withUnsafeMutableBytes { raw in
            guard let start = raw.baseAddress else { return 0 }
            return unsafe readlink(path, start.assumingMemoryBound(to: CChar.self), raw.count)
        }
        return count > 0 ? String(decoding: buffer[..<count], as: UTF8.self) : nil
    }

    private static func read(_ path: String) -> [UInt8]? {
        try? bytes(of: path, isOneRead: false)  // what cannot be seen is none
    }

    /// Nil for a process that has ended or is another user's; throws when descriptors or memory ran out.
    private static func bytes(of path: String, isOneRead: Bool) throws(Errno) -> [UInt8]? {
        let file: FileDescriptor
        do {
            file = try FileDescriptor.open(FilePath(path), .readOnly, options: .closeOnExec)
        } catch {
            if let error = error as? Errno, error.isShortage { throw error }
            return nil
        }
        defer { try? file.close() }  // nothing was written
        var bytes: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 4096)
        while true {
            let count = unsafe chunk.withUnsafeMutableBytes { raw in
                (try? unsafe file.read(into: raw)) ?? -1  // the process ended while it was read
            }
            guard count > 0 else { return count < 0 ? nil : bytes }
            bytes += chunk[..<count]
            if isOneRead { return bytes }
        }
    }

    private static func entries(of folder: String) -> [String] {
        guard let stream = unsafe opendir(folder) else { return [] }
        defer { unsafe closedir(stream) }
        var names: [String] = []
        while let entry = unsafe readdir(stream) {
            let name = unsafe withUnsafePointer(to: &entry.pointee.d_name) { pointer in
                unsafe String(cString: UnsafeRawPointer(pointer).assumingMemoryBound(to: CChar.self))
            }
            names.append(name)
        }
        return names
    }
}

extension Errno {
    /// Descriptors or memory ran out: this says nothing of the file that was to be opened.
    public var isShortage: Bool {
        [.tooManyOpenFiles, .tooManyOpenFilesInSystem, .noMemory].contains(self)
    }
}
