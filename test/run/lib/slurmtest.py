"""A real Slurm on one machine, for tests: a controller and several slurmd that
play nodes of their own, with features, in a private folder.

    class Submitted(SlurmTest):
        def test_two_nodes(self):
            job = self.srun(["-N2", "--ntasks-per-node=2"], "--iterations=5")
            self.assert_passed(job, permutations=13)

A class whose jobs need another cluster says so: `CLUSTER = {"KillWait": 3}`.
All that SlurmTest does with its cluster is open to other tests:

    with Cluster(KillWait=3) as cluster:
        number = cluster.sbatch("#!/bin/sh\\nsrun hostname\\n", "-N4")
        print(cluster.wait(number)["JobState"], cluster.out(number))

Authentication is by a munged of its own, with its own key and socket; ports
are free ones. Daemons stay in the foreground, die with the test and are ended
by their pids; a keeper clears up behind a test that was killed. It needs root (a
slurmd starts jobs as other users) and Debian's
packages slurm-wlm and munge; where they are missing tests are skipped.
"""
import ctypes
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import unittest
from pathlib import Path

from srbtest import PATIENCE, Process, RunTest, free_port

PROGRAMS = ("munged", "slurmctld", "slurmd", "srun", "sbatch", "scancel",
            "scontrol", "squeue", "sinfo")
DAEMONS = "/usr/sbin:/sbin"  # not in the PATH of everybody
START = 300.0  # how long the nodes may take to be idle, s
ANSWER = 300.0  # how long a command may take to answer, s
FEATURES = {"nid[0001-0002]": "V100,ib", "nid[0003-0004]": "P100,bigmem"}
PARAMETERS = {
    "ClusterName": "fake",
    "SlurmctldHost": "localhost",
    "SlurmUser": "root",
    "SlurmdUser": "root",
    "AuthType": "auth/munge",
    "ProctrackType": "proctrack/linuxproc",
    "TaskPlugin": "task/none",
    "JobAcctGatherType": "jobacct_gather/none",
    "AccountingStorageType": "accounting_storage/none",
    "SwitchType": "switch/none",
    "MpiDefault": "pmi2",
    "SelectType": "select/cons_tres",
    "SelectTypeParameters": "CR_Core",
    "SchedulerType": "sched/backfill",
    "SchedulerParameters": "sched_interval=2,bf_interval=2",
    "ReturnToService": "2",
    "SlurmdParameters": "config_overrides",
    "KillWait": "10",
    "MailProg": "/bin/true",
}
ENDED = ("BOOT_FAIL", "CANCELLED", "COMPLETED", "DEADLINE", "FAILED",
         "NODE_FAIL", "OUT_OF_MEMORY", "PREEMPTED", "TIMEOUT")
PR_SET_PDEATHSIG = 1
# Waits for the end of the test, whatever ends it, and clears up behind it.
KEEPER = """import sys
sys.stdin.read()
from slurmtest import clear_up
clear_up(sys.argv[1])
"""


def missing():
    """Why there can be no Slurm here; "" if there can."""
    if os.geteuid() != 0:
        return "a Slurm of our own needs root"
    path = f"{os.environ.get('PATH', '')}:{DAEMONS}"
    lacks = [p for p in PROGRAMS if not shutil.which(p, path=path)]
    if lacks:
        return (f"no {', '.join(lacks)} (Debian: slurm-wlm, munge; "
                "tools/deps.sh test)")
    return ""


def expand(hosts):
    """nid[0001-0004] as names; one bracket, as FEATURES has them."""
    found = re.fullmatch(r"(\w+)\[(\d+)-(\d+)\]", hosts)
    if not found:
        return [hosts]
    prefix, low, high = found.groups()
    return [f"{prefix}{i:0{len(low)}}" for i in range(int(low), int(high) + 1)]


def die_with_parent():
    """In the child, before exec: whoever kills the test kills the daemons."""
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


def belongs(process, folder):
    """Whether a process is of the Slurm in this folder: a daemon, or a part of
    a job."""
    mark = f"SLURM_CONF={folder}/slurm.conf".encode()
    return process.is_of(folder) or mark in process.environ.split(b"\0")


def clear_up(folder):
    """Kill what is left of a Slurm, by pid, and remove its folder."""
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        found = []
        for entry in filter(str.isdigit, os.listdir("/proc")):
            try:
                process = Process(int(entry))
            except (OSError, ValueError, IndexError):  # ended meanwhile
                continue
            if process.pid != os.getpid() and process.state != "Z" \
                    and belongs(process, folder):
                found.append(process.pid)
        for pid in found:
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
        if not found:
            break
        time.sleep(0.02)
    shutil.rmtree(folder, ignore_errors=True)


class Cluster:
    """One Slurm, from start() (or `with`) to stop(). Attributes: env (what a
    command needs to find it), dir (its folder: logs, outputs of jobs), nodes
    (names). Parameters of slurm.conf are given by name: Cluster(KillWait=3)."""

    def __init__(self, features=None, cpus=8, **parameters):
        self.features = features or FEATURES
        self.nodes = [n for hosts in self.features for n in expand(hosts)]
        self.cpus = cpus
        self.parameters = {**PARAMETERS, **parameters}
        self.daemons = []
        self.keeper = None
        self.dir = None
        self.env = {}

    def __enter__(self):
        return self.start()

    def __exit__(self, *_):
        self.stop()

    # --- its life --------------------------------------------------------------

    def start(self):
        reason = missing()
        if reason:
            raise unittest.SkipTest(reason)
        self.dir = Path(tempfile.mkdtemp(prefix="srbs-"))
        self.dir.chmod(0o755)  # munged's socket is for everybody
        try:
            self.keep()
            self.configure()
            self.daemon("munged", "--foreground", "--num-threads=2",
                        f"--key-file={self.dir}/munge.key",
                        f"--socket={self.dir}/munge.sock",
                        f"--pid-file={self.dir}/munged.pid",
                        f"--seed-file={self.dir}/munged.seed",
                        f"--log-file={self.dir}/munged.log")
            self.daemon("slurmctld", "-D", "-f", str(self.conf))
            for node in self.nodes:
                self.daemon("slurmd", "-D", "-f", str(self.conf), "-N", node)
            self.await_idle()
        except BaseException:
            self.stop()
            raise
        return self

    def keep(self):
        """Start what clears up if this process is killed: no child of it,
        which would be killed together with it."""
        self.keeper = subprocess.Popen(
            ["setsid", "--fork", sys.executable, "-c", KEEPER, str(self.dir)],
            stdin=subprocess.PIPE, stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL, cwd="/",
            env={**os.environ, "PYTHONPATH": str(Path(__file__).parent)})
        self.keeper.wait()  # of setsid; the pipe stays

    def configure(self):
        self.conf = self.dir / "slurm.conf"
        self.env = {"SLURM_CONF": str(self.conf)}
        key = self.dir / "munge.key"
        key.touch(0o600)
        key.write_bytes(os.urandom(1024))
        (self.dir / "state").mkdir()
        port = free_port(1 + len(self.nodes))
        lines = {
            **self.parameters,
            "SlurmctldPort": port,
            "AuthInfo": f"socket={self.dir}/munge.sock",
            "StateSaveLocation": f"{self.dir}/state",
            "SlurmdSpoolDir": f"{self.dir}/spool.%n",
            "SlurmctldPidFile": f"{self.dir}/slurmctld.pid",
            "SlurmdPidFile": f"{self.dir}/slurmd.%n.pid",
            "SlurmctldLogFile": f"{self.dir}/slurmctld.log",
            "SlurmdLogFile": f"{self.dir}/slurmd.%n.log",
        }
        text = [f"{name}={value}" for name, value in lines.items()]
        for hosts, features in self.features.items():
            count = len(expand(hosts))
            ports = f"[{port + 1}-{port + count}]" if count > 1 else port + 1
            text.append(f"NodeName={hosts} NodeHostname=localhost Port={ports} "
                        f"CPUs={self.cpus} Sockets=1 "
                        f"CoresPerSocket={self.cpus} RealMemory=2000 "
                        f"State=UNKNOWN Feature={features}")
            port += count
        text.append(f"PartitionName=debug Nodes={','.join(self.features)} "
                    "Default=YES MaxTime=INFINITE State=UP")
        self.conf.write_text("\n".join(text) + "\n", encoding="utf-8")

    def environ(self, env=None):
        """This process's environment, without what a Slurm job around us put
        there, and with this cluster."""
        clean = {k: v for k, v in os.environ.items()
                 if not k.startswith(("SLURM", "SBATCH_", "SRUN_", "PMI"))}
        return {**clean, **self.env, **(env or {})}

    def daemon(self, *command):
        env = {**self.environ(), "TMPDIR": str(self.dir)}
        env["PATH"] = f"{env.get('PATH', '')}:{DAEMONS}"
        said = open(self.dir / "daemons.log", "ab")
        with said:
            self.daemons.append(subprocess.Popen(
                command, env=env, stdin=subprocess.DEVNULL, stdout=said,
                stderr=said, cwd=self.dir, start_new_session=True,
                preexec_fn=die_with_parent))

    def await_idle(self):
        deadline = time.monotonic() + START
        states = ""
        while time.monotonic() < deadline:
            if any(d.poll() is not None for d in self.daemons):
                break
            answer = self.try_to("sinfo", "-h", "-N", "-o", "%N %T")
            states = answer.stdout
            if sum(line.split()[1:] == ["idle"]
                   for line in states.splitlines()) == len(self.nodes):
                return
            time.sleep(0.1)
        raise RuntimeError(f"Slurm did not come up: {states}\n{self.logs()}")

    def stop(self):
        """End jobs and daemons, and remove the folder."""
        if not self.dir:
            return
        if self.daemons and all(d.poll() is None for d in self.daemons):
            self.end_jobs()
        for daemon in reversed(self.daemons):
            if daemon.poll() is None:
                daemon.terminate()
        deadline = time.monotonic() + 60
        for daemon in self.daemons:
            try:
                daemon.wait(max(0.1, deadline - time.monotonic()))
            except subprocess.TimeoutExpired:
                daemon.kill()
                daemon.wait()
        clear_up(self.dir)  # the keeper, and what a job may have left
        self.keeper.stdin.close()
        self.daemons, self.keeper, self.dir = [], None, None

    def end_jobs(self):
        self.try_to("scancel", "-u", "root")
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline and self.queue():
            self.try_to("scancel", "-s", "KILL", "-u", "root")
            time.sleep(0.1)

    def logs(self):
        """The last lines of every log, for a test that failed."""
        found = []
        for path in sorted(self.dir.glob("*.log")):
            lines = path.read_text(errors="replace", encoding="utf-8").splitlines()[-15:]
            found.append("\n".join([f"  {path.name}:",
                                    *(f"    {x}" for x in lines)]))
        return "\n".join(found)

    # --- its commands ------------------------------------------------------------

    def try_to(self, *command, env=None, timeout=ANSWER, **how):
        """Run a command against this cluster; the CompletedProcess."""
        return subprocess.run(command, env=self.environ(env), text=True,
                              capture_output=True, timeout=timeout, **how)

    def run(self, *command, **how):
        """The same, and what it printed; a failure is an exception."""
        done = self.try_to(*command, **how)
        if done.returncode != 0:
            raise RuntimeError(f"{' '.join(command)}: status "
                               f"{done.returncode}: {done.stderr.strip()}\n"
                               f"{self.logs()}")
        return done.stdout

    def srun(self, *args, timeout=300, **how):
        """Run a step to its end; the CompletedProcess, whatever its status."""
        return self.try_to("srun", *map(str, args), timeout=timeout, **how)

    def sbatch(self, script, *args, script_args=(), **how):
        """Submit a script: its text, or the path of its file, which may be
        given arguments. Returns the job's id; what it prints is out(id)."""
        where = [f"--output={self.dir}/job.%j.out", f"--chdir={self.dir}"]
        if isinstance(script, Path):
            args, text = (*args, script, *script_args), None
        else:
            text = script
        return self.run("sbatch", "--parsable", *where, *map(str, args),
                        input=text, **how).strip()

    def out(self, job):
        """What a batch job printed so far."""
        path = self.dir / f"job.{job}.out"
        return path.read_text(errors="replace", encoding="utf-8") if path.exists() else ""

    def job(self, job):
        """What Slurm knows of a job: {"JobState": "RUNNING", ...}."""
        line = self.run("scontrol", "-o", "show", "job", str(job))
        return dict(re.findall(r"(\S+?)=(\S*)", line))

    def queue(self):
        """The ids of the jobs that wait, run, or are being ended."""
        return self.try_to("squeue", "-h", "-o", "%A").stdout.split()

    def await_state(self, job, states, timeout=300):
        """Wait until a job is in one of these states; what is known of it."""
        deadline = time.monotonic() + timeout
        while True:
            known = self.job(job)
            if known["JobState"] in states:
                return known
            if time.monotonic() > deadline:
                raise TimeoutError(
                    f"job {job} is {known['JobState']} ({known['Reason']}) "
                    f"after {timeout} s, not {' or '.join(states)}\n"
                    f"{self.out(job)}\n{self.logs()}")
            time.sleep(0.1)

    def wait(self, job, timeout=300):
        """Wait for the end of a job; what is known of it: "JobState",
        "ExitCode" ("0:0": status and signal), ..."""
        return self.await_state(job, ENDED, timeout)

    def cancel(self, job, signal_name=None):
        """scancel; with a signal it goes to all steps and the script."""
        how = ["-f", "-s", signal_name] if signal_name else []
        self.run("scancel", *how, str(job))


class SlurmTest(RunTest):
    """A RunTest with a cluster, up from the first test of the class to the
    last."""

    CLUSTER = {}

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.cluster = Cluster(**cls.CLUSTER).start()
        cls.addClassCleanup(cls.cluster.stop)

    def tearDown(self):
        self.cluster.end_jobs()
        super().tearDown()

    def start_srun(self, srun_args, *args, env=None, **how):
        """Start srbench under srun, as RunTest.start() does."""
        return self.start(0, *args, wrapper=["srun", *map(str, srun_args)],
                          env={**self.cluster.env, **(env or {})}, **how)

    def srun(self, srun_args, *args, timeout=300, **how):
        """Run srbench under srun to its end."""
        return self.start_srun(srun_args, *args, **how).wait(timeout)
