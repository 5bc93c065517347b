public import Core
public import Store
public import SystemPackage

/// Open questions as files that people and scripts answer by writing a word into them.
///
/// Each question has `<approval id>.txt`, and `<host>/<pane>__<stage>.txt` where its subject has a pane; in a
/// fleet the host is the fleet's name. Who writes into a file cannot be known, and the answer says so.
public struct ApprovalFiles: Sendable {
    private let store: FleetStore
    private let folder: FilePath
    private let host: String
    /// Whose folders may hold files of this store's questions.
    private let hosts: [String]

    /// `host` names the folder for agents' panes: the fleet's name.
    public init(store: FleetStore, folder: FilePath, host: String) {
        self.store = store
        self.folder = folder
        self.host = host
        hosts = [host]
    }

    /// For panes that were not spawned here: their folders are those of their hosts.
    public init(store: FleetStore, folder: FilePath, hosts: [String]) {
        self.store = store
        self.folder = folder
        host = ""
        self.hosts = hosts
    }

    /// Brings files and database together once.
    ///
    /// It takes answers in, asks what has no file yet, and removes files of questions that are settled. Call
    /// it when the folder or the journal changed. Returns the approvals that files answered. A file goes only
    /// after its answer is stored. Small files are read and written on the calling executor.
    ///
    /// A file that cannot be used keeps no other question from its answer; the first such is thrown at the end.
    @discardableResult
    public func synchronise(at now: Timestamp) async throws -> [Approval] {
        let agents = Dictionary(
            try await store.agents(includingRemoved: true).map { ($0.subject, $0) }
        ) { _, last in last }
        var answered: [Approval] = []
        var failure: ApprovalsError?
        for approval in try await store.pendingApprovals(through: "file") {
            let agent = agents[approval.subject]
            let question = ApprovalQuestion(approval, branch: agent?.place.branch)
            let place = ApprovalFilePlace(approval, host: host, pane: agent?.pane?.pane)
            let decision: ApprovalAnswer.Decision?
            do {
                decision = try read(question, place)
            } catch {
                failure = failure ?? error
                continue
            }
            guard let decision else { continue }
            let answer = ApprovalAnswer(
                decision: decision, by: "file: unknown writer", through: "file", at: now)
            if case .recorded(let approval) = try await store.answer(approval.id, answer) {
                answered.append(approval)
            }
        }
        try await removeSettled(agents, &failure)
        if let failure { throw failure }
        return answered
    }

    private func read(
        _ question: ApprovalQuestion, _ place: ApprovalFilePlace?
    ) throws(ApprovalsError) -> ApprovalAnswer.Decision? {
        try ApprovalFileBox(folder).read(question, place: place)
    }

    /// Removes files that ask what this fleet knows to be settled; those of other fleets stay.
    private func removeSettled(_ agents: [Subject: Agent], _ failure: inout ApprovalsError?) async throws {
        for id in try ApprovalFileBox(folder).asked() {
            guard let approval = try await settled(id) else { continue }
            let place = ApprovalFilePlace(
                approval, host: host, pane: agents[approval.subject]?.pane?.pane)
            do throws(ApprovalsError) {
                try ApprovalFileBox(folder).remove(approval, place: place)
            } catch {
                failure = failure ?? error
            }
        }
        for host in hosts {
            for orphan in try orphans(host, &failure) where try await settled(orphan.id) != nil {
                try ApprovalFileBox(folder).remove(orphan: orphan.name, host: host)
            }
        }
    }

    private func orphans(
        _ host: String, _ failure: inout ApprovalsError?
    ) throws -> [(name: String, id: ApprovalID)] {
        do throws(ApprovalsError) {
            return try ApprovalFileBox(folder).orphans(host: host)
        } catch {
            failure = failure ?? error
            return []
        }
    }

    /// The approval of this id if it is this fleet's and no answer is awaited any more.
    private func settled(_ id: ApprovalID) async throws -> Approval? {
        guard let approval = try await store.approval(id), approval.state != .pending else { return nil }
        return approval
    }
}
