"""The plots and tables of the scheduler's pages: titles, units, what colours mean, what is said while there is nothing to show.

Place in the flow: `pages` puts them together.

Invariants: every feed that is named exists and has the columns that are shown; names are unique, and part of addresses. No bokeh.
"""

from __future__ import annotations

from minidask_distributed.dashboard.layout import Plot, Table
from minidask_distributed.dashboard.plots.palette import ACTIVITY_COLORS, MEMORY_COLORS, SPILLED_COLOR, STATE_COLORS

_BYTES = MEMORY_COLORS["ok"]
_MEMORY_KEY = (
    ("managed: results", _BYTES),
    ("unmanaged: the rest", f"{_BYTES}99"),
    ("unmanaged, of the last 30 s", f"{_BYTES}4d"),
    ("spilled to disk", f"{SPILLED_COLOR}bf"),
)
_STATES_KEY = (
    ("in memory", STATE_COLORS["memory"]),
    ("released", STATE_COLORS["released"]),
    ("processing", STATE_COLORS["processing"]),
    ("queued", STATE_COLORS["queued"]),
    ("waiting", STATE_COLORS["waiting"]),
    ("no worker", STATE_COLORS["no-worker"]),
    ("erred", STATE_COLORS["erred"]),
)
_STREAM_KEY = (
    ("transfer", ACTIVITY_COLORS["transfer"]),
    ("disk", ACTIVITY_COLORS["disk"]),
    ("serialise", ACTIVITY_COLORS["serialize"]),
    ("error", ACTIVITY_COLORS["error"]),
)
_NO_WORKERS = "Bars appear as soon as a worker has joined."
_NO_TASKS = "Rectangles appear as soon as tasks have run: one row a thread, and one a worker for transfers and disk."
_SAMPLES = "Samples appear while this page is open, two a second."

# ---------------------------------------------------------------- plots

CLUSTER_MEMORY = Plot(
    "cluster-memory",
    "Cluster memory",
    "history:cluster_memory",
    ("cluster-memory",),
    hint="bytes of all workers over time",
    empty=_SAMPLES,
    key=_MEMORY_KEY,
    height=220,
)
WORKERS_MEMORY = Plot(
    "workers-memory",
    "Memory by worker",
    "workers:memory",
    ("workers-memory",),
    hint="bytes; orange above 70 % of the limit (the mark), red above 80 % or paused",
    empty=_NO_WORKERS,
    height=260,
)
PROCESSING = Plot(
    "workers-processing",
    "Processing",
    "workers:processing",
    ("workers-load",),
    hint="tasks by worker",
    empty=_NO_WORKERS,
    key=(
        ("running", STATE_COLORS["processing"]),
        ("sent ahead", f"{STATE_COLORS['processing']}73"),
        ("queued", STATE_COLORS["queued"]),
    ),
    height=260,
)
CPU = Plot(
    "workers-cpu",
    "CPU",
    "workers:cpu",
    ("workers-load",),
    hint="percent of one processor by worker; the mark: all its threads",
    empty=_NO_WORKERS,
    height=260,
)
OCCUPANCY = Plot(
    "workers-occupancy",
    "Occupancy",
    "workers:occupancy",
    ("workers-load",),
    hint="expected seconds of work ahead of each thread, by worker",
    empty=_NO_WORKERS,
    height=260,
)
TRANSFER = Plot(
    "workers-transfer",
    "Data transfer",
    "workers:transfer",
    ("workers-load",),
    hint="bytes a second by worker",
    empty=_NO_WORKERS,
    key=(("received", "#d62839"), ("sent", "#e98b94")),
    height=260,
)
TASK_STREAM = Plot(
    "task-stream",
    "Task stream",
    "task_stream:task_stream",
    ("task-stream", "task-lanes"),
    hint="a row a thread; colours are the prefixes of Progress",
    empty=_NO_TASKS,
    key=_STREAM_KEY,
    height=400,
)
LONG_TASK_STREAM = Plot(
    "task-stream-long",
    "Task stream, longer",
    "task_stream:long_task_stream",
    ("task-stream", "task-lanes"),
    hint="a row a thread; drag to pan, wheel to zoom",
    empty=_NO_TASKS,
    key=_STREAM_KEY,
    height=680,
)
PROGRESS = Plot(
    "progress",
    "Progress",
    "progress:progress",
    ("progress",),
    hint="tasks by prefix of their keys; the number: done of all",
    empty="Bars appear as soon as tasks are submitted.",
    key=_STATES_KEY,
    height=360,
)
GRAPH = Plot(
    "graph",
    "Task graph",
    "graph:graph",
    ("graph", "graph-edges"),
    hint="a dot a task, to the right of what it needs; beyond 2,000 tasks a dot a prefix",
    empty="Dots appear while tasks are known to the scheduler.",
    key=_STATES_KEY,
    height=680,
)
GROUPS = Plot(
    "groups",
    "Groups",
    "progress:groups",
    ("groups", "group-edges"),
    hint="a box a prefix, filled as far as its tasks are done, hatched as far as they failed; to the right of what it needs",
    empty="Boxes appear as soon as tasks are submitted.",
    height=620,
)
SCHEDULER_CPU = Plot(
    "scheduler-cpu",
    "Scheduler CPU",
    "history:scheduler_cpu",
    ("system",),
    hint="percent of one processor",
    empty=_SAMPLES,
    height=200,
)
SCHEDULER_MEMORY = Plot(
    "scheduler-memory",
    "Scheduler memory",
    "history:scheduler_memory",
    ("system",),
    hint="bytes of its process",
    empty=_SAMPLES,
    height=200,
)
SCHEDULER_DELAY = Plot(
    "scheduler-delay",
    "Event loop delay",
    "history:scheduler_delay",
    ("system",),
    hint="seconds that the scheduler came late, the longest of each half second",
    empty=_SAMPLES,
    height=200,
)
SCHEDULER_FILES = Plot(
    "scheduler-files",
    "Open files",
    "history:scheduler_files",
    ("system",),
    hint="file descriptors and sockets of the scheduler",
    empty=_SAMPLES,
    height=200,
)
CLUSTER_CPU = Plot(
    "cluster-cpu",
    "Cluster CPU",
    "history:cluster_cpu",
    ("system",),
    hint="percent of one processor, all workers together",
    empty=_SAMPLES,
    height=200,
)
CLUSTER_BANDWIDTH = Plot(
    "bandwidth",
    "Bandwidth",
    "history:bandwidth",
    ("system",),
    hint="bytes a second between workers, all together",
    empty=_SAMPLES,
    key=(("received", "#d62839"), ("sent", "#e98b94")),
    height=200,
)
THROUGHPUT = Plot(
    "throughput",
    "Throughput",
    "history:throughput",
    ("system",),
    hint="tasks that ended in a second",
    empty=_SAMPLES,
    height=200,
)
BACKLOG = Plot(
    "backlog",
    "Tasks ahead",
    "history:backlog",
    ("system",),
    hint="tasks by state",
    empty=_SAMPLES,
    key=(("processing", STATE_COLORS["processing"]), ("queued", STATE_COLORS["queued"]), ("waiting", "#7d8794")),
    height=200,
)
BANDWIDTH_PAIRS = Plot(
    "bandwidth-workers",
    "Bandwidth by pair of workers",
    "traffic:pairs",
    ("bandwidth-pairs", "bandwidth-workers"),
    hint="bytes a second of single transfers, lately; the 40 workers with most traffic",
    empty="Cells appear when workers have sent each other data.",
    height=460,
)
BANDWIDTH_TYPES = Plot(
    "bandwidth-types",
    "Bandwidth by type",
    "traffic:types",
    ("bandwidth-types",),
    hint="bytes a second of single transfers; the 20 types with most bytes",
    empty="Bars appear when workers have sent each other data of some size.",
    height=460,
)
STEALING = Plot(
    "stealing",
    "Moves of work",
    "moves:stealing",
    ("moves",),
    hint="tasks that moved at once",
    empty="Dots appear when tasks move from busy workers to idle ones.",
    key=(("queued tasks, stolen", "#3f87e0"), ("sent tasks, recalled", "#d2a52c")),
    height=260,
)
STEALING_WORKERS = Plot(
    "stealing-workers",
    "Given and got",
    "moves:stealing_by_worker",
    ("moves-workers",),
    hint="tasks by worker",
    empty="Bars appear when tasks move from busy workers to idle ones.",
    key=(("given", "#e2bd3f"), ("got", "#3f87e0")),
    height=260,
)
SHUFFLES = Plot(
    "shuffle",
    "Shuffles",
    "moves:shuffles",
    ("shuffles",),
    hint="partitions split (above) and put together (below)",
    empty="Bars appear when a dataframe is shuffled between workers.",
    height=260,
)
SHUFFLE_BYTES = Plot(
    "shuffle-workers",
    "Shuffled bytes by worker",
    "moves:shuffle_bytes",
    ("shuffle-workers",),
    hint="bytes of the last shuffles, so far; the 16 workers with most",
    empty="Bars appear when a dataframe is shuffled between workers.",
    key=(
        ("split here", "#3f78c4"),
        ("fetched from others", ACTIVITY_COLORS["transfer"]),
        ("written to disk", ACTIVITY_COLORS["disk"]),
    ),
    height=260,
)
EVENTS = Plot(
    "events",
    "Events",
    "moves:events",
    ("events", "event-topics"),
    hint="a row a topic",
    empty="Dots appear when workers come and go, tasks fail, or something is logged.",
    height=260,
)
PROFILE = Plot(
    "profile",
    "Profile",
    "profile:flame_workers",
    hint="width: share of the samples; click a box to see only it",
    empty="Boxes appear when tasks have been running for some seconds.",
    height=560,
)
PROFILE_TIMELINE = Plot(
    "profile-timeline",
    "Samples over time",
    "profile:timeline",
    hint="samples a second; drag over a part to see only its profile",
    empty="Bars appear when tasks have been running for some seconds.",
    height=120,
)
PROFILE_SERVER = Plot(
    "profile-server",
    "Profile of the event loops",
    "profile:flame_server",
    hint="width: share of the samples; click a box to see only it",
    empty="Boxes appear when the event loop has been busy for some seconds.",
    height=560,
)

# ---------------------------------------------------------------- tables

WORKERS = Table(
    "workers",
    "Workers",
    "workers",
    (
        ("name", "Name", "link:page"),
        ("status", "Status", "state"),
        ("logs", "Log", "link:logs_page"),
        ("stacks", "Stacks", "link:stacks_page"),
        ("address", "Address", "name"),
        ("nthreads", "Thr.", "count"),
        ("cpu", "CPU", "percent"),
        ("memory", "Memory", "bytes"),
        ("memory_limit", "Limit", "bytes"),
        ("memory_percent", "Used", "share"),
        ("spilled", "Spilled", "bytes"),
        ("bandwidth_in", "In", "rate"),
        ("bandwidth_out", "Out", "rate"),
        ("executing", "Run", "count"),
        ("ready", "Ready", "count"),
        ("waiting", "Wait", "count"),
        ("processing", "Proc.", "count"),
        ("queued", "Queue", "count"),
        ("held", "Held", "count"),
        ("delay", "Delay", "seconds"),
        ("last_seen", "Seen", "seconds"),
    ),
    titles=(
        ("stacks", "What its threads are doing at this moment"),
        ("nthreads", "Threads that run tasks"),
        ("memory", "Of its process"),
        ("memory_limit", "Memory that it may use"),
        ("memory_percent", "Memory, of its limit"),
        ("spilled", "Results on disk, to save memory"),
        ("bandwidth_in", "Received from other workers"),
        ("bandwidth_out", "Sent to other workers"),
        ("executing", "Tasks that are running"),
        ("ready", "Tasks that have all they need, and wait for a thread"),
        ("waiting", "Tasks that wait for data of other workers"),
        ("processing", "Tasks that were sent to it and aren't done: running, ready and waiting"),
        ("queued", "Tasks that the scheduler keeps for it"),
        ("held", "Results that it holds"),
        ("delay", "How late its event loop came, at most, since the beat before"),
        ("last_seen", "Since its last beat"),
    ),
    narrow=(
        ("ready", "waiting"),
        ("address",),
        ("logs", "stacks", "bandwidth_in", "bandwidth_out", "held"),
    ),
    hint="click a heading to sort; names lead to each worker's page",
    empty="Rows appear as soon as a worker has joined.",
)
DEPARTURES = Table(
    "departures",
    "Workers that are gone",
    "departures",
    (
        ("time", "When", "time"),
        ("name", "Name", "link:page"),
        ("kind", "How", "text"),
        ("reason", "Why", "text"),
        ("signal", "Signal", "text"),
        ("memory", "Memory", "bytes"),
        ("memory_limit", "Limit", "bytes"),
        ("running", "Was running", "text"),
        ("lines", "Last lines of its log", "pre"),
    ),
    empty="No worker has left or died.",
)
MOVES = Table(
    "moves",
    "From whom to whom",
    "moves-pairs",
    (
        ("source", "From", "text"),
        ("target", "To", "text"),
        ("kind", "Which", "text"),
        ("tasks", "Tasks", "count"),
        ("moves", "Moves", "count"),
        ("last", "Last", "time"),
    ),
    empty="No task has moved between workers yet.",
)
SHUFFLE_TABLE = Table(
    "shuffles",
    "Shuffles",
    "shuffles",
    (
        ("label", "Shuffle", "link:page"),
        ("state", "State", "state"),
        ("found", "Seen since", "time"),
        ("sources", "Partitions in", "count"),
        ("sources_processing", "Splitting", "count"),
        ("sources_done", "Split", "count"),
        ("outputs", "Out", "count"),
        ("outputs_processing", "Joining", "count"),
        ("outputs_done", "Joined", "count"),
        ("bytes_split", "Bytes split", "bytes"),
        ("bytes_fetched", "Moved", "bytes"),
        ("bytes_spilled", "To disk", "bytes"),
    ),
    hint="bytes as workers tell them, once a second",
    titles=(
        ("outputs", "Partitions that come out"),
        ("outputs_processing", "Partitions that are put together at this moment"),
        ("outputs_done", "Partitions that were put together"),
        ("bytes_split", "All pieces that were made"),
        ("bytes_fetched", "Pieces that were fetched by another worker than the one that made them"),
        ("bytes_spilled", "Pieces that didn't find room in memory, and were written to disk meanwhile"),
    ),
    narrow=((), (), ("found", "sources_processing", "outputs_processing")),
    empty="No shuffle between workers is known.",
)
EVENT_TABLE = Table(
    "event-list",
    "The last events",
    "event-list",
    (("time", "When", "time"), ("topic", "Topic", "text"), ("text", "What", "text")),
    empty="Nothing has been logged. Client.log_event writes events, Client.get_events reads them.",
)
EXCEPTIONS = Table(
    "exceptions",
    "Failed tasks",
    "exceptions",
    (
        ("time", "When", "time"),
        ("key", "Task", "link:page"),
        ("worker", "Worker", "link:worker_page"),
        ("error", "Error", "text"),
        ("duration", "After", "seconds"),
        ("outcome", "Outcome", "text"),
        ("attempt", "Attempt", "count"),
        ("retries_left", "Retries left", "count"),
        ("traceback", "Remote traceback", "pre"),
    ),
    hint="the latest 300",
    empty="No task has failed.",
)
