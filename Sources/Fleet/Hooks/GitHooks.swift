internal import Core
internal import GitKit
internal import Glibc
internal import ProcessKit
internal import SystemPackage

/// Git hooks that tell the fleet of commits, merges, checkouts and rewrites, and the one that asks the gates before a
/// push.
///
/// Those that tell append one line to a file with the shell's own `printf`: 1.5 ms beside a bare commit, where starting
/// this program would cost 17. They never fail a git command.
public struct GitHooks: Sendable {
    let context: FleetContext

    public init(context: FleetContext) { self.context = context }

    public static let names = ["post-commit", "post-merge", "post-checkout", "post-rewrite", "pre-push"]

    private var text: HookText {
        HookText(
            commonDirectory: context.repository.layout.commonDirectory, hookFile: context.hookFile,
            executable: context.surroundings.executable)
    }

    /// Puts a marked block into each hook, beside what is there.
    ///
    /// A hooks folder of the project, or one that other repositories share, is left as it is, and so is a hook that is no
    /// shell script of its own: then the answer says what to add by hand.
    public func install() async throws -> HookInstallation {
        let folder = try await HooksFolder.find(context)
        var result = HookInstallation(hooks: [], manager: folder.manager)
        if folder.owner == .repository { try Files.makeFolder(folder.path) }
        for name in Self.names {
            result.hooks.append(
                folder.owner == .repository
                    ? try install(name, in: folder.path) : try look(at: name, in: folder))
        }
        sayWhatToAdd(&result, folder)
        return result
    }

    /// Takes the marked blocks out again; a hook that holds nothing else is removed.
    public func uninstall() async throws -> HookInstallation {
        let folder = try await HooksFolder.find(context)
        var result = HookInstallation(hooks: [], manager: folder.manager)
        for name in Self.names {
            let path = folder.script(name)
            guard folder.isInGitFolder, Files.linkTarget(path) == nil,
                let found = try Files.readText(path), let rest = text.removing(from: found, hook: name)
            else {
                result.hooks.append(try look(at: name, in: folder).staying)
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
        let folder = try await HooksFolder.find(context)
        var result = HookInstallation(hooks: [], manager: folder.manager)
        for name in Self.names { result.hooks.append(try look(at: name, in: folder)) }
        if case .useless(_, let advice) = folder.owner { result.advice = advice }
        return result
    }

    private func look(at name: String, in folder: HooksFolder) throws -> HookInstallation.Hook {
        let path = folder.script(name)
        let found = try Files.readText(path)
        func hook(_ state: HookInstallation.State, _ reason: String? = nil) -> HookInstallation.Hook {
            .init(
                name: name, path: path, state: state, reason: reason,
                isShell: found.map(HookText.isShellScript) ?? true)
        }
        switch folder.owner {
        case .useless(let reason, _): return hook(.foreign, reason)
        case _ where found.map { text.isSpoken(in: $0, hook: name) } ?? false: return hook(.installed)
        case .project: return hook(.foreign, "the project's own hooks folder")
        case .shared: return hook(.foreign, "other repositories use this folder too")
        case .repository: return hook(found == nil ? .absent : .foreign)
        }
    }

    private func install(_ name: String, in folder: FilePath) throws -> HookInstallation.Hook {
        let path = folder.appending(name)
        let block = text.block(for: name)
        func foreign(_ reason: String) -> HookInstallation.Hook {
            .init(name: name, path: path, state: .foreign, reason: reason)
        }
        // The file it leads to may be one that git tracks.
        if Files.linkTarget(path) != nil { return foreign("a symbolic link") }
        guard let found = try Files.readText(path) else {
            try write("#!/bin/sh\n" + block, to: path)
            return .init(name: name, path: path, state: .installed)
        }
        if found.contains(block) { return .init(name: name, path: path, state: .kept) }
        // Writing would wake up what somebody put to sleep.
        guard unsafe access(path.string, X_OK) == 0 else {
            return foreign("not executable, so git ignores it")
        }
        let others = text.removing(from: found, hook: name) ?? found
        if HookText.hasBlock(others) {
            return foreign("our block there has lost its end: take it out by hand")
        }
        guard let added = HookText.adding(block, to: others) else {
            return .init(name: name, path: path, state: .foreign, reason: "no shell script", isShell: false)
        }
        try write(added, to: path)
        return .init(name: name, path: path, state: .installed)
    }

    /// An existing hook keeps its permissions.
    private func write(_ text: String, to path: FilePath) throws {
        var info = stat()
        let mode = unsafe stat(path.string, &info) == 0 ? info.st_mode & 0o7777 : 0o755
        try Files.write(text, to: path, mode: FilePermissions(rawValue: 0o755))
        guard unsafe chmod(path.string, mode) == 0 else { throw Errno(rawValue: errno) }
    }

    private func sayWhatToAdd(_ result: inout HookInstallation, _ folder: HooksFolder) {
        if case .useless(_, let advice) = folder.owner { return result.advice = advice }
        let alone = result.hooks.filter { $0.state == .foreign }.map(\.name)
        if alone.contains(where: { $0 != HookText.gateHook }) {
            result.lineToAdd =
                folder.owner == .shared ? text.sharedLine(for: "${0##*/}") : text.line(for: "${0##*/}")
        }
        if alone.contains(HookText.gateHook) { result.gateToAdd = text.block(for: HookText.gateHook) }
    }
}
