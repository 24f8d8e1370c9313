# ctest: label=fast
"""Who only waits leaves the cores to those who work. It naps again and again,
and works little in between: that is counted, and no time is measured in which
others have the cores. A rank that spins does not nap."""
import os
import signal
from pathlib import Path

from srbtest import RunTest, main

NAMES = ("PMI_RANK", "PMIX_RANK", "OMPI_COMM_WORLD_RANK", "SLURM_PROCID")
TICKS = os.sysconf("SC_CLK_TCK")
FIRST = 20  # naps, beyond what a wait spins at first
NAPS = 100  # of a millisecond or more
SHARE = 0.5e-3 * NAPS  # CPU time that a rank may need for them, s


def cpu_seconds(pid):
    """utime and stime of a process, all its threads."""
    stat = (Path("/proc") / str(pid) / "stat").read_text(encoding="utf-8")
    fields = stat[stat.rindex(")") + 2:].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


def naps(pid):
    """How often its first thread gave its core away by itself."""
    status = (Path("/proc") / str(pid) / "status").read_text(encoding="utf-8")
    return int(status.split("\nvoluntary_ctxt_switches:")[1].split()[0])


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

    def assert_quiet(self, job, nranks, clients, quiet):
        """What these ranks need while the loop runs; then it is broken off."""
        job.wait_in_loop(clients=clients)
        pids = self.ranks(job)
        self.assertEqual(len(pids), nranks, job.describe())
        quiet = {rank: pids[rank] for rank in quiet}
        self.napped(job, quiet, FIRST)
        for rank, seconds in self.napped(job, quiet, NAPS).items():
            self.assertLess(seconds, SHARE, f"CPU time of rank {rank}")
        os.kill(job.process.pid, signal.SIGTERM)
        job.wait()
        self.assertRegex(job.stderr, "broken off .*by signal 15")

    def napped(self, job, pids, n):
        """Wait for so many naps of each: {rank: CPU time that it took}. One that
        spins has no naps, and a lot of that."""
        before = {r: (naps(p), cpu_seconds(p)) for r, p in pids.items()}

        def took():
            return {r: cpu_seconds(p) - before[r][1] for r, p in pids.items()}

        job.wait_until(lambda: max(took().values()) > 4 * SHARE or all(
            naps(p) >= before[r][0] + n for r, p in pids.items()),
            f"{n} naps of all that wait")
        return took()

    def test_stewards_and_idle_ranks(self):
        """Rank 0 is a client's steward, 1 a client, 2 and 3 have no part, 4 is
        the database's steward, 5 its neighbour."""
        job = self.start(6, "throughput_standard", "--virtual_nodes=3",
                         "--client_nodes=1", "--clients_per_node=1",
                         "--client=null", "--null_client={delay: 10ms}",
                         "--duration=1h", "--tensor_bytes=1024",
                         "--term_grace=0s", "--output=none", loops=True)
        self.assert_quiet(job, 6, 1, (0, 2, 3, 4, 5))

    def test_clients_that_are_done(self):
        """One client hangs, the others wait for what becomes of it."""
        job = self.start(4, "--client=null", "--db_exe=null",
                         "--null_client={client: 2, hang_at: 3}",
                         "--op_timeout=1h", "--iterations=10",
                         "--tensor_bytes=1024", "--term_grace=0s",
                         "--output=none", loops=True)
        self.assert_quiet(job, 4, 4, (0, 1, 3))


if __name__ == "__main__":
    main()
