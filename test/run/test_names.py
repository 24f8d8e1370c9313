# ctest: label=fast
"""Where a result file really is: names that srbench chose and that collide, and
names that are links."""
import os
import shutil
import subprocess
import sys
from importlib.util import find_spec

from srbtest import SOURCE, RunTest, column, main, text

QUICK = ("--client=null", "--db_exe=null", "--iterations=20",
         "--tensor_bytes=[4,8]")


class NamesTest(RunTest):

    def assert_study(self, path):
        """A file of such a study, which has ended."""
        f = self.open(path)
        self.assertEqual(column(f["summary"], "status"), ["completed"] * 2)
        self.assertIn("end_time", f.attrs)
        return f


class Chosen(NamesTest):
    """All studies begin in one second."""

    SECOND = "run-20260102-030405"

    def start_at(self, *args):
        wrapper = self.top / "wrapper"
        if not wrapper.exists():  # nobody can run what somebody writes
            wrapper.write_text(f"""#!/bin/sh
LD_PRELOAD={self.preloaded("time_stops")} TIME_STOPS=1767323045 exec "$@"
""", encoding="utf-8")
            wrapper.chmod(0o755)
        return self.start(1, *QUICK, *args, wrapper=[str(wrapper)],
                          env={"TZ": "UTC"})

    def names(self):
        found = sorted(p.name for p in self.dir.glob("results/*/*"))
        for path in self.dir.glob("results/*/*.h5"):
            f = self.assert_study(path)
            self.assertEqual(text(f["perm_0000"].attrs["output"]),
                             str(path.relative_to(self.dir)))
        return found

    def test_one_after_the_other(self):
        for _ in range(3):
            self.assert_passed(self.start_at().wait(), 2)
        self.assertEqual(self.names(), [f"{self.SECOND}{n}.h5"
                                        for n in ("-2", "-3", "")])

    def test_three_at_once(self):
        """Each as soon as it can, so that they meet anywhere."""
        for _ in range(3):
            shutil.rmtree(self.dir / "results", ignore_errors=True)
            jobs = [self.start_at() for _ in range(3)]
            for job in jobs:
                self.assert_passed(job.wait(), 2)
            self.assertEqual(len(self.names()), 3)
            said = {job.status["file"] for job in jobs}
            self.assertEqual(len(said), 3)

    def test_while_another_writes(self):
        """The first has the lock and no file yet, as it were."""
        folder = self.dir / "results" / "throughput-colocated-scaling"
        folder.mkdir(parents=True)
        lock = folder / f"{self.SECOND}.h5.lock"
        held = subprocess.Popen(
            [sys.executable, "-c",
             "import fcntl, sys\n"
             "f = open(sys.argv[1], 'w')\n"
             "fcntl.lockf(f, fcntl.LOCK_EX)\n"
             "print(flush=True)\n"
             "sys.stdin.read()", lock],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self.addCleanup(held.wait)
        self.addCleanup(held.stdout.close)
        self.addCleanup(held.stdin.close)
        held.stdout.readline()
        self.assert_passed(self.start_at().wait(), 2)
        self.assertEqual(self.names(), [f"{self.SECOND}-2.h5", lock.name])

    def test_overwrite_replaces_no_such_file(self):
        self.assert_passed(self.start_at().wait(), 2)
        self.assert_passed(self.start_at("--overwrite").wait(), 2)
        self.assertEqual(len(self.names()), 2)

    def test_no_place(self):
        """Another reason is a reason."""
        (self.dir / "results").write_text("a file", encoding="utf-8")
        job = self.start_at().wait()
        self.assert_status(job, 2)
        self.assertIn("results", job.stderr)


class Links(NamesTest):
    """The link stays, and what it leads to is the file."""

    def setUp(self):
        super().setUp()
        self.far = self.dir / "far"
        self.far.mkdir()
        self.target = self.far / "data.h5"
        self.link = self.dir / "run.h5"
        self.link.symlink_to("far/data.h5")

    def study(self, *args, output=None, **how):
        return self.srbench(2, *QUICK, f"--output={output or self.link}",
                            *args, **how)

    def assert_kept(self, *links):
        for link in links or (self.link,):
            self.assertTrue(link.is_symlink(), f"{link} is a link no more")

    def assert_refused(self, job, *words):
        self.assert_status(job, 2, completed=0)
        for word in words:
            self.assertIn(word, job.stderr, job.describe())

    def test_file_to_be_made(self):
        self.assert_passed(self.study(), 2)
        self.assert_kept()
        self.assertFalse(self.target.is_symlink())
        self.assert_study(self.target)
        self.assertEqual(sorted(os.listdir(self.far)), ["data.h5"])

    def test_overwrite_and_resume(self):
        self.assert_passed(self.study(output=self.target), 2)
        for args in (("--overwrite",), ("--resume",)):
            with self.subTest(args=args):
                before = self.target.stat().st_ino
                self.assert_passed(self.study(*args), 2)
                self.assert_kept()
                self.assertNotEqual(self.target.stat().st_ino, before)
                self.assert_study(self.target)
        self.assertEqual(
            len(self.open(self.target)["sessions/completed"]), 2)

    def test_exists_through_it(self):
        self.assert_passed(self.study(output=self.target), 2)
        self.assert_refused(self.study(), "exists")

    def test_two_writers(self):
        """One by the link, one by its target: they see each other."""
        job = self.start(2, *QUICK, f"--output={self.link}",
                         "--null_client={delay: 100ms}")
        lock = self.far / "data.h5.lock"
        job.wait_until(lock.exists, "its lock")
        for output in (self.target, self.far / ".." / "run.h5"):
            self.assert_refused(self.study("--overwrite", output=output),
                                "another srbench")
        self.assert_passed(job.wait(), 2)
        self.assert_kept()

    def test_chain(self):
        first = self.dir / "first.h5"
        first.symlink_to(self.link)
        self.assert_passed(self.study(output=first), 2)
        self.assert_kept(first, self.link)
        self.assert_study(self.target)

    def test_circle(self):
        round_ = self.dir / "round.h5"
        round_.symlink_to("round.h5")
        self.assert_refused(self.study(output=round_), "round.h5",
                            "in a circle")

    def test_folder(self):
        link = self.dir / "folder.h5"
        link.symlink_to(self.far)
        self.assert_refused(self.study(output=link), "is not a file")
        self.assert_refused(self.study("--overwrite", output=link),
                            "is not a file")
        self.assert_passed(self.study(output=link / "run.h5"), 2)
        self.assert_kept(link)

    def test_folder_that_is_not_there(self):
        """Nothing is made where a file system may be missing."""
        link = self.dir / "lost.h5"
        link.symlink_to("mnt/lost/run.h5")
        self.assert_refused(self.study(output=link), str(link),
                            "there is no folder", "mnt/lost/")
        self.assertFalse((self.dir / "mnt").exists())
        job = self.study("--dry_run", output=link)
        self.assertEqual(job.returncode, 2, job.describe())

    def test_summary_json(self):
        real = self.far / "summary.json"
        link = self.dir / "summary.json"
        link.symlink_to("far/summary.json")
        for args in ((), ("--overwrite",)):
            self.assert_passed(self.study(f"--summary_json={link}", *args), 2)
            self.assert_kept(link, self.link)
            self.assertFalse(real.is_symlink())
            self.assertIn('"summary"', real.read_text(encoding="utf-8"))
        self.assert_refused(
            self.study(f"--summary_json={link}", "--overwrite", output=real),
            "the same file")

    def test_files_of_one_study(self):
        """None takes another's place, by whatever name, and what is refused
        leaves nothing."""
        (self.dir / "alias").symlink_to("one.h5")
        (self.dir / "folder").symlink_to("far")
        self.assert_passed(self.study(), 2)
        os.link(self.target, self.dir / "hard")
        for output, name in (("one.h5", "./one.h5"), ("one.h5", "alias"),
                             ("far/one.h5", "folder/one.h5"),
                             (self.link, "hard")):
            for option in ("figures", "summary_json"):
                with self.subTest(output=output, name=name, option=option):
                    self.assert_refused(
                        self.study(f"--{option}={name}", "--overwrite",
                                   output=output),
                        f"{option} and output are the same file")
        self.assert_refused(
            self.study("--figures=./one", "--summary_json=one", output="x.h5"),
            "figures and summary_json are the same file")
        self.assertEqual(sorted(p.name for p in self.dir.iterdir()),
                         ["alias", "far", "folder", "hard", self.link.name])

    def test_figures_of_a_refused_study(self):
        kept = self.dir / "figures"
        self.assert_passed(self.study(), 2)
        self.assert_refused(self.study("--figures=figures"), "exists")
        self.assertFalse(kept.exists())

    def test_report(self):
        self.assert_passed(self.study(), 2)
        names = ("page.html", "table.csv", "pictures")
        for name in names:
            (self.dir / name).symlink_to(f"far/{name}")
        png = ("--png", "pictures") if find_spec("matplotlib") else ()
        self.tool("srbench-report", self.link, "-o", "page.html",
                  "--csv", "table.csv", *png)
        for name in names if png else names[:2]:
            self.assert_kept(self.dir / name)
            self.assertTrue((self.far / name).exists(), name)

    def test_export(self):
        self.assert_passed(self.study(), 2)
        (self.far / "there").mkdir()
        for name in ("there", "made"):
            with self.subTest(link=name):
                link = self.dir / name
                link.symlink_to(f"far/{name}")
                self.tool("srbench-export", "--format", "csv", link, self.link)
                self.assert_kept(link)
                self.assertEqual(sorted(os.listdir(self.far / name)),
                                 ["summary.csv", "timings.csv"])
        shutil.rmtree(self.far / "made")

    def tool(self, name, *args):
        from resultfile import called
        done = called(SOURCE / "tools" / name, *args, cwd=self.dir)
        self.assertEqual(done.returncode, 0, done.stderr)


if __name__ == "__main__":
    main()
