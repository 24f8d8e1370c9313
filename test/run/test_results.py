# ctest: label=fast runner=pytest computes
"""tools/srbench_results.py: the same figures as in the file, on files that srbench
has just written, on old and damaged ones, and in bounded memory."""
import fcntl
import io
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import traceback
import unittest
from pathlib import Path

import h5py
import numpy as np
import pandas as pd

import srbtest
from resultfile import (NULL, TOOL, OneFile, called, results, silently,
                        tool)
from srbtest import RunTest, column, main, text


class Summary(OneFile):

    def test_is_the_summary(self):
        """Every column, in the order of the file, with its values."""
        df = results.summary(self.path)
        with h5py.File(self.path) as f:
            self.assertEqual(list(df.columns), list(f["summary"]))
            for name, column in f["summary"].items():
                want = column.asstr()[:] if column.dtype == object else column[:]
                np.testing.assert_array_equal(df[name].to_numpy(), want, name)
        self.assertEqual(df["status"].tolist(), ["completed"] * 4)
        self.assertEqual(df["tensor_bytes"].tolist(), [1024, 4096] * 2)

    def test_says_what_its_columns_are(self):
        """Axes and figures by the file's own word, and the same by their place
        and units in a file that says nothing."""
        copy, f = self.altered("silent.h5")
        for column in f["summary"].values():
            column.attrs.pop("role", None)
        f.close()
        says, guessed = (results.summary(p).attrs for p in (self.path, copy))
        self.assertEqual(says["units"]["window"], "B/s")
        self.assertEqual(says["units"], guessed["units"])
        self.assertEqual(says["axes"], guessed["axes"])
        self.assertIn("client_cpu_share", says["figures"])
        self.assertNotIn("put_tensor_median_low", says["figures"])
        self.assertLess(set(says["figures"]), set(guessed["figures"]))

    def test_axes_are_those_of_the_options(self):
        words = srbtest.run(0, "--help", "all").stdout
        axes = re.findall(r"(?m)^  --(\S+).*\n(?: {6}.*\n)*?"
                          r" {6}.*takes\s+a\s+list\s+\(axis\)", words)
        found = results.axes(results.summary(self.path))
        self.assertEqual(found[:2], ["clients_per_node", "tensor_bytes"])
        self.assertEqual(set(found), set(axes))
        self.assertGreater(len(axes), 10)

    def test_axes_of_a_selection(self):
        df = results.summary(self.path)
        some = df[["window", "tensor_bytes", "db_cpus", "clients_per_node"]]
        self.assertEqual(results.axes(some[df["tensor_bytes"] == 1024]),
                         ["clients_per_node", "tensor_bytes", "db_cpus"])

    def test_while_it_is_open(self):
        """By the same program, as in a notebook, or locked by another."""
        with h5py.File(self.path) as f:
            self.assertEqual(len(results.summary(self.path)), len(f["summary/name"]))
        with open(self.path, "rb+") as f:
            fcntl.flock(f, fcntl.LOCK_EX)
            self.assertEqual(len(results.summary(self.path)), 4)

    def test_files_together(self):
        other = self.dir / "other.h5"
        shutil.copy(self.path, other)
        df = results.summary(self.path, other)
        self.assertEqual(df.columns[0], "file")
        self.assertEqual(df["file"].tolist(), [str(self.path)] * 4
                         + [str(other)] * 4)
        self.assertEqual(df["permutation"].tolist(), [0, 1, 2, 3] * 2)
        self.assertEqual(results.axes(df)[:2],
                         ["clients_per_node", "tensor_bytes"])

    def test_study(self):
        study = results.study(self.path)
        self.assertEqual(study["schema_version"], results.SCHEMA_VERSION)
        self.assertEqual((study["ranks"], study["permutations"]), (3, 4))
        self.assertIsInstance(study["clock_resolution"], float)
        for value in study.values():
            self.assertIn(type(value), (str, int, float))

    def test_permutation(self):
        ds = results.permutation(self.path, 2)
        self.assertEqual(dict(ds.sizes),
                         {"client": 3, "iteration": 30, "warmup": 2, "shard": 1})
        self.assertEqual(ds["put_tensor"].dims, ("client", "iteration"))
        self.assertEqual(ds["put_tensor"].attrs["units"], "s")
        self.assertEqual(ds["client_rank"].dtype, np.int64)
        self.assertEqual(ds["client_rank"].values.tolist(), [0, 1, 2])
        self.assertIsInstance(ds["client_cpus"].values[0], str)
        self.assertEqual(ds.attrs["clients"], 3)
        self.assertEqual(ds.attrs["status"], "completed")
        with h5py.File(self.path) as f:
            np.testing.assert_array_equal(ds["unpack_tensor"],
                                          f["perm_0002/unpack_tensor"])

    def test_permutation_that_is_not_there(self):
        with self.assertRaisesRegex(results.ResultError, "permutation 4.*0 to 3"):
            results.permutation(self.path, 4)


class Timings(OneFile):

    COLUMNS = ["rank", "node", "shard", "client_number", "iteration", "function",
               "time", "start"]

    def test_all_of_them(self):
        """Row by row what the arrays hold, and the medians of the summary."""
        rows = results.load_timings(self.path)
        self.assertEqual(len(rows), (2 + 3) * 30 * 2 * 2)
        self.assertEqual(rows.columns[0], "permutation")
        self.assertEqual(list(rows.columns[-8:]), self.COLUMNS)
        df = results.summary(self.path)
        self.assertEqual(sorted(results.axes(df)), sorted(rows.columns[1:-9]))
        with h5py.File(self.path) as f:
            for r in rows.sample(100, random_state=1).itertuples():
                g = f[f"perm_{r.permutation:04d}"]
                at = (r.client_number, r.iteration)
                self.assertEqual(r.time, g[r.function][at])
                start = r.function.replace("_tensor", "_start")
                self.assertEqual(r.start, g[start][at])
                self.assertEqual(r.rank, g["client_rank"][r.client_number])
                self.assertEqual(r.tensor_bytes, g.attrs["tensor_bytes"])
                self.assertEqual(r.client, text(g.attrs["client"]))
        for function in results.FUNCTIONS:
            medians = rows[rows["function"] == function].groupby(
                "permutation")["time"].median()
            np.testing.assert_allclose(medians, df[f"{function}_median"], 1e-12)

    def test_pieces(self):
        """However small they are, nothing is lost, doubled or mixed."""
        whole = results.load_timings(self.path)
        keys = ["permutation", "function", "client_number", "iteration"]
        for chunk in (7, 30, 64):
            pieces = list(results.timings(self.path, chunk=chunk))
            self.assertLessEqual(max(map(len, pieces)), chunk)
            for piece in pieces:
                self.assertEqual(piece["permutation"].nunique(), 1)
                self.assertEqual(piece["function"].nunique(), 1)
            rows = pd.concat(pieces).sort_values(keys, ignore_index=True)
            pd.testing.assert_frame_equal(
                rows, whole.sort_values(keys, ignore_index=True))

    def test_selections(self):
        rows = results.load_timings(self.path, ["warmup_put_tensor"], [3, 1])
        self.assertEqual(rows["permutation"].unique().tolist(), [3, 1])
        self.assertEqual(len(rows), (3 + 2) * 2)
        self.assertTrue(rows["start"].isna().all())

    def test_what_was_not_measured_has_no_row(self):
        copy, f = self.altered("gaps.h5")
        f["perm_0001/put_tensor"][1, 20:] = np.nan
        f.close()
        rows = results.load_timings(copy, ["put_tensor"], [1])
        self.assertEqual(len(rows), 2 * 30 - 10)
        self.assertEqual(rows[rows["client_number"] == 1]["iteration"].max(), 19)

    def test_requests_that_make_no_sense(self):
        for words, wrong in (("put_tensors", {"functions": ["put_tensors"]}),
                             ("permutation 9", {"permutations": [9]}),
                             ("at least 1", {"chunk": 0})):
            with self.assertRaisesRegex(results.ResultError, words):
                list(results.timings(self.path, **wrong))


class OtherVersions(OneFile):

    def test_columns_that_an_old_file_lacks(self):
        copy, f = self.altered("old.h5")
        for name in ("sync", "pattern", "languages", "window_ops", "flags"):
            del f["summary"][name]
        f["summary/novelty"] = np.arange(4)
        f.close()
        df, said = silently(results.summary, copy)
        self.assertEqual(said, [])
        self.assertNotIn("sync", results.axes(df))
        self.assertEqual(df["window"].notna().sum(), 4)
        both, said = silently(results.summary, copy, self.path)
        self.assertEqual(len(said), 2)
        self.assert_sentence(said[0], copy, "languages, sync", "and 2 more")
        self.assert_sentence(said[1], self.path, "lacks novelty,")
        self.assertEqual(both["sync"].isna().tolist(), [True] * 4 + [False] * 4)
        self.assertEqual(both["novelty"].isna().tolist(),
                         [False] * 4 + [True] * 4)
        with h5py.File(self.path) as f:
            self.assertEqual([c for c in both if c not in ("file", "novelty")],
                             list(f["summary"]))
        self.assertIn("sync", results.axes(both))
        for files in ((copy,), (copy, self.path)):
            run = called(TOOL, *files, cwd=self.dir)
            self.assertEqual(run.returncode, 0, run.stderr)
        self.assertIn("another version", run.stderr)

    def test_planned_rows_of_an_old_file(self):
        """They held what the first permutation is like."""
        copy, f = self.altered("planned.h5")
        for name, cells in f["summary"].items():
            cells[3] = "planned" if name == "status" else cells[0]
        f.close()
        row = results.summary(copy).iloc[3]
        self.assertEqual((row["index"], row["tensor_bytes"], row["name"]),
                         (3, -1, ""))
        self.assertTrue(np.isnan(row["window"]))

    def test_another_schema(self):
        copy, f = self.altered("schema.h5")
        f.attrs.modify("schema_version", "17")
        f.close()
        df, said = silently(results.summary, copy)
        self.assertEqual(len(df), 4)
        self.assertEqual(len(said), 1)
        self.assert_sentence(said[0], copy, "schema version 17")

    def test_starts_that_are_not_there(self):
        copy, f = self.altered("starts.h5")
        del f["perm_0000/put_start"]
        f.close()
        rows = results.load_timings(copy, ["put_tensor"], [0])
        self.assertEqual(len(rows), 60)
        self.assertTrue(rows["start"].isna().all())


class Unfinished(RunTest):
    """What a srbench leaves that failed or was killed."""

    def setUp(self):
        super().setUp()
        self.out = self.dir / "run.h5"

    def test_failed(self):
        job = self.srbench(3, *NULL, "--null_client={client: 1, fail_at: 3}",
                           "--tensor_bytes=[4,8]", "--iterations=5",
                           f"--output={self.out}")
        self.assert_status(job, 1, failed=2)
        df = results.summary(self.out)
        self.assertEqual(df["status"].tolist(), ["failed"] * 2)
        self.assertTrue(df["window"].isna().all())
        self.assertEqual(results.permutation(self.out, 1).attrs["status"],
                         "failed")
        with self.assertRaisesRegex(results.ResultError, "no timings"):
            results.load_timings(self.out)
        run = called(TOOL, self.out, cwd=self.dir)
        self.assertEqual(run.returncode, 0, run.stderr)
        self.assertIn("0 of 2 permutations completed", run.stdout)
        self.assertIn(df["error"][0].split(",")[0], run.stdout)

    def test_killed(self):
        """Of permutations that never ran nothing is known but their number."""
        gate = self.gate(2, at=2)
        job = self.start(2, *NULL, "--tensor_bytes=[4,8,12,16]",
                         "--iterations=10", "--op_timeout=1h",
                         f"--output={self.out}", gate=gate)
        job.wait_until(lambda: gate.holds(job), "the third permutation")
        srbtest.kill_all(self.tmpdir)
        job.wait()
        raw = self.open(self.out)["summary"]
        self.assertEqual(raw["tensor_bytes"][:].tolist(), [4, 8, -1, -1])
        self.assertEqual(column(raw, "name")[2:], ["", ""])
        df = results.summary(self.out)
        self.assertEqual(df["status"].tolist(),
                         ["completed"] * 2 + ["planned"] * 2)
        self.assertEqual(df["index"].tolist(), [0, 1, 2, 3])
        self.assertEqual(df["tensor_bytes"].tolist(), [4, 8, -1, -1])
        self.assertEqual(df["name"].tolist()[2:], ["", ""])
        self.assertEqual(results.axes(df)[0], "tensor_bytes")
        self.assertEqual(results.load_timings(self.out)["permutation"].max(), 1)
        run = called(TOOL, self.out, cwd=self.dir)
        self.assertEqual(run.returncode, 0, run.stderr)
        self.assertIn("2 of 4 permutations completed", run.stdout)
        self.assertEqual(run.stdout.count(" planned "), 2, run.stdout)


class Damaged(OneFile):

    def read_all(self, path):
        """Everything the module does with a file."""
        results.summary(path)
        results.study(path)
        for i in (0, 3):
            results.permutation(path, i)
        results.load_timings(path)

    def assert_refused(self, path, *words):
        with self.assertRaises(results.ResultError) as caught:
            silently(self.read_all, path)
        self.assert_sentence(str(caught.exception), path, *words)

    def test_what_is_no_result(self):
        texts = self.dir / "text.h5"
        texts.write_text("not HDF5\n", encoding="utf-8")
        empty = self.dir / "empty.h5"
        empty.touch()
        foreign = self.dir / "foreign.h5"
        with h5py.File(foreign, "w") as f:
            f["data"] = [1, 2]
        other = self.dir / "summary.h5"
        with h5py.File(other, "w") as f:
            f["summary/status"] = ["completed"]
        for path, *words in ((texts, "not an HDF5 file"), (empty, "is empty"),
                             (foreign, "no /summary"), (other, "no column name"),
                             (self.dir, "directory"),
                             (self.dir / "none.h5", "no such file")):
            with self.subTest(file=path.name):
                self.assert_refused(path, *words)

    def test_one_sentence_on_the_command_line(self):
        texts = self.dir / "text.h5"
        texts.write_text("not HDF5\n", encoding="utf-8")
        run = called(TOOL, self.path, texts, cwd=self.dir)
        self.assertEqual((run.returncode, run.stdout), (2, ""))
        self.assert_sentence(run.stderr, texts, "not an HDF5 file")

    def test_cut_short(self):
        whole = self.path.read_bytes()
        copy = self.dir / "cut.h5"
        for part in (0.001, 0.1, 0.5, 0.9, 0.999):
            copy.write_bytes(whole[:int(len(whole) * part)])
            with self.subTest(part=part):
                self.assert_refused(copy)

    def test_bytes_overwritten(self):
        """Anywhere: read, or refused in one sentence. Not with zeros: in the heap
        of texts they send HDF5 1.10 into an endless loop."""
        whole = self.path.read_bytes()
        copy = self.dir / "torn.h5"
        refused = 0
        for at in np.linspace(8, len(whole) - 600, 15).astype(int):
            copy.write_bytes(whole[:at] + b"\x01" * 512 + whole[at + 512:])
            said = self.read_apart(copy)
            if said:
                refused += 1
                self.assert_sentence(said, copy)
        self.assertGreater(refused, 4)

    def read_apart(self, path):
        """What a file is refused with, "" where it is not; in a process of its
        own, since HDF5 1.10 itself dies of some (which counts for nothing)."""
        reads, writes = os.pipe()
        pid = os.fork()
        if pid == 0:
            said = ""
            try:
                silently(self.read_all, path)
            except results.ResultError as e:
                said = str(e)
            except BaseException:
                said = traceback.format_exc()
            finally:
                os.write(writes, said.encode())
                os._exit(0)
        os.close(writes)
        with open(reads, "rb") as pipe:
            said = pipe.read().decode()
        os.waitpid(pid, 0)
        return said

    def test_columns_of_unequal_length(self):
        copy, f = self.altered("short.h5")
        del f["summary/window"]
        f["summary/window"] = np.zeros(3)
        f.close()
        self.assert_refused(copy, "not of one length")

    def test_groups_that_are_missing(self):
        """/summary says completed, the group is not there."""
        copy, f = self.altered("groups.h5")
        del f["perm_0001"]
        f.close()
        rows = results.load_timings(copy)
        self.assertEqual(rows["permutation"].unique().tolist(), [0, 2, 3])
        with self.assertRaisesRegex(results.ResultError, "no permutation 1"):
            results.permutation(copy, 1)


class Table(OneFile):
    """What is printed."""

    ARGS = ("--tensor_bytes=[1024,65536]", "--clients_per_node=[1,2]",
            "--sync=[none,iteration]", "--pattern=[pair,phases]",
            "--transport=[tcp,unix]", "--socket_buffer=[65536,131072]",
            "--iterations=3", "--verify=none")

    def test_fits(self):
        run = tool(self.path)
        self.assertEqual(run.returncode, 0, run.stderr)
        self.assertLessEqual(max(map(len, run.stdout.splitlines())), 100)
        self.assertIn("64 of 64 permutations completed", run.stdout)
        rows = re.findall(r"(?m)^ *\d+ +completed .*$", run.stdout)
        self.assertEqual(len(rows), 64)

    def test_says_it_all(self):
        """Each row has its own figures, and every axis is told."""
        df = results.summary(self.path)
        table = results.in_table(df, width=100)
        for name in results.axes(df):
            joined = re.sub(r"\s+", "", table)
            self.assertTrue(name in joined or name.split("_")[0] + "_" in table
                            or df[name].astype(str).isin(["-1", "", "nan"]).all(), name)
        wide = results.in_table(df, width=1000)
        row = next(x for x in wide.splitlines()
                   if re.match(r" *37 +completed", x))
        self.assertIn(results.rate_in_words(df["window"][37]), row)
        self.assertIn(results.seconds_in_words(df["put_tensor_median"][37]), row)
        self.assertIn(f" {df['tensor_bytes'][37]} ", row)

    def test_reader_that_goes_away(self):
        run = subprocess.run(
            ["sh", "-c", '"$@" | head -n 2', "sh", sys.executable, TOOL,
             self.path],
            capture_output=True, text=True, timeout=300, encoding="utf-8")
        self.assertEqual((run.stderr, run.stdout.count("\n")), ("", 2))

    def test_words(self):
        for value, words in ((np.nan, "-"), (6.1e-5, "61.0 us"),
                             (9.9996e-4, "1.00 ms"), (4.2e-8, "42.0 ns"),
                             (12.0, "12.0 s"), (123.4, "123 s")):
            self.assertEqual(results.seconds_in_words(value), words)
        self.assertEqual(results.rate_in_words(5.35e7), "53.5 MB/s")

    def test_a_package_is_missing(self):
        for package in ("h5py", "pandas"):
            code = (f"import runpy, sys; sys.modules['{package}'] = None; "
                    f"runpy.run_path('{TOOL}', run_name='__main__')")
            run = subprocess.run([sys.executable, "-c", code], timeout=300,
                                 capture_output=True, text=True,
                      encoding="utf-8")
            self.assertEqual(run.returncode, 2)
            self.assertEqual(len(run.stderr.splitlines()), 1, run.stderr)
            self.assertIn(f"has no {package}", run.stderr)
            self.assertIn(f"python3-{package}", run.stderr)


class Memory(unittest.TestCase):
    """A file of 200 MB needs no 200 MB."""

    CLIENTS, ITERATIONS, PERMUTATIONS = 64, 50000, 2
    BOUND = 48  # MiB beyond what the interpreter and its packages take
    PROGRAM = """
import sys
sys.path.insert(0, {tools!r})
import srbench_results as results
def peak():  # ru_maxrss would begin with what the parent had
    with open("/proc/self/status") as f:
        return next(int(x.split()[1]) for x in f if x.startswith("VmHWM")) / 1024
path, keep = sys.argv[1], sys.argv[2] == "keep"
results.load_timings(path, permutations=[0], functions=["warmup_put_tensor"])
before, rows, kept = peak(), 0, []
for piece in results.timings(path, permutations=[0] if keep else None):
    rows += len(piece)
    kept = [*kept, piece] if keep else []
    if keep and len(kept) == 12:
        break
print(rows, peak() - before)
"""

    def synthetic(self, path):
        """The same layout; the timings are holes, so the disk holds little."""
        shape = (self.CLIENTS, self.ITERATIONS)
        columns = {"status": ["completed"] * self.PERMUTATIONS,
                   "name": ["large"] * self.PERMUTATIONS}
        with h5py.File(path, "w") as f:
            for name in ("status", "name", *map("axis_{}".format, range(20)),
                         "repetition"):
                f[f"summary/{name}"] = columns.get(name, np.arange(
                    self.PERMUTATIONS))
            f.attrs["schema_version"] = results.SCHEMA_VERSION
            for i in range(self.PERMUTATIONS):
                g = f.create_group(f"perm_{i:04d}")
                for name in ("put_tensor", "unpack_tensor", "put_start",
                             "unpack_start"):
                    g.create_dataset(name, shape, "f8", fillvalue=1e-4)
                g["warmup_put_tensor"] = np.ones((self.CLIENTS, 1))
                for name in ("rank", "node", "shard"):
                    g[f"client_{name}"] = np.arange(self.CLIENTS)

    def measure(self, path, how):
        run = subprocess.run(
            [sys.executable, "-c", self.PROGRAM.format(tools=str(TOOL.parent)),
             path, how], capture_output=True, text=True, timeout=1200,
                  encoding="utf-8")
        self.assertEqual(run.returncode, 0, run.stderr)
        rows, grown = run.stdout.split()
        return int(rows), float(grown)

    def test_stays_small(self):
        with tempfile.TemporaryDirectory(prefix="srbt-") as folder:
            path = Path(folder) / "large.h5"
            self.synthetic(path)
            rows, grown = self.measure(path, "drop")
            self.assertEqual(rows, 2 * self.PERMUTATIONS * self.CLIENTS
                             * self.ITERATIONS)
            self.assertLess(grown, self.BOUND, "MiB")
            # the measurement itself: twelve pieces that are kept show
            self.assertGreater(self.measure(path, "keep")[1], self.BOUND)


class Shell(OneFile):
    """tools/srbench-results: studies and figures for a shell."""

    PROGRAM = TOOL.parent / "srbench-results"

    def shell(self, *args, status=0, start=False):
        done = tool(*args, program=self.PROGRAM, cwd=self.dir) if start \
            else called(self.PROGRAM, *args, cwd=self.dir)
        self.assertEqual(done.returncode, status, done.stderr)
        self.said = done.stderr
        return done.stdout

    def test_table(self):
        """The same as of the module."""
        self.assertEqual(self.shell(self.path, start=True),
                         tool(self.path).stdout)

    def test_figures(self):
        df = results.summary(self.path)
        for how, sep in (("csv", ","), ("tsv", "\t")):
            printed = io.StringIO(self.shell(
                self.path, "--figure", "window", "put_tensor_median", "--format",
                how))
            got = pd.read_csv(printed, sep=sep)
            self.assertEqual(list(got), [
                "permutation", "clients_per_node", "tensor_bytes", "window",
                "put_tensor_median"])
            for name in got:
                np.testing.assert_allclose(got[name], df[name])
        rows = json.loads(self.shell(self.path, "--figure", "put_tensor_p99.9",
                                     "--format", "json"))
        self.assertEqual([r["tensor_bytes"] for r in rows], [1024, 4096] * 2)
        self.assertEqual({r["put_tensor_p99.9"] for r in rows}, {None})

    def test_words(self):
        words = self.shell(self.path, "--figure", "window", "client_cpu_share",
                           "--where", "tensor_bytes=4KiB", "--where",
                           "clients_per_node=3").splitlines()
        row = results.summary(self.path).iloc[3]
        self.assertEqual(words[-1].split(), [
            "3", *results.rate_in_words(row["window"]).split(),
            f"{row['client_cpu_share']:.4g}"])

    def test_names(self):
        names = dict(line.partition(" ")[::2] for line in self.shell(
            self.path, "--figure", "help").splitlines())
        self.assertEqual((names["window"], names["put_tensor_p99"]),
                         ("B/s", "s"))
        self.assertNotIn("tensor_bytes", names)

    def test_folder(self):
        """The oldest first; what is no result is named."""
        folder = self.dir / "results" / "some"
        folder.mkdir(parents=True)
        self.addCleanup(shutil.rmtree, self.dir / "results")
        for name, begun in (("b.h5", "2026-01-02T03:04:05Z"),
                            ("a.h5", "2026-05-02T03:04:05Z")):
            copy, f = self.altered(f"results/some/{name}")
            f.attrs["start_time"] = begun
            f.close()
        (folder / "c.h5").write_text("no", encoding="utf-8")
        lines = self.shell().splitlines()
        self.assertIn("c.h5: is not an HDF5 file", self.said)
        self.assertEqual([re.search(r"\S*\.h5", x)[0] for x in lines[1:]],
                         ["results/some/b.h5", "results/some/a.h5"])
        self.assertIn("2026-01-02 03:04:05", lines[1])
        self.assertIn(" 4/4 ", lines[1])
        self.assertTrue(lines[1].endswith("clients_per_node:2 tensor_bytes:2"))
        found = json.loads(self.shell("results", "--format", "json"))
        self.assertEqual(found[0]["varies"],
                         {"clients_per_node": 2, "tensor_bytes": 2})

    def test_refused(self):
        (self.dir / "empty").mkdir(exist_ok=True)
        for args, words in (
                ((), "there is no folder results here"),
                (("empty",), "empty: holds no result file"),
                ((self.path, "empty"), "cannot be shown together"),
                (("empty", "--figure", "window"), "are of files"),
                ((self.path, "--figure", "windw"), "windw: is no figure"),
                ((self.path, "--where", "tensor_bytes=1MiB"),
                 "nothing has that; tensor_bytes is 1024, 4096")):
            with self.subTest(args=args):
                self.assertEqual(self.shell(*args, status=2), "")
                self.assert_sentence(self.said, words)


if __name__ == "__main__":
    main()
