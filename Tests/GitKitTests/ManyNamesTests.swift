import Core
import GitKit
import Glibc
import SystemPackage
import TestSupport
import Testing

@Suite(.timeLimit(.minutes(2)))
struct ManyNamesTests {
    /// Two hundred names of all kinds; what is to become of each is git's to say.
    static let names: [String] = {
        let words = [
            "a", "feature", "HEAD", "@", "main", "Main", "MAIN", "x.y", ".x", "x.", "x..y", "-x", "--x", "x-",
            "_",
            "x.lock", "lock", "x.lock.y", "修复", "登录页", "日本語", "한국어", "हिन्दी", "العربية", "été",
            "e\u{301}te\u{301}", "🚀", "👩‍👩‍👧", "❤️", "ﬁ", "ß", "İ", "a b", " a", "a ", "a\tb", "a\nb", "a\u{7f}",
            "a\u{1}", "a~b", "a^b", "a:b", "a?b", "a*b", "a[b", "a]b", "a\\b", "a@b", "a@{b", "a{b}", "@a",
            "a@",
            "$(touch x)", "`x`", "'q'", "\"q\"", "a;b", "a&b", "a|b", "a<b", "a>b", "a!b", "a#b", "a%b", "%H",
            "#x",
            "a=b", "a+b", "a,b", "(a)", "~", "^", "\u{202e}x", "\u{200b}", "a\u{a0}b", "\u{feff}a", "con",
            "nul",
        ]
        var names = words
        names += words.prefix(60).map { "g/\($0)" }
        names += words.prefix(30).map { "\($0)/h" }
        names += [
            "", "/", "//", "a//b", "/a", "a/", "refs/heads/x", "heads/x", "origin/x", "x/HEAD", "g", "g/a/b",
        ]
        names += ["a/b/c/d/e/f", "..", ".", "...", "a/./b", "a/../b", "Feature", "FEATURE/x", "feature/x"]
        names += [249, 250, 251, 255, 256, 300].map { String(repeating: "n", count: $0) }
        names += [83, 84, 250].map { String(repeating: "字", count: $0) }
        names += [String(repeating: "p/", count: 100) + "p", String(repeating: "p/", count: 600) + "p"]
        return names
    }()

    @Test func nameRulesAreGitsOwn() async throws {
        try await withRepository { fixture, _ in
            // One shell for all: git names the valid ones.
            let script = """
                for name in "$@"; do
                    case "$name" in @) continue;; esac
                    git check-ref-format --branch "$name" >/dev/null 2>&1 && printf '%s\\0' "$name" >>../valid
                done || true
                """
            try await fixture.shell("f() {\n\(script)\n}\nf \(Self.names.map(quoted).joined(separator: " "))")
            let valid = Set(
                try await fixture.shell("cat ../valid").split(separator: "\0").map { Array($0.utf8) })
            for name in Self.names
            where name.utf8.split(separator: UInt8(ascii: "/")).allSatisfy({ $0.count <= 250 }) {
                guard name.utf8.count <= 1000 else { continue }
                #expect((BranchName.problem(in: name) == nil) == valid.contains(Array(name.utf8)), "\(name)")
            }
        }
    }

    private func quoted(_ text: String) -> String {
        "'" + text.split(separator: "'", omittingEmptySubsequences: false).joined(separator: "'\\''") + "'"
    }

    /// All in one repository, so that they also meet one another.
    @Test func eachNameWorksOrIsRefusedWithoutATrace() async throws {
        #expect(Self.names.count >= 200)
        try await withRepository { fixture, folder in
            let repository = try await fixture.open()
            var made: [WorktreeAddition] = []
            var refused = 0
            for (number, name) in Self.names.enumerated() {
                var before: String?
                do {
                    let branch = try BranchName(name)
                    if try await repository.lookUp(branch).refusal != nil {
                        before = try await fixture.trace()
                    }
                    let slug = Slug(branch)
                    let request = WorktreeRequest(
                        branch: branch, folder: folder.pushing(FilePath("trees/\(number)-\(slug)")),
                        name: slug)
                    made.append(try await repository.addWorktree(request))
                    let current = try await fixture.git("branch", "--show-current", in: request.folder)
                    #expect(Array(current.utf8) == Array(name.utf8))
                } catch let error as any UserFacingError {
                    refused += 1
                    #expect(error.hint?.isEmpty == false, "\(name): \(error)")
                    #expect(!error.message.unicodeScalars.contains { $0.value < 0x20 }, "\(name)")
                    // What the name's own rules refuse never comes near the repository.
                    if error is BranchNameError { continue }
                    let after = try await fixture.trace()
                    #expect(after == before, "\(name)")
                }
            }
            #expect(refused > 60 && made.count > 100)
            #expect(Set(made.map(\.entry)).count == made.count)
            #expect(try await repository.worktrees().count == made.count + 1)
            try await fixture.git("fsck", "--connectivity-only")
        }
    }
}
