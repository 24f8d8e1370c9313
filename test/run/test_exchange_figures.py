# ctest: label=fast
"""What is made of the figures of writers and readers: limits, lines for scripts,
comparisons; and that nobody reads what an earlier job left."""
import os
import re
import signal
import subprocess
import sys

import numpy

from exchangetest import EXCHANGE
from srbtest import SOURCE, RunTest, column, main, text
from test_exchange_places import Proxy
from test_tensors import Monitored

SMALL = ("--tensor_bytes=1024", "--control_bytes=8", "--iterations=30",
         "--fan=all", "--retire=delete")
FIGURES = ("delivery_median", "delivery_max", "visible_median", "visible_max",
           "control_put_median", "control_get_max")


class Late(Proxy):
    """Once it is to, a put comes behind the removal of its key."""

    def __init__(self, test, server):
        super().__init__(test, server.port, {})
        self.server, self.is_to, self.key = server, False, ""

    def delay(self, who, asks, data):
        gone = re.search(rb"\r\nDEL\r\n\$\d+\r\n(srbench:\S+)", data)
        if asks and gone:
            who["gone"] = gone[1].decode()
        if not asks and self.is_to and "gone" in who:
            self.is_to, self.key = False, who["gone"]
            assert self.server.ask("set", self.key, "late") == "OK"
        return 0.0


class Figures(RunTest):

    def setUp(self):
        super().setUp()
        self.out = self.dir / "out.h5"

    def study(self, *args, out=None, drop=0):
        return self.srbench(3, EXCHANGE, *SMALL[drop:], *args, "--overwrite",
                            f"--output={out or self.out}")

    def test_limits(self):
        """Each of them may be one; what is breached is said, and what holds is
        not."""
        job = self.study("--expect={" + ", ".join(
            f"{name}: '< 100s'" for name in FIGURES) + "}")
        self.assert_passed(job, permutations=1)
        self.assertEqual(job.status["breaches"], 0)
        for name in FIGURES:
            if name.startswith("visible"):  # which may be below nothing
                continue
            job = self.study(f"--expect={{{name}: '> 100s'}}")
            self.assert_status(job, 3, completed=1)
            self.assertEqual(job.status["breaches"], 1)
            self.assertIn(f"BREACHED: {name} is ", job.stderr)

    def test_lines(self):
        """As they are in the file; of a study without control tensors none of
        these."""
        job = self.study("--figures=stdout")
        self.assert_passed(job, permutations=1)
        said = {f["name"]: float(f["value"]) for f in job.foms}
        summary = self.open(self.out)["summary"]
        for name in FIGURES:
            self.assertAlmostEqual(said[name], column(summary, name)[0],
                                   delta=1e-6 * abs(said[name]))
        job = self.srbench(3, EXCHANGE, "--iterations=10", "--tensor_bytes=8",
                           "--figures=stdout", "--overwrite",
                           f"--output={self.out}")
        self.assertFalse([f for f in job.foms if "control" in f["name"]])
        self.assertNotIn("control_put_median", self.open(self.out)["summary"])

    def test_comparison(self):
        """Without a word on figures they are among those that are compared,
        each by its own timings; clients that do the other thing count for
        nothing."""
        paths = [self.dir / f"{name}.h5" for name in "ab"]
        for path in paths:
            self.assert_passed(self.study("--repetitions=3", out=path), 3)
        found = self.compare(*paths)
        for name in ("delivery_median", "control_put_median",
                     "control_get_median", "put_tensor_median", "window"):
            self.assertIn(f" {name} ", found)
        self.assertIn(" visible_max ", self.compare(
            *paths, "--figure", "visible_max", "delivery_max"))
        sys.path.insert(0, str(SOURCE / "tools"))
        import srbench_compare
        group = self.open(paths[0])["perm_0000"]
        for name, clients in (("control_put", (0, 1)), ("control_get", (2,)),
                              ("put_tensor", (0, 1)), ("unpack_tensor", (2,))):
            array = "control" if name.startswith("control") else name
            numpy.testing.assert_equal(srbench_compare._durations(group, name),
                                       group[array][...][list(clients)])

    def compare(self, *args):
        done = subprocess.run(
            [sys.executable, "-W", "error", SOURCE / "tools/srbench-compare",
             *map(str, args)], capture_output=True, text=True, encoding="utf-8")
        self.assertEqual((done.returncode, done.stderr), (0, ""), done.stdout)
        return done.stdout

    def test_report(self):
        """Clients that do only the one thing are no reason for a warning, and
        have their times."""
        self.assert_passed(self.study("--tensor_bytes=[1024,65536]", drop=1), 2)
        page = self.dir / "page.html"
        done = subprocess.run(
            [sys.executable, "-W", "error", SOURCE / "tools/srbench-report",
             self.out, "-o", page], capture_output=True, text=True,
            encoding="utf-8")
        self.assertEqual((done.returncode, done.stderr), (0, ""), done.stdout)
        sys.path.insert(0, str(SOURCE / "tools"))
        from srbench_report import charts, digest, study
        of = study.load([self.out])
        with digest.Digests(of) as digests:
            found = {c.name: c for c in charts.all_charts(of, digests)}
        for row in found["timeline"].variants[0].table.rows:
            self.assertRegex(row[1] + row[2], r"\d.*\d")
            self.assertNotIn("nan", " ".join(row))

    def test_what_an_earlier_job_left(self):
        """A job is killed, and its steps stay on somebody else's server: the
        keys of the next one are others, so that its readers wait for what its
        writers put."""
        server = Monitored(self)
        here = ("throughput_standard", f"--db_address=127.0.0.1:{server.port}")
        for wait in "1ms", "block":
            job = self.start(3, EXCHANGE, *here, "--tensor_bytes=1024",
                             "--iterations=100000", f"--wait={wait}",
                             "--rate=100", f"--output={self.dir / wait}.h5",
                             loops=True)
            job.wait_in_loop()
            job.wait_until(lambda: int(server.ask("dbsize")) >= 30, "some steps")
            os.kill(job.process.pid, signal.SIGKILL)
            job.wait()
            self.await_no_leftovers()
            left = int(server.ask("dbsize"))
            self.assertGreaterEqual(left, 30)
            job = self.study(*here, f"--wait={wait}", "--verify=all",
                             "--compute=2ms", "--compute_kind=sleep")
            self.assert_passed(job, permutations=1)
            g = self.perm()
            self.assertTrue((g["delivery"][...] > 0).all())
            self.assertTrue((g["reader_polls"][...] >= 30).all())
            self.assertEqual(int(server.ask("dbsize")), left, text(g.name))
            server.ask("flushall")

    def test_what_a_failed_permutation_left(self):
        """A put of it is carried out when the next one runs: nobody takes it
        for a step of that one, whose keys are others in the same slots; and it
        does not stay when the study ends, nor what tells of it."""
        for wait in "1ms", "block":
            server = Monitored(self)
            job = self.start(2, EXCHANGE, "throughput_standard",
                             "--tensor_bytes=1024", "--iterations=60",
                             "--rate=20", "--repetitions=2", f"--wait={wait}",
                             f"--db_address=127.0.0.1:{server.port}",
                             "--keys=smartsim", "--verify=all", "--warmup=0",
                             "--overwrite", f"--output={self.out}", loops=True)
            job.wait_in_loop(1)
            job.wait_until(lambda: self.puts(server), "a put")
            key = self.puts(server)[0].rsplit(".", 2)[0]
            job.wait_until(lambda: self.cut_off(server), "the writer")
            job.wait_in_loop(2)
            server.ask("eval", "for s = 0, 59 do redis.call('set', KEYS[1] .. "
                       "s .. '.0', 'late'); redis.call('xadd', KEYS[1] .. "
                       "'stream', s + 1, 's', '') end", "1", f"{key}.")
            job.wait()
            self.assert_status(job, 1, completed=1)
            f = self.open(self.out)
            self.assertEqual(text(f["perm_0000"].attrs["status"]), "failed")
            g = f["perm_0001"]
            self.assertEqual(int((g["get_step"][...] >= 0).sum()), 60)
            self.assertTrue((g["delivery"][...] > 0).all())
            for what in ("0.0", "stream"):
                self.assertEqual(server.ask("exists", f"{key}.{what}"), "0")
            self.assertRegex(job.stderr, r"note: [1-9]\d* keys of permutations "
                             "that failed had come late, and went now")
            said = server.said("SET")
            now = [w[0] for w in said if w[0].endswith(".59.0")
                   and not w[0].startswith(f"{key}.59")]
            self.assertEqual(len(now), 1)
            tag = key[key.index("{"):key.index("}") + 1]
            self.assertIn(tag, now[0])

    def test_what_the_last_permutation_left(self):
        """No permutation after it, whose connections would be there."""
        server = Monitored(self)
        proxy = Late(self, server)
        job = self.start(1, "throughput_standard", "--tensor_bytes=1024",
                         "--duration=1h", f"--db_address={proxy.address}",
                         "--overwrite", f"--output={self.out}", loops=True)
        job.wait_in_loop(1)
        proxy.is_to = True
        job.wait_until(lambda: self.cut_off(server, ("set", "get")),
                       "the client")
        job.wait()
        self.assert_status(job, 1, failed=1)
        self.assertNotEqual(proxy.key, "", job.describe())
        self.assertEqual(server.ask("exists", proxy.key), "0")
        self.assertIn("note: 1 key of permutations that failed had come late, "
                      "and went now", job.stderr)

    @staticmethod
    def cut_off(server, busy=("set", "xadd")):
        """The client that did one of these last: who puts."""
        for line in server.ask("client", "list").splitlines():
            client = dict(w.split("=", 1) for w in line.split() if "=" in w)
            if client["cmd"] in busy:
                return server.ask("client", "kill", "id", client["id"]) == "1"
        return False

    @staticmethod
    def puts(server):
        """Keys of the first step that was put."""
        return [line[1] for line in list(server.lines)
                if line[0].endswith('"SET') and line[1].endswith(".0.0")]


if __name__ == "__main__":
    main()
