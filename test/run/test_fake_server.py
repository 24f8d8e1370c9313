"""Servers that misbehave (fakeserver.py): the permutation fails with a sentence
that says what came; the next one runs; the file
is whole and nothing is left.
"""
# ctest: label=full

import json
import os

from fakeserver import FakeServer
from srbtest import RunTest, main, text

# What a person reads, by fault and by client: (socket, hiredis).
SAID = {
    "loading": "LOADING Redis is loading the dataset in memory",
    "moved": "MOVED 866 127.0.0.1:9",
    "clusterdown": "CLUSTERDOWN The cluster is down",
    "oom": "OOM command not allowed",
    "readonly": "READONLY You can't write against a read only replica",
}
TIMEOUT = 1.0


class Misbehaving(RunTest):

    def setUp(self):
        super().setUp()
        self.out = self.dir / "fake.h5"

    def measure(self, server, *args, sizes="[4096,4100]"):
        return self.srbench(2, "throughput_standard",
                           f"--tensor_bytes={sizes}", "--iterations=10",
                           "--verify=all", f"--op_timeout={TIMEOUT}s",
                           f"--db_address=127.0.0.1:{server.port}",
                           "--overwrite", *args, f"--output={self.out}")

    def errors(self):
        with self.open(self.out) as f:
            return [(text(f[n].attrs["status"]), text(f[n].attrs["error"]))
                    for n in ("perm_0000", "perm_0001")]

    def fails_once(self, client, fault, words=""):
        """The first permutation fails, the second completes."""
        with self.subTest(client=client, fault=fault), \
                FakeServer(fault) as server:
            job = self.measure(server, f"--client={client}")
            self.assert_status(job, 1, permutations=2, completed=1, failed=1,
                               skipped=0)
            self.assertEqual(server.struck, 1)
            (first, why), (second, _) = self.errors()
            self.assertEqual((first, second), ("failed", "completed"))
            self.assertIn("throughput_rank_", why)
            self.assertIn("rank ", why)
            self.assertIn(words, why)
            self.assertIn(why, job.stderr)

    def test_errors(self):
        for fault, words in SAID.items():
            self.fails_once("socket", fault, words)

    def test_errors_hiredis(self):
        for fault in ("moved", "oom"):
            self.fails_once("hiredis", fault, SAID[fault])

    def test_foreign_bytes(self):
        """In the file, in JSON and on the terminal: text that controls
        nothing."""
        cleaned = "ERR ?[31mred?[0m r?dis ? caf\u00e9"
        summary = self.dir / "summary.json"
        for client in ("socket", "hiredis"):
            with FakeServer("foreign bytes") as server:
                job = self.measure(server, f"--client={client}",
                                   f"--summary_json={summary}")
            self.assert_status(job, 1, completed=1, failed=1)
            self.assertIn(cleaned, self.errors()[0][1])
            self.assertIn(cleaned, job.stderr)
            self.assertNotIn("\x1b", job.stderr)
            rows = json.loads(summary.read_text(encoding="utf-8"))["summary"]
            self.assertIn(cleaned, rows[0]["error"])
            with self.open(self.out) as f:
                self.assertIn(cleaned, f["summary/error"].asstr()[0])

    def test_foreign_names(self):
        """A path in the command line that is no UTF-8, as options may not
        be."""
        config = os.path.join(os.fsencode(self.dir), b"r\xe9sum\x1b[1m.yaml")
        with open(config, "w", encoding="utf-8") as f:
            f.write("iterations: 10\n")
        args = ("throughput_standard", f"--config={os.fsdecode(config)}",
                "--tensor_bytes=4", f"--output={self.out}")
        with FakeServer() as server:
            job = self.srbench(
                2, *args, f"--db_address=127.0.0.1:{server.port}")
        self.assert_passed(job, permutations=1)
        with self.open(self.out) as f:
            self.assertIn("r?sum?[1m.yaml", text(f.attrs["command_line"]))
        with open(config, "w", encoding="utf-8") as f:
            f.write("iteration: 10\n")
        job = self.srbench(2, *args)
        self.assert_status(job, 2)
        self.assertIn("r?sum?[1m.yaml:1:1", job.stderr)
        self.assertNotIn("\x1b", job.stderr)
        job = self.srbench(2, f"--output={os.fsdecode(config)}")
        self.assert_status(job, 2)
        self.assertIn("--output: found the byte 0xe9", job.stderr)

    def test_what_is_no_answer(self):
        for fault in ("garbage", "nonsense", "not a status", "nothing there",
                      "not a string", "negative length"):
            self.fails_once("socket", fault)

    def test_wrong_lengths(self):
        for client in ("socket", "hiredis"):
            for fault in ("shorter", "longer"):
                self.fails_once(client, fault)
        self.fails_once("socket", "huge length")

    def test_lost_connections(self):
        for client in ("socket", "hiredis"):
            for fault in ("drop", "drop in reply"):
                self.fails_once(client, fault)

    def test_no_answer(self):
        for client in ("socket", "hiredis"):
            self.fails_once(client, "hang", f"{TIMEOUT:g} s")

    def test_refused_connections(self):
        for fault, words in (("refuse", ""),
                             ("too many clients",
                              "max number of clients reached")):
            with self.subTest(fault), FakeServer(fault) as server:
                job = self.measure(server)
                self.assert_status(job, 1, completed=0, failed=2)
                for status, why in self.errors():
                    self.assertEqual(status, "failed")
                    self.assertIn(words, why)

    def test_wrong_data(self):
        """It is measured, and told from right data."""
        for client in ("socket", "hiredis"):
            with self.subTest(client), FakeServer("wrong data") as server:
                job = self.measure(server, f"--client={client}")
                self.assert_status(job, 1, completed=2, failed=0,
                                   verify_errors=1)
                with self.open(self.out) as f:
                    g = f["perm_0000"]
                    self.assertIn("verify", text(g.attrs["flags"]))
                    self.assertEqual(g.attrs["verify_errors"], 1)
                    self.assertNotEqual(text(g.attrs["verify_error"]), "")

    def test_slow(self):
        """Slower than usual is no failure."""
        with FakeServer("slow", delay=0.6) as server:
            job = self.measure(server)
            self.assert_passed(job, permutations=2)
            with self.open(self.out) as f:
                g = f["perm_0000"]
                slowest = max(g["put_tensor"][...].max(),
                              g["unpack_tensor"][...].max(),
                              g["warmup_put_tensor"][...].max(),
                              g["warmup_unpack_tensor"][...].max())
                self.assertGreater(slowest, 0.6)

    def test_nothing_stays(self):
        with FakeServer() as server:
            self.assert_passed(self.measure(server), permutations=2)
            self.assertEqual(server.data, {})


if __name__ == "__main__":
    main()
