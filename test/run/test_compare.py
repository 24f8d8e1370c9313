# ctest: label=fast runner=pytest timeout=6000 full computes
"""tools/srbench-compare: what it finds in files of known truth, what it says of
files that srbench wrote, and what it refuses."""
import contextlib
import importlib.machinery
import importlib.util
import io
import json
import math
import subprocess
import sys
import time
from unittest import mock
from xml.etree import ElementTree

import h5py
import numpy

from srbtest import PART, SOURCE, RunTest, main

TOOLS = SOURCE / "tools"
sys.path.insert(0, str(TOOLS))
import srbench_compare as compare  # noqa: E402
import srbench_results as results  # noqa: E402
import srbench_stats as stats  # noqa: E402


def program():
    """tools/srbench-compare as a module."""
    loader = importlib.machinery.SourceFileLoader(
        "srbench_compare_program", str(TOOLS / "srbench-compare"))
    spec = importlib.util.spec_from_loader(loader.name, loader)
    module = importlib.util.module_from_spec(spec)
    loader.exec_module(module)
    return module


PROGRAM = program()
# so many times as many draws; whatever the part is, all tests run
MANY = 10 if PART == "full" else 1
SIZES = (1024, 1048576)


class Truth:
    """Writes result files of which it is known how they came about: times are
    scale x what a study, a run, a client and an iteration add, all lognormal."""

    def __init__(self, seed):
        self.rng = numpy.random.default_rng(seed)

    def times(self, level, clients, iterations):
        client = self.rng.normal(0, 0.02, (clients, 1))
        return level * numpy.exp(
            client + self.rng.normal(0, 0.2, (clients, iterations)))

    def write(self, path, scale=1.0, repetitions=5, sizes=SIZES, study=0.0,
              run=0.03, clients=2, iterations=40, timings=True, **attrs):
        """attrs: of the file, in addition."""
        rows = []
        with h5py.File(path, "w") as f:
            f.attrs.update({"schema_version": "1", "srbench_version": "0.1.0",
                            "git_commit": "abc", "server_version": "redis 7.0.15",
                            "start_time": "2026-11-23T12:00:00Z", **attrs})
            for size in sizes:
                level = 1e-4 * scale * numpy.exp(self.rng.normal(0, study))
                for k in range(repetitions):
                    here = level * numpy.exp(self.rng.normal(0, run))
                    put, get = (self.times(here, clients, iterations)
                                for _ in range(2))
                    if timings:
                        self.group(f, len(rows), put, get)
                    rows.append(self.row(len(rows), size, k, put, get))
            for name in rows[0]:
                values = [row[name] for row in rows]
                kind = h5py.string_dtype() if isinstance(values[0], str) else None
                column = f.create_dataset(f"summary/{name}", data=values,
                                          dtype=kind)
                column.attrs.update(self.says(name))
        return str(path)

    UNITS = {"put_tensor_median": "s", "unpack_tensor_median": "s",
             "window": "B/s", "window_ops": "1/s"}

    @classmethod
    def says(cls, name):
        """The attributes of a column."""
        if name in cls.UNITS:
            return {"role": "figure", "units": cls.UNITS[name]}
        return {"role": "axis"} if name in ("client", "tensor_bytes") else {}

    @staticmethod
    def group(f, index, put, get):
        ends = (put + get).cumsum(axis=1)
        g = f.create_group(f"perm_{index:04d}")
        g["put_tensor"], g["unpack_tensor"] = put, get
        g["put_start"] = ends - put - get
        g["unpack_start"] = ends - get

    @staticmethod
    def row(index, size, repetition, put, get):
        window = 2 * put.size * size / (put + get).sum(axis=1).max()
        return {"permutation": index, "index": index, "status": "completed",
                "name": f"size {size}", "client": "socket",
                "tensor_bytes": size, "repetition": repetition,
                "put_tensor_median": numpy.median(put),
                "unpack_tensor_median": numpy.median(get),
                "window": window, "window_ops": window / size, "flags": "",
                "error": ""}


def set_axis(f, name, values):
    """Give an open file an axis, or its axis other values."""
    f["summary"].pop(name, None)
    column = f.create_dataset(f"summary/{name}", data=values,
                              dtype=h5py.string_dtype())
    column.attrs["role"] = "axis"


class CompareTest(RunTest):

    def compare(self, *args, status=0):
        """Run the program, within this process; its standard output."""
        out, err = io.StringIO(), io.StringIO()
        with mock.patch("sys.argv", ["srbench-compare", *map(str, args)]), \
                contextlib.redirect_stdout(out), \
                contextlib.redirect_stderr(err), \
                self.assertRaises(SystemExit) as ended:
            results.run_tool("srbench-compare", PROGRAM.main)
        self.stderr = err.getvalue()
        self.assertEqual(ended.exception.code, status,
                         out.getvalue() + self.stderr)
        return out.getvalue()

    def refused(self, *args):
        """Its one sentence."""
        self.assertEqual(self.compare(*args, status=2), "")
        self.assertEqual(len(self.stderr.splitlines()), 1, self.stderr)
        return self.stderr

    def pair(self, seed=1, base=None, **new):
        truth = Truth(seed)
        return (truth.write(self.dir / "base.h5", **(base or {})),
                truth.write(self.dir / "new.h5", **new))


class Distributions(CompareTest):

    def test_student(self):
        """Against printed tables."""
        for df, t in ((1, 12.7062), (2, 4.3027), (4, 2.7764), (8, 2.3060),
                      (30, 2.0423), (float("inf"), 1.9600)):
            self.assertAlmostEqual(stats.student_quantile(0.95, df), t, 4)
            self.assertAlmostEqual(stats.student_p(t, df), 0.05, 5)
        self.assertAlmostEqual(stats.student_p(4.5, 8.0), 0.0019998, 5)
        self.assertEqual(stats.student_p(0.0, 3.0), 1.0)

    def test_holm(self):
        self.assertEqual(stats.holm([0.01, 0.04, 0.03, 0.005]),
                         [0.03, 0.06, 0.06, 0.02])
        self.assertEqual(stats.holm([]), [])

    def test_welch(self):
        both = stats.add(stats.Spread(4.0, 4.0), stats.Spread(1.0, 4.0))
        self.assertEqual(both.variance, 5.0)
        self.assertAlmostEqual(both.df, 25 / (16 / 4 + 1 / 4))
        known = stats.Spread(1.0, float("inf"))
        self.assertEqual(stats.add(known, known).df, float("inf"))


class Intervals(CompareTest):
    """Do intervals hold the truth as often as they say?"""

    def test_over_repetitions(self):
        """Means of few repetitions that differ by runs and within them."""
        rng = numpy.random.default_rng(5)
        draws = 200 * MANY
        for n in (2, 3, 5, 10):
            held = 0
            for _ in range(draws):
                spreads, centres = [], []
                for _ in range(2):
                    within = rng.normal(0, 0.01, (n, stats.REPLICATES))
                    values = rng.normal(0, 0.03, n) + rng.normal(0, 0.01, n)
                    spreads.append(stats.centre_spread(values, within, rng))
                    centres.append(values.mean())
                d = stats.difference(centres[1] - centres[0],
                                     stats.add(*spreads))
                held += d.low <= 0 <= d.high
            with self.subTest(repetitions=n):
                self.assertGreaterEqual(held, 0.925 * draws)
                if n > 2:  # of two, Welch's is wider than it need be
                    self.assertLessEqual(held, 0.995 * draws)

    def test_within_a_run(self):
        """Medians of one run, whose blocks of iterations drift."""
        rng = numpy.random.default_rng(6)
        held = 0
        for _ in range(200):
            medians, variance = [], 0.0
            for _ in range(2):
                drift = numpy.repeat(rng.normal(0, 0.1, (1, 8)), 25, axis=1)
                times = numpy.exp(drift + rng.normal(0, 0.2, (4, 200)))
                variance += stats.quantile_replicates(
                    times, [0.5], rng)[0].var(ddof=1)
                medians.append(numpy.log(numpy.median(times)))
            held += abs(medians[1] - medians[0]) <= 1.96 * variance ** 0.5
        self.assertGreaterEqual(held, 0.90 * 200)
        self.assertLessEqual(held, 0.999 * 200)

    def test_files(self):
        """From the file to the interval, a true ratio of 1.1."""
        settings = compare.Settings(("put_tensor_median", "window"),
                                    study_noise=0.0)
        held = rows = 0
        for seed in range(10 * MANY):
            report = compare.compare(*self.pair(seed, scale=1.1), settings)
            for c in report.comparisons:
                truth = 1.1 if c.unit == "s" else 1 / 1.1
                held += c.low <= truth <= c.high
                rows += 1
        self.assertEqual(rows, 40 * MANY)
        self.assertGreaterEqual(held, 0.90 * rows)


class Gate(CompareTest):

    def gated(self, runs, limit=0.10, base=None, **new):
        """How many of so many pairs fail."""
        settings = compare.Settings(("put_tensor_median", "window"), limit)
        return sum(bool(compare.compare(*self.pair(100 + seed, base, **new),
                                        settings).over_limit)
                   for seed in range(runs))

    def test_power(self):
        """A true 20 % is found with five repetitions of runs that differ by 2 %,
        or eight where it is 3 % (97 of 100; with five 80)."""
        runs = 6 * MANY
        for noise in ({"run": 0.02}, {"run": 0.03, "repetitions": 8}):
            with self.subTest(**noise):
                self.assertGreaterEqual(self.gated(
                    runs, base=noise, scale=1.2, **noise), 0.8 * runs)

    def test_false_alarms(self):
        """Studies that differ by 3 % as well, none of them slower."""
        noise = {"study": 0.03}
        runs = 9 * MANY
        self.assertLessEqual(self.gated(runs, 0.05, base=noise, **noise),
                             0.05 * runs)

    def test_one_repetition_decides_nothing(self):
        noise = {"repetitions": 1}
        self.assertEqual(self.gated(3, base=noise, scale=1.5, **noise), 0)

    def test_a_gain_is_no_alarm(self):
        base, new = self.pair(scale=0.5)
        out = self.compare(base, new, "--fail-if-slower=10%")
        self.assertIn("SRBENCH_COMPARE ok limit=10% over_limit=0 slower=0 "
                      "faster=8", out)

    def test_beyond_the_limit_only(self):
        """Sure to be slower, but by less than the limit."""
        base, new = self.pair(base={"run": 0.001}, run=0.001, scale=1.3)
        self.compare(base, new, "--fail-if-slower=10%", status=1)
        out = self.compare(base, new, "--fail-if-slower=0.5")
        self.assertIn("ok limit=50% over_limit=0 slower=8", out)
        self.compare(base, new)

    def test_a_gate_that_cannot_see(self):
        """Passing means little where noise hides what the gate is for."""
        hidden = "noise hides a slowdown of 10 % in {} of 8 comparisons"
        base, new = self.pair(base={"run": 0.5}, run=0.5)
        out = self.compare(base, new, "--fail-if-slower=10%")
        self.assertIn(hidden.format(8), out)
        quiet = {"run": 0.001, "iterations": 400}
        base, new = self.pair(base=quiet, **quiet)
        out = self.compare(base, new, "--fail-if-slower=10%")
        self.assertNotIn("noise hides", out)
        self.assertIn("same=8 unsure=0", out)

    def test_unsure_fails(self):
        """Where that was asked for; alone and beside the other gate."""
        base, new = self.pair(base={"run": 0.5}, run=0.5)
        self.compare(base, new, "--fail-if-slower=10%")
        for more in ((), ("--fail-if-slower=10%",)):
            out = self.compare(base, new, "--fail-if-unsure", *more, status=1)
            self.assertIn("SRBENCH_COMPARE unsure ", out)
        suite = ElementTree.fromstring(self.compare(
            base, new, "--fail-if-unsure", "--format=junit", status=1))
        self.assertEqual(suite.get("failures"), "8")
        self.assertEqual(len(suite.findall("testcase/failure")), 8)
        quiet = {"run": 0.001, "iterations": 400}
        base, new = self.pair(base=quiet, **quiet)
        self.compare(base, new, "--fail-if-unsure")

    def test_what_changed_stands_first(self):
        """Sure changes before doubts, and these before what is the same."""
        base, new = self.pair()
        report = compare.compare(base, new)
        for c, verdict in zip(report.comparisons, (
                "same", "unsure", "faster", "slower", "same", "slower")):
            c.verdict = verdict
        report.comparisons[5].ratio, report.comparisons[3].ratio = 0.5, 1.2
        first = report.ordered[:4]
        self.assertEqual([c.verdict for c in first],
                         ["slower", "slower", "faster", "unsure"])
        self.assertEqual(first[0].ratio, 0.5)

    def test_smallest_effect(self):
        """That of a row is found in about four of five tries, half of it
        seldom."""
        rng = numpy.random.default_rng(3)
        df, error, alpha, draws = 8, 0.05, 0.01, 4000
        effect = stats.smallest(stats.Spread(error ** 2, df), alpha)
        for share, low, high in ((1.0, 0.7, 0.9), (0.5, 0.0, 0.35)):
            seen = rng.normal(share * effect, error, draws)
            spread = error * (rng.chisquare(df, draws) / df) ** 0.5
            found = numpy.mean(numpy.abs(seen / spread)
                               > stats.student_quantile(1 - alpha, df))
            self.assertTrue(low < found < high, (share, found))
        base, new = self.pair()
        for c in compare.compare(base, new).comparisons:
            self.assertGreater(c.smallest, 1)
            self.assertTrue(math.isfinite(c.smallest))
        once = {"repetitions": 1}
        base, new = self.pair(base=once, **once)
        self.assertTrue(all(math.isnan(c.smallest) for c in
                            compare.compare(base, new).comparisons))

    def test_rates_fall(self):
        """0.8 of a rate is slower, of a time it is faster."""
        base, new = self.pair(scale=1.25)
        report = compare.compare(base, new)
        by = {c.figure: c for c in report.comparisons}
        self.assertLess(by["window"].ratio, 1)
        self.assertGreater(by["put_tensor_median"].ratio, 1)
        self.assertEqual({c.verdict for c in by.values()}, {"slower"})
        self.assertEqual(by["window"].p_adjusted, by["window_ops"].p_adjusted)

    def test_history(self):
        """Earlier studies tell the noise between single runs."""
        truth = Truth(9)
        once = {"repetitions": 1, "study": 0.02, "run": 0.0, "iterations": 400}
        earlier = [truth.write(self.dir / f"{k}.h5", **once) for k in range(9)]
        slow = truth.write(self.dir / "slow.h5", scale=1.5, **once)
        like = truth.write(self.dir / "like.h5", **once)
        base, *history = earlier
        gate = ("--fail-if-slower=10%", "--history", *history)
        self.assertIn("across runs", self.compare(base, slow, *gate, status=1))
        self.compare(base, like, *gate)
        self.compare(base, slow, *gate[:1])


class Files(CompareTest):

    def test_formats(self):
        base, new = self.pair(scale=1.3)
        limit = "--fail-if-slower=10%"
        told = json.loads(self.compare(base, new, limit, "--format=json",
                                       status=1))
        self.assertEqual(told["counts"]["slower"], 8)
        self.assertEqual(told["seed"], 1)
        first = told["comparisons"][0]
        self.assertEqual(first["axes"]["tensor_bytes"], 1024)
        self.assertTrue(first["low"] < first["ratio"] < first["high"])
        suite = ElementTree.fromstring(
            self.compare(base, new, limit, "--format=junit", status=1))
        self.assertEqual(suite.get("failures"), "8")
        self.assertEqual(len(suite.findall("testcase/failure")), 8)
        out = self.dir / "out.md"
        self.assertEqual(self.compare(base, new, limit, "--format=markdown",
                                      "-o", out, status=1), "")
        table = [x for x in out.read_text(encoding="utf-8").splitlines() if x.startswith("|")]
        self.assertEqual(len(table), 2 + 8)
        self.assertEqual({x.count("|") for x in table}, {11})

    def test_page(self):
        """The rows, what changed, and both distributions."""
        base, new = self.pair(scale=1.3, base={"git_commit": "abc"},
                              git_commit="def")
        out = self.compare(base, new, "--format=html")
        self.assertNotRegex(out, r"https?://|src=|\bnan\b|\binf\b")
        self.assertEqual(out.count('role="img"'), 1 + 2 * len(SIZES))
        for words in ("changed: commit: abc in BASE, def in NEW",
                      "SRBENCH_COMPARE done slower=8", "Both distributions",
                      "<td>tensor_bytes=1024</td>", "slower: <strong>x1."):
            self.assertIn(words, out)
        base, new = self.pair(timings=False)
        out = self.compare(base, new, "--format=html")
        self.assertNotIn("Both distributions", out)

    def test_deterministic(self):
        base, new = self.pair()
        self.assertEqual(*(self.compare(base, new) for _ in range(2)))

    def test_one_figure_alone_is_the_same(self):
        """Neither the others nor their order change an interval."""
        base, new = self.pair()
        rows = [next(x for x in self.compare(base, new, *how).splitlines()
                     if " window " in x).split()[2:6]
                for how in ((), ("--figure", "window"))]
        self.assertEqual(*rows)

    def test_partners(self):
        """What has none, or did not complete, is named."""
        base, new = self.pair(base={"sizes": (1024, 2048, 4096)},
                              sizes=(1024, 4096, 8192))
        with h5py.File(new, "a") as f:
            f["summary/status"][5:10] = "failed"
            f["summary/error"][5:10] = "the database ended"
        out = self.compare(base, new)
        self.assertIn("not compared: tensor_bytes=2048: not in NEW", out)
        self.assertIn("not compared: tensor_bytes=8192: not in BASE", out)
        self.assertIn("not compared: tensor_bytes=4096: not completed in NEW: "
                      "failed (the database ended)", out)
        self.assertEqual(out.count(" tensor_bytes=1024\n"), 4)

    def test_an_axis_that_one_file_lacks(self):
        """Permutations that the other file cannot tell apart are not pooled."""
        base, new = self.pair()
        with h5py.File(new, "a") as f:
            set_axis(f, "transport", ["tcp", "unix"] * 5)
        message = self.refused(base, new)
        self.assertIn("differ in transport", message)

    def test_languages(self):
        """An old file tells no language; one of C alone is the same as it, and
        of two languages each is compared with its own."""
        def tell(path, *languages):
            with h5py.File(path, "a") as f:
                n = len(f["summary/index"])
                set_axis(f, "languages", [languages[i * len(languages) // n]
                                          for i in range(n)])
        base, new = self.pair()
        tell(new, "c")
        self.assertIn(" tensor_bytes=1024\n", self.compare(base, new))
        base, new = self.pair()
        tell(base, "c", "cpp")
        tell(new, "c", "fortran")
        out = self.compare(base, new)
        self.assertIn(" languages=c tensor_bytes=1024\n", out)
        self.assertIn("languages=cpp tensor_bytes=1048576: not in NEW", out)
        self.assertIn("languages=fortran tensor_bytes=1048576: not in BASE",
                      out)

    def test_warnings(self):
        options = "iterations: {}\ntensor_bytes: 1024\n"
        base, new = self.pair(
            base={"server_version": "redis 6.2.0", "uuid": "1",
                  "resolved_config": options.format(100)},
            uuid="1", resolved_config=options.format(50))
        with h5py.File(new, "a") as f:
            f["summary/flags"][0] = "oversubscribed"
            f["hosts/cpu_model"] = [b"fast"]
        with h5py.File(base, "a") as f:
            f["hosts/cpu_model"] = [b"slow"]
        out = self.compare(base, new)
        for words in ("BASE and NEW are the same study",
                      "server: redis 6.2.0 in BASE, redis 7.0.15 in NEW",
                      "cpu_model: slow in BASE, fast in NEW",
                      "the option iterations: 100 in BASE, 50 in NEW",
                      "oversubscribed is raised in NEW alone, for 1 of 2"):
            self.assertIn(f"{words}", out)

    def test_one_server_and_another(self):
        """Each of its own file, they are what is compared; where a file has
        several, like goes with like."""
        base, new = self.pair()
        for path, exe in ((base, "redis-server"), (new, "/opt/valkey-server")):
            with h5py.File(path, "a") as f:
                set_axis(f, "db_exe", [exe] * len(f["summary/index"]))
        out = self.compare(base, new)
        self.assertIn("the option db_exe: redis-server in BASE, "
                      "/opt/valkey-server in NEW", out)
        with h5py.File(base, "a") as f:
            f["summary/db_exe"][0] = "/opt/valkey-server"
        out = self.compare(base, new)
        self.assertNotIn("the option db_exe", out)
        self.assertIn("not in NEW", out)

    def test_killed_and_old(self):
        """Groups that are missing, columns that are, and rows only planned."""
        base, new = self.pair(timings=False)
        with h5py.File(new, "a") as f:
            f["summary/status"][9] = "planned"
            del f["summary/window"], f["summary/flags"], f["summary/client"]
        out = self.compare(base, new)
        self.assertIn("5/4", out)
        self.assertIn("not compared: 1 permutations of NEW, which was killed", out)
        self.assertIn("absent: window: 2 of 2", out)

    def test_refused(self):
        base, new = self.pair()
        empty, words, other = (self.dir / n for n in ("e.h5", "w.h5", "o.h5"))
        empty.touch()
        words.write_text("no numbers here\n", encoding="utf-8")
        with h5py.File(other, "w") as f:
            f["x"] = 1
        for bad in (empty, words, other, self.dir / "none.h5", self.dir):
            with self.subTest(bad=bad.name):
                self.assertIn(str(bad), self.refused(base, bad))
                self.assertIn(str(bad), self.refused(bad, new))
        whole = (self.dir / "new.h5").read_bytes()
        for share in (0.2, 0.5, 0.9):
            cut = self.dir / "cut.h5"
            cut.write_bytes(whole[:int(share * len(whole))])
            self.refused(base, cut)
        with h5py.File(new, "a") as f:
            f["summary/status"][...] = "planned"
        self.assertIn("no permutation completed in both", self.refused(base, new))
        self.assertIn("cannot be written: No such file", self.refused(
            base, base, "-o", self.dir / "no" / "folder"))

    def test_damaged_timings(self):
        """Timings of a shape that srbench never writes."""
        base, new = self.pair()
        with h5py.File(new, "a") as f:
            del f["perm_0003/put_tensor"]
            f["perm_0003/put_tensor"] = [1.0, 2.0]
        self.assertIn("damaged", self.refused(base, new))

    def test_arguments(self):
        for bad in ("--figure=put_tensor", "--fail-if-slower=fast",
                    "--fail-if-slower=-1%", "--history=x.h5", "--seed=-1"):
            with self.subTest(bad=bad):
                self.compare("a.h5", "b.h5", bad, status=2)

    def test_the_program(self):
        """As it is started, and without a package that it needs."""
        base, new = self.pair()
        command = [sys.executable, TOOLS / "srbench-compare", base, new]
        done = subprocess.run(command, capture_output=True, text=True, timeout=300,
                   encoding="utf-8")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("SRBENCH_COMPARE done slower=0", done.stdout)
        done = subprocess.run([command[0], "-S", *command[1:]], text=True,
                              capture_output=True, timeout=300,
                   encoding="utf-8")
        self.assertEqual(done.returncode, 2, done.stderr)
        self.assertIn("python3-h5py", done.stderr)
        self.assertEqual(len(done.stderr.splitlines()), 1)

    def test_many_permutations(self):
        """As many as one wants to wait for, with a limit that tells a square."""
        sizes = {"sizes": range(4, 64), "repetitions": 2, "iterations": 20}
        base, new = self.pair(base=sizes, **sizes)
        start = time.process_time()
        out = self.compare(base, new)
        self.assertLess(time.process_time() - start, 30)
        self.assertEqual(out.count("put_tensor_median"), 60)


class Runs(CompareTest):
    """Files that srbench wrote; how slow the null client is is known."""

    def study(self, name, delay, *args):
        path = self.dir / name
        job = self.srbench(2, "--client=null", "--db_exe=null",
                           f"--null_client={{delay: {delay}}}", "--iterations=40",
                           "--tensor_bytes=[1024,64KiB]", f"--output={path}", *args)
        self.assertEqual(job.returncode, 0, job.describe())
        return path

    def test_slower(self):
        base = self.study("base.h5", "1ms", "--repetitions=3")
        again = self.study("again.h5", "1ms", "--repetitions=3")
        slow = self.study("slow.h5", "3ms", "--repetitions=3")
        gate = ("--fail-if-slower=50%", "--figure", "put_tensor_median",
                "unpack_tensor_median")
        self.compare(base, again, *gate)
        out = self.compare(base, slow, *gate, status=1)
        self.assertIn("the option null_client", out)
        self.assertIn("over_limit=4", out)

    def test_one_repetition(self):
        base = self.study("base.h5", "1ms")
        slow = self.study("slow.h5", "3ms")
        out = self.compare(base, slow, "--fail-if-slower=10%")
        self.assertIn("SRBENCH_COMPARE undecided", out)
        self.assertIn("cannot fail", out)
        # every figure can be asked for, also one that no timings bound
        out = self.compare(base, slow, "--figure", "put_tensor_max")
        self.assertIn("put_tensor_max", out)
        self.assertIn("Without an interval", out)
        self.assertIn("'client_cpu_share', expected a time or a rate",
                      self.refused(base, slow, "--figure", "client_cpu_share"))


if __name__ == "__main__":
    main()
