import Core
import Testing

@Suite struct CommandTemplateTests {
    private let values = CommandTemplate.Values(
        model: "sonnet", branch: "it's $(x) {model}", worktree: "/w/a b", session: "agent-x")

    @Test(arguments: [
        ("claude --model {model}", "claude --model sonnet"), ("x {branch}", "x 'it'\\''s $(x) {model}'"),
        ("x '{branch}'", "x 'it'\\''s $(x) {model}'"), ("x \"{branch}\"", "x \"it's \\$(x) {model}\""),
        ("cd {worktree} && run -s {session}", "cd '/w/a b' && run -s agent-x"),
        ("echo {} {x} ${HOME} {{model}} {model", "echo {} {x} ${HOME} {sonnet} {model"),
        ("echo \\\"{worktree}\\\"", "echo \\\"'/w/a b'\\\""), ("", ""),
    ])
    func placeholdersAreFilledInAndQuoted(_ template: String, _ line: String) {
        #expect(CommandTemplate(template).filled(with: values) == line)
    }

    @Test func anEmptyValueIsAWordOfItsOwn() {
        var values = values
        values.model = ""
        #expect(CommandTemplate("x {model}").filled(with: values) == "x ''")
    }

    @Test(arguments: [
        ("claude --model x", "claude"), ("/usr/local/bin/codex exec", "codex"),
        ("FOO=1 BAR=a/b env X=2 gemini", "gemini"),
        ("npx -y opencode", "opencode"), ("\"aider\" --x", "aider"), ("claude-code", "claude"),
        ("bash -l", "shell"),
        ("python3 agent.py", "shell"), ("", "shell"), ("claudette", "shell"), ("exec claude", "claude"),
    ])
    func theKindFollowsFromTheProgramsName(_ command: String, _ kind: String) {
        #expect(AgentKind.guessed(fromCommand: command).rawValue == kind)
    }
}
