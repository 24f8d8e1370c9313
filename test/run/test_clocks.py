"""Several clocks on one machine: ranks in time namespaces, each with a
CLOCK_MONOTONIC of its own, as hosts have them.
"""
# ctest: label=fast
import os
import subprocess
from pathlib import Path

import h5py

from srbtest import MPIEXEC, OPEN_MPI, SRBENCH, RunTest, main, parse_pairs

RANKS = 4
# By how much each rank's clock is ahead, s; the two of SHARED read the same
# one, the others have one each.
AHEAD = [0, 1000, 90000, 90000]
SHARED = (2, 3)
CLOCKS = 3
ENTER = """#!/bin/bash
# run a rank in its time namespace
ahead=({ahead})
case $PMI_RANK in
    {shared}) exec nsenter --time=/proc/{holder}/ns/time_for_children "$@" ;;
    *) exec unshare --time --monotonic "${{ahead[$PMI_RANK]}}" "$@" ;;
esac
"""


class Clocks(RunTest):

    def setUp(self):
        super().setUp()
        self.holder = self.hold(AHEAD[SHARED[0]])
        self.enter = self.top / "enter"
        self.enter.write_text(ENTER.format(
            ahead=" ".join(map(str, AHEAD)), holder=self.holder,
            shared="|".join(map(str, SHARED))), encoding="utf-8")
        self.enter.chmod(0o755)

    def hold(self, ahead):
        """A process that keeps a time namespace; the test's process and what
        it says are gone with the test."""
        process = subprocess.Popen(
            ["unshare", "--time", "--monotonic", str(ahead), "sh", "-c",
             "echo made && read _"], stdin=subprocess.PIPE,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                      encoding="utf-8")
        self.addCleanup(process.wait)
        for f in (process.stdout, process.stderr, process.stdin):
            self.addCleanup(f.close)
        if process.stdout.readline() != "made\n":
            self.skipTest("no time namespaces here: "
                          f"{process.stderr.read().strip()}")
        return process.pid

    def run_test_clock(self, *args):
        """test/mpi/test_clock.c on these clocks: what each rank says."""
        program = Path(SRBENCH).parent / "test/bin/mpi_test_clock"
        env = {**OPEN_MPI, **os.environ, "TMPDIR": str(self.tmpdir)}
        done = subprocess.run(
            [MPIEXEC, "-n", str(RANKS), self.enter, program, *map(str, args)],
            env=env, timeout=300, capture_output=True, text=True,
                   encoding="utf-8")
        self.assertEqual(done.returncode, 0, done.stderr + done.stdout)
        said = [parse_pairs(line) for line in done.stdout.splitlines()]
        return sorted(said, key=lambda x: x["rank"])

    def test_clocks_are_found_and_brought_to_one(self):
        said = self.run_test_clock(CLOCKS)
        self.assertEqual([x["clock"] for x in said], [0, 1, 2, 2])
        for rank, x in enumerate(said):
            # exact: the namespaces shift one and the same clock
            true = (AHEAD[0] - AHEAD[rank]) * 10**9
            self.assertLessEqual(abs(x["offset_ns"] - true), x["error_ns"],
                                 f"rank {rank}")

    def test_a_run(self):
        for experiment in ("throughput_colocated", "throughput_standard"):
            job = self.srbench(RANKS, experiment, f"--virtual_nodes={RANKS}",
                               "--tensor_bytes=[1024,1MiB]", "--iterations=20",
                               f"--output={self.dir / experiment}.h5",
                               wrapper=[str(self.enter)])
            self.assert_passed(job, permutations=2)

    def test_ranks_of_a_node_with_different_clocks(self):
        job = self.srbench(RANKS, "--virtual_nodes=2", "--tensor_bytes=1024",
                           wrapper=[str(self.enter)])
        self.assert_status(job, 2, completed=0, failed=0)
        # ranks 0 and 1; 2 and 3 share a node and a clock
        self.assertIn("rank 0 (and 1 more rank): the ranks of this node have "
                      "different clocks", job.stderr)

    def test_starts_are_on_the_common_clock(self):
        out = self.dir / "clocks.h5"
        job = self.srbench(RANKS, f"--virtual_nodes={RANKS}",
                           "--tensor_bytes=[1024,1MiB]", "--iterations=20",
                           f"--output={out}", wrapper=[str(self.enter)])
        self.assert_passed(job, permutations=2)
        with h5py.File(out) as f:
            for name in ("perm_0000", "perm_0001"):
                g = f[name]
                self.assertEqual(g.attrs["clock_domains"], CLOCKS)
                self.assertGreater(g.attrs["clock_error"], 0)
                self.assertLess(g.attrs["clock_error"], 1)
                # one and the same clock, shifted: what is seen is the error
                self.assertGreaterEqual(g.attrs["clock_drift"], 0)
                self.assertLess(g.attrs["clock_drift"], 1)
                first = g["put_start"][:, 0]
                self.assertLess(first.max() - first.min(), 1.0, name)
                self.assert_order(g)

    def test_one_clock_is_exact(self):
        out = self.dir / "clock.h5"
        job = self.srbench(RANKS, f"--virtual_nodes={RANKS}",
                           "--tensor_bytes=1024", "--iterations=20",
                           f"--output={out}")
        self.assert_passed(job, permutations=1)
        with h5py.File(out) as f:
            g = f["perm_0000"]
            self.assertEqual(g.attrs["clock_domains"], 1)
            self.assertEqual(g.attrs["clock_error"], 0)
            self.assertEqual(g.attrs["clock_drift"], 0)


if __name__ == "__main__":
    main()
