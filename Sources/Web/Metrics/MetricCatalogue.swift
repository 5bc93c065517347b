internal import Store

/// Every family that `/metrics` of any process shows, whether it has numbers yet or not.
enum MetricCatalogue {
    /// Numbers that the daemon and the commands count in the database.
    static let counted: [MetricFamily] = [
        MetricFamily(
            "tmux_agent_signals_total", .counter, "Facts that the policies saw, by kind", hasLabels: true),
        MetricFamily("tmux_agent_markers_total", .counter, "Markers by their type", hasLabels: true),
        MetricFamily("tmux_agent_broken_markers_total", .counter, "Markers that were broken beyond mending"),
        MetricFamily(
            "tmux_agent_stage_transitions_total", .counter, "Changes of runs (stage empty) and stages",
            hasLabels: true),
        MetricFamily(
            "tmux_agent_stage_duration_seconds", .histogram, "Time from a stage's start to its end",
            bounds: .work, hasLabels: true),
        MetricFamily(
            "tmux_agent_approval_answers_total", .counter, "Answers to questions that were let in",
            hasLabels: true),
        MetricFamily(
            "tmux_agent_approval_refusals_total", .counter, "Answers that were refused, by reason",
            hasLabels: true),
        MetricFamily(
            "tmux_agent_approval_waiting_seconds", .histogram, "Time from a question to its answer",
            bounds: .work, hasLabels: true),
        MetricFamily(
            "tmux_agent_tmux_round_trip_seconds", .histogram, "Time from an order to tmux to its answer",
            bounds: .answers),
        MetricFamily(
            "tmux_agent_screen_differences_total", .counter,
            "Screens that tmux showed differently from what was read"),
        MetricFamily(
            "tmux_agent_deliveries_total", .counter, "Notices by channel and what became of them",
            hasLabels: true),
        MetricFamily(
            "tmux_agent_database_troubles_total", .counter, "Times that the database could not be written"),
        MetricFamily(
            "tmux_agent_foreign_hook_lines_total", .counter,
            "Lines in the hook file that no hook of ours wrote"),
        MetricFamily(
            "tmux_agent_unwatched_hook_lines_total", .counter,
            "Lines of git hooks from checkouts that belong to no agent"),
    ]

    /// Numbers of the orchestrator, under the names of the Python tool.
    static let orchestrator: [MetricFamily] = [
        MetricFamily("orchestrator_commands_total", .counter, "Commands by result", hasLabels: true),
        MetricFamily(
            "orchestrator_decision_latency_seconds", .histogram, "Time that the model took to decide",
            bounds: .decisions),
        MetricFamily(
            "orchestrator_decision_errors_total", .counter, "Decisions that failed, by branch",
            hasLabels: true),
        MetricFamily(
            "orchestrator_json_parse_failures_total", .counter,
            "Answers of the model that were no JSON, by branch and kind", hasLabels: true),
        MetricFamily(
            "orchestrator_command_failures_total", .counter, "Commands that failed, by branch",
            hasLabels: true),
        MetricFamily(
            "orchestrator_command_success_total", .counter, "Commands that succeeded, by branch",
            hasLabels: true),
        MetricFamily(
            "tmux_agent_orchestrator_heartbeats_total", .counter,
            "Rounds of the process that runs the tasks, one each poll_interval at most"),
    ]

    static let queue = MetricFamily(
        "orchestrator_queue_size", .gauge, "Commands that wait, by branch", hasLabels: true)
    static let confirmations = MetricFamily(
        "orchestrator_pending_confirmation_total", .gauge, "Commands that wait for a person, by branch",
        hasLabels: true)
    static let hostAgents = MetricFamily(
        "tmux_agent_host_agents", .gauge, "Agents of all fleets that count for max_agents_per_host")
    static let orchestrated = MetricFamily(
        "tmux_agent_orchestrated", .gauge, "1 while a process runs the tasks")
    static let tasks = MetricFamily("tmux_agent_tasks", .gauge, "Tasks by status", hasLabels: true)

    static let info = MetricFamily("tmux_agent_info", .gauge, "The fleet, as labels", hasLabels: true)
    static let watched = MetricFamily("tmux_agent_watched", .gauge, "1 while a daemon watches the fleet")
    static let agents = MetricFamily("tmux_agent_agents", .gauge, "Agents by state", hasLabels: true)
    static let runs = MetricFamily(
        "tmux_agent_open_runs", .gauge, "Runs that are queued or running", hasLabels: true)
    static let questions = MetricFamily("tmux_agent_pending_approvals", .gauge, "Questions without an answer")
    static let oldestQuestion = MetricFamily(
        "tmux_agent_oldest_approval_seconds", .gauge, "How long the oldest open question waits; 0 without one"
    )
    static let outbox = MetricFamily("tmux_agent_outbox", .gauge, "Actions by state", hasLabels: true)
    static let deliveries = MetricFamily(
        "tmux_agent_deliveries", .gauge, "Notices by channel and state", hasLabels: true)
    static let tapBytes = MetricFamily(
        "tmux_agent_tap_bytes", .gauge, "Bytes that an agent printed", hasLabels: true)
    static let tapLag = MetricFamily(
        "tmux_agent_tap_lag_bytes", .gauge, "Bytes of an agent that are not read yet", hasLabels: true)
    static let database = MetricFamily("tmux_agent_database_bytes", .gauge, "Size of the database")
    static let followers = MetricFamily(
        "tmux_agent_event_clients", .gauge, "Clients that follow the events of this process")

    static let memory = MetricFamily(
        "process_resident_memory_bytes", .gauge, "Resident memory of this process")
    static let processor = MetricFamily(
        "process_cpu_seconds_total", .counter, "User and system time of this process")
    static let files = MetricFamily("process_open_fds", .gauge, "Open file descriptors of this process")
    static let start = MetricFamily(
        "process_start_time_seconds", .gauge, "When this process began, in seconds since 1970")

    /// Every name that is shown.
    static let all =
        counted + orchestrator + [
            queue, confirmations, hostAgents, orchestrated, tasks, info, watched, agents, runs, questions,
            oldestQuestion, outbox, deliveries, tapBytes, tapLag, database, followers, memory, processor,
            files, start,
        ]
}
