public import ProcessKit
public import Store

extension RecordedProcess {
    public init(_ identity: ProcessIdentity) {
        self.init(pid: identity.pid, startTime: Int64(bitPattern: identity.startTicks))
    }

    public var identity: ProcessIdentity {
        ProcessIdentity(pid: pid, startTicks: UInt64(bitPattern: startTime))
    }
}
