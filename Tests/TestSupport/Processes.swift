internal import Glibc

/// Ends a process that the test started; false when there was none.
public func endProcess(_ pid: Int32) -> Bool { kill(pid, SIGKILL) == 0 }

extension String {
    /// Without one newline at the end.
    public var trimmingSuffixNewline: String { hasSuffix("\n") ? String(dropLast()) : self }
}
