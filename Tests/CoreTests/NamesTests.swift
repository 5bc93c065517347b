import Core
import Testing

@Suite struct NamesTests {
    @Test(
        arguments: [
            ("", .empty), ("-x", .startsWithDash), ("HEAD", .reserved), ("@", .reserved),
            ("a b", .forbiddenCharacter(" ")), ("a~1", .forbiddenCharacter("~")),
            ("a\u{7}", .forbiddenCharacter("\u{7}")),
            ("a..b", .twoDots), ("a@{1}", .atBrace), ("a.", .endsWithDot), ("/a", .emptyPart),
            ("a//b", .emptyPart),
            ("a/", .emptyPart), (".a", .partStartsWithDot), ("a/.b", .partStartsWithDot),
            ("a.lock", .partEndsWithLock),
            ("a.lock/b", .partEndsWithLock), (String(repeating: "a", count: 251), .partTooLong(bytes: 251)),
            (String(repeating: "a/", count: 501) + "a", .tooLong(bytes: 1003)),
        ] as [(String, BranchNameError.Problem)])
    func namesThatGitRefusesSayWhy(text: String, problem: BranchNameError.Problem) {
        #expect(throws: BranchNameError(name: text, problem: problem)) { try BranchName(text) }
        let error = BranchNameError(name: text, problem: problem)
        #expect(error.hint?.isEmpty == false)
        #expect(!error.message.unicodeScalars.contains { $0.value < 0x20 })
    }

    @Test(arguments: [
        "a", "feature/login", "修复/登录", "a.b", "a@b", "é", "🚀", "x/HEAD", "a-", "_", "1", "a{b}",
    ])
    func namesThatGitTakesAreTaken(text: String) throws {
        #expect(try BranchName(text).rawValue == text)
    }

    @Test(
        arguments: [
            ("fix login page", "fix-login-page"), ("-x", "x"), ("a..b", "a.b"), ("a.lock", "a-lock"),
            (" ", nil),
            ("//a//b/", "a/b"), ("a@{1}", "a-1"), ("HEAD", "head"), ("..", nil), ("wip:~1", "wip-1"),
        ] as [(String, String?)])
    func suggestionIsANameNearby(text: String, suggestion: String?) {
        #expect(BranchName.suggestion(for: text) == suggestion)
    }

    @Test(arguments: [
        ("feature/login", "feature-login"), ("feature-login", "feature-login"), ("a.b,c", "a-b-c"),
        ("修复/登录", "修复-登录"), ("a--b/-c-", "a-b-c"), ("été_1", "été_1"), ("a🚀b", "a-b"), ("हिन्दी", "हिन्दी"),
        ("x²", "x"), ("❤️", "branch-"),
    ])
    func slugKeepsLettersAndDigitsOfAnyScript(text: String, slug: String) throws {
        let made = Slug(try BranchName(text)).rawValue
        #expect(slug.hasSuffix("branch-") ? made.hasPrefix(slug) && made.count == 23 : made == slug)
    }

    @Test func longNamesAreCutAtACharacterAndStayDifferent() throws {
        let text = String(repeating: "登录", count: 40)
        let first = Slug(try BranchName(text + "/a"))
        let second = Slug(try BranchName(text + "/b"))
        #expect(first != second)
        #expect(first.rawValue.utf8.count <= Slug.longest)
        #expect(first.rawValue.hasPrefix("登录登录"))
        #expect(!first.rawValue.contains("\u{fffd}"))
    }

    @Test func takenSlugsGetTheNextNumber() throws {
        let name = try BranchName("a/b")
        let taken: Set<String> = ["a-b", "a-b-2"]
        #expect(Slug.free(for: name) { taken.contains($0.rawValue) }.rawValue == "a-b-3")
        #expect(Slug.free(for: name) { _ in false }.rawValue == "a-b")
    }

    @Test(arguments: ["", "-a", "a-", "a--b", "../x", "a/b", ".", "a b"])
    func textThatNoSlugCanBeIsRefused(text: String) { #expect(Slug(rawValue: text) == nil) }

    @Test func branchesThatUnicodeHoldsEqualAreTwo() throws {
        #expect(try BranchName("caf\u{e9}") != BranchName("cafe\u{301}"))
    }
}
