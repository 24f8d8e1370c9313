# ctest: label=fast
"""Standard error while a study runs: paced lines where nobody watches, one line
rewritten in place on a terminal, --quiet, --verbose, and the final table."""
import fcntl
import os
import pty
import re
import select
import struct
import subprocess
import tempfile
import termios
import time

from srbtest import END, SRBENCH, RunTest, main

NULL = ("--client=null", "--db_exe=null")
QUICK = (*NULL, "--iterations=20")
# Longer than what flags a loop, and than the clients take between operations.
CALM = "--null_client={delay: 200us}"
MANY = "--tensor_bytes=[" + ",".join(str(4 * i) for i in range(1, 61)) + "]"
ESCAPE = "\033"


class ProgressTest(RunTest):

    def study(self, nranks, *args, **how):
        given = any(a.startswith("--iterations") for a in args)
        return self.srbench(nranks, *(NULL if given else QUICK),
                            "--output=none", *args, **how)

    def terminal(self, *args, columns=90, env=None, shared=False):
        """What one rank writes to a terminal, and to another standard output
        (unless shared), when it runs without mpiexec."""
        ours, theirs = pty.openpty()
        self.addCleanup(os.close, ours)
        fcntl.ioctl(theirs, termios.TIOCSWINSZ,
                    struct.pack("HHHH", 24, columns, 0, 0))
        environ = {**os.environ, "TERM": "xterm", "TMPDIR": str(self.tmpdir)}
        environ.pop("NO_COLOR", None)
        environ.update(env or {})
        with tempfile.TemporaryFile() as out:
            process = subprocess.Popen(
                [SRBENCH, *QUICK, f"--db_port={self.port}", "--output=none",
                 *args], stdin=subprocess.DEVNULL,
                stdout=theirs if shared else out, stderr=theirs, cwd=self.dir,
                env=environ)
            os.close(theirs)
            try:
                seen = self.read_terminal(ours)
                process.wait(300)
            finally:
                process.kill()
                process.wait()
            out.seek(0)
            return seen, out.read().decode(), process.returncode

    @staticmethod
    def read_terminal(ours):
        """All of it, until the other side is closed."""
        seen, deadline = b"", time.monotonic() + END
        while time.monotonic() < deadline:
            if not select.select([ours], [], [], 0.1)[0]:
                continue
            try:
                more = os.read(ours, 65536)
            except OSError:  # closed
                return seen.decode()
            if not more:
                return seen.decode()
            seen += more
        raise AssertionError(f"no end within {END} s: {seen.decode()}")


class Paced(ProgressTest):

    def test_many_short_ones(self):
        """The first and the last, and one every two seconds in between; all on
        standard output."""
        job = self.study(1, MANY)
        self.assert_passed(job, 60)
        lines = re.findall(r"(?m)^\[ ?\d+/60\] thr", job.stderr)
        self.assertLess(len(lines), 10 + job.seconds / 2, job.describe())
        for at in (" 1", "60"):
            self.assertRegex(job.stderr, rf"(?m)^\[{at}/60\] throughput-sess")
            self.assertRegex(job.stderr, rf"(?m)^\[{at}/60\]   put .* unpack ")
        self.assertEqual(len({fom["perm"] for fom in job.foms}), 60)
        self.assertNotIn(ESCAPE, job.stderr)

    def test_failures_are_printed_always(self):
        """With what they are, though they start between two lines."""
        job = self.study(1, MANY, "--null_client={fail_at: 3}")
        self.assert_status(job, 1, failed=60)
        for i in range(1, 61):
            self.assertRegex(job.stderr, rf"(?m)^\[ ?{i}/60\] throughput-sess")
            self.assertRegex(job.stderr, rf"(?m)^\[ ?{i}/60\]   failed: ")

    def test_breaches_are_printed_always(self):
        job = self.study(1, MANY, "--expect={tensor_bytes: 120, "
                         "put_tensor_median: '< 0s'}")
        self.assert_status(job, 3, breaches=1)
        self.assertRegex(job.stderr, r"(?m)^\[30/60\] throughput-sess.*TB120:")
        self.assertRegex(job.stderr, r"(?m)^\[30/60\]   BREACHED: put_tensor")

    def test_a_flag_is_news_once(self):
        """Every loop of the null client is short; the lines of the first that
        says so are printed, even in between others."""
        job = self.study(2, MANY, "--iterations=1", "--quiet")
        self.assert_passed(job, 60)
        flagged = re.findall(r"(?m)^\[ ?\d+/60\] .*\[([a-z_,]+)\]$",
                             job.stderr)
        self.assertGreater(len(flagged), 0, job.describe())
        seen = set()
        for flags in flagged:
            new = set(flags.split(",")) - seen
            self.assertTrue(new, f"nothing new in {flags}, after {seen}")
            seen |= new

    def test_verbose(self):
        """All of them, with where and why."""
        job = self.study(2, MANY, "--verbose", "--db_cpus=1")
        self.assert_passed(job, 60)
        for i in range(1, 61):
            self.assertRegex(job.stderr, rf"(?m)^\[ ?{i}/60\] throughput-sess")
            self.assertRegex(job.stderr, rf"(?m)^\[ ?{i}/60\]   put ")
        self.assertEqual(job.stderr.count("  placement: client nodes 0, 2 "
                                          "clients; a database on each"), 60)
        self.assertEqual(job.stderr.count("databases are started, since none "
                                          "run"), 1)
        self.assertEqual(job.stderr.count("its databases run, and were "
                                          "emptied"), 59)

    def test_verbose_about_another_set_up(self):
        job = self.study(2, "--virtual_nodes=2", "--client_nodes=[1,2]",
                         "--tensor_bytes=4", "--verbose")
        self.assert_passed(job, 2)
        self.assertIn("set-up 1: its databases are started, since those of "
                      "another run", job.stderr)

    def test_quiet(self):
        """Nothing but flags, where this machine raises some."""
        job = self.study(1, "--tensor_bytes=[4,8]", "--quiet", CALM)
        self.assert_passed(job, 2)
        rest = [line for line in job.stderr.splitlines()
                if not line.startswith("[")]
        self.assertEqual(rest, [])

    def test_quiet_tells_of_problems(self):
        job = self.study(1, "--tensor_bytes=[4,8]", "--quiet",
                         "--null_client={alter_at: 2}", "--verify=all")
        self.assert_status(job, 1, completed=2)
        self.assertRegex(job.stderr, r"(?m)^\[1/2\] throughput-sess.*TB4:")
        self.assertRegex(job.stderr, r"(?m)^\[2/2\] .*came back wrong")
        self.assertNotIn("perm ", job.stderr)

    def test_quiet_and_verbose(self):
        job = self.study(1, "--quiet", "--verbose")
        self.assert_status(job, 2)
        self.assertIn("--quiet: contradicts verbose", job.stderr)


class Screen:
    """What a terminal shows: its lines, and all that its last one ever was."""

    def __init__(self, seen):
        self.frames = []
        lines = []
        for line in seen.split("\r\n"):
            parts = [self.plain(x) for x in line.split("\r\033[K")]
            self.frames += parts[:-1]
            lines.append(parts[-1])
        self.lines = lines

    @staticmethod
    def plain(text):
        return re.sub(r"\033\[[0-9;]*m", "", text)


class Terminal(ProgressTest):

    def test_one_line_in_place(self):
        seen, out, status = self.terminal(MANY, CALM)
        self.assertEqual(status, 0, seen)
        screen = Screen(seen)
        for i in range(1, 61):
            self.assertTrue(any(x.startswith(f"[{i:2d}/60] ")
                                for x in screen.frames), f"{i}: {seen!r}")
        self.assertRegex(screen.frames[-1], r"^\[60/60\] #{20}  TB240; last: "
                         r"put .*, unpack .* \(medians\), .*B/s$")
        self.assertRegex("\n".join(screen.frames), r"#-+  left \S+ m?s  TB")
        for frame in screen.frames:
            self.assertLess(len(frame), 90)
        # what stays is what raised a flag, and the table
        for line in screen.lines:
            self.assertFalse(re.match(r"\[.*put .*B/s", line)
                             and not line.endswith("]"), line)
        self.assertTrue(any("perm  status" in x for x in screen.lines))
        self.assertTrue(out.splitlines()[-1].startswith("SRBENCH_STATUS pass"))
        self.assertNotIn(ESCAPE, out)

    def test_both_outputs_are_one_terminal(self):
        """No figure stands in the rewritten line."""
        seen, _, status = self.terminal("--tensor_bytes=[4,8]", shared=True)
        self.assertEqual(status, 0, seen)
        lines = Screen(seen).lines
        figures = [x for x in lines if "SRBENCH_" in x]
        self.assertGreater(len(figures), 20)
        for line in figures:
            self.assertTrue(line.startswith("SRBENCH_"), line)

    def test_a_failure_stays_above(self):
        seen, _, status = self.terminal("--tensor_bytes=[4,8,12]",
                                        "--null_client={fail_at: 3}")
        self.assertEqual(status, 1)
        lines = Screen(seen).lines
        for i in (1, 2, 3):
            self.assertIn(f"[{i}/3]   \033[31mfailed\033[0m: ", seen)
            self.assertTrue(any(x.startswith(f"[{i}/3]   failed: ")
                                for x in lines), lines)

    def test_no_colour(self):
        for value in ("1", ""):
            seen, _, _ = self.terminal("--tensor_bytes=[4,8]",
                                       "--null_client={fail_at: 3}",
                                       env={"NO_COLOR": value})
            with self.subTest(NO_COLOR=value):
                self.assertEqual("\033[31m" in seen, value == "")
                self.assertEqual("\033[32m" in seen, value == "")
                self.assertIn("\r\033[K", seen)

    def test_a_terminal_that_cannot(self):
        seen, _, _ = self.terminal("--tensor_bytes=[4,8]", env={"TERM": "dumb"})
        self.assertNotIn(ESCAPE, seen)
        self.assertIn("[1/2] throughput-sess", seen)

    def test_narrow(self):
        seen, _, _ = self.terminal(MANY, columns=40)
        for frame in Screen(seen).frames:
            self.assertLess(len(frame), 40, frame)

    def test_quiet(self):
        seen, _, status = self.terminal("--tensor_bytes=[4,8]", "--quiet", CALM)
        self.assertEqual(status, 0)
        self.assertNotIn("\r\033[K", seen)


class Table(ProgressTest):

    def test_names_of_what_varies(self):
        job = self.study(2, "--virtual_nodes=2", "--client_nodes=[1,2]",
                         "--tensor_bytes=[4,1024]", "--repetitions=2",
                         "--pin_app_cpus=false")
        rows = self.table(job)
        self.assertEqual([row[-1] for row in rows[1:]],
                         [f"N{n} TB{b} REP{k}" for n in (1, 2)
                          for b in (4, 1024) for k in (0, 1)])

    def test_nothing_varies(self):
        rows = self.table(self.study(1, "--tensor_bytes=1024"))
        self.assertEqual([row[-1] for row in rows[1:]], ["TB1024"])

    def test_fits_a_hundred_columns(self):
        job = self.study(
            4, "--experiment=[throughput_standard,throughput_colocated]",
            "--virtual_nodes=4", "--client_nodes=[1,2]",
            "--clients_per_node=[auto,1]", "--db_cpus=[1]",
            "--sync=[none,start]", "--pattern=[pair,phases]",
            "--tensor_bytes=[4,1048576]", "--repetitions=2")
        self.assertEqual(job.returncode, 0, job.describe())
        lines = job.stderr[job.stderr.index(" perm "):].splitlines()
        self.assertEqual(max(map(len, lines[:61])), 100)
        self.assertTrue(lines[1].endswith(".."), lines[1])

    def table(self, job):
        self.assertEqual(job.returncode, 0, job.describe())
        lines = job.stderr[job.stderr.index(" perm "):].splitlines()
        end = next((i for i, x in enumerate(lines) if not x.strip()
                    or ":" in x), len(lines))
        return [re.split(r"\s{2,}", x.strip()) for x in lines[:end]]


if __name__ == "__main__":
    main()
