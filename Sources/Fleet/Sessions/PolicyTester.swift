internal import Config
public import Core
internal import ProcessKit
internal import SystemPackage

/// Runs files of table tests with the machine that the daemon runs; needs no fleet and changes nothing.
public struct PolicyTester: Sendable {
    public struct Outcome: Sendable {
        /// As it was named.
        public var file: String
        public var policy: String
        public var results: [Result]
        public var failed: Int { results.count { !$0.failures.isEmpty } }
    }

    public struct Result: Sendable {
        public var name: String
        public var position: PolicyPosition
        public var failures: [PolicyTestFailure]
    }

    let surroundings: Surroundings

    public init(surroundings: Surroundings) { self.surroundings = surroundings }

    /// `policy` takes the place of the one that the file names; both are relative to the working folder.
    ///
    /// Throws ``ConfigurationError`` with every problem of a file that cannot be used.
    public func test(file: String, policy: String? = nil) throws -> Outcome {
        let path = surroundings.workingDirectory.pushing(FilePath(file))
        guard let text = try Files.readText(path) else { throw ConfigurationError.notFound(file: file) }
        let loaded = try PolicyTestFile.read(text, file: shown(path))
        let policyPath =
            policy.map { surroundings.workingDirectory.pushing(FilePath($0)) }
            ?? path.removingLastComponent().pushing(FilePath(loaded.policy ?? "policy.yaml"))
            .normalized
        guard let policyText = try Files.readText(policyPath) else {
            throw ConfigurationError.notFound(file: shown(policyPath))
        }
        let context = PolicyFile.Context(isClassic: loaded.tests.allSatisfy(\.isClassic))
        let rules = try PolicyFile.read(policyText, file: shown(policyPath), context: context).policy
        let results = loaded.tests.map { test in
            Result(name: test.name, position: test.position, failures: test.run(rules))
        }
        return Outcome(file: shown(path), policy: shown(policyPath), results: results)
    }

    private func shown(_ path: FilePath) -> String {
        var shown = path
        _ = shown.removePrefix(surroundings.workingDirectory)
        return shown.string
    }
}
