"""Under a real Slurm (slurmtest.py): what srbench learns from it, and what it
refuses.
"""
# ctest: label=fast timeout=120
import h5py

from slurmtest import SlurmTest
from srbtest import SRBENCH, column, main, text

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

    def command(self, experiment, name):
        """A line of a script that leaves NAME.h5."""
        return " ".join([SRBENCH, experiment, *SMALL,
                         f"--output={self.dir / name}.h5",
                         f"--db_port={self.port}"])

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

    def test_virtual_nodes_of_its_nodes(self):
        job = self.small(("-N2", "--ntasks-per-node=2"), "--virtual_nodes=2",
                         "throughput_colocated")
        self.assert_passed(job, permutations=1)
        with h5py.File(self.out) as f:
            self.assertEqual(column(f["hosts"], "name"),
                             ["nid0001/0", "nid0001/1",
                              "nid0002/0", "nid0002/1"])

    def test_tasks_without_mpi_are_refused_once(self):
        job = self.small((*LAYOUT, "--mpi=none"), "throughput_colocated")
        self.assert_status(job, 2, completed=0)
        self.assertEqual(job.stderr.count("Slurm started 8 tasks"), 1,
                         job.describe())
        self.assertIn("srun --mpi=pmi2, or --mpi=pmix", job.stderr)
        self.assertEqual(job.stdout.count("SRBENCH_STATUS"), 1)
        self.assertFalse(self.out.exists())

    def test_one_task_without_mpi_is_a_world(self):
        job = self.small(("-N1", "-n1", "--mpi=none"), "throughput_colocated")
        self.assert_passed(job, permutations=1)

    def test_another_launcher_is_refused(self):
        job = self.small(("-N2", "-n2"), "--launcher=pbs")
        self.assert_status(job, 2, completed=0)
        self.assertIn("this is no job of PBS (PBS_JOBID is not set)",
                      job.stderr)
        self.assertFalse(self.out.exists())

    def test_no_launcher_can_be_forced(self):
        job = self.small(("-N1", "-n2", "-t5"), "--launcher=none")
        self.assert_passed(job, permutations=1)
        with h5py.File(self.out) as f:
            self.assertEqual([text(f.attrs[a]) for a in
                              ("launcher", "job_id", "node_list")],
                             ["none", "", ""])
            left = float(f.attrs["job_time_left"])
            self.assertNotEqual(left, left)

    def test_a_batch_script_without_srun(self):
        """SLURM_NTASKS of the script is no number of started tasks; mpiexec
        there starts its own."""
        script = "\n".join([
            "#!/bin/sh",
            f"{self.command('throughput_colocated', 'alone')} && "
            f"mpiexec -n 3 {self.command('throughput_colocated', 'three')}"])
        number = self.cluster.sbatch(
            script + "\n", "-N2", "-n4", "-t5",
            env={"TMPDIR": str(self.tmpdir)})
        known = self.cluster.wait(number)
        self.assertEqual(known["JobState"], "COMPLETED",
                         self.cluster.out(number))
        for name, ranks in ("alone", 1), ("three", 3):
            with h5py.File(self.dir / f"{name}.h5") as f:
                self.assertEqual(f.attrs["ranks"], ranks)
                self.assertEqual(text(f.attrs["job_id"]), number)


if __name__ == "__main__":
    main()
