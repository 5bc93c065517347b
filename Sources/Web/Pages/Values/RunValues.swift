internal import Core
internal import Fleet
internal import Store

extension PageValues {
    func runs() -> [[String: Any]] { board.runs.map(run) }

    /// The time that a run's track spans.
    private struct Scale {
        var from: Int64
        var to: Int64
        static let width = 1000.0

        func place(_ time: Int64) -> Double {
            Double(min(max(time, from), to) - from) / Double(max(1, to - from)) * Self.width
        }
    }

    private func run(_ board: BoardRun) -> [String: Any] {
        let run = board.run
        // Open bars grow in steps, so that the fragment of a run that only goes on seldom changes.
        let step: Int64 = 10_000
        let now = (self.board.at.milliseconds / step + 1) * step
        let end = run.endedAt?.milliseconds ?? now
        let scale = Scale(from: run.startedAt.milliseconds, to: max(end, run.startedAt.milliseconds + 1000))
        let length = PageWords.brief(.milliseconds(end - run.startedAt.milliseconds))
        return [
            "element": "run-\(run.id)", "state": run.state.rawValue,
            "subject": board.branch?.visible ?? words["main_checkout"], "pipeline": run.pipeline.visible,
            "glyph": PageWords.glyph(run.state), "word": words.run(run.state),
            "started": PageWords.time(run.startedAt, form: "stamp"),
            "duration": words.filled(run.endedAt == nil ? "runs_for" : "took", ["time": length]),
            "stages": run.stages.indices.map { stage(run.stages[$0], at: $0, of: board, scale) },
        ]
    }

    private func stage(_ stage: StageRun, at index: Int, of board: BoardRun, _ scale: Scale) -> [String: Any]
    {
        let spans = board.spans.filter { $0.stage == stage.name }
        let bars = spans.compactMap { bar($0, isLast: $0 == spans.last, scale) }
        var values: [String: Any] = [
            "name": stage.name.visible, "state": stage.state.rawValue.lowercased(),
            "glyph": PageWords.glyph(stage.state), "bars": bars,
            "label": "\(stage.name.visible): \(words.stage(stage.state))", "time": time(spans, scale),
            "marks": spans.dropFirst().filter { $0.state == .running && $0.attempt > 1 }.map {
                ["x": Self.number(scale.place($0.from.milliseconds))]
            },
        ]
        if stage.attempt > 1 { values["tries"] = "\(stage.attempt)" }
        if board.explanation.indices.contains(index), !board.explanation[index].isEmpty {
            values["why"] = words.clauses(board.explanation[index]).visible
        }
        return values
    }

    private func bar(_ span: StageSpan, isLast: Bool, _ scale: Scale) -> [String: Any]? {
        let isMoment = span.state == .completed || span.state == .failed
        let from = scale.place(span.from.milliseconds)
        let to = scale.place(span.to?.milliseconds ?? scale.to)
        // How it ended is a mark at the end; of the while before it the bar tells.
        let width = isMoment ? 6 : max(to - from, 2)
        let length = (span.to?.milliseconds ?? scale.to) - span.from.milliseconds
        let title =
            isMoment
            ? words.stage(span.state) : "\(words.stage(span.state)) \(PageWords.brief(.milliseconds(length)))"
        return [
            "kind": span.state.rawValue.lowercased(), "x": Self.number(min(from, Scale.width - width)),
            "w": Self.number(width), "title": title,
        ]
    }

    /// How long it ran, all attempts together.
    private func time(_ spans: [StageSpan], _ scale: Scale) -> String {
        let running = spans.filter { $0.state == .running }
        guard !running.isEmpty else { return "" }
        let length = running.reduce(Int64(0)) { sum, span in
            sum + (span.to?.milliseconds ?? scale.to) - span.from.milliseconds
        }
        return PageWords.brief(.milliseconds(length))
    }
}
