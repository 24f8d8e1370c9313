# ctest: label=fast long
"""Standard error while a study runs: a line a permutation where nobody watches,
one line rewritten in place on a terminal, be it the launcher's, --quiet and
--verbose; and the table on standard output."""
import json
import os
import re
import signal
import sys
import tempfile
import unittest

from srbtest import (MPIEXEC, OPEN_MPI, SRBENCH, RunTest, column, kill_all,
                     main, processes, text)
from terminaltest import OnTerminal

NULL = ("--client=null", "--db_exe=null")
QUICK = (*NULL, "--iterations=20")
# Longer than what flags a loop, and than the clients take between operations.
CALM = "--null_client={delay: 200us}"


# A launcher: it reads its child's standard error, and passes it on.
DAEMON = """
import subprocess, sys
p = subprocess.Popen(sys.argv[1:], stderr=subprocess.PIPE)
for line in p.stderr:
    sys.stderr.buffer.write(line)
    sys.stderr.flush()
sys.exit(p.wait())
"""


def sizes(n):
    return "--tensor_bytes=[" + ",".join(str(4 * i)
                                         for i in range(1, n + 1)) + "]"


MANY = sizes(60)
FIGURES = r"put +\S+ [mun]?s   get +\S+ [mun]?s   +\S+ [kMG]?B/s"
ESCAPE = "\033"
FRAME = re.compile(r"^\[ *(\d+)/(\d+)\] (#*)(-*)(?:  ((?:< )?[\d.]+ (?:s|min)) left)?  "
                   r"(.*)$")
# Whatever has room, in whole words.
WHOLE = (r"^\[ *\d+/\d+\] #*-*(  (< )?[\d.]+ (s|min) left)?  +\d+ B"
         r"(  last \S+ [kMG]?B/s(  put \S+ [mun]?s(  get \S+ [mun]?s)?)?)?$")


class ProgressTest(RunTest):

    def study(self, nranks, *args, **how):
        names = {a.partition("=")[0] for a in args}
        return self.srbench(
            nranks, *(a for a in QUICK if a.partition("=")[0] not in names),
            "--output=none", *args, **how)

    def on_terminal(self, nranks, *args, wrapper=(), env=None, **how):
        """One that runs; nranks 0 is without mpiexec."""
        names = {a.partition("=")[0] for a in args}
        command = [SRBENCH, *(a for a in (*QUICK, "--output=none")
                               if a.partition("=")[0] not in names), *args]
        if nranks:
            command = [MPIEXEC, "-n", str(nranks), *command]
        started = OnTerminal([*wrapper, *command], cwd=self.dir, env={
            **OPEN_MPI, "TMPDIR": str(self.tmpdir), **(env or {})}, **how)
        self.addCleanup(kill_all, self.tmpdir)
        self.addCleanup(started.close)
        return started

    def assert_frames(self, job, n, columns):
        """Of n permutations each was seen, in order, in a width."""
        found = [FRAME.match(x) for x in job.screen.frames]
        self.assertTrue(all(found), job.screen.frames)
        at = [int(m[1]) for m in found]
        self.assertEqual(sorted(at), at)
        self.assertEqual(set(at), set(range(1, n + 1)))
        for m in found:
            self.assertEqual(int(m[2]), n)
            self.assertEqual(len(m[3]) + len(m[4]), 8 if columns < 110 else 20)
            self.assertLess(len(m[0]), columns, m[0])
        return found

    def assert_not_torn(self, job):
        """Nothing was written into the line in place, and of all that stays no
        line has anything of it."""
        self.assertEqual(job.screen.torn, [])
        for line in job.screen.lines:
            self.assertNotRegex(line, r"#-|--- |-\]|  last ", line)


class Paced(ProgressTest):

    def test_a_line_each(self):
        """Of what fits a screen, in columns, with what varies alone."""
        job = self.study(1, "--tensor_bytes=[4,1024,1048576]",
                         "--repetitions=2", CALM)
        self.assert_passed(job, 6)
        lines = [x for x in job.stderr.splitlines() if x.startswith("[")]
        self.assertEqual(len(lines), 6, job.describe())
        for i, line in enumerate(lines):
            size = ("  4 B", "1 KiB", "1 MiB")[i // 2]
            left = r"   (< )?[\d.]+ (s|min) left" if i < 5 else ""
            self.assertRegex(line, rf"^\[{i + 1}/6\] {size}  rep {i % 2 + 1}   "
                             rf"{FIGURES}{left}(   \[[a-z_,]+\])?$")
        self.assertNotIn("client_nodes", job.stderr)

    def test_many_short_ones(self):
        """The first and the last, and one every two seconds in between."""
        job = self.study(1, MANY, "--figures=stdout")
        self.assert_passed(job, 60)
        lines = re.findall(r"(?m)^\[ ?\d+/60\] ", job.stderr)
        self.assertLess(len(lines), 15 + job.seconds / 2, job.describe())
        for at in (" 1", "60"):
            self.assertRegex(job.stderr, rf"(?m)^\[{at}/60\] .*{FIGURES}")
        self.assertEqual(len({fom["perm"] for fom in job.foms}), 60)
        self.assertNotIn(ESCAPE, job.stderr)

    def test_failures_are_printed_always(self):
        """With what they are, though they start between two lines."""
        job = self.study(1, MANY, "--null_client={fail_at: 3}")
        self.assert_status(job, 1, failed=60)
        for i in range(1, 61):
            self.assertRegex(job.stderr, rf"(?m)^\[ ?{i}/60\] +{4 * i} B   "
                             "failed: ")

    def test_breaches_are_printed_always(self):
        job = self.study(1, MANY, "--expect={tensor_bytes: 120, "
                         "put_tensor_median: '< 0s'}")
        self.assert_status(job, 3, breaches=1)
        self.assertRegex(job.stderr,
                         r"(?m)^\[30/60\] +120 B   BREACHED: put_tensor")

    def test_a_flag_is_news_once(self):
        """Every loop of the null client is short; the lines of the first that
        says so are printed, even in between others."""
        job = self.study(2, MANY, "--iterations=1")
        self.assert_passed(job, 60)
        flagged = re.findall(r"(?m)^\[ ?\d+/60\] .*\[([a-z_,]+)\]$",
                             job.stderr)
        self.assertGreater(len(flagged), 0, job.describe())
        seen = set()
        for flags in flagged:
            self.assertEqual(seen & set(flags.split(",")), set())
            seen |= set(flags.split(","))

    def test_verbose(self):
        """All of them, with where and why."""
        job = self.study(2, MANY, "--verbose", "--db_cpus=1")
        self.assert_passed(job, 60)
        for i in range(1, 61):
            self.assertRegex(job.stderr, rf"(?m)^\[ ?{i}/60\] throughput-sess")
            self.assertRegex(job.stderr, rf"(?m)^\[ ?{i}/60\] .* put +\d")
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
        """Nothing, whatever flags are raised; the verdict, and figures."""
        for more in ((), ("--figures=stdout",)):
            job = self.study(2, "--tensor_bytes=[4,8]", "--quiet", *more)
            self.assert_passed(job, 2)
            self.assertEqual(job.stderr, "")
            rest = [x for x in job.stdout.splitlines()
                    if not x.startswith("SRBENCH_FOM ")]
            self.assertEqual(len(rest), 1, job.describe())
            self.assertEqual(bool(job.foms), bool(more))

    def test_quiet_tells_of_problems(self):
        job = self.study(1, "--tensor_bytes=[4,8]", "--quiet",
                         "--null_client={alter_at: 2}", "--verify=all")
        self.assert_status(job, 1, completed=2)
        for i in (1, 2):
            self.assertRegex(job.stderr, rf"(?m)^\[{i}/2\] {4 * i} B .*came "
                             "back wrong")
        self.assertEqual(job.stdout.count("\n"), 1)

    def test_quiet_and_verbose(self):
        job = self.study(1, "--quiet", "--verbose")
        self.assert_status(job, 2)
        self.assertIn("--quiet: contradicts verbose", job.stderr)


class OwnTerminal(ProgressTest):
    """Without a launcher."""

    def test_one_line_in_place(self):
        with tempfile.TemporaryFile() as out:
            job = self.on_terminal(0, MANY, CALM, columns=90, stdout=out)
            self.assertEqual(job.finish(), 0, job.seen)
            out.seek(0)
            printed = out.read().decode()
        found = self.assert_frames(job, 60, 90)
        self.assertRegex(found[-1][0],
                         r"^\[60/60\] #{8}  240 B  last \S+ [kMG]?B/s  "
                         r"put \S+ [mun]s  get \S+ [mun]s$")
        self.assert_not_torn(job)
        # what stays is what raised a flag, several of them on a line of their own
        lines = [*job.screen.lines, ""]
        for line, below in zip(lines, lines[1:]):
            if line.startswith("["):
                self.assertTrue(line.endswith("]") or below.endswith("]"), line)
        self.assertNotIn(ESCAPE, printed)
        self.assertTrue(printed.splitlines()[-1].startswith(
            "SRBENCH_STATUS pass"))

    def test_a_failure_stays_above(self):
        job = self.on_terminal(0, "--tensor_bytes=[4,8,12]",
                               "--null_client={fail_at: 3}")
        self.assertEqual(job.finish(), 1)
        for i in (1, 2, 3):
            self.assertIn(f" {4 * i} B   \033[31mfailed\033[0m: ", job.seen)
            self.assertTrue(any(re.match(rf"\[{i}/3\] +{4 * i} B   failed: ", x)
                                for x in job.screen.lines), job.screen.lines)
        self.assert_not_torn(job)

    def test_words_stay_whole(self):
        """What is wider than the terminal is broken between words."""
        for nranks in (0, 2):
            job = self.on_terminal(nranks, "--tensor_bytes=4",
                                   "--null_client={fail_at: 3}", columns=50)
            self.assertEqual(job.finish(), 1)
            lines = [x.rstrip() for x in job.screen.lines]
            at = next(i for i, x in enumerate(lines) if "failed: " in x)
            self.assertLessEqual(max(map(len, lines[at:at + 2])), 50)
            self.assertRegex(" ".join(x.strip() for x in lines[at:at + 3]),
                             "client 0 fails at pair 3, as it was told")
            self.assertTrue(lines[at + 1].startswith("  "), lines)

    def test_plain_where_there_is_none(self):
        """TERM=dumb, no TERM, and NO_COLOR, which is set when it is not
        empty."""
        for env, plain in (({"TERM": "dumb"}, True), ({"TERM": ""}, True),
                           ({"NO_COLOR": "1"}, True), ({"NO_COLOR": ""}, False)):
            with self.subTest(**env):
                job = self.on_terminal(0, "--tensor_bytes=[4,8]", env=env)
                self.assertEqual(job.finish(), 0)
                self.assertEqual(ESCAPE not in job.seen, plain)
                lines = [x for x in job.screen.lines
                         if re.match(r"\[[12]/2\] [48] B   put", x)]
                if plain:
                    self.assertEqual(len(lines), 2, job.seen)

    def test_quiet(self):
        job = self.on_terminal(0, "--tensor_bytes=[4,8]", "--quiet", CALM)
        self.assertEqual(job.finish(), 0)
        self.assertRegex(job.seen, r"^SRBENCH_STATUS pass [^\n]*\r\n$")


class LaunchersTerminal(ProgressTest):
    """A rank's standard error is a pipe, mpiexec's a terminal."""

    def test_sizes(self):
        """11 and 500 permutations, 120 and 80 columns; both streams there."""
        for n, columns in ((11, 120), (500, 80)):
            with self.subTest(permutations=n, columns=columns):
                job = self.on_terminal(2, sizes(n), columns=columns)
                self.assertEqual(job.finish(), 0, job.seen)
                self.assert_frames(job, n, columns)
                self.assert_not_torn(job)
                lines = [x for x in job.screen.lines if x]
                self.assertLess(len(lines), 60 + 40, "a screenful or two")
                self.assertTrue(any(x.startswith("SRBENCH_STATUS pass")
                                    for x in lines), lines)
                self.assertTrue(any(re.match(r" +size ", x) for x in lines))

    def test_time_left(self):
        """It is there, and never rises to more than all of it was."""
        job = self.on_terminal(2, sizes(30),
                               "--null_client={delay: 2ms}")
        self.assertEqual(job.finish(), 0, job.seen)
        found = self.assert_frames(job, 30, 80)
        self.assertTrue(all(m[5] for m in found if 3 < int(m[1]) < 30),
                        job.screen.frames)

    def test_failures_among_others(self):
        """Lines that stay, many and between two of the line in place."""
        job = self.on_terminal(3, "--client=[null,hiredis]", sizes(10),
                               "--db_exe=redis-server",
                               "--null_client={client: 1, fail_at: 3}")
        self.assertEqual(job.finish(), 1, job.seen)
        self.assert_frames(job, 20, 80)
        self.assert_not_torn(job)
        seen = "\n".join(job.screen.lines)
        self.assertEqual(len(re.findall(r"(?m)^\[ *\d+/20\] .*   failed: ",
                                        seen)), 10, seen)

    def test_told_to_end(self):
        """What is said from a signal's handler does not stand in the line."""
        for nranks in (0, 2):
            with self.subTest(ranks=nranks):
                job = self.on_terminal(nranks, sizes(60), "--term_grace=60s",
                                       "--null_client={delay: 2ms}")
                job.until(lambda j: any(x.startswith("[ 3/")
                                        for x in j.screen.frames))
                zero, = [p for p in processes(self.tmpdir) if p.is_rank and (
                    not nranks or any(x in p.environ.split(b"\0") for x in (
                        b"PMI_RANK=0", b"OMPI_COMM_WORLD_RANK=0")))]
                os.kill(zero.pid, signal.SIGUSR1)
                job.finish()
                self.assertTrue(any(x.startswith("srbench: asked to end after")
                                    for x in job.screen.lines), job.seen)
                self.assert_not_torn(job)

    def test_resized(self):
        """Narrower and wider while it runs; never wider than it is."""
        job = self.on_terminal(2, sizes(60), "--null_client={delay: 1ms}",
                               columns=100)
        for at, columns in ((10, 40), (30, 120)):
            job.until(lambda j, at=at: any(
                x.startswith(f"[{at}/") for x in j.screen.frames))
            before = len(job.screen.frames)
            job.resize(columns)
            job.until(lambda j, n=before: len(j.screen.frames) > n + 5)
            for frame in job.screen.frames[before + 2:]:
                self.assertLess(len(frame), columns, frame)
                self.assertRegex(frame, WHOLE)
        self.assertEqual(job.finish(), 0)
        self.assertGreater(max(map(len, job.screen.frames)), 80)
        self.assert_not_torn(job)

    def test_hung_up(self):
        """The terminal goes, the study does not: lines go on in their pipe."""
        out = self.dir / "out.h5"
        for nranks in (0, 2):
            with self.subTest(ranks=nranks), \
                    tempfile.TemporaryFile() as printed:
                job = self.on_terminal(
                    nranks, sizes(20), "--null_client={delay: 2ms}",
                    f"--output={out}", "--overwrite", stdout=printed)
                job.until(lambda j: any(x.startswith("[ 3/")
                                        for x in j.screen.frames))
                job.hang_up()
                self.assertEqual(job.finish(), 0)
                self.assertEqual(column(self.open(out)["summary"], "status"),
                                 ["completed"] * 20)
                printed.seek(0)
                self.assertIn(b"SRBENCH_STATUS pass permutations=20 ",
                              printed.read())

    def test_elsewhere(self):
        """What is written to it would not come to whom the lines go: a file, a
        program behind a pipe, and a launcher in a shell's redirection."""
        for how in ('"$@" 2>err', '"$@" 2>&1 >out | cat >err',
                    '"$@" 2> >(cat >err)', '{ "$@"; } 2>&1 | cat'):
            with self.subTest(how=how):
                wrapper = self.top / "wrapper"
                wrapper.write_text(f"#!/bin/bash\n{how}\n", encoding="utf-8")
                wrapper.chmod(0o755)
                job = self.on_terminal(2, "--tensor_bytes=[4,8]",
                                       wrapper=[str(wrapper)])
                job.finish()
                self.assertNotIn(ESCAPE, job.seen, how)

    def test_through_shells(self):
        """Shells between that hand on what they have are no other place."""
        wrapper = self.top / "wrapper"
        wrapper.write_text('#!/bin/sh\n"$@"\nexit $?\n', encoding="utf-8")
        wrapper.chmod(0o755)
        job = self.on_terminal(0, "--tensor_bytes=[4,8]", wrapper=[
            str(wrapper), MPIEXEC, "-n", "2", str(wrapper)])
        self.assertEqual(job.finish(), 0)
        self.assert_frames(job, 2, 80)

    def test_a_step_daemon(self):
        """One that was started in somebody's terminal is no launcher."""
        for name, found in (("launcher", True), ("slurmstepd", False),
                            ("sshd", False)):
            daemon = self.top / name
            daemon.write_text(f"#!{sys.executable}\n{DAEMON}", encoding="utf-8")
            daemon.chmod(0o755)
            with self.subTest(name=name):
                job = self.on_terminal(0, "--tensor_bytes=[4,8]",
                                       wrapper=[str(daemon)])
                self.assertEqual(job.finish(), 0, job.seen)
                self.assertEqual(ESCAPE in job.seen, found)
                if not found:
                    self.assertRegex(job.seen, r"(?m)^\[1/2\] 4 B   put")

    @unittest.skipIf(os.geteuid(), "only root can be somebody else")
    def test_another_user(self):
        """Whose terminal is not written to."""
        daemon = self.top / "launcher"
        daemon.write_text(f"#!{sys.executable}\n" + DAEMON.replace(
            "for line", "import os\nos.setuid(65534)\nfor line"), encoding="utf-8")
        daemon.chmod(0o755)
        job = self.on_terminal(0, "--tensor_bytes=[4,8]", wrapper=[str(daemon)])
        self.assertEqual(job.finish(), 0, job.seen)
        self.assertNotIn(ESCAPE, job.seen)
        self.assertRegex(job.seen, r"(?m)^\[1/2\] 4 B   put")


class Table(ProgressTest):

    def test_a_row_a_configuration(self):
        """Repetitions are one; sorted by what varies, the size first."""
        job = self.study(2, "--virtual_nodes=2", "--client_nodes=[2,1]",
                         "--tensor_bytes=[1024,4]", "--repetitions=3", CALM,
                         "--pin_app_cpus=false")
        rows = self.table(job)
        self.assertEqual(rows[0][:2], ["size", "client_nodes"])
        self.assertEqual([row[:2] for row in rows[1:]],
                         [[b, n] for b in ("4 B", "1 KiB")
                          for n in ("1", "2")])
        self.assertIn("( ) 95 % interval over repetitions", job.stdout)

    def test_nothing_varies(self):
        rows = self.table(self.study(1, "--tensor_bytes=1024", CALM))
        self.assertEqual(rows[0][:3], ["put", "get", "bandwidth"])
        self.assertEqual(len(rows), 2)

    def test_what_varies_is_never_cut(self):
        job = self.study(
            4, "--experiment=[throughput_standard,throughput_colocated]",
            "--virtual_nodes=4", "--client_nodes=[1,2,3]",
            "--db_cpus=[1]", "--clients_per_node=1", "--db_nodes=1",
            "--client=[null,socket]", "--db_exe=redis-server",
            "--pattern=[pair,phases]",
            "--tensor_bytes=[4,1048576]", "--iterations=5")
        self.assertEqual(job.returncode, 0, job.describe())
        rows = self.table(job)
        self.assertEqual(len(rows), 1 + 48)
        self.assertEqual(rows[0][:5], ["size", "placement", "client_nodes",
                                       "client", "pattern"])
        self.assertNotIn("..", job.stdout)
        self.assertEqual(len({tuple(r[:5]) for r in rows[1:]}), 48)

    def marked(self, job):
        """The first two cells of the rows that are."""
        self.assertEqual(job.returncode, 0, job.describe())
        return [re.search(r"[a-z]{3,}", x)[0] for x in
                job.stdout.splitlines()
                if x.startswith("* ") and "the best" not in x]

    def test_the_best_is_marked(self):
        """A thousand times as fast is best alone, and the sentence says so; what
        takes the same time shares it."""
        clock = {"env": {"LD_PRELOAD": self.preloaded("own_clock")}}
        job = self.srbench(1, "--db_exe=[null,files]", "--client=null",
                           "--iterations=5", "--tensor_bytes=[4,1024]",
                           "--output=none", "--null_client={delay: 30ms}",
                           "--repetitions=3", **clock)
        self.assertEqual(self.marked(job), ["files"] * 2, job.describe())
        self.assertRegex(job.stdout, r"(?m)^Tensor size, 4 B to 1 KiB: "
                         r"bandwidth x2\d\d \(")
        job = self.study(1, "--transport=[tcp,unix]", "--tensor_bytes=4",
                         "--iterations=5", "--null_client={delay: 30ms}",
                         "--repetitions=3", **clock)
        self.assertEqual(self.marked(job), ["tcp", "unix"], job.describe())

    def test_some_of_very_many(self):
        """From the first to the last, how many others there are and what has them;
        and without a mark where a size has one configuration."""
        job = self.study(1, sizes(70))
        table = self.table(job)
        self.assertEqual(len(table), 1 + 60)
        self.assertEqual([table[1][0], table[-1][0]], ["4 B", "280 B"])
        self.assertIn("\n  ... and 10 more; these are the first, the last, ",
                      job.stdout)
        self.assertNotIn("srbench-results", job.stdout)
        self.assertNotIn("\n* ", job.stdout)
        job = self.srbench(1, *QUICK, sizes(70), "--output=many.h5")
        self.assertIn("\n  ... and 10 more in the file; these are the first, ",
                      job.stdout)
        self.assertIn("srbench-results FILE prints all\n", job.stdout)

    def test_sentences_are_in_the_file(self):
        """As they are printed; a study that goes on has new ones."""
        out = self.dir / "out.h5"
        args = ("--transport=[tcp,unix]", "--tensor_bytes=[4,1024]", CALM,
                f"--output={out}", f"--summary_json={self.dir}/out.json",
                "--repetitions=2")
        for more in ((), ("--resume",)):
            job = self.srbench(1, *QUICK, *args, *more)
            self.assert_passed(job, 8)
            words = text(self.open(out).attrs["verdicts"])
            self.assertIn(f"\n\n{words}\n\nfile: {out}\n", job.stdout)
            self.assertEqual([x.split(",")[0] for x in words.splitlines()
                              if not x.startswith("Every config")],
                             ["Tensor size", "Transport"])
            with open(self.dir / "out.json", encoding="utf-8") as f:
                self.assertEqual(json.load(f)["study"]["verdicts"], words)

    def test_one_repetition_says_so(self):
        job = self.study(1, "--transport=[tcp,unix]", "--tensor_bytes=4", CALM)
        self.assertIn("\nIntervals are within this run: ", job.stdout)
        job = self.study(2, sizes(2), "--iterations=1", "--warmup=0",
                         "--repetitions=2")
        if all(re.fullmatch("[bvmocskt]+", r[-1]) for r in self.table(job)[1:]):
            self.assertIn("\n\nEvery configuration is flagged (", job.stdout)
        self.assertNotIn("within this run", job.stdout)

    def test_failures_have_a_row(self):
        job = self.srbench(2, "--client=[null,hiredis]", "--output=none",
                           "--tensor_bytes=1024", "--iterations=10",
                           "--null_client={fail_at: 3}", "--repetitions=2")
        self.assert_status(job, 1, failed=2, completed=2)
        rows = self.table(job)
        self.assertEqual(rows[1][-1], "failed")
        self.assertEqual(rows[2][0], "hiredis")

    def test_flags_are_explained_once(self):
        job = self.study(2, sizes(3), "--iterations=1", "--warmup=0")
        flagged = [r for r in self.table(job)[1:]
                   if re.fullmatch("[bvmocskt]+", r[-1])]
        self.assertEqual(len(flagged), 3, job.describe())
        for letter in set("".join(r[-1] for r in flagged)):
            n = sum(letter in r[-1] for r in flagged)
            self.assertEqual(len(re.findall(
                rf"(?m)^{letter} [a-z_]+, {n} of 3: .+$", job.stdout)), 1)

    def table(self, job):
        lines = job.stdout.splitlines()
        end = next(i for i, x in enumerate(lines) if re.match(
            r"$|\* the best|\( \) |[a-z] |  \.\.\. ", x))
        return [re.split(r"\s{2,}", x[2:].strip()) for x in lines[:end]]


if __name__ == "__main__":
    main()
