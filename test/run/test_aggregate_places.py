# ctest: label=fast long
"""Data sets and their lists where these may be: on hosts of their own; and where
one side is slower than the other by a factor of 1,000, with more to do or far
away."""
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


class Slow(AggregateTest):

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
