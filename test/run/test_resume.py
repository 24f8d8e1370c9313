# ctest: label=fast
"""A study that was interrupted is resumed in its own file."""
import os
import signal
from pathlib import Path

import h5py
import numpy

from srbtest import SRBENCH, RunTest, column, main, text

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

    def statuses(self):
        with h5py.File(self.out, "r") as f:
            return column(f["summary"], "status")

    def snapshot(self):
        """Completed permutations as they are: groups and rows by number."""
        with h5py.File(self.out, "r") as f:
            summary = f["summary"]
            done = [i for i, s in enumerate(column(summary, "status"))
                    if s == "completed"]
            return {i: (contents(f[f"perm_{i:04d}"]),
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
        """A study with so many completed permutations, then `end`ed. Its
        permutations take a third of a second each."""
        job = self.start(nranks, *NULL, SIZES,
                         f"--iterations={self.iterations}", "--term_grace=0s",
                         "--null_client={delay: 1ms}", f"--output={self.out}",
                         *args)

        def done():
            try:
                return self.statuses().count("completed") >= complete
            except (OSError, KeyError):
                return False
        job.wait_until(done, f"{complete} permutations")
        end(job)
        job.wait()
        return job

    def resume(self, *args, nranks=2, **how):
        """The rest of an interrupted() study."""
        return self.study(nranks, *NULL, SIZES, "--resume",
                          f"--iterations={self.iterations}", *args, **how)

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
            of = [int(f[f"perm_{i:04d}"].attrs["session"])
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
                 "--iterations=20")
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
        first = self.start(1, *NULL, SIZES, "--iterations=300",
                           "--null_client={delay: 1ms}",
                           f"--output={self.out}")
        first.wait_until(self.out.exists, "the file")
        rank, = first.ranks()
        for flag in ("--resume", "--overwrite"):
            job = self.study(1, *NULL, SIZES, "--iterations=300", flag)
            self.assert_refused(job, "another srbench", f"pid {rank.pid}",
                                "is writing")
        self.assert_passed(first.wait(), 4)
        self.assert_alone()
        self.assert_passed(self.study(1, *NULL, SIZES, "--iterations=300",
                                      "--resume"), 4)


if __name__ == "__main__":
    main()
