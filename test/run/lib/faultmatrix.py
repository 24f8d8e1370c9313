"""Every fault in every placement: one table, and what is asked of each row.

A row says how a study is hit, in which placements that means something, and
what must come of it: the words that are read, the exit status, what the file
says of its permutations (None: there is no file), and how many seconds there may
be between the blow and the end. Besides, after each of them nothing may be left:
no process, no scratch (sockets lie there), no shared memory.

test_fault_matrix.py goes through all of it, test_fault_slice.py through a few.
"""
import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
import time
import unittest
from collections import namedtuple
from pathlib import Path

import numpy

from srbtest import PATIENCE, RunTest, kill_all, text

HERE = Path(__file__).resolve().parent
OP_TIMEOUT = 2.0
LAST_WAIT = 30.0  # for other ranks, after a signal, s
SILENCE = 7 / 3 * OP_TIMEOUT + 30.0  # of a rank, until it is given up, s
SOON = 150.0  # no wait at all: a proof of an end, ten times what is usual, s

# name: (ranks, clients, arguments)
STANDARD, CLUSTER, COLOCATED = "standard", "cluster", "colocated"
PLACEMENTS = {
    STANDARD: (4, 2, ("throughput_standard", "--virtual_nodes=2")),
    CLUSTER: (8, 2, ("throughput_standard", "--virtual_nodes=4", "--db_nodes=3",
                     "--keys=balanced")),
    COLOCATED: (4, 4, ("throughput_colocated", "--virtual_nodes=2")),
}
EACH = tuple(PLACEMENTS)
RANK_NAMES = ("PMI_RANK", "PMIX_RANK", "OMPI_COMM_WORLD_RANK")

Row = namedtuple("Row", "fault how words status file bound placements",
                 defaults=(EACH,))

FC, FF = ["failed", "completed"], ["failed", "failed"]
CC, SS = ["completed"] * 2, ["skipped"] * 2
KEPT = "kept"  # those that were reported complete are there, and whole
REFUSED, FAILED = 2, 1
KILLED = "killed"  # whatever mpiexec makes of it, but never 0


def fake(fault):
    return lambda t: t.with_fake(fault)


def given(*args):
    """Something that is wrong all along."""
    return lambda t: t.study(*args)


def hit(what, number=signal.SIGKILL, at=1):
    """In the midst of that permutation."""
    return lambda t: t.hit(what, number, at)


def exchange(what, number=signal.SIGKILL, at=1, wait="1ms", back=False,
             pattern="exchange"):
    """The same of clients that write and clients that read that."""
    return lambda t: t.hit_exchange(pattern, what, number, at, wait, back)


def aggregate(what, number=signal.SIGKILL, at=1, back=False):
    """And of those that have lists of data sets."""
    return exchange(what, number, at, back=back, pattern="aggregate")


# Steps that take a while, and of which some stay.
WRITE_AND_READ = ("--rate=50", "--history=20")
# Who fails ends its permutation within this; ten times as much is a proof of it.
HEARD = 1.0 + OP_TIMEOUT

TABLE = [
    # --- servers ---
    Row("a shard killed", hit("server"), "killed by signal 9", FAILED, FC,
        OP_TIMEOUT + SOON),
    Row("a shard stopped", hit("server", signal.SIGSTOP),
        f"no reply within {OP_TIMEOUT:g} s", FAILED, FC,
        # asked to end, it does not answer, and is killed
        OP_TIMEOUT + 5 + SOON),
    Row("a guard killed", hit("guard"), "guard", FAILED, FC,
        OP_TIMEOUT + SOON),
    Row("slow", fake("slow"), "", 0, CC, SOON),
    Row("no answer", fake("hang"), f"no reply within {OP_TIMEOUT:g} s", FAILED,
        FC, OP_TIMEOUT + SOON),
    Row("connection dropped", fake("drop"), "throughput_rank_", FAILED, FC,
        SOON),
    Row("dropped in mid-reply", fake("drop in reply"), "throughput_rank_",
        FAILED, FC, SOON),
    Row("-LOADING", fake("loading"), "LOADING Redis is loading", FAILED, FC,
        SOON),
    Row("-MOVED", fake("moved"), "MOVED 866 127.0.0.1:9", FAILED, FC, SOON),
    Row("-CLUSTERDOWN", fake("clusterdown"), "CLUSTERDOWN The cluster is down",
        FAILED, FC, SOON),
    Row("-OOM", fake("oom"), "OOM command not allowed", FAILED, FC, SOON),
    Row("garbage", fake("garbage"), "throughput_rank_", FAILED, FC, SOON),
    Row("too short", fake("shorter"), "throughput_rank_", FAILED, FC, SOON),
    Row("too long", fake("longer"), "throughput_rank_", FAILED, FC,
        OP_TIMEOUT + SOON),
    Row("wrong data", fake("wrong data"), "verify", FAILED, CC, SOON),
    # a cluster's bus counts: two connections to each of the other two
    Row("maxclients", given("--db_args={maxclients: 1}"),
        "max number of clients reached", FAILED, FF, SOON,
        (STANDARD, COLOCATED)),
    Row("maxclients of a cluster", given("--db_args={maxclients: 5}"),
        "max number of clients + cluster connections reached", FAILED, FF,
        SOON, (CLUSTER,)),
    Row("out of memory", lambda t: t.with_memory("8mb"),
        "OOM command not allowed", FAILED, FC, SOON),
    Row("out of memory that is known", given(
        "--db_args={maxmemory: 8mb}", "--tensor_bytes=[16MiB,1024]",
        "--iterations=3"),
        "which may use 8 MiB (db_args: maxmemory)", REFUSED, None, SOON),
    Row("a server that does not start", given("--db_args={no-such-thing: 1}"),
        "no-such-thing", FAILED, FF, SOON),
    # --- ranks ---
    Row("a client fails", given("--client=null", "--db_exe=null",
                                "--null_client={client: 1, fail_at: 2}"),
        "client 1 fails at pair 2", FAILED, FF, SOON),
    Row("a client hangs", given("--client=null", "--db_exe=null",
                                "--null_client={client: 1, hang_at: 2}"),
        f"no reply within {OP_TIMEOUT:g} s", FAILED, FF,
        2 * OP_TIMEOUT + SOON),
    Row("a client killed", hit("client", at=2), "", KILLED, KEPT, SOON),
    Row("a steward killed", hit("steward", at=2), "", KILLED, KEPT, SOON),
    # --- the job ---
    Row("mpiexec TERM", hit("mpiexec", signal.SIGTERM), "signal 15", 143,
        ["failed", "skipped"], SOON),
    Row("mpiexec INT", hit("mpiexec", signal.SIGINT), "signal 2", 130,
        ["failed", "skipped"], SOON),
    # neighbours are in turn, a second each
    Row("a client stopped", hit("client", signal.SIGSTOP, at=2),
        "rank 1 (pid", KILLED, KEPT, 10 * SILENCE),
    Row("a steward stopped", hit("steward", signal.SIGSTOP, at=2),
        "rank 2 (pid", KILLED, KEPT, 10 * SILENCE, (STANDARD,)),
    # every placement waits in the same way, and for long
    Row("a client stopped, then mpiexec TERM", lambda t: t.hit(
        "client", signal.SIGSTOP, at=2, then=signal.SIGTERM),
        "some rank hangs, and the job is aborted", KILLED, KEPT,
        LAST_WAIT + SOON, (COLOCATED,)),
    Row("mpiexec KILL", hit("mpiexec", signal.SIGKILL, at=2), "", KILLED, KEPT,
        SOON),
    Row("time runs out", given("--wall_time=300ms"),
        "left of wall_time", FAILED, SS, SOON),
    Row("too few descriptors", lambda t: t.study(
        wrapper=("sh", "-c", 'ulimit -n 40; exec "$@"', "sh")),
        "open files", REFUSED, None, SOON),
    # --- disks ---
    Row("no place for results", lambda t: t.study(output="/proc/no/place.h5"),
        "/proc", REFUSED, None, SOON),  # and of it alone who is not root
    Row("too little room for results", lambda t: t.study(
        "--iterations=100000", output=t.tmpfs("size=1m") / "out.h5"),
        "the results may take", REFUSED, None, SOON),
    Row("results run full", lambda t: t.fill_results(), "the result file cannot "
        "be written, the study ends here", FAILED, KEPT, SOON),
    Row("no room in scratch", lambda t: t.study(
        wrapper=("env", f"TMPDIR={t.tmpfs('nr_inodes=1')}")),
        "has room for 0 more files", REFUSED, None, SOON),
    # --- writers and readers ---
    Row("exchange: a shard killed", exchange("server"), "killed by signal 9",
        FAILED, FC, OP_TIMEOUT + SOON),
    Row("exchange: a shard killed that readers block on",
        exchange("server", wait="block"), "killed by signal 9", FAILED, FC,
        OP_TIMEOUT + SOON),
    Row("exchange: a shard stopped", exchange("server", signal.SIGSTOP),
        f"no reply within {OP_TIMEOUT:g} s", FAILED, FC,
        OP_TIMEOUT + 5 + SOON),
    Row("exchange: a shard stopped that readers block on",
        exchange("server", signal.SIGSTOP, wait="block"),
        f"no reply within {OP_TIMEOUT:g} s", FAILED, FC,
        OP_TIMEOUT + 5 + SOON),
    Row("exchange: a shard stopped and continued",
        exchange("server", signal.SIGSTOP, back=True), "", 0, CC, SOON),
    Row("exchange: out of memory", given(
        "--pattern=exchange", "--db_args={maxmemory: 8mb}",
        "--tensor_bytes=[16MiB,1024]", "--iterations=3"),
        "which may use 8 MiB (db_args: maxmemory)", REFUSED, None, SOON),
    Row("exchange: a writer killed", exchange("writer", at=2), "", KILLED, KEPT,
        SOON),
    Row("exchange: a reader killed", exchange("reader", at=2, wait="block"), "",
        KILLED, KEPT, SOON),
    Row("exchange: a writer stopped", exchange("writer", signal.SIGSTOP, at=2),
        "rank 0 (pid", KILLED, KEPT, 10 * SILENCE),
    Row("exchange: a reader stopped", exchange("reader", signal.SIGSTOP, at=2),
        "rank 1 (pid", KILLED, KEPT, 10 * SILENCE),
    Row("aggregate: a shard killed", aggregate("server"),
        "killed by signal 9", FAILED, FC, OP_TIMEOUT + SOON),
    Row("aggregate: a shard stopped", aggregate("server", signal.SIGSTOP),
        f"no reply within {OP_TIMEOUT:g} s", FAILED, FC,
        OP_TIMEOUT + 5 + SOON),
    Row("aggregate: a shard stopped and continued",
        aggregate("server", signal.SIGSTOP, back=True), "", 0, CC, SOON),
    Row("aggregate: out of memory", given(
        "--pattern=aggregate", "--db_args={maxmemory: 8mb}",
        "--tensor_bytes=[16MiB,1024]", "--iterations=3"),
        "which may use 8 MiB (db_args: maxmemory)", REFUSED, None, SOON),
    Row("aggregate: a writer killed", aggregate("writer", at=2), "", KILLED,
        KEPT, SOON),
    Row("aggregate: a reader killed", aggregate("reader", at=2), "", KILLED,
        KEPT, SOON),
    Row("aggregate: a writer stopped",
        aggregate("writer", signal.SIGSTOP, at=2), "rank 0 (pid", KILLED, KEPT,
        10 * SILENCE),
    Row("aggregate: a reader stopped",
        aggregate("reader", signal.SIGSTOP, at=2), "rank 1 (pid", KILLED, KEPT,
        10 * SILENCE),
]


def in_use(path):
    """Whether a living process has it, by proc(5)."""
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open(f"/proc/{pid}/maps", encoding="utf-8") as maps:
                if path in maps.read():
                    return True
            if any(os.readlink(f"/proc/{pid}/fd/{fd}").startswith(path)
                   for fd in os.listdir(f"/proc/{pid}/fd")):
                return True
        except OSError:
            pass
    return False


def shared_memory(before):
    """What came since, and nobody has: others run jobs on this machine."""
    return [name for name in set(os.listdir("/dev/shm")) - before
            if not in_use(f"/dev/shm/{name}")]


class MatrixTest(RunTest):
    """Goes through rows of the table; a row's `how` calls study(), with_fake(),
    with_memory(), hit() or fill_results(), which return the job when it has ended."""

    def go_through(self, rows):
        for row in rows:
            for placement in row.placements:
                with self.subTest(fault=row.fault, placement=placement):
                    self.try_row(row, placement)

    def try_row(self, row, placement):
        self.nranks, self.clients, self.placed = PLACEMENTS[placement]
        self.out = self.dir / f"{len(self.jobs)}.h5"
        self.struck = None
        shared = set(os.listdir("/dev/shm"))
        try:
            job = row.how(self)
            took = time.monotonic() - (self.struck or job.start)
            left = self.await_no_leftovers()
        finally:
            self.clean()
        self.assert_told(row, job)
        self.assert_filed(row, job)
        self.assertLess(took, row.bound, job.describe())
        self.assertEqual(left, [], job.describe())
        deadline = time.monotonic() + PATIENCE
        while shared_memory(shared) and time.monotonic() < deadline:
            time.sleep(0.1)
        self.assertEqual(shared_memory(shared), [], job.describe())

    def clean(self):
        """One row's failure is not the next one's."""
        for job in self.jobs:
            job.close()
        kill_all(self.tmpdir)
        for left in self.tmpdir.iterdir():
            shutil.rmtree(left, ignore_errors=True)

    # --- how it is done --------------------------------------------------------

    def begin(self, *args, output=None, **how):
        self.out = output or self.out
        names = {a.partition("=")[0] for a in args}
        usual = [a for a in ("--tensor_bytes=[4096,4100]", "--iterations=10",
                             f"--op_timeout={OP_TIMEOUT}s")
                 if a.partition("=")[0] not in names]
        return self.start(self.nranks, *self.placed, *usual, *args,
                          "--term_grace=0s",
                          "--db_timeout=100s", "--verify=all", "--verbose",
                          f"--output={self.out}", **how)

    def study(self, *args, **how):
        return self.begin(*args, **how).wait()

    def server(self, *words, more=""):
        """A program that is those words, with more behind srbench's."""
        exe = self.dir / f"server-{len(self.jobs)}"
        exe.write_text(f'#!/bin/sh\nexec {shlex.join(words)} "$@" {more}\n',
                       encoding="utf-8")
        exe.chmod(0o755)
        return exe

    def with_memory(self, limit):
        """That somebody else gives the servers."""
        exe = self.server("redis-server", more=f"--maxmemory {limit}")
        return self.study(f"--db_exe={exe}", "--tensor_bytes=[16MiB,1024]",
                          "--iterations=3")

    def with_fake(self, fault):
        mark = self.dir / f"mark-{len(self.jobs)}"
        exe = self.server(sys.executable, str(HERE / "fakeredis.py"), fault,
                          str(mark))
        job = self.study(f"--db_exe={exe}")
        self.assertTrue(mark.exists(), f"{fault} has not come\n{job.describe()}")
        return job

    def victim(self, job, what):
        """Of several servers or guards the first; ranks are on their nodes by
        two: 0 and 1 are clients (the latter reads where some do), 2 is the steward
        of a database."""
        if what == "mpiexec":
            return job.process.pid
        if what in ("server", "guard"):
            found = job.servers() if what == "server" else job.guards()
            return min(found, key=lambda p: p.command).pid
        number = {"writer": 0, "client": 1, "reader": 1}.get(what, 2)
        found = [p.pid for p in job.ranks()
                 if any(f"{name}={number}".encode() in p.environ.split(b"\0")
                        for name in RANK_NAMES)]
        self.assertEqual(len(found), 1, job.describe())
        return found[0]

    def hit(self, what, number, at, then=None):
        # the other permutation is over at once, and this one takes a while: who is
        # not hit goes on to its end
        sizes = ["4096", "4100"]
        sizes[at - 1] = "8MiB"
        job = self.begin("--iterations=300",
                         f"--tensor_bytes=[{','.join(sizes)}]", loops=True)
        job.wait_in_loop(at, self.clients)
        self.struck = time.monotonic()
        os.kill(self.victim(job, what), number)
        if then:
            os.kill(job.process.pid, then)
        return job.wait(12 * SILENCE)

    def hit_exchange(self, pattern, what, number, at, wait, back):
        job = self.begin(f"--pattern={pattern}", *WRITE_AND_READ,
                         "--iterations=300", f"--wait={wait}",
                         *(["--op_timeout=60s"] if back else []), loops=True)
        job.wait_in_loop(at, self.clients)
        self.struck = time.monotonic()
        victim = self.victim(job, what)
        os.kill(victim, number)
        if back:  # long enough for somebody to wait for it
            time.sleep(1)
            os.kill(victim, signal.SIGCONT)
        elif what == "server":
            job.wait_until(lambda: re.search(r"(?m)^\[1/2\] .*failed",
                                             job.stderr), "the failure")
            self.assertLess(time.monotonic() - self.struck, 10 * HEARD,
                            job.describe())
        return job.wait(12 * SILENCE)

    def tmpfs(self, options):
        folder = self.top / f"small-{len(self.jobs)}"
        folder.mkdir()
        if subprocess.run(["mount", "-t", "tmpfs", "-o", options, "tmpfs",
                           str(folder)], capture_output=True).returncode:
            raise unittest.SkipTest("no file system can be mounted here")
        self.addCleanup(subprocess.run, ["umount", "-l", str(folder)])
        return folder

    def fill_results(self):
        """By somebody else, when the first permutation is in the file."""
        folder = self.tmpfs("size=16m")
        job = self.begin("--iterations=5000", output=folder / "out.h5")
        job.wait_until(lambda: job.has_ended(1), "the first")
        with open(folder / "theirs", "wb", buffering=0) as theirs:
            self.struck = time.monotonic()
            try:
                while True:
                    theirs.write(b"\0" * 65536)
            except OSError:
                pass
        job.wait()
        os.unlink(folder / "theirs")
        return job

    # --- what must come of it --------------------------------------------------

    def assert_told(self, row, job):
        self.assertIn(row.words, job.stderr, job.describe())
        if row.status == KILLED:
            self.assertNotEqual(job.returncode, 0, job.describe())
            self.assertEqual(job.status, {}, job.describe())
            return
        if row.status > 128:
            self.assert_signalled(job, row.status - 128)
            self.assert_verdict(job, "fail")
        else:
            self.assert_status(job, row.status)

    def assert_filed(self, row, job):
        if row.file is None:
            self.assertFalse(os.path.exists(self.out), job.describe())
            return
        f = self.open(self.out)
        groups = {n: text(g.attrs["status"]) for n, g in sorted(f.items())
                  if n.startswith("perm_")}
        if row.file == KEPT:
            reported = [f"perm_{i:04d}" for i in (0, 1)
                        if job.has_ended(i + 1)]
            self.assertGreaterEqual(len(reported), 1, job.describe())
        else:
            self.assertEqual(self.assert_groups(f), row.file, job.describe())
            reported = [n for n, s in groups.items() if s == "completed"]
        for name in reported:
            self.assertEqual(groups[name], "completed", job.describe())
            for times in ("put_tensor", "unpack_tensor"):
                self.assertGreater(numpy.nanmin(f[name][times][...]), 0)
        f.close()
