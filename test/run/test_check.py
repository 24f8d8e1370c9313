# ctest: label=fast
"""The scripts that build and check: what they leave out, they say."""
import os
import shutil
import subprocess
import tempfile
import unittest
from pathlib import Path

from srbtest import SOURCE, main


class Scripts(unittest.TestCase):

    def setUp(self):
        self.dir = Path(tempfile.mkdtemp(prefix="srbt-"))
        self.addCleanup(shutil.rmtree, self.dir)

    def run_it(self, *command, **how):
        return subprocess.run([*map(str, command)], capture_output=True,
                              text=True, timeout=600, check=False, **how)


class LeftOut(Scripts):

    def left_out(self, *tests):
        """tests: name, output, exit status."""
        lines = []
        for name, output, status in tests:
            (self.dir / name).write_text(output, encoding="utf-8")
            lines.append(f'add_test({name} sh -c "cat {name}; exit {status}")\n'
                         f"set_tests_properties({name} PROPERTIES LABELS some "
                         f'SKIP_RETURN_CODE 77 WORKING_DIRECTORY "{self.dir}")')
        (self.dir / "CTestTestfile.cmake").write_text("\n".join(lines),
            encoding="utf-8")
        done = self.run_it(
            "bash", "-c", '. "$1"; tests "$2" some >&2; left_out "$2"', "bash",
            SOURCE / "tools/common.sh", self.dir)
        self.assertIn("tests failed out of", done.stderr)
        # tests end in any order, being several at once
        return sorted(done.stdout.strip().split("; "))

    def test_nothing(self):
        self.assertEqual(self.left_out(("fine", "fine\n", 0)), [""])
        self.assertEqual(self.left_out(("bad", "no valgrind\n", 1)), [""])

    def test_whole_tests_and_parts(self):
        self.assertEqual(
            self.left_out(
                ("fine", "fine\n", 0),
                ("memcheck", "looking\nno valgrind\n", 77),
                ("silent", "", 77),
                ("unit", "test_a (x.Y.test_a) ... skipped 'no netCDF4'\n"
                 "test_b (x.Y.test_b) ... skipped 'no netCDF4'\n"
                 "test_c (x.Y.test_c)\nAt all. ... skipped \"it's busy\"\n"
                 "OK (skipped=3)\n", 0),
                ("pytest", "..s\nSKIPPED [2] ../a/test_ci.py:204: no PyYAML "
                 "(Debian: python3-yaml)\n1 passed, 2 skipped\n", 0)),
            ["memcheck: no valgrind",
             "pytest: no PyYAML (Debian: python3-yaml)",
             "silent: no reason given", "unit: it's busy", "unit: no netCDF4"])

    def test_did_not_run(self):
        done = self.run_it("bash", "-c", '. "$1"; left_out "$2"', "bash",
                           SOURCE / "tools/common.sh", self.dir)
        self.assertEqual((done.returncode, done.stdout), (0, ""))


class Dependencies(Scripts):
    """deps.sh on a machine where all is missing and nothing may be installed."""

    def wanted(self, what, installed=""):
        for name, text in (
                ("id", "echo 1000"), ("sudo", "exit 1"), ("apt-get", "exit 1"),
                ("dpkg-query", f'for p; do :; done; case " {installed} " in\n'
                 '*" $p "*) echo installed ;; *) exit 1 ;; esac')):
            path = self.dir / name
            path.write_text(f"#!/bin/sh\n{text}\n", encoding="utf-8")
            path.chmod(0o755)
        done = self.run_it("bash", "-u", SOURCE / "tools/deps.sh", what,
                           env={**os.environ,
                                "PATH": f"{self.dir}:{os.environ['PATH']}"})
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("not installed", done.stderr)
        line = next(x for x in done.stderr.splitlines() if "Debian" in x)
        return line.split("apt-get install ")[1].split()

    def test_each_is_more(self):
        run, test, full = map(self.wanted, ("run", "test", "full"))
        self.assertLess(set(run), set(test))
        self.assertLess(set(test), set(full))
        self.assertEqual(set(full) - set(test),
                         {"valgrind", "libhdf5-mpich-dev"})

    def test_parallel_hdf5_of_the_mpi_that_is_there(self):
        full = self.wanted("full", "openmpi-bin libopenmpi-dev")
        self.assertIn("libhdf5-openmpi-dev", full)
        self.assertNotIn("libhdf5-mpich-dev", full)


class Quickstart(Scripts):
    """What it refuses before it does anything, in one sentence."""

    def tree(self):
        """A copy that only root may write, and that root cannot either."""
        tree = self.dir / "a tree"
        shutil.copytree(SOURCE / "tools", tree / "tools",
                        ignore=shutil.ignore_patterns("__pycache__"))
        (tree / "tools/deps.sh").write_text("#!/bin/sh\nexit 9\n", encoding="utf-8")
        return tree

    def read_only(self, tree, *args):
        """As a user who may not write there."""
        command = ["bash", tree / "tools/quickstart.sh", *args]
        if os.getuid() == 0:
            tree.parent.chmod(0o755)
            return self.run_it("setpriv", "--reuid=65534", "--regid=65534",
                               "--clear-groups", *command)
        folders = (tree, tree / "tools")
        for path in folders:
            path.chmod(0o555)
        try:
            return self.run_it(*command)
        finally:  # or nobody can remove it
            for path in folders:
                path.chmod(0o755)

    def test_a_tree_of_somebody_else(self):
        tree = self.tree()
        done = self.read_only(tree)
        self.assertEqual((done.returncode, done.stdout), (2, ""))
        self.assertEqual(
            done.stderr,
            f"quickstart.sh: cannot write in '{tree}/build', where srbench is to "
            f"be built; name a folder of yours, --build-dir=DIR\n")

    def test_with_a_folder_of_ones_own(self):
        """It goes on, to the first thing that it needs."""
        own = Path(tempfile.mkdtemp(prefix="srbt-"))
        self.addCleanup(shutil.rmtree, own)
        own.chmod(0o777)
        for args in ((f"--build-dir={own}/b",), ("--build-dir", own / "c")):
            done = self.read_only(self.tree(), *args)
            self.assertIn("what srbench needs", done.stdout)
            self.assertEqual((done.returncode, done.stderr), (9, ""))
            shutil.rmtree(self.dir / "a tree")
        self.assertTrue((own / "b").is_dir() and (own / "c").is_dir())

    def test_arguments(self):
        for args, words in ((("build",), "found 'build', expected nothing or "),
                            (("--build-dir",), "found nothing, expected a ")):
            done = self.run_it("bash", SOURCE / "tools/quickstart.sh", *args)
            self.assertEqual((done.returncode, done.stdout), (2, ""))
            self.assertEqual(done.stderr.count("\n"), 1)
            self.assertIn(words, done.stderr)
        done = self.run_it("bash", SOURCE / "tools/quickstart.sh", "--help")
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        self.assertIn("--build-dir=DIR", done.stdout)

    def test_progress(self):
        """What is compiled is said by quarters, and its status handed on; the
        rest goes to the log."""
        log = self.dir / "log"
        for steps in ("[ 10%] a|[ 30%] b|words|[ 55%] c|[100%] d",
                      "[1/10] a|[3/10] b|words|[6/10] c|[10/10] d"):
            done = self.run_it(
                "bash", "-c", '. "$1"; shown "$2" sh -c "echo \'$3\' | tr \'|\' '
                '\'\\n\'; exit 7"', "bash", SOURCE / "tools/common.sh", log,
                steps)
            self.assertEqual(done.returncode, 7)
            self.assertEqual([x.split()[0] for x in done.stderr.splitlines()],
                             ["30", "55", "100"]
                             if "%" in steps else ["30", "60", "100"])
            self.assertIn("words", log.read_text(encoding="utf-8"))


class Commit(Scripts):
    """What the build takes for the commit."""

    def setUp(self):
        super().setUp()
        self.tree = self.dir / "a tree"
        self.tree.mkdir()

    def make_commit(self):
        for words in (("init", "-q"),
                      ("-c", "user.name=x", "-c", "user.email=x@x", "commit",
                       "-q", "--allow-empty", "-m", "x")):
            done = self.run_it("git", *words, cwd=self.tree)
            self.assertEqual(done.returncode, 0, done.stderr)
        return self.run_it("git", "rev-parse", "HEAD",
                           cwd=self.tree).stdout.strip()

    def written(self, git="git", **environ):
        header = self.dir / "version.h"
        done = self.run_it(
            "cmake", "-D", f"SOURCE_DIR={self.tree}", "-D", f"OUTPUT={header}",
            "-D", "VERSION=1", "-D", f"GIT={git}", "-P",
            SOURCE / "cmake/write_version.cmake",
            env={**os.environ, **environ})
        self.assertEqual(done.returncode, 0, done.stderr)
        commit = header.read_text(encoding="utf-8").split('SRB_GIT_COMMIT "')[1].split('"')[0]
        return commit, done.stdout + done.stderr

    def test_of_somebody_else(self):
        """As when root builds a user's tree."""
        commit = self.make_commit()
        found, said = self.written(GIT_TEST_ASSUME_DIFFERENT_OWNER="1")
        self.assertTrue(commit.startswith(found) and len(found) > 6, found)
        self.assertEqual(said, "")

    def test_not_known(self):
        """It is said why; of a tarball there is nothing to say."""
        self.assertEqual(self.written(), ("unknown", ""))
        self.make_commit()
        git = self.dir / "git"
        git.write_text("#!/bin/sh\necho fatal: no such luck >&2\nexit 128\n",
            encoding="utf-8")
        git.chmod(0o755)
        for program, reason in ((git, "fatal: no such luck"),
                                ("", "git is not there")):
            found, said = self.written(program)
            self.assertEqual(found, "unknown")
            self.assertIn(reason, said)
            self.assertEqual(len(said.strip().splitlines()), 1, said)


if __name__ == "__main__":
    main()
