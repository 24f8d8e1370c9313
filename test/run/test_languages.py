# ctest: label=fast timeout=120
"""The timed loop in C, C++ and Fortran, and programs in these that use its
client alone."""
import os
import signal
import socket
import subprocess
import time
import unittest
from pathlib import Path

from srbtest import DATABASE, SRBENCH, RunTest, column, main, run, text

EXAMPLES = Path(SRBENCH).parent / "examples"
LANGUAGES = ["c"] + [x for x in ("cpp", "fortran")
                     if (EXAMPLES / f"example_{x}").exists()]


class LanguagesTest(RunTest):

    def test_every_language_keeps_the_rules(self):
        out = self.dir / "languages.h5"
        n = 6 * len(LANGUAGES)
        job = self.srbench(
            2, f"--languages=[{','.join(LANGUAGES)}]",
            "--pattern=[pair,phases]", "--sync=[none,start,iteration]",
            "--client=socket", "--tensor_bytes=5000", "--iterations=6",
            "--warmup=2", "--verify=all", f"--output={out}")
        self.assert_passed(job, n)
        f = self.assert_whole(out, n)
        said = column(f["summary"], "languages")
        self.assertEqual(sorted(set(said)), LANGUAGES)
        starts = set()
        for i, language in enumerate(said):
            g = f[f"perm_{i:04d}"]
            self.assertEqual(text(g.attrs["languages"]), language)
            self.assertTrue(text(g.attrs["name"]).startswith(
                f"throughput-sess-colo-{language}-N1-T2-"))
            starts.add(text(g.attrs["db_start_time"]))
        self.assertEqual(len(starts), 1, "databases started again")

    def test_hiredis_and_a_failure_and_wrong_tensors(self):
        """A client's words come through, and checks find what was altered."""
        for language in LANGUAGES:
            with self.subTest(language=language):
                job = self.srbench(
                    1, f"--languages={language}", "--client=hiredis",
                    "--tensor_bytes=70000", "--iterations=3",
                    "--verify=all", "--output=none")
                self.assert_passed(job, 1)
                null = ("--db_exe=null", "--client=null", "--iterations=9",
                        "--tensor_bytes=64", f"--languages={language}",
                        "--verify=all", "--output=none")
                job = self.srbench(2, *null,
                                   "--null_client={client: 1, fail_at: 4}")
                self.assert_status(job, 1, failed=1)
                self.assertIn("client 1 fails at pair 4", job.stderr)
                job = self.srbench(2, *null,
                                   "--null_client={client: 1, alter_at: 4}")
                self.assert_status(job, 1, verify_errors=1)

    def test_a_signal_cuts_every_loop_off(self):
        for language in LANGUAGES:
            with self.subTest(language=language):
                job = self.start(
                    1, "--tensor_bytes=4", "--duration=50s", "--verbose",
                    "--term_grace=100ms", f"--languages={language}",
                    "--output=none")
                job.wait_until(lambda: "[1/1] " in job.stderr, "the loop")
                time.sleep(0.3)
                os.kill(job.ranks()[0].pid, signal.SIGTERM)
                job.wait(20)
                self.assertIn("broken off at pair", job.stderr)


class ExamplesTest(RunTest):

    def setUp(self):
        super().setUp()
        self.started = []

    def tearDown(self):
        for p in self.started:
            p.kill()
            p.wait()
        super().tearDown()

    def serve(self, *more):
        """Redis on the next port, in a folder of its own."""
        port = self.port + len(self.started)
        folder = self.dir / str(port)
        folder.mkdir(exist_ok=True)
        self.started.append(subprocess.Popen(
            [DATABASE, "--port", str(port), "--bind", "127.0.0.1", "--dir",
             str(folder), "--save", "", *more], stdout=subprocess.DEVNULL))
        return port

    def say(self, port, *words):
        with socket.create_connection(("127.0.0.1", port), 5) as s:
            s.sendall(" ".join(words).encode() + b"\r\n")
            return s.recv(1 << 16).decode()

    def await_answer(self, port, want, *words):
        deadline = time.monotonic() + 20
        while time.monotonic() < deadline:
            try:
                if want in self.say(port, *words):
                    return
            except OSError:
                pass
            time.sleep(0.05)
        self.fail(f"{port} does not answer {want}")

    def assert_example(self, language, addresses, status=0):
        done = subprocess.run([EXAMPLES / f"example_{language}", addresses],
                              capture_output=True, text=True, timeout=30)
        self.assertEqual(done.returncode, status, done.stderr)
        return done.stderr if status else done.stdout

    def test_one_server_and_none(self):
        port = self.serve("--unixsocket", str(self.dir / "s"))
        self.await_answer(port, "PONG", "PING")
        for language in LANGUAGES:
            for where in (f"127.0.0.1:{port}", f"127.0.0.1:1,localhost:{port}"
                          if language == "c" else f"unix:{self.dir}/s"):
                self.assertIn("12 tensors", self.assert_example(language, where))
            why = self.assert_example(language, "127.0.0.1:1", 1)
            self.assertRegex(why, r"^tensors: cannot connect to 127.0.0.1:1: "
                                  r"Connection refused\n$")
            self.assertIn("expected host:port",
                          self.assert_example(language, "nowhere", 1))
        self.say(port, "CONFIG", "SET", "requirepass", "x")
        self.assertIn("NOAUTH",
                      self.assert_example("c", f"127.0.0.1:{port}", 1))

    def test_a_cluster_of_three(self):
        """Twelve keys are on all of its servers."""
        ids = [str(k) * 40 for k in range(1, 4)]
        slots = ["0-5460", "5461-10922", "10923-16383"]
        for k in range(3):
            folder = self.dir / str(self.port + k)
            folder.mkdir()
            lines = [f"{ids[j]} 127.0.0.1:{self.port + j}@"
                     f"{self.port + j + 10000} "
                     f"{'myself,' if j == k else ''}master - 0 0 {j + 1} "
                     f"connected {slots[j]}" for j in range(3)]
            (folder / "nodes.conf").write_text(
                "\n".join(lines) + "\nvars currentEpoch 3 lastVoteEpoch 0\n")
            self.serve("--cluster-enabled", "yes")
        for k in range(3):
            self.await_answer(self.port + k, "cluster_state:ok", "CLUSTER",
                              "INFO")
        for language in LANGUAGES:
            self.assert_example(language, f"127.0.0.1:{self.port}")
        sizes = [self.say(self.port + k, "DBSIZE") for k in range(3)]
        self.assertNotIn(":0\r\n", sizes)


@unittest.skipIf(len(LANGUAGES) == 3, "this build has all languages")
class RefusedTest(RunTest):

    def test_a_language_that_was_left_out(self):
        for language in {"cpp", "fortran"} - set(LANGUAGES):
            job = run(0, f"--languages={language}", "--dry_run",
                      "--machine=1x1")
            self.assertEqual(job.returncode, 2, job.describe())
            self.assertIn("was left out of this build", job.stderr)


if __name__ == "__main__":
    main()
