# ctest: label=fast full
"""Clients that fail or hang, servers that are missing, broken, killed or
stopped, ports that are taken: all ranks end in time, the file tells what
happened, the sweep goes on, and nothing is left behind."""
import os
import shutil
import signal
import socket
import subprocess
import time

from srbtest import DATABASE, END, TEST_USER, RunTest, column, full, main, text

NULL = ("--client=null", "--db_exe=null")


class FaultTest(RunTest):
    """A study in which something goes wrong: its file is self.out."""

    def setUp(self):
        super().setUp()
        self.out = self.dir / "faults.h5"

    def study(self, nranks, *args, **how):
        return self.srbench(nranks, *args, f"--output={self.out}", **how)

    def assert_failed(self, job, i, *words, rank=None, ranks=None):
        """Permutation i has failed, with these words everywhere."""
        g = self.perm(i)
        error = text(g.attrs["error"])
        self.assertEqual(text(g.attrs["status"]), "failed", job.describe())
        for word in words:
            self.assertIn(word, error, job.describe())
            self.assertIn(word, job.stderr, job.describe())
        row = column(self.open(self.out)["summary"], "error")[i]
        self.assertEqual(row, error)
        if rank is not None:
            self.assertEqual(int(g.attrs["failed_rank"]), rank, error)
            self.assertIn(f"rank {rank} on ", error)
        if ranks is not None:
            self.assertEqual(int(g.attrs["failed_ranks"]), ranks, error)
        return error

    def assert_completed(self, i):
        g = self.perm(i)
        self.assert_permutation(g)
        self.assertEqual(int(g.attrs["failed_rank"]), -1)
        self.assertEqual(int(g.attrs["failed_ranks"]), 0)

    def script(self, name, body):
        """An executable shell script, as a server that is none."""
        path = self.dir / name
        path.write_text("#!/bin/sh\n" + body, encoding="utf-8")
        path.chmod(0o755)
        return path

    def one_client_hangs(self, nranks, client, seconds):
        job = self.study(nranks, *NULL, "--overwrite",
                         f"--null_client={{client: {client}, hang_at: 5}}",
                         f"--op_timeout={seconds}s", "--tensor_bytes=1024",
                         "--iterations=20")
        self.assert_status(job, 1, permutations=1, completed=0, failed=1,
                           skipped=0)
        self.assert_failed(job, 0, f"client {client} hangs at pair 5",
                           f"no reply within {seconds} s", rank=client,
                           ranks=1)
        self.assertGreater(job.seconds, seconds)

    def assert_gave_up(self):
        """After db_timeout (2 s)."""
        seconds = float(self.perm(0).attrs["db_start_seconds"])
        self.assertGreaterEqual(seconds, 2)


ANSWER = """case "$1" in
--version) echo 'Redis server v=7.0.15 sha=0:0 malloc=none bits=64'; exit;;
esac
"""


class NullClient(FaultTest):

    def test_one_client_fails(self):
        for nranks, client in ((1, 0), (4, 2), (8, 2)):
            with self.subTest(ranks=nranks):
                job = self.study(nranks, *NULL, "--overwrite",
                                 f"--null_client={{client: {client}, "
                                 "fail_at: 5}", "--tensor_bytes=1024",
                                 "--iterations=20", "--figures=stdout")
                self.assert_status(job, 1, permutations=1, completed=0,
                                   failed=1, skipped=0)
                self.assert_failed(job, 0,
                                   f"client {client} fails at pair 5",
                                   rank=client, ranks=1)
                self.assertEqual(job.foms, [], "figures of a failure")

    def test_one_client_hangs(self):
        self.one_client_hangs(4, client=2, seconds=1)

    def test_in_the_last_pair(self):
        """One that fails when all others have done."""
        job = self.study(4, *NULL, "--null_client={client: 3, fail_at: 10}",
                         "--tensor_bytes=1024", "--iterations=10",
                         "--warmup=1")
        self.assert_status(job, 1, failed=1)
        self.assert_failed(job, 0, "client 3 fails at pair 10", rank=3)

    def test_every_permutation_has_its_own_failure(self):
        job = self.study(4, *NULL, "--null_client={client: 1, fail_at: 3}",
                         "--tensor_bytes=[1024,2048,4096]",
                         "--repetitions=2", "--iterations=5")
        self.assert_status(job, 1, permutations=6, completed=0, failed=6,
                           skipped=0)
        self.assertEqual(self.statuses(), ["failed"] * 6)

    def test_the_sweep_goes_on(self):
        """A failing client, then one that talks to a real server."""
        for fault in ("fail_at: 5", "hang_at: 5"):
            with self.subTest(fault=fault):
                job = self.study(4, "--client=[null,hiredis]", "--overwrite",
                                 f"--null_client={{client: 2, {fault}}}",
                                 "--op_timeout=1s", "--tensor_bytes=[4,1024]",
                                 "--iterations=10", "--figures=stdout")
                self.assert_status(job, 1, permutations=4, completed=2,
                                   failed=2, skipped=0, verify_errors=0)
                self.assertEqual(self.statuses(), ["failed", "failed",
                                                   "completed", "completed"])
                self.assert_failed(job, 0, "client 2", rank=2, ranks=1)
                self.assert_completed(2)
                self.assert_completed(3)
                self.assertEqual({fom["perm"] for fom in job.foms}, {2, 3})

    def test_faults_that_make_no_sense(self):
        for fault in ("{explode_at: 5}", "{fail_at: soon}", "{fail_at: -1}",
                      "{delay: green}"):
            with self.subTest(fault=fault):
                job = self.study(2, *NULL, f"--null_client={fault}")
                self.assert_status(job, 2, completed=0, failed=0)
                self.assertIn("null_client", job.stderr, job.describe())
                self.assertFalse(self.out.exists())


class NoServer(FaultTest):

    def assert_refused(self, exe, *words):
        job = self.study(2, f"--db_exe={exe}", "--tensor_bytes=[4,1024]")
        self.assert_status(job, 2, permutations=2, completed=0, failed=0,
                           skipped=2)
        for word in ("db_exe", *words):
            self.assertIn(word, job.stderr, job.describe())
        self.assertFalse(self.out.exists(), "a file of nothing")
        return job

    def test_missing(self):
        self.assert_refused("/no/such/server", "/no/such/server", "not found")
        self.assert_refused("no-such-server", "no-such-server", "PATH")

    def test_not_executable(self):
        path = self.dir / "plain"
        path.write_text("text", encoding="utf-8")
        self.assert_refused(path, str(path))
        self.assert_refused(self.dir, str(self.dir))

    def test_not_a_server(self):
        self.assert_refused("/bin/true", "/bin/true", "no server")
        self.assert_refused("/bin/false", "/bin/false")

    def test_one_of_two_is_missing(self):
        """Nothing is started, not even what could be."""
        job = self.study(2, "--db_exe=[redis-server,/no/such/server]",
                         "--tensor_bytes=4")
        self.assert_status(job, 2, completed=0, failed=0, skipped=2)
        self.assertIn("/no/such/server", job.stderr)
        self.assertFalse(self.out.exists())

    def test_a_server_but_null(self):
        """A client that needs a server has none."""
        job = self.study(2, "--db_exe=null", "--tensor_bytes=4")
        self.assert_status(job, 2, completed=0, failed=0)
        self.assertIn("socket", job.stderr, job.describe())


class BadServer(FaultTest):

    def test_bad_directive(self):
        """It does not start, and says why itself; not tried for ever."""
        job = self.study(2, "--db_args={no-such-directive: 5}",
                         "--tensor_bytes=[4,1024,2048]")
        self.assert_status(job, 1, permutations=3, completed=0, failed=2,
                           skipped=1)
        error = self.assert_failed(job, 0, "no-such-directive", rank=0,
                                   ranks=1)
        # Redis 8 takes it for one of a module that is not loaded
        self.assertRegex(error, "Bad directive|Module Configuration detected",
                         "the server's own words")
        self.assertEqual(self.statuses(), ["failed", "failed", "skipped"])
        self.assertIn("failed to start",
                      column(self.open(self.out)["summary"], "error")[2])

    def test_bad_value(self):
        job = self.study(2, "--db_args={maxmemory: plenty}",
                         "--tensor_bytes=4")
        self.assert_status(job, 1, failed=1)
        self.assert_failed(job, 0, "maxmemory")

    def test_the_next_setup_is_tried(self):
        """A set-up that cannot start does not take the next one with it."""
        bad = self.script("bad-redis", ANSWER + "echo no thanks >&2; exit 7\n")
        job = self.study(2, f"--db_exe=[{bad},redis-server]",
                         "--tensor_bytes=[4,1024]", "--iterations=5")
        self.assert_status(job, 1, permutations=4, completed=2, failed=2,
                           skipped=0)
        self.assert_failed(job, 0, "exited with status 7", "no thanks")
        self.assert_completed(2)
        self.assert_completed(3)

    def test_ends_in_silence(self):
        bad = self.script("mute-redis", ANSWER + "exit 0\n")
        job = self.study(4, f"--db_exe={bad}", "--tensor_bytes=4")
        self.assert_status(job, 1, failed=1)
        self.assert_failed(job, 0, "exited with status 0")

    def test_never_listens_one_of_three(self):
        """The others of a cluster must not wait for it."""
        bad = self.script("some-redis", ANSWER + f"""cat >conf
grep -q "^port {self.port + 1}$" conf && sleep 600
exec {shutil.which(DATABASE)} conf
""")
        job = self.study(8, "throughput_standard", "--virtual_nodes=4",
                         "--db_nodes=3", f"--db_exe={bad}", "--db_timeout=2s",
                         "--tensor_bytes=4")
        self.assert_status(job, 1, permutations=1, failed=1)
        self.assert_failed(job, 0, str(self.port + 1), "db_timeout", rank=4,
                           ranks=1)

    def test_listens_but_never_answers(self):
        bad = self.script("rude-redis", ANSWER + """exec python3 -c '
import re, socket, sys, time
port = int(re.search(r"^port (\\d+)$", sys.stdin.read(), re.M).group(1))
s = socket.create_server(("127.0.0.1", port))
time.sleep(600)'
""")
        job = self.study(4, f"--db_exe={bad}", "--db_timeout=2s",
                         "--tensor_bytes=4")
        self.assert_status(job, 1, permutations=1, failed=1)
        self.assert_failed(job, 0, rank=0, ranks=1)
        self.assert_gave_up()

    def test_reserved_directives(self):
        for args in ("{port: 5}", "{SAVE: '60 1'}", "{appendonly: 'yes'}",
                     "{dir: /tmp}", "{daemonize: 'yes'}",
                     '{maxmemory: "1gb\\nsave 1 1"}',
                     '{"maxmemory 1gb\\nsave": "1 1"}'):
            with self.subTest(db_args=args):
                job = self.study(1, f"--db_args={args}", "--tensor_bytes=4")
                self.assert_status(job, 2, completed=0, failed=0)
                self.assertIn("db_args", job.stderr, job.describe())
                self.assertFalse(self.out.exists())

    def test_directive_that_is_allowed(self):
        job = self.study(1, "--db_args={maxmemory: 512mb}",
                         "--tensor_bytes=4", "--iterations=5")
        self.assert_passed(job, 1)
        self.assertIn("maxmemory 536870912",
                      text(self.perm(0).attrs["db_config"]))


class Crashes(FaultTest):
    """A server that comes to grief by itself ends at once, and the reason is
    what is quoted, also where its report of the crash stands behind it."""

    def crash(self, how, *args):
        job = self.start(2, "--tensor_bytes=4096", "--duration=1h",
                         "--op_timeout=1h", f"--output={self.out}",
                         f"--db_exe={self.open_server()}", *args)
        job.wait_until(self.in_the_loop, "the loop")
        try:
            redis(self.port, "DEBUG", how)
        except OSError:
            pass  # it hangs up
        self.assert_status(job.wait(), 1, completed=0, failed=1)
        return text(self.perm().attrs["error"])

    def in_the_loop(self):
        try:
            return b"cmdstat_get" in redis(self.port, "INFO", "commandstats")
        except OSError:
            return False

    def test_segfault(self):
        why = self.crash("SEGFAULT", "--db_args={enable-debug-command: 'yes'}")
        self.assertRegex(
            why, r"the database server \(pid \d+\) was killed by signal 11")
        self.assertNotIn("it said", why)  # it has no words for it

    def test_out_of_memory(self):
        for report in ("no", "yes"):
            with self.subTest(report=report):
                why = self.crash("OOM", "--overwrite", "--db_args={"
                                 "enable-debug-command: 'yes', "
                                 f"crash-log-enabled: '{report}'}}")
                self.assertRegex(why, r"was killed by signal 6 .*; it said: "
                                      r"[^|]*Out Of Memory allocating \d+ bytes")
                self.assertNotIn("BUG REPORT", why)

    def test_an_assertion(self):
        self.assertIn("==> debug.c:",
                      self.crash("ASSERT",
                                 "--db_args={enable-debug-command: 'yes'}"))


class PortTaken(FaultTest):

    def assert_taken(self, job, port):
        """Refused before anything has started."""
        self.assert_status(job, 2, permutations=1, completed=0, failed=0)
        self.assertIn(f"port {port} of", job.stderr, job.describe())
        self.assertIn("db_port", job.stderr, job.describe())
        self.assertFalse(self.out.exists())

    def listen(self, port, address="127.0.0.1"):
        s = socket.socket()
        s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        s.bind((address, port))
        s.listen()
        self.addCleanup(s.close)

    def test_by_a_plain_socket(self):
        for address in ("127.0.0.1", "0.0.0.0"):
            with self.subTest(address=address):
                port = self.port + (address == "0.0.0.0")
                self.listen(port, address)
                job = self.study(2, "--tensor_bytes=4", "--overwrite",
                                 f"--db_port={port}")
                self.assert_taken(job, port)

    def test_of_a_later_shard(self):
        self.listen(self.port + 1)
        job = self.study(2, "throughput_standard", "--virtual_nodes=2",
                         "--db_shards_per_node=3", "--tensor_bytes=4")
        self.assert_taken(job, self.port + 1)

    def test_of_the_cluster_bus(self):
        self.listen(self.port + 10002)
        job = self.study(4, "throughput_standard", "--virtual_nodes=4",
                         "--db_nodes=3", "--tensor_bytes=4")
        self.assert_taken(job, self.port + 10002)

    def test_by_a_foreign_redis(self):
        """It is neither used, emptied nor stopped."""
        foreign = subprocess.Popen(
            [shutil.which(DATABASE), "--port", str(self.port), "--bind",
             "127.0.0.1", "--save", "", "--dir", str(self.dir)],
            stdout=subprocess.DEVNULL, stdin=subprocess.DEVNULL)
        try:
            await_answer(self.port)
            redis(self.port, "SET", "precious", "1")
            job = self.study(2, "--tensor_bytes=4")
            self.assert_taken(job, self.port)
            self.assertIsNone(foreign.poll(), "the foreign server has ended")
            self.assertEqual(redis(self.port, "DBSIZE"), b":1")
            self.assertNotIn(b"cmdstat_flushall",
                             redis(self.port, "INFO", "commandstats"))
        finally:
            foreign.kill()
            foreign.wait()

    def test_the_next_setup_has_another(self):
        """Two shards want a port that is taken, one does not: it is the study
        that is refused."""
        self.listen(self.port + 1)
        job = self.study(4, "throughput_standard", "--virtual_nodes=2",
                         "--db_shards_per_node=[2,1]", "--tensor_bytes=4",
                         "--iterations=5")
        self.assert_status(job, 2, permutations=2, completed=0, skipped=2)
        self.assertIn(f"port {self.port + 1} of", job.stderr)


def await_answer(port):
    deadline = time.monotonic() + END
    while time.monotonic() < deadline:
        try:
            if redis(port, "PING").endswith(b"+PONG"):
                return
        except OSError:
            pass
        time.sleep(0.01)
    raise AssertionError(f"the server on port {port} does not answer")


def redis(port, *words):
    """The first piece of the answer of an open_server(), or of a server that
    knows no users and lets everybody in."""
    with socket.create_connection(("127.0.0.1", port), timeout=END) as s:
        s.sendall(f"AUTH {' '.join(TEST_USER)}\r\n".encode())
        s.recv(65536)
        s.sendall((" ".join(words) + "\r\n").encode())
        return s.recv(65536).strip()


@full
class MoreNullClient(FaultTest):

    def test_one_client_hangs_of_one_and_of_eight(self):
        for nranks, client, seconds in ((1, 0, 1), (8, 7, 2)):
            with self.subTest(ranks=nranks):
                self.one_client_hangs(nranks, client, seconds)

    def test_all_clients_fail(self):
        job = self.study(8, *NULL, "--null_client={fail_at: 0}",
                         "--tensor_bytes=1024", "--iterations=5")
        self.assert_status(job, 1, failed=1)
        self.assert_failed(job, 0, "client 0 fails at pair 0",
                           "(and 7 more ranks)", rank=0, ranks=8)

    def test_where_some_are_idle(self):
        """Clients, idle ranks and the stewards of three nodes end alike. The
        client's number is not its rank's."""
        job = self.study(8, *NULL, "throughput_standard", "--virtual_nodes=4",
                         "--client_nodes=2", "--clients_per_node=1",
                         "--db_nodes=1", "--op_timeout=1s",
                         "--null_client={client: 1, hang_at: 1}",
                         "--tensor_bytes=1024", "--iterations=5")
        self.assert_status(job, 1, failed=1)
        self.assert_failed(job, 0, "client 1 hangs at pair 1", rank=3,
                           ranks=1)


@full
class MoreBadServer(FaultTest):

    def test_never_listens(self):
        """A wrapper, whose child must go with it."""
        bad = self.script("deaf-redis", ANSWER + "sleep 600\nexit 0\n")
        job = self.study(4, f"--db_exe={bad}", "--db_timeout=2s",
                         "--tensor_bytes=4")
        self.assert_status(job, 1, permutations=1, failed=1)
        self.assert_failed(job, 0, "2 s", "db_timeout", rank=0, ranks=1)
        self.assert_gave_up()

    def test_slow_to_start(self):
        """Slow is not broken."""
        slow = self.script("slow-redis", ANSWER +
                           f"sleep 1\nexec {shutil.which(DATABASE)} \"$@\"\n")
        job = self.study(2, f"--db_exe={slow}", "--db_timeout=20s",
                         "--tensor_bytes=4", "--iterations=5")
        self.assert_passed(job, 1)
        self.assertGreater(self.perm(0).attrs["db_start_seconds"], 1)


@full
class ServerLost(FaultTest):
    """A server that is hit in the middle of a loop."""

    def started(self, nranks, *args, clients=None):
        """A study of two permutations, the first one's loop under way for
        minutes."""
        job = self.start(nranks, "--tensor_bytes=[32MiB,2048]", *args,
                         "--iterations=6000", f"--output={self.out}",
                         loops=True)
        job.wait_in_loop(clients=clients)
        return job

    def server_of(self, port):
        found = [s for s in self.servers() if f":{port}" in s.command]
        self.assertEqual(len(found), 1,
                         "; ".join(str(s) for s in self.servers()))
        return found[0].pid

    def test_killed(self):
        job = self.started(4)
        os.kill(self.server_of(self.port), signal.SIGKILL)
        job.wait()
        self.assert_status(job, 1, permutations=2, completed=1, failed=1,
                           skipped=0)
        self.assert_failed(job, 0, "server", "killed by signal 9")
        self.assert_completed(1)
        self.assertNotEqual(text(self.perm(1).attrs["db_start_time"]), "")

    def test_one_of_a_cluster_killed(self):
        job = self.started(8, "throughput_standard", "--virtual_nodes=4",
                           "--db_nodes=3", "--keys=balanced",
                           "--clients_per_node=2", clients=2)
        os.kill(self.server_of(self.port + 1), signal.SIGKILL)
        job.wait()
        self.assert_status(job, 1, permutations=2, completed=1, failed=1)
        self.assert_failed(job, 0, "server", "killed by signal 9", rank=4)
        self.assert_completed(1)

    def test_stopped(self):
        """One that does not answer, and does not end when asked to."""
        job = self.started(4, "--op_timeout=2s")
        os.kill(self.server_of(self.port), signal.SIGSTOP)
        job.wait()
        self.assert_status(job, 1, permutations=2, completed=1, failed=1)
        self.assert_failed(job, 0, "no reply within 2 s", ranks=4)
        self.assert_completed(1)

    def test_killed_while_nobody_uses_it(self):
        """Seen at the next permutation at the latest, which has a new one."""
        job = self.start(2, "--client=[null,hiredis]", "--tensor_bytes=4",
                         "--iterations=20", "--op_timeout=1h",
                         f"--output={self.out}", gate=(gate := self.gate(2)))
        job.wait_until(lambda: gate.holds(job), "clients to be ready")
        os.kill(self.server_of(self.port), signal.SIGKILL)
        gate.open()
        job.wait()
        self.assertEqual(job.status.get("permutations"), 2, job.describe())
        self.assert_completed(1)



if __name__ == "__main__":
    main()
