internal import Core
internal import Logging
internal import Notify
internal import ProcessKit
internal import ServiceLifecycle
internal import SystemPackage

/// Reads what others write to the local bus and acts on it.
struct BusService: Service {
    let folder: BusFolder
    let desk: BusDesk
    /// Under what name the offsets are kept.
    let reader: String
    /// Ends when what is written may be looked at; nil: at once.
    var begins: AsyncStream<Void>?
    let wakeHands: @Sendable () -> Void
    let now: @Sendable () -> Timestamp
    let log: Logger

    /// A look in any case: a folder that was removed and made anew is not watched any more.
    private static let longestPause = Duration.seconds(30)

    func run() async throws {
        if let begins { for await _ in begins.cancelOnGracefulShutdown() {} }
        let events = FileEvents()
        let box = BusReading()
        var trouble: String?
        // What stands there now may have stood there for long.
        var unread: Set<BusFile> = [.commands, .confirmations]
        events.wake()
        for await _ in events.wakes.cancelOnGracefulShutdown() {
            do {
                try folder.make()
                try events.watch(folder.path)
                let changes = events.takeChanges()
                let isLook =
                    changes.isEmpty || changes.contains { $0.folder != folder.path || $0.name == nil }
                for file in [BusFile.commands, .confirmations]
                where isLook || changes.contains(where: { $0.name?.hasPrefix(file.name) == true }) {
                    try await take(file, box, mayBeOld: unread.contains(file))
                    unread.remove(file)
                }
                if trouble != nil { log.notice("bus: works again") }
                trouble = nil
            } catch {
                let reason = (error as? any UserFacingError)?.message ?? "\(error)"
                if trouble != reason { log.error("bus: \(reason)") }
                trouble = reason
            }
            events.setAlarm(after: trouble == nil ? Self.longestPause : .seconds(1))
        }
    }

    /// Takes the answers that were written since the last time; orders need somebody who goes on watching.
    func takeConfirmations() async {
        do {
            try folder.make()
            try await take(.confirmations, BusReading(), mayBeOld: true)
        } catch {
            log.error("bus: \((error as? any UserFacingError)?.message ?? "\(error)")")
        }
    }

    private func take(_ file: BusFile, _ box: BusReading, mayBeOld: Bool) async throws {
        let reader = BusReader(folder, file, name: reader)
        let known = try await box.position(reader)
        var position = known ?? reader.beginning()
        while !Task.isCancelled {
            let batch = try await box.read(reader, from: position)
            if batch.isGap { log.warning("bus: \(file.name): lines were removed before they were read") }
            if batch.isCut {
                log.notice("bus: \(file.name) was emptied or removed: it is read from its beginning")
            }
            if batch.skipped > 0 {
                log.warning("bus: \(file.name): \(batch.skipped) broken or too long lines were skipped")
            }
            for line in batch.lines { try await take(line, file, mayBeOld: mayBeOld) }
            guard batch.end != position || known == nil else { return }
            try await box.commit(reader, batch.end)
            guard batch.end != position else { return }
            position = batch.end
        }
    }

    private func take(_ line: BusLine, _ file: BusFile, mayBeOld: Bool) async throws {
        let deed =
            file == .commands
            ? try await desk.takeCommand(line, mayBeOld: mayBeOld, at: now())
            : try await desk.takeConfirmation(line, at: now())
        switch deed {
        case .ordered(let name):
            log.info("bus: \(line.id.visible) is typed into \(name.visible)")
            wakeHands()
        case .answered(let approval): log.info("approval \(approval) was answered by the bus")
        case .refused(let reason): log.warning("bus: \(file.name): \(line.id.visible): \(reason)")
        case .known:
            log.notice(
                "bus: \(file.name): \(line.id.visible) was taken before; give each line an 'id' of its own")
        case .none: break
        }
    }
}

extension BusService: CustomStringConvertible {
    var description: String { "BusService" }
}

/// Keeps the blocking calls of readers off the pool.
actor BusReading {
    private let executor = BlockingExecutor(label: "bus")
    nonisolated var unownedExecutor: UnownedSerialExecutor { unsafe executor.asUnownedSerialExecutor() }

    func position(_ reader: BusReader) throws -> BusPosition? { try reader.position() }
    func read(_ reader: BusReader, from position: BusPosition) throws -> BusReader.Batch {
        try reader.read(from: position)
    }
    func commit(_ reader: BusReader, _ position: BusPosition) throws { try reader.commit(position) }
}
