"""What the benchmark runs: srbench, redis-benchmark against a server of our own,
and the bare ping-pong, each on the same CPUs and ended by its process id.

Clients are on all CPUs but the last one that this process may use, the server
on that one. Times are in seconds, rates in operations a second.
"""
import csv
import io
import os
import re
import resource
import shutil
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

TOP = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(TOP / "test" / "run" / "lib"))
try:
    import h5py
    import numpy
    from srbtest import (DATABASE, MPIEXEC, SRBENCH, Job, free_port, listens,
                         text)
except ModuleNotFoundError as missing:
    sys.exit(f"bench: {sys.executable} has no {missing.name}; on Debian run it "
             f"with /usr/bin/python3 and install python3-h5py")

CPUS = sorted(os.sched_getaffinity(0))
SERVER_CPU = CPUS[-1]
CLIENT_CPUS = CPUS[:-1] or CPUS
PINNED = ("--pin_app_cpus=true", "--db_cpus=1")
PINGPONG = Path(os.environ.get("SRBENCH_PINGPONG")
                or Path(SRBENCH).parent / "srbench_pingpong")
RUNGS = Path(os.environ.get("SRBENCH_RUNGS")
             or Path(SRBENCH).parent / "srbench_rungs")
UNIX_BUFFER = 256 * 1024  # UNIX_SEND_BUFFER of src/client/connect.c
FLOOR_LINGER = 50000  # LINGER_NS of src/engine/floor_server.c
KEEPS = ("dirty_decay_ms:-1,muzzy_decay_ms:-1,oversize_threshold:0,thp:always")
# a jemalloc that keeps its memory, by the names that builds of it listen to
TUNED = {"MALLOC_CONF": KEEPS, "JE_MALLOC_CONF": KEEPS}


class Failed(Exception):
    """A program that did not do what it was asked for, in words."""


def pairs_in(bytes_, seconds, clients):
    """About how many put/get pairs of this size take so long."""
    pair = clients * (50e-6 + 2 * bytes_ / 3e9)
    return int(min(200000, max(20, seconds / pair)))


class Permutation:
    """A completed permutation of a result file: its attributes and timings."""

    def __init__(self, group):
        self.attrs = {k: text(v) for k, v in group.attrs.items()}
        if self.attrs["status"] != "completed":
            raise Failed(f"{self.attrs['name']}: {self.attrs['error']}")
        for name in ("put_tensor", "unpack_tensor", "put_start",
                     "unpack_start", "loop_time"):
            setattr(self, name, group[name][...])
        self.ops = int(group["client_ops"][...].sum())
        self.clients = len(group["client_rank"])
        self.cpu = float(group["client_cpu_time"][...].sum())

    def seconds(self, op):
        """Median of all clients and iterations."""
        return float(numpy.nanmedian(getattr(self, f"{op}_tensor")))

    def rate(self, op):
        """Operations a second of all clients together, of a run in phases: all
        of them over the time from the first start to the last end."""
        spans, start = (getattr(self, f"{op}_{x}") for x in ("tensor", "start"))
        return spans.size / float((start + spans).max() - start.min())

    @property
    def bandwidth(self):
        """B/s of both directions, from the first start to the last end."""
        start = numpy.nanmin(self.put_start)
        end = numpy.nanmax(self.unpack_start + self.unpack_tensor)
        return float(self.ops * self.attrs["payload_bytes"] / (end - start))

    @property
    def loop(self):
        """The loop of the client that took longest."""
        return float(self.loop_time.max())


class Study:
    """A run of srbench that passed: its wall time, when it reported its first
    permutation (both since the start of mpiexec), and its permutations."""

    def __init__(self, job, first, path):
        self.wall, self.first = job.seconds, first
        self.bytes = path.stat().st_size if path else 0
        self.permutations, self.flags = [], []
        if path:
            with h5py.File(path, "r") as f:
                self.flags = [text(x) for x in f["summary/flags"][...]]
                self.permutations = [Permutation(f[n]) for n in sorted(f)
                                     if n.startswith("perm_")]

    @property
    def loops(self):
        return sum(p.loop for p in self.permutations)

    def all(self, **wanted):
        """The permutations with these values of their options."""
        return [p for p in self.permutations
                if all(p.attrs[k] == v for k, v in wanted.items())]

    def one(self, **wanted):
        """The permutation with these values of its options."""
        found = self.all(**wanted)
        if len(found) != 1:
            raise Failed(f"{len(found)} permutations with {wanted}")
        return found[0]


class Srbench:
    """Starts srbench, with its scratch and files in a folder of its own."""

    def __init__(self, folder):
        self.folder = Path(folder)
        self.tmp = self.folder / "tmp"
        self.tmp.mkdir()
        self.count = 0

    def start(self, ranks, *args, wrapper=()):
        ports = [f"--db_port={free_port(64)}"] if listens(args) and not any(
            a.startswith("--db_address=") for a in args) else []
        return Job(ranks, *args, *ports, tmpdir=self.tmp, cwd=self.folder,
                   wrapper=wrapper)

    def run(self, ranks, *args, file=True, timeout=300, watch=False, wrapper=()):
        """A study, to its end. file: keep and read the result file; watch: see
        when the first permutation is reported; wrapper: in front of each rank."""
        self.count += 1
        path = self.folder / f"{self.count}.h5" if file else None
        job = self.start(ranks, *args, f"--output={path or 'none'}",
                         wrapper=wrapper)
        try:
            first = self.first_report(job) if watch else None
            job.wait(timeout)
            if job.returncode != 0:
                raise Failed(job.describe())
            return Study(job, first, path)
        finally:
            job.close()
            if path:
                path.unlink(missing_ok=True)

    @staticmethod
    def first_report(job):
        while job.process.poll() is None:
            if re.search(r"^\[ *1/\d+\]   put ", job.stderr, re.M):
                return time.monotonic() - job.start
            time.sleep(0.002)
        return None

    def refuses(self, *args):
        """Why srbench will not run with these options, or None."""
        job = self.start(1, *args, "--iterations=2", "--tensor_bytes=1024",
                         "--output=none")
        try:
            job.wait(60)
            lines = job.stderr.strip().splitlines()
            return None if job.returncode == 0 else (lines or ["?"])[-1]
        finally:
            job.close()


# --- what waiting costs ------------------------------------------------------

def cpu_seconds(pid):
    """CPU time of all threads of a process, to the nanosecond where the kernel
    counts so (CONFIG_SCHED_INFO), else in ticks."""
    task = Path("/proc") / str(pid) / "task"
    try:
        return sum(int((t / "schedstat").read_text(encoding="utf-8").split()[0])
                   for t in task.iterdir()) * 1e-9
    except OSError:
        stat = (Path("/proc") / str(pid) / "stat").read_text(encoding="utf-8")
        fields = stat[stat.rindex(")") + 2:].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def rank_of(process):
    for entry in process.environ.decode(errors="replace").split("\0"):
        name, _, value = entry.partition("=")
        if name in ("PMI_RANK", "PMIX_RANK", "OMPI_COMM_WORLD_RANK"):
            return int(value)
    return None


def shares(srbench, ranks, seconds, *args):
    """{rank: part of a core} over so long, in the middle of a loop of the null
    client. The loop is made long enough for the start to be over."""
    delay, settle = 0.01, 1.0
    job = srbench.start(
        ranks, *args, "--client=null", f"--null_client={{delay: {delay}s}}",
        f"--iterations={int((seconds + settle + 0.5) / (2 * delay))}",
        "--tensor_bytes=1024", "--warmup=0", "--output=none", "--verbose")
    try:
        job.wait_until(lambda: "[1/1] " in job.stderr, "the loop", 120)
        time.sleep(settle)
        pids = {rank_of(p): p.pid for p in job.ranks()}
        before, start = {r: cpu_seconds(p) for r, p in pids.items()}, \
            time.monotonic()
        time.sleep(seconds)
        after, end = {r: cpu_seconds(p) for r, p in pids.items()}, \
            time.monotonic()
        if job.has_ended(1):
            raise Failed("the loop ended before its ranks were measured")
        job.wait(120)
        if job.returncode != 0 or len(pids) != ranks:
            raise Failed(job.describe())
        return {r: (after[r] - before[r]) / (end - start) for r in pids}
    finally:
        job.close()


# --- the others --------------------------------------------------------------

def on_cpus(cpus):
    return ["taskset", "-c", ",".join(map(str, cpus))]


def need(program, package):
    if not shutil.which(program):
        raise Failed(f"no {program} (Debian: {package})")


def pingpong(transport, bytes_, iterations, linger=0):
    """{"put": median, "get": median} of the bare exchange, with the buffers that
    srbench's client chooses. linger: ns that its server looks for bytes before
    it sleeps."""
    buffer = UNIX_BUFFER if transport == "unix" else 0
    done = subprocess.run(
        [PINGPONG, transport, str(bytes_), str(iterations),
         str(CLIENT_CPUS[0]), str(SERVER_CPU), str(buffer), str(linger)],
        check=True, capture_output=True, encoding="utf-8", timeout=300)
    words = done.stdout.split()
    return {words[0]: float(words[1]), words[2]: float(words[3])}


def rungs(what, bytes_, iterations):
    """[({"put": ours, "get": ours}, {"put": bare, "get": bare})] of each round."""
    command = [RUNGS, what, bytes_, iterations]
    if what == "messages":
        command = [MPIEXEC, "-n", 2, *command, SERVER_CPU]
    done = subprocess.run(list(map(str, [*command, CLIENT_CPUS[0]])), check=True,
                          capture_output=True, encoding="utf-8", timeout=600)
    rounds = [line.split() for line in done.stdout.splitlines()]
    return [tuple({w[0]: float(w[k]), w[3]: float(w[3 + k])} for k in (1, 2))
            for w in rounds]


def dd(folder, bytes_, blocks):
    """{"put": s, "get": s} of a block that dd writes into a new file, and reads
    from it, by dd's own clock."""
    path = Path(folder) / f"srbb-dd-{os.getpid()}"
    took = {}
    try:
        for op, ends in (("put", ("if=/dev/zero", f"of={path}")),
                         ("get", (f"if={path}", "of=/dev/null"))):
            said = subprocess.run(
                [*on_cpus(CLIENT_CPUS[:1]), "dd", *ends, f"bs={bytes_}",
                 f"count={blocks}"], check=True, capture_output=True,
                encoding="utf-8", timeout=300, env={**os.environ, "LC_ALL": "C"}
            ).stderr
            took[op] = float(re.search(r", ([\d.e-]+) s, ", said)[1]) / blocks
    finally:
        path.unlink(missing_ok=True)
    return took


class Server:
    """A redis-server as src/engine/resp.c configures one; a context."""

    def __init__(self, folder):
        self.port = free_port()
        self.folder = folder
        self.process = None

    def __enter__(self):
        need("redis-benchmark", "redis-tools")
        need("taskset", "util-linux")
        config = (f"bind 127.0.0.1\nport {self.port}\nprotected-mode yes\n"
                  "daemonize no\nsupervised no\npidfile \"\"\nlogfile \"\"\n"
                  "save \"\"\nappendonly no\nmaxclients 1000\n"
                  "tcp-backlog 511\nproto-max-bulk-len 536870912\n"
                  "io-threads 1\n")
        self.process = subprocess.Popen(
            [*on_cpus([SERVER_CPU]), DATABASE, "-"], stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
            cwd=self.folder)
        self.process.stdin.write(config.encode())
        self.process.stdin.close()
        deadline = time.monotonic() + 10
        while True:
            try:
                if self.say("PING") == "+PONG":
                    return self
            except OSError:
                pass
            if time.monotonic() > deadline:
                self.__exit__()
                raise Failed("the redis-server does not answer")
            time.sleep(0.02)

    def __exit__(self, *_):
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()

    def say(self, *words):
        """One command; the first line of its reply."""
        with socket.create_connection(("127.0.0.1", self.port), 10) as s:
            s.sendall(b"*%d\r\n" % len(words) + b"".join(
                b"$%d\r\n%s\r\n" % (len(w), w.encode()) for w in words))
            return s.makefile("rb").readline().decode().strip()

    def fill(self, keys, bytes_):
        """Nothing but so many values of that size, under the keys that
        redis-benchmark draws from with -r."""
        self.say("FLUSHALL", "SYNC")
        for k in range(keys):
            self.say("SET", f"key:{k:012d}", "x" * bytes_)

    def empty(self):
        self.say("FLUSHALL", "SYNC")

    def cpu(self):
        return cpu_seconds(self.process.pid)

    def faults(self):
        """Pages that it had brought in so far (minflt of proc(5))."""
        stat = (Path("/proc") / str(self.process.pid) / "stat").read_text(
            encoding="utf-8")
        return int(stat[stat.rindex(")") + 2:].split()[7])

    def values(self):
        return int(self.say("DBSIZE")[1:])

    def benchmark(self, op, bytes_, n, clients):
        """redis-benchmark on as many keys as it has connections, which are there
        already: operations a second by its own clock or by ours around all of
        it, whichever is kinder to it; and its CPU time, s."""
        command = [*on_cpus(CLIENT_CPUS), "redis-benchmark", "-h", "127.0.0.1",
                   "-p", self.port, "-c", clients, "-P", 1, "-d", bytes_,
                   "-r", clients, "-n", n,
                   "-t", {"put": "set", "get": "get"}[op], "--csv",
                   "--precision", 3]
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        start = time.monotonic()
        done = subprocess.run(list(map(str, command)), check=True,
                              capture_output=True, encoding="utf-8",
                              timeout=600)
        wall = time.monotonic() - start
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        if self.values() != clients:
            raise Failed(f"{self.values()} values instead of {clients}")
        rows = list(csv.DictReader(io.StringIO(done.stdout)))
        return (max(float(rows[-1]["rps"]), n / wall),
                after.ru_utime + after.ru_stime - before.ru_utime
                - before.ru_stime)


def first_line(*command):
    done = subprocess.run(list(map(str, command)), capture_output=True,
                          encoding="utf-8", errors="replace", timeout=60)
    lines = (done.stdout or done.stderr).strip().splitlines()
    return lines[0].strip() if lines else "?"


def machine():
    """[(what, value)] of this machine and its software."""
    cpu = re.search(r"^model name\s*:\s*(.+)$",
                    Path("/proc/cpuinfo").read_text(encoding="utf-8"), re.M)
    mpi = re.search(r"Version:\s*(\S+)", subprocess.run(
        [MPIEXEC, "--version"], capture_output=True, encoding="utf-8",
        errors="replace").stdout)
    return [
        ("CPU", f"{cpu.group(1) if cpu else os.uname().machine}, "
                f"{len(CPUS)} to run on"),
        ("clients on CPU", ",".join(map(str, CLIENT_CPUS))),
        ("database on CPU", str(SERVER_CPU)),
        ("kernel", f"{os.uname().sysname} {os.uname().release}"),
        ("database", first_line(DATABASE, "--version").split(" malloc")[0]),
        ("redis-benchmark", first_line("redis-benchmark", "--version")
            if shutil.which("redis-benchmark") else "none"),
        ("MPI", f"mpiexec {mpi.group(1)}" if mpi else "?"),
        ("srbench", first_line(SRBENCH, "--version")),
    ]
