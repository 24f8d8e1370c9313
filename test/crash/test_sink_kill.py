#!/usr/bin/python3
"""Kill a writer of the result file and look for what it reported as safe.

    test_sink_kill.py SINK_WRITER [KILL_AT_WRITE_SO] [--random 300] [--calls N]

random:      SIGKILL at random instants of the writer's life.
exhaustive:  SIGKILL at its N-th call that changes the file, for every N, or for as
             many as --calls says, evenly from first to last: before the call, and
             in the midst of a write (half of it, or up to a page boundary). Needs
             the shared library kill_at_write.

resumed:     a study that is killed and resumed, again and again, at random
             instants; and a writer that resumes a half-done file killed at its
             N-th call, as above.

After each kill the file must open, hold every permutation that was reported
complete with every value right, and no permutation that is not whole.
"""

import argparse
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time

import h5py
import numpy as np

try:
    import netCDF4
except ImportError:
    netCDF4 = None

NPERMS, NCLIENTS, NITER = 8, 4, 5  # of 8, one end_time replaces a shorter one

# HDF5 1.14 would obey it and write two files, of another layout.
WRITER_ENV = dict(os.environ, HDF5_DRIVER="split")

ARRAYS = ["put_tensor", "unpack_tensor", "put_start", "unpack_start",
          "loop_time", "warmup_put_tensor"]


def check_sessions(f, resumed):
    hosts = words(f["sessions/host"][:])
    assert list(f["sessions/session"][:]) == list(range(len(hosts)))
    assert resumed or len(hosts) == 1
    for host, completed in zip(hosts, f["sessions/completed"][:]):
        # the three parts of a text are put one by one, "" in between
        assert host in ("first", "next", "ended", ""), host
        if host == "ended":
            assert 0 <= completed <= len(f["summary/index"])


def words(values):
    return [v.decode() if isinstance(v, bytes) else v for v in values]


def value_of(perm, array, n):
    return perm * 1e6 + array * 1e4 + np.arange(n)


def check_root(f):
    assert f.attrs["schema_version"] == 1
    assert f.attrs["srbench_version"] == "0.0"
    assert f.attrs["durability"] == "every instant"
    assert f.attrs["config"] == "experiment: throughput_standard\n"
    # a resumed file has none until the first note
    assert f.attrs.get("end_time", "") in ("", "completed", "failed")
    hosts = f["hosts"]
    assert words(hosts["name"][:]) == ["host0", "host1", "host2"]
    assert list(hosts["cpus"][:]) == [0, 8, 16]
    assert list(hosts["memory"][:]) == [0, 1e9, 2e9]
    assert list(hosts["node"][:]) == [0, 1, 2]


def check_permutation(f, perm, nclients, niter):
    group = f["perm_%04d" % perm]
    failed = perm % 3 == 2
    assert list(group.attrs) == ["status", "error", "payload_bytes", "seconds"]
    assert group.attrs["status"] == ("failed" if failed else "completed")
    assert group.attrs["error"] == ("no such server" if failed else "")
    assert group.attrs["payload_bytes"] == 1024 * perm
    assert group.attrs["seconds"] == perm * 1e6 + 8e5
    if failed:
        assert len(group) == 0
        return
    shapes = [(nclients, niter)] * 4 + [(nclients,), (nclients, 1)]
    for i, (name, shape) in enumerate(zip(ARRAYS, shapes)):
        data = group[name]
        assert data.shape == shape, name
        assert np.array_equal(data[...].ravel(),
                              value_of(perm, i, data.size)), name
        assert data.attrs["units"] == "s"
        assert data.dims[0][0].name == group.name + "/client"
    assert list(group["client_rank"][:]) == \
        [perm * 1000 + i for i in range(nclients)]
    assert words(group["client_address"][:]) == \
        ["10.0.%d.%d" % (perm, i) for i in range(nclients)]
    assert list(group["client"][:]) == list(range(nclients))
    assert list(group["iteration"][:]) == list(range(niter))


def name_of(perm):
    return "" if perm % 5 == 4 else \
        "session-%d-%s" % (perm, "0" * max(1, perm % 17))


def check_row(summary, perm):
    failed = perm % 3 == 2
    assert summary["index"][perm] == perm
    assert summary["status"][perm] == ("failed" if failed else "completed")
    assert summary["name"][perm] == name_of(perm)
    for i in range(12):
        assert summary["m%d" % i][perm] == perm * 1e6 + (90 + i) * 1e4


def check_file(path, complete, nperms, nclients, niter, resumed=False):
    """Everything in the file is whole, and all that is complete is in it."""
    with h5py.File(path, "r") as f:
        check_root(f)
        check_sessions(f, resumed)
        present = [int(n[5:]) for n in f if n.startswith("perm_")]
        assert set(complete) <= set(present), "lost a permutation"
        for perm in present:
            check_permutation(f, perm, nclients, niter)
        summary = {n: words(d[:]) if d.dtype == object else d[:]
                   for n, d in f["summary"].items()}
        assert all(len(c) == nperms for c in summary.values())
        assert list(summary["permutation"]) == list(range(nperms))
        for perm in complete:
            check_row(summary, perm)
        for perm in set(range(nperms)) - set(present):
            # none, or some of the cells of one that was skipped
            assert summary["index"][perm] in (-1, perm)
            assert summary["status"][perm] in ("", "skipped")
            assert summary["name"][perm] in ("planned", "", name_of(perm))


def check_netcdf(path, complete):
    with netCDF4.Dataset(path) as d:
        for perm in complete:
            group = d.groups["perm_%04d" % perm]
            for name in group.variables:
                group.variables[name][...]
        for name in d.groups["summary"].variables:
            d.groups["summary"].variables[name][...]


class Tally:
    def __init__(self):
        self.runs = self.complete = self.before = self.lost = 0
        self.midst = 0

    def look(self, path, out, sizes, what, earlier=None):
        """Check one killed writer's file. earlier: permutations that an
        earlier session completed; None: there was none. Returns those that
        are complete now."""
        lines = out.decode().split("\n")[:-1]
        complete = [int(l.split()[1]) for l in lines
                    if l.startswith("complete ")]
        complete = sorted({*complete, *(earlier or ())})
        self.runs += 1
        self.complete += len(complete)
        if not os.path.exists(path):
            self.before += 1
            assert not lines and not earlier, "the file is gone"
            return complete
        try:
            self.midst += len(complete) < sizes[0]
            check_file(path, complete, *sizes, resumed=earlier is not None)
            if netCDF4 and self.runs % 10 == 0:
                check_netcdf(path, complete)
        except Exception as reason:
            self.lost += 1
            print("LOST: %s, %d complete: %s: %s"
                  % (what, len(complete), type(reason).__name__, reason))
        return complete

    def line(self, name):
        print("%s: %d kills (%d before the file existed, %d in the midst), "
              "%d complete permutations looked for, %d files with a loss"
              % (name, self.runs, self.before, self.midst, self.complete,
                 self.lost))
        return self.lost


def run(command, env=WRITER_ENV):
    done = subprocess.run(command, stdout=subprocess.PIPE, env=env, timeout=600)
    return done.returncode, done.stdout


def empty(folder):
    for name in os.listdir(folder):
        os.remove(os.path.join(folder, name))


def command_of(writer, path, sizes):
    return [writer, path] + [str(n) for n in sizes]


def kill_at_random(writer, folder, kills):
    sizes = (40, 8, 25)
    path = os.path.join(folder, "a.h5")
    command = command_of(writer, path, sizes)
    tally = Tally()
    start = time.monotonic()
    code, out = run(command)
    life = time.monotonic() - start
    assert code == 0, "the writer fails by itself"
    tally.look(path, out, sizes, "not killed")
    for i in range(kills):
        empty(folder)
        child = subprocess.Popen(command, stdout=subprocess.PIPE,
                                 env=WRITER_ENV)
        instant = random.uniform(0, life)
        time.sleep(instant)
        child.send_signal(signal.SIGKILL)
        out = child.communicate(timeout=600)[0]
        tally.look(path, out, sizes, "killed after %.6f s" % instant)
    return tally.line("random instants")


def chosen(calls, kills):
    """So many of the calls, anywhere in as many equal parts; 0: all of them."""
    if not 0 < kills < calls:
        return range(1, calls + 1)
    return [1 + int((k + random.random()) * calls / kills) for k in range(kills)]


def kill_at_call(command, env, at):
    code, out = run(command, dict(env, KILL_AT=str(at)))
    assert code == -signal.SIGKILL, "not killed at call %d" % at
    return out


def kept(complete):
    """Failed ones are run again: from the resume on they are planned."""
    return [perm for perm in complete if perm % 3 != 2]


def kill_and_resume(writer, folder, kills):
    """Every session is killed after a while, and the next one goes on."""
    sizes = (40, 8, 25)
    path = os.path.join(folder, "a.h5")
    command = command_of(writer, path, sizes) + ["resume"]
    tally = Tally()
    complete, sessions = [], 0
    start = time.monotonic()
    assert run(command)[0] == 0, "the writer fails by itself"
    life = time.monotonic() - start
    empty(folder)
    for _ in range(kills):
        child = subprocess.Popen(command, stdout=subprocess.PIPE,
                                 env=WRITER_ENV)
        time.sleep(random.uniform(0, life))
        child.send_signal(signal.SIGKILL)
        out = child.communicate(timeout=600)[0]
        complete = tally.look(path, out, sizes, "session %d" % sessions,
                              kept(complete) if sessions else [])
        sessions += 1
        left = [n for n in os.listdir(folder) if n.endswith(".part")]
        assert len(left) <= 1, "left behind: %s" % left
        if b"done" in out or sessions == 8 or tally.lost:
            empty(folder)
            complete, sessions = [], 0
    return tally.line("resumed again and again")


def kill_resuming(writer, shim, folder, part, kills):
    """A writer that resumes a half-done file, killed at its calls."""
    sizes = (NPERMS, NCLIENTS, NITER)
    path, half = (os.path.join(folder, n) for n in ("a.h5", "half"))
    count = os.path.join(folder, "count")
    command = command_of(writer, path, sizes)
    env = dict(WRITER_ENV, LD_PRELOAD=shim, KILL_AT="0",
               KILL_COUNT=count, KILL_PART=part)
    assert run(command, env)[0] == 0, "the writer fails by itself"
    with open(count, encoding="utf-8") as f:
        calls = int(f.read().split()[0])
    os.remove(path)
    earlier = kept(int(l.split()[1]) for l in
                   kill_at_call(command, env, calls // 2).decode().split("\n")
                   if l.startswith("complete "))
    assert earlier, "nothing to keep"
    os.rename(path, half)
    command.append("resume")
    shutil.copy(half, path)
    assert run(command, env)[0] == 0, "the writer fails to resume"
    with open(count, encoding="utf-8") as f:
        calls = int(f.read().split()[0])
    tally = Tally()
    for at in chosen(calls, kills):
        shutil.copy(half, path)
        out = kill_at_call(command, env, at)
        tally.look(path, out, sizes, "resuming, killed %s call %d"
                   % (part, at), earlier)
    return tally.line("resuming, %-6s of %d calls" % (part, calls))


def kill_at_calls(writer, shim, folder, part, kills):
    sizes = (NPERMS, NCLIENTS, NITER)
    path = os.path.join(folder, "a.h5")
    count = os.path.join(folder, "count")
    command = command_of(writer, path, sizes)
    env = dict(WRITER_ENV, LD_PRELOAD=shim, KILL_AT="0",
               KILL_COUNT=count, KILL_PART=part)
    assert run(command, env)[0] == 0, "the writer fails by itself"
    with open(count, encoding="utf-8") as f:
        calls = int(f.read().split()[0])
    assert calls > 100, "the shim counts nothing"
    tally = Tally()
    for at in chosen(calls, kills):
        empty(folder)
        out = kill_at_call(command, env, at)
        tally.look(path, out, sizes, "killed %s call %d" % (part, at))
    return tally.line("%-6s of %d calls" % (part, calls))


def preloadable(shim, folder):
    """LD_PRELOAD takes a blank in a path for the end of it."""
    link = os.path.join(folder, "shim.so")
    os.symlink(os.path.abspath(shim), link)
    return link


def cost(writer, shim, folder, nperms):
    """What one permutation of so many costs: calls and bytes."""
    count = os.path.join(folder, "count")
    env = dict(WRITER_ENV, LD_PRELOAD=os.path.abspath(shim), KILL_AT="0",
               KILL_COUNT=count)
    command = command_of(writer, os.path.join(folder, "a.h5"),
                         (nperms, NCLIENTS, NITER))
    done = subprocess.run(command, stdout=subprocess.DEVNULL, env=env)
    assert done.returncode == 0, "the writer fails by itself"
    with open(count, encoding="utf-8") as f:
        found = [int(n) / nperms for n in f.read().split()]
    empty(folder)
    return found


def compare_costs(writer, shim):
    """A permutation costs the same whether there are few or many of them."""
    memory = "/dev/shm" if os.path.isdir("/dev/shm") else None
    with tempfile.TemporaryDirectory(prefix="srb-sink-", dir=memory) as folder:
        few, many = (cost(writer, shim, folder, n) for n in (100, 1000))
    print("a permutation of 100 costs %.0f calls and %.0f bytes, of 1000 %.0f "
          "and %.0f" % (*few, *many))
    return sum(m > 2 * f for f, m in zip(few, many))


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("writer")
    parser.add_argument("shim", nargs="?")
    parser.add_argument("--random", type=int, default=300)
    parser.add_argument("--calls", type=int, default=0)
    parser.add_argument("--seed", type=int, default=None)
    args = parser.parse_args()
    random.seed(args.seed)
    with tempfile.TemporaryDirectory(prefix="srb-sink-kill-") as folder, \
            tempfile.TemporaryDirectory(prefix="srb-sink-kill-") as aside:
        shim = args.shim and preloadable(args.shim, aside)
        lost = kill_at_random(os.path.abspath(args.writer), folder,
                              args.random)
        empty(folder)
        lost += kill_and_resume(os.path.abspath(args.writer), folder,
                                args.random // 2)
        for part in ("before", "half", "page") if shim else ():
            for kill in (kill_at_calls, kill_resuming):
                empty(folder)
                lost += kill(os.path.abspath(args.writer), shim, folder, part,
                             args.calls)
        if shim:
            empty(folder)
            lost += compare_costs(os.path.abspath(args.writer), shim)
    sys.exit(1 if lost else 0)


if __name__ == "__main__":
    main()
