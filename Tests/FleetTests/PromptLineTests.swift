import Testing

@testable import Fleet

@Suite struct PromptLineTests {
    /// A row, where its cursor stands (nil: at its end), and what somebody has typed.
    static let rows: [(String, Int?, String?)] = [
        ("$ ", nil, nil), ("$ ls -l", nil, "ls -l"), ("# # half a line", nil, "# half a line"),
        ("ada@host:~/shop$ rm -r build ", nil, "rm -r build "), ("host% git", nil, "git"),
        ("> go on", nil, "go on"), ("50%", nil, nil), ("", nil, nil),
        // What the shell proposes, and a prompt at the right, stand behind the cursor.
        ("$ git status", 2, nil), ("❯                12:30", 2, nil),
        // This arrow begins a prompt.
        ("➜  shop git:(main) ✗ ", nil, nil),
    ]

    @Test(arguments: rows)
    func whatIsTypedBehindAPrompt(row: String, cursor: Int?, typed: String?) {
        let line = PromptLine(row, cursorColumn: cursor ?? row.count)
        #expect(line.typed.map(String.init) == typed)
    }
}
