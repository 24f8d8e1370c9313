"""How a batch job ends under a real Slurm (slurmtest.py): told by scancel or by
--signal, out of time, killed, or without one of its ranks. The job is that of
batch_scripts/slurm_standard.sh.
"""
# ctest: label=full timeout=6000
import os
import re
import signal
import time

import h5py

from slurmtest import SlurmTest
from srbtest import (PATIENCE, SOURCE, SRBENCH, column, main, processes,
                     text)

SCRIPTS = SOURCE / "batch_scripts"
SIZES = [4, 8, 12, 16]


class EndTest(SlurmTest):

    CLUSTER = {"KillWait": 20}

    def setUp(self):
        super().setUp()
        self.out = self.dir / "end.h5"
        self.loops = self.top / "loops"
        self.loops.touch()

    def submit(self, *options, minutes=10, sbatch=()):
        """A study of a permutation for each of SIZES, on one node of clients
        and one of the database."""
        self.number = self.cluster.sbatch(
            SCRIPTS / "slurm_standard.sh", "--nodes=2", "--ntasks-per-node=2",
            f"--time={minutes}", *sbatch,
            script_args=("--client_nodes=1", "--clients_per_node=2",
                         "--db_nodes=1", "--db_cpus=1", "--db_io_threads=1",
                         f"--db_port={self.port}", f"--tensor_bytes={SIZES}",
                         f"--output={self.out}", *options),
            env={"TMPDIR": str(self.tmpdir), "SRBENCH": SRBENCH,
                 "SRBENCH_TEST_LOOPS": str(self.loops),
                 "STUDY": str(SCRIPTS / "study_standard.yaml")})

    def said(self):
        return self.cluster.out(self.number)

    def await_permutation(self, number):
        """Until both clients are in the loop of this permutation, counted from
        1."""
        deadline = time.monotonic() + 300
        while any(self.loops.read_text(encoding="utf-8").count(f"{client} loop\n") < number
                  for client in (0, 1)):
            self.assertNotIn("SRBENCH_STATUS", self.said())
            self.assertLess(time.monotonic(), deadline, self.said())
            time.sleep(0.05)

    def tell(self, *how):
        self.cluster.run("scancel", *how, self.number)

    def end(self, state, code, timeout=300, killed=False):
        """Wait for the end of the job, and look at how Slurm has it."""
        known = self.cluster.wait(self.number, timeout)
        self.assertEqual((known["JobState"], known["ExitCode"]), (state, code),
                         self.said())
        if killed:
            self.clear_scratch()
        self.assertEqual(self.await_no_leftovers(), [], self.said())

    def clear_scratch(self):
        """Slurm kills guards too, with no time to remove anything: the next
        srbench there does it."""
        self.wait_gone()
        self.assert_passed(self.srbench(
            0, "--iterations=1", "--tensor_bytes=4", "--output=none"), 1)

    def wait_gone(self):
        deadline = time.monotonic() + PATIENCE
        while processes(self.tmpdir) and time.monotonic() < deadline:
            time.sleep(0.05)
        self.assertEqual(list(map(str, processes(self.tmpdir))), [])

    def statuses(self):
        """Of all permutations, by a file that is whole: those that completed
        have the timings of both clients."""
        with h5py.File(self.out) as f:
            found = [text(s) for s in f["summary/status"][:]]
            for i, status in enumerate(found):
                if status != "completed":
                    continue
                spans = self.perm(i, f)["put_tensor"][:]
                self.assertEqual(len(spans), 2)
                self.assertTrue((spans > 0).any(axis=1).all())
        return found

    def error_of(self, index):
        with h5py.File(self.out) as f:
            return column(f["summary"], "error")[index]

    def verdict(self):
        found = re.findall(r"^SRBENCH_STATUS .*$", self.said(), re.M)
        self.assertEqual(len(found), 1, self.said())
        return found[0]

    def assert_broken_off(self):
        """The first permutation is there, the second is broken off."""
        self.assertEqual(self.statuses(),
                         ["completed", "failed", "skipped", "skipped"])
        self.assertRegex(self.error_of(1),
                         r"broken off at pair \d+ by signal 15")
        self.assertIn("fail permutations=4 completed=1 failed=1 skipped=2",
                      self.verdict())


class Cancelled(EndTest):

    def test_scancel(self):
        """SIGTERM, then a grace within KillWait: time to break off and to write
        it down. Slurm's word for the job is its own."""
        self.submit("--duration=5s", "--term_grace=1s")
        self.await_permutation(2)
        self.tell()
        self.end("CANCELLED", f"{128 + signal.SIGTERM}:0")
        self.assert_broken_off()

    def test_steps_are_told(self):
        """As any other job step: what srun is told would be another matter."""
        self.submit("--duration=5s", "--term_grace=1s")
        self.await_permutation(2)
        self.tell("--signal=TERM")
        self.end("FAILED", f"{128 + signal.SIGTERM}:0")
        self.assert_broken_off()

    def test_srun_is_told(self):
        """SIGTERM makes srun kill its tasks at once, unless Slurm has ended the
        job already, as scancel alone does: what was finished is there."""
        self.submit("--duration=5s", "--term_grace=1s")
        self.await_permutation(2)
        self.tell("--full", "--signal=TERM")
        self.end("FAILED", "137:0", killed=True)
        self.assertEqual(self.statuses(),
                         ["completed", "planned", "planned", "planned"])

    def test_srun_forwards_usr1(self):
        """Ranks hear of it from Slurm and from srun: one wish, not two."""
        self.submit("--duration=4s")
        self.await_permutation(2)
        self.tell("--full", "--signal=USR1")
        self.end("FAILED", f"{128 + signal.SIGUSR1}:0")
        self.assertEqual(self.statuses(),
                         ["completed", "completed", "skipped", "skipped"])

    def test_grace_is_enough(self):
        self.submit("--duration=3s", "--term_grace=5s")
        self.await_permutation(2)
        self.tell()
        self.end("CANCELLED", f"{128 + signal.SIGTERM}:0")
        self.assertEqual(self.statuses(),
                         ["completed", "completed", "skipped", "skipped"])

    def test_grace_beyond_kill_wait(self):
        """Slurm kills all of it: what was finished is there."""
        self.submit("--duration=60s", "--term_grace=60s")
        self.await_permutation(2)
        self.tell()
        self.end("CANCELLED", "0:9", killed=True)
        self.assertEqual(self.statuses(),
                         ["completed", "planned", "planned", "planned"])

    def test_usr1(self):
        """What --signal sends: the running permutation is the last one."""
        self.submit("--duration=4s")
        self.await_permutation(2)
        self.tell("--signal=USR1")
        self.end("FAILED", f"{128 + signal.SIGUSR1}:0")
        self.assertEqual(self.statuses(),
                         ["completed", "completed", "skipped", "skipped"])
        self.assertIn("fail permutations=4 completed=2 failed=0 skipped=2",
                      self.verdict())

    def test_a_rank_dies(self):
        """The others do not wait for it until the end of the job."""
        self.submit("--duration=5s", "--term_grace=1s")
        self.await_permutation(2)
        rank = next(p for p in processes(self.tmpdir) if p.is_rank
                    and b"SLURM_PROCID=1" in p.environ.split(b"\0"))
        os.kill(rank.pid, signal.SIGKILL)
        self.end("FAILED", "137:0", killed=True)
        self.assertEqual(self.statuses()[0], "completed")


class Time(EndTest):

    def test_no_permutation_that_would_not_fit(self):
        """In a job of a minute two permutations of 20 s fit, and a third does
        not: known without being told, and before Slurm steps in."""
        self.submit("--duration=20s", minutes=1, sbatch=["--signal=USR1@0"])
        self.end("FAILED", "1:0", timeout=300)
        self.assertEqual(self.statuses(),
                         ["completed", "completed", "skipped", "skipped"])
        self.assertIn("fail permutations=4 completed=2 failed=0 skipped=2",
                      self.verdict())
        self.assertRegex(self.error_of(2), "left of the job")

    def test_slurms_own_warning(self):
        """--signal as in the script reaches the tasks through the shell that
        became srun; in a job shorter than its time it comes early."""
        self.submit("--duration=2s", "--repetitions=40", minutes=3)
        self.end("FAILED", f"{128 + signal.SIGUSR1}:0", timeout=1200)
        found = self.statuses()
        done = found.count("completed")
        self.assertGreater(done, 0)
        self.assertEqual(found, ["completed"] * done
                         + ["skipped"] * (len(found) - done))
        self.assertGreater(len(found) - done, 50, "it was warned late")


if __name__ == "__main__":
    main()
