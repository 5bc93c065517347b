import Core
import Foundation
import TerminalKit
import TestSupport
import Testing

@Suite(.timeLimit(.minutes(2)))
struct RecordingTests {
    @Test func recordingsAreThere() { #expect(Recording.all.count >= 5) }

    @Test(arguments: Recording.all)
    func everyCheckpointShowsWhatTmuxShowed(_ recording: Recording) {
        let reader = PaneReader(size: recording.size, kind: recording.kind)
        var markers = 0
        for checkpoint in recording.checkpoints.sorted(by: { $0.offset < $1.offset }) {
            markers += recording.read(reader, to: checkpoint.offset).markers.count
            let screen = reader.screen
            let place = "\(recording.name) \(checkpoint.name)"
            #expect(markers == checkpoint.markers, "\(place)")
            guard checkpoint.exact else { continue }
            #expect(screen.rows == checkpoint.screen, "\(place)")
            #expect(screen.isAlternate == checkpoint.alternate, "\(place)")
            // tmux takes a graphics probe for a title, and shows the host's name until a program sets one.
            if !checkpoint.title.hasPrefix("Gi="), !screen.title.isEmpty {
                #expect(screen.title == checkpoint.title, "\(place)")
            }
            #expect(!screen.title.hasPrefix("Gi="), "\(place)")
        }
    }

    @Test(arguments: Recording.all)
    func markersComeInOrderWithTheirFields(_ recording: Recording) throws {
        let reader = PaneReader(size: recording.size, kind: recording.kind)
        let markers = recording.read(reader, to: recording.tap.count).markers
        try #require(markers.count == recording.expect.count)
        for (marker, fields) in zip(markers, recording.expect) {
            for (key, value) in fields { #expect(marker[key] == value.json) }
        }
    }

    @Test(arguments: Recording.all)
    func markersDoNotDependOnTheCutOfTheBytes(_ recording: Recording) {
        let whole = recording.read(
            PaneReader(size: recording.size, kind: recording.kind), to: recording.tap.count)
        let single = recording.read(
            PaneReader(size: recording.size, kind: recording.kind), to: recording.tap.count, pieces: { 1 })
        #expect(single == whole)
        var random = SeededGenerator(seed: 7)
        let pieces = recording.read(
            PaneReader(size: recording.size, kind: recording.kind), to: recording.tap.count,
            pieces: { Int.random(in: 1...4000, using: &random) })
        #expect(pieces == whole)
    }

    @Test(arguments: Recording.all)
    func keyframesLoseAndRepeatNothing(_ recording: Recording) throws {
        let reader = PaneReader(size: recording.size, kind: recording.kind)
        var random = SeededGenerator(seed: 11)
        let cuts = (0..<200).map { _ in Int.random(in: 1..<recording.tap.count, using: &random) }.sorted()
        var restored = PaneReader(size: recording.size, kind: recording.kind)
        var restarts = 0
        for cut in cuts {
            let expected = recording.read(reader, to: cut)
            let seen = recording.read(restored, to: cut)
            #expect(seen == expected, "\(recording.name) before \(cut)")
            #expect(restored.screen.rows == reader.screen.rows, "\(recording.name) at \(cut)")
            guard let keyframe = restored.keyframe() else { continue }
            let data = try JSONEncoder().encode(keyframe)
            restored = PaneReader(keyframe: try JSONDecoder().decode(Keyframe.self, from: data))
            restarts += 1
        }
        let rest = recording.read(reader, to: recording.tap.count)
        #expect(recording.read(restored, to: recording.tap.count) == rest)
        #expect(restored.screen.rows == reader.screen.rows)
        #expect(restored.screen.title == reader.screen.title)
        // A cut inside a sequence has no keyframe; most cuts must have one, or nothing was tested.
        #expect(restarts > 50)
    }
}
