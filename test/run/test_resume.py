# ctest: label=fast timeout=6000 full
"""A study that was interrupted is resumed in its own file."""
import json
import os
import random
import shutil
import signal
import time

import h5py
import numpy
from pathlib import Path

from srbtest import SRBENCH, RunTest, column, full, main, text

NULL = ("--client=null", "--db_exe=null")
RANK_0 = (b"PMI_RANK=0", b"PMIX_RANK=0", b"OMPI_COMM_WORLD_RANK=0")
SIZES = "--tensor_bytes=[4,8,12,16]"
# Languages of this build besides C.
OTHERS = [x for x in ("cpp", "fortran")
          if (Path(SRBENCH).parent / f"examples/example_{x}").exists()]


def contents(group):
    """All datasets and attributes below a group, as bytes and shapes."""
    found = {}

    def take(name, thing):
        found[name] = {k: repr(numpy.asarray(v).tolist())  # a NaN is one
                       for k, v in thing.attrs.items()
                       if k not in ("DIMENSION_LIST", "REFERENCE_LIST")}
        if isinstance(thing, h5py.Dataset):
            data = thing[...]
            found[name]["data"] = (data.shape, str(data.dtype), data.tolist()
                                   if data.dtype == object else data.tobytes())
            found[name]["scales"] = [[s.name for s in d.values()]
                                     for d in thing.dims]
    take("", group)
    group.visititems(take)
    return found


class ResumeTest(RunTest):

    iterations = 200

    def setUp(self):
        super().setUp()
        self.out = self.dir / "study.h5"

    def study(self, nranks, *args, **how):
        return self.srbench(nranks, *args, f"--output={self.out}", **how)

    def snapshot(self):
        """Completed permutations as they are: groups and rows by number."""
        with h5py.File(self.out, "r") as f:
            summary = f["summary"]
            done = [i for i, s in enumerate(column(summary, "status"))
                    if s == "completed"]
            return {i: (contents(self.perm(i, f)),
                        {k: repr(v[i]) for k, v in summary.items()})
                    for i in done}

    def assert_kept(self, before):
        after = self.snapshot()
        for i, (group, row) in before.items():
            self.assertEqual(after[i][1], row, f"row {i}")
            self.assertEqual(after[i][0], group, f"group {i}")

    def sessions(self):
        with h5py.File(self.out, "r") as f:
            return {k: column(f["sessions"], k) for k in f["sessions"]}

    def assert_refused(self, job, *words):
        self.assert_status(job, 2, completed=0)
        for word in words:
            self.assertIn(word, job.stderr, job.describe())
        self.assertEqual(len(job.stderr.strip().splitlines()), 1, job.stderr)

    def assert_alone(self):
        """Nothing lies beside the result file."""
        self.assertEqual([p.name for p in self.dir.iterdir()
                          if p.name.startswith("study.h5")], ["study.h5"])

    def interrupted(self, end, nranks=2, *args, complete=2):
        """A study with so many completed permutations, then `end`ed."""
        gate = self.gate(nranks, at=complete)
        job = self.start(nranks, *NULL, SIZES,
                         f"--iterations={self.iterations}", "--term_grace=0s",
                         "--op_timeout=1h", f"--output={self.out}", *args,
                         gate=gate)
        job.wait_until(lambda: gate.holds(job), f"{complete} permutations")
        end(job)
        gate.open()
        job.wait()
        return job

    def resume(self, *args, nranks=2, **how):
        """The rest of an interrupted() study."""
        return self.study(nranks, *NULL, SIZES, "--resume",
                          f"--iterations={self.iterations}",
                          "--figures=stdout", *args, **how)

    def assert_resumed(self, before, job, permutations=4):
        self.assert_passed(job, permutations)
        self.assert_kept(before)
        self.assertEqual(self.statuses(), ["completed"] * permutations)
        self.assert_alone()
        figures = [f["perm"] for f in job.foms
                   if f["name"] == "put_tensor_median"]
        self.assertEqual(sorted(figures), list(range(permutations)))
        sessions = self.sessions()
        self.assertEqual(sum(sessions["completed"]), permutations)
        with h5py.File(self.out, "r") as f:
            self.assertEqual(text(f.attrs["durability"]), "every instant")
            of = [int(self.perm(i, f).attrs["session"])
                  for i in range(permutations)]
        self.assertEqual([of.count(s) for s in sessions["session"]],
                         sessions["completed"])
        return sessions


class Resumed(ResumeTest):

    def test_rank_0_killed(self):
        def kill(job):
            rank, = [p for p in job.ranks() if any(
                name in p.environ.split(b"\0") for name in RANK_0)]
            os.kill(rank.pid, signal.SIGKILL)
        self.interrupted(kill)
        before = self.snapshot()
        self.assertLess(len(before), 4)
        self.assertIn("planned", self.statuses())
        self.assertEqual(self.sessions()["completed"], [-1])
        sessions = self.assert_resumed(before, self.resume())
        self.assertEqual(sessions["completed"], [len(before), 4 - len(before)])
        self.assertEqual(sessions["end_time"][0], "")
        self.assertNotEqual(sessions["end_time"][1], "")
        self.assertIn("--resume", sessions["command_line"][1])

    def test_failures_run_again(self):
        """With databases: what hiredis completed stays, what null failed runs;
        and a third session finds nothing left to do."""
        study = (2, "--client=[hiredis,null]", "--tensor_bytes=[4,8]",
                 "--iterations=20", "--figures=stdout")
        job = self.study(*study, "--null_client={client: 1, fail_at: 3}")
        self.assert_status(job, 1, completed=2, failed=2)
        before = self.snapshot()
        self.assertEqual(sorted(before), [0, 1])
        self.assert_resumed(before, self.study(*study, "--resume"))
        before = self.snapshot()
        sessions = self.assert_resumed(before, self.study(*study, "--resume"))
        self.assertEqual(sessions["completed"], [2, 2, 0])


    def test_languages(self):
        """What one language completed is kept, another's rest is run."""
        if not OTHERS:
            self.skipTest("this build has C alone")
        which = f"--languages=[c,{','.join(OTHERS)}]"
        n = 4 * (1 + len(OTHERS))
        self.interrupted(lambda job: os.kill(job.ranks()[0].pid,
                                             signal.SIGKILL),
                         2, which, complete=5)
        before = self.snapshot()
        self.assert_resumed(before, self.resume(which), n)
        with h5py.File(self.out, "r") as f:
            self.assertEqual(column(f["summary"], "languages"),
                             [x for x in ("c", *OTHERS) for _ in range(4)])


class Refused(ResumeTest):

    def test_differences(self):
        study = ("--client=null", "--db_exe=null", "--iterations=5")
        self.assert_passed(self.study(2, *study, SIZES), 4)
        before = self.out.read_bytes()
        for nranks, args, words in (
                (2, ("--tensor_bytes=[4,8,12,20]",),
                 "tensor_bytes was [4, 8, 12, 16], is [4, 8, 12, 20]"),
                *((2, (SIZES, f"--languages=[c,{x}]"),
                   f"languages was c, is [c, {x}]") for x in OTHERS),
                (2, (SIZES, "--warmup=2", "--verify=all"),
                 "warmup was 1, is 2; verify was ends, is all"),
                (3, (SIZES,), "ranks was 2, is 3"),
                (2, (SIZES, "--virtual_nodes=2"), "nodes was 1, is 2")):
            with self.subTest(args=args):
                job = self.study(nranks, *study, *args, "--resume")
                self.assert_refused(job, "cannot be resumed", words)
                self.assertEqual(self.out.read_bytes(), before)
        self.assert_alone()

    def test_one_writer_at_a_time(self):
        gate = self.gate(1)
        first = self.start(1, *NULL, SIZES, "--iterations=300",
                           "--op_timeout=1h", f"--output={self.out}", gate=gate)
        first.wait_until(lambda: gate.holds(first), "the client to be ready")
        rank, = first.ranks()
        for flag in ("--resume", "--overwrite"):
            job = self.study(1, *NULL, SIZES, "--iterations=300", flag)
            self.assert_refused(job, "another srbench", f"pid {rank.pid}",
                                "is writing")
        gate.open()
        self.assert_passed(first.wait(), 4)
        self.assert_alone()
        self.assert_passed(self.study(1, *NULL, SIZES, "--iterations=300",
                                      "--resume"), 4)


@full
class MoreResumed(ResumeTest):

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
        rows = json.loads((self.dir / "all.json").read_text(encoding="utf-8"))["summary"]
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
            if "perm_0004" in f:  # who was spared has none
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
            order = [int(self.perm(i, f).attrs["position"])
                     for i in range(8)]
            for i in (2, 5, 6):
                f["summary/status"][i] = "planned"
        self.assert_passed(self.study(*study, "--resume"), 8)
        with h5py.File(self.out, "r") as f:
            self.assertEqual([int(self.perm(i, f).attrs["position"])
                              for i in range(8)], order)

    def test_breaches_and_verdict_of_all(self):
        study = (1, *NULL, SIZES, "--iterations=20",
                 "--expect={put_tensor_median: '< 0s'}")
        self.assert_status(self.study(*study), 3, breaches=4)
        with h5py.File(self.out, "r+") as f:
            f["summary/status"][3] = "planned"
        self.assert_status(self.study(*study, "--resume"), 3, breaches=4)


@full
class Wide(ResumeTest):
    """A file or a study that is large ends as soon as others."""

    def test_told_to_end_while_it_copies(self):
        job = self.start(1, *NULL, SIZES, "--duration=60s", "--term_grace=0s",
                         f"--output={self.out}", loops=True)
        job.wait_in_loop()
        job.process.terminate()
        job.wait()
        before = self.out.read_bytes()
        os.truncate(self.out, 4 << 30)  # behind what HDF5 takes for its end
        job = self.start(1, *NULL, SIZES, "--duration=60s", "--term_grace=0s",
                         f"--output={self.out}", "--resume")
        job.wait_until(lambda: [*self.dir.glob("*.part")], "the copy")
        job.process.terminate()
        job.wait()
        self.assert_signalled(job, signal.SIGTERM)
        self.assertEqual([p.name for p in self.dir.iterdir()
                          if p.name.endswith(".part")], [])
        with open(self.out, "rb") as f:
            if os.fstat(f.fileno()).st_size == 4 << 30:  # it was not copied
                self.assertEqual(f.read(len(before)), before)
        os.truncate(self.out, len(before))
        h5py.File(self.out, "r").close()


class MoreRefused(ResumeTest):

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


@full
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


@full
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
