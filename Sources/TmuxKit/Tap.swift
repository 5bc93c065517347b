internal import Core
internal import Glibc
public import ProcessKit
public import SystemPackage

/// Who writes a pane's tap, as far as can be seen.
public enum TapState: Sendable, Equatable {
    /// Nobody reads what the pane prints.
    case none
    case alive(ProcessIdentity)
    /// tmux still shows a pipe, but the process at its end is gone.
    case silent
    /// Piped by somebody else, not by us.
    case foreign
    /// This process has no descriptors left to look with.
    case unknown
}

/// What `armTap` found and did.
public enum TapArming: Sendable, Equatable {
    /// Or it cannot be seen now.
    case wasAlive
    /// Bytes printed while no pipe lived are lost.
    case armed
}

/// The commands that pipe a pane to its file.
enum Tap {
    /// Written by the pipe itself: its line of `/proc/<pid>/stat`, so its pid and start time.
    static func pipeRecord(_ tap: FilePath) -> FilePath { FilePath(tap.string + ".pipe") }
    /// A line per change of size: milliseconds since 1970, bytes in the tap, columns, rows.
    static func sizes(_ tap: FilePath) -> FilePath { FilePath(tap.string + ".sizes") }

    /// `pipe-pane` without `-o`, which would switch an existing pipe off.
    static func pipe(_ tap: FilePath, in target: String) -> [TmuxCommand] {
        let script =
            "umask 077; read -r stat </proc/$$/stat; "
            + "printf '%s\\n' \"$stat\" >\(Command.quoted(pipeRecord(tap).string)); "
            + "exec cat >>\(Command.quoted(tap.string))"
        return [
            ["pipe-pane", "-t", target, TmuxFormat.escape(script, expandsTime: true)],
            ["set-option", "-p", "-t", target, PaneOption.tap, TmuxFormat.name(tap.string)],
        ]
    }

    /// Hooks that note each new size of the agent's pane, also while nobody of ours runs.
    ///
    /// `window-resized` is for the window, `window-layout-changed` also for a split inside it.
    static func sizeHooks(_ tap: FilePath, in target: String) -> [TmuxCommand] {
        // The pane of ours is picked by its option: a person may have split the window.
        let size = "#{P:#{?#{\(PaneOption.tap)},#{pane_width} #{pane_height} ,}}"
        let before = "umask 077; set -- "
        let after =
            "; printf '%s %s %s %s\\n' \"$(date +%s%3N)\" \"$(stat -c %s -- \(Command.quoted(tap.string)))\" "
            + "\"$1\" \"$2\" >>\(Command.quoted(sizes(tap).string))"
        let script =
            TmuxFormat.escape(before, expandsTime: false) + size
            + TmuxFormat.escape(after, expandsTime: false)
        let command = TmuxCommandList([["run-shell", "-b", script]]).line
        return ["window-resized", "window-layout-changed"].map { hook in
            ["set-hook", "-w", "-t", target, hook, command]
        }
    }

    /// The process that was at the end of the pipe when it was armed, if its record can be read.
    static func recordedPipe(_ tap: FilePath) throws(Errno) -> ProcessIdentity? {
        let file: FileDescriptor
        do {
            file = try FileDescriptor.open(pipeRecord(tap), .readOnly, options: .closeOnExec)
        } catch {
            if let error = error as? Errno, error.isShortage { throw error }
            return nil  // none yet
        }
        defer { try? file.close() }  // only read
        let bytes = unsafe [UInt8](unsafeUninitializedCapacity: 4096) { buffer, count in
            count = (try? unsafe file.read(into: UnsafeMutableRawBufferPointer(buffer))) ?? 0  // as if empty
        }
        return ProcessSnapshot(statLine: String(decoding: bytes, as: UTF8.self))?.identity
    }

    /// The living child of the server that writes to `tap`.
    ///
    /// The record is looked at first; when it is missing, the server's children are searched. A process that writes to
    /// a file that was removed or moved away writes for nobody. Throws when descriptors or memory ran out, for then
    /// nothing is seen, which is no sign of death.
    static func writer(of tap: FilePath, server: TmuxServerID) throws(Errno) -> ProcessIdentity? {
        let wanted = canonical(tap)
        if let recorded = try recordedPipe(tap), ProcessTable.isAlive(recorded) {
            let output = ProcessTable.openFile(1, of: recorded.pid)
            // Until the shell has become cat, its output is that of tmux's making, or the record.
            let isStarting = output == "/dev/null" || output == canonical(pipeRecord(tap))
            if output == nil || output == wanted || isStarting { return recorded }
        }
        let table = ProcessTable()
        for pid in table.children(of: server.pid) where ProcessTable.openFile(1, of: pid) == wanted {
            return table.processes[pid]?.identity
        }
        guard table.isWhole else { throw .tooManyOpenFiles }
        return nil
    }

    /// As `tapState`, for a pane whose pipe's process cannot be seen from here.
    static func state(_ pane: PaneSnapshot, isSilent: Bool) -> TapState {
        guard pane.isPiped else { return .none }
        guard pane.tap != nil else { return .foreign }
        return isSilent ? .silent : .alive(ProcessIdentity(pid: 0, startTicks: 0))
    }

    private static func canonical(_ path: FilePath) -> String {
        guard let real = unsafe realpath(path.string, nil) else { return path.string }
        defer { unsafe free(real) }
        return unsafe String(cString: real)
    }
}

extension TmuxServer {
    /// Whether a pane's bytes reach its tap.
    public func tapState(_ pane: PaneSnapshot) -> TapState {
        guard pane.isPiped else { return .none }
        guard let tap = pane.tap else { return .foreign }
        do {
            return try Tap.writer(of: tap, server: pane.server).map { .alive($0) } ?? .silent
        } catch {
            return .unknown
        }
    }

    /// Pipes a pane to `tap` unless that is so already.
    ///
    /// A living pipe is never armed anew, which would lose what it holds. Throws `pipedElsewhere` when
    /// somebody else pipes the pane. For a server of another machine the caller says whether the pipe is `silent`.
    public func armTap(_ pane: PaneSnapshot, to tap: FilePath, isSilent: Bool? = nil) async throws(TmuxError)
        -> TapArming
    {
        let arm = Tap.pipe(tap, in: pane.id.description) + [.say("ta-armed")]
        let state = isSilent.map { Tap.state(pane, isSilent: $0) } ?? tapState(pane)
        switch state {
        case .alive where pane.tap == tap: return .wasAlive
        case .unknown: return .wasAlive
        case .alive, .foreign: throw .pipedElsewhere(pane.id)
        case .none, .silent: break
        }
        // Another process may have armed it since the snapshot: only a pipe known to be dead is replaced.
        let commands: [TmuxCommand] =
            state == .silent
            ? arm
            : [.when("#{pane_pipe}", in: pane.id.description, then: [.say("ta-piped")], otherwise: arm)]
        let list = TmuxCommandList([Self.guarded(pane.address, living: false, commands)])
        return try await runGuarded(list, at: pane.address) == "ta-armed" ? .armed : .wasAlive
    }

    /// Ends a pane's pipe if it is ours.
    public func disarmTap(_ address: PaneAddress) async throws(TmuxError) {
        let target = address.pane.description
        let commands: [TmuxCommand] = [
            .when(
                "#{\(PaneOption.tap)}", in: target,
                then: [
                    ["pipe-pane", "-t", target], ["set-option", "-p", "-u", "-t", target, PaneOption.tap],
                ], otherwise: [])
        ]
        _ = try await runGuarded([Self.guarded(address, living: false, commands)], at: address)
    }
}
