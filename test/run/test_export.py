# ctest: label=fast runner=pytest
"""tools/srbench-export: the folders of SmartSim-Scaling and tidy CSV, read back as
their readers do."""
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
        pd.testing.assert_frame_equal(
            pd.read_csv(out / "summary.csv", keep_default_na=False,
                        na_values={c: [""] for c in results.summary(
                            self.path).select_dtypes("float")}),
            results.summary(self.path))
        rows = results.load_timings(self.path)
        texts = rows.select_dtypes("object").columns
        read = pd.read_csv(out / "timings.csv", dtype={t: str for t in texts},
                           keep_default_na=False)
        pd.testing.assert_frame_equal(read, rows, rtol=1e-14)

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


if __name__ == "__main__":
    main()
