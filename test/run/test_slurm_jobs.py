"""Under a real Slurm (slurmtest.py): launches of other kinds, and jobs that are
submitted, watched and cancelled from inside of a step.
"""
# ctest: label=full
import os
import socket
import time
from pathlib import Path

import h5py

from slurmtest import SlurmTest
from srbtest import SRBENCH, column, main, text

PROBE = str(Path(SRBENCH).parent / "test/bin/wlm_probe")
SMALL = ("--tensor_bytes=4096", "--iterations=5")


class Launches(SlurmTest):

    def setUp(self):
        super().setUp()
        self.out = self.dir / "slurm.h5"

    def small(self, srun_args, *args, **how):
        return self.srun(srun_args, *args, *SMALL, f"--output={self.out}",
                         **how)

    def test_virtual_nodes_of_its_nodes(self):
        job = self.small(("-N2", "--ntasks-per-node=2"), "--virtual_nodes=2",
                         "throughput_colocated")
        self.assert_passed(job, permutations=1)
        with h5py.File(self.out) as f:
            self.assertEqual(column(f["hosts"], "name"),
                             ["nid0001/0", "nid0001/1",
                              "nid0002/0", "nid0002/1"])

    def test_one_task_without_mpi_is_a_world(self):
        job = self.small(("-N1", "-n1", "--mpi=none"), "throughput_colocated")
        self.assert_passed(job, permutations=1)

    def test_no_launcher_can_be_forced(self):
        job = self.small(("-N1", "-n2", "-t5"), "--launcher=none")
        self.assert_passed(job, permutations=1)
        with h5py.File(self.out) as f:
            self.assertEqual([text(f.attrs[a]) for a in
                              ("launcher", "job_id", "node_list")],
                             ["none", "", ""])
            left = float(f.attrs["job_time_left"])
            self.assertNotEqual(left, left)

    def test_a_slurm_that_does_not_answer(self):
        """It is said, and is no reason not to run."""
        squeue = self.top / "squeue"
        squeue.write_text("#!/bin/sh\necho Socket timed out >&2\nexit 1\n",
            encoding="utf-8")
        squeue.chmod(0o755)
        job = self.small(("-N1", "-n2", "-t5"),
                         env={"PATH": f"{self.top}:{os.environ['PATH']}"})
        self.assert_passed(job, permutations=1)
        self.assertEqual(job.stderr.count(
            "Slurm does not say when the job ends: 'squeue' exited with "
            "status 1: Socket timed out"), 1, job.describe())
        with h5py.File(self.out) as f:
            left = float(f.attrs["job_time_left"])
            self.assertNotEqual(left, left)

    def test_the_launcher_of_another_mpi(self):
        """Its variables say that this is one of four tasks."""
        job = self.srbench(0, *SMALL, env={"OMPI_COMM_WORLD_SIZE": "4"})
        self.assert_status(job, 2, completed=0)
        self.assertIn("4 tasks were started, but MPI sees each as a world of "
                      "its own", job.stderr)

    def test_a_plan_for_another_launcher(self):
        job = self.srun(("-N1", "-n2"), "--dry_run", "--launcher=pbs")
        self.assert_status(job, 2, completed=0)
        self.assertIn("this is no job of PBS", job.stderr)

    def test_a_heterogeneous_job_is_one_world(self):
        job = self.small(("-N1", "-n2", "-t5", SRBENCH, *SMALL,
                          f"--output={self.out}", f"--db_port={self.port}",
                          ":", "-N2", "-n4"), "throughput_colocated")
        self.assert_passed(job, permutations=1)
        with h5py.File(self.out) as f:
            self.assertEqual((f.attrs["ranks"], f.attrs["nodes"]), (6, 3))
            self.assertEqual(text(f.attrs["node_list"]), "nid[0001-0003]")
            self.assertTrue(240 < f.attrs["job_time_left"] <= 300)

    def command(self, experiment, name):
        """A line of a script that leaves NAME.h5."""
        return " ".join([SRBENCH, experiment, *SMALL,
                         f"--output={self.dir / name}.h5",
                         f"--db_port={self.port}"])

    def test_a_batch_script_without_srun(self):
        """SLURM_NTASKS of the script is no number of started tasks; mpiexec
        there starts its own, and gives all of them the name of its node."""
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
        for name, ranks, node in (("alone", 1, "nid0001"),
                                  ("three", 3, socket.gethostname())):
            with h5py.File(self.dir / f"{name}.h5") as f:
                self.assertEqual(f.attrs["ranks"], ranks)
                self.assertEqual(text(f.attrs["job_id"]), number)
                self.assertEqual(column(f["hosts"], "name"), [node])


class OtherJobs(SlurmTest):
    """wlm.h, through wlm_probe.c."""

    def probe(self, *args, script=None):
        """Run wlm_probe as the task of a step; the CompletedProcess."""
        return self.cluster.srun(
            "-N1", "-n1", "-t5", "--nodelist=nid0001", "--mpi=pmi2", PROBE,
            *args, input=script, env={"TMPDIR": str(self.tmpdir)})

    def state(self, job):
        """What wlm_probe says of a job; it only takes itself for a part of
        one, which is faster than a step."""
        return self.cluster.run(PROBE, "state", job,
                                env={"SLURM_JOB_ID": "1"}).strip().split("|")

    def probed(self, *args, **how):
        done = self.probe(*args, **how)
        self.assertEqual(done.returncode, 0, done.stderr)
        return done.stdout.strip()

    def await_phase(self, job, phase):
        deadline = time.monotonic() + 300
        while True:
            found, word, reason = self.state(job)
            if found == phase:
                return word, reason
            self.assertLess(time.monotonic(), deadline,
                            f"{word} ({reason}), not {phase}")

    def test_features_and_time_left(self):
        self.assertEqual(
            self.probed("features", "nid0003", "nid0001", "nid0003"),
            "P100,bigmem\nV100,ib\nP100,bigmem")
        done = self.probe("features", "nid0001", "nid0099")
        self.assertEqual(done.returncode, 1)
        self.assertIn("Slurm knows no node 'nid0099'", done.stderr)
        left = float(self.probed("left"))
        self.assertTrue(240 < left <= 300, left)

    def test_a_job_of_its_own(self):
        """It gets the nodes that were asked for, and starts tasks as it likes:
        nothing of the step that submitted it is around."""
        job = self.probed(
            "submit", self.dir, "P100", "2", "exclusive", "C=bigmem",
            script='#!/bin/sh\necho "$SLURM_JOB_NODELIST $PWD"\n'
            'env | grep -E "^(PMI|SRUN_|SLURM_STEP)"\n'
            'srun -n2 sh -c "echo task \\$SLURM_PROCID"\n')
        self.assertEqual(self.cluster.wait(job)["JobState"], "COMPLETED",
                         self.cluster.logs())
        lines = (self.dir / "out").read_text(encoding="utf-8").splitlines()
        self.assertEqual(lines[0], f"nid[0003-0004] {self.dir}")
        self.assertEqual(sorted(lines[1:]), [f"task {i}" for i in range(2)])
        self.assertEqual(self.await_phase(job, "ended")[0], "COMPLETED")

    def test_jobs_wait_run_and_are_cancelled(self):
        sleep = "#!/bin/sh\nexec sleep 100\n"
        first, second = (self.probed("submit", self.dir, "P100", "2",
                                     "exclusive", script=sleep)
                         for _ in range(2))
        self.assertEqual(self.await_phase(first, "running"), ("RUNNING", ""))
        word, reason = self.await_phase(second, "pending")
        self.assertEqual(word, "PENDING")
        self.assertIn(reason, ("Resources", "Priority"))
        for job in first, second:
            self.probed("cancel", job)
            self.assertIn(self.await_phase(job, "ended")[0],
                          ("CANCELLED", "COMPLETING"))
            self.probed("cancel", job)  # once more is no failure
        self.assertEqual(self.await_phase("99999", "ended"), ("", ""))

    def test_a_job_that_cannot_be(self):
        done = self.probe("submit", self.dir, "H100", "1", script="#!/bin/sh\n")
        self.assertEqual(done.returncode, 1)
        self.assertIn("cannot submit the job 'probe': 'sbatch' exited with "
                      "status 1", done.stderr)
        self.assertIn("Invalid feature specification", done.stderr)


if __name__ == "__main__":
    main()
