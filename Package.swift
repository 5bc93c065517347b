// swift-tools-version: 6.2
import PackageDescription

/// One list for every target, tests too: what the compiler can hold, people need not.
let strict: [SwiftSetting] = [
    .swiftLanguageMode(.v6),
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("NonisolatedNonsendingByDefault"),
    .treatAllWarnings(as: .error),
]
let safe = strict + [.strictMemorySafety()]

/// Programs hold Swift's libraries, so that they start quickly and run where no toolchain is.
///
/// The named libraries are what Foundation's static archive needs; a dependency that imports Foundation names
/// only those of the shared one. Only releases do so: a test bundle that depends on the program takes its linker
/// settings over, and the test libraries exist as shared ones alone. Nobody links against a program: without the
/// table of its 45,000 names, which the loader and the runtime search, it starts in 11 ms instead of 14.
let staticStandardLibrary: [LinkerSetting] =
    [
        .unsafeFlags(
            ["-static-stdlib", "-Xlinker", "--no-export-dynamic"],
            .when(platforms: [.linux], configuration: .release))
    ]
    + [
        "CoreFoundation", "_FoundationICU", "_FoundationCShims", "_FoundationCollections",
        "swiftSynchronization",
    ]
    .map { .linkedLibrary($0, .when(configuration: .release)) }

/// A room: a library target of ours under `Sources/`.
///
/// The two that take every byte apart are optimised in debug builds too: tests feed them millions.
func room(
    _ name: String, _ dependencies: [Target.Dependency], exclude: [String] = [], isAlwaysFast: Bool = false
) -> Target {
    let fast = SwiftSetting.unsafeFlags(["-O"], .when(configuration: .debug))
    return .target(
        name: name, dependencies: dependencies, exclude: exclude,
        swiftSettings: safe + (isAlwaysFast ? [fast] : []))
}

/// The tests of a room, under `Tests/<room>Tests`, with their files under `Fixtures`.
func tests(_ name: String, _ more: [Target.Dependency], exclude: [String] = []) -> Target {
    .testTarget(
        name: "\(name)Tests",
        dependencies: (name == "Core" ? [] : [.byName(name: name)]) + ["Core", "TestSupport", systemPackage]
            + more,
        exclude: exclude, swiftSettings: strict)
}

func system(_ name: String, pkgConfig: String, apt: String) -> Target {
    .systemLibrary(name: name, pkgConfig: pkgConfig, providers: [.apt([apt])])
}

let argumentParser = Target.Dependency.product(name: "ArgumentParser", package: "swift-argument-parser")
let grdb = Target.Dependency.product(name: "GRDB", package: "GRDB.swift")
let tomlKit = Target.Dependency.product(name: "TOMLKit", package: "TOMLKit")
let subprocess = Target.Dependency.product(name: "Subprocess", package: "swift-subprocess")
let systemPackage = Target.Dependency.product(name: "SystemPackage", package: "swift-system")
let logging = Target.Dependency.product(name: "Logging", package: "swift-log")
let serviceLifecycle = Target.Dependency.product(
    name: "ServiceLifecycle", package: "swift-service-lifecycle")
let unixSignals = Target.Dependency.product(name: "UnixSignals", package: "swift-service-lifecycle")
let hummingbird = Target.Dependency.product(name: "Hummingbird", package: "hummingbird")
let hummingbirdCore = Target.Dependency.product(name: "HummingbirdCore", package: "hummingbird")
let nio = Target.Dependency.product(name: "NIOCore", package: "swift-nio")
let nioHTTPTypes = Target.Dependency.product(name: "NIOHTTPTypes", package: "swift-nio-extras")
let httpTypes = Target.Dependency.product(name: "HTTPTypes", package: "swift-http-types")
let mustache = Target.Dependency.product(name: "Mustache", package: "swift-mustache")
let crypto = Target.Dependency.product(name: "Crypto", package: "swift-crypto")

let package = Package(
    name: "tmux-agent",
    products: [.executable(name: "tmux-agent", targets: ["tmux-agent"])],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
        .package(url: "https://github.com/groue/GRDB.swift", from: "7.10.0"),
        .package(url: "https://github.com/LebJe/TOMLKit", from: "0.6.0"),
        .package(url: "https://github.com/swiftlang/swift-subprocess", from: "1.0.2"),
        .package(url: "https://github.com/apple/swift-system", from: "1.8.1"),
        .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
        .package(url: "https://github.com/swift-server/swift-service-lifecycle", from: "2.13.0"),
        .package(url: "https://github.com/apple/swift-crypto", from: "4.5.2"),
        .package(url: "https://github.com/hummingbird-project/hummingbird", from: "2.28.1", traits: []),
        .package(url: "https://github.com/hummingbird-project/swift-mustache", from: "2.1.1"),
        // Hummingbird's own foundations, whose types its interface shows.
        .package(url: "https://github.com/apple/swift-nio.git", from: "2.101.0"),
        .package(url: "https://github.com/apple/swift-nio-extras.git", from: "1.34.1"),
        .package(url: "https://github.com/apple/swift-http-types.git", from: "1.8.0", traits: []),
    ],
    targets: [
        system("CLibgit2", pkgConfig: "libgit2", apt: "libgit2-dev"),
        system("CLibYAML", pkgConfig: "yaml-0.1", apt: "libyaml-dev"),
        system("CVTerm", pkgConfig: "vterm", apt: "libvterm-dev"),
        system("CPCRE2", pkgConfig: "libpcre2-8", apt: "libpcre2-dev"),
        .target(name: "CLinux"),
        .target(name: "CCurl"),
        .target(name: "CEmbedded"),
        .target(name: "CSQLite", linkerSettings: [.linkedLibrary("sqlite3")]),

        room("Core", [systemPackage, "CPCRE2"], exclude: ["Detection/rules"], isAlwaysFast: true),

        room("ProcessKit", ["Core", "CLinux", subprocess, systemPackage]),
        room("TerminalKit", ["Core", "CVTerm"], isAlwaysFast: true),
        room("TmuxKit", ["Core", "ProcessKit", systemPackage]),
        room("SSHKit", ["Core", "ProcessKit", "CLinux", systemPackage]),
        room("GitKit", ["Core", "ProcessKit", "CLibgit2", systemPackage]),
        room("HTTPKit", ["Core", "CCurl", "ProcessKit"]),
        room("Store", ["Core", "CSQLite", grdb, systemPackage]),
        room(
            "Config", ["Core", "CLibYAML", "CEmbedded", tomlKit, mustache, crypto, systemPackage],
            exclude: ["Starters"]
        ),

        room(
            "Fleet",
            [
                "Core", "CLinux", "Config", "Store", "GitKit", "TmuxKit", "TerminalKit", "ProcessKit",
                systemPackage,
            ]),
        room("Approvals", ["Core", "Store", crypto, systemPackage]),
        room(
            "Notify",
            ["Core", "Config", "Store", "HTTPKit", "ProcessKit", "TmuxKit", crypto, systemPackage]),
        room(
            "Watch",
            [
                "Core", "Config", "Store", "TmuxKit", "TerminalKit", "SSHKit", "ProcessKit", "GitKit",
                "Fleet", "Approvals",
                systemPackage,
                serviceLifecycle, logging,
            ]),
        room(
            "Orchestrator",
            [
                "Core", "Config", "Store", "GitKit", "TmuxKit", "TerminalKit", "ProcessKit", "Fleet",
                "Approvals", serviceLifecycle, logging, systemPackage,
            ]),
        room(
            "Web",
            [
                "Core", "Config", "Store", "GitKit", "TmuxKit", "TerminalKit", "ProcessKit", "Fleet", "Watch",
                "Approvals", "Notify", "CEmbedded", hummingbird, hummingbirdCore, nio, nioHTTPTypes,
                httpTypes,
                mustache, crypto, serviceLifecycle, logging, systemPackage,
            ], exclude: ["Pages/templates", "Pages/assets", "Pages/texts.json"]),
        room(
            "Daemon",
            [
                "Core", "Config", "Store", "GitKit", "TmuxKit", "ProcessKit", "Fleet", "Watch", "Approvals",
                "Notify", "Web", "Orchestrator", serviceLifecycle, unixSignals, logging, systemPackage,
            ]),
        room(
            "CLI",
            [
                "Core", "Config", "GitKit", "ProcessKit", "Store", "Daemon", "Fleet", "Watch", "Approvals",
                "Notify", "Orchestrator", argumentParser, logging, systemPackage,
            ]),
        .executableTarget(
            name: "tmux-agent", dependencies: ["CLI", "Core", systemPackage], swiftSettings: safe,
            linkerSettings: staticStandardLibrary),
        .executableTarget(
            name: "tmux-agent-benchmarks",
            dependencies: [
                "Core", "Config", "GitKit", "Store", "TmuxKit", "TerminalKit", "ProcessKit", "Fleet",
                "Notify",
                "Orchestrator",
                systemPackage,
            ],
            path: "Sources/Benchmarks", swiftSettings: safe, linkerSettings: staticStandardLibrary),

        .target(
            name: "TestSupport", dependencies: ["Core", "ProcessKit", systemPackage],
            path: "Tests/TestSupport",
            swiftSettings: strict),
        tests("Core", []),
        tests("ProcessKit", []),
        tests("TerminalKit", ["Config", "Watch"], exclude: ["Fuzz/corpus"]),
        tests("GitKit", ["ProcessKit"]),
        tests("TmuxKit", ["ProcessKit"], exclude: ["Fixtures"]),
        tests("SSHKit", ["ProcessKit", "TmuxKit"]),
        tests("Store", ["ProcessKit", grdb], exclude: ["Fixtures"]),
        tests("HTTPKit", ["ProcessKit"]),
        tests("Notify", ["Config", "Store", "ProcessKit", "TmuxKit", crypto], exclude: ["Fuzz/corpus"]),
        tests("Config", [], exclude: ["Fixtures", "Fuzz/corpus"]),
        tests("Fleet", ["Config", "GitKit", "ProcessKit", "Store", "TmuxKit"]),
        tests("Approvals", ["Store", "ProcessKit", crypto]),
        tests("Watch", ["Store", "ProcessKit", "TerminalKit", "Notify"]),
        tests(
            "Web",
            [
                "tmux-agent", "Approvals", "Fleet", "GitKit", "HTTPKit", "ProcessKit", "Store", "TerminalKit",
                logging, serviceLifecycle,
            ]),
        tests(
            "Orchestrator",
            ["Config", "Fleet", "Store", "ProcessKit", "TmuxKit", "HTTPKit", "tmux-agent", logging]),
        tests("Daemon", ["Store", "ProcessKit", "tmux-agent", "Watch", "Fleet", grdb, logging]),
        // Depends on the program itself, so that building the tests builds it: the tests run it.
        .testTarget(
            name: "CLITests",
            dependencies: ["tmux-agent", "Core", "ProcessKit", "TestSupport", systemPackage],
            exclude: ["Snapshots"], swiftSettings: strict),
        .testTarget(name: "ArchitectureTests", swiftSettings: strict),
    ],
    cLanguageStandard: .gnu17
)
