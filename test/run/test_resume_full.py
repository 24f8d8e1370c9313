# ctest: label=full timeout=6000
"""Resuming, at length: every end of a session, every refusal, and kills at
random instants."""
import json
import os
import random
import shutil
import signal
import time

import h5py

from srbtest import column, main
from test_resume import NULL, SIZES, ResumeTest


class Resumed(ResumeTest):

    def test_mpiexec_killed(self):
        self.interrupted(lambda job: os.kill(job.process.pid, signal.SIGKILL))
        self.await_no_leftovers()
        before = self.snapshot()
        self.assert_resumed(before, self.resume())

    def test_term(self):
        def term(job):
            for rank in job.ranks():
                os.kill(rank.pid, signal.SIGTERM)
        self.interrupted(term)
        before = self.snapshot()
        self.assertIn("skipped", self.statuses())
        self.assert_alone()
        job = self.resume("--summary_json=all.json")
        self.assert_resumed(before, job)
        rows = json.loads((self.dir / "all.json").read_text())["summary"]
        self.assertEqual([r["status"] for r in rows], ["completed"] * 4)
        with h5py.File(self.out, "r") as f:
            for i, row in enumerate(rows):
                self.assertEqual(row["put_tensor_median"],
                                 f["summary/put_tensor_median"][i])

    def test_dry_run_says_what_is_left(self):
        study = (1, *NULL, SIZES, "--iterations=5")
        plan = (*study, "--resume", "--dry_run")
        self.assertIn("all of them run", self.study(*plan).stdout)
        self.assertFalse(self.out.exists())
        self.assert_passed(self.study(*study), 4)
        with h5py.File(self.out, "r+") as f:
            f["summary/status"][2] = "failed"
        before = self.out.read_bytes()
        job = self.study(*plan)
        self.assertEqual(job.returncode, 0, job.describe())
        self.assertIn("0002 runs: it was failed\n"
                      "resume: 3 of 4 permutations are kept, 1 run\n",
                      job.stdout)
        job = self.study(*plan, "--warmup=3")
        self.assert_refused(job, "cannot be resumed: warmup was 1, is 3")
        self.assertEqual(self.out.read_bytes(), before)
        self.assert_alone()

    def test_still_failing(self):
        fails = (2, *NULL, "--tensor_bytes=[4,8]", "--iterations=20",
                 "--null_client={client: 1, fail_at: 3}")
        for args in ((), ("--resume",)):
            self.assert_status(self.study(*fails, *args), 1, failed=2)
        self.assertEqual(self.sessions()["completed"], [0, 0])

    def test_no_file_yet(self):
        """So that one command serves a job that is queued again and again."""
        job = self.study(2, *NULL, SIZES, "--iterations=5", "--resume")
        self.assert_passed(job, 4)
        self.assertIn("the study begins", job.stderr)
        self.assertEqual(self.sessions()["completed"], [4])

    def test_repetitions_count(self):
        """until_interval: the repetitions of before say enough."""
        study = (1, *NULL, "--tensor_bytes=4", "--iterations=50",
                 "--repetitions=5", "--until_interval=99%")
        self.assert_status(self.study(*study), 0)
        before = self.statuses()
        with h5py.File(self.out, "r+") as f:  # as killed before the last one
            f["summary/status"][4] = "planned"
            del f["perm_0004"]
        self.assert_status(self.study(*study, "--resume"), 0)
        self.assertEqual(self.statuses()[:4], before[:4])
        with h5py.File(self.out, "r") as f:
            done = f["summary/repetitions_done"][...].tolist()
            completed = self.statuses().count("completed")
            self.assertEqual(max(done), completed, "counted from 1 again")

    def test_random_order_goes_on(self):
        study = (1, *NULL, SIZES, "--repetitions=2", "--iterations=5",
                 "--order=random")
        self.assert_passed(self.study(*study), 8)
        with h5py.File(self.out, "r+") as f:
            order = [int(f[f"perm_{i:04d}"].attrs["position"])
                     for i in range(8)]
            for i in (2, 5, 6):
                f["summary/status"][i] = "planned"
        self.assert_passed(self.study(*study, "--resume"), 8)
        with h5py.File(self.out, "r") as f:
            self.assertEqual([int(f[f"perm_{i:04d}"].attrs["position"])
                              for i in range(8)], order)

    def test_breaches_and_verdict_of_all(self):
        study = (1, *NULL, SIZES, "--iterations=20",
                 "--expect={put_tensor_median: '< 0s'}")
        self.assert_status(self.study(*study), 3, breaches=4)
        with h5py.File(self.out, "r+") as f:
            f["summary/status"][3] = "planned"
        self.assert_status(self.study(*study, "--resume"), 3, breaches=4)


class Refused(ResumeTest):

    def test_other_versions_and_nodes(self):
        study = (1, *NULL, SIZES, "--iterations=5")
        self.assert_passed(self.study(*study), 4)
        whole = self.out.read_bytes()
        for name, value, words in (
                ("srbench_version", "0.0.1", "srbench_version was '0.0.1'"),
                ("mpi_version", "other", "mpi_version was 'other'"),
                ("server_version", "redis 1", "server_version was 'redis 1'"),
                ("schema_version", "0", "schema_version was '0'")):
            with self.subTest(name=name):
                with h5py.File(self.out, "r+") as f:
                    f.attrs[name] = value
                self.assert_refused(self.study(*study, "--resume"), words)
                self.out.write_bytes(whole)
        with h5py.File(self.out, "r+") as f:
            f["hosts/cpu_model"][0] = "abacus"
        self.assert_refused(self.study(*study, "--resume"),
                            "node 0: cpu_model was 'abacus'")
        self.out.write_bytes(whole)
        with h5py.File(self.out, "r+") as f:  # a node like it will do
            f["hosts/name"][0] = "elsewhere"
            f["summary/status"][2] = "planned"
        job = self.study(*study, "--resume")
        self.assert_passed(job, 4)
        self.assertIn("/hosts_1", job.stderr)
        f = self.open(self.out)
        self.assertEqual(column(f["hosts"], "name"), ["elsewhere"])
        self.assertNotEqual(column(f["hosts_1"], "name"), ["elsewhere"])

    def test_no_result_file_of_ours(self):
        study = (1, *NULL, SIZES, "--iterations=5")
        self.assert_passed(self.study(*study), 4)
        whole = self.out.read_bytes()
        for content in (b"", b"precious", whole[:len(whole) // 2]):
            self.out.write_bytes(content)
            self.assert_refused(self.study(*study, "--resume"),
                                str(self.out), "damaged")
            self.assertEqual(self.out.read_bytes(), content)
        self.out.unlink()
        h5py.File(self.out, "w").close()
        self.assert_refused(self.study(*study, "--resume"),
                            "no result file of srbench")
        self.assert_alone()

    def test_beside_what_contradicts(self):
        output = f"--output={self.out}"
        for args, word in (((output, "--overwrite"), "contradicts overwrite"),
                           (("--output=none",), "expected its name (output)"),
                           ((), "expected its name (output)")):
            job = self.srbench(1, *NULL, "--resume", *args)
            self.assert_refused(job, "--resume: ", word)


class ReadByOthers(ResumeTest):

    def test_tools(self):
        from resultfile import SOURCE, tool
        study = (1, *NULL, SIZES, "--iterations=30")
        self.assert_passed(self.study(*study), 4)
        base = self.dir / "base.h5"
        shutil.copy(self.out, base)
        with h5py.File(self.out, "r+") as f:
            f["summary/status"][1] = "planned"
        self.assert_passed(self.study(*study, "--resume"), 4)
        tools = SOURCE / "tools"
        for program, args in (
                ("srbench_results.py", (self.out,)),
                ("srbench-report", (self.out, "--output",
                                    self.dir / "report.html")),
                ("srbench-compare", (base, self.out)),
                ("srbench-export", ("--format", "csv", self.dir / "csv",
                                    self.out))):
            with self.subTest(program=program):
                done = tool(*args, program=tools / program)
                self.assertEqual(done.returncode, 0, done.stderr)
        try:
            import netCDF4
        except ImportError:
            self.skipTest("no netCDF4")
        with netCDF4.Dataset(self.out) as d:
            self.assertEqual(len(d.groups["sessions"].dimensions["session"]),
                             2)
            put = d.groups["perm_0001"]["put_tensor"]
            self.assertEqual(put.dimensions, ("client", "iteration"))


class AtRandom(ResumeTest):

    ENDS = 12
    iterations = 150

    def test_killed_again_and_again(self):
        """Rank 0, all ranks, or mpiexec, at random instants of sessions: no
        permutation that was completed is ever lost or changed."""
        before, sessions = {}, 0
        for _ in range(self.ENDS):
            job = self.start(2, *NULL, SIZES, "--resume",
                             f"--iterations={self.iterations}",
                             "--repetitions=3", "--null_client={delay: 1ms}",
                             f"--output={self.out}")
            time.sleep(random.uniform(0.05, 1.5))
            for process in random.choice((
                    job.ranks()[:1], job.ranks(), [job.process])):
                try:
                    os.kill(process.pid, signal.SIGKILL)
                except ProcessLookupError:
                    pass
            job.process.wait(300)
            self.assertFalse([p for p in self.await_no_leftovers()
                              if not p.startswith("scratch")])
            if not self.out.exists():
                self.assertEqual(before, {})
                continue
            sessions += 1
            self.assert_kept(before)
            before = self.snapshot()
        job = self.resume("--repetitions=3")
        self.assert_kept(before)
        self.assert_passed(job, 12)
        self.assert_alone()
        completed = self.sessions()["completed"]
        self.assertEqual(sum(completed), 12)
        self.assertGreater(len(completed), 2)


if __name__ == "__main__":
    main()
