internal import Fleet
internal import Glibc
internal import ProcessKit
internal import SystemPackage

/// The file that a daemon's outputs go to when `up` has started it.
struct DaemonLog {
    let file: FilePath
    /// Bytes after which a new file is begun; the old one becomes `daemon.log.1`, in place of the one before.
    var longest: Int64 = 8 << 20

    init(_ context: FleetContext) { file = context.run.appending("daemon.log") }

    init(file: FilePath, longest: Int64) { (self.file, self.longest) = (file, longest) }

    /// Begins a new file when this one is long; those of `outputs` that go to it go to the new one from then on.
    ///
    /// Nothing that is written meanwhile is lost: it stands in the old file or in the new one.
    func bound(_ outputs: [FileDescriptor] = []) throws {
        guard let size = Files.size(file), size > longest else { return }
        let identity = Files.identity(file)
        guard unsafe rename(file.string, file.string + ".1") == 0 else { throw Errno(rawValue: errno) }
        let turned = outputs.filter { Files.identity(ofOpen: $0) == identity }
        guard !turned.isEmpty else { return }
        let new = try FileDescriptor.open(
            file, .writeOnly, options: [.create, .append, .closeOnExec], permissions: .ownerReadWrite)
        try new.closeAfter {
            for output in turned { _ = try new.duplicate(as: output) }
        }
    }

    /// True when one of `outputs` goes to this file.
    func takes(_ outputs: [FileDescriptor]) -> Bool {
        guard let identity = Files.identity(file) else { return false }
        return outputs.contains { Files.identity(ofOpen: $0) == identity }
    }
}
