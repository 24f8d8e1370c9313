# ctest: label=fast,asan timeout=4000 full
"""The timed loop in C, C++ and Fortran, and programs in these that use its
client alone."""
import ctypes
import os
import shutil
import signal
import socket
import subprocess
import time
import unittest
from pathlib import Path

from srbtest import (DATABASE, END, SANITIZED, SOURCE, SRBENCH, RunTest,
                     column, full, main, run, text)

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
            g = self.perm(i, f)
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
                    1, "--tensor_bytes=4", "--duration=1h", "--verbose",
                    "--term_grace=100ms", f"--languages={language}",
                    "--output=none", loops=True)
                job.wait_in_loop()
                os.kill(job.ranks()[0].pid, signal.SIGTERM)
                job.wait()
                self.assertIn("broken off at pair", job.stderr)


class Options(ctypes.Structure):
    """struct srb_tensor_client_options"""
    _fields_ = [("addresses", ctypes.c_char_p), ("user", ctypes.c_char_p),
                ("password", ctypes.c_char_p), ("timeout", ctypes.c_double),
                ("kind", ctypes.c_int)]


class Library:
    """libsrb_tensor_client, as tensor_client.h has it."""

    def __init__(self):
        self.so = ctypes.CDLL(Path(SRBENCH).parent / "libsrb_tensor_client.so")
        self.so.srb_tensor_client_open.restype = ctypes.c_void_p
        self.so.srb_tensor_client_error.restype = ctypes.c_char_p

    def open(self, addresses):
        words = ctypes.create_string_buffer(512)
        options = Options(addresses.encode(), None, None, 5, 0)
        client = self.so.srb_tensor_client_open(ctypes.byref(options), words,
                                                ctypes.c_size_t(512))
        assert client, words.value
        return ctypes.c_void_p(client)

    def put(self, client, key, count=8):
        """"" or the words of the failure."""
        data = (ctypes.c_float * 8)(*range(8))
        rc = self.so.srb_put_tensor(client, key, data, ctypes.c_size_t(count))
        return self.so.srb_tensor_client_error(client).decode() if rc else ""

    def close(self, client):
        self.so.srb_tensor_client_close(client)


class ServerTest(RunTest):
    """Servers that srbench did not start."""

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
        deadline = time.monotonic() + END
        while time.monotonic() < deadline:
            try:
                if want in self.say(port, *words):
                    return
            except OSError:
                pass
            time.sleep(0.05)
        self.fail(f"{port} does not answer {want}")


class ExamplesTest(ServerTest):

    def assert_example(self, language, addresses, status=0):
        done = subprocess.run([EXAMPLES / f"example_{language}", addresses],
                              capture_output=True, text=True, timeout=300,
                   encoding="utf-8")
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
                "\n".join(lines) + "\nvars currentEpoch 3 lastVoteEpoch 0\n",
                encoding="utf-8")
            self.serve("--cluster-enabled", "yes")
        for k in range(3):
            self.await_answer(self.port + k, "cluster_state:ok", "CLUSTER",
                              "INFO")
        for language in LANGUAGES:
            self.assert_example(language, f"127.0.0.1:{self.port}")
        sizes = [self.say(self.port + k, "DBSIZE") for k in range(3)]
        self.assertNotIn(":0\r\n", sizes)
        if not SANITIZED:  # which Python is not, and could not load
            self.check_a_slot_that_moves(ids)

    def check_a_slot_that_moves(self, ids):
        """The server's words once, and then the new server."""
        library = Library()
        client = library.open(f"127.0.0.1:{self.port}")
        self.assertEqual(library.put(client, b"{moves}"), "")
        slot = self.say(self.port, "CLUSTER", "KEYSLOT", "{moves}").strip(":\r\n")
        owner = [k for k in range(3)
                 if "MOVED" not in self.say(self.port + k, "DEL", "{moves}")]
        to = (owner[0] + 1) % 3
        for k in (to, owner[0], (to + 1) % 3):
            self.assertIn("OK", self.say(self.port + k, "CLUSTER", "SETSLOT",
                                         slot, "NODE", ids[to]))
        self.assertIn(f"MOVED {slot} 127.0.0.1:{self.port + to}",
                      library.put(client, b"{moves}"))
        self.assertEqual(library.put(client, b"{moves}"), "")
        for key, words in ((b"", "a key has 1 to 127 bytes, not 0"),
                           (b"x" * 128, "a key has 1 to 127 bytes, not 128")):
            self.assertEqual(library.put(client, key), words)
        self.assertIn("at least one element", library.put(client, b"k", 0))
        self.assertEqual(library.put(client, b"{moves}"), "")
        library.close(client)


@unittest.skipIf(len(LANGUAGES) == 3, "this build has all languages")
class RefusedTest(RunTest):

    def test_a_language_that_was_left_out(self):
        for language in {"cpp", "fortran"} - set(LANGUAGES):
            job = run(0, f"--languages={language}", "--dry_run",
                      "--machine=1x1")
            self.assertEqual(job.returncode, 2, job.describe())
            self.assertIn("was left out of this build", job.stderr)


BUILD = Path(SRBENCH).parent


VALGRIND = ("valgrind", "-q", "--leak-check=full",
            "--errors-for-leak-kinds=definite", "--error-exitcode=9")


@full
class LackingTest(ServerTest):

    def test_without_the_other_compilers(self):
        build = self.dir / "build"
        done = subprocess.run(
            ["cmake", "-S", SOURCE, "-B", build, "-DBUILD_TESTING=OFF",
             "-DCMAKE_CXX_COMPILER=NOTFOUND",
             "-DCMAKE_Fortran_COMPILER=NOTFOUND"],
            capture_output=True, text=True, timeout=1200, encoding="utf-8")
        self.assertEqual(done.returncode, 0, done.stderr)
        for language in ("cpp", "fortran"):
            self.assertIn(f"languages has no {language}", done.stdout)
        subprocess.run(["cmake", "--build", build, "--parallel", "2"],
                       check=True, stdout=subprocess.DEVNULL, timeout=2400)
        for language, status in (("c", 0), ("cpp", 2), ("fortran", 2)):
            done = subprocess.run(
                [build / "srbench", f"--languages={language}", "--dry_run",
                 "--machine=1x1"], capture_output=True, text=True, timeout=300,
                       encoding="utf-8")
            self.assertEqual(done.returncode, status, done.stderr)
            if status:
                self.assertIn(f"{language} was left out of this build",
                              done.stderr)
        done = subprocess.run([build / "srbench", "--version"],
                              capture_output=True, text=True, timeout=300,
                   encoding="utf-8")
        self.assertRegex(done.stdout, r"(?m)^languages c$")


@full
class InstalledTest(ServerTest):

    def command(self, *words):
        done = subprocess.run(words, capture_output=True, text=True,
                              timeout=1200, encoding="utf-8")
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        return done.stdout

    def test_a_project_that_uses_the_client(self):
        """tools/examples copied elsewhere, so that nothing of the source is
        found; and srbench moved after it was installed."""
        there, project = self.dir / "there", self.dir / "project"
        self.command("cmake", "--install", BUILD, "--prefix",
                     self.dir / "here")
        (self.dir / "here").rename(there)
        shutil.copytree(SOURCE / "tools" / "examples", project)
        self.command("cmake", "-S", project, "-B", project / "build",
                     f"-DCMAKE_PREFIX_PATH={there}")
        self.command("cmake", "--build", project / "build")
        built = sorted(p.name for p in (project / "build/examples").iterdir())
        self.assertEqual(built, [f"example_{x}" for x in LANGUAGES])
        port = self.serve()
        self.await_answer(port, "PONG", "PING")
        for name in built:
            said = self.command(project / "build/examples" / name,
                                f"127.0.0.1:{port}")
            self.assertIn("12 tensors", said)

    def test_a_newer_one_is_asked_for(self):
        prefix, project = self.dir / "prefix", self.dir / "project"
        self.command("cmake", "--install", BUILD, "--prefix", prefix)
        project.mkdir()
        (project / "CMakeLists.txt").write_text(
            "cmake_minimum_required(VERSION 3.20)\nproject(p LANGUAGES C)\n"
            "find_package(srb_tensor_client 99 REQUIRED)\n", encoding="utf-8")
        done = subprocess.run(
            ["cmake", "-S", project, "-B", project / "build",
             f"-DCMAKE_PREFIX_PATH={prefix}"],
            capture_output=True, text=True, timeout=1200, encoding="utf-8")
        self.assertNotEqual(done.returncode, 0)
        self.assertIn("compatible with requested version", done.stderr)


@full
@unittest.skipUnless(shutil.which("valgrind"), "valgrind is not installed")
class ValgrindTest(ServerTest):

    def valgrind(self, *words):
        done = subprocess.run([*VALGRIND, *words], capture_output=True,
                              text=True, timeout=1200, encoding="utf-8")
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        return done.stdout

    def test_loops(self):
        """With the null client, since the guard is srbench once more, which
        valgrind cannot start."""
        for language in LANGUAGES:
            said = self.valgrind(
                SRBENCH, f"--languages={language}", "--db_exe=null",
                "--client=null", "--tensor_bytes=[4,5000,70000]",
                "--pattern=[pair,phases]", "--iterations=9", "--warmup=2",
                "--verify=all", "--output=none")
            self.assertIn("completed=6 ", said)

    def test_clients(self):
        port = self.serve()
        self.await_answer(port, "PONG", "PING")
        for language in LANGUAGES:
            said = self.valgrind(EXAMPLES / f"example_{language}",
                                 f"127.0.0.1:{port}")
            self.assertIn("12 tensors", said)



if __name__ == "__main__":
    main()
