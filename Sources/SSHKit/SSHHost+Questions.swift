internal import Core
internal import Synchronization

extension SSHHost {
    /// What a frame of the courier answers.
    enum Question: Sendable, Hashable {
        case file(Int)
        case request(Int)
        case action(String)
    }

    struct Waiting {
        var ticket: Int
        var question: Question
        var answer: CheckedContinuation<CourierFrame?, Never>
    }

    /// The courier's answer; nil when there is no connection, it broke first, or the task was cancelled.
    func ask(_ question: Question, _ order: String) async -> CourierFrame? {
        let ticket = state.withLock { state in
            state.count += 1
            return state.count
        }
        // A cancel that came behind the answer leaves nothing.
        defer { state.withLock { _ = $0.cancelled.remove(ticket) } }
        return await withTaskCancellationHandler {
            await withCheckedContinuation { answer in
                let connection = state.withLock { state -> CourierConnection? in
                    guard state.cancelled.remove(ticket) == nil, let connection = state.connection else {
                        return nil
                    }
                    state.waiting.append(Waiting(ticket: ticket, question: question, answer: answer))
                    return connection
                }
                if let connection { connection.send(order) } else { answer.resume(returning: nil) }
            }
        } onCancel: {
            let waiting = state.withLock { state -> Waiting? in
                guard let index = state.waiting.firstIndex(where: { $0.ticket == ticket }) else {
                    state.cancelled.insert(ticket)
                    return nil
                }
                return state.waiting.remove(at: index)
            }
            waiting?.answer.resume(returning: nil)
        }
    }

    /// Whoever asked gets the answer.
    func answer(_ question: Question, with frame: CourierFrame) {
        let answered = state.withLock { state in
            defer { state.waiting.removeAll { $0.question == question } }
            return state.waiting.filter { $0.question == question }
        }
        for waiting in answered { waiting.answer.resume(returning: frame) }
    }

    /// What to say when no answer came.
    var lost: SSHError {
        switch condition {
        case .lost(let reason, _): .notConnected(reason: reason)
        case .connecting: .notConnected(reason: "there is no connection yet")
        case .connected: .notConnected(reason: "the connection broke")
        }
    }
}
