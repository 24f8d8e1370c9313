# ctest: label=fast runner=pytest computes
"""tools/srbench-report: the page says what the file says, is whole and needs
nothing else; damaged, partial and old files end in a sentence or a page."""
import csv
import io
import json
import math
import os
import re
import shutil
import subprocess
import sys
import unittest
import warnings
from contextlib import redirect_stdout
from html.parser import HTMLParser

import h5py
import numpy
import pandas

from resultfile import called, tool
from srbtest import SERVER, SOURCE, RunTest, column, main

sys.path.insert(0, str(SOURCE / "tools"))
from srbench_report import (answer, charts, cli, digest,  # noqa: E402
                            inference, page, pictures, steps, study, svg,
                            verdicts, words)
from srbench_results import ResultError, ResultWarning  # noqa: E402

REPORT = SOURCE / "tools/srbench-report"
TIMEOUT = 600
# Runs a program that does not find these packages.
HIDES = """import importlib.util, runpy, sys
names, find = sys.argv[1].split(","), importlib.util.find_spec
class Hidden:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in names:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)
sys.meta_path.insert(0, Hidden())
importlib.util.find_spec = lambda n, p=None: None if n in names else find(n, p)
del sys.argv[:2]
runpy.run_path(sys.argv[0], run_name="__main__")
"""
VOID = {"meta", "link", "input", "br", "hr", "img"}


class Document(HTMLParser):
    """A page, parsed; whatever is not well-formed is in .faults."""

    def __init__(self, source):
        super().__init__(convert_charrefs=True)
        self.stack, self.faults, self.ids, self.refs = [], [], [], []
        self.charts, self.labels, self.scripts, self.words = [], 0, [], []
        self.sections = {}
        self.feed(source)
        self.close()
        if self.stack:
            self.faults.append(f"never closed: {self.stack}")

    def handle_starttag(self, tag, attrs):
        attrs = dict(attrs)
        if "id" in attrs:
            self.ids.append(attrs["id"])
        for name in ("aria-labelledby", "for", "href"):
            for ref in attrs.get(name, "").split():
                if name != "href" or ref.startswith("#"):
                    self.refs.append(ref.lstrip("#"))
        if tag == "svg" and attrs.get("role") == "img":
            self.charts.append(set())
        if tag in ("title", "desc") and self.charts and "svg" in self.stack:
            self.charts[-1].add(tag)
        if tag in ("select", "input") and "label" not in self.stack:
            self.faults.append(f"{tag} {attrs} without a label")
        if tag not in VOID:
            self.stack.append(tag)
        if tag == "section":
            self.sections[attrs.get("id")] = ""

    def handle_startendtag(self, tag, attrs):
        self.handle_starttag(tag, attrs)
        if tag not in VOID:
            self.stack.pop()

    def handle_endtag(self, tag):
        if not self.stack or self.stack[-1] != tag:
            self.faults.append(f"</{tag}> within {self.stack[-3:]}")
        else:
            self.stack.pop()

    def handle_data(self, data):
        if self.stack and self.stack[-1] == "script":
            self.scripts.append(data)
        elif self.sections:
            self.sections[list(self.sections)[-1]] += data

    @property
    def data(self):
        return json.loads(self.scripts[0])


class ReportTest(RunTest):
    """Pages are made within this process, which is quicker."""

    def setUp(self):
        super().setUp()
        self.addCleanup(os.chdir, os.getcwd())
        os.chdir(self.dir)

    def open(self, path):
        """As in the tool: HDF5 refuses one file with and without locks."""
        f = h5py.File(path, "r", locking=False)
        self.addCleanup(f.close)
        return f

    def tool(self, *args, returncode=0, start=False):
        """The program itself, started or called."""
        if start:
            done = tool(*args, program=REPORT, cwd=self.dir, timeout=TIMEOUT)
        else:
            done = called(REPORT, *args, cwd=self.dir)
        self.assertEqual(done.returncode, returncode, done.stderr)
        if returncode == 0:
            self.assertEqual(done.stderr, "")
        else:
            self.assertEqual(done.stdout, "")
            self.assertRegex(done.stderr, r"\Asrbench-report: .*\n\Z")
        return done

    def report(self, *args, warns=False):
        """The page of some files, checked as every page is."""
        with warnings.catch_warnings(), redirect_stdout(io.StringIO()):
            warnings.simplefilter("error")
            if warns:
                warnings.simplefilter("ignore", ResultWarning)
            self.assertEqual(cli.main([*args, "-o", "page.html",
                                       "--overwrite"]), 0)
        source = (self.dir / "page.html").read_text(encoding="utf-8")
        found = Document(source)
        self.assertEqual(found.faults, [])
        self.assertEqual(len(found.ids), len(set(found.ids)), "ids twice")
        self.assertLessEqual(set(found.refs), set(found.ids))
        for chart in found.charts:
            self.assertEqual(chart, {"title", "desc"})
        self.assertNotRegex(source, r"https?://|src=|@import|url\(")
        self.assertNotRegex(source, r"\bNaN\b|\bnan\b|\binf\b")
        return found

    def refused(self, *args):
        """The one sentence about a file or a wish that cannot be served."""
        with self.assertRaises(ResultError) as caught:
            cli.main([*args, "-o", "none.html"])
        self.assertNotIn("\n", str(caught.exception))
        self.assertFalse((self.dir / "none.html").exists())
        return str(caught.exception)

    def assert_table_is(self, found, path):
        """The page's table holds the numbers of /summary, to the last bit."""
        f = self.open(path)["summary"]
        names = [c[0] for c in found.data["columns"]]
        self.assertEqual(found.data["names"], column(f, "name"))
        for at, name in enumerate(names):
            if name in f and found.data["columns"][at][2] not in ("text", "flags"):
                for row, value in zip(found.data["rows"], column(f, name)):
                    said = row[at]
                    if said is None:
                        self.assertTrue(math.isnan(value), f"{name}: {value}")
                    else:
                        self.assertEqual(said, value, name)
        self.assertIn("put_tensor_median", names)
        self.assertIn("window", names)
        return names


class Runs(ReportTest):
    def test_sweep(self):
        """Four axes without a server: every figure, table, CSV, choices."""
        self.srbench(4, "throughput_standard", "--virtual_nodes=4",
                     "--client=null", "--db_exe=null", "--client_nodes=[1,2]",
                     "--db_nodes=[1,2]", "--tensor_bytes=[1024,65536]",
                     "--iterations=60", "--sync=[none,start]",
                     "--output=a.h5")
        found = self.report("a.h5", "--csv", "a.csv", "--title", "A <b> & c")
        names = self.assert_table_is(found, self.dir / "a.h5")
        self.assertLessEqual({"place", "clients", "sync", "tensor_bytes"},
                             set(names))
        self.assertEqual(len(found.data["rows"]), 16)
        self.assertLessEqual(
            {"bandwidth", "nodes", "clients", "size", "percentiles", "heat",
             "iterations", "each", "cpu", "shards", "timeline", "sureness"},
            set(found.sections))
        self.assertNotIn("floor", found.sections)
        self.assertIn("floor was not swept", (self.dir / "page.html").read_text(encoding="utf-8"))
        self.assertIn("Nothing here is a database", found.sections["answer"])
        self.assertIn("4 virtual nodes on 1 host", found.sections["answer"])
        # all placements, client counts and syncs are series of one figure
        for each in ("1 database node, 1 client, sync none",
                     "2 database nodes, 2 clients, sync start"):
            self.assertIn(each, found.sections["bandwidth"])
        self.assertIn("scaling efficiency", found.sections["nodes"])
        self.assertRegex(found.sections["answer"],
                         "Database nodes, 1 to 2: (bandwidth x|no difference|equal)")
        with open(self.dir / "a.csv", encoding="utf-8") as f:
            rows = list(csv.DictReader(f))
        window = self.open(self.dir / "a.h5")["summary/window"][...]
        self.assertEqual([float(r["window"]) for r in rows], window.tolist())

        found = self.report("a.h5", "--where", "sync=none", "--where",
                            "db_nodes=2", "--timeline", "9")
        self.assertEqual(len(found.data["rows"]), 4)
        self.assertNotIn("sync", [c[0] for c in found.data["columns"]])
        self.assertIn("sync none", found.sections["answer"])
        for args, words_ in (
                (["--where", "sync=never"], "no permutation has that"),
                (["--where", "colour=red"], "no such column"),
                (["--timeline", "77"], "no such permutation")):
            self.assertIn(words_, self.refused("a.h5", *args))
        with self.assertRaisesRegex(ResultError, "no/such/page.html: No such"):
            cli.main(["a.h5", "-o", "no/such/page.html"])
        self.damaged(self.dir / "a.h5")

    def damaged(self, path):
        """Files made from a good one."""
        whole = path.read_bytes()
        for name, content, said in (
                ("cut.h5", whole[:len(whole) // 3], "damaged"),
                ("empty.h5", b"", "empty"),
                ("text.h5", b"not HDF5\n" * 100, "not an HDF5 file"),
                ("missing.h5", None, "no such file")):
            with self.subTest(name):
                if content is not None:
                    (self.dir / name).write_bytes(content)
                self.assertRegex(self.refused(name), f"{name}: .*{said}")
        self.assertIn("damaged", self.tool("cut.h5", returncode=2, start=True).stderr)
        with h5py.File(self.dir / "other.h5", "w") as f:
            f["x"] = 1
        self.assertIn("summary", self.refused("other.h5"))

        shutil.copy(path, self.dir / "partial.h5")
        with h5py.File(self.dir / "partial.h5", "r+") as f:
            for i in (14, 15):
                del f[f"perm_{i:04d}"]
                f["summary/status"][i] = "planned"
            del f["perm_0003/put_tensor"]
            del f["hosts"]
        found = self.report("partial.h5")
        self.assertIn("2 planned", "".join(found.sections.values())
                      + (self.dir / "page.html").read_text(encoding="utf-8"))
        self.assertEqual([r[-1] for r in found.data["rows"][14:]],
                         ["had not run when srbench ended"] * 2)

        shutil.copy(path, self.dir / "old.h5")
        with h5py.File(self.dir / "old.h5", "r+") as f:
            for name in list(f["summary"]):
                if re.search("low|high|repeat|floor|flags|method|sync|cpu", name):
                    del f["summary"][name]
        found = self.report("old.h5", warns=True)
        self.assertIn("older srbench", found.sections["run"])
        self.assert_table_is(found, self.dir / "old.h5")

        found = self.report("a.h5", "old.h5", warns=True)
        self.assertEqual(len(found.data["rows"]), 32)
        self.assertIn("file", [c[0] for c in found.data["columns"]])

    def test_real(self):
        """Redis beside the floor, three repetitions, and a client that fails."""
        self.srbench(2, "--db_exe=[redis-server,floor]", "--repetitions=3",
                     "--client=[socket,null]", "--tensor_bytes=[1024,262144]",
                     "--iterations=40", "--null_client={fail_at: 5}",
                     "--output=r.h5")
        found = self.report("r.h5")
        names = self.assert_table_is(found, self.dir / "r.h5")
        f = self.open(self.dir / "r.h5")["summary"]
        table = pandas.DataFrame({n: column(f, n) for n in f if f[n].ndim == 1})
        failed = table[table["status"] == "failed"]
        self.assertEqual(len(failed), 12)
        for i in failed["index"]:
            row = dict(zip(names, found.data["rows"][i]))
            self.assertEqual(row["status"], "failed")
            self.assertEqual(row["error"], failed.loc[i, "error"])
            self.assertIsNone(row["window"])
        said = found.sections["answer"]
        self.assertIn("The built-in server (floor)", said)
        self.assertNotIn("server floor", said)
        done = table[(table["status"] == "completed")
                     & (table["db_exe"] == "redis-server")
                     & (table["repetitions_done"] == 3)]
        self.assertEqual(len(done), 2)
        for _, r in done.iterrows():
            for value in (r["window_repeated"], r["window_repeated_low"],
                          r["window_repeated_high"]):
                self.assertIn(words.rate(value), said)
            for op in ("put_tensor", "unpack_tensor"):
                self.assertIn(words.seconds(r[f"{op}_repeated"]), said)
        self.assertIn("over 3 repetitions", said)
        self.assertRegex(said, r"12 of 24 permutations failed: ")
        self.assert_configurations(found, done)
        for share in table["window_of_floor"].dropna().groupby(
                table["tensor_bytes"]).median():
            self.assertIn(words.share(share), found.sections["floor"])
        self.assertIn(SERVER, found.sections["run"])
        self.assertIn("--null_client={fail_at: 5}", found.sections["run"])

        self.pictures(found)

    def assert_configurations(self, found, done):
        """One row of those that repetitions have in common."""
        of = found.data["configurations"]
        names = [c[0] for c in of["columns"]]
        rows = [dict(zip(names, r)) for r in of["rows"]]
        self.assertEqual(len(rows), 4)
        for _, r in done.iterrows():
            self.assertIn(r["window_repeated"], [x["window"] for x in rows])
        self.assertEqual({r["repetitions"] for r in rows}, {3})
        self.assertLess(names.index("window"), names.index("server"))

    def pictures(self, found):
        """Named for what they show, and of no other study than the page."""
        args = ("--where", "db_exe=floor", "--where", "client=socket")
        said = self.tool("r.h5", "--png", "png", "--svg", "svg", *args).stdout
        for kind, magic in (("png", b"\x89PNG\r\n\x1a\n"), ("svg", b"<?xml")):
            drawn = sorted((self.dir / kind).iterdir())
            self.assertEqual(len(drawn), said.count(f".{kind}"))
            self.assertLessEqual({"bandwidth", "percentiles-put_tensor",
                                  "percentiles-unpack_tensor", "size"},
                                 {p.stem for p in drawn})
            for p in drawn:
                self.assertEqual(p.read_bytes()[:len(magic)], magic, p)
        words_ = (self.dir / "svg/percentiles-put_tensor.svg").read_text(encoding="utf-8")
        for each in ("Percentiles up to the last sample", "99 %", "256 KiB"):
            self.assertIn(f">{each}<", words_)  # as text, not as outlines

    def test_another_study(self):
        """What is of another study is neither replaced nor mixed with."""
        for name in ("a", "b"):
            self.srbench(1, "--client=null", "--db_exe=null", "--iterations=5",
                         f"--exp_name={name}", f"--output={name}.h5")
        args = ("-o", "page.html", "--png", "png")
        self.tool("a.h5", *args)
        self.tool("a.h5", *args)  # again is no harm
        (self.dir / "png/mine.png").write_bytes(b"mine")
        (self.dir / "png/size-of-it.png").write_bytes(
            (self.dir / "png/size.png").read_bytes())
        before = (self.dir / "page.html").read_bytes()
        self.assertRegex(self.tool("b.h5", "-o", "page.html", returncode=2).stderr,
                         r"page.html: is the report of another study \(a\); ")
        said = self.tool("b.h5", "-o", "b.html", "--png", "png", returncode=2)
        self.assertRegex(said.stderr, r"png: holds \d+ pictures of another study")
        self.assertFalse((self.dir / "b.html").exists())
        (self.dir / "notes.html").write_text("<p>mine", encoding="utf-8")
        self.assertIn("no report of srbench", self.tool(
            "b.h5", "-o", "notes.html", returncode=2).stderr)
        self.assertEqual((self.dir / "page.html").read_bytes(), before)
        self.tool("b.h5", *args, "--overwrite")
        self.assertNotEqual((self.dir / "page.html").read_bytes(), before)
        self.assertFalse((self.dir / "png/size-of-it.png").exists())
        self.assertEqual((self.dir / "png/mine.png").read_bytes(), b"mine")

    def test_missing_packages(self):
        """Named all at once, and only where they are needed."""
        self.srbench(1, "--client=null", "--db_exe=null", "--iterations=5",
                     "--output=a.h5")
        for names, args, needed in (
                (["matplotlib", "xarray"], [], False),
                (["matplotlib"], ["--png", "png"], True),
                (["pandas", "h5py"], [], True)):
            with self.subTest(names):
                done = subprocess.run(
                    [sys.executable, "-c", HIDES, ",".join(names), str(REPORT),
                     "a.h5", "-o", "x.html", *args], cwd=self.dir, timeout=TIMEOUT,
                    capture_output=True, text=True, check=False, encoding="utf-8")
                self.assertEqual(done.returncode, 2 if needed else 0, done.stderr)
                for name in names * needed:
                    self.assertIn(f"python3-{name}", done.stderr)
                    self.assertRegex(done.stderr, f"pip install .*{name}")
                self.assertLessEqual(done.stderr.count("\n"), 1)

    def test_text(self):
        """The answer alone, and no page."""
        self.srbench(1, "--client=null", "--db_exe=null", "--iterations=60",
                     "--tensor_bytes=[1KiB,1MiB]", "--exp_name=mine",
                     "--output=a.h5")
        said = self.tool("a.h5", "--text", start=True).stdout
        for line in ("srbench: mine", r"\* Tensor size, 1 KiB to 1 MiB: bandwidth x",
                     "Largest bandwidth: .* with tensors of 1 [KM]iB",
                     "  shortest median put_tensor: .*within this run"):
            self.assertRegex(said, f"(?m)^{line}")
        self.assertFalse((self.dir / "report.html").exists())
        with h5py.File(self.dir / "a.h5", "r+") as f:
            f.attrs["verdicts"] = "Said when it ended."
        self.assertIn("\n* Said when it ended.\n", self.tool("a.h5", "--text").stdout)
        self.assertNotIn("Said when", self.tool(
            "a.h5", "--text", "--where", "tensor_bytes=1024").stdout)

    def test_verdicts_are_the_file_s(self):
        """The sentences of this tool are those that srbench wrote."""
        self.srbench(4, "--experiment=[throughput_standard,throughput_colocated]",
                     "--virtual_nodes=2", "--client=null", "--db_exe=null",
                     "--client_nodes=1", "--tensor_bytes=[1KiB,64KiB]",
                     "--clients_per_node=[1,2]", "--transport=[tcp,unix]",
                     "--null_client={delay: 100us}", "--repetitions=3",
                     "--iterations=20", "--output=v.h5")
        own = self.open("v.h5").attrs.get("verdicts")
        if own is None:
            self.skipTest("this srbench writes no verdicts")
        of = study.load(["v.h5"])
        self.assertEqual(
            [x for x in own.splitlines() if not x.startswith("Every config")],
            verdicts.sentences(of.configs, of.varying))

    def test_many_sizes(self):
        """Some are told, evenly chosen, on the page and as text."""
        sizes = ",".join(str(4 * k) for k in range(1, 81))
        self.srbench(1, "--client=null", "--db_exe=null", "--iterations=5",
                     f"--tensor_bytes=[{sizes}]", "--output=many.h5")
        found = self.report("many.h5")
        said = found.sections["answer"]
        self.assertIn("24 of 80 tensor sizes are shown, evenly chosen", said)
        self.assertEqual(said.count("95 %: ") // 3, 24)
        self.assertEqual(len(found.data["rows"]), 80)
        text = self.tool("many.h5", "--text").stdout
        self.assertIn("24 of 80 tensor sizes are shown", text)
        self.assertIn("\n4 B\n", text)
        self.assertIn("\n320 B\n", text)
        self.assertNotIn("\n8 B\n", text)
        source = (self.dir / "page.html").read_text(encoding="utf-8")
        # no marks upon marks, and no panel of servers that there are not
        of = re.search(r'<section id="bandwidth">.*?</section>', source, re.S)[0]
        self.assertTrue(20 < of.count('<path class="p s0"') <= 2 * charts.MOST_MARKS)
        self.assertIn("CPU time of all clients", source)
        self.assertNotIn("CPU time of all servers", source)
        self.assertRegex(source, r"clock_read_cost</th><td>\S+ [nµ]s</td>")

    def test_two_placements(self):
        """What one placement does not have is no axis, and not told."""
        self.srbench(4, "--experiment=[throughput_standard,throughput_colocated]",
                     "--virtual_nodes=2", "--client=null", "--db_exe=null",
                     "--clients_per_node=[1,2]", "--client_nodes=1",
                     "--tensor_bytes=1024", "--iterations=20",
                     "--output=both.h5")
        found = self.report("both.h5")
        names = self.assert_table_is(found, self.dir / "both.h5")
        self.assertLessEqual({"place", "clients"}, set(names))
        self.assertFalse({"keys", "db_cluster", "db_shards_per_node"}
                         & set(names))
        self.assertEqual({r[names.index("place")] for r in found.data["rows"]},
                         {"colocated", "1 database node"})
        for words_ in ("-1", "keys –", "cluster –"):
            self.assertNotIn(words_, found.sections["answer"])
        self.assertIn("keys smartsim", found.sections["answer"])

    def test_nothing_completed(self):
        """All failed: still a page, with every reason."""
        self.srbench(2, "--client=null", "--db_exe=null", "--iterations=5",
                     "--tensor_bytes=[1024,2048]", "--null_client={fail_at: 2}",
                     "--output=f.h5")
        found = self.report("f.h5")
        self.assertIn("No permutation completed", found.sections["answer"])
        self.assertIn("2 failed", found.sections["answer"])
        self.assertEqual([r[1] for r in found.data["rows"]], ["failed"] * 2)
        self.assertTrue(all(r[-1] for r in found.data["rows"]))


class Words(unittest.TestCase):
    def test_numbers(self):
        for told, expected in (
                (words.seconds(4.39e-3), "4.39 ms"),
                (words.seconds(6.1e-5), "61.0 µs"),
                (words.seconds(0.0009999), "1.00 ms"),
                (words.seconds(2.5), "2.50 s"), (words.seconds(3e-8), "30.0 ns"),
                (words.seconds(float("nan")), "–"),
                (words.rate(2.73e9), "2.73 GB/s"), (words.rate(391e6), "391 MB/s"),
                (words.size(1024), "1 KiB"), (words.size(4096000), "3.91 MiB"),
                (words.size(4), "4 B"), (words.share(0.594), "59.4 %"),
                # as src/base/units.c has them
                (words.size(32769), "32769 B"), (words.size(262152), "256.0 KiB"),
                (words.size(1024000), "1000 KiB"), (words.size(2**42 + 1), "4.00 TiB"),
                (words.share(0.001), "0.100 %"),
                (words.phrase("clients", 1), "1 client"),
                (words.phrase("clients", 4.0), "4 clients"),
                (words.phrase("clients", 5760000.0), "5760000 clients"),
                (words.value("db_cpus", 8.0), "8"),
                (words.phrase("pin_app_cpus", 1), "clients pinned"),
                (words.phrase("transport", "unix"), "transport unix"),
                (words.phrase("keys", ""), ""),
                (words.phrase("db_cluster", numpy.int64(-1)), ""),
                (words.phrase("db_cluster", numpy.int64(0)),
                 "independent servers"),
                (words.phrase("place", "colocated"), "colocated databases"),
                (words.phrase("tensor_bytes", 2048), "tensors of 2 KiB"),
                (words.value("socket_buffer", -1), "auto"),
                (words.value("db_cluster", -1), "–"),
                (words.listed(["a", "b", "c", "d"]), "a; b; c; and 1 more"),
                (words.listed(["a", "b"], between="; with "), "a; with b"),
                (study.place("throughput_colocated", -1), "colocated"),
                (study.place("throughput_standard", 4), "4 database nodes")):
            self.assertEqual(told, expected)

    def test_times_that_are_axes(self):
        """As they were asked for; of words among them none is a number."""
        self.assertEqual([words.value("compute", v) for v in (0.03147, 0, 1.5)],
                         ["31.47 ms", "0 s", "1.5 s"])
        self.assertEqual(words.value("wait", "spin"), "spin")

    def test_every_flag_is_explained(self):
        source = (SOURCE / "src/results/record.c").read_text(encoding="utf-8")
        table = source[source.index("} flags[] = {"):]
        known = re.findall(r'\{"(\w+)",', table[:table.index("};")])
        known += re.findall(r'#define SRB_FLOOR_BEATEN "(\w+)"', (
            SOURCE / "src/results/verdict.h").read_text(encoding="utf-8"))
        self.assertEqual(list(words.FLAGS), known)


class Axes(unittest.TestCase):
    def test_logarithmic(self):
        axis = svg.log_axis("time", [1e-5, 1e-2, 0, float("nan")], words.seconds)
        self.assertAlmostEqual(axis.at(axis.lo), 0)
        self.assertAlmostEqual(axis.at(axis.hi), 1)
        self.assertEqual([t for _, t in axis.ticks],
                         ["10 µs", "100 µs", "1 ms", "10 ms"])
        self.assertFalse(axis.holds(0))

    def test_a_scale_can_be_read(self):
        """Of however little, two numbers at least stand at it."""
        for ends in ((28e-6, 33e-6), (5, 5), (1, 1.001), (2.5e-5, 3.6e-5), (9, 1e6)):
            axis = svg.log_axis("time", ends, words.plain)
            self.assertGreaterEqual(len(axis.ticks), 2, ends)
            self.assertLessEqual(len(axis.ticks), 9, ends)
            self.assertTrue(all(axis.lo <= t <= axis.hi for t, _ in axis.ticks))

    def test_sizes_are_at_powers_of_two(self):
        axis = svg.linear_axis("memory", [0.0, 13.2e6], words.size, binary=True)
        self.assertEqual([t for _, t in axis.ticks],
                         ["0", "4 MiB", "8 MiB", "12 MiB"])

    def test_a_word_at_a_line_leaves_the_title_alone(self):
        """Above the panel where there is room, else beside the line."""
        for at, where in ((50, "start"), (790, "middle")):
            x = svg.linear_axis("rate", [0.0, 800.0], words.plain)
            panel = svg.Panel("256 KiB", "", x, svg.linear_axis(
                "time", [0.0, 1.0], words.seconds))
            panel.upright(at, "knee")
            mark, = (m for m in panel.shapes() if isinstance(m, svg.Text)
                     and m.words == "knee")
            self.assertEqual(mark.anchor, where)

    def test_linear(self):
        axis = svg.linear_axis("rate", [0.3e9, 0.95e9], words.rate)
        self.assertEqual(axis.lo, 0)
        self.assertGreaterEqual(axis.hi, 0.95e9)
        self.assertTrue(4 <= len(axis.ticks) <= 6, axis.ticks)

    def test_what_is_below_zero_has_room(self):
        axis = svg.linear_axis("overhead", [-0.2, -0.1], words.share)
        self.assertLess(axis.lo, -0.2)
        self.assertEqual(axis.hi, 0)

    def test_hard_values(self):
        for values in ([], [0.0], [float("nan")], [5.0], [5.0, 5.0], [-1, 1]):
            for make in (svg.linear_axis, svg.log_axis):
                with self.subTest(values=values, make=make.__name__):
                    axis = make("x", values, words.plain)
                    self.assertLess(axis.lo, axis.hi)
                    self.assertTrue(axis.ticks)

    def test_marks_stay_in_the_panel(self):
        axis = svg.linear_axis("x", [0, 10], words.plain)
        panel = svg.Panel("t", "d", axis, axis)
        self.assertEqual(panel.px(0), svg.LEFT)
        self.assertEqual(panel.py(0), svg.HEIGHT - svg.BOTTOM)
        panel.line(0, [(0, 0), (5, float("nan")), (10, 10)])
        drawn = panel.svg()
        self.assertIn(f"M{svg.LEFT} {svg.HEIGHT - svg.BOTTOM}L", drawn)
        self.assertNotIn("nan", drawn)

    def test_words_at_an_axis_do_not_touch(self):
        """Those of the default study's eleven sizes, for one."""
        sizes = [1024, 8192, 16384, 32769, 65538, 131076, 262152, 524304, 1024000,
                 2048000, 4096000]
        for width in (svg.WIDTH, svg.BROAD):
            x = svg.points_axis("tensor size", sizes, words.size, True)
            panel = svg.Panel("t", "d", x, x, width)
            said = [s for s in panel.shapes() if isinstance(s, svg.Text)
                    and s.anchor == "middle" and s.words.endswith("iB")]
            for a, b in zip(said, said[1:]):
                self.assertGreater(b.x - svg.wide(b.words) / 2,
                                   a.x + svg.wide(a.words) / 2)
            self.assertEqual((said[0].words, said[-1].words),
                             ("1 KiB", "3.91 MiB"))
            self.assertGreaterEqual(len(said), 4)

    def test_apart(self):
        ticks = [(float(i), "x") for i in range(10)]
        kept = svg.apart(ticks, lambda _: 2.0)
        self.assertEqual([at for at, _ in kept], [0, 2, 4, 6, 9])
        self.assertEqual(svg.apart(ticks[:2], lambda _: 9.0), ticks[:1])

    def test_a_whisker_that_leaves_the_panel(self):
        """It has an arrow and words; one that leaves it at both ends is no use, and
        its mark says so."""
        axis = svg.linear_axis("", [0, 10], str)
        inside, cut, lost = (svg.Panel("t", "d", axis, axis) for _ in range(3))
        inside.whisker(0, 5, 2, 8, words="2 to 8")
        cut.whisker(0, 5, 2, 80, words="2 to 80")
        lost.whisker(0, 5, -20, 80, words="-20 to 80")
        whiskers = [[m for m in p.shapes() if getattr(m, "style", "") == "w"]
                    for p in (inside, cut, lost)]
        self.assertEqual([len(w) for w in whiskers], [1, 1, 0])
        self.assertEqual([p.beyond for p in (inside, cut, lost)],
                         [False, True, False])
        self.assertEqual([w[0].words for w in whiskers[:2]], ["", "2 to 80"])
        head = whiskers[1][0].pieces[2][0]
        self.assertEqual(head[1], (cut.px(5), cut.py(axis.hi)))
        self.assertGreater(min(head[0][1], head[2][1]), head[1][1])
        shown = charts.Variant("", [inside, cut], [], charts.Table([]))
        self.assertEqual([e.text for e in shown.entries],
                         ["goes on beyond the panel"])
        self.assertEqual(charts.Variant("", [inside], [],
                                        charts.Table([])).entries, [])
        log = svg.Panel("t", "d", axis, svg.log_axis("", [1, 10], str))
        rows = pandas.DataFrame({"clients": [1, 2], "a": [3.0, 3.0],
                                 "a_low": [2.0, 1e-3], "a_high": [4.0, 1e3]})
        charts.curve(log, charts.Series(0, "", rows, 0), "clients", "a", str)
        dots = [m for m in log.shapes() if isinstance(m, svg.Dot)]
        self.assertEqual([d.hollow for d in dots], [False, True])
        self.assertIn('class="p v s0"', dots[1].svg())
        self.assertEqual([(e.kind, e.text) for e in charts.Variant(
            "", [log], [], charts.Table([])).entries],
            [("hollow", "unknown: interval wider than the panel")])
        self.assertIn('class="p v s8"', svg.key(svg.SERIES, "hollow"))
        across = svg.Panel("t", "d", axis, axis)
        across.across(0, 5, -20, 80, "-20 to 80")
        self.assertTrue(across.beyond)

    def test_a_wide_interval_flattens_nothing(self):
        """In whatever chart: the axis is of the figures."""
        rows = pandas.DataFrame({"a": [1.0, 2, 3], "a_low": [.9, 1.8, .01],
                                 "a_high": [1.1, 2.2, 900]})
        self.assertEqual(sorted(charts.span(rows, "a")),
                         [.01, .9, 1, 1.1, 1.8, 2, 2.2, 3, 4.5])
        self.assertEqual((min(charts.span(rows, "a", log=True)),
                          max(charts.span(rows, "a", log=True))), (1 / 3, 9))
        self.assertEqual(charts.span(rows.assign(a=math.nan), "a"), [])
        self.assertEqual(sorted(charts.span(rows[:1].assign(a=-2.0), "a")),
                         [-2, 0.9, 1.0])
        part = configs(near(1), near(2), near(3), clients=[1, 2, 3],
                       run_model_median=1.0, batch_size=0).assign(
            each=rows["a"], each_low=rows["a_low"], each_high=rows["a_high"],
            overhead=rows["a"], overhead_low=rows["a_low"],
            overhead_high=rows["a_high"], exchange_overhead=0.1,
            compute_slowdown=0.1, compute=1.0, compute_alone=1.0, step_median=1.0)
        rate, = inference._rate_variant("clients", "", part, ["batch_size"])
        cost, = steps._overhead_variant("compute", "", part, ["batch_size"])
        for panel in (rate.panels[0], cost.panels[0]):
            self.assertLess(panel.y.hi, 5)
            self.assertTrue(panel.beyond)

    def test_efficiency_has_the_doubt_of_both(self):
        """A ratio of two bandwidths: 95 % of each over three repetitions is 4.303
        standard errors, and of the ratio 4.303 again where one is exact (2 degrees
        of freedom) and 2.776 where both are as unsure (4)."""
        for at, given, low, high in (
                (2, (near(100, 1.1), near(150, 1.1)), 0.75, 2.776 / 4.303 * 2 ** .5),
                (4, (near(100, 1.0), near(200, 1.2)), 0.5, 1.0),
                (2, (near(100, 1.2), near(240, 1.0)), 1.2, 1.0)):
            rows = configs(*given, clients=[1, at])
            share, half = low, high * math.log(max(r[2] / r[0] for r in given))
            found = charts.scaling(charts.Series(0, "", rows[::-1], 0), "clients")
            one, more = found.rows.to_dict("records")
            self.assertEqual(one["efficiency"], 1)
            self.assertTrue(math.isnan(one["efficiency_low"]))
            for end, by in (("", 0), ("_low", -half), ("_high", half)):
                self.assertAlmostEqual(more[f"efficiency{end}"],
                                       share * math.exp(by), 3)

    def test_efficiency_is_drawn_and_told(self):
        """With its whisker, in words and in the table; of one run, too."""
        spans = {f"{op}{end}": v for op in study.OPS for end, v in
                 (("", 1.0), ("_low", 0.9), ("_high", 1.1))}
        method = "within this run: Woodruff, over 8 clients"
        for repetitions, told in ((3, "73.7 % to 76.4 %"), (1, "68.5 % to 82.1 %")):
            rows = configs(near(100), near(150), clients=[1, 2], ops=1.0,
                           repetitions=repetitions, interval_method=method, **spans)
            if repetitions == 1:
                rows[["window_low", "window_high"]] = math.nan
            of = study.Study([], rows, rows, [], [], [], [], [], [])
            chart = charts.against_clients(of, None)
            self.assertIn("Its whiskers: the 95 % interval", chart.caption)
            shown, = chart.variants
            share = shown.panels[1]
            self.assertEqual(share.title, "1 KiB: scaling efficiency")
            self.assertEqual([m.words for m in share.shapes()
                              if getattr(m, "style", "") == "w"], [""])
            self.assertGreater(len([m for m in shown.panels[0].shapes()
                                    if getattr(m, "style", "") == "w"]), 1)
            first, second = (dict(zip(shown.table.head, r))
                             for r in shown.table.rows)
            self.assertEqual(first["its 95 % interval"], "–")
            self.assertEqual(second["its 95 % interval"], told)
            self.assertNotEqual(first["95 % interval"], "–")

    def test_tail(self):
        """Nines, and a place for the last sample."""
        axis = svg.tail_axis(1000)
        self.assertEqual([t for _, t in axis.ticks],
                         ["50 %", "90 %", "99 %", "99.9 %"])
        self.assertLess(axis.at(2000), 1)

    def test_marks_do_not_cover_each_other(self):
        """Where there are very many, however these lie; else all are drawn."""
        for at in ([k ** 0.5 * 20 for k in range(500)], list(range(0, 300, 2))):
            kept = charts.marked(at)
            self.assertEqual((kept[0], kept[-1]), (0, len(at) - 1))
            self.assertGreater(len(kept), at[-1] / charts.BETWEEN_MARKS / 2)
            self.assertTrue(all(at[b] - at[a] >= charts.BETWEEN_MARKS
                                for a, b in zip(kept, kept[1:])))
        self.assertEqual(charts.marked([0.0, 1.0, 2.0]), [0, 1, 2])

    def test_even_choice(self):
        self.assertEqual(charts.evenly(range(100), 3), [0, 50, 99])
        self.assertEqual(charts.evenly([1, 2], 3), [1, 2])


def configs(*rows, **axes):
    """Configurations of a window and its interval, over three repetitions."""
    names = ("window", "window_low", "window_high", "flags", "db_exe")
    found = pandas.DataFrame([dict(zip(names, r)) for r in rows]).assign(
        client="socket", repetitions=3, tensor_bytes=1024)
    return found.assign(**axes)


def near(window, factor=1.02):
    """A configuration whose interval is that narrow."""
    return (window, window / factor, window * factor, "", "r")


class Answers(unittest.TestCase):
    def test_what_cannot_be_told_apart_shares_the_first_place(self):
        nan = float("nan")
        rows = configs((10, 9, 11, "", "r"), (9.5, 8.8, 10, "", "r"),
                       (5, 4.5, 5.5, "", "r"), (8, nan, nan, "", "r"))
        best = answer.best(rows, "window")
        self.assertEqual(best.value, 10)
        self.assertEqual([r["window"] for r in best.rivals], [9.5, 8])
        self.assertEqual(answer.certainty(best), "shared first place, 3 of 4")
        self.assertTrue(best.has_interval)
        self.assertFalse(answer.best(rows.iloc[[3]], "window").has_interval)
        self.assertIsNone(answer.best(rows.assign(window=nan), "window"))
        found = answer.Answer({1024: {"window": best}}, ["transport"], [], 4,
                              {"window": best})
        for r, t in zip((best.row, *best.rivals), ("tcp", "unix", "shm")):
            r["transport"] = t
        (_, value, said), = answer.headlines(found)
        self.assertEqual(value, "10.0 B/s")
        self.assertIn("transport tcp; first place shared", said)
        self.assertIn("by transport unix (9.50 B/s); transport shm (8", said)

    def test_a_place_that_very_many_share(self):
        """A few are named, by what they differ in; and what all have in common."""
        rows = configs(*(near(10 - k / 100, 1.5) for k in range(6)),
                       near(1), sync=["none"] * 6 + ["iteration"],
                       transport=["tcp", "unix"] * 3 + ["tcp"],
                       clients=[1, 1, 2, 2, 3, 3, 1])
        best = answer.best(rows, "window")
        (_, _, said), = answer.headlines(answer.Answer(
            {1024: {"window": best}}, ["clients", "transport", "sync"], [], 7,
            {"window": best}))
        self.assertEqual(said, (
            "1 client, transport tcp, sync none; first place shared, since this "
            "study cannot tell them apart, by the same with transport unix (9.99 "
            "B/s); the same with 2 clients (9.98 B/s); the same with 2 clients, "
            "transport unix (9.97 B/s); and 2 more; all 6 of them with sync none"))

    def test_what_may_not_win(self):
        rows = configs((10, 9, 11, "", "floor"), (9, 8, 10, "verify", "r"),
                       (5, 4, 6, "too_short", "r"))
        able, remarks = answer.candidates(rows)
        self.assertEqual(able["window"].tolist(), [5])
        self.assertEqual(len(remarks), 2)
        able, _ = answer.candidates(rows.iloc[[0]])
        self.assertEqual(able["window"].tolist(), [10])

    def test_what_has_no_row(self):
        """Configurations of which nothing completed are counted."""
        frame = pandas.DataFrame({"keys": list("aabbcd"), "status": [
            "completed", "failed", "failed", "failed", "skipped", "planned"]})
        of = study.Study([], frame, frame[:1], ["keys"], [], [], [], [], [])
        self.assertIn("Of 2 other configurations nothing", page._lacking(of))
        of.frame = frame[:2]
        self.assertEqual(page._lacking(of), "")

    def test_all_flagged(self):
        """That is said first; one without a flag is enough not to."""
        rows = configs((10, 9, 11, "too_short", "r"), (9, 8, 10, "verify", "r"))
        of = study.Study([], rows, rows, [], [], [], [], [], [])
        self.assertIn("Every configuration is flagged", answer.caution(of))
        of.frame = pandas.DataFrame({"status": ["completed", "failed"],
                                     "error": ["", "a server was killed"]})
        self.assertEqual(answer.lost(of, "failed", "failed"),
                         "1 of 2 permutations failed: a server was killed.")
        self.assertEqual(answer.lost(of, "skipped", "were skipped"), "")
        of.frame = pandas.DataFrame({"status": ["failed"] * 4, "error": [
            "rank 0 at 127.0.0.1:6780: out of memory.", "refused",
            "rank 3 at /tmp/a-9/redis.sock: out of memory.", "refused"]})
        self.assertEqual(answer.lost(of, "failed", "failed"),
                         "4 of 4 permutations failed: rank 0 at 127.0.0.1:6780: out "
                         "of memory; refused.")
        of.configs = rows.assign(flags=["too_short", ""])
        self.assertEqual(answer.caution(of), "")


    def test_how_many_sizes_are_told(self):
        for n, shown in ((24, 24), (30, 30), (31, 24), (500, 24)):
            found, fewer = answer.told(answer.Answer({k: {} for k in range(n)},
                                                     [], [], 0))
            self.assertEqual((len(found), bool(fewer)), (shown, shown < n))
            self.assertEqual((min(found), max(found)), (0, n - 1))


class Verdicts(unittest.TestCase):
    """As src/results/verdict.c says it (test/unit/results/test_verdict.c)."""

    def said(self, rows, *axes):
        return verdicts.sentences(rows, axes)

    def test_titles(self):
        """Of axes, the same as in the last lines of a run."""
        rows = (SOURCE / "src/results/rows.c").read_text(encoding="utf-8")
        titles = re.findall(r'\[OPT_(\w+)\] = "([^"]+)"', rows)
        self.assertGreater(len(titles), 30)
        for option, title in titles:
            self.assertEqual(verdicts.TITLES.get(option.lower()), title, option)

    def test_amounts(self):
        rows = configs(near(100), near(190), near(50), near(51, 1.3),
                       db_nodes=[1, 2, 1, 2], tensor_bytes=[2 ** 20] * 2 + [64] * 2)
        size, nodes = self.said(rows, "db_nodes", "tensor_bytes")
        self.assertRegex(size, "^Tensor size, 64 B to 1 MiB: bandwidth x2.7 ")
        self.assertRegex(nodes, r"^Database nodes, 1 to 2: bandwidth x1.90 \(1.87 to "
                         r"1.93\) at 1 MiB, no difference that this study can tell "
                         "at 64 B")

    def test_here_and_there(self):
        """Of many sizes: how many, the first and the last of them."""
        n = 9
        rows = configs(*[near(100)] * n, *[near(200 if k % 2 else 100)
                                           for k in range(n)],
                       transport=["tcp"] * n + ["unix"] * n,
                       tensor_bytes=[1024 << k for k in range(n)] * 2)
        axes = ("transport", "tensor_bytes")
        self.assertRegex(self.said(rows, *axes)[1],
                         r"^Transport, unix against tcp: bandwidth x2\.00 \(.*\) at "
                         "4 of 9 sizes from 2 KiB to 128 KiB, equal within 5 % at "
                         "5 of 9 sizes from 1 KiB to 256 KiB$")
        self.assertRegex(self.said(rows.iloc[[*range(6), *range(9, 15)]], *axes)[1],
                         r"\) at 2 KiB and at 8 KiB and at 32 KiB, equal .* at 1 KiB "
                         "and at 4 KiB and at 16 KiB$")

    def test_most_in_between(self):
        rows = configs(near(100), near(300), near(120), db_nodes=[1, 2, 4])
        self.assertRegex(self.said(rows, "db_nodes")[0],
                         "^Database nodes, 1 to 4: bandwidth x1.20 .*, most at 2, "
                         "x2.50 .* of that at 4$")

    def test_kinds(self):
        rows = configs(near(100), near(200), near(195, 1.2), near(200.5, 1.001),
                       transport=["tcp", "unix", "shm", "mpi"])
        said, = self.said(rows, "transport")
        self.assertRegex(said, "^Transport, mpi against unix: equal within 5 %; "
                         "against shm: no difference that this study can tell; "
                         r"against tcp: bandwidth x2\.00 ")

    def test_placements_each_at_its_best(self):
        rows = configs(near(100), near(150), near(120), experiment=[
            "throughput_colocated", "throughput_colocated", "throughput_standard"],
            transport=["tcp", "unix", "tcp"], db_nodes=[-1, -1, 1])
        said = self.said(rows, "experiment", "transport")
        self.assertRegex(said[0], r"^Placement, colocated \(unix\) against "
                         r"standard: bandwidth x1\.2")

    def test_rows_that_disagree(self):
        rows = configs(near(100, 1.01), near(400, 1.01), near(100, 1.01),
                       near(110, 1.01), db_nodes=[1, 2, 1, 2],
                       transport=["tcp", "tcp", "unix", "unix"])
        self.assertRegex(self.said(rows, "db_nodes", "transport")[0],
                         "; x1.1 to x4.0 by what else varied$")

    def test_of_steps(self):
        """By what is asked of them instead, each kind for itself; in ratios of what
        they are, whatever is better."""
        rows = configs(*[near(100)] * 4, transport=["tcp", "unix"] * 2,
                       tensor_bytes=[64, 64, 1024, 1024],
                       measure=["overhead"] * 2 + ["sustained_rate"] * 2,
                       measured=[2.0, 1.0, 100.0, 150.0], measured_error=0.01)
        self.assertEqual([x.partition(" (")[0] for x in self.said(
            rows, "transport")],
            ["Transport, unix against tcp: slowdown of the solver x0.500",
             "Transport, unix against tcp: sustained rate x1.50"])
        said, = self.said(rows.iloc[:1], "transport")
        self.assertRegex(said, r"^Slowdown of the solver x2\.00 \(x1\.9\d to x2\.0\d\); ")

    def test_searches_without_a_rate(self):
        """Of which values, at which sizes; where it was so of all, in a sentence
        of its own."""
        nan, rows = math.nan, configs(
            *[near(100)] * 6, transport=["tcp", "unix"] * 3,
            tensor_bytes=[64, 64, 1024, 1024, 2048, 2048],
            measure=["sustained_rate"] * 6, measured_error=0.001,
            measured=[100.0, 200.0, math.nan, 100.0, math.nan, math.nan],
            search_ended=["", "", "none", "", "none", "none"])
        self.assertEqual([x.partition(" (")[0] + x.rpartition(")")[2] for x in
                          self.said(rows, "tensor_bytes", "transport")[:2]],
                         ["Tensor size, 64 B to 1 KiB: sustained rate x0.500; "
                          "2 KiB: no rate held",
                          "Transport, unix against tcp: sustained rate x2.00 at "
                          "64 B; tcp: no rate held at 1 KiB"])
        said = self.said(rows.iloc[[2, 3]], "transport")
        self.assertRegex(said[0], r"^Sustained rate 100/s \(.*\)$")
        self.assertEqual(said[1], "Transport, tcp: no rate held")
        rows = rows.assign(measured=nan, search_ended="all")
        self.assertEqual(self.said(rows, "transport", "tensor_bytes")[0],
                         "All rates held that were tried, of every configuration")

    def test_steps_of_one_run(self):
        """By the interval of their own time; how a reader waits is no amount."""
        rows = configs(*[near(100)] * 3, wait=["spin", "0.001s", "0.1s"],
                       wait_value=[float("nan"), 0.001, 0.1],
                       measure="delivery_median", measured=[1e-4, 1e-3, 5e-2],
                       repetitions=1, measured_error=float("nan"),
                       interval_method="")
        for end, by in (("_low", 0.9), ("_high", 1.1)):
            rows[f"delivery_median{end}"] = rows["measured"] * by
        self.assertRegex(self.said(rows, "wait")[0],
                         r"^Wait, spin against 1(\.00)? ms: delivery x0\.10 \(")
        rows["delivery_median_low"] = float("nan")
        self.assertIn("no difference in delivery", self.said(rows, "wait")[0])
        # what computing takes alone, a run measures once
        rows = rows.assign(measure="overhead")
        self.assertIn("no difference in slowdown", self.said(rows, "wait")[0])

    def test_blocks(self):
        for method, put, unpack in (
                ("within this run: Woodruff, over 8 clients", 8, 8),
                ("within this run: Woodruff, put over 8 clients, unpack over 20 "
                 "blocks of iterations", 8, 20), ("", 20, 20)):
            self.assertEqual([verdicts.blocks(method, op) for op in study.OPS],
                             [put, unpack])

    def test_of_one_run(self):
        rows = configs(near(100), near(200), db_nodes=[1, 2], repetitions=1,
                       interval_method="within this run: Woodruff, over 8 clients",
                       **{f"{op}{end}": v for op in study.OPS for end, v in
                          (("", 1.0), ("_low", 0.9), ("_high", 1.1))})
        said = self.said(rows, "db_nodes")
        self.assertRegex(said[0], r"bandwidth x2\.00 \(1\.83 to 2\.19\)$")
        self.assertIn("within this run", said[-1])


class Configurations(unittest.TestCase):
    def test_repetitions(self):
        """One row of several: by the last one, or of an old file, which has no
        figures over repetitions, the geometric mean."""
        nan = float("nan")
        names = (*study.TEXTS, *study.NUMBERS)
        rows = []
        for i, (median, done, over) in enumerate(
                ((1.0, 1, nan), (4.0, 2, 2.5))):
            rows.append({**dict.fromkeys(names, nan), "index": i,
                         "status": "completed", "flags": ["verify", ""][i],
                         "keys": "smartsim", "repetitions_done": done,
                         "put_tensor_median": median,
                         "put_tensor_repeated": over, "window": median})
        frame = pandas.DataFrame(rows)
        found = study.configurations(frame, ["keys"])
        self.assertEqual(len(found), 1)
        self.assertEqual(found.loc[0, "put_tensor"], 2.5)
        self.assertEqual(found.loc[0, "repetitions"], 2)
        self.assertEqual(found.loc[0, "rows"], [0, 1])
        self.assertEqual(found.loc[0, "flags"], "verify")
        old = frame.assign(repetitions_done=nan, put_tensor_repeated=nan)
        found = study.configurations(old, ["keys"])
        self.assertAlmostEqual(found.loc[0, "put_tensor"], 2.0)
        self.assertTrue(math.isnan(found.loc[0, "put_tensor_low"]))
        self.assertEqual(len(study.configurations(
            frame.assign(status="failed"), ["keys"])), 0)
        # each has its interval within its run, which is not that of several
        frame = frame.assign(step_median=1.0, step_response_median=[1.0, 100.0],
                             step_response_median_low=[0.9, 99.0],
                             step_response_median_high=[1.1, 101.0])
        low, mid, high = (study.configurations(frame, ["keys"]).loc[
            0, f"step_response_median{end}"] for end in ("_low", "", "_high"))
        self.assertAlmostEqual(mid, 10.0)
        self.assertLess(low, 1.0)
        self.assertGreater(high, 100.0)


    def test_what_steps_are_compared_by(self):
        """How old data are, a rate that was searched, a response, else an
        overhead."""
        nan = float("nan")
        for given, measure in (
                ({}, ""), ({"step_median": 1.0, "overhead": 0.1}, "overhead"),
                ({"delivery_median": 1.0, "step_median": 1.0}, "delivery_median"),
                ({"step_median": 1.0, "step_response_median": 2.0},
                 "step_response_median"),
                ({"step_median": 1.0, "step_response_median": 2.0,
                  "sustained_rate_low": 0.0}, "sustained_rate")):
            row = {"step_median": nan, "step_response_median": nan,
                   "sustained_rate_low": nan, **given}
            self.assertEqual(study.step_measure(row), measure)
        found = study.compared_by(pandas.DataFrame({"overhead": [0.0, 3.0]}),
                                  "overhead")
        self.assertAlmostEqual(found["measured"], 2)
        self.assertAlmostEqual(found["measured_error"], math.log(2))


class Digesting(unittest.TestCase):
    def test_tail_ends_at_the_last_sample(self):
        samples = numpy.r_[numpy.full(998, 1e-4), 5e-3, 2e-2]
        tail = digest.tail(samples)
        self.assertEqual((tail.times[0], tail.times[-1]), (1e-4, 2e-2))
        self.assertAlmostEqual(tail.beyond[-1], 2000)
        self.assertAlmostEqual(tail.at(0.99), 1e-4)
        self.assertGreater(tail.at(0.999), 4e-3)
        self.assertTrue(math.isnan(tail.at(0.99999)))
        self.assertIsNone(digest.tail(numpy.array([numpy.nan, 0.0])))
        for n in range(1, 300):
            tail = digest.tail(numpy.arange(1.0, n + 1))
            self.assertEqual(tail.times[-1], n)
        some = digest.tail(samples, last=0.5, of=10 ** 6)
        self.assertEqual((some.times[-1], some.beyond[-1]), (0.5, 2e6))

    def test_heat(self):
        starts = numpy.arange(100.0).reshape(2, 50)
        samples = numpy.full((2, 50), 1e-4)
        samples[1, 49] = 1e-2
        heat = digest.heat(starts, samples)
        self.assertEqual(heat.counts.sum(), 100)
        self.assertEqual(heat.counts[-1, -1], 1)  # late and slow
        self.assertIsNone(digest.heat(starts[:, :3], samples[:, :3]))

    def test_first_iterations_do_not_flatten_the_rest(self):
        medians = numpy.r_[50.0, numpy.full(49, 1.0)]
        self.assertLess(charts.ceiling([medians]), 2)
        self.assertEqual(charts.ceiling([numpy.linspace(1, 2, 50)]), 2)

    def test_imbalance(self):
        self.assertEqual(charts.imbalance(numpy.array([3.0, 1.0, 2.0])), 1.5)
        self.assertTrue(math.isnan(charts.imbalance(numpy.array([1, math.nan]))))

    def test_slowest_clients_are_drawn(self):
        n = 5000
        p95 = numpy.arange(n) % 977 * 1e-6
        p95[1234] = 1.0
        each = digest.Clients(numpy.zeros(n), numpy.zeros(n), {},
                              dict.fromkeys(study.OPS, p95))
        told = charts.told_clients(each)
        self.assertIn(1234, told)
        self.assertLessEqual(len(told), charts.DOTS_OF_CLIENTS)

    def test_blocks(self):
        samples = numpy.tile(numpy.arange(1.0, 201.0), (3, 1))
        samples[1, :] = numpy.nan
        middles, medians = digest.by_blocks(samples)
        self.assertEqual(len(middles), digest.BLOCKS)
        self.assertEqual(medians[0], 2.5)
        self.assertEqual(medians[-1], 198.5)

    def test_clients_are_evenly_chosen(self):
        self.assertEqual(digest.chosen(3, 10 ** 9).tolist(), [0, 1, 2])
        some = digest.chosen(1000, 1000)
        self.assertEqual((len(some), some[0], some[-1]), (200, 0, 999))


class Choices(unittest.TestCase):
    def test_floor_is_no_example(self):
        rows = configs((10, 9, 11, "", "floor"), (5, 4, 6, "", "r")).assign(
            clients=[1, 2])
        of = study.Study([], rows, rows, [], [], [], [], [], [])
        self.assertEqual([r["db_exe"] for r in charts.representative(of)], ["r"])
        of.configs = rows.iloc[[0]]
        self.assertEqual([r["db_exe"] for r in charts.representative(of)],
                         ["floor"])
        self.assertEqual(charts.representative(of, least=2), [])

    def test_what_is_told_by_colour(self):
        rows = pandas.DataFrame([
            {"sync": s, "place": p, "transport": t} for s in "abc"
            for p in ("colocated", "1 database node") for t in ("tcp", "unix")])
        self.assertEqual(charts.coloured(rows, ["sync", "transport", "place"]),
                         ["place", "transport"])

    def test_near_colours_have_other_marks(self):
        """The last of eight comes near the fourth in the dark page."""
        marks = [svg.mark_of(k) for k in range(svg.SERIES)]
        self.assertEqual(sorted(marks), sorted(2 * list(range(4))))
        self.assertNotEqual(marks[3], marks[7])
        self.assertNotEqual(marks[1], marks[4])

    def test_doubt_beyond_all_measure(self):
        """Stands at the edge, and the note counts it; the numbers have it."""
        rows = configs(near(1), near(1, 1e4), rows=[[0], [0]], index=[0, 1], **{
            f"{op}_{what}{end}": math.nan for op in study.OPS
            for what in ("median", "repeated") for end in ("", "_low", "_high")})
        rows = rows.assign(**{f"window_repeated{end}": rows[f"window{end}"]
                              for end in ("", "_low", "_high")})
        frame = pandas.DataFrame({"interval_method": ["", ""]})
        chart = charts.sureness(study.Study([], frame, rows, [], [], [], [], [], []),
                                None)
        shown, = chart.variants
        self.assertEqual(shown.note, "Of 1 figure at the upper edge nothing is known: "
                         "more than 1000 %; more repetitions tell.")
        self.assertLess(shown.panels[0].y.hi, 12)
        self.assertEqual(shown.table.rows[0][-1], "500000 %")

    def test_names_of_pictures(self):
        chart = charts.Chart("heat", "", "")
        for label, name in (("", "heat"), ("put_tensor, sync none",
                                           "heat-put_tensor-sync-none"),
                            ("permutation 7: 4 clients", "heat-permutation-7")):
            variant = charts.Variant(label, [], [], charts.Table([]))
            self.assertEqual(pictures.name_of(chart, variant), name)


class Colours(unittest.TestCase):
    @staticmethod
    def luminance(colour):
        parts = [int(colour[i:i + 2], 16) / 255 for i in (1, 3, 5)]
        r, g, b = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4
                   for c in parts)
        return 0.2126 * r + 0.7152 * g + 0.0722 * b

    def contrast(self, a, b):
        light, dark = sorted(map(self.luminance, (a, b)), reverse=True)
        return (light + 0.05) / (dark + 0.05)

    def test_contrast(self):
        """WCAG: 4.5 for text, 3 for marks, in both themes."""
        for theme in (page.LIGHT, page.DARK):
            for name, colour in theme.items():
                if name in ("text", "soft", "accent", "good", "bad"):
                    for ground in ("bg", "panel"):
                        self.assertGreaterEqual(
                            self.contrast(colour, theme[ground]), 4.5, name)
                if re.fullmatch(r"s\d", name):
                    self.assertGreaterEqual(
                        self.contrast(colour, theme["bg"]), 3, name)
            self.assertGreaterEqual(
                self.contrast(theme["warn"], theme["warn-bg"]), 4.5)


class Places(unittest.TestCase):

    def test_numa_domains_are_told_where_there_are_several(self):
        each = digest.Clients(numpy.array([0, 0, 0, 1, 1]),
                              numpy.array([0, 1, -1, 1, 1]), {}, {})
        self.assertEqual(charts.places_of(each),
                         ["node 0, NUMA 0", "node 0, NUMA 1", "node 0", "node 1",
                          "node 1"])


class HeldBack(unittest.TestCase):
    """One sentence for each size whose best has a word."""

    def sentences(self, **row):
        best = answer.Best("window", pandas.Series(row), 1.0, 1.0, 1.0, [], 1)
        return answer.held_back({4000000: {"window": best}})

    def test_each_word(self):
        shares = {"server_busy": 0.9, "server_cpu_share": 0.5,
                  "server_fault_share": 0.3, "client_cpu_share": 0.6,
                  "network_share": 0.8}
        for word, words_ in (
                ("server_memory", "the server spends 60 % of its time on a CPU "
                                  "bringing in pages; an allocator that keeps"),
                ("server_cpu", "waits for a CPU, for 90 % of the time"),
                ("client", "clients work themselves for 60 % of the time"),
                ("network", "the busiest link carries 80 % of its speed"),
                ("waiting", "a server's busiest thread for 90 % of the time")):
            with self.subTest(word=word):
                said, = self.sentences(limit=word, **shares)
                self.assertIn(words_, said)
                self.assertTrue(said.startswith("3.81 MiB: "), said)
        self.assertEqual(self.sentences(limit="", **shares), [])
        self.assertEqual(answer.held_back({4: {}}), [])


if __name__ == "__main__":
    main()
