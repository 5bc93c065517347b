import Core
import Testing

@Suite struct TaskGraphTests {
    @Test func circleIsNamedWithItsPath() {
        let tasks = [
            PlannedTask(branch: "free"), PlannedTask(branch: "a", dependsOn: ["free", "c"]),
            PlannedTask(branch: "b", dependsOn: ["a"]), PlannedTask(branch: "c", dependsOn: ["b"]),
            PlannedTask(branch: "behind", dependsOn: ["c"]),
        ]
        #expect(throws: TaskGraphError.cycle(["a", "c", "b", "a"])) { _ = try TaskGraph(tasks) }
        #expect(throws: TaskGraphError.cycle(["x", "x"])) {
            _ = try TaskGraph([PlannedTask(branch: "x", dependsOn: ["x"])])
        }
    }

    @Test func unknownDependencyNamesTheNearestBranch() {
        let tasks = [
            PlannedTask(branch: "feature/login"), PlannedTask(branch: "b", dependsOn: ["feature/lgoin"]),
        ]
        #expect(throws: TaskGraphError.unknown(branch: "feature/lgoin", of: "b", nearest: "feature/login")) {
            _ = try TaskGraph(tasks)
        }
        #expect(throws: TaskGraphError.twice(branch: "a")) {
            _ = try TaskGraph([PlannedTask(branch: "a"), PlannedTask(branch: "a")])
        }
    }

    @Test func levelsCountTheLongestWay() throws {
        let graph = try TaskGraph([
            PlannedTask(branch: "d", dependsOn: ["a", "c"]), PlannedTask(branch: "a"),
            PlannedTask(branch: "b", dependsOn: ["a"]), PlannedTask(branch: "c", dependsOn: ["b", "b"]),
        ])
        #expect(graph.levels == ["a": 0, "b": 1, "c": 2, "d": 3])
        #expect(graph.inOrder == ["a", "b", "c", "d"])
        #expect(graph.dependents(of: "a") == ["d", "b"])
    }

    @Test func aLongChainIsNoMatterOfTheStack() throws {
        let tasks = (0..<5_000).map {
            PlannedTask(branch: "t\($0)", dependsOn: $0 == 0 ? [] : ["t\($0 - 1)"])
        }
        #expect(try TaskGraph(tasks).levels["t4999"] == 4_999)
    }
}
