# ctest: label=fast runner=pytest computes
"""tools/srbench-export: the folders of SmartSim-Scaling and tidy CSV, read back as
their readers do."""
import re
import shutil
import subprocess
import sys
from configparser import ConfigParser
from importlib.machinery import SourceFileLoader

import numpy as np
import pandas as pd

from resultfile import NULL, OneFile, results, silently, tool
from srbtest import SOURCE, RunTest, main

EXPORT = SOURCE / "tools" / "srbench-export"
export = SourceFileLoader("srbench_export", str(EXPORT)).load_module()


class ExportTest(OneFile):

    def export(self, format, *files, where=(), name="out"):
        """Into a folder that is not there yet; what it said is in self.said."""
        out = self.dir / name
        self.addCleanup(shutil.rmtree, out, ignore_errors=True)
        _, self.said = silently(export.FORMATS[format], out,
                                list(files) or [self.path], where)
        return out

    def assert_nothing_left(self):
        self.assertFalse((self.dir / "out").exists())
        self.assertEqual(list(self.dir.glob(".out-*")), [])


class SmartSim(ExportTest):

    ARGS = ("--tensor_bytes=[1024,4096]", "--clients_per_node=[2,3]",
            "--iterations=20", "--warmup=2", "--repetitions=2")

    @staticmethod
    def config(folder):
        config = ConfigParser()
        config.read(folder / "run.cfg")
        return config

    @staticmethod
    def times(folder):
        """{function: [time, ...]} of all ranks of a session."""
        found = {}
        for path in folder.glob("rank*.csv"):
            for line in path.read_text(encoding="utf-8").splitlines():
                rank, function, time = line.split(",")
                assert path.name == f"rank_{rank}_timing.csv"
                found.setdefault(function, []).append(float(time))
        return found

    def test_folders(self):
        out = self.export("smartsim")
        df = results.summary(self.path)
        self.assertEqual(sorted(p.name for p in out.iterdir()),
                         sorted([*df["name"], "run.cfg"]))
        for row in df.itertuples():
            ranks = sorted(p.name for p in (out / row.name).iterdir())
            self.assertEqual(ranks, [f"rank_{c}_timing.csv" for c in
                                     range(row.clients)] + ["run.cfg"])

    def test_timings(self):
        """All times of a session, to the last digit."""
        out = self.export("smartsim")
        for i, name in enumerate(results.summary(self.path)["name"]):
            ds = results.permutation(self.path, i)
            found = self.times(out / name)
            for function, array in (("client()", "connect_time"),
                                    ("put_tensor", "put_tensor"),
                                    ("unpack_tensor", "unpack_tensor"),
                                    ("loop_time", "loop_time"),
                                    ("main()", "main_time")):
                np.testing.assert_allclose(
                    sorted(found.pop(function)),
                    np.sort(ds[array].values.ravel()), rtol=1e-14)
            self.assertEqual(found, {})

    def test_order_of_a_file(self):
        out = self.export("smartsim")
        path = next(out.glob("*-T3-*-TB4096-REP1")) / "rank_2_timing.csv"
        functions = [line.split(",")[1] for line in path.read_text(encoding="utf-8").splitlines()]
        self.assertEqual(functions, ["client()"]
                         + ["put_tensor", "unpack_tensor"] * 20
                         + ["loop_time", "main()"])

    def test_configuration(self):
        """What the post-processing looks up, of numbers that are numbers."""
        out = self.export("smartsim")
        folder = next(out.glob("*-T3-*-TB4096-REP1"))
        config = self.config(folder)
        run = config["run"]
        self.assertEqual((run["name"], run["path"]), (folder.name, str(folder)))
        for name in ("date", "db", "smartsim_version", "smartredis_version"):
            self.assertTrue(run[name], name)
        want = {"colocated": 1, "custom_pinning": 0, "client_total": 3,
                "client_per_node": 3, "client_nodes": 1, "database_nodes": 1,
                "database_cpus": 1, "iterations": 20, "tensor_bytes": 4096,
                "language": "c"}
        self.assertEqual(dict(config["attributes"]),
                         {k: str(v) for k, v in want.items()})
        self.assertEqual(config["srbench"]["repetition"], "1")
        self.assertEqual(config["srbench"]["client"], "null")
        whole = self.config(out)
        self.assertEqual(whole["attributes"]["tensor_bytes"], "[1024, 4096]")

    def test_says_what_the_plots_would_pool(self):
        self.export("smartsim")
        self.assertEqual(len(self.said), 1)
        self.assert_sentence(self.said[0], "tensor_bytes, repetition vary",
                             "--where tensor_bytes=1024")
        self.export("smartsim", where=["tensor_bytes=1024", "repetition=0"],
                    name="one")
        self.assertEqual(self.said, [])

    def test_files_of_the_same_name(self):
        other = self.dir / "other.h5"
        shutil.copy(self.path, other)
        out = self.export("smartsim", self.path, other,
                          where=["permutation=3"])
        name = results.summary(self.path)["name"][3]
        self.assertEqual(sorted(p.name for p in out.iterdir()),
                         sorted([f"{name}-0", f"{name}-1", "run.cfg"]))


    def test_languages(self):
        """Each session has its own; altered, since a build may lack some."""
        copy, f = self.altered("languages.h5")
        f["summary/languages"][2:] = "fortran"
        f.close()
        out = self.export("smartsim", copy)
        for i, name in enumerate(results.summary(copy)["name"]):
            config = self.config(out / name)
            want = "fortran" if i >= 2 else "c"
            self.assertEqual(config["attributes"]["language"], want)
            self.assertEqual(config["run"]["language"], want)
        whole = self.config(out)
        self.assertEqual(whole["run"]["language"], "c, fortran")
        self.assertEqual(whole["attributes"]["language"], "['c', 'fortran']")
        self.assertIn("languages", self.said[0])
        only = self.export("smartsim", copy, where=["languages=fortran"],
                           name="only")
        self.assertEqual(self.config(only)["run"]["language"], "fortran")
        rows = pd.concat(pd.read_csv(p) for p in
                         sorted(self.export("csv", copy, name="csv").glob("*")))
        self.assertEqual(set(rows["languages"]), {"c", "fortran"})

    def test_old_file(self):
        """What it does not tell is left out, but for C."""
        old, f = self.altered("old.h5")
        for name in ("pin_app_cpus", "pattern", "languages"):
            del f["summary"][name]
        f.close()
        out = self.export("smartsim", self.path, old, where=["permutation=3"])
        new, old = (self.config(p) for p in sorted(out.glob("*sess*")))
        for name, want in new["attributes"].items():
            if name != "custom_pinning":
                self.assertEqual(old["attributes"][name], want)
        self.assertNotIn("custom_pinning", old["attributes"])
        self.assertNotIn("pattern", old["srbench"])
        self.assertEqual(old["attributes"]["language"], "c")
        self.assertEqual(new["attributes"]["custom_pinning"], "0")


class Csv(ExportTest):

    ARGS = ("--tensor_bytes=[4,4096]", "--clients_per_node=[1,3]",
            "--iterations=40")

    def test_read_back(self):
        out = self.export("csv")
        self.assertEqual(sorted(p.name for p in out.iterdir()),
                         ["summary.csv", "timings.csv"])
        for name, frame in (("summary", results.summary(self.path)),
                            ("timings", results.load_timings(self.path))):
            pd.testing.assert_frame_equal(
                pd.read_csv(
                    out / f"{name}.csv", keep_default_na=False,
                    dtype={c: str for c in frame.select_dtypes("object")},
                    na_values={c: [""] for c in frame.select_dtypes("float")}),
                frame, rtol=1e-14)

    def test_selection(self):
        out = self.export("csv", where=["tensor_bytes=4096"])
        for name in ("summary.csv", "timings.csv"):
            self.assertEqual(set(pd.read_csv(out / name)["permutation"]), {1, 3})

    def test_several_files(self):
        other = self.dir / "other, too.h5"
        shutil.copy(self.path, other)
        out = self.export("csv", self.path, other)
        read = pd.read_csv(out / "timings.csv")
        self.assertEqual(read.columns[0], "file")
        self.assertEqual(read["file"].value_counts().to_dict(),
                         {str(p): 2 * 40 * (1 + 3) * 2
                          for p in (self.path, other)})

    def test_what_cannot_be_done(self):
        torn = self.dir / "torn.h5"
        torn.write_bytes(self.path.read_bytes()[:100000])
        file = self.dir / "file"
        file.touch()
        for format in ("csv", "smartsim"):
            for words, files, *where in (
                    ("damaged", [torn]), ("no such file", [self.dir / "none"]),
                    ("tensor_bytes is 4, 4096", [self.path], "tensor_bytes=5"),
                    ("client_nodes", [self.path], "size=5"),
                    ("named twice", [self.path, self.path])):
                with self.assertRaisesRegex(results.ResultError, words):
                    self.export(format, *files, where=where)
                self.assert_nothing_left()
        for out in (self.dir, file, file / "below"):
            with self.assertRaisesRegex(results.ResultError, str(out)):
                self.export("csv", name=out)
        self.assertEqual(file.read_bytes(), b"")

    def test_full_disk(self):
        """Said in one sentence that names the folder, and nothing is left."""
        for format in ("csv", "smartsim"):
            code = (f"import resource, runpy, sys; "
                    f"resource.setrlimit(resource.RLIMIT_FSIZE, (500, 500)); "
                    f"sys.argv = ['x', '--format', '{format}', "
                    f"'{self.dir / 'out'}', '{self.path}', "
                    f"'--where', 'tensor_bytes=4']; "
                    f"runpy.run_path('{EXPORT}', run_name='__main__')")
            run = subprocess.run([sys.executable, "-B", "-c", code],
                                 capture_output=True, text=True, timeout=300,
                                 env={"PYTHONPATH": str(EXPORT.parent)},
                      encoding="utf-8")
            self.assertEqual(run.returncode, 2, run.stderr)
            self.assert_sentence(run.stderr.splitlines()[-1], self.dir / "out",
                                 "cannot be written: file too large")
            self.assertNotIn("Traceback", run.stderr)
            self.assert_nothing_left()

    def test_an_empty_folder_will_do(self):
        """On the command line."""
        out = self.dir / "empty"
        out.mkdir()
        run = tool("--format", "csv", out, self.path, program=EXPORT)
        self.assertEqual((run.returncode, run.stderr), (0, ""))
        self.assertTrue((out / "timings.csv").exists())


class Unfinished(RunTest):

    def test_some_failed(self):
        """What was completed is exported, and the rest is spoken of."""
        out = self.dir / "run.h5"
        job = self.srbench(3, "--client=[null,hiredis]", "--db_exe=redis-server",
                           "--null_client={client: 1, fail_at: 3}",
                           "--tensor_bytes=1024", "--iterations=5",
                           f"--output={out}")
        self.assert_status(job, 1, completed=1, failed=1)
        for format in ("csv", "smartsim"):
            _, said = silently(export.FORMATS[format], self.dir / format, [out], [])
            self.assertIn("1 of 2 permutations were not completed", said[0])
        read = pd.read_csv(self.dir / "csv" / "timings.csv")
        self.assertEqual(set(read["client"]), {"hiredis"})
        self.assertEqual(len(list((self.dir / "smartsim").glob("*sess*"))), 1)

    def test_none_completed(self):
        out = self.dir / "run.h5"
        self.srbench(2, *NULL, "--null_client={client: 1, fail_at: 3}",
                     "--tensor_bytes=4", "--iterations=5", f"--output={out}")
        for format in ("csv", "smartsim"):
            with self.assertRaisesRegex(results.ResultError,
                                        "none of 1 permutations was completed"):
                export.FORMATS[format](self.dir / format, [out], [])
            self.assertFalse((self.dir / format).exists())


class Hdr(ExportTest):
    """Percentiles, read back as HdrHistogram's plotters read them."""

    ARGS = ("--tensor_bytes=[1024,4096]", "--clients_per_node=3",
            "--iterations=400", "--warmup=2")

    @staticmethod
    def rows(path):
        lines = path.read_text(encoding="utf-8").splitlines()
        assert lines[0].split()[:3] == ["Value", "Percentile", "TotalCount"]
        return [list(map(float, x.split())) for x in lines[1:]
                if x and not x.startswith("#")]

    def test_percentiles(self):
        """Of all timings, up to the last."""
        out = self.export("hdr")
        df = results.summary(self.path)
        self.assertEqual(sorted(p.name for p in out.iterdir()), sorted(
            f"{name}-{f}.hgrm" for name in df["name"] for f in results.FUNCTIONS))
        for i, name in enumerate(df["name"]):
            times = np.sort(results.permutation(self.path, i)["put_tensor"]
                            .to_numpy().ravel()) * 1e3
            rows = self.rows(out / f"{name}-put_tensor.hgrm")
            self.assertAlmostEqual(rows[0][0], times[0], 5)
            for value, part, count, *_ in rows:
                rank = max(1, int(np.ceil(part * len(times) - 1e-6)))
                self.assertAlmostEqual(value, times[rank - 1], 5)
                self.assertEqual(count, (times <= times[rank - 1]).sum())
            self.assertEqual(rows[-1][1:], [1, len(times)])
            self.assertEqual(rows, sorted(rows))
            nines = [r[1] for r in rows if r[1] > 0.99]
            self.assertGreater(len(nines), 5)
            self.assertAlmostEqual(
                df["put_tensor_p95"][i] * 1e3,
                times[int(np.ceil(0.95 * len(times))) - 1], 5)

    def test_kept_ones_count_for_those_that_were_not(self):
        copy, f = self.altered("thinned.h5")
        group = f["perm_0000"]
        group["put_tensor"][:] = 1e-3
        group["put_tensor"][1:] = 2e-3
        group["client_stride"][:] = [6, 1, 1]
        f.close()
        out = self.export("hdr", copy)
        name = results.summary(copy)["name"][0]
        rows = self.rows(out / f"{name}-put_tensor.hgrm")
        self.assertEqual((rows[0][0], rows[0][2]), (1, 6 * 400))
        self.assertEqual((rows[-1][0], rows[-1][2]), (2, 8 * 400))
        self.assertEqual({r[0] for r in rows if r[1] <= 0.75}, {1})


class OpenMetrics(ExportTest):

    ARGS = ("--tensor_bytes=[1024,4096]", "--iterations=400")

    LINE = re.compile(r'(srbench_\w+)\{((?:\w+="(?:[^"\\\n]|\\.)*",?)+)\} (\S+)')

    def gauges(self, path):
        """{name: {permutation: (labels, value)}}"""
        found = {}
        for line in path.read_text(encoding="utf-8").splitlines():
            if line.startswith("#"):
                continue
            name, labels, value = self.LINE.fullmatch(line).groups()
            labels = dict(re.findall(r'(\w+)="((?:[^"\\]|\\.)*)"', labels))
            found.setdefault(name, {})[int(labels["permutation"])] = (
                labels, float(value))
        return found

    def test_every_figure(self):
        out = self.export("openmetrics", name="srbench.prom")
        self.assertTrue(out.read_text(encoding="utf-8").endswith("\n# EOF\n"))
        df, got = results.summary(self.path), self.gauges(out)
        for figure, name in (
                ("put_tensor_median", "srbench_put_tensor_median_seconds"),
                ("put_tensor_p99", "srbench_put_tensor_p99_seconds"),
                ("window", "srbench_window_bytes_per_second"),
                ("window_ops", "srbench_window_ops_per_second"),
                ("client_cpu_share", "srbench_client_cpu_share_ratio"),
                ("payload_bytes", "srbench_payload_bytes")):
            for i, value in enumerate(df[figure]):
                labels, told = got[name][i]
                self.assertEqual(told, value, name)
                self.assertEqual(labels["tensor_bytes"],
                                 str(df["tensor_bytes"][i]))
                self.assertEqual(labels["experiment"], "throughput_colocated")
                self.assertNotIn("db_nodes", labels)
        # an axis is a label, in numbers too; what was not measured has no line
        self.assertEqual([name for name in got if "_value" in name], [])
        self.assertNotIn("srbench_put_window_bytes_per_second", got)
        self.assertNotIn("nan", out.read_text(encoding="utf-8").lower())

    def test_promtool(self):
        promtool = shutil.which("promtool")
        if not promtool:
            self.skipTest("no promtool (Debian: prometheus)")
        out = self.export("openmetrics", name="srbench.prom")
        done = subprocess.run([promtool, "check", "metrics"], text=True,
                              input=out.read_text(encoding="utf-8"), capture_output=True,
                              timeout=300, encoding="utf-8")
        self.assertEqual((done.returncode, done.stderr), (0, ""), done.stdout)

    def test_labels_of_any_text(self):
        copy, f = self.altered('a "b".h5')
        f.attrs["exp_name"] = 'back\\slash "quoted"'
        f.close()
        out = self.export("openmetrics", copy, name="x.prom")
        labels, _ = self.gauges(out)["srbench_window_bytes_per_second"][0]
        self.assertEqual(labels["study"], 'back\\\\slash \\"quoted\\"')

    def test_by_rename(self):
        """Over what is there; a reader that has it open keeps the old one."""
        path = self.dir / "there.prom"
        path.write_text("old\n", encoding="utf-8")
        with open(path, encoding="utf-8") as reader:
            self.export("openmetrics", name="there.prom")
            self.assertEqual(reader.read(), "old\n")
        self.assertIn("srbench_", path.read_text(encoding="utf-8"))
        self.assertEqual(list(self.dir.glob(".there*")), [])
        path.unlink()

    def test_refused(self):
        done = tool("--format", "openmetrics", self.dir, self.path,
                    program=EXPORT)
        self.assertEqual(done.returncode, 2)
        self.assert_sentence(done.stderr, "is a folder; name the file in it")


if __name__ == "__main__":
    main()
