public import Core
internal import Glibc
internal import ProcessKit
public import SystemPackage

/// Where a bus lies: `<file>.jsonl`, what was rotated as `<file>.jsonl.<generation>`, and how far readers are in `offsets/`.
public struct BusFolder: Sendable, Hashable {
    public let path: FilePath

    public init(_ path: FilePath) { self.path = path }

    func live(_ file: BusFile) -> FilePath { path.appending(file.name) }

    func rotated(_ file: BusFile, _ generation: Int) -> FilePath {
        path.appending("\(file.name).\(generation)")
    }

    /// Numbers of the rotated files, the oldest first.
    func generations(of file: BusFile) -> [Int] {
        let prefix = file.name + "."
        return Files.names(in: path).compactMap { name in
            guard name.hasPrefix(prefix), let number = Int(name.dropFirst(prefix.count)), number > 0,
                name == "\(prefix)\(number)"
            else { return nil }
            return number
        }.sorted()
    }

    /// The generation of the file that is written to.
    func liveGeneration(of file: BusFile) -> Int { (generations(of: file).last ?? 0) + 1 }

    /// Makes the folder, open to its owner only.
    public func make() throws { try Files.makeFolder(path, mode: 0o700) }

    var offsets: FilePath { path.appending("offsets") }

    func offset(of reader: String, in file: BusFile) -> FilePath {
        offsets.appending("\(file.rawValue).\(PercentEncoding.encode(reader))")
    }
}

/// Why the bus cannot be used.
public enum BusError: Error, Equatable {
    /// Another process has held the file's lock for seconds: it is stopped, perhaps.
    case locked(FilePath)
    case unusable(FilePath, reason: String)
}

extension BusError: UserFacingError {
    public var code: String {
        switch self {
        case .locked: "bus_locked"
        case .unusable: "bus_unusable"
        }
    }

    public var message: String {
        switch self {
        case .locked(let path): "\(path) is locked by another process"
        case .unusable(let path, let reason): "Could not use \(path): \(reason)"
        }
    }

    public var hint: String? {
        switch self {
        case .locked: "Look for a stopped process that has it open ('fuser')"
        case .unusable: "Make the folder yours and writable, or name another as 'bus_dir'"
        }
    }

    public var exitStatus: ExitStatus {
        switch self {
        case .locked: .unavailable
        case .unusable: .unusableSettings
        }
    }
}
