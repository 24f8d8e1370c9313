"""What the run tests share: start srbench under mpiexec, wait with a time limit
that ends the whole process tree, read what it printed, and see that nothing of
it is left behind.

A test is a subclass of RunTest:

    class Small(RunTest):
        def test_two_ranks(self):
            job = self.srbench(2, "--iterations=5")
            self.assert_passed(job, permutations=13)

From the environment: SRBENCH (the program), MPIEXEC, SRBENCH_TEST_DB (the
server under test: a redis-server, valkey-server or keydb-server, which is then
what "redis-server" means to everything that a test starts),
SRBENCH_TEST_SANITIZED (waits are longer).

A test waits for an event and never for a time: what else runs on the machine is
not its business. END and PATIENCE are proofs that something ends at all, far
beyond what it takes anywhere.
"""
import atexit
import fcntl
import os
import random
import re
import shutil
import signal
import socket
import subprocess
import tempfile
import time
import unittest
from pathlib import Path

import h5py
import numpy

SOURCE = Path(__file__).resolve().parents[3]
SRBENCH = os.path.realpath(os.environ.get("SRBENCH", SOURCE / "build/srbench"))
MPIEXEC = os.environ.get("MPIEXEC") or "mpiexec"
# SRBENCH_FOUND_DB is what CMake found
DATABASE = os.environ.get("SRBENCH_TEST_DB") \
    or os.environ.get("SRBENCH_FOUND_DB") or "redis-server"
SANITIZED = bool(os.environ.get("SRBENCH_TEST_SANITIZED"))
GUARD_ROLE = "--guard-of-a-steward"
FLOOR_ROLE = "--floor-server"
# A user that the servers of open_server() let in besides those of the run.
TEST_USER = ("test", "x")
# Which of a file's tests run: see PartLoader.
PART = os.environ.get("SRBENCH_TEST_PART", "")
END = 300.0  # within which whatever a test waits for has come, s
PATIENCE = 60.0  # and within which the last process is gone, s
# Ports are taken by blocks, below the range that the kernel gives to clients; a
# cluster's bus is 10000 above. Blocks of two processes do not overlap.
BLOCK = 16
BLOCKS = range(11008, 21008 - BLOCK, BLOCK)
CLAIMS = []  # of this process, the oldest first
MOST_CLAIMS = 30  # of as many tests at a time as check.sh has

# What root in a container, or more ranks than cores, need under Open MPI.
OPEN_MPI = {
    "OMPI_ALLOW_RUN_AS_ROOT": "1",
    "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM": "1",
    "OMPI_MCA_rmaps_base_oversubscribe": "1",
    "PRTE_MCA_rmaps_default_mapping_policy": ":oversubscribe",
}


def find_database():
    """The program of the server under test, name and version by its own words
    ("valkey", "8.0.1"). From now on PATH leads to it by the name redis-server,
    srbench's default."""
    program = shutil.which(DATABASE)
    if not program:
        raise SystemExit(f"SRBENCH_TEST_DB: '{DATABASE}' is no program")
    folder = tempfile.mkdtemp(prefix="srbt-db-")
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    os.symlink(os.path.abspath(program), os.path.join(folder, "redis-server"))
    os.environ["PATH"] = f"{folder}:{os.environ['PATH']}"
    said = subprocess.run([program, "--version"], text=True, timeout=300,
                          stdout=subprocess.PIPE, check=False,
               encoding="utf-8").stdout
    name = re.match(r"(?:(\w+) )?[Ss]erver v=(\S+)", said)
    if not name:
        raise SystemExit(f"SRBENCH_TEST_DB: '{DATABASE}' is no server that "
                         f"srbench knows: it calls itself '{said.strip()}'")
    # Valkey 7.2 does not say its name
    return os.path.abspath(program), (name[1] or "valkey").lower(), name[2]


DATABASE, SERVER, SERVER_VERSION = find_database()
# Whether it has what came with Redis 7.
REDIS_7 = SERVER == "valkey" or (
    SERVER == "redis" and int(SERVER_VERSION.split(".")[0]) >= 7)


def free_port(n=1):
    """The first of n ports that are free in a row, as are those of a cluster's
    bus, and that no other test of this machine gets meanwhile: as long as this
    process lives, or until it has asked for many others."""
    while len(CLAIMS) > MOST_CLAIMS:
        for claim in CLAIMS.pop(0):
            claim.close()
    for _ in range(1000):
        first = random.choice(BLOCKS)
        claims = claim_blocks(range(first, first + n, BLOCK))
        if claims and all(port_is_free(p) and port_is_free(p + 10000)
                          for p in range(first, first + n)):
            CLAIMS.append(claims)
            return first
        for claim in claims:
            claim.close()
    raise RuntimeError(f"no {n} free ports in a row")


def claim_blocks(firsts):
    """A socket each, bound to a name in the abstract namespace (unix(7)), which
    goes with the process and is one for all that share ports; [] where one is
    somebody else's."""
    claims = []
    for first in firsts:
        claim = socket.socket(socket.AF_UNIX)
        claims.append(claim)
        try:
            claim.bind(f"\0srbench-test-ports-{first}")
        except OSError:
            for claim in claims:
                claim.close()
            return []
    return claims


def port_is_free(port):
    with socket.socket() as s:
        try:
            s.bind(("", port))
        except OSError:
            return False
        return True


def contents(path):
    """Of a file of /proc. Who waits looks at all processes a hundred times a
    second, so that this takes no detour by a Path."""
    with open(path, "rb", buffering=0) as f:
        return f.readall()


class Process:
    """One process, as /proc showed it."""

    def __init__(self, pid):
        proc = f"/proc/{pid}"
        self.pid = pid
        stat = contents(f"{proc}/stat").decode(errors="replace")
        self.name = stat[stat.index("(") + 1:stat.rindex(")")]
        self.state, self.parent = stat[stat.rindex(")") + 2:].split()[:2]
        self.parent = int(self.parent)
        self.environ = contents(f"{proc}/environ")
        self.command = contents(f"{proc}/cmdline").replace(
            b"\0", b" ").decode(errors="replace").strip()
        self.cwd = self.link(f"{proc}/cwd")
        self.exe = self.link(f"{proc}/exe").replace(" (deleted)", "")

    @staticmethod
    def link(path):
        try:
            return os.readlink(path)
        except OSError:
            return ""

    def __str__(self):
        return f"{self.name} {self.pid} ({self.command})"

    @property
    def is_guard(self):
        return GUARD_ROLE in self.command

    @property
    def is_rank(self):
        return self.exe == SRBENCH and not self.is_guard \
            and not self.is_server

    @property
    def is_server(self):
        if "--version" in self.command:  # one that is only asked what it is
            return False
        return FLOOR_ROLE in self.command \
            or "redis-server" in (self.name, os.path.basename(self.exe)) \
            or self.exe == os.path.realpath(DATABASE) \
            or os.path.basename(self.exe).startswith("redis-")

    def is_of(self, tmpdir):
        """Whether it was started with this TMPDIR. A redis-server writes its
        title over its environment; its working folder is left to know it by."""
        mark = f"TMPDIR={tmpdir}".encode()
        return (mark in self.environ.split(b"\0") or str(tmpdir) in self.command
                or self.cwd.startswith(str(tmpdir)))


def asleep(process):
    """Whether that process waits for something now."""
    try:
        return Process(process.pid).state == "S"
    except (OSError, ValueError, IndexError):
        return False


def stop(job, process):
    """SIGSTOP, and it has stopped when this returns."""
    os.kill(process.pid, signal.SIGSTOP)
    job.wait_until(lambda: Process(process.pid).state == "T",
                   f"{process} to stop")


def processes(tmpdir):
    """All processes (no zombies) that were started with this TMPDIR."""
    found = []
    for entry in os.listdir("/proc"):
        if not entry.isdigit() or int(entry) == os.getpid():
            continue
        try:
            if not contents(f"/proc/{entry}/cmdline"):
                continue  # a thread of the kernel, or a zombie
            process = Process(int(entry))
        except (OSError, ValueError, IndexError):  # ended meanwhile
            continue
        if process.state != "Z" and process.is_of(tmpdir):
            found.append(process)
    return found


def kill_all(tmpdir):
    """SIGKILL to all processes of this TMPDIR, until there are none."""
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        found = processes(tmpdir)
        if not found:
            return
        for process in found:
            try:
                os.kill(process.pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
        time.sleep(0.02)


def parse_pairs(text):
    """'a=1 b=x' as {'a': 1, 'b': 'x'}."""
    values = {}
    for name, value in re.findall(r"(\S+?)=(\S*)", text):
        try:
            values[name] = int(value)
        except ValueError:
            values[name] = value
    return values


class Gate:
    """Holds all clients of a job before permutation `at` (0: the first) begins
    its warm-up, until it is opened: the pipe in which they say that they begin
    a warm-up or a loop has room for so much and no more."""

    def __init__(self, path, clients, at):
        os.mkfifo(path)
        self.path = path
        self.end = os.open(path, os.O_RDWR)
        self.clients = clients
        room = fcntl.fcntl(self.end, fcntl.F_SETPIPE_SZ,
                           os.sysconf("SC_PAGE_SIZE"))
        said = sum(len(f"{k} {what}\n") for k in range(clients)
                   for what in ("warm-up", "loop"))
        os.write(self.end, b"-" * (room - at * said))

    def holds(self, job):
        """Whether all its clients wait there now: they have it open."""
        there = 0
        for process in processes(job.tmpdir):
            try:
                there += any(
                    os.readlink(fd) == str(self.path)
                    for fd in Path(f"/proc/{process.pid}/fd").iterdir())
            except OSError:  # closed meanwhile
                pass
        return there == self.clients

    def open(self):
        """For good. Linux wakes one of those that wait for room, each time that
        there is more of it."""
        os.read(self.end, 1 << 20)
        for _ in range(self.clients):
            fcntl.fcntl(self.end, fcntl.F_SETPIPE_SZ, 1 << 20)

    def close(self):
        os.close(self.end)


class Job:
    """A run of srbench, started; nranks 0 is without mpiexec.

    After wait(): returncode, stdout, stderr, status ({'verdict': 'pass',
    'permutations': 18, ..., 'file': 'x.h5' or ''} or {}), foms (list of
    {'perm': 7, 'name': 'put_tensor_median', 'value': 8.1e-4, 'unit': 's'}, where
    the command has --figures=stdout or a file), seconds.
    """

    def __init__(self, nranks, *args, tmpdir, env=None, cwd=None,
                 mpiexec_args=(), wrapper=(), loops=False, gate=None):
        self.tmpdir = str(tmpdir)
        self.nranks = nranks or 1
        self.cwd = cwd
        self.command = [*wrapper, SRBENCH, *map(str, args)]
        if nranks:
            self.command = [MPIEXEC, *mpiexec_args, "-n", str(nranks),
                            *self.command]
        environ = {**OPEN_MPI, **os.environ}
        environ.update(env or {})
        environ["TMPDIR"] = self.tmpdir
        self.loops = tempfile.NamedTemporaryFile() if loops else None
        if loops:
            environ["SRBENCH_TEST_LOOPS"] = self.loops.name
        if gate:
            environ["SRBENCH_TEST_LOOPS"] = str(gate.path)
        # files, not pipes: a process left behind would keep a pipe open
        self.files = [tempfile.TemporaryFile() for _ in range(2)]
        self.kept = None
        self.start = time.monotonic()
        self.process = subprocess.Popen(
            self.command, stdin=subprocess.DEVNULL, stdout=self.files[0],
            stderr=self.files[1], env=environ, cwd=cwd, start_new_session=True)
        self.returncode = None

    def read(self, which):
        if self.kept:
            return self.kept[which]
        size = os.fstat(self.files[which].fileno()).st_size
        return os.pread(self.files[which].fileno(), size, 0).decode(
            errors="replace")

    @property
    def stdout(self):
        return self.read(0)

    @property
    def stderr(self):
        return self.read(1)

    def figures(self):
        """What --figures has brought."""
        given = [a.partition("=")[2] for a in self.command
                 if a.startswith("--figures=")]
        if not given or given[-1] == "stdout":
            return self.stdout
        path = Path(self.cwd or ".", given[-1])
        return path.read_text(encoding="utf-8") if path.exists() else ""

    def has_ended(self, i):
        """Whether the i-th permutation (from 1) has a line with figures."""
        return re.search(rf"(?m)^\[ *{i}/\d+\] .* put +\d", self.stderr)

    @property
    def foms(self):
        foms = [parse_pairs(line) for line in self.figures().splitlines()
                if line.startswith("SRBENCH_FOM ")]
        for fom in foms:
            if fom["name"] != "limit":
                fom["value"] = float(fom["value"])
        return foms

    @property
    def status(self):
        found = re.findall(r"^SRBENCH_STATUS (\S+) ?(.*?)(?: ?file=(.*))?$",
                           self.stdout, re.M)
        if len(found) != 1:
            return {}
        verdict, pairs, path = found[0]
        return {"verdict": verdict, **parse_pairs(pairs), "file": path}

    def ranks(self):
        """The ranks that run now."""
        return [p for p in processes(self.tmpdir) if p.is_rank]

    def guards(self):
        return [p for p in processes(self.tmpdir) if p.is_guard]

    def servers(self):
        """The database servers that run now."""
        return [p for p in processes(self.tmpdir) if p.is_server]

    def in_loop(self, at=1, clients=None, what="loop"):
        """Whether all clients (so many, or all ranks) have begun their loop (or
        warm-up) for the at-th time."""
        numbers = [line.split()[0]
                   for line in Path(self.loops.name).read_text(encoding="utf-8").splitlines()
                   if line.endswith(f" {what}")]
        return all(numbers.count(str(k)) >= at
                   for k in range(clients or self.nranks))

    def wait_in_loop(self, at=1, clients=None, what="loop"):
        """Wait for in_loop(); the job was started with loops=True."""
        self.wait_until(lambda: self.in_loop(at, clients, what),
                        f"{what} {at} of all clients")

    def wait_until(self, condition, what, timeout=END):
        """Wait for condition() to be true while the job runs."""
        deadline = time.monotonic() + timeout
        while not condition():
            if self.process.poll() is not None:
                raise AssertionError(
                    f"the job ended before {what}\n{self.describe()}")
            if time.monotonic() > deadline:
                kill_all(self.tmpdir)
                raise AssertionError(
                    f"{what}: not within {timeout} s\n{self.describe()}")
            time.sleep(0.01)

    def wait(self, timeout=END):
        """Wait for the end of the job; past the time limit the whole tree is
        killed and the test fails."""
        timeout = timeout * 4 if SANITIZED else timeout
        try:
            self.returncode = self.process.wait(timeout)
        except subprocess.TimeoutExpired:
            held = "\n  ".join(map(str, processes(self.tmpdir)))
            kill_all(self.tmpdir)
            self.process.kill()
            self.returncode = self.process.wait()
            raise AssertionError(f"no end within {timeout} s; running were\n"
                                 f"  {held}\n{self.describe()}") from None
        self.seconds = time.monotonic() - self.start
        return self

    def close(self):
        """Kill the job if it still runs; what it printed stays readable."""
        if self.process.poll() is None:
            kill_all(self.tmpdir)
            self.process.kill()
            self.process.wait()
        self.kept = self.kept or [self.read(0), self.read(1)]
        for f in self.files + ([self.loops] if self.loops else []):
            f.close()

    def describe(self):
        """The job in words, for a test that failed."""
        def tail(text):
            lines = text.splitlines()
            cut = ["..."] if len(lines) > 40 else []
            return "\n".join("    " + x for x in cut + lines[-40:])
        return (f"  command: {' '.join(self.command)}\n"
                f"  exit status: {self.returncode}\n"
                f"  standard output:\n{tail(self.stdout)}\n"
                f"  standard error:\n{tail(self.stderr)}")


def run(nranks, *args, timeout=END, env=None, cwd=None, mpiexec_args=(),
        tmpdir=None):
    """Run srbench to its end; nranks 0 is without mpiexec. Most tests want
    RunTest.srbench() instead."""
    with tempfile.TemporaryDirectory(prefix="srbt-") as own:
        job = Job(nranks, *args, tmpdir=tmpdir or own, env=env, cwd=cwd,
                  mpiexec_args=mpiexec_args)
        try:
            return job.wait(timeout)
        finally:
            job.close()


def listens(given):
    """Whether any of a study's servers, by its command line, has a port to be
    told."""
    exes = [str(a).partition("=")[2] for a in given
            if re.match("--db[_-]exe=", str(a))]
    return not exes or not set(re.split(r"[][, ]+", exes[-1])) <= {
        "", "shm", "files", "mpi", "null"}


class RunTest(unittest.TestCase):
    """A test with a private TMPDIR (self.tmpdir), a folder for its files
    (self.dir) and a range of ports (self.port and the next), all gone after it,
    and nothing left running."""

    PORTS = 16

    def setUp(self):
        self.top = Path(tempfile.mkdtemp(prefix="srbt-"))
        self.addCleanup(shutil.rmtree, self.top, ignore_errors=True)
        self.dir = self.top / "files"
        self.tmpdir = self.top / "tmp"  # short: paths of sockets are limited
        self.dir.mkdir()
        self.tmpdir.mkdir()
        self.port = free_port(self.PORTS)
        self.jobs = []

    def tearDown(self):
        for job in self.jobs:
            job.close()
        left = self.await_no_leftovers()
        kill_all(self.tmpdir)
        self.assertEqual(left, [], "left behind: " + "; ".join(left))

    def leftovers(self):
        """What now exists of this test's jobs: processes and scratch, in
        words."""
        return [str(p) for p in processes(self.tmpdir)] + [
            f"scratch {p}" for p in sorted(self.tmpdir.iterdir())]

    def servers(self):
        """The database servers of this test that run now."""
        return [p for p in processes(self.tmpdir) if p.is_server]

    def await_no_leftovers(self, timeout=PATIENCE):
        """Wait for what is left to go away; returns what has not."""
        deadline = time.monotonic() + timeout
        while True:
            left = self.leftovers()
            if not left or time.monotonic() > deadline:
                return left
            time.sleep(0.05)

    def start(self, nranks, *args, env=None, cwd=None, mpiexec_args=(),
              wrapper=(), loops=False, gate=None):
        """Start a job on this test's ports, with its files in self.dir;
        wrapper: what stands between mpiexec and every rank; loops: the test is
        going to wait for its loops; gate: of gate(), to hold its clients."""
        given = [str(a).replace("-", "_") for a in args]
        found = any(a.startswith("__db_address") for a in given) \
            and "serve" not in given  # servers that have their ports already
        if not found and listens(args) \
            and not any(a.startswith("__db_port") for a in given):
            args = (*args, f"--db_port={self.port}")
        job = Job(nranks, *args, tmpdir=self.tmpdir, env=env,
                  cwd=cwd or self.dir, mpiexec_args=mpiexec_args,
                  wrapper=wrapper, loops=loops, gate=gate)
        self.jobs.append(job)
        return job

    def gate(self, clients, at=0):
        """For start(): its clients wait until it is opened, connected and
        ready (job.wait_until(lambda: gate.holds(job), ...) says when). A
        warm-up there must be. Their --op_timeout is to be long."""
        gate = Gate(self.top / f"gate-{len(self.jobs)}", clients, at)
        self.addCleanup(gate.close)
        return gate

    def srbench(self, nranks, *args, timeout=END, **how):
        """Run a job to its end; how: env, cwd, mpiexec_args, wrapper of start()."""
        return self.start(nranks, *args, **how).wait(timeout)

    def preloaded(self, name):
        """A library of the tests for LD_PRELOAD, which takes a blank in a path
        for the end of it."""
        link = self.top / f"{name}.so"
        if not link.exists():
            link.symlink_to(Path(SRBENCH).parent / "test/bin" / link.name)
        return link

    def open_server(self):
        """The server under test for --db_exe that lets TEST_USER do everything too,
        for tests that look into a run's databases or alter what is there."""
        path = self.dir / "open-server"
        path.write_text(f"""#!/bin/sh
[ "$1" = - ] || exec {DATABASE} "$@"
exec {DATABASE} - <<END
$(cat)
user {TEST_USER[0]} on nopass ~* +@all
END
""", encoding="utf-8")
        path.chmod(0o755)
        return path

    def open(self, path):
        """A result file, open until the end of the test."""
        f = h5py.File(path, "r")
        self.addCleanup(f.close)
        return f

    def perm(self, i=0, f=None):
        """The group of permutation i, of self.out or a file that is open."""
        return (self.open(self.out) if f is None else f)[f"perm_{i:04d}"]

    def statuses(self):
        """Of all permutations of self.out, closed again: a run may go on."""
        with h5py.File(self.out, "r") as f:
            return self.assert_groups(f)

    # --- what is asked of every run ------------------------------------------

    def assert_status(self, job, returncode, **counts):
        """Exit status, verdict, and counts of SRBENCH_STATUS."""
        self.assertEqual(job.returncode, returncode, job.describe())
        self.assert_verdict(job, "pass" if returncode == 0 else "fail",
                            **counts)

    def assert_verdict(self, job, verdict, **counts):
        """SRBENCH_STATUS alone, where a launcher's status is its own."""
        status = job.status
        self.assertEqual(status.get("verdict"), verdict, job.describe())
        for name, count in counts.items():
            self.assertEqual(status.get(name), count,
                             f"{name} of SRBENCH_STATUS\n{job.describe()}")

    def assert_signalled(self, job, number):
        """What mpiexec returns when it was itself sent that signal and all ranks
        return 128 + number. Hydra 4.0.2 counts those as 0 for which it waits
        after the last stream is closed (pmip.c, main()): a race within it, so
        that what a rank returns is asked of the ranks."""
        self.assertIn(job.returncode, (128 + number, 0), job.describe())

    def assert_passed(self, job, permutations):
        """All permutations completed and verified."""
        self.assert_status(job, 0, permutations=permutations,
                           completed=permutations, failed=0, skipped=0,
                           verify_errors=0)

    def assert_groups(self, f):
        """What ran has a group, and nothing else. Returns all statuses."""
        statuses = column(f["summary"], "status")
        groups = {n: text(g.attrs["status"]) for n, g in f.items()
                  if n.startswith("perm_")}
        self.assertEqual(groups, {f"perm_{i:04d}": s
                                  for i, s in enumerate(statuses)
                                  if s in ("completed", "failed")})
        return statuses

    def assert_whole(self, path, permutations):
        """A result file of completed permutations, complete and consistent.
        Returns it open."""
        f = self.open(path)
        names = sorted(n for n in f if n.startswith("perm_"))
        self.assertEqual(names, [f"perm_{i:04d}" for i in range(permutations)])
        for name in names:
            with self.subTest(permutation=name, file=str(path)):
                self.assert_permutation(f[name])
        self.assert_summary(f["summary"], permutations)
        return f

    def assert_permutation(self, g):
        """One completed permutation: its shapes, its times, and that clients,
        shards and the server's own counters tell the same story."""
        attrs = {k: text(v) for k, v in g.attrs.items()}
        self.assertEqual(attrs["status"], "completed", attrs.get("error"))
        iterations, warmup = int(attrs["iterations"]), int(attrs["warmup"])
        nclients = g["client_rank"].shape[0]
        nshards = g["shard_clients"].shape[0]
        shapes = {
            "put_tensor": (nclients, iterations),
            "unpack_tensor": (nclients, iterations),
            "put_start": (nclients, iterations),
            "unpack_start": (nclients, iterations),
        }
        if warmup:
            shapes["warmup_put_tensor"] = (nclients, warmup)
            shapes["warmup_unpack_tensor"] = (nclients, warmup)
        for name in ("connect_time", "loop_time", "main_time", "between_time",
                     "client_rank", "client_node", "client_shard"):
            shapes[name] = (nclients,)
        for name in ("shard_address", "shard_clients", "shard_commands"):
            shapes[name] = (nshards,)
        for name, shape in shapes.items():
            self.assertIn(name, g)
            self.assertEqual(g[name].shape, shape, name)

        for name in ("put_tensor", "unpack_tensor", "connect_time",
                     "loop_time", "main_time"):
            values = g[name][...]
            self.assertTrue(numpy.isfinite(values).all(), f"{name} has gaps")
            self.assertTrue((values > 0).all(), f"{name} is not positive")
            self.assertEqual(text(g[name].attrs["units"]), "s", name)
        self.assert_order(g)

        self.assertEqual(len(set(g["client_rank"][...])), nclients)
        shards = g["client_shard"][...]
        self.assertTrue(((shards >= 0) & (shards < nshards)).all())
        counted = numpy.bincount(shards, minlength=nshards)
        self.assertEqual(counted.tolist(), g["shard_clients"][...].tolist())
        # a put and a get each, and nothing else between the two readings; or
        # around each run what goes in and out once more, got and put
        commands = g["shard_commands"][...].tolist()
        if attrs.get("model_keys") == "copied":
            runs = ("run_script" in g) + ("run_model" in g)
            self.assertEqual(sum(commands), nclients * (warmup + iterations)
                             * (2 + 4 * runs))
            self.assertEqual(commands, g["shard_ops"][...].tolist())
        else:
            self.assertEqual(commands,
                             (counted * (warmup + iterations) * 2).tolist(),
                             "commands that the servers counted")
        payload = int(attrs["payload_bytes"])
        self.assertEqual(payload, int(attrs["tensor_bytes"]) // 4 * 4)

    def assert_order(self, g):
        """In every client put, get, put, get ... follow one another, within its
        loop, and the loop within main."""
        put, get = g["put_start"][...], g["unpack_start"][...]
        put_end = put + g["put_tensor"][...]
        get_end = get + g["unpack_tensor"][...]
        slack = 1e-6  # rounding of float64 seconds
        # starts are on the common clock, times on the client's own; the way
        # from one to the other is off by that at two instants
        corrected = slack + 2 * max(0.0, g.attrs["clock_error"])
        if text(g.attrs["pattern"]) == "pair":
            self.assertTrue((get >= put_end - corrected).all(),
                            "a get before its put")
            self.assertTrue((put[:, 1:] >= get_end[:, :-1] - corrected).all(),
                            "a put before the last get")
        loop, whole = g["loop_time"][...], g["main_time"][...]
        spans = (g["put_tensor"][...] + g["unpack_tensor"][...]).sum(axis=1)
        self.assertTrue((spans <= loop + slack).all(), "loop_time too short")
        self.assertTrue((loop <= whole + slack).all(), "main_time too short")

    def assert_summary(self, summary, permutations):
        for name in ("index", "status"):
            self.assertIn(name, summary)
        for name, column in summary.items():
            self.assertEqual(column.shape, (permutations,),
                             f"/summary/{name}")
        self.assertEqual(summary["index"][...].tolist(),
                         list(range(permutations)))


def text(value):
    """An attribute or element as str where it is text."""
    return value.decode() if isinstance(value, bytes) else value


def column(group, name):
    """A one-dimensional dataset as a list, text as str."""
    return [text(v) for v in group[name][...].tolist()]


def full(test):
    """Marks a test, or a class of them, as one of label full."""
    test.is_full = True
    return test


class PartLoader(unittest.TestLoader):
    """Of a file's tests those that SRBENCH_TEST_PART names: fast, full, or all
    of them where it is not set. A file of a label whole has no marks."""

    def getTestCaseNames(self, case):
        names = super().getTestCaseNames(case)
        if not PART:
            return names
        return [n for n in names if (PART == "full") == bool(
            getattr(case, "is_full", False)
            or getattr(getattr(case, n), "is_full", False))]

    def loadTestsFromModule(self, module, *args, **how):
        suite = super().loadTestsFromModule(module, *args, **how)
        if not suite.countTestCases():
            raise SystemExit(f"no test of {module.__file__} is {PART}")
        return suite


def main():
    unittest.main(verbosity=2, testLoader=PartLoader())
