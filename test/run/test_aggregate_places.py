# ctest: label=fast long
"""Data sets and their lists where these may be: on hosts of their own; and where
one side is slower than the other by a factor of 1,000, with more to do or far
away."""
import time

import numpy

import hoststest
from exchangetest import AGGREGATE, AggregateTest
from redisaitest import STAND_IN
from srbtest import main, text
from test_exchange_places import Proxy
from test_tensors import Monitored

REDISAI = ("--command_set=redisai", f"--db_modules={STAND_IN}")


class Hosts(hoststest.HostsTest, AggregateTest):

    def test_three_hosts(self):
        """One writes, one keeps and one reads; and a cluster of three, where
        a writer's list may be on another host than its data sets."""
        for kind in ((), REDISAI):
            before = hoststest.crossed(0)
            job = self.on_hosts(
                "throughput_standard", AGGREGATE, "--db_nodes=[1,3]",
                "--client_nodes=1", "--reader_nodes=1", "--fan=[own,all]",
                "--keys=balanced", "--iterations=10", "--verify=all",
                "--tensors=2", "--tensor_bytes=50000", "--overwrite", *kind)
            after = hoststest.crossed(0)
            self.assert_passed(job, permutations=4)
            for i in range(4):
                own = text(self.perm(i).attrs["fan"]) == "own"
                g = self.check_all_read(i, 1 if own else 2, 10, 2)
                nodes = g["client_node"][...].tolist()
                self.assertEqual(nodes[:2], nodes[:1] * 2)
                self.assertEqual(nodes[2:], nodes[2:3] * 2)
                self.assertNotEqual(nodes[0], nodes[2])
            # two permutations of `own` and two of `all`, of two writers
            moved = [b - a for a, b in zip(before, after)]
            self.assertGreaterEqual(max(moved), (2 + 4) * 2 * 10 * 100000)


class Turns(Proxy):
    """A server that is far away: what it answers is under way for so long that
    all that goes with a request has come by then. Of each connection it keeps
    what was said at a time, between two answers."""

    def __init__(self, test, port, late):
        super().__init__(test, port, {})
        self.back, self.said = late, {}

    def hear(self, here, line, who, asks):
        turns = self.said.setdefault(id(who), [who]) if asks else None
        while True:
            try:
                data = here.recv(65536)
            except OSError:
                data = b""
            if asks and data:
                if who.pop("answered", True):
                    turns.append(b"")
                turns[-1] += data
            if not asks:
                who["answered"] = True
            line.put((time.monotonic() + (0 if asks else self.back), data))
            if not data:
                return

    def lists(self):
        """Of each list that was got, its commands turn by turn."""
        for _, *turns in self.said.values():
            for k, turn in enumerate(turns):
                if b"LRANGE" not in turn or b".list." not in turn:
                    continue
                end = next((j for j in range(k + 1, len(turns))
                            if b"LRANGE" in turns[j] or b"LLEN" in turns[j]),
                           len(turns))
                yield turns[k:end]


class Slow(AggregateTest):

    def test_three_turns(self):
        """However many data sets a list names, it is got in three turns, or two
        without descriptions: the list, all descriptions, all tensors."""
        server = Monitored(self, "--loadmodule", STAND_IN)
        for client in ("socket", "hiredis"):
            for kind, said in (("redisai", ((b"LRANGE", 1), (b"HGETALL", 5),
                                            (b"AI.TENSORGET", 15))),
                               ("plain", ((b"LRANGE", 1), (b"GET", 15)))):
                with self.subTest(client=client, kind=kind):
                    proxy = Turns(self, server.port, 0.05)
                    self.study("throughput_standard", "--readers_per_node=1",
                               f"--db_address={proxy.address}",
                               "--iterations=4", "--warmup=1", "--tensors=3",
                               "--tensor_bytes=8", f"--client={client}",
                               f"--command_set={kind}", "--verify=all", ranks=6)
                    self.check_all_read(0, 1, 4, 5)
                    lists = list(proxy.lists())
                    self.assertEqual(len(lists), 5)
                    for turns in lists:
                        self.assertEqual(
                            [tuple((w, n) for w, _ in said
                                   if (n := turn.count(b"\r\n" + w + b"\r\n")))
                             for turn in turns], [(x,) for x in said])

    def test_a_thousand_times(self):
        """A writer with a second of work before each step, whose reader asks
        all the time; and a reader that pauses a second, while its writers need
        no millisecond for a step."""
        for how in (("--compute=1s", "--compute_kind=sleep", "--wait=spin"),
                    ("--wait=1s",)):
            with self.subTest(how=how):
                self.study(*how, "--iterations=3", "--warmup=1",
                           "--tensor_bytes=1024", "--op_timeout=3s", ranks=3)
                self.check_all_read(0, 1, 3, 2)

    def test_far_away(self):
        """Each word of the one side is 50 ms under way, and of the other none:
        no data set is lost or twice there, and none is younger than its way. A
        reader that is far away, of steps that are removed meanwhile, misses
        these and ends."""
        late = 0.05
        server = Monitored(self)
        for word, more in ((b"RPUSH", ()), (b"LLEN", ()),
                           (b"LLEN", ("--history=2",))):
            with self.subTest(word=word, more=more):
                proxy = Proxy(self, server.port, {word: late})
                self.study("throughput_standard", "--readers_per_node=1",
                           f"--db_address={proxy.address}", "--wait=1ms",
                           "--iterations=12", "--warmup=2", "--tensors=2",
                           "--tensor_bytes=1024", *more, ranks=3)
                g = self.check()
                read, missed = self.read_and_missed(g)
                self.assertEqual(read + missed, 24)
                self.assertEqual(missed > 0, bool(more))
                there = g["get_step"][...] >= 0
                self.assertTrue((g["delivery"][...][there] >= late).all())
                self.assertTrue(numpy.isfinite(g["put_tensor"][:2, :12]).all())


if __name__ == "__main__":
    main()
