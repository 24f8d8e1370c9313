"""Numbers, sizes and axes as a person writes them; what a flag means."""
from __future__ import annotations

import math
import re
from typing import Any, Callable

FLAGS = {
    "between_time": "a loop spent more than 1 % of its time outside the timed "
                    "operations",
    "verify": "a tensor came back wrong; its times count for nothing",
    "ops_mismatch": "a server counted other operations than its clients: "
                    "somebody else uses it",
    "oversubscribed": "clients and server threads outnumber the CPUs of a host: "
                      "processes wait for each other, and that is what was "
                      "measured",
    "client_bound": "clients were at work themselves for more than half of the "
                    "loop: their cost is measured, not the database's",
    "too_short": "a loop was shorter than 100 times the start skew; run more "
                 "iterations",
    "clock_bound": "a median is less than ten times what reading the clock costs: "
                   "it took that long at most",
    "env_ignored": "an allocator did not take what db_env says; db_config has "
                   "what it is set to",
    "clock_error": "clocks may be apart by more than 1 % of a loop, so that "
                   "bandwidths of the window are unsure",
    "behind": "less was achieved than the rate offers: responses grow as long as "
              "the loop goes on",
    "pacing": "clients began steps late by themselves, by more than a tenth of the "
              "median response: responses are theirs in part",
    "compute_disturbed": "while clients computed alone others had their CPUs for "
                         "more than 1 % of the time: the overhead is too low",
    "compute_unsteady": "computing alone was no steady reference, though nobody had "
                        "the CPUs: the overhead is unsure",
    "floor_beaten": "it was faster than floor in its place, which is no limit "
                    "there: more repetitions on a quiet machine tell whether it is",
}

# What held a configuration back: the column that tells how much, what is so,
# and what would help (tools/README.md has the rules).
LIMITS = {
    "server_memory": ("server_fault_share", "the server spends {} of its time "
                      "on a CPU bringing in pages; an allocator that keeps its memory "
                      "would help (db_env)"),
    "server_cpu": ("server_busy", "the busiest thread of a server works, or waits "
                   "for a CPU, for {} of the time; more shards, CPUs or I/O "
                   "threads would help"),
    "client": ("client_cpu_share", "clients work themselves for {} of the time; "
               "another client or more CPUs for them would help"),
    "network": ("network_share", "the busiest link carries {} of its speed; more "
                "nodes, a faster interface or colocated databases would help"),
    "waiting": ("server_busy", "neither clients nor servers work much (a server's "
                "busiest thread for {} of the time): messages are under way or "
                "threads wake; more clients, pinning or another transport would "
                "help"),
}

FASTER_LINK = ("Above 100 %: the speed that its driver tells is less than it has, as "
               "that of virtual interfaces often is")

# How the axes are called in a heading, and their values in a sentence; an axis
# that is not here is called by its own name.
AXIS_NAMES = {
    "place": "placement", "tensor_bytes": "tensor", "db_exe": "server",
    "db_nodes": "database nodes", "db_shards_per_node": "shards per node",
    "db_cluster": "cluster", "db_cpus": "database CPUs",
    "db_io_threads": "I/O threads", "client_nodes": "client nodes",
    "clients_per_node": "clients per node", "socket_buffer": "socket buffer",
    "clients": "clients", "languages": "language", "tuned": "configuration",
    "pin_app_cpus": "pinned clients", "tensors": "tensors a step",
    "compute": "computing", "compute_kind": "kind of computing",
    "db_args": "server directives", "db_env": "server environment",
    "db_path": "folder", "command_set": "command set",
    "expire_after": "expiry after", "db_tpq": "threads per queue",
    "intra_op": "threads of a run", "batch_size": "batch size",
    "model_keys": "model keys", "experiment": "experiment",
}
TIMES = ("compute", "expire_after")        # axes that are seconds
NUMBERED = ("history", "rate", "wait")     # numbers or a word; AXIS_value has the numbers
_COUNTED = {
    "clients": ("client", "clients"),
    "db_nodes": ("database node", "database nodes"),
    "client_nodes": ("client node", "client nodes"),
    "clients_per_node": ("client per node", "clients per node"),
    "db_shards_per_node": ("shard per node", "shards per node"),
    "db_cpus": ("database CPU", "database CPUs"),
    "db_io_threads": ("I/O thread", "I/O threads"),
    "readers_per_node": ("reader per node", "readers per node"),
    "reader_nodes": ("reader node", "reader nodes"),
}
# What an axis has when nothing is asked of it.
NOTHING = {"db_args": "{}", "db_env": "{}", "db_path": "auto", "tensors": 1,
           "pipelined": 0, "history": "1", "retire": "overwrite", "compute": 0,
           "rate": "max", "readers_per_node": 0, "reader_nodes": 0,
           "control_bytes": 0, "device": "auto", "batch_size": 0}
# What says nothing where another axis has nothing.
OF = {"compute_kind": "compute", "arrivals": "rate"}
# What says nothing where no client reads what others write.
OF_READERS = ("wait", "fan")
YES_NO = {
    "pin_app_cpus": ("clients not pinned", "clients pinned"),
    "db_cluster": ("independent servers", "cluster"),
    "pipelined": ("one tensor after the other", "pipelined"),
}


def missing(value: Any) -> bool:
    """Whether a cell says that nothing was measured or that there is no such
    option: NaN, None, ""."""
    return value is None or value == "" or value != value


def absent(axis: str, v: Any) -> bool:
    """Whether the placement has no such axis: "", or -1 (which is `auto` of
    socket_buffer)."""
    return missing(v) or (axis != "socket_buffer" and not isinstance(v, str)
                          and v < 0)


def _digits(x: float, digits: int = 3) -> str:
    """Three digits that count: 61.0, 391, 2.73."""
    if x == 0:
        return "0"
    x = float(f"{x:.{digits - 1}e}")  # 0.9999 becomes 1.00, not 1.000
    places = max(0, digits - 1 - math.floor(math.log10(abs(x)) + 1e-9))
    return f"{x:.{places}f}"


def _scaled(x: float, units: tuple[tuple[float, str], ...]) -> str:
    for scale, name in units:
        if abs(x) >= 0.9995 * scale:
            return f"{_digits(x / scale)} {name}"
    scale, name = units[-1]
    return f"{_digits(x / scale)} {name}"


def seconds(x: float) -> str:
    """0.00439 as '4.39 ms'."""
    if missing(x):
        return "–"
    return _scaled(x, ((1, "s"), (1e-3, "ms"), (1e-6, "µs"), (1e-9, "ns")))


def exact_seconds(x: float) -> str:
    """A time that was asked for, with all its digits: 0.03147 as '31.47 ms'."""
    for scale, name in ((1, "s"), (1e3, "ms"), (1e6, "µs"), (1e9, "ns")):
        if x == 0 or x * scale >= 0.9999995 or name == "ns":
            return f"{x * scale:.9g} {name}"
    return ""


def rate(x: float) -> str:
    """2.73e9 as '2.73 GB/s'."""
    if missing(x):
        return "–"
    return _scaled(x, ((1e12, "TB/s"), (1e9, "GB/s"), (1e6, "MB/s"),
                       (1e3, "kB/s"), (1, "B/s")))


def steps(x: float) -> str:
    """A rate of steps, 1674 as '1670/s'."""
    return "–" if missing(x) else f"{float(f'{x:.3g}'):.15g}/s"


def size(x: float) -> str:
    """4096000 as '3.91 MiB', as srbench prints it: short numbers as they are, so
    that 32769 and 32768 are told apart, and whole units alone without a point."""
    if missing(x):
        return "–"
    if x < 1024 or (x < 100000 and x % 1024):
        return f"{int(x)} B"
    units = ("KiB", "MiB", "GiB", "TiB")
    i = next((i for i in range(3) if x < 1023.95 * 1024 ** (i + 1)), 3)
    n = x / 1024 ** (i + 1)
    return f"{int(n) if n == int(n) else f'{n:.{2 if n < 9.995 else 1}f}'} {units[i]}"


def share(x: float) -> str:
    """0.594 as '59.4 %'."""
    return "–" if missing(x) else f"{_digits(100 * x)} %"


def tick(text: Callable[[float], str]) -> Callable[[float], str]:
    """The same words for ticks, which are round: '30 µs', '1.5 GB/s', '0'."""
    def words(x: float) -> str:
        if x == 0:
            return "0"
        return re.sub(r"(\.\d*?)0+(?= )", r"\1", text(x)).replace(". ", " ")
    return words


def plain(x: float) -> str:
    """A number on a linear axis, without noise: 1200000 as 1.2M."""
    if x == 0:
        return "0"
    for scale, name in ((1e9, "G"), (1e6, "M"), (1e3, "k")):
        if abs(x) >= scale:
            return f"{x / scale:g}{name}"
    return f"{x:g}"


def exact(x: float) -> str:
    """A number as it is: 5760, 4096000, 0.5."""
    return f"{x:.0f}" if float(x).is_integer() else f"{x:g}"


def value(axis: str, v: Any) -> str:
    """One value of an axis, as in a table or a filter."""
    if absent(axis, v):
        return "–"
    if axis == "experiment":
        return str(v).removeprefix("throughput_").replace("_", " ")
    if axis == "rate" and str(v)[:1].isdigit():
        return f"{v}/s"
    if axis == "wait" and str(v)[:1].isdigit():
        return exact_seconds(float(str(v).removesuffix("s")))
    if isinstance(v, str):
        return v
    if axis == "socket_buffer":
        return "auto" if v < 0 else size(v)
    if axis == "tensor_bytes":
        return size(v)
    if axis in TIMES:
        return exact_seconds(v)
    if axis in YES_NO:
        return "yes" if v else "no"
    return exact(v)


def phrase(axis: str, v: Any) -> str:
    """The same in a sentence: '4 clients', 'transport unix'; nothing of an axis
    that the placement does not have."""
    if absent(axis, v):
        return ""
    if axis == "place":
        return "colocated databases" if v == "colocated" else str(v)
    if axis == "tensor_bytes":
        return f"tensors of {size(v)}"
    if axis in _COUNTED:
        return f"{exact(v)} {_COUNTED[axis][int(v != 1)]}"
    if axis in YES_NO:
        return YES_NO[axis][int(bool(v))]
    return f"{AXIS_NAMES.get(axis, axis)} {value(axis, v)}"


def count(n: int, one: str, many: str = "") -> str:
    """'1 permutation', '7 permutations'."""
    return f"{n} {one if n == 1 else many or one + 's'}"


def listed(items: list[str], most: int = 3, between: str = "; ") -> str:
    """'a; b; and 4 more'."""
    more = len(items) - most
    return between.join(items[:most]) + (f"; and {more} more" if more > 0 else "")
