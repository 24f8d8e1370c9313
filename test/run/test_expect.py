# ctest: label=fast
"""Limits on results (expect), and the summary as JSON (summary_json)."""
import json
import math
import os
import re
import signal

from srbtest import RunTest, column, main, text

QUICK = ("--client=null", "--db_exe=null", "--iterations=20")
# A get takes this long at least.
SLOW = ("--client=null", "--db_exe=null", "--null_client={delay: 2ms}")


class ExpectTest(RunTest):

    def setUp(self):
        super().setUp()
        self.out = self.dir / "expect.h5"
        self.json = self.dir / "summary.json"

    def study(self, nranks, *args, **how):
        return self.srbench(nranks, *args, f"--output={self.out}",
                            **how)

    def assert_refused(self, job, words):
        self.assert_status(job, 2, completed=0)
        self.assertIn(words, job.stderr, job.describe())
        self.assertFalse(self.out.exists(), "a file of nothing")


class Expect(ExpectTest):

    def test_held(self):
        job = self.study(2, *QUICK, "--tensor_bytes=[4,8]",
                         "--expect={put_tensor_median: '< 30s'}")
        self.assert_passed(job, 2)
        self.assertEqual(job.status["breaches"], 0)
        f = self.open(self.out)
        self.assertEqual(column(f["summary"], "breaches"), [0, 0])
        self.assertEqual(text(f["perm_0000"].attrs["expect"]), "")
        self.assertNotIn("BREACHED", job.stderr)

    def test_not_asked_for(self):
        job = self.study(1, *QUICK, "--tensor_bytes=4")
        self.assert_passed(job, 1)
        self.assertNotIn("breaches", job.status)
        self.assertEqual(column(self.open(self.out)["summary"], "breaches"),
                         [-1])

    def test_breached_where_it_applies(self):
        """By axes; a figure that is not there; at once, in the file, in the
        verdict, and in the exit status of every rank."""
        config = self.dir / "study.yaml"
        config.write_text("expect:\n"
                          "  - {tensor_bytes: 8, put_tensor_median: '< 1us', "
                          "put_tensor_p99: '< 30s'}\n"
                          "  - unpack_tensor_median: '< 30s'\n"
                          "  - {tensor_bytes: 8, unpack_tensor_median: "
                          "'> 30s'}\n", encoding="utf-8")
        job = self.study(3, *SLOW, "--iterations=5", "--tensor_bytes=[4,8,12]",
                         "--config", config)
        self.assert_status(job, 3, completed=3, failed=0, breaches=3)
        f = self.open(self.out)
        self.assertEqual(column(f["summary"], "breaches"), [0, 3, 0])
        words = text(f["perm_0001"].attrs["expect"])
        self.assertRegex(
            words, r"^put_tensor_median is \d\S* us, expected < 1us; "
            r"put_tensor_p99 cannot be judged, since it has fewer than 10 "
            r"samples beyond it, expected < 30s; unpack_tensor_median is "
            r"\S+ s, expected > 30s$")
        self.assertEqual(text(f["perm_0000"].attrs["expect"]), "")
        at = job.stderr.index(f"[2/3]  8 B   BREACHED: {words}")
        self.assertLess(at, job.stderr.index("[3/3]"), "not at once")
        self.assertIn("expect: 3 limits breached", job.stderr)
        printed = float(words.split()[2]) * 1e-6
        value = float(f["summary/put_tensor_median"][1])
        self.assertTrue(math.isclose(printed, value, rel_tol=1e-5))

    def test_failure_comes_before_a_breach(self):
        job = self.study(2, "--client=null", "--db_exe=null",
                         "--tensor_bytes=[4,8]", "--iterations=20",
                         "--null_client={client: 1, fail_at: 3}",
                         "--expect={put_tensor_median: '< 0s'}")
        self.assert_status(job, 1, failed=2, breaches=0)
        self.assertEqual(column(self.open(self.out)["summary"], "breaches"),
                         [-1, -1])

    def test_signal_comes_before_a_breach(self):
        """The second permutation, of minutes, is broken off."""
        job = self.start(1, "--tensor_bytes=[1024,64MiB]", "--iterations=3000",
                         "--expect={put_tensor_median: '< 0s'}",
                         "--term_grace=0s", f"--output={self.out}",
                         f"--summary_json={self.json}", loops=True)
        job.wait_in_loop(at=2)
        rank, = job.ranks()
        os.kill(rank.pid, signal.SIGTERM)
        job.wait()
        self.assert_status(job, 128 + signal.SIGTERM, breaches=1)
        rows = json.loads(self.json.read_text(encoding="utf-8"))["summary"]
        self.assertEqual([row["status"] for row in rows],
                         ["completed", "failed"])

    def test_repetitions(self):
        """What sums up repetitions is judged once, with all of them."""
        job = self.study(2, *QUICK, "--tensor_bytes=[4,8]", "--repetitions=3",
                         "--expect={tensor_bytes: 8, put_tensor_repeated: "
                         "'< 0s'}")
        self.assert_status(job, 3, completed=6, breaches=1)
        f = self.open(self.out)
        self.assertEqual(column(f["summary"], "breaches"),
                         [-1, -1, -1, -1, -1, 1])
        self.assertRegex(job.stderr, r"(?m)^permutation 0005 BREACHED: "
                         r"put_tensor_repeated is \S+ s, expected < 0s$")
        self.assertRegex(text(f.attrs["expect_at_end"]),
                         r"^0005: put_tensor_repeated is \S+ s, expected < 0s$")

    def test_shares_of_the_floor(self):
        """Known when the study ends; the floor has none of itself."""
        job = self.study(1, "--db_exe=[floor,redis-server]", "--tensor_bytes=4",
                         "--iterations=50", f"--summary_json={self.json}",
                         "--expect={window_of_floor: '> 100000%', "
                         "put_tensor_median: '< 30s'}")
        self.assert_status(job, 3, completed=2, breaches=1)
        summary = self.open(self.out)["summary"]
        self.assertEqual(column(summary, "breaches"), [0, 1])
        self.assertEqual(
            [row["breaches"] for row in
             json.loads(self.json.read_text(encoding="utf-8"))["summary"]], [0, 1])
        self.assertRegex(job.stderr, r"permutation 0001 BREACHED: "
                         r"window_of_floor is \S+ %, expected > 100000%")

    def test_refused(self):
        """Before anything starts, in one sentence."""
        for limits, words in (
                ("{put_tensor_p98: '< 2ms'}", "--expect: found "
                 "'put_tensor_p98', which is neither a figure of the summary "
                 "nor an axis; did you mean 'put_tensor_p95'?"),
                ("{window: '> 2ms'}", "a rate with its unit"),
                ("{tensor_bytes: 16, window: '> 1GB/s'}", "expected 4 or 8"),
                ("{put_tensor_repeated: '< 1s'}", "repetitions of 2 or more"),
                ("{window_of_floor: '> 50%'}", "db_exe: [SERVER, floor]")):
            with self.subTest(limits=limits):
                job = self.study(2, *QUICK, "--tensor_bytes=[4,8]",
                                 f"--expect={limits}")
                self.assert_refused(job, words)
                self.assertEqual(len(job.stderr.splitlines()), 1)

    def test_refused_in_a_plan(self):
        job = self.srbench(0, "--dry_run", "--machine=4x4",
                           "--expect={windw: '> 1GB/s'}")
        self.assert_status(job, 2)
        self.assertIn("did you mean 'window'?", job.stderr)

    def test_show_config(self):
        config = self.dir / "study.yaml"
        config.write_text("expect:\n"
                          "- window: '> 1GB/s'\n"
                          "- tensor_bytes: 1024\n"
                          "  put_tensor_p99.9: < 2ms\n", encoding="utf-8")
        shown = self.srbench(0, "--show_config", "--config", config).stdout
        self.assertIn('\nexpect: [{window: "> 1GB/s"}, {tensor_bytes: 1024, '
                      'put_tensor_p99.9: "< 2ms"}]\n', shown)
        config.write_text(shown, encoding="utf-8")
        again = self.srbench(0, "--show_config", "--config", config)
        self.assertEqual(again.stdout, shown, again.describe())




class SummaryJson(ExpectTest):

    def assert_equal_to_summary(self):
        """All that /summary holds, and nothing else."""
        words = self.json.read_text(encoding="utf-8")
        document = json.loads(words, parse_constant=self.fail)
        f = self.open(self.out)
        self.assertEqual(document["schema_version"],
                         text(f.attrs["schema_version"]))
        study = {name: text(value) for name, value in f.attrs.items()}
        for name, value in document["study"].items():
            if value is None:
                self.assertTrue(math.isnan(study[name]), name)
            else:
                self.assertEqual(value, study[name], name)
        for name in ("start_time", "end_time", "command_line", "uuid",
                     "mpi_version", "hdf5_version", "srbench_version"):
            self.assertIn(name, document["study"])
        # but for the scale of its dimension, which numbers the rows
        summary = {name: x for name, x in f["summary"].items()
                   if name != "permutation"}
        rows = document["summary"]
        for row in rows:
            self.assertEqual(set(row), set(summary))
        for name in summary:
            kept = column(summary, name)
            listed = [row[name] for row in rows]
            if summary[name].dtype.kind == "f":
                kept = [None if math.isnan(x) else x for x in kept]
            self.assertEqual(listed, kept, name)
        return document

    def test_equals_the_summary(self):
        """Both placements, failures among others, texts with quotes."""
        job = self.study(4, "--experiment=[throughput_standard,"
                         "throughput_colocated]", "--virtual_nodes=2",
                         "--client=[null,hiredis]", "--tensor_bytes=1024",
                         "--null_client={client: 1, fail_at: 3}",
                         "--iterations=20", "--repetitions=2",
                         f"--summary_json={self.json}")
        self.assert_status(job, 1, permutations=8, completed=4, failed=4)
        document = self.assert_equal_to_summary()
        self.assertIn("'", document["study"]["command_line"])
        self.assertEqual({row["status"] for row in document["summary"]},
                         {"completed", "failed"})
        self.assertIn(f"summary: {self.json}", job.stdout)

    def test_replaced_and_alone(self):
        self.json.write_text("old", encoding="utf-8")
        again = (*QUICK, "--tensor_bytes=4", f"--summary_json={self.json}")
        job = self.study(1, *again)
        self.assert_status(job, 2, completed=0)
        self.assertIn(f"the summary '{self.json}' exists", job.stderr)
        self.assertFalse(self.out.exists(), "a file of nothing")
        self.assertEqual(self.json.read_text(encoding="utf-8"), "old")
        self.assert_passed(self.study(1, *again, "--overwrite"), 1)
        self.assert_equal_to_summary()
        self.assertEqual(sorted(p.name for p in self.dir.iterdir()),
                         ["expect.h5", "summary.json"])

    def test_without_a_result_file(self):
        job = self.srbench(1, *QUICK, "--tensor_bytes=[4,8]", "--output=none",
                           f"--summary_json={self.json}")
        self.assert_passed(job, 2)
        rows = json.loads(self.json.read_text(encoding="utf-8"))["summary"]
        self.assertEqual([row["index"] for row in rows], [0, 1])
        self.assertEqual([row["tensor_bytes"] for row in rows], [4, 8])

    def test_refused_where_it_cannot_be(self):
        (self.dir / "plain").write_text("text", encoding="utf-8")
        for path in ("no/such/folder.json", "plain/x.json", self.dir,
                     self.out):
            with self.subTest(path=path):
                job = self.study(2, *QUICK, "--tensor_bytes=4",
                                 f"--summary_json={path}")
                self.assert_refused(job, str(path))

    def test_cannot_be_written_at_the_end(self):
        """Its folder went away meanwhile."""
        folder = self.dir / "gone"
        folder.mkdir()
        gate = self.gate(1)
        job = self.start(1, *QUICK, "--tensor_bytes=4",
                         f"--summary_json={folder}/x.json", "--op_timeout=1h",
                         f"--output={self.out}", gate=gate)
        job.wait_until(lambda: gate.holds(job), "the client to be ready")
        folder.rmdir()
        gate.open()
        job.wait()
        self.assert_status(job, 1, completed=1, failed=0)
        self.assertRegex(job.stderr, re.escape(f"{folder}/x.json") +
                         ".*No such file")
        self.assert_whole_summary()

    def assert_whole_summary(self):
        self.assertEqual(self.statuses(),
                         ["completed"])


if __name__ == "__main__":
    main()
