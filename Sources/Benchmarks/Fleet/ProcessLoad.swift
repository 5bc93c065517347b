internal import ProcessKit
internal import SystemPackage

/// What a process has used so far, from `/proc`.
struct ProcessLoad: Sendable {
    /// Processor time in seconds, in steps of the kernel's clock tick (10 ms).
    var processorSeconds: Double
    /// Memory that is in RAM now, in MB.
    var residentMegabytes: Double

    init(of pid: Int32) throws {
        let stat = try Files.readText(FilePath("/proc/\(pid)/stat")) ?? ""
        // The second field is the name in brackets, which may hold spaces.
        let fields = stat.split(separator: ")").last?.split(separator: " ") ?? []
        let ticks = fields.count > 12 ? (Double(fields[11]) ?? 0) + (Double(fields[12]) ?? 0) : 0
        processorSeconds = ticks / 100
        let status = try Files.readText(FilePath("/proc/\(pid)/status")) ?? ""
        let line = status.split(separator: "\n").first { $0.hasPrefix("VmRSS:") }
        residentMegabytes = (line?.split(separator: " ").dropFirst().first.flatMap { Double($0) } ?? 0) / 1024
    }
}
