internal import Core
public import Fleet
internal import SystemPackage

/// Whose actions are done, and with what.
public enum Workplace: Sendable {
    case fleet(FleetContext, ServerPool)
    /// Panes that were not spawned here.
    case panes(PaneHosts)

    var surroundings: Surroundings {
        switch self {
        case .fleet(let context, _): context.surroundings
        case .panes(let hosts): hosts.surroundings
        }
    }

    /// The folder for locks and for the files of shell actions.
    var run: FilePath {
        switch self {
        case .fleet(let context, _): context.run
        case .panes(let hosts): hosts.run
        }
    }
}
