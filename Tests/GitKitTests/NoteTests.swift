import Core
import GitKit
import SystemPackage
import TestSupport
import Testing

@Suite(.timeLimit(.minutes(1)))
struct NoteTests {
    private static let reference = "refs/notes/tmux-agent"
    private let time = Timestamp(milliseconds: 1_767_268_800_000)

    @Test(arguments: Road.allCases)
    func aNoteIsWrittenReadAndReplaced(road: Road) async throws {
        try await withRepository(objectFormat: road.rawValue) { fixture, _ in
            try await fixture.shell("git config core.notesRef refs/notes/mine; git notes add -m 'my own'")
            let before = try await fixture.git("rev-parse", "refs/notes/mine")
            let repository = try await fixture.open()
            let commit = try await repository.resolve("HEAD")
            #expect(try await repository.note(on: commit, in: Self.reference) == nil)
            try await repository.setNote("first\n", on: commit, in: Self.reference, at: time)
            try await repository.setNote("{\"a\": 1}\n", on: commit, in: Self.reference, at: time)
            #expect(try await repository.note(on: commit, in: Self.reference) == "{\"a\": 1}\n")
            #expect(
                try await fixture.git("notes", "--ref=tmux-agent", "show", commit.rawValue) == "{\"a\": 1}")
            let author = try await fixture.git("log", "-1", "--format=%an <%ae> %at", Self.reference)
            #expect(author == "tmux-agent <tmux-agent@localhost> 1767268800")
            #expect(try await fixture.git("rev-parse", "refs/notes/mine") == before)
            #expect(try await fixture.git("notes", "show") == "my own")
        }
    }

    @Test func manyWritersLoseNoNote() async throws {
        try await withRepository { fixture, _ in
            try await fixture.shell(
                "for n in 1 2 3 4 5 6 7 8 9 10 11 12; do git commit --quiet --allow-empty -m \"$n\"; done")
            let commits = try await fixture.git("rev-list", "--max-count=12", "HEAD").split(separator: "\n")
            try await withThrowingTaskGroup(of: Void.self) { group in
                for part in 0..<3 {
                    let repository = try await fixture.open()
                    group.addTask {
                        for (number, text) in commits.enumerated() where number % 3 == part {
                            guard let commit = CommitID(text) else { continue }
                            try await repository.setNote(
                                "note \(number)\n", on: commit, in: Self.reference, at: self.time)
                        }
                    }
                }
                try await group.waitForAll()
            }
            let repository = try await fixture.open()
            for (number, text) in commits.enumerated() {
                let commit = try #require(CommitID(text))
                #expect(try await repository.note(on: commit, in: Self.reference) == "note \(number)\n")
            }
        }
    }

    @Test(arguments: Road.allCases)
    func pushesAreToldFromFetches(road: Road) async throws {
        try await withRepository(objectFormat: road.rawValue) { fixture, folder in
            try await fixture.shell(
                """
                git init --quiet --bare --initial-branch=main --object-format=\(road.rawValue) ../remote.git
                git remote add team/origin ../remote.git
                git push --quiet team/origin main
                git push --quiet team/origin HEAD~1:refs/heads/feature/x
                git clone --quiet ../remote.git ../other
                git -C ../other -c user.name=B -c user.email=b@example.com commit --quiet --allow-empty -m Theirs
                git -C ../other push --quiet origin HEAD:main
                git fetch --quiet team/origin
                """)
            let repository = try await fixture.open()
            let pushes = try await repository.recordedPushes()
            #expect(Set(pushes.map(\.branch)) == ["main", "feature/x"])
            #expect(pushes.count == 2)
            #expect(pushes.allSatisfy { $0.remote == "team/origin" })
            let old = try await repository.resolve("HEAD~1")
            #expect(pushes.first { $0.branch == "feature/x" }?.commit == old)
            let head = try await repository.head(of: fixture.folder)
            #expect(head == pushes.first { $0.branch == "main" }?.commit)
        }
    }

    @Test(arguments: Road.allCases)
    func commitsOfARangeAndWhatTheyChanged(road: Road) async throws {
        try await withRepository(objectFormat: road.rawValue) { fixture, _ in
            try await fixture.shell(
                "git mv README LIESMICH; git commit --quiet -m Rename; rm src/a.txt; git commit --quiet -am Less"
            )
            let repository = try await fixture.open()
            let range = try await repository.commits(meantBy: "HEAD~2..HEAD", limit: 10)
            #expect(range.map(\.subject) == ["Less", "Rename"])
            #expect(try await repository.commits(meantBy: "HEAD~2..HEAD", limit: 1).count == 1)
            #expect(try await repository.commits(meantBy: "HEAD~1", limit: 9).map(\.subject) == ["Rename"])
            for wrong in ["--all..", "nothing..HEAD", "nothing", "-x"] {
                await #expect(throws: GitError.self) {
                    try await repository.commits(meantBy: wrong, limit: 1)
                }
            }
            let (old, new) = (try await repository.resolve("HEAD~2"), try await repository.resolve("HEAD"))
            let changes = try await repository.changes(from: old, to: new)
            #expect(
                changes.map { "\($0.kind.rawValue) \($0.path)" }.sorted() == [
                    "A LIESMICH", "D README", "D src/a.txt",
                ])
            let others = [old]
            #expect(try await repository.firstParents(of: new, without: others, limit: 9).count == 2)
        }
    }
}
