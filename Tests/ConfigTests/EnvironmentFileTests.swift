import Config
import Core
import Glibc
import ProcessKit
import SystemPackage
import TestSupport
import Testing

@Suite struct EnvironmentFileTests {
    private let known = ["WECOM_WEBHOOK", "WECOM_TOUSER"]

    @Test func variablesAreReadAsTheyStand() throws {
        let text = """
            # a comment
              export WECOM_WEBHOOK="https://h/x?key=a=b"  \n
            WECOM_TOUSER='a b|$HOME'
            WECOM_EMPTY=
            """
        let read = try EnvironmentFile.decode(Array(text.utf8), file: "env", known: known + ["WECOM_EMPTY"])
        #expect(
            read.value == [
                "WECOM_WEBHOOK": "https://h/x?key=a=b", "WECOM_TOUSER": "a b|$HOME", "WECOM_EMPTY": "",
            ])
        #expect(read.warnings.isEmpty)
    }

    @Test func everyMistakeIsNamedWithItsPlaceAndNoSecretIsShown() throws {
        let text = "WECOM_WEBHOK=sekret\nno sign here sekret\n 1A=sekret\nWECOM_TOUSER=\"sekret\nA B=sekret\n"
        let error = try #require(throws: ConfigurationError.self) {
            try EnvironmentFile.decode(Array(text.utf8), file: "env", known: known)
        }
        #expect(
            error.problems.map(\.rendered) == [
                "env:1:1: warning: 'WECOM_WEBHOK' means nothing to any channel\n    hint: Did you mean 'WECOM_WEBHOOK'?",
                "env:2:1: error: this line sets no variable\n    hint: Write NAME=value, or begin it with #",
                "env:3:2: error: '1A' cannot name an environment variable\n    hint: Write NAME=value without spaces around the '='",
                "env:4:1: error: the value of 'WECOM_TOUSER' has no closing quote\n    hint: Close it at the end of the line, or write the value without quotes",
                "env:5:1: error: 'A B' cannot name an environment variable\n    hint: Write NAME=value without spaces around the '='",
            ])
    }

    @Test func fileThatOthersMayReadIsRefused() async throws {
        try await withTemporaryFolder { folder in
            let file = folder.appending("env")
            #expect(try EnvironmentFile.load(file, known: known) == nil)
            try Files.write("WECOM_TOUSER=a\n", to: file, mode: .init(rawValue: 0o600))
            #expect(try EnvironmentFile.load(file, known: known)?.value == ["WECOM_TOUSER": "a"])
            for mode in [0o640, 0o604, 0o620, 0o644] {
                #expect(chmod(file.string, mode_t(mode)) == 0)
                let error = try #require(throws: ConfigurationError.self) {
                    try EnvironmentFile.load(file, known: known)
                }
                #expect(error.message.contains("chmod 600"))
            }
        }
    }
}
