# ctest: label=fast
"""Nobody is let in: databases answer nothing without a password, each of their
users may do what it must and no more, and the passwords are nowhere but in
the file of srbench serve.
"""
import os
import re
import signal
import socket
import subprocess

from srbtest import REDIS_7, RunTest, main, processes

# runs for as long as it is looked at, and is then ended
LONG = ("--tensor_bytes=1KiB", "--duration=600s", "--term_grace=0s")
USERS = {"client": "srbench-client", "steward": "srbench-steward",
         "reader": "srbench-reader"}
KEY = "throughput_rank_0"


def request(*words):
    return b"*%d\r\n" % len(words) + b"".join(
        b"$%d\r\n%s\r\n" % (len(w), w.encode()) for w in words)


class Connection:
    """A connection of somebody's, to a port of this host or a Unix socket."""

    def __init__(self, to, login=None):
        family = socket.AF_INET if isinstance(to, int) else socket.AF_UNIX
        self.socket = socket.socket(family)
        self.socket.settimeout(5)
        try:
            self.socket.connect(("127.0.0.1", to) if isinstance(to, int)
                                else to)
        except OSError:
            self.socket.close()
            raise
        self.login = self.ask("AUTH", *login) if login else None

    def ask(self, *words):
        """The first line of the answer, without its end."""
        self.socket.sendall(request(*words))
        return self.socket.recv(65536).decode().partition("\r\n")[0]

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close()


class AuthTest(RunTest):

    def running(self, nranks, *args, servers=1):
        """A job in its loop, whose servers answer, if only to say no."""
        job = self.start(nranks, *LONG, "--output=none", "--verbose", *args)
        job.wait_until(lambda: "[1/1]" in job.stderr, "the loop")
        job.wait_until(lambda: self.answer(servers), "its servers")
        return job

    def answer(self, servers):
        try:
            for k in range(servers):
                with Connection(self.port + k) as c:
                    c.ask("PING")
        except OSError:
            return False
        return True

    def end(self, job):
        """Break the job off."""
        for rank in job.ranks():
            try:
                os.kill(rank.pid, signal.SIGTERM)
            except ProcessLookupError:  # the others' signal was enough
                pass
        job.wait()

    def tearDown(self):
        # a job that is killed leaves its scratch: that would be told besides
        # what is wrong
        for job in self.jobs:
            if job.process.poll() is None:
                self.end(job)
        super().tearDown()

    def assert_shut(self, to):
        """No command of anybody's is obeyed."""
        for words in (("PING",), ("GET", KEY), ("INFO",), ("FLUSHALL",),
                      ("SHUTDOWN", "NOSAVE"), ("SET", KEY, "x")):
            with Connection(to) as c:
                self.assertEqual(c.ask(*words),
                                 "-NOAUTH Authentication required.", words)
        for login in (("x",), ("default", ""), ("default", "x"),
                      (USERS["client"], ""),
                      *((user, "x") for user in USERS.values())):
            with Connection(to, login) as c:
                self.assertRegex(c.login, "^-(WRONGPASS|ERR) ", login)
                self.assertEqual(c.ask("PING"),
                                 "-NOAUTH Authentication required.", login)


class Strangers(AuthTest):

    def test_a_server_of_its_own_node(self):
        """Over TCP and the Unix socket, which lies where nobody else may go."""
        for exe, name in (("redis-server", "redis.sock"),
                          ("floor", "floor.sock")):
            with self.subTest(exe):
                job = self.running(2, f"--db_exe={exe}")
                server, = job.servers()
                path = os.path.join(server.cwd, name)
                self.assert_shut(self.port)
                self.assert_shut(path)
                for at in (path, server.cwd, os.path.dirname(server.cwd)):
                    self.assertEqual(os.stat(at).st_mode & 0o077, 0, at)
                with open(f"/proc/{server.pid}/limits", encoding="utf-8") as limits:
                    self.assertRegex(limits.read(),
                                     r"Max core file size +0 +0 ")
                self.end(job)

    def test_a_cluster(self):
        job = self.running(3, "throughput_standard", "--virtual_nodes=3",
                           "--db_nodes=2", servers=2)
        for k in range(2):
            self.assert_shut(self.port + k)
        self.end(job)

    def test_another_interface(self):
        """With a password protected mode turns nobody away who has it."""
        said = subprocess.run(["ip", "-o", "-4", "addr", "show", "up"],
                              capture_output=True, text=True, encoding="utf-8").stdout
        names = [line.split()[1] for line in said.splitlines()
                 if line.split()[1] != "lo"]
        if not names:
            self.skipTest("no network interface but loopback")
        job = self.srbench(2, "throughput_standard", "--virtual_nodes=2",
                           "--tensor_bytes=1KiB", "--iterations=5",
                           f"--net_ifname={names[0]}", "--output=none")
        self.assert_passed(job, permutations=1)


class Users(AuthTest):
    """The passwords are known from the file of srbench serve."""

    def setUp(self):
        super().setUp()
        self.address = self.dir / "address.yaml"

    def serve(self, *args, ranks=1):
        job = self.start(ranks, "serve", f"--db_address={self.address}",
                         "--net_ifname=lo", *args)
        job.wait_until(lambda: "SRBENCH_SERVING" in job.stdout, "serving",
                       60)
        text = self.address.read_text(encoding="utf-8")
        self.passwords = dict(re.findall(
            r'^(client|steward|reader)_password: "([0-9a-f]{64})"$', text, re.M))
        self.assertEqual(len(set(self.passwords.values())), 3, text)
        return job

    def login(self, user):
        return Connection(self.port, (USERS[user], self.passwords[user]))

    def assert_may(self, user, answers):
        with self.login(user) as c:
            self.assertEqual(c.login, "+OK")
            for words, answer in answers:
                got = c.ask(*words)
                self.assertEqual(got[:len(answer)], answer, words)

    def test_of_redis(self):
        # before Redis 7 it needs no leave
        debug = ("--db_args={enable-debug-command: 'yes'}",) if REDIS_7 else ()
        job = self.serve(*debug)
        self.assert_shut(self.port)
        no = "-NOPERM"
        self.assert_may("client", [
            (("PING",), "+PONG"), (("SET", KEY, "1"), "+OK"),
            (("GET", KEY), "$1"), (("SET", "other", "1"), no),
            (("GET", "other"), no), (("DEL", KEY), no), (("FLUSHALL",), no),
            (("INFO",), no), (("CONFIG", "GET", "*"), no), (("KEYS", "*"), no),
            (("SHUTDOWN",), no), (("ACL", "LIST"), no), (("EVAL", "1", "0"), no),
            (("CLIENT", "LIST"), no), (("DEBUG", "SLEEP", "0"), no),
            (("MONITOR",), no), (("REPLICAOF", "127.0.0.1", "1"), no)])
        self.assert_may("steward", [
            (("PING",), "+PONG"), (("INFO", "server"), "$"),
            (("CONFIG", "GET", "protected-mode"), no),
            (("CLUSTER", "INFO"), "-ERR This instance has cluster support"),
            (("GET", KEY), no), (("SET", KEY, "1"), no),
            (("CONFIG", "SET", "hz", "1"), no), (("CONFIG", "REWRITE"), no),
            (("ACL", "LIST"), no), (("ACL", "SETUSER", "x", "on"), no),
            (("EVAL", "1", "0"), no), (("KEYS", "*"), no),
            (("DEBUG", "SLEEP", "0"), no), (("MODULE", "LIST"), no),
            (("CLUSTER", "RESET"), no), (("SAVE",), no),
            (("REPLICAOF", "127.0.0.1", "1"), no),
            (("FLUSHALL", "SYNC"), "+OK")])
        self.assert_may("reader", [
            (("CONFIG", "GET", "protected-mode"), "*2"), (("PING",), no),
            (("CONFIG", "SET", "hz", "1"), no), (("CONFIG", "REWRITE"), no),
            (("GET", KEY), no), (("INFO",), no), (("SHUTDOWN",), no),
            (("ACL", "LIST"), no), (("CLUSTER", "INFO"), no)])
        self.end(job)

    def test_of_the_built_in_server(self):
        job = self.serve("--db_exe=floor")
        self.assert_shut(self.port)
        self.assert_may("client", [
            (("SET", KEY, "1"), "+OK"), (("GET", KEY), "$1"),
            (("INFO",), "-NOPERM"), (("FLUSHALL",), "-NOPERM"),
            (("SHUTDOWN",), "-NOPERM")])
        self.assert_may("steward", [
            (("PING",), "+PONG"), (("INFO",), "$"), (("FLUSHALL",), "+OK"),
            (("GET", KEY), "-NOPERM")])
        with self.login("reader") as c:  # it has nothing to be asked for
            self.assertEqual(c.login[:10], "-WRONGPASS")
        self.end(job)

    def assert_nowhere(self, where, data):
        for user, password in self.passwords.items():
            self.assertFalse(password.encode() in data,
                             f"the {user}s' password is in {where}")

    def dumped(self, process):
        """The memory that a core dump of the process would hold, see core(5)
        and proc(5), a mapping at a time. A server dumps none."""
        proc = f"/proc/{process.pid}"
        with open(f"{proc}/coredump_filter", encoding="utf-8") as f:
            filtered = int(f.read(), 16)
        with open(f"{proc}/smaps", encoding="utf-8") as f:
            maps = re.findall(
                r"^([0-9a-f]+)-([0-9a-f]+) (r\S+) \S+ \S+ \d+ *(.*)$"
                r"(?:\n[A-Z]\w*:.*)*?\nVmFlags:(.*)$", f.read(), re.M)
        with open(f"{proc}/mem", "rb") as memory:
            for first, end, access, name, flags in maps:
                shared = "s" in access and not filtered & (
                    2 if "(deleted)" in name or not name else 8)
                if shared or "dd" in flags.split() or name.startswith("[v"):
                    continue
                memory.seek(int(first, 16))
                try:
                    yield name, memory.read(int(end, 16) - int(first, 16))
                except OSError:  # a hole
                    pass

    def test_nowhere_in_a_core_dump(self):
        serving = self.serve(ranks=2)
        clients = self.start(2, "throughput_standard", *LONG,
                             f"--db_address={self.address}",
                             "--client=hiredis", "--output=none", loops=True)
        clients.wait_in_loop()
        found = [p for p in processes(self.tmpdir) if p.is_rank or p.is_guard]
        self.assertEqual(len(found), 5)
        for process in found:
            sizes = []
            try:
                for name, data in self.dumped(process):
                    sizes.append(len(data))
                    self.assert_nowhere(f"{name} of {process}", data)
            except PermissionError:
                self.skipTest("memory of other processes cannot be read")
            self.assertGreater(sum(sizes), 1000000)
        self.end(clients)
        self.assert_status(clients, 128 + signal.SIGTERM)
        self.end(serving)

    def test_nowhere_else(self):
        """Neither in a process's command line or environment, nor in what is
        said, nor in any file but the one."""
        serving = self.serve("--verbose")
        out = self.dir / "out.h5"
        clients = self.start(2, "throughput_standard", *LONG,
                             f"--db_address={self.address}",
                             f"--output={out}", "--verbose",
                             f"--summary_json={self.dir}/out.json",
                             loops=True)
        clients.wait_in_loop()
        seen = processes(self.tmpdir)
        self.assertGreaterEqual(len(seen), 5)  # ranks, a guard, a server
        for process in seen:
            for name in ("cmdline", "environ"):
                with open(f"/proc/{process.pid}/{name}", "rb") as f:
                    self.assert_nowhere(f"{name} of {process}", f.read())
        for at in (self.dir, self.tmpdir):
            for path in at.rglob("*"):
                if path.is_file() and path != self.address:
                    self.assert_nowhere(path, path.read_bytes())
        self.end(clients)
        self.assert_status(clients, 128 + signal.SIGTERM)
        self.end(serving)
        for path in (out, self.dir / "out.json"):
            self.assert_nowhere(path, path.read_bytes())
        for job in (serving, clients):
            self.assert_nowhere(job.command,
                                (job.stdout + job.stderr).encode())

    def test_a_file_with_another_password(self):
        job = self.serve()
        text = self.address.read_text(encoding="utf-8")
        for user in self.passwords:
            with self.subTest(user):
                wrong = "0123456789abcdef" * 4
                copy = self.dir / "copy"
                copy.write_text(text.replace(self.passwords[user], wrong),
                    encoding="utf-8")
                clients = self.srbench(1, "throughput_standard",
                                       f"--db_address={copy}",
                                       "--tensor_bytes=4", "--output=none")
                self.assert_status(clients, 1, completed=0, failed=1)
                self.assertIn(f"AUTH as srbench-{user}: the server says: "
                              "WRONGPASS", clients.stderr)
                self.assertNotIn(wrong, clients.stdout + clients.stderr)
        lacking = self.dir / "lacking"
        lacking.write_text("".join(x for x in text.splitlines(True)
                                   if not x.startswith("client_password")),
            encoding="utf-8")
        clients = self.srbench(1, "throughput_standard",
                               f"--db_address={lacking}")
        self.assert_status(clients, 2)
        self.assertIn("lacks the databases' passwords", clients.stderr)
        # a broken line is told without what stands on it
        lacking.write_text(text.replace('client_password: "',
                                        'client_password: ["'),
            encoding="utf-8")
        clients = self.srbench(1, "throughput_standard",
                               f"--db_address={lacking}")
        self.assert_status(clients, 2)
        self.assert_nowhere("a message", clients.stderr.encode())
        self.end(job)

    def test_a_server_too_old(self):
        old = self.dir / "old-server"
        old.write_text("#!/bin/sh\necho 'Redis server v=5.0.14 sha=0'\n",
            encoding="utf-8")
        old.chmod(0o755)
        job = self.srbench(1, f"--db_exe={old}")
        self.assert_status(job, 2)
        self.assertIn("is redis 5.0.14, which is too old", job.stderr)


if __name__ == "__main__":
    main()
