# ctest: label=full timeout=4000
"""Many ranks on one machine: what a large job does, as far as that can be seen
on a small one."""
import sys
from pathlib import Path

from srbtest import RunTest, main

RANKS = 16  # of which memory is weighed
LONG = 200000
WEIGH = """
import os, resource, subprocess, sys
status = subprocess.call(sys.argv[1:], close_fds=False)
with open(f"peak.{os.environ['PMI_RANK']}", "w") as f:
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    f.write(str(usage.ru_maxrss * 1024))
sys.exit(status)
"""
SMALL = ("--tensor_bytes=[1024,64KiB]", "--iterations=5")


def overflows():
    """How often this network's listeners had no room, see netstat(8)."""
    lines = [line.split() for line in Path("/proc/net/netstat").read_text(
        encoding="utf-8").splitlines() if line.startswith("TcpExt:")]
    return int(dict(zip(*lines))["ListenOverflows"])


class Scale(RunTest):

    def run_many(self, ranks, *args, permutations=2):
        """A run of many ranks that passes, from its file."""
        out = self.dir / "many.h5"
        job = self.srbench(ranks, *args, "--op_timeout=1h", "--overwrite",
                           f"--output={out}")
        self.assert_passed(job, permutations)
        return self.assert_whole(out, permutations), job

    def test_128_ranks(self):
        f, _ = self.run_many(128, "--virtual_nodes=8", *SMALL)
        for name in ("perm_0000", "perm_0001"):
            self.assertEqual(list(f[name]["client_rank"]), list(range(128)))
            self.assertEqual(list(f[name]["shard_clients"]), [16] * 8)

    def test_64_ranks_and_a_cluster(self):
        f, _ = self.run_many(64, "throughput_standard", "--virtual_nodes=8",
                             "--client_nodes=[2,4]", "--db_nodes=4",
                             "--tensor_bytes=64KiB", "--iterations=5")
        for name, clients in (("perm_0000", 16), ("perm_0001", 32)):
            g = f[name]
            self.assertEqual(len(g["client_rank"]), clients)
            self.assertEqual(len(g["shard_address"]), 4)
            self.assertEqual(sum(g["shard_clients"]), clients)

    def test_connections_come_in_waves(self):
        """Beyond its backlog a server's kernel drops what connects, and the
        client tries again after a second (tcp(7), tcp_syn_retries)."""
        before = overflows()
        f, job = self.run_many(
            64, "throughput_standard", "--virtual_nodes=4", "--client_nodes=3",
            "--db_nodes=1", *SMALL, "--verbose",
            '--db_args={"tcp-backlog": 8}')
        self.assertIn("in waves of 4 a shard, whose backlog is 8", job.stderr)
        for name in ("perm_0000", "perm_0001"):
            self.assertEqual(len(f[name]["connect_time"]), 48)
        self.assertEqual(overflows(), before)

    def test_waves_on_a_unix_socket(self):
        """There the kernel refuses what the backlog cannot hold."""
        f, job = self.run_many(48, "--transport=unix", *SMALL, "--verbose",
                               '--db_args={"tcp-backlog": 8}')
        self.assertIn("in waves of 4 a shard", job.stderr)
        self.assertEqual(len(f["perm_0000"]["connect_time"]), 48)

    def peaks(self, iterations):
        """The most memory of each rank, in bytes: of a run that is all timings
        and nothing else."""
        for rank in range(RANKS):
            (self.dir / f"peak.{rank}").unlink(missing_ok=True)
        wrapper = self.dir / "weigh.py"
        wrapper.write_text(WEIGH, encoding="utf-8")
        out = self.dir / "memory.h5"
        job = self.srbench(RANKS, "--client=null", "--db_exe=null",
                           "--virtual_nodes=4", "--tensor_bytes=64",
                           "--verify=none", f"--iterations={iterations}",
                           f"--output={out}", "--overwrite",
                           wrapper=[sys.executable, str(wrapper)])
        self.assert_passed(job, 1)
        self.assertEqual(self.open(out)["perm_0000/put_tensor"].shape,
                         (RANKS, iterations))
        return [int((self.dir / f"peak.{rank}").read_text(encoding="utf-8"))
                for rank in range(RANKS)]

    def test_memory_does_not_grow_with_ranks_times_iterations(self):
        few, many = self.peaks(1000), self.peaks(LONG)
        grown = [b - a for a, b in zip(few, many)]
        own = LONG * 4 * 8  # four numbers an iteration
        # as they are taken, sorted for the figures, and sent
        self.assertLess(max(grown[1:]), 3 * own)
        # rank 0 receives rows in blocks of 16 MiB, and HDF5 has as much again
        self.assertLess(grown[0], 3 * own + 2 * 2**24)
        self.assertLess(grown[0], RANKS * own / 2)


if __name__ == "__main__":
    main()
