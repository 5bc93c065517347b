import Core
import Glibc
import Store
import SystemPackage
import TestSupport
import Testing

@testable import Approvals

@Suite(.timeLimit(.minutes(1)))
struct ApprovalFilesTests {
    /// A fleet and an approval folder, with what a person does to files.
    struct Desk {
        let fleet: FleetStore
        let folder: FilePath
        let files: ApprovalFiles

        func read(_ name: String) -> String? {
            guard let file = try? FileDescriptor.open(folder.appending(name), .readOnly) else { return nil }
            defer { try? file.close() }
            var bytes = [UInt8](repeating: 0, count: 65536)
            guard let count = try? bytes.withUnsafeMutableBytes({ try file.read(into: $0) }) else {
                return nil
            }
            return String(decoding: bytes[..<count], as: UTF8.self)
        }

        func write(_ text: String, to name: String, appending: Bool = false) throws {
            let file = try FileDescriptor.open(
                folder.appending(name), .writeOnly, options: appending ? [.append] : [.create, .truncate],
                permissions: [.ownerReadWrite])
            try file.writeAll(Array(text.utf8))
            try file.close()
        }

        func exists(_ name: String) -> Bool { access(folder.appending(name).string, F_OK) == 0 }

        func mode(_ name: String) -> mode_t {
            var info = stat()
            return lstat(folder.appending(name).string, &info) == 0 ? info.st_mode & 0o777 : 0
        }

        func state(_ id: ApprovalID) async throws -> Approval.State? { try await fleet.approval(id)?.state }
    }

    private func withDesk(_ body: (Desk) async throws -> Void) async throws {
        try await withTemporaryFolder { root in
            let fleet = try await makeFleet()
            let folder = root.appending("home").appending("approvals")
            try await body(
                Desk(
                    fleet: fleet, folder: folder,
                    files: ApprovalFiles(store: fleet, folder: folder, host: "shop")))
        }
    }

    @Test func questionIsAskedInBothFilesPrivately() async throws {
        try await withDesk { desk in
            try await ask(desk.fleet, "approval-abc", question: "Deploy?\napprove")
            try await desk.files.synchronise(at: noon)
            for name in ["approval-abc.txt", "shop/pct3__deploy.txt"] {
                let text = try #require(desk.read(name))
                #expect(text.hasPrefix("# approval: approval-abc\n# file: shop/pct3__deploy.txt\n"))
                #expect(text.contains("\n# | Deploy?\n# | approve\n"))
                #expect(text.hasSuffix("\nPENDING\n"))
                #expect(desk.mode(name) == 0o600)
            }
            #expect(desk.mode("") == 0o700)
            #expect(desk.mode("shop") == 0o700)
            let answered = try await desk.files.synchronise(at: noon)
            #expect(answered.isEmpty)
        }
    }

    @Test(arguments: [
        ("approval-abc.txt", "approve\n", true, Approval.State.approved),
        ("shop/pct3__deploy.txt", "no\n", true, .rejected), ("approval-abc.txt", "yes", false, .approved),
        ("shop/pct3__deploy.txt", "Approved\r\n", false, .approved),
    ])
    func wordInAFileAnswers(
        name: String, text: String, appending: Bool, state: Approval.State
    ) async throws {
        try await withDesk { desk in
            let id = try await ask(desk.fleet, "approval-abc")
            try await desk.files.synchronise(at: noon)
            try desk.write(text, to: name, appending: appending)
            let answered = try await desk.files.synchronise(at: later(7))
            #expect(answered.map(\.state) == [state])
            let answer = try await desk.fleet.approval(id)?.answer
            #expect(answer?.by == "file: unknown writer")
            #expect(answer?.through == "file")
            #expect(answer?.at == later(7))
            #expect(!desk.exists("approval-abc.txt"))
            #expect(!desk.exists("shop/pct3__deploy.txt"))
        }
    }

    @Test func wordThatIsNoneGetsACommentOnceAndCanBeMended() async throws {
        try await withDesk { desk in
            let id = try await ask(desk.fleet, "approval-abc")
            try await desk.files.synchronise(at: noon)
            try desk.write("aprove\n", to: "approval-abc.txt", appending: true)
            try await desk.files.synchronise(at: noon)
            let told = try #require(desk.read("approval-abc.txt"))
            #expect(
                told.hasSuffix(
                    """
                    aprove
                    # tmux-agent: 'aprove' is not one of: approve, approved, yes, reject, rejected, no

                    """))
            try await desk.files.synchronise(at: noon)
            #expect(desk.read("approval-abc.txt") == told)
            try desk.write("approve\n", to: "approval-abc.txt", appending: true)
            try await desk.files.synchronise(at: noon)
            let state = try await desk.state(id)
            #expect(state == .approved)
        }
    }

    @Test func oldAnswerInTheFileDoesNotAnswerANewQuestion() async throws {
        try await withDesk { desk in
            try await ask(desk.fleet, "approval-main", agent: nil)
            try await desk.files.synchronise(at: noon)
            mkdir(desk.folder.appending("shop").string, 0o700)
            try desk.write("approve\n", to: "shop/pct3__deploy.txt")
            let id = try await ask(desk.fleet, "approval-abc")
            try await desk.files.synchronise(at: noon)
            try await desk.files.synchronise(at: noon)
            let state = try await desk.state(id)
            #expect(state == .pending)
            #expect(desk.read("shop/pct3__deploy.txt")?.hasSuffix("PENDING\n") == true)
        }
    }

    @Test func fileOfAnotherOpenQuestionKeepsItsPlace() async throws {
        try await withDesk { desk in
            let first = try await ask(desk.fleet, "approval-abc")
            try await desk.files.synchronise(at: noon)
            let second = try await ask(desk.fleet, "approval-xyz")
            try await desk.files.synchronise(at: noon)
            #expect(desk.read("shop/pct3__deploy.txt")?.contains("approval-abc") == true)
            #expect(desk.exists("approval-xyz.txt"))
            // Overwritten as a whole it still answers only the question that it belongs to.
            try desk.write("approve\n", to: "shop/pct3__deploy.txt")
            try await desk.files.synchronise(at: noon)
            let states = [try await desk.state(first), try await desk.state(second)]
            #expect(states == [.approved, .pending])
        }
    }

    @Test func fleetsOfOneNameDoNotAnswerOrDeleteOneAnothersQuestions() async throws {
        try await withDesk { desk in
            let other = try await makeFleet(desk.fleet.store, id: "fleet-2")
            let otherFiles = ApprovalFiles(store: other, folder: desk.folder, host: "shop")
            let mine = try await ask(desk.fleet, "approval-abc")
            try await ask(other, "approval-xyz")
            try await desk.files.synchronise(at: noon)
            try await otherFiles.synchronise(at: noon)
            try desk.write("approve\n", to: "shop/pct3__deploy.txt", appending: true)
            let theirs = try await otherFiles.synchronise(at: noon)
            #expect(theirs.isEmpty)
            #expect(desk.exists("shop/pct3__deploy.txt"))
            let answered = try await desk.files.synchronise(at: noon)
            #expect(answered.map(\.id) == [mine])
            #expect(desk.exists("approval-xyz.txt"))
        }
    }

    @Test func filesGoWhenTheAnswerCameAnotherWay() async throws {
        try await withDesk { desk in
            let id = try await ask(desk.fleet, "approval-abc")
            try await ask(desk.fleet, "approval-xyz", agent: 4)
            try await desk.files.synchronise(at: noon)
            let answer = ApprovalAnswer(decision: .reject, by: "ada", through: "web", at: noon)
            _ = try await desk.fleet.answer(id, answer)
            try desk.write("approve\n", to: "approval-abc.txt")
            try await desk.files.synchronise(at: noon)
            let stored = try await desk.fleet.approval(id)?.answer
            #expect(stored == answer)
            #expect(!desk.exists("approval-abc.txt"))
            #expect(!desk.exists("shop/pct3__deploy.txt"))
            #expect(desk.exists("shop/pct4__deploy.txt"))
        }
    }

    @Test func contradictionCountsAsReject() async throws {
        try await withDesk { desk in
            let id = try await ask(desk.fleet, "approval-abc")
            try await desk.files.synchronise(at: noon)
            try desk.write("approve\n", to: "approval-abc.txt", appending: true)
            try desk.write("reject\n", to: "shop/pct3__deploy.txt", appending: true)
            try await desk.files.synchronise(at: noon)
            let state = try await desk.state(id)
            #expect(state == .rejected)
        }
    }

    @Test func questionFollowsItsAgentToANewPane() async throws {
        try await withDesk { desk in
            let id = try await ask(desk.fleet, "approval-abc")
            try await desk.files.synchronise(at: noon)
            try await move(desk.fleet, 3, toPane: "%9")
            try await desk.files.synchronise(at: noon)
            try desk.write("approve\n", to: "shop/pct9__deploy.txt", appending: true)
            try await desk.files.synchronise(at: noon)
            let state = try await desk.state(id)
            #expect(state == .approved)
            for name in ["approval-abc.txt", "shop/pct3__deploy.txt", "shop/pct9__deploy.txt"] {
                #expect(!desk.exists(name))
            }
        }
    }

    @Test func answerThatWasWrittenBeforeACrashIsKept() async throws {
        try await withDesk { desk in
            let id = try await ask(desk.fleet, "approval-abc")
            try await desk.files.synchronise(at: noon)
            // As after a crash between the two files, or when somebody tidied up.
            unlink(desk.folder.appending("approval-abc.txt").string)
            try desk.write("approve\n", to: "shop/pct3__deploy.txt", appending: true)
            try await desk.files.synchronise(at: noon)
            try await desk.files.synchronise(at: noon)
            let state = try await desk.state(id)
            #expect(state == .approved)
        }
    }

    @Test func linksAreNotFollowed() async throws {
        try await withDesk { desk in
            let root = desk.folder.removingLastComponent().removingLastComponent()
            let victim = root.appending("victim")
            let file = try FileDescriptor.open(
                victim, .writeOnly, options: [.create], permissions: [.ownerReadWrite])
            try file.writeAll(Array("approve\n".utf8))
            try file.close()
            let id = try await ask(desk.fleet, "approval-abc")
            try await desk.files.synchronise(at: noon)
            for name in ["approval-abc.txt", "shop/pct3__deploy.txt"] {
                unlink(desk.folder.appending(name).string)
                symlink(victim.string, desk.folder.appending(name).string)
            }
            try await desk.files.synchronise(at: noon)
            try await desk.files.synchronise(at: noon)
            let state = try await desk.state(id)
            #expect(state == .pending)
            #expect(desk.read("../../victim") == "approve\n")
            #expect(desk.read("approval-abc.txt")?.hasSuffix("PENDING\n") == true)
        }
    }

    @Test func linkInPlaceOfTheHostFolderIsRefused() async throws {
        try await withDesk { desk in
            try await ask(desk.fleet, "approval-main", agent: nil)
            try await desk.files.synchronise(at: noon)
            rmdir(desk.folder.appending("shop").string)
            symlink("/tmp", desk.folder.appending("shop").string)
            try await ask(desk.fleet, "approval-abc")
            let error = await #expect(throws: ApprovalsError.self) {
                try await desk.files.synchronise(at: noon)
            }
            #expect(error?.code == "approval_files_unusable")
            #expect(error?.hint != nil)
        }
    }

    @Test func fileThatCannotBeUsedHoldsUpNoOtherQuestion() async throws {
        try await withDesk { desk in
            let blocked = try await ask(desk.fleet, "approval-abc", agent: nil)
            let open = try await ask(desk.fleet, "approval-xyz", agent: 4)
            let settled = try await ask(desk.fleet, "approval-old", agent: nil)
            try await desk.files.synchronise(at: noon)
            unlink(desk.folder.appending("approval-abc.txt").string)
            mkdir(desk.folder.appending("approval-abc.txt").string, 0o700)
            try desk.write("approve\n", to: "approval-xyz.txt", appending: true)
            let answer = ApprovalAnswer(decision: .reject, by: "ada", through: "web", at: noon)
            _ = try await desk.fleet.answer(settled, answer)
            let error = await #expect(throws: ApprovalsError.self) {
                try await desk.files.synchronise(at: noon)
            }
            #expect(error?.message.contains("approval-abc.txt") == true)
            #expect(try await desk.state(open) == .approved)
            #expect(try await desk.state(blocked) == .pending)
            #expect(!desk.exists("approval-old.txt"))
            #expect(!desk.exists("approval-xyz.txt"))
        }
    }
}
