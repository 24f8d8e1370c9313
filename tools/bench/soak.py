#!/usr/bin/env python3
"""Random studies with random faults, for hours: is anything ever lost or left?

    tools/bench/soak.sh [SECONDS] [--seed N]

Each round starts a study of random options and, in most of them, does something
to it: a shard is killed or stopped, a client, a steward, a guard or mpiexec is
killed, signals are sent. Then it counts
  - permutations that were reported complete, and of these such as the file does
    not hold, or holds otherwise (lost: must be 0),
  - processes and scratch folders that are left (must be 0),
  - rounds that did not end within their limit (must be 0).
The last round is one long study whose ranks' memory and open files are compared
between its first permutations and its last. It prints a line a round, and one of
totals; exit status 1 when something was lost, left, hung or grew.

From the environment as the run tests: SRBENCH, MPIEXEC, SRBENCH_TEST_DB.
"""
import argparse
import os
import random
import re
import shutil
import signal
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "test/run/lib"))
import h5py  # noqa: E402
from srbtest import (Job, free_port, kill_all, processes,  # noqa: E402
                     text)

LIMIT = 120.0    # a round, s
PATIENCE = 10.0  # until what is left has gone
GROWTH = 8 << 20  # of a rank's memory in the long study, B


def study(rng, port):
    """Ranks and options of a random study, small enough for a few seconds."""
    standard = rng.random() < 0.5
    nodes = rng.choice((2, 3, 4)) if standard else rng.choice((1, 2, 4))
    ranks = nodes * rng.choice((1, 2))
    options = [f"--virtual_nodes={nodes}", f"--db_port={port}",
               "--op_timeout=2s", "--db_timeout=20s", "--term_grace=1s",
               f"--tensor_bytes={sorted(rng.sample(range(64, 300000), 3))}",
               f"--iterations={rng.choice((20, 200, 1000))}",
               f"--repetitions={rng.choice((1, 2))}",
               f"--client={rng.choice(('socket', 'hiredis'))}",
               f"--keys={rng.choice(('smartsim', 'balanced'))}"
               if standard else
               f"--transport={rng.choice(('tcp', 'unix', '[tcp,unix]'))}",
               f"--pattern={rng.choice(('pair', 'phases'))}",
               f"--sync={rng.choice(('none', 'start', 'iteration'))}",
               f"--order={rng.choice(('plan', 'random'))}",
               f"--verify={rng.choice(('none', 'ends', 'all'))}"]
    if standard:
        options += ["throughput_standard",
                    f"--db_nodes={rng.randint(1, nodes - 1)}",
                    f"--db_cluster={rng.choice(('true', 'false'))}"]
    return ranks, options


def pick(rng, found):
    return [rng.choice(found).pid] if found else []


# What may be done: to whom, and with which signal.
FAULTS = {
    "nothing": (lambda rng, job: [], 0),
    "shard killed": (lambda rng, job: pick(rng, job.servers()), signal.SIGKILL),
    "shard stopped": (lambda rng, job: pick(rng, job.servers()),
                      signal.SIGSTOP),
    "shard ended": (lambda rng, job: pick(rng, job.servers()), signal.SIGTERM),
    "rank killed": (lambda rng, job: pick(rng, job.ranks()), signal.SIGKILL),
    "rank told to end": (lambda rng, job: pick(rng, job.ranks()),
                         signal.SIGTERM),
    "rank told of the end": (lambda rng, job: pick(rng, job.ranks()),
                             signal.SIGUSR1),
    "guard killed": (lambda rng, job: pick(rng, job.guards()), signal.SIGKILL),
    "mpiexec killed": (lambda rng, job: [job.process.pid], signal.SIGKILL),
    "mpiexec told to end": (lambda rng, job: [job.process.pid], signal.SIGTERM),
}


def disturb(rng, job, fault):
    """Do it at a random moment; whether there was anybody to do it to."""
    whom, number = FAULTS[fault]
    time.sleep(rng.uniform(0.0, 3.0))
    if not number or job.process.poll() is not None:
        return False
    for pid in whom(rng, job):
        try:
            os.kill(pid, number)
            return True
        except ProcessLookupError:
            pass
    return False


def lost(job, path):
    """Permutations reported complete that the file does not hold."""
    reported = {fom["perm"] for fom in job.foms}
    if not reported:
        return 0, 0
    missing = 0
    with h5py.File(path) as f:
        for number in reported:
            g = f.get(f"perm_{number:04d}")
            whole = g is not None and text(g.attrs["status"]) == "completed" \
                and bool((g["put_tensor"][...] > 0).all())
            missing += not whole
    return len(reported), missing


def left(tmpdir):
    """Processes and folders that stay."""
    deadline = time.monotonic() + PATIENCE
    while True:
        found = [*map(str, processes(tmpdir)), *os.listdir(tmpdir)]
        if not found or time.monotonic() > deadline:
            return found
        time.sleep(0.1)


def one_round(rng, folder, totals):
    """A line about it."""
    tmpdir, path = folder / "tmp", folder / "soak.h5"
    tmpdir.mkdir()
    ranks, options = study(rng, free_port(16))
    fault = rng.choice(list(FAULTS))
    job = Job(ranks, *options, f"--output={path}", "--figures=figures.txt",
              tmpdir=tmpdir, cwd=folder)
    happened = disturb(rng, job, fault)
    hung = False
    try:
        job.wait(LIMIT)
    except AssertionError as e:
        hung = True
        print(e, file=sys.stderr)
    stays = left(tmpdir)
    kill_all(tmpdir)
    done, missing = lost(job, path) if path.exists() else (0, 0)
    totals.update(rounds=1, permutations=done, lost=missing, hung=int(hung),
                  left=len(stays), faults=int(happened),
                  failed=job.status.get("failed", 0))
    if missing or stays or hung:
        print(f"  {job.describe()}\n  left: {stays}", file=sys.stderr)
    words = (f"{fault if happened else 'nothing':22} ranks={ranks} "
             f"status={job.returncode} complete={done} lost={missing} "
             f"left={len(stays)}")
    job.close()
    return words


def weigh(job):
    """Memory and open files of each rank, by its place in the job: the least of
    some looks, as a file that is open for a moment stays nowhere."""
    looks = []
    for _ in range(5):
        looks.append(weigh_now(job))
        time.sleep(0.01)
    return [(min(m for m, _ in of), min(n for _, n in of))
            for of in zip(*(look for look in looks if look))]


def weigh_now(job):
    found = []
    for p in sorted(job.ranks(), key=lambda p: p.pid):
        try:
            status = Path(f"/proc/{p.pid}/status").read_text(encoding="utf-8")
            resident = int(re.search(r"VmRSS:\s*(\d+)", status)[1]) * 1024
            found.append((resident, len(os.listdir(f"/proc/{p.pid}/fd"))))
        except (OSError, TypeError):
            return []
    return found


def long_study(folder, totals):
    """Whether ranks grow over some hundred permutations."""
    tmpdir = folder / "tmp"
    tmpdir.mkdir()
    n = 300
    job = Job(3, "--virtual_nodes=3", f"--tensor_bytes={list(range(64, 64 + 4 * n, 4))}",
              "throughput_standard", "--iterations=10", "--verbose", "--output=soak.h5",
              f"--db_port={free_port(8)}", tmpdir=tmpdir, cwd=folder)
    job.wait_until(lambda: job.has_ended(30), "some", LIMIT)
    first = weigh(job)
    job.wait_until(lambda: job.has_ended(n - 20), "most", LIMIT)
    last = weigh(job)
    job.wait(LIMIT)
    grown = max((b[0] - a[0] for a, b in zip(first, last)), default=0)
    files = max((b[1] - a[1] for a, b in zip(first, last)), default=0)
    totals.update(grown=int(grown > GROWTH) + int(files > 0),
                  permutations=job.status.get("completed", 0),
                  left=len(left(tmpdir)))
    words = (f"{n} permutations in one study: a rank grew by {grown} B and "
             f"{files} open files at most")
    job.close()
    return words


def main():
    parser = argparse.ArgumentParser(
        description="Random studies with random faults; see the file's head.")
    parser.add_argument("seconds", nargs="?", type=float, default=3600.0)
    parser.add_argument("--seed", type=int,
                        default=random.randrange(2 ** 32))
    args = parser.parse_args()
    rng = random.Random(args.seed)
    totals = Counter(lost=0, left=0, hung=0, grown=0)
    end = time.monotonic() + args.seconds
    print(f"seed={args.seed} seconds={args.seconds:g}", flush=True)
    last = False
    while not last:
        last = time.monotonic() > end
        folder = Path(tempfile.mkdtemp(prefix="srbs-"))
        try:
            words = long_study(folder, totals) if last \
                else one_round(rng, folder, totals)
        finally:
            shutil.rmtree(folder, ignore_errors=True)
        print(words, flush=True)
    bad = sum(totals[k] for k in ("lost", "left", "hung", "grown"))
    print("SRBENCH_SOAK", "fail" if bad else "pass",
          *(f"{k}={totals[k]}" for k in ("rounds", "permutations", "faults",
                                         "failed", "lost", "left", "hung",
                                         "grown")))
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
