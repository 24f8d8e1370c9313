"""Environments that people reported of tools like this one: the table in
test/README.md names a test for each; here are those that belong to no other
subject.
"""
# ctest: label=fast
import ast
import json
import os
import pwd
import re
import shutil
import signal
import subprocess
import sys
import unittest
from pathlib import Path

from srbtest import DATABASE, SOURCE, SRBENCH, RunTest, column, main

HERE = Path(__file__).resolve().parent
QUICK = ("--tensor_bytes=4", "--iterations=5")
NULLS = ("--db_exe=null", "--client=null", "--tensor_bytes=4")


class Table(unittest.TestCase):
    """Of environments: every row names tests, and these are there."""

    def rows(self):
        page = (SOURCE / "test/README.md").read_text(encoding="utf-8")
        section = page.split("\n## Environments", 1)[1].split("\n## ", 1)[0]
        rows = [line.strip("| ").split(" | ")
                for line in section.splitlines() if line.startswith("| ")]
        return rows[1:]

    def there(self, test):
        """`FILE test_NAME` of the run tests, `unit_FILE name` of cmocka's, or a
        test of ctest by itself."""
        where, _, name = test.partition(" ")
        if where.startswith("unit_"):
            found = list((SOURCE / "test/unit").rglob(f"test_{where[5:]}.c"))
            return any(f"cmocka_unit_test({name})" in p.read_text(
                encoding="utf-8") for p in found)
        if not name:
            listed = (SOURCE / "test/CMakeLists.txt").read_text("utf-8")
            return f"add_test(NAME {where} " in listed \
                or f"srb_lint({where} " in listed
        path = HERE / f"test_{where}.py"
        tree = ast.parse(path.read_text("utf-8")) if path.exists() else None
        return tree and name in {n.name for n in ast.walk(tree)
                                 if isinstance(n, ast.FunctionDef)}

    def test_rows_are_tried(self):
        rows = self.rows()
        self.assertGreater(len(rows), 40)
        self.assertEqual(len({row[0] for row in rows}), len(rows))
        for row in rows:
            with self.subTest(row=row[0]):
                self.assertEqual(len(row), 3)
                tests = re.findall(r"`([^`]+)`", row[2])
                self.assertTrue(tests, "no test")
                for test in tests:
                    self.assertTrue(self.there(test), f"there is no {test}")

    def test_these_are_told(self):
        named = set(re.findall(r"`environments (\w+)`", "\n".join(
            row[2] for row in self.rows())))
        here = ast.parse(Path(__file__).read_text("utf-8"))
        tried = {f.name for c in here.body if isinstance(c, ast.ClassDef)
                 and c.name != "Table" for f in c.body
                 if isinstance(f, ast.FunctionDef)
                 and f.name.startswith("test_")}
        self.assertEqual(named, tried)


# What a configuration may look like, and what is found in it or wrong with it.
YAML = (
    (b"\xef\xbb\xbfiterations: 79\n", ""),
    (b"iterations: 79\r\nwarmup: 1\r\n", ""),
    (b"%YAML 1.1\n---\niterations: 79\n...\n", ""),
    (b"{iterations: 79}\n", ""),
    (b"\"iterations\": '79' # of each client", ""),
    (b"iterations: &a 79\n", "1:13: iterations: found an anchor or alias"),
    (b"iterations: !!int 79\n", "1:13: iterations: found a tag (!)"),
    (b"iterations: 7\niterations: 79\n", "2:1: iterations: given twice"),
    (b"iterations: 79\n---\nwarmup: 1\n", "2:1: found a second document"),
    (b"\titerations: 79\n", "1:1: not YAML"),
    (b"iterations: 79\nwarmup:1\n", "not YAML"),
    (b"iterations: 1_000\n", "1:13: iterations: found '1_000', expected"),
    (b"iterations: ~\n", "1:13: iterations: found '~', expected"),
    (b"<<: {iterations: 79}\n", "1:1: <<: unknown option"),
    (b"iterations: 79\n\0\n", "2:1: found the character U+0000"),
    (b"iterations: \xff\n", "1:13: found the byte 0xff, which is not UTF-8"),
)


class Texts(RunTest):

    def test_yaml_oddities(self):
        path = self.dir / "c.yaml"
        for text, words in YAML:
            with self.subTest(text=text):
                path.write_bytes(text)
                job = self.srbench(0, f"--config={path}", "--show_config")
                if words:
                    self.assert_status(job, 2)
                    self.assertIn(words, job.stderr)
                else:
                    self.assertEqual(job.returncode, 0, job.describe())
                    self.assertRegex(job.stdout, r"(?m)^iterations: 79\b")

    def decimal_comma(self):
        """The environment of a locale that has one, made here."""
        name = "de_DE.UTF-8"
        env = {"LOCPATH": str(self.dir), "LC_ALL": name}
        if not shutil.which("localedef") or subprocess.run(
                ["localedef", "-i", "de_DE", "-f", "UTF-8", self.dir / name],
                stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                check=False).returncode:
            self.skipTest("localedef cannot make a locale here")
        said = subprocess.run(["locale", "decimal_point"], encoding="utf-8",
                              env={**os.environ, **env}, check=True,
                              stdout=subprocess.PIPE).stdout
        self.assertEqual(said.strip(), ",")
        return env

    def test_decimal_comma(self):
        """Numbers are read and written as they are everywhere."""
        env = self.decimal_comma()
        out, summary = self.dir / "out.h5", self.dir / "out.json"
        job = self.srbench(2, *NULLS, "--duration=0.25s", f"--output={out}",
                           f"--summary_json={summary}", "--figures=stdout",
                           env=env)
        self.assert_passed(job, 1)
        self.assertGreater(job.foms[0]["value"], 0)
        f = self.open(out)
        self.assertEqual(f["perm_0000"].attrs["duration"], 0.25)
        row = json.loads(summary.read_text("utf-8"))["summary"][0]
        self.assertEqual(row["window"], f["summary/window"][0])
        table = subprocess.run(
            [sys.executable, SOURCE / "tools/srbench_results.py", out],
            encoding="utf-8", check=False,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE,
            env={**os.environ, **env})
        self.assertEqual(table.returncode, 0, table.stderr)
        self.assertNotRegex(table.stdout, r"\d,\d")


    def test_blanks_in_paths(self):
        folder = self.dir / "of my study"
        folder.mkdir()
        config = folder / "the study.yaml"
        config.write_text("tensor_bytes: 4\niterations: 5\n", "utf-8")
        names = {name: folder / f"a run.{name}" for name in ("h5", "json")}
        job = self.srbench(2, f"--config={config}", "--transport=[tcp,unix]",
                           f"--output={names['h5']}",
                           f"--summary_json={names['json']}",
                           wrapper=("env", f"TMPDIR={folder}"))
        self.assert_passed(job, 2)
        self.assert_whole(names["h5"], 2)
        self.assertEqual(set(os.listdir(folder)),
                         {config.name, *(p.name for p in names.values())})


class Machine(RunTest):

    def test_no_sys(self):
        """As in a container that mounts none."""
        into = ("unshare", "-m", "sh", "-c",
                'mount -t tmpfs none /sys && exec "$@"', "sh")
        if subprocess.run([*into, "true"], stderr=subprocess.DEVNULL,
                          check=False).returncode:
            self.skipTest("/sys cannot be covered here")
        out = self.dir / "out.h5"
        job = self.srbench(2, *QUICK, f"--output={out}", wrapper=into)
        self.assert_passed(job, 1)
        self.assert_whole(out, 1)

    def test_no_locks(self):
        """A file system for results that refuses locks is written to all the
        same, one that holds scratch is refused by name before the start."""
        into = ("env", f"LD_PRELOAD={self.preloaded('no_locks')}")
        out = self.dir / "out.h5"
        self.assert_passed(
            self.srbench(2, *NULLS, f"--output={out}", wrapper=into), 1)
        self.assertEqual(column(self.open(out)["summary"], "status"),
                         ["completed"])
        self.assertEqual(os.listdir(self.dir), ["out.h5"])
        for more in (), ("--dry_run",):
            with self.subTest(more=more):
                job = self.srbench(2, *QUICK, *more, "--output=none",
                                   wrapper=into)
                self.assert_status(job, 2)
                self.assertIn("cannot lock the scratch folder", job.stderr)
                self.assertIn("set TMPDIR", job.stderr)

    def nobody(self):
        """What begins a command of an ordinary user, who may enter here."""
        try:
            user = pwd.getpwnam("nobody")
        except KeyError:
            self.skipTest("there is no user nobody")
        if os.getuid() != 0 or not shutil.which("setpriv"):
            self.skipTest("only root becomes another user (setpriv)")
        for folder in (self.top, self.tmpdir, self.dir):
            os.chown(folder, user.pw_uid, user.pw_gid)
        become = ("setpriv", f"--reuid={user.pw_uid}",
                  f"--regid={user.pw_gid}", "--clear-groups")
        if subprocess.run([*become, SRBENCH, "--version"], check=False,
                          stdout=subprocess.DEVNULL,
                          stderr=subprocess.DEVNULL).returncode:
            self.skipTest(f"nobody may not run {SRBENCH}")
        return become

    def test_processes_of_a_user(self):
        """RLIMIT_NPROC, which root is not held to."""
        become = self.nobody()
        args = ("throughput_standard", "--virtual_nodes=2",
                "--db_shards_per_node=4", *QUICK)
        many = ("prlimit", "--nproc=10000", *become)
        self.assert_passed(self.srbench(2, *args, "--output=none",
                                        wrapper=many), 1)
        few = ("prlimit", "--nproc=20", *become)
        for more in (), ("--dry_run",):
            with self.subTest(more=more):
                job = self.srbench(2, *args, *more, "--output=none",
                                   wrapper=few)
                self.assert_status(job, 2)
                self.assertIn("its servers need 28 more processes and threads",
                              job.stderr)
                self.assertIn("ulimit -u", job.stderr)

    def test_marks_of_a_batch_system_alone(self):
        """Its variables without its commands, as in a container within a job:
        said, and no hindrance."""
        server = f"--db_exe={shutil.which(DATABASE)}"
        for mark, words in (
                ("SLURM_JOB_ID=1", "'squeue' was not found in PATH"),
                ("PBS_JOBID=1.pbs", "'qstat' was not found in PATH")):
            with self.subTest(mark=mark):
                job = self.srbench(2, *QUICK, server, "--output=none", wrapper=(
                    "env", mark, f"PATH={self.dir}"))
                self.assert_passed(job, 1)
                self.assertEqual(job.stderr.count(words), 1, job.describe())

    def test_one_request_of_each_client(self):
        """To a cluster, where a client has to learn who has its key."""
        out = self.dir / "out.h5"
        job = self.srbench(4, "throughput_standard", "--virtual_nodes=2",
                           "--db_shards_per_node=3", "--tensor_bytes=4",
                           "--iterations=1", "--warmup=0",
                           "--client=[socket,hiredis]",
                           "--keys=[smartsim,balanced]", f"--output={out}")
        self.assert_passed(job, 4)
        f = self.assert_whole(out, 4)
        self.assertEqual(column(f["summary"], "ops"), [4] * 4)

    def test_a_wide_study_is_told_to_end(self):
        """What did not run has its row and no group."""
        sizes = [*range(4, 3204, 4)]
        out = self.dir / "out.h5"
        job = self.start(2, *NULLS[:2], f"--tensor_bytes={sizes}",
                         "--iterations=5", "--null_client={delay: 1ms}",
                         "--term_grace=0s", f"--output={out}", loops=True)
        job.wait_in_loop(at=40)  # of warm-ups and loops
        os.kill(job.process.pid, signal.SIGTERM)
        job.wait()
        self.assert_signalled(job, signal.SIGTERM)
        self.assertEqual((job.status["verdict"], job.status["permutations"]),
                         ("fail", len(sizes)))
        statuses = self.assert_groups(self.open(out))
        self.assertEqual(len(statuses), len(sizes))
        self.assertGreater(statuses.count("completed"), 10)
        self.assertGreater(statuses.count("skipped"), 10)


if __name__ == "__main__":
    main()
