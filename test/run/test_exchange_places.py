# ctest: label=fast full long
"""Writers and readers where they may be: on hosts of their own, in parts of a
job, in different numbers; and where one side is slower than the other: far away,
stopped, or with a thousand times more to do."""
import collections
import os
import queue
import signal
import socket
import threading
import time

import hoststest
from exchangetest import EXCHANGE, ExchangeTest
from srbtest import full, main, text
from test_tensors import Monitored

SMALL = ("--tensor_bytes=1024", "--iterations=10", "--verify=all")


class Checked(ExchangeTest):

    def check_all_read(self, i, writers, readers):
        """Every step of every writer by `readers` of them, once."""
        g = self.check(i)
        read = collections.Counter(
            zip(g["get_writer"][...].ravel(), g["get_step"][...].ravel()))
        del read[(-1, -1)]
        self.assertEqual(
            read, {(w, s): readers for w in writers for s in range(10)})
        self.assertEqual(int(self.row("missed", i)), 0)
        return g


class Hosts(hoststest.HostsTest, Checked):

    def test_three_hosts(self):
        """One writes, one keeps and one reads; and a cluster of three, whose
        readers are connected to all that have something for them. What crosses
        to the reader's host is what it reads."""
        before = hoststest.crossed(0)
        job = self.on_hosts(
            "throughput_standard", EXCHANGE, "--db_nodes=[1,3]",
            "--client_nodes=1", "--reader_nodes=1", "--wait=[1ms,block]",
            "--fan=[own,all]", "--keys=balanced", *SMALL[1:],
            "--tensor_bytes=100000", "--control_bytes=8")
        after = hoststest.crossed(0)
        self.assert_passed(job, permutations=8)
        self.assertEqual(len({tuple(self.strings(self.perm(i), "shard_address"))
                              for i in range(8)}), 2)
        for i in range(8):
            g = self.perm(i)
            both = text(g.attrs["fan"]) == "all"
            self.check_all_read(i, (0, 1), 2 if both else 1)
            nodes = g["client_node"][...]
            self.assertEqual(len(set(nodes[:2])), 1)
            self.assertEqual(len(set(nodes[2:])), 1)
            self.assertNotEqual(nodes[0], nodes[2])
        # 4 permutations of `own` and 4 of `all`, 2 writers, warm-up besides
        moved = [b - a for a, b in zip(before, after)]
        self.assertGreaterEqual(sorted(moved)[-1], (4 + 8) * 2 * 10 * 100000)


class Parts(Checked):

    def test_numbers(self):
        """As many as there may be on a node, of each."""
        for writers, readers in ((1, 1), (2, 2), (6, 2)):
            with self.subTest(writers=writers, readers=readers):
                self.study(f"--readers_per_node={readers}", "--fan=[own,all]",
                           "--wait=[1ms,block]", *SMALL,
                           ranks=writers + readers,
                           permutations=2 * readers)
                for i in range(2 * readers):
                    both = text(self.perm(i).attrs["fan"]) == "all"
                    self.check_all_read(i, range(writers),
                                        readers if both else 1)

    def test_roles(self):
        """Parts of a job: the databases' and the clients', some of which read,
        beside those that write or on a node of their own."""
        for first, second in (("client", "db"), ("db", "client")):
            for how in (("--readers_per_node=2",),
                        ("--virtual_nodes=2", "--reader_nodes=1")):
                with self.subTest(first=first, how=how):
                    job = self.start(
                        4, f"--role={first}", "throughput_standard", EXCHANGE,
                        *SMALL, *how, "--db_nodes=1", f"--output={self.out}",
                        f"--db_port={self.port}",
                        "--overwrite", ":", "-n", "4",
                        os.environ.get("SRBENCH", ""), f"--role={second}")
                    job.wait()
                    self.assert_passed(job, permutations=1)
                    g = self.check_all_read(0, (0, 1), 1)
                    self.assertEqual(g["reader_client"][...].tolist(), [2, 3])
                    at = 0 if first == "client" else 4
                    self.assertEqual(g["client_rank"][...].tolist(),
                                     list(range(at, at + 4)))


class Slow(Checked):

    def test_a_reader_that_stops(self):
        """It falls behind and misses what goes meanwhile, and nothing else of
        the permutation is another: the writer goes on, and what it does read is
        right."""
        for history, command in (("5", "SET"), ("all", "SET"), ("5", "XADD")):
            with self.subTest(history=history, command=command):
                self.stop_reader(history, command)

    def stop_reader(self, history, command):
        server = Monitored(self)
        wait = "block" if command == "XADD" else "1ms"
        job = self.start(2, EXCHANGE, "throughput_standard", "--overwrite",
                         f"--db_address=127.0.0.1:{server.port}", "--rate=200",
                         "--iterations=600", "--tensor_bytes=1024",
                         f"--history={history}", f"--wait={wait}",
                         f"--output={self.out}", loops=True)
        job.wait_in_loop()
        reader = self.rank(job, 1)
        os.kill(reader, signal.SIGSTOP)
        told = self.told(server, command)
        job.wait_until(lambda: self.told(server, command) >= told + 150,
                       "150 more steps")
        os.kill(reader, signal.SIGCONT)
        job.wait()
        self.assert_passed(job, permutations=1)
        g = self.perm()
        self.check_order(g, g["get_step"][...] >= 0)
        self.check_deliveries(g, g["put_start"][...], g["get_step"][...] >= 0)
        self.assertGreaterEqual(int(self.row("lag_max")),
                                100 if history == "all" else 1)
        missed = int(self.row("missed"))
        if history == "all":
            self.assertEqual(missed, 0)
        else:
            self.assertGreaterEqual(missed, 100)
        self.assertEqual(int((g["put_tensor"][0] > 0).sum()), 600)
        server.end()

    @staticmethod
    def rank(job, number):
        """The process of a rank."""
        found = [p.pid for p in job.ranks()
                 if f"PMI_RANK={number}".encode() in p.environ.split(b"\0")]
        assert len(found) == 1, job.describe()
        return found[0]

    @staticmethod
    def told(server, command):
        return sum(line[0].endswith(f'"{command}') and
                   (command == "XADD" or ".steps" in line[1])
                   for line in list(server.lines))

    def test_out_of_memory(self):
        """Of somebody else's server, whose limit nobody knows: the writer's
        words, though its reader would wait for ever."""
        for wait in "1ms", "block":
            server = Monitored(self)
            server.ask("config", "set", "maxmemory", "8mb")
            job = self.start(2, EXCHANGE, "throughput_standard",
                             f"--db_address=127.0.0.1:{server.port}",
                             "--tensor_bytes=1MiB", "--iterations=100",
                             f"--wait={wait}", "--overwrite",
                             f"--output={self.out}")
            job.wait()
            self.assertEqual(job.returncode, 1, job.describe())
            attrs = self.perm().attrs
            self.assertIn("throughput_rank_0", text(attrs["error"]))
            self.assertIn("OOM command not allowed", text(attrs["error"]))
            self.assertEqual(int(attrs["failed_rank"]), 0)
            server.end()

    def test_a_thousand_times(self):
        """A writer with a second of work before each step, and a reader that
        asks all the time or not at all; and a reader that pauses a second,
        while its writer needs no millisecond for a step."""
        for how in (("--compute=1s", "--compute_kind=sleep", "--wait=spin"),
                    ("--compute=1s", "--compute_kind=sleep", "--wait=block"),
                    ("--wait=1s",)):
            with self.subTest(how=how):
                self.study(*how, "--iterations=3", "--warmup=1",
                           "--tensor_bytes=1024", "--op_timeout=3s")
                self.check()
                self.assertEqual(int(self.row("missed")), 0)


class Proxy:
    """Before a server: what is said to and by writers, and readers that block,
    comes so much later. Whose connection it is, its first such word tells."""

    def __init__(self, test, port, late):
        self.port, self.late = port, late
        self.listener = socket.create_server(("127.0.0.1", 0))
        test.addCleanup(self.listener.close)
        self.address = "127.0.0.1:%d" % self.listener.getsockname()[1]
        threading.Thread(target=self.serve, daemon=True).start()

    def serve(self):
        while True:
            try:
                client, _ = self.listener.accept()
            except OSError:
                return
            server = socket.create_connection(("127.0.0.1", self.port))
            who = {"late": 0.0}
            for here, there, asks in ((client, server, True),
                                      (server, client, False)):
                here.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                line = queue.Queue()
                for work in ((self.hear, here, line, who, asks),
                             (self.say, there, line)):
                    threading.Thread(target=work[0], args=work[1:],
                                     daemon=True).start()

    def hear(self, here, line, who, asks):
        while True:
            try:
                data = here.recv(65536)
            except OSError:
                data = b""
            line.put((time.monotonic() + self.delay(who, asks, data), data))
            if not data:
                return

    def delay(self, who, asks, data):
        """How much later this comes; asks: it is said to the server."""
        for word, late in self.late.items() if asks else ():
            if word in data:
                who["late"] = late
        return who["late"]

    @staticmethod
    def say(there, line):
        while True:
            due, data = line.get()
            time.sleep(max(0.0, due - time.monotonic()))
            try:
                if not data:  # close() waits for who hears there
                    there.shutdown(socket.SHUT_RDWR)
                    return
                there.sendall(data)
            except OSError:
                return


class Far(Checked):

    def delivery(self, server, late):
        proxy = Proxy(self, server.port, late)
        self.study("throughput_standard", f"--db_address={proxy.address}",
                   "--wait=block", "--compute=250ms", "--compute_kind=sleep",
                   "--iterations=15", "--warmup=2", "--tensor_bytes=1024")
        self.check()
        return self.row("delivery_median")

    @full
    def test_ways(self):
        """A writer that is d away makes data older by d, since what it tells
        goes with what it puts; a reader that is d away by 3 d: it hears of a
        step, asks for it, and has it."""
        server = Monitored(self)
        d, said = 0.04, ""
        for _ in range(3):
            base = self.delivery(server, {})
            writer = self.delivery(server, {b"XADD": d}) - base
            reader = self.delivery(server, {b"XREAD": d}) - base
            if abs(writer - d) < d / 4 and abs(reader - 3 * d) < d / 2:
                return
            said += f"\n{base}, {writer}, {reader} s at {os.getloadavg()[0]}"
        self.fail(f"not {d} and {3 * d} s, but{said}")


if __name__ == "__main__":
    main()
