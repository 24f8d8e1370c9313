#!/usr/bin/env python3
"""bench.py [SECTION...] [--quick] [--rounds N] [--write | --output FILE]

Measures srbench itself: how close its client is to the wire and to other
programs, and what srbench costs around the loops that it times. Prints tables
in Markdown; --write puts them into RESULTS.md beside this file.

A comparison is a ratio. Both sides run in turn, A B, B A, A B, ..., each pair
of neighbours gives one ratio, and what is reported is the median of these with
the smallest and the largest: what disturbs the machine for longer than a pair
disturbs both sides. Nothing is ever the best of several.

Sections: see SECTIONS; all of them take about 20 minutes on two cores, with
--quick about three (fewer rounds, shorter loops, up to 8 ranks).
"""
import argparse
import json
import shlex
import statistics
import subprocess
import sys
import tempfile
from collections import defaultdict
from pathlib import Path

from runs import (CLIENT_CPUS, CPUS, FLOOR_LINGER, PINGPONG, PINNED, RUNGS, TUNED,
                  Failed, Server, Srbench, dd, machine, on_cpus, pairs_in, pingpong,
                  rungs, shares, SRBENCH)

HERE = Path(__file__).resolve().parent
KIB, MIB, MB4 = 1024, 1024 * 1024, 4000000
SIZES = (KIB, 64 * KIB, MIB, MB4)
NAMES = {KIB: "1 KiB", 64 * KIB: "64 KiB", MIB: "1 MiB", MB4: "4 MB",
         16 * MIB: "16 MiB"}
OPS = ("put", "unpack")
WORD = {"put": "put", "unpack": "get"}

# What is to be reached: (section, row) -> (sense, limit). Rows are as the
# sections word them.
GOALS = {
    **{("clients", f"{op} {size}"): ("<=", limit)
       for op in ("put", "get")
       for size, limit in (("4 MB", 0.50), ("1 MiB", 0.65))},
    **{(section, f"{transport} {op} {size}"): ("<=", 1.15)
       for section in ("floor", "floor, looking") for transport in ("tcp", "unix") for op in ("put", "get")
       for size in ("64 KiB", "1 MiB", "4 MB")},
    **{("redis-benchmark", f"{clients}, {op} {size}"): (">=", limit)
       for clients in (1, 4, 16) for op in ("put", "get")
       for size, limit in (("1 KiB", 1.3), ("64 KiB", 1.3), ("1 MiB", 1.5),
                           ("4 MB", 1.5))},
    **{(section, "floor_beaten, of ten for each number of clients"): ("<=", 0)
       for section in ("floor beside", "floor beside tuned")},
    **{(section, f"{op} {size}"): ("<=", limit)
       for section, limit, sizes in (("memory", 1.15, ("1 MiB", "4 MB")),
                                     ("messages", 1.25, ("1 KiB", "64 KiB", "1 MiB",
                                                         "4 MB")))
       for op in ("put", "get") for size in sizes},
    ("idle", "a waiting rank, % of a core"): ("<=", 2.0),
    ("between", "4 ranks, ms a permutation"): ("<=", 50.0),
    ("databases", "1 shard"): ("<=", 0.3),
    **{("databases", f"{n} shards"): ("<=", 2.5) for n in (3, 16, 64)},
}


class Table:
    """Rows of one section: the pairs' ratios, or what each round measured."""

    def __init__(self, section, title, note):
        self.section, self.title, self.note = section, title, note
        self.rows = defaultdict(list)
        self.sides = defaultdict(list)
        self.absent = {}

    def add(self, row, value):
        self.rows[row].append(value)

    def pair(self, row, a, b):
        """A pair's ratio a / b; the sides are shown by their medians."""
        self.rows[row].append(a / b)
        self.sides[row].append((a, b))

    def verdict(self, row):
        """(goal, reached) as words."""
        goal = GOALS.get((self.section, row))
        if not goal:
            return "", ""
        sense, limit = goal
        median = statistics.median(self.rows[row])
        reached = median <= limit if sense == "<=" else median >= limit
        return f"{sense} {limit:g}", "yes" if reached else "**no**"

    def line(self, row):
        values = self.rows[row]
        sides = self.sides.get(row)
        shown = ""
        if sides:
            shown = " / ".join(number(statistics.median(s))
                               for s in zip(*sides))
        goal, reached = self.verdict(row)
        cells = (row, shown, number(statistics.median(values)),
                 f"{number(min(values))} to {number(max(values))}",
                 len(values), goal, reached)
        return "| " + " | ".join(map(str, cells)) + " |"

    def lines(self):
        yield f"## {self.title}\n"
        yield self.note + "\n"
        yield "| | A / B | median | smallest to largest | of | goal | reached |"
        yield "|---|---|---|---|---|---|---|"
        for row in self.rows:
            yield self.line(row)
        for row, why in self.absent.items():
            yield f"| {row} | | {why} | | 0 | | |"
        yield ""


def number(x):
    return f"{x:.3g}" if abs(x) < 1000 else f"{x:.0f}"


class Bench:
    """What the sections share: how long, how often, and the tool."""

    def __init__(self, srbench, folder, quick, rounds):
        self.srbench, self.folder, self.quick = srbench, folder, quick
        self.rounds = rounds or (2 if quick else 7)
        self.seconds = 0.1 if quick else 0.5  # of one loop
        self.ranks = (1, 2, 4, 8) if quick else (1, 2, 4, 8, 16, 32, 64)

    def turns(self, *sides):
        """The sides in the order of each round: A B, B A, A B, ..."""
        for k in range(self.rounds):
            yield sides if k % 2 == 0 else sides[::-1]

    def sweep(self, ranks, bytes_, *args, seconds=None):
        n = pairs_in(bytes_, seconds or self.seconds, ranks)
        return self.srbench.run(ranks, *PINNED, f"--iterations={n}",
                                f"--tensor_bytes={bytes_}", *args)

    def axis(self, table, option, a, b):
        """One client; time with option a / time with option b."""
        for size in SIZES:
            for order in self.turns(a, b):
                study = self.sweep(1, size, f"--{option}=[{','.join(order)}]")
                sides = [study.one(**{option: x}) for x in (a, b)]
                for op in OPS:
                    table.pair(f"{WORD[op]} {NAMES[size]}",
                               *(s.seconds(op) for s in sides))


# --- against others ----------------------------------------------------------

def clients(b):
    t = Table("clients", "The socket client against hiredis",
              "Time of an operation (median), s, `client: socket` / `client: "
              "hiredis`; one client, TCP over loopback.")
    b.axis(t, "client", "socket", "hiredis")
    return [t]


def transports(b):
    t = Table("transports", "Unix sockets against TCP",
              "Time of an operation (median), s, `transport: unix` / "
              "`transport: tcp`; one socket client.")
    b.axis(t, "transport", "unix", "tcp")
    return [t]


def against_pingpong(b, tables, args, sizes):
    """tables: {how long the ping-pong's server looks before it sleeps: table}"""
    for transport in ("tcp", "unix"):
        for size in sizes:
            n = pairs_in(size, b.seconds, 1)
            for order in b.turns(None, *tables):
                bare = {}
                for side in order:
                    if side is None:
                        ours = b.sweep(1, size, f"--transport={transport}",
                                       "--pattern=phases",
                                       *args).permutations[0]
                    else:
                        bare[side] = pingpong(transport, size, n, side)
                for linger, t in tables.items():
                    for op in OPS:
                        t.pair(f"{transport} {WORD[op]} {NAMES[size]}",
                               ours.seconds(op), bare[linger][WORD[op]])


def floor(b):
    bare = "a bare two-process ping-pong of the same bytes"
    sleeping = Table(
        "floor", "The socket client at the floor",
        f"Time of an operation (median), s, socket client with `db_exe: floor` "
        f"/ {bare} whose server sleeps in each receive; one client. The floor "
        f"looks for 50 us before it sleeps: below 1 is what waking up costs.")
    looking = Table(
        "floor, looking", "The same, like for like",
        f"The same / {bare} whose server looks for 50 us before it sleeps, as "
        f"the floor does: what floor and client add to the bytes.")
    with_redis = Table(
        "floor of redis", "The same with Redis",
        f"Time of an operation (median), s, socket client with Redis / {bare} "
        f"whose server sleeps: what Redis itself takes.")
    why = b.srbench.refuses("--db_exe=floor")
    if why:
        sleeping.absent["db_exe: floor"] = "not in this build"
        print(f"bench: no floor: {why}", file=sys.stderr)
    else:
        against_pingpong(b, {0: sleeping, FLOOR_LINGER: looking},
                         ["--db_exe=floor"], SIZES)
    against_pingpong(b, {0: with_redis}, [], SIZES[1:])
    return [sleeping, looking, with_redis]


# --- the rungs below ----------------------------------------------------------

def bare(b, section, title, note):
    """A table of what srbench_rungs compares within itself, round by round."""
    t = Table(section, title, note)
    for size in SIZES:
        n = pairs_in(size, b.seconds / 5, 1)
        for _ in range(max(1, b.rounds // 3)):
            for ours, theirs in rungs(section, size, n):
                for op in ("put", "get"):
                    t.pair(f"{op} {NAMES[size]}", ours[op], theirs[op])
    return [t]


def memory(b):
    return bare(b, "memory", "Shared memory against bare copies",
                "Time of an operation (median), s, of the client of `db_exe: shm` as "
                "srbench's loops call it / a memcpy to, and from, the same pages; in "
                "turn within one process.")


def messages(b):
    return bare(b, "messages", "Messages of MPI against bare ones",
                "Time of an operation (median), s, of the client of `db_exe: mpi`, "
                "served by another rank / a bare exchange (MPI_Send, MPI_Recv) of the "
                "same header and payload between the same ranks; in turn within one "
                "job.")


def files(b):
    """dd has its own clock, which counts its blocks but not its start."""
    t = Table("files", "Files against dd",
              "Time of an operation (median), s, `db_exe: files` (a new file each "
              "time, renamed) / a block of dd's, which writes and reads one file of "
              "as many such blocks; in /dev/shm, nothing forced to a disk.")
    for size in SIZES:
        n = pairs_in(size, b.seconds, 1)
        blocks = min(n, (256 * MIB) // size)
        for order in b.turns("files", "dd"):
            took = {side: b.sweep(1, size, "--db_exe=files").permutations[0]
                    if side == "files" else dd("/dev/shm", size, blocks)
                    for side in order}
            for op in OPS:
                t.pair(f"{WORD[op]} {NAMES[size]}", took["files"].seconds(op),
                       took["dd"][WORD[op]])
    return [t]


# --- the floor beside Redis --------------------------------------------------

SIZES_TO_16 = (*SIZES, 16 * MIB)
CLIENTS = (1, 4, 16)


def add_floor_rows(tables, study, k, transport, clients, size):
    for p in study.all(repetition=k, transport=transport, tensor_bytes=size):
        if p.attrs["db_exe"] == "floor":
            continue
        env = p.attrs["db_env"]
        floor_ = study.one(repetition=k, transport=transport, tensor_bytes=size,
                           db_exe="floor", db_env=env)
        for op in OPS:
            tables["MALLOC_CONF" in env].pair(
                f"{transport}, {clients}, {WORD[op]} {NAMES[size]}",
                floor_.seconds(op), p.seconds(op))


def count_beaten(tables, study):
    """Configurations that are flagged, of each environment, in all rows alike."""
    beaten = {False: set(), True: set()}
    for p, flags in zip(study.permutations, study.flags):
        a = p.attrs
        if "floor_beaten" in flags.split(","):
            beaten["MALLOC_CONF" in a["db_env"]].add(
                (a["transport"], a["tensor_bytes"]))
    for tuned, table in tables.items():
        table.add("floor_beaten, of ten for each number of clients",
                  len(beaten[tuned]))


def floor_beside(b):
    note = ("Time of an operation (median), s, floor / Redis {}, in turn within "
            "each repetition; socket clients, whose number stands behind the "
            "transport, and the server on CPUs of their own. floor_beaten: "
            "how many of the ten configurations (two transports, five sizes) "
            "srbench flagged so, for 1, 4 and 16 clients.")
    tables = {False: Table("floor beside", "The floor beside Redis as it is",
                           note.format("as it is")),
              True: Table("floor beside tuned", "The floor beside Redis, tuned",
                          note.format("whose allocator keeps its memory and has "
                                      "huge pages: " + json.dumps(TUNED)))}
    repetitions = min(b.rounds, 5)
    for clients in CLIENTS:
        study = b.srbench.run(
            clients, *PINNED, "--db_exe=[redis-server,floor]",
            "--transport=[tcp,unix]", "--db_args={disable-thp: 'no'}",
            f"--db_env=[{{}},{json.dumps(TUNED)}]",
            f"--tensor_bytes=[{','.join(map(str, SIZES_TO_16))}]",
            f"--repetitions={repetitions}", f"--duration={b.seconds / 2}s",
            timeout=900)
        for k in range(repetitions):
            for transport in ("tcp", "unix"):
                for size in SIZES_TO_16:
                    add_floor_rows(tables, study, k, transport, clients, size)
        count_beaten(tables, study)
    return list(tables.values())


# --- redis-benchmark ---------------------------------------------------------

def ours(b, server, size, clients, pairs):
    """{op: operations a second}, CPU time of clients and of the server for
    each, s, and page faults of the server."""
    server.empty()
    cpu, faults = server.cpu(), server.faults()
    study = b.srbench.run(
        clients, "throughput_standard", f"--db_address=127.0.0.1:{server.port}",
        "--pattern=phases", f"--iterations={pairs}", "--warmup=1",
        f"--tensor_bytes={size}", "--verify=none",
        wrapper=on_cpus(CLIENT_CPUS))
    p, = study.permutations
    if p.clients != clients:  # each has a key, and removes it at the end
        raise Failed(f"{p.clients} clients instead of {clients}")
    return ({op: p.rate(op) for op in OPS}, p.cpu / p.ops,
            (server.cpu() - cpu) / p.ops, (server.faults() - faults) / p.ops)


def theirs(server, size, clients, pairs):
    """The same by redis-benchmark."""
    server.fill(clients, size)
    _, start = server.benchmark("get", size, clients, clients)
    cpu, faults = server.cpu(), server.faults()
    rate, spent, n = {}, 0, pairs * clients
    for op in OPS:
        rate[op], more = server.benchmark(WORD[op], size, n, clients)
        spent += max(0, more - start)
    return (rate, spent / (2 * n), (server.cpu() - cpu) / (2 * n),
            (server.faults() - faults) / (2 * n))


def redis_benchmark(b):
    t = Table("redis-benchmark", "Against redis-benchmark",
              "Operations a second, socket clients / `redis-benchmark -P 1`, on "
              "1, 4 and 16 connections over TCP: one server for both, on a CPU "
              "of its own; clients on the same other CPUs (taskset); as many "
              "keys and values in the server as connections; as many "
              "operations; all puts, then all gets; in turn. CPU time of all "
              "clients (without their start) and of the server's process (with "
              "their connecting), s an operation, put and get together: what "
              "the server takes is the least time of an operation for both, "
              "since it has one thread; and pages that it brought in for one "
              "(where both have more than one).")
    with Server(b.folder) as server:
        for clients in CLIENTS:
            for size in SIZES:
                pairs = pairs_in(size, b.seconds, clients)
                for order in b.turns("ours", "theirs"):
                    found = {side: ours(b, server, size, clients, pairs)
                             if side == "ours" else
                             theirs(server, size, clients, pairs)
                             for side in order}
                    compare_sides(t, f"{clients}, ", NAMES[size],
                                  found["ours"], found["theirs"])
    return [t]


def compare_sides(t, clients, size, a, b):
    for op in OPS:
        t.pair(f"{clients}{WORD[op]} {size}", a[0][op], b[0][op])
    t.pair(f"{clients}{size}, CPU of clients", a[1], b[1])
    t.pair(f"{clients}{size}, CPU of the server", a[2], b[2])
    if min(a[3], b[3]) > 1:
        t.pair(f"{clients}{size}, page faults of the server", a[3], b[3])


# What a Unix socket has where nobody asks: half of net.core.wmem_default, which
# the kernel doubles again.
PLAIN = 106496
BUFFERS = (65536, 131072, 262144, 524288, 1048576)


def buffers(b):
    """What socket_buffer: auto rests on. The program's own random order."""
    t = Table("buffers", "Socket buffers",
              "Bandwidth of put and get in turn with that socket_buffer / with "
              "the kernel's own (TCP: its tuning; unix: 212992 bytes); ratios "
              "within a repetition, all in random order.")
    for transport, kernel in (("tcp", -1), ("unix", PLAIN)):
        asked = ["auto" if kernel < 0 else str(kernel), *map(str, BUFFERS)]
        for clients in (1, 4):
            for size in SIZES[1:]:
                study = b.srbench.run(
                    4, *PINNED, f"--transport={transport}",
                    f"--clients_per_node={clients}", f"--tensor_bytes={size}",
                    f"--socket_buffer=[{','.join(asked)}]",
                    f"--duration={b.seconds / 2}s", "--order=random",
                    f"--repetitions={b.rounds}")
                for k in range(b.rounds):
                    base = study.one(repetition=k, socket_buffer=kernel)
                    for size_ in BUFFERS:
                        p = study.one(repetition=k, socket_buffer=size_)
                        t.pair(f"{transport}, {clients} client"
                               f"{'s' if clients > 1 else ''}, {NAMES[size]}: "
                               f"{size_ // KIB} KiB", p.bandwidth,
                               base.bandwidth)
    return [t]


# --- what srbench costs ------------------------------------------------------

SMALL = ("--iterations=1", "--warmup=0", "--tensor_bytes=1024")


def add_start(t, b, ranks, row):
    """Up to the report of a permutation of one pair: the time to the first
    timed operation and a gathering of its few figures."""
    study = b.srbench.run(ranks, *SMALL, file=False, watch=True)
    t.add(f"{row}, to the first result, s", study.first or study.wall)
    t.add(f"{row}, start to end, s", study.wall)


def start(b):
    t = Table("start", "From the start to the first operation",
              "s since mpiexec was started, until srbench reports its first "
              "permutation, which is one pair of 1 KiB on each rank, and until "
              "all of it has ended.")
    for _ in range(b.rounds):
        add_start(t, b, 4, "4 ranks")
    return [t]


def databases(b):
    t = Table("databases", "Until the databases are ready",
              "s, db_start_seconds: one server, and Redis Clusters of 3 to 64 "
              "shards on one node with all its CPUs; 2 s are Redis's own wait "
              "before a starting master reports cluster_state:ok.")
    for shards in (1, 3, 16, 64):
        for _ in range(max(2, b.rounds // 2)):
            study = b.srbench.run(
                2, "throughput_standard", "--virtual_nodes=2",
                f"--db_cpus={len(CPUS)}", f"--db_shards_per_node={shards}",
                *SMALL)
            t.add(f"{shards} shard{'s' if shards > 1 else ''}",
                  study.permutations[0].attrs["db_start_seconds"])
    return [t]


ELEVEN = tuple(1024 * k for k in range(1, 12))


def outside(b, ranks, sizes, *args):
    """Wall time that is not in loops, s."""
    study = b.srbench.run(ranks, "--iterations=10", "--warmup=0",
                          "--verify=none",
                          f"--tensor_bytes=[{','.join(map(str, sizes))}]",
                          *args)
    return study.wall - study.loops


def add_between(t, b, ranks, row, sizes, order):
    """The slope between a study of all sizes and one of the first."""
    took = {n: outside(b, ranks, sizes[:n]) for n in order}
    few, many = sorted(order)
    t.add(row, 1e3 * (took[many] - took[few]) / (many - few))


def default_sizes(b, order):
    """A study of srbench's own sizes with two clients, less one with the first
    alone: what a permutation more costs, ms."""
    took = {}
    for names in order:
        study = b.srbench.run(4, "--iterations=10", "--warmup=0",
                              f"--client=[{','.join(names)}]")
        took[len(study.permutations)] = study.wall - study.loops
    few, many = sorted(took)
    return 1e3 * (took[many] - took[few]) / (many - few)


def between(b):
    t = Table("between", "Between permutations",
              "Wall time that is not in loops: 22 permutations (11 sizes from 1 "
              "KiB to 4 MB, two clients) that share one set-up, less 11 of "
              "them, for each permutation of the difference; connecting, "
              "filling and checking 4 MB tensors and writing the file included."
              )
    for order in b.turns(("socket", "hiredis"), ("socket",)):
        t.add("4 ranks, ms a permutation", default_sizes(b, order))
    return [t]


def waiting(b, ranks, nodes):
    """The ranks that only wait while the null client of rank 0 works, as part
    of a core."""
    seconds = 2 if b.quick else 5
    found = shares(b.srbench, ranks, seconds, "throughput_standard",
                   f"--virtual_nodes={nodes}", "--client_nodes=1",
                   "--clients_per_node=1")
    return [100 * share for rank, share in found.items() if rank != 0]


def idle(b):
    t = Table("idle", "What waiting costs",
              "CPU time, % of a core: of 6 ranks on three virtual nodes one is "
              "a client (null, 10 ms an operation), one keeps the database, "
              "four have nothing to do. The row is the rank that took most.")
    for _ in range(b.rounds):
        found = waiting(b, 6, 3)
        t.add("a waiting rank, % of a core", max(found))
        t.add("the mean of them", statistics.mean(found))
    return [t]


NULL = ("--client=null", "--db_exe=null")


def add_file(t, b, ranks, iterations, row, order):
    took = {}
    for kept in order:
        study = b.srbench.run(ranks, *NULL, f"--iterations={iterations}",
                              "--tensor_bytes=1024", file=kept)
        took[kept] = study.wall
    t.add(row, 1e3 * (took[True] - took[False]))


def file(b):
    t = Table("file", "What the result file costs",
              "Wall time with the file less that with `output: none`, ms, for "
              "one permutation of the null client: clients x iterations, four "
              "numbers each.")
    grid = [(1, 100), (4, 100), (4, 1000), (4, 10000), (4, 100000)]
    for ranks, iterations in grid:
        for order in b.turns(True, False):
            add_file(t, b, ranks, iterations, f"{ranks} x {iterations}, ms",
                     order)
    return [t]


def ranks(b):
    """Growth with the number of ranks; more of them than cores."""
    rounds = max(1, b.rounds // 3)
    t = Table("ranks", "From 1 to 64 ranks",
              "As above, with more and more ranks on the same CPUs. Between: "
              "permutations of 11 sizes up to 11 KiB, less those of one. File: "
              "100 iterations. Waiting: all but one rank, on four virtual nodes "
              "(two of 2 ranks); the one that took most.")
    for n in b.ranks:
        for k in range(rounds):
            add_start(t, b, n, f"{n} ranks")
            add_between(t, b, n, f"{n} ranks, between, ms a permutation",
                        ELEVEN, (1, 11) if k % 2 == 0 else (11, 1))
            add_file(t, b, n, 100, f"{n} ranks, file, ms",
                     (True, False) if k % 2 == 0 else (False, True))
            if n > 1:
                t.add(f"{n} ranks, waiting, % of a core",
                      max(waiting(b, n, min(4, n))))
    return [t]


SECTIONS = {"clients": clients, "transports": transports, "floor": floor,
            "memory": memory, "messages": messages, "files": files,
            "floor-beside": floor_beside,
            "redis-benchmark": redis_benchmark, "buffers": buffers,
            "start": start, "databases": databases,
            "between": between, "idle": idle, "file": file, "ranks": ranks}

NOTES = """## Notes

- Clients and database are on CPUs of their own wherever srbench pins
  (`--pin_app_cpus=true --db_cpus=1`); redis-benchmark, its server and the
  ping-pong are put on the same ones with taskset and sched_setaffinity().
- redis-benchmark takes an operation's latency when the first byte of its reply
  can be read, not when all of it has been, so its latencies are not compared.
  Its rate counts whole replies; it is taken by its own clock or by ours around
  the whole program, whichever is kinder to it. Its values are put before it
  starts, as many as it draws keys from.
- One redis-benchmark process drives all its connections from one thread,
  srbench has a rank for each: on two CPUs its clients share one of them.
- Puts and gets are phases (`--pattern=phases`) where redis-benchmark and the
  ping-pong are met: all puts, then all gets, as these do.
- The ping-pong has the buffers that srbench's client chooses
  (`socket_buffer: auto`).
- Below a page or two, what shared memory takes is its sequence numbers and the
  clock's reading, so that its goal is for 1 MiB and more.
- Rows of small tensors are the noisiest, since they are mostly wake-ups, and so
  are small differences of two wall times (the result file's). Where smallest
  and largest lie on both sides of a goal, the verdict is not one to rely on.
"""


def build():
    """The programs that are measured, where this tree is what they are built
    from."""
    folder = Path(SRBENCH).parent
    if PINGPONG.exists() and RUNGS.exists() and Path(SRBENCH).exists():
        return
    subprocess.run(["cmake", "-S", HERE.parents[1], "-B", folder],
                   check=True, stdout=sys.stderr)
    subprocess.run(["cmake", "--build", folder, "--parallel", "2", "--target",
                    "srbench", "srbench_pingpong", "srbench_rungs"], check=True,
                   stdout=sys.stderr)


def document(tables):
    yield "# Results of tools/bench\n"
    yield f"    {shlex.join(['tools/bench/bench.py', *sys.argv[1:]])}\n"
    for what, value in machine():
        yield f"- {what}: {value}"
    yield ""
    for table in tables:
        yield from table.lines()
    yield NOTES


def arguments():
    parser = argparse.ArgumentParser(
        description=__doc__.split("\n\n")[1],
        epilog=f"sections: {' '.join(SECTIONS)}; none: all")
    parser.add_argument("section", nargs="*", metavar="SECTION")
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--rounds", type=int, metavar="N",
                        help="pairs of each comparison")
    parser.add_argument("--output", type=Path, metavar="FILE",
                        help="write the tables there")
    parser.add_argument("--write", action="store_const", dest="output",
                        const=HERE / "RESULTS.md",
                        help="write them to RESULTS.md")
    given = parser.parse_args()
    for name in given.section:
        if name not in SECTIONS:
            parser.error(f"no section '{name}'; there are "
                         f"{', '.join(SECTIONS)}")
    if given.rounds is not None and given.rounds < 1:
        parser.error("--rounds: at least 1")
    return given


def main():
    given = arguments()
    build()
    tables = []
    with tempfile.TemporaryDirectory(prefix="srbb-") as folder:
        bench = Bench(Srbench(folder), folder, given.quick, given.rounds)
        for name in given.section or SECTIONS:
            print(f"bench: {name}", file=sys.stderr, flush=True)
            tables += SECTIONS[name](bench)
        lines = "\n".join(document(tables))
    if given.output:
        given.output.write_text(lines, encoding="utf-8")
    else:
        print(lines)


if __name__ == "__main__":
    try:
        main()
    except (Failed, AssertionError, subprocess.CalledProcessError,
            OSError) as error:
        sys.exit(f"bench: {error}")
