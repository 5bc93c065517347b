import Foundation
import Testing

/// docs/architecture.md names every dependency with its home and its reason; Package.swift and the imports agree.
struct DependencyTests {
    struct Row {
        var names: String
        var homes: Set<String>
        var reason: String
    }

    private func text(_ path: String) throws -> String {
        try String(contentsOf: ArrowTests.root.appending(path: path), encoding: .utf8)
    }

    private func rows() throws -> [Row] {
        let page = try text("docs/architecture.md")
        let section = try #require(page.components(separatedBy: "## Dependencies, and why").last)
        return section.split(separator: "\n").filter { $0.hasPrefix("| ") }.dropFirst().map { line in
            let cells = line.split(separator: "|").map { $0.trimmingCharacters(in: .whitespaces) }
            let homes = cells.count > 1 ? cells[1].components(separatedBy: ", ") : []
            return Row(names: cells.first ?? "", homes: Set(homes), reason: cells.count > 2 ? cells[2] : "")
        }
    }

    /// The modules of each package and system library.
    private func modules() throws -> [String: Set<String>] {
        let manifest = try text("Package.swift")
        var modules: [String: Set<String>] = [:]
        for match in manifest.matches(of: #/\.package\(\s*url: "[^"]*/([^/"]+?)(\.git)?"/#) {
            modules[String(match.1)] = []
        }
        for match in manifest.matches(of: #/\.product\(\s*name: "([^"]+)",\s*package: "([^"]+)"/#) {
            modules[String(match.2), default: []].insert(String(match.1))
        }
        for match in manifest.matches(of: #/ system\("C([^"]+)", pkgConfig/#) {
            modules[String(match.1)] = ["C\(match.1)"]
        }
        return modules
    }

    @Test func everyDependencyStandsInTheTableWithItsHomes() throws {
        let rows = try rows()
        let modules = try modules()
        #expect(modules.count > 15 && rows.count > 12)
        for (package, modules) in modules {
            // GRDB.swift is GRDB to everybody.
            let name = package.replacing(".swift", with: "").lowercased()
            let row = try #require(
                rows.first { $0.names.lowercased().contains(name) }, "\(package) has no row")
            #expect(!row.reason.isEmpty, "\(package) has no reason")
            guard row.homes != ["everywhere"] else { continue }
            for module in modules {
                let homes = ArrowTests.homes[module] ?? []
                #expect(homes.isSubset(of: row.homes), "\(module) is at home in \(homes.sorted())")
            }
        }
    }

    @Test func everyPackageOfTheTableIsUsed() throws {
        let packages = Set(try modules().keys)
        for row in try rows() {
            for match in row.names.matches(of: #/swift-[a-z-]+/#) {
                #expect(packages.contains(String(match.0)), "Package.swift has no \(match.0)")
            }
        }
    }
}
