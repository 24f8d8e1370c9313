# ctest: label=fast full
"""tools/bench writes the tables it promises. What stands in them is no matter
for a test: only that it was measured."""
import math
import os
import subprocess
import sys

from srbtest import SOURCE, RunTest, full, main

BENCH = SOURCE / "tools" / "bench"
sys.path.insert(0, str(BENCH))
from bench import Table  # noqa: E402
from runs import rungs  # noqa: E402


class BenchTest(RunTest):

    def bench(self, *args):
        return subprocess.run(
            [sys.executable, BENCH / "bench.py", *args], timeout=2400,
            env={**os.environ, "TMPDIR": str(self.tmpdir)},
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                   encoding="utf-8")


class Quick(BenchTest):

    def test_what_lies_bare_runs(self):
        """Both programs of it, and what srbench has beside it."""
        for what in "memory", "messages":
            for pair in rungs(what, 4096, 20):
                for side in pair:
                    self.assertGreater(min(side["put"], side["get"]), 0, what)

    def test_no_such_section(self):
        done = self.bench("clinets")
        self.assertEqual(done.returncode, 2, done.stdout)
        self.assertIn("no section 'clinets'", done.stdout)

    def test_verdicts(self):
        """The median decides, in the goal's own sense."""
        for section, row, values, reached in (
                ("clients", "put 4 MB", (0.4, 0.5, 0.9), "yes"),
                ("clients", "put 4 MB", (0.4, 0.51, 0.6), "**no**"),
                ("redis-benchmark", "4, put 4 MB", (1.4, 1.5, 1.6), "yes"),
                ("redis-benchmark", "4, put 4 MB", (1.4, 1.4, 9.0), "**no**"),
                ("clients", "put 1 KiB", (0.1,), "")):
            table = Table(section, "", "")
            for value in values:
                table.pair(row, value, 1.0)
            with self.subTest(section=section, row=row, values=values):
                self.assertEqual(table.verdict(row)[1], reached)


@full
class Bench(BenchTest):

    def rows(self, *sections):
        """{row: [cells]} of all tables but the head lines."""
        path = self.dir / "results.md"
        done = self.bench(*sections, "--quick", "--rounds=1",
                          f"--output={path}")
        self.assertEqual(done.returncode, 0, done.stdout)
        lines = path.read_text(encoding="utf-8").splitlines()
        table = [[c.strip() for c in x.strip("|").split("|")]
                 for x in lines if x.startswith("| ") and x[2] not in "|-"]
        return {cells[0]: cells[1:] for cells in table}

    def assert_measured(self, rows, *names):
        for name in names:
            self.assertIn(name, rows)
            shown, median, ends, count, goal, reached = rows[name]
            least, most = (float(x) for x in ends.split(" to "))
            self.assertTrue(all(map(math.isfinite, (least, most))), name)
            self.assertTrue(least <= float(median) <= most, name)
            self.assertEqual(count, "1", name)
            self.assertEqual(bool(goal), bool(reached), name)
            for side in shown.split(" / ") if shown else ():
                self.assertGreater(float(side), 0, name)

    def test_comparisons(self):
        """Against hiredis and against the bare exchange."""
        rows = self.rows("clients", "floor")
        both = [f"{op} {size}" for op in ("put", "get")
                for size in ("1 KiB", "64 KiB", "1 MiB", "4 MB")]
        self.assert_measured(rows, *both)
        self.assert_measured(rows, *(f"{t} {row}" for t in ("tcp", "unix")
                                     for row in both if "1 KiB" not in row))
        self.assertEqual(rows["put 4 MB"][4], "<= 0.5")

    def test_one_server_for_both(self):
        rows = self.rows("redis-benchmark")
        self.assert_measured(rows, *(
            f"{clients}, {row}" for clients in (1, 4, 16)
            for size in ("1 KiB", "64 KiB", "1 MiB", "4 MB")
            for row in (f"put {size}", f"get {size}", f"{size}, CPU of clients",
                        f"{size}, CPU of the server")))

    def test_rungs(self):
        """What has no server, against what lies bare below it: ten rounds of one
        process or job."""
        path = self.dir / "rungs.md"
        for section in "memory", "messages":
            done = self.bench(section, "--quick", "--rounds=1", f"--output={path}")
            self.assertEqual(done.returncode, 0, done.stdout)
            rows = [[c.strip() for c in line.strip("|").split("|")] for line in
                    path.read_text(encoding="utf-8").splitlines()
                    if line.startswith(("| put", "| get"))]
            self.assertEqual(len(rows), 8)
            for row in rows:
                self.assertEqual(row[4], "10", row)
                for side in row[1].split(" / "):
                    self.assertGreater(float(side), 0)

    def test_near_to_what_is_bare(self):
        """The best of ten rounds, in turn with the bare thing: memory within 15 %
        of copies, messages within 25 % of an exchange of the same ones."""
        for what, limit, sizes in (("memory", 1.15, (4000000,)),
                                   ("messages", 1.25, (65536, 4000000))):
            for size in sizes:
                found = rungs(what, size, 100)
                self.assertEqual(len(found), 10)
                for op in "put", "get":
                    best = min(ours[op] / bare[op] for ours, bare in found)
                    self.assertLessEqual(
                        best, limit, f"{what}, {op} of {size} B; load "
                        f"{os.getloadavg()}: {found}")

    def test_files(self):
        rows = self.rows("files")
        self.assert_measured(rows, *(
            f"{op} {size}" for op in ("put", "get")
            for size in ("1 KiB", "64 KiB", "1 MiB", "4 MB")))

    def test_floor_beside_redis(self):
        rows = self.rows("floor-beside")
        self.assert_measured(rows, *(
            f"{transport}, {clients}, {op} {size}" for transport in ("tcp", "unix")
            for clients in (1, 4, 16) for op in ("put", "get")
            for size in ("1 KiB", "64 KiB", "1 MiB", "4 MB", "16 MiB")))
        self.assertIn("floor_beaten, of ten for each number of clients", rows)

    def test_costs(self):
        rows = self.rows("start", "between", "idle")
        self.assert_measured(rows, "4 ranks, to the first result, s",
                             "4 ranks, start to end, s",
                             "4 ranks, ms a permutation",
                             "a waiting rank, % of a core")


if __name__ == "__main__":
    main()
