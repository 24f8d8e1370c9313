"""Under a real Slurm (slurmtest.py): what srbench learns from it, and what it
refuses. More of that in test_slurm_jobs.py.
"""
# ctest: label=fast
from slurmtest import SlurmTest
from srbtest import SRBENCH, column, kill_all, main, text
from terminaltest import OnTerminal

SMALL = ("--tensor_bytes=4096", "--iterations=5")
LAYOUT = ("-N4", "--ntasks-per-node=2")
NODES = ["nid0001", "nid0002", "nid0003", "nid0004"]


class Slurm(SlurmTest):

    def setUp(self):
        super().setUp()
        self.out = self.dir / "slurm.h5"

    def small(self, srun_args, *args, **how):
        return self.srun(srun_args, *args, *SMALL, f"--output={self.out}",
                         **how)

    def test_standard_on_four_nodes(self):
        """Its nodes, its job, its end; all four share this machine's ports."""
        job = self.small((*LAYOUT, "-t5"), "throughput_standard",
                         "--db_nodes=2", "--keys=balanced")
        self.assert_passed(job, permutations=1)
        f = self.assert_whole(self.out, permutations=1)
        self.assertEqual(column(f["hosts"], "name"), NODES)
        self.assertEqual((f.attrs["nodes"], f.attrs["hosts"],
                          f.attrs["ranks"]), (4, 1, 8))
        self.assertEqual(text(f.attrs["launcher"]), "slurm")
        self.assertRegex(text(f.attrs["job_id"]), r"^\d+$")
        self.assertEqual(text(f.attrs["node_list"]), "nid[0001-0004]")
        left = float(f.attrs["job_time_left"])
        self.assertGreater(left, 300 - 60)
        self.assertLessEqual(left, 300)
        self.assertEqual(column(f["perm_0000"], "shard_address"),
                         [f"127.0.0.1:{self.port + k}" for k in range(2)])

    def test_colocated_without_an_end(self):
        job = self.small(("-N2", "--ntasks-per-node=2"),
                         "throughput_colocated")
        self.assert_passed(job, permutations=1)
        f = self.assert_whole(self.out, permutations=1)
        self.assertEqual(column(f["hosts"], "name"), NODES[:2])
        self.assertEqual(len(f["perm_0000"]["shard_address"]), 2)
        left = float(f.attrs["job_time_left"])
        self.assertNotEqual(left, left, "the partition has no limit")

    def test_tasks_without_mpi_are_refused_once(self):
        job = self.small((*LAYOUT, "--mpi=none"), "throughput_colocated")
        self.assert_status(job, 2, completed=0)
        self.assertEqual(job.stderr.count("Slurm started 8 tasks"), 1,
                         job.describe())
        self.assertIn("srun --mpi=pmi2, or --mpi=pmix", job.stderr)
        self.assertEqual(job.stdout.count("SRBENCH_STATUS"), 1)
        self.assertFalse(self.out.exists())

    def test_another_launcher_is_refused(self):
        job = self.small(("-N2", "-n2"), "--launcher=pbs")
        self.assert_status(job, 2, completed=0)
        self.assertIn("this is no job of PBS (PBS_JOBID is not set)",
                      job.stderr)
        self.assertFalse(self.out.exists())


class SlurmTerminal(SlurmTest):
    """srun on a terminal: its ranks are children of slurmstepd, wherever that
    was started, so that they have lines and not one in place."""

    def on_terminal(self, columns, *args):
        job = OnTerminal(
            ["srun", "-N2", "--ntasks-per-node=2", SRBENCH, "--client=null",
             "--db_exe=null", "--iterations=10", "--output=none", *args], columns=columns, cwd=self.dir,
            env={**self.cluster.env, "TMPDIR": str(self.tmpdir)})
        self.addCleanup(kill_all, self.tmpdir)
        self.addCleanup(job.close)
        self.assertEqual(job.finish(), 0, job.seen)
        self.assertNotIn("\033", job.seen)
        return [x for x in job.screen.lines if x]

    def test_lines(self):
        for n, columns in ((11, 120), (500, 80)):
            with self.subTest(permutations=n):
                lines = self.on_terminal(columns, "--tensor_bytes=[" + ",".join(
                    str(4 * i) for i in range(1, n + 1)) + "]")
                told = [x for x in lines if x.startswith("[")]
                self.assertLess(len(told), 60, "a screenful or two")
                if n == 11:
                    self.assertEqual(len(told), 11)
                for line in told:
                    self.assertRegex(line, r"^\[ *\d+/\d+\] +\d+ (B|KiB)   put ")
                self.assertTrue(any(x.startswith("SRBENCH_STATUS pass")
                                    for x in lines))


if __name__ == "__main__":
    main()
