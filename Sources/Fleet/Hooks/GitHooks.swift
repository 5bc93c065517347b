internal import Core
internal import GitKit
internal import Glibc
internal import ProcessKit
public import SystemPackage

/// What became of each hook.
public struct HookInstallation: Sendable {
    public enum State: String, Sendable {
        case installed
        /// The marked block was there and is as it should be.
        case kept
        case removed
        case absent
        /// Another hook is there that is no sh script: the line to add by hand is in `lineToAdd`.
        case foreign
    }

    public struct Hook: Sendable {
        public var name: String
        public var path: FilePath
        public var state: State
    }

    public var hooks: [Hook]
    /// What to add by hand where nothing was changed.
    public var lineToAdd: String?
}

/// Git hooks that tell the fleet of commits, merges, checkouts and rewrites.
///
/// Each appends one line to a file with the shell's own `printf`: 1.5 ms beside a bare commit, where starting this
/// program would cost 17. They never fail a git command.
public struct GitHooks: Sendable {
    let context: FleetContext

    public init(context: FleetContext) { self.context = context }

    public static let names = ["post-commit", "post-merge", "post-checkout", "post-rewrite"]
    private static let opening = "# tmux-agent begin"
    private static let closing = "# tmux-agent end"

    /// Puts a marked block into each hook, beside what is there.
    ///
    /// A hooks folder that git tracks belongs to the project: then nothing is changed and the line to add is returned.
    public func install() async throws -> HookInstallation {
        let folder = try await hooksFolder()
        guard let folder else {
            return HookInstallation(
                hooks: Self.names.map { .init(name: $0, path: "", state: .foreign) },
                lineToAdd: line(for: "${0##*/}"))
        }
        try Files.makeFolder(folder)
        var result = HookInstallation(hooks: [])
        for name in Self.names { result.hooks.append(try install(name, in: folder)) }
        if result.hooks.contains(where: { $0.state == .foreign }) {
            result.lineToAdd = line(for: "${0##*/}")
        }
        return result
    }

    /// Takes the marked blocks out again; a hook that holds nothing else is removed.
    public func uninstall() async throws -> HookInstallation {
        guard let folder = try await hooksFolder() else { return HookInstallation(hooks: []) }
        var result = HookInstallation(hooks: [])
        for name in Self.names {
            let path = folder.appending(name)
            guard let text = try Files.readText(path), let rest = Self.withoutBlock(text) else {
                result.hooks.append(.init(name: name, path: path, state: .absent))
                continue
            }
            if rest.split(separator: "\n").allSatisfy({ $0.hasPrefix("#!") }) {
                try Files.remove(path)
            } else {
                try write(rest, to: path)
            }
            result.hooks.append(.init(name: name, path: path, state: .removed))
        }
        return result
    }

    /// What is installed now.
    public func status() async throws -> HookInstallation {
        let folder = try await hooksFolder()
        return HookInstallation(
            hooks: try Self.names.map { name in
                guard let path = folder?.appending(name) else {
                    return .init(name: name, path: "", state: .foreign)
                }
                let text = try Files.readText(path)
                let isOurs = text?.contains(Self.opening) ?? false
                return .init(
                    name: name, path: path, state: isOurs ? .installed : text == nil ? .absent : .foreign)
            })
    }

    private func install(_ name: String, in folder: FilePath) throws -> HookInstallation.Hook {
        let path = folder.appending(name)
        let block = "\(Self.opening)\n\(line(for: name))\n\(Self.closing)\n"
        guard let text = try Files.readText(path) else {
            try write("#!/bin/sh\n" + block, to: path)
            return .init(name: name, path: path, state: .installed)
        }
        if text.contains(block) { return .init(name: name, path: path, state: .kept) }
        let rest = Self.withoutBlock(text) ?? text
        guard let end = rest.firstIndex(of: "\n"), Self.isShell(rest[..<end]) else {
            return .init(name: name, path: path, state: .foreign)
        }
        // Right after the first line: an `exit` further down would skip it.
        try write(rest[...end] + block + rest[rest.index(after: end)...], to: path)
        return .init(name: name, path: path, state: .installed)
    }

    private func write(_ text: some StringProtocol, to path: FilePath) throws {
        try Files.write(String(text), to: path, mode: FilePermissions(rawValue: 0o755))
    }

    /// One line of sh that appends one line of text; its failure is nobody's business.
    ///
    /// Builtins only: a child process would cost more than all the rest. HEAD and the branch's loose file, which git has
    /// just written, are read as text; where the branch is packed the commit stays empty and the daemon asks git.
    private func line(for hook: String) -> String {
        let refs = Command.quoted(context.repository.layout.commonDirectory.string)
        return
            "{ c=; read -r h <\"${GIT_DIR:-.git}/HEAD\"; case $h in ref:*) read -r c <\(refs)/\"${h#ref: }\";; *) c=$h h=;; esac; "
            + "printf '%s\\t%s\\t%s\\t%s\\t%s\\n' \"\(hook)\" \"$PWD\" \"${h#ref: refs/heads/}\" \"$c\" \"$TMUX_AGENT_RUN\" "
            + ">>\(Command.quoted(context.hookFile.string)); } 2>/dev/null || :"
    }

    /// The folder that git runs hooks from; nil when the project's own files name one that git tracks.
    private func hooksFolder() async throws -> FilePath? {
        guard let configured = try await context.repository.hooksPath() else {
            return context.repository.layout.commonDirectory.appending("hooks")
        }
        let folder = context.root.pushing(FilePath(configured)).lexicallyNormalized()
        let isInside =
            folder.starts(with: context.root)
            && !folder.starts(with: context.repository.layout.commonDirectory)
        return isInside ? nil : folder
    }

    private static func isShell(_ line: Substring) -> Bool {
        guard line.hasPrefix("#!") else { return false }
        let words = line.dropFirst(2).split(separator: " ").map { $0.split(separator: "/").last ?? "" }
        return words.contains { ["sh", "bash", "dash", "zsh", "ksh"].contains($0) }
    }

    /// The text without our block; nil when there is none.
    private static func withoutBlock(_ text: String) -> String? {
        guard let start = text.firstRange(of: opening + "\n"), let end = text.firstRange(of: closing + "\n"),
            start.lowerBound < end.lowerBound
        else { return nil }
        return String(text[..<start.lowerBound] + text[end.upperBound...])
    }
}
