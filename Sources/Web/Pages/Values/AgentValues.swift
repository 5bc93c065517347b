internal import Core
internal import Fleet
internal import GitKit
internal import Store

extension PageValues {
    func agents() -> [[String: Any]] { board.agents.map(agent) }

    private func agent(_ agent: BoardAgent) -> [String: Any] {
        let snapshot = agent.snapshot
        let program = snapshot.agent.program
        var values: [String: Any] = [
            "whole": isWhole, "element": "agent-\(agent.id)", "id": agent.id.rawValue,
            "branch": snapshot.agent.place.branch.visible,
            "pane": snapshot.agent.pane?.pane.description ?? "", "state": snapshot.state.rawValue,
            "word": words.state(of: snapshot), "glyph": PageWords.glyph(snapshot.state),
            "strip": strip(agent.states),
        ]
        if snapshot.pendingApprovals > 0 { values["asks"] = words["asks_approval"] }
        values["since"] = snapshot.since.map { PageWords.time($0, form: "age") }
        values["lastLine"] = agent.lastLine.flatMap { $0.isEmpty ? nil : $0.visible }
        values["stage"] = snapshot.stage.map(stage)
        values["template"] = program.template?.visible
        // Settings name a model for every agent, also for commands that take none.
        values["model"] = program.model.flatMap { model in
            [model, "AI_AGENT_MODEL"].contains { program.command.contains($0) } ? model.visible : nil
        }
        values["task"] = program.task.map {
            $0.prefix(400).split(whereSeparator: \.isNewline).joined(separator: " ").visible
        }
        if let ahead = snapshot.ahead, let behind = snapshot.behind {
            values["ahead"] = "\(ahead)"
            values["behind"] = "\(behind)"
        }
        if snapshot.isDirty == true { values["dirty"] = true }
        return values
    }

    /// Panes that `run` watches, as rows beside agents.
    func watchedPanes() -> [[String: Any]] {
        board.panes.map { pane in
            var values: [String: Any] = [
                "whole": isWhole, "element": "agent-\(pane.id)", "id": pane.id,
                "branch": pane.watched.place.visible, "pane": BoardPane.name(of: pane.watched.pane).visible,
                "state": pane.state.rawValue, "word": words.state(pane.state),
                "glyph": PageWords.glyph(pane.state), "strip": strip(pane.states),
                // 'run' types into them.
                "isReadOnly": !board.isWatched, "host": pane.watched.pane.name.visible,
            ]
            if pane.pendingApprovals > 0 { values["asks"] = words["asks_approval"] }
            values["since"] = pane.since.map { PageWords.time($0, form: "age") }
            values["lastLine"] = pane.lastLine.flatMap { $0.isEmpty ? nil : $0.visible }
            values["stage"] = pane.stage.map(stage)
            return values
        }
    }

    private func stage(_ progress: StageProgress) -> [String: Any] {
        let word = progress.runState == .running ? words.stage(progress.state) : words.run(progress.runState)
        let name = progress.runState == .completed ? progress.pipeline : progress.stage
        let (width, gap) = (10, 2)
        return [
            "pipeline": progress.pipeline.visible, "completed": progress.completed, "total": progress.total,
            "stageState": progress.runState == .completed
                ? "completed" : progress.state.rawValue.lowercased(),
            "stageWords": "\(name.visible) · \(word)", "width": max(1, progress.total) * (width + gap) - gap,
            "cells": (0..<min(progress.total, 60)).map { index -> [String: Any] in
                let kind =
                    index < progress.completed
                    ? "completed"
                    : index == progress.completed ? progress.state.rawValue.lowercased() : "idle"
                return ["kind": kind, "x": index * (width + gap), "w": width]
            },
        ]
    }

    /// The last hour as bars: it moves on every two minutes, so that a quiet agent's fragment stays as it is.
    private func strip(_ states: [StateSpan]) -> [[String: Any]] {
        let step: Int64 = 120_000
        let end = (board.at.milliseconds / step + 1) * step
        let window = BoardHistory.stateWindow.inMilliseconds
        let width = 720.0
        return states.compactMap { span in
            let from = max(span.from.milliseconds, end - window)
            let to = span.to?.milliseconds ?? end
            let length = Double(to - from) / Double(window) * width
            guard length >= 0.5 else { return nil }
            return [
                "state": span.state.rawValue,
                "x": Self.number(Double(from - end + window) / Double(window) * width),
                "w": Self.number(length),
            ]
        }
    }

    /// With one decimal.
    static func number(_ value: Double) -> String {
        let tenths = Int((value * 10).rounded())
        return tenths % 10 == 0 ? "\(tenths / 10)" : "\(tenths / 10).\(abs(tenths % 10))"
    }

    static func question(_ question: BoardApproval, _ words: PageWords) -> [String: Any] {
        let approval = question.approval
        var values: [String: Any] = [
            "element": "approval-\(approval.id)", "id": approval.id.rawValue,
            "pipeline": approval.pipeline.visible, "stage": approval.stage.visible,
            "question": approval.question.visible(keepingNewlines: true),
            "asked": PageWords.time(approval.createdAt, form: "age"), "answerable": question.allowsWeb,
            "channels": question.channels.joined(separator: ", "),
        ]
        values["branch"] = question.branch?.visible
        switch approval.subject {
        case .agent(let agent): values["agent"] = agent.rawValue
        case .pane(let pane): values["agent"] = BoardPane.id(of: pane)
        case .mainCheckout: break
        }
        if approval.attempt > 1 { values["attempt"] = "\(approval.attempt)" }
        if let diff = question.diff {
            values["diff"] =
                [
                    "insertions": diff.insertions, "deletions": diff.deletions,
                    "files": diff.files == 1
                        ? words["files_one"] : words.filled("files_many", ["count": "\(diff.files)"]),
                ] as [String: Any]
        }
        if let expires = approval.expiresAt {
            let word =
                approval.onExpire == .approved
                ? "expires_approve" : approval.onExpire == .rejected ? "expires_reject" : "expires_wait"
            values["expires"] = PageWords.time(expires, form: "until")
                .merging(["expiresWord": words[word]]) { old, _ in old }
        }
        return values
    }
}
