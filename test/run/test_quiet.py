# ctest: label=fast
"""Who only waits leaves the cores to those who work. Times are never asserted
tightly: a rank that spins takes all of a core, one that naps a hundredth."""
import os
import signal
import time
from pathlib import Path

from srbtest import RunTest, main

NAMES = ("PMI_RANK", "PMIX_RANK", "OMPI_COMM_WORLD_RANK", "SLURM_PROCID")
TICKS = os.sysconf("SC_CLK_TCK")
SECONDS = 2.5
SHARE = 0.5  # of a core, for one rank that waits
SUM = 0.75   # and for all: where ranks outnumber cores spinning ones share them


def cpu_seconds(pid):
    """utime and stime of a process, all its threads."""
    stat = (Path("/proc") / str(pid) / "stat").read_text(encoding="utf-8")
    fields = stat[stat.rindex(")") + 2:].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


class Quiet(RunTest):

    def ranks(self, job):
        """{rank: pid}"""
        found = {}
        for p in job.ranks():
            for entry in p.environ.decode(errors="replace").split("\0"):
                name, _, value = entry.partition("=")
                if name in NAMES and value.isdigit():
                    found[int(value)] = p.pid
        return found

    def shares(self, job, nranks, clients):
        """What each rank takes of a core, while the loop runs; then it is broken
        off."""
        job.wait_in_loop(clients=clients)
        pids = self.ranks(job)
        self.assertEqual(len(pids), nranks, job.describe())
        time.sleep(1)  # beyond what a wait spins at first
        before, start = self.all_seconds(pids), time.monotonic()
        time.sleep(SECONDS)
        after, end = self.all_seconds(pids), time.monotonic()
        os.kill(job.process.pid, signal.SIGTERM)
        job.wait()
        self.assertRegex(job.stderr, "broken off .*by signal 15")
        return {r: (after[r] - before[r]) / (end - start) for r in pids}

    @staticmethod
    def all_seconds(pids):
        return {r: cpu_seconds(pid) for r, pid in pids.items()}

    def assert_quiet(self, shares, ranks):
        for r in ranks:
            self.assertLess(shares[r], SHARE, f"rank {r} of {shares}")
        self.assertLess(sum(shares[r] for r in ranks), SUM, shares)

    def test_stewards_and_idle_ranks(self):
        """Rank 0 is a client's steward, 1 a client, 2 and 3 have no part, 4 is
        the database's steward, 5 its neighbour."""
        job = self.start(6, "throughput_standard", "--virtual_nodes=3",
                         "--client_nodes=1", "--clients_per_node=1",
                         "--client=null", "--null_client={delay: 10ms}",
                         "--duration=1h", "--tensor_bytes=1024",
                         "--term_grace=0s", "--output=none", loops=True)
        shares = self.shares(job, 6, 1)
        self.assert_quiet(shares, (0, 2, 3, 4, 5))

    def test_clients_that_are_done(self):
        """One client hangs, the others wait for what becomes of it."""
        job = self.start(4, "--client=null", "--db_exe=null",
                         "--null_client={client: 2, hang_at: 3}",
                         "--op_timeout=1h", "--iterations=10",
                         "--tensor_bytes=1024", "--term_grace=0s",
                         "--output=none", loops=True)
        shares = self.shares(job, 4, 4)
        self.assert_quiet(shares, (0, 1, 3))


if __name__ == "__main__":
    main()
