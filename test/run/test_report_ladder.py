# ctest: label=fast
"""What the report says of where the time goes: differences, their intervals, and
from which size on a database stops to matter."""
import math
import re
import subprocess
import sys
import unittest

from srbtest import SOURCE, RunTest, main

sys.path.insert(0, str(SOURCE / "tools"))
import pandas as pd  # noqa: E402
from srbench_report import ladder, study  # noqa: E402

US = 1e-6
ENGINES = {"shm": "memory", "mpi": "fabric", "floor": "sockets",
           "redis-server": "server"}
AXES = ["db_exe", "db_path", "client", "command_set", "tensor_bytes"]


def row(exe, size, put, repetition=0, client=None, commands="plain", flags="",
        folder="/dev/shm"):
    """A permutation whose unpack_tensor takes twice as long; within the run the
    medians are known to a tenth."""
    own = exe in ("shm", "mpi", "files")
    found = {"status": "completed", "experiment": "throughput_colocated",
             "db_exe": exe, "rung": ENGINES.get(exe, exe), "path": "f",
             "db_path": folder if exe == "files" else "",
             "client": exe if own else client or "socket",
             "command_set": "" if own else commands, "tensor_bytes": size,
             "repetition": repetition, "flags": flags, "server": exe,
             "clients": 1, "place": "colocated", "window": 1 / put,
             "window_ops": 1.0}
    for op, times in ("put_tensor", 1), ("unpack_tensor", 2):
        found.update({f"{op}_median": put * times,
                      f"{op}_median_low": 0.9 * put * times,
                      f"{op}_median_high": 1.1 * put * times})
    return found


def made(*rows):
    frame = pd.DataFrame(rows)
    study._typed(frame)
    n = frame.groupby(AXES, dropna=False)["repetition"].transform("count")
    frame["repetitions_done"] = n.astype(float)
    for op in "put_tensor", "unpack_tensor", "window":
        each = op if op == "window" else f"{op}_median"
        for end in "", "_low", "_high":
            frame[f"{op}_repeated{end}"] = frame.groupby(
                AXES, dropna=False)[each].transform("mean")
    return study.Study(["f"], frame, study.configurations(frame, AXES), AXES,
                       ["db_exe", "tensor_bytes"], ["server", "tensor_bytes"],
                       [{"clock_read_cost": 20e-9}], [], [])


def of_size(size, memory, fabric, sockets, server, **how):
    return [row(exe, size, v * US, **how) for exe, v in
            zip(ENGINES, (memory, fabric, sockets, server))]


class Differences(unittest.TestCase):
    def test_in_words(self):
        of = made(*of_size(65536, 0.5, 7.5, 37, 96))
        said = ladder.sentences(of)
        self.assertRegex(said[0], r"^put_tensor at 64 KiB: of 96\.0 µs are 500 ns "
                         r"memory \(.*?\), 7\.00 µs the fabric \(.*?\), 29\.5 µs "
                         r"sockets \(.*?\), 59\.0 µs redis-server \(.*?\)\.$")

    def test_intervals_of_one_run(self):
        """Both medians may be wrong."""
        of = made(*of_size(65536, 1, 11, 41, 101))
        server = ladder.ladders(of)[0][0].rungs[-1]
        half = math.hypot(4.1, 10.1) * US
        self.assertAlmostEqual(server.value, 60 * US)
        self.assertAlmostEqual(server.low, 60 * US - half)
        self.assertAlmostEqual(server.high, 60 * US + half)

    def test_repetition_by_repetition(self):
        """A machine that is slower each time is so for both: their difference is
        as sure as ever. One that did not run counts for nothing."""
        rows = [r for k in range(3)
                for r in of_size(1024, 1 + 100 * k, 3 + 100 * k, 20 + 100 * k,
                                 60 + 100 * k + 2 * k, repetition=k)]
        of = made(*rows[:-4], *rows[-3:])
        rungs = ladder.ladders(of)[0][0].rungs
        self.assertEqual([r.name for r in rungs], list(ENGINES.values()))
        self.assertAlmostEqual(rungs[2].value, 17 * US)
        self.assertAlmostEqual(rungs[2].low, 17 * US)
        self.assertAlmostEqual(rungs[3].value, 42 * US)
        # 2 us apart each time: Student's of two degrees of freedom
        self.assertAlmostEqual(rungs[3].high, (42 + 4.303 * 2 / 3 ** .5) * US,
                               places=9)

    def test_negative_ones_stay(self):
        of = made(*of_size(1024, 1, 80, 20, 60))
        rungs = ladder.ladders(of)[0][0].rungs
        self.assertAlmostEqual(rungs[2].value, -60 * US)
        self.assertIn("-60.0 µs sockets", ladder.sentences(of)[0])
        self.assertAlmostEqual(sum(r.value for r in rungs), 60 * US)
        self.assertIn("Above 100 %", ladder.where_time_goes(of, None).variants[0].note)

    def test_parts_of_the_whole_need_no_word(self):
        of = made(*of_size(1024, 1, 3, 20, 60))
        self.assertNotIn("Above 100 %",
                         ladder.where_time_goes(of, None).variants[0].note)

    def test_library_and_module(self):
        of = made(*of_size(1024, 1, 3, 20, 60),
                  row("redis-server", 1024, 90 * US, client="hiredis"),
                  row("redis-server", 1024, 130 * US, client="hiredis",
                      commands="redisai"))
        every = [x for each in ladder.ladders(of) for x in each
                 if x.op == "put_tensor"]
        most = max(every, key=lambda x: len(x.rungs))
        self.assertEqual([r.name for r in most.rungs], list(ladder.RUNGS))
        self.assertEqual([round(r.value / US) for r in most.rungs],
                         [1, 2, 17, 40, 30, 40])
        self.assertEqual(sorted(len(x.rungs) for x in every), [4, 5, 6])

    def test_what_was_not_measured_is_part_of_the_next(self):
        of = made(*[r for r in of_size(1024, 1, 3, 20, 60) if r["db_exe"] != "mpi"])
        rungs = ladder.ladders(of)[0][0].rungs
        self.assertEqual([r.name for r in rungs], ["memory", "sockets", "server"])
        self.assertAlmostEqual(rungs[1].value, 19 * US)

    def test_as_short_as_the_clock(self):
        rows = of_size(1024, 0.06, 3, 20, 60)
        rows[0]["flags"] = "clock_bound"
        of = made(*rows)
        put, unpack = ladder.ladders(of)[0]
        self.assertEqual([r.most for r in put.rungs], [True, False, False, False])
        self.assertIn("≤ 60.0 ns memory", ladder.sentence(put))
        chart = ladder.where_time_goes(of, None)
        self.assertIn("≤", chart.variants[0].panels[0].svg())
        self.assertTrue(unpack.rungs[0].most)  # 120 ns is below 200 ns

    def test_files_are_beside(self):
        """No rung: all that they take, in words, numbers and the chart, in each
        folder, and where nothing else is below the database."""
        rungs = of_size(65536, 0.5, 7.5, 37, 96)
        of = made(*rungs, row("files", 65536, 30 * US))
        put, _ = ladder.ladders(of)[0]
        self.assertEqual([r.name for r in put.rungs], list(ENGINES.values()))
        self.assertEqual([r.name for r in put.beside], ["files"])
        self.assertRegex(ladder.sentences(of)[0],
                         r"59\.0 µs redis-server \(.*\); beside it, 30\.0 µs files "
                         r"\(27\.0 µs to 33\.0 µs\)\.$")
        variant = ladder.where_time_goes(of, None).variants[0]
        self.assertEqual([e.text for e in variant.legend][-1], "files")
        self.assertEqual(sum(line[2] == "files" for line in variant.table.rows), 2)
        of = made(*rungs, row("files", 65536, 30 * US),
                  row("files", 65536, 9000 * US, folder="/disk"))
        self.assertIn("; beside it, 30.0 µs files in /dev/shm (27.0 µs to 33.0 µs)"
                      ", 9.00 ms files in /disk (", ladder.sentences(of)[0])
        panel = ladder.where_time_goes(of, None).variants[0].panels[0]
        self.assertLess(panel.y.hi, 3)
        self.assertIn("9370 %", panel.svg())  # leaves it
        note = ladder.where_time_goes(of, None).variants[0].note
        self.assertIn("Above 100 %: that takes longer by itself", note)
        of = made(row("files", 4, 30 * US), row("redis-server", 4, 50 * US))
        self.assertRegex(ladder.sentences(of)[0], "beside it, 30.0 µs files")

    def test_every_size_in_words(self):
        of = made(*[r for k in range(12) for r in of_size(4 << k, 1, 3, 20, 60)])
        self.assertEqual(sum(" at " in s and s.startswith("put_tensor at")
                             for s in ladder.sentences(of)), 12)

    def test_nothing_below(self):
        of = made(row("redis-server", 4, 50 * US))
        self.assertEqual(ladder.sentences(of), [])
        self.assertIn("was swept with one", ladder.where_time_goes(of, None).why_not)


class Crossing(unittest.TestCase):
    def said(self, *server):
        """Of sizes in turn; over sockets, which take 100 us."""
        rows = [r for k, s in enumerate(server)
                for t in range(2)
                for r in of_size(1024 << k, 1, 10, 100, 100 + s, repetition=t)]
        of = made(*rows)
        found = [s for s in ladder.sentences(of)
                 if s.startswith("put_tensor: what redis-server adds over")]
        self.assertEqual(len(found), 1)
        return found[0]

    def test_from_a_size_on(self):
        self.assertIn("stops to matter from 4 KiB on: it is less than a tenth",
                      self.said(50, 50, 5, 5))

    def test_at_no_size(self):
        self.assertIn("matters at no size", self.said(5, 5))

    def test_at_all_sizes(self):
        self.assertIn("matters up to the largest size, 2 KiB, where it is 50.0 % of "
                      "the time", self.said(5, 100))

    def test_what_cannot_be_told(self):
        rows = [r for t, s in enumerate((5, 60))
                for r in of_size(1024, 1, 10, 100, 100 + s, repetition=t)]
        said = "\n".join(ladder.sentences(made(*rows)))
        self.assertRegex(said, "put_tensor: what redis-server adds over sockets may "
                         "be -.* % to .* % of the time at 1 KiB: this study cannot "
                         "tell")


class OfAStudy(RunTest):
    def test_text_and_page(self):
        """A real one: every size has its ladder, in words, in the page, and as
        numbers that add up."""
        out = self.dir / "l.h5"
        job = self.srbench(2, "--db_exe=[redis-server,floor,mpi,shm]",
                           "--tensor_bytes=[1KiB,64KiB]", "--repetitions=2",
                           "--iterations=20", f"--output={out}")
        self.assert_passed(job, 16)
        page = self.dir / "page.html"
        said = subprocess.run(
            [sys.executable, SOURCE / "tools/srbench-report", out, "--text",
             "--output", page], capture_output=True, encoding="utf-8",
            check=True).stdout
        for size in "1 KiB", "64 KiB":
            for op in "put_tensor", "unpack_tensor":
                self.assertRegex(said, rf"\* {op} at {size}: of .* are .* memory .*"
                                 r" the fabric .* sockets .* \S+ \d+\.\d+\.\d+")
        self.assertRegex(said, "what .* adds over sockets")
        text = page.read_text(encoding="utf-8")
        self.assertIn("Where the time goes", text)
        shares = re.findall(r"<td[^>]*>(-?[\d.]+) %</td>",
                            text[text.index('id="ladder"'):]
                            .split("</section>")[0])
        self.assertEqual(len(shares), 2 * 2 * 4)
        for k in range(0, 16, 4):
            each = [float(v) for v in shares[k:k + 4]]  # of three digits
            self.assertAlmostEqual(sum(each), 100,
                                   delta=0.01 * sum(map(abs, each)))


if __name__ == "__main__":
    main()
