"""Studies of clients that write and clients that read what these wrote, and what
holds of any of their permutations."""
import numpy

from srbtest import RunTest, column, text

EXCHANGE = "--pattern=exchange"
AGGREGATE = "--pattern=aggregate"


class ExchangeTest(RunTest):
    pattern = EXCHANGE

    def setUp(self):
        super().setUp()
        self.out = self.dir / "out.h5"

    def study(self, *args, ranks=2, permutations=1):
        job = self.srbench(ranks, self.pattern, f"--output={self.out}",
                           "--overwrite", *args)
        self.assert_passed(job, permutations=permutations)
        return job

    def row(self, name, i=0):
        return column(self.open(self.out)["summary"], name)[i]

    def check(self, i=0):
        """What must hold of any permutation."""
        g = self.perm(i)
        iterations = int(g.attrs["iterations"])
        readers = g["reader_client"][...]
        writers = sorted(set(range(int(g.attrs["clients"]))) - set(readers))
        put, step = g["put_start"][...], g["get_step"][...]
        there = step >= 0
        # a writer puts all its steps and gets nothing, a reader neither puts
        self.assertTrue(numpy.isfinite(g["put_tensor"][...][writers]
                                       [:, :iterations]).all())
        self.assertTrue(numpy.isnan(g["put_tensor"][...][readers]).all())
        self.assertTrue(numpy.isnan(g["unpack_tensor"][...][writers]).all())
        self.assertTrue((numpy.isfinite(g["unpack_tensor"][...][readers]) ==
                         there).all())
        self.check_deliveries(g, put, there)
        self.check_order(g, there)
        self.assertEqual(g["shard_ops"][...].tolist(),
                         g["shard_commands"][...].tolist())
        self.assertEqual(int(g["reader_missed"][...].sum()),
                         int(self.row("missed", i)))
        self.assertEqual(int(g["reader_polls"][...].sum()),
                         int(self.row("polls", i)))
        self.assertTrue((g["reader_polls"][...] >=
                         numpy.where(there, g["polls"][...], 0).sum(1)).all())
        self.assertEqual(int(g["reader_lag_max"][...].max()),
                         int(self.row("lag_max", i)))
        return g

    def check_deliveries(self, g, put, there):
        """delivery and visible are differences of instants that stand in the
        file as well, and the figures are those of all gets."""
        put_time = g["put_tensor"][...]
        for r, client in enumerate(g["reader_client"][...]):
            mine = there[r]
            writer, step = g["get_writer"][r][mine], g["get_step"][r][mine]
            begin = put[writer, step]
            start = g["unpack_start"][client][mine]
            has = start + g["unpack_tensor"][client][mine]
            numpy.testing.assert_allclose(g["delivery"][r][mine], has - begin,
                                          atol=2e-9)
            self.assertTrue((g["delivery"][r][mine] > 0).all())
            seen = begin + put_time[writer, step] + g["visible"][r][mine]
            self.assertTrue((seen <= start + 2e-9).all())
        ages = g["delivery"][...][there]
        index = int(text(g.name)[-4:])
        self.assertAlmostEqual(self.row("delivery_median", index),
                               numpy.median(ages), delta=2e-9)
        self.assertAlmostEqual(self.row("delivery_max", index), ages.max(),
                               delta=2e-9)
        self.assertAlmostEqual(self.row("visible_median", index),
                               numpy.median(g["visible"][...][there]),
                               delta=2e-9)

    def check_order(self, g, there):
        """A reader reads each of its writers' steps once at most, step by step
        and in each in the order of the writers; what it does not it missed."""
        for r in range(len(there)):
            read = list(zip(g["get_step"][r][there[r]],
                            g["get_writer"][r][there[r]]))
            self.assertEqual(read, sorted(set(read)))
            writers = sorted({w for _, w in read})
            if text(g.attrs["retire"]) == "delete" and writers:
                self.assertEqual(len(read) + int(g["reader_missed"][r]),
                                 len(writers) * int(g.attrs["iterations"]))


class AggregateTest(ExchangeTest):
    """The same of clients that append data sets to lists."""
    pattern = AGGREGATE

    def readers(self, g):
        """(place, client) of each reader."""
        return list(enumerate(g["reader_client"][...]))

    def check(self, i=0):
        """What must hold of any permutation."""
        g = self.perm(i)
        iterations = int(g.attrs["iterations"])
        readers = list(g["reader_client"][...])
        writers = sorted(set(range(int(g.attrs["clients"]))) - set(readers))
        self.assertTrue(numpy.isfinite(g["put_tensor"][...][writers]
                                       [:, :iterations]).all())
        for name in ("unpack_tensor", "poll_list", "get_list"):
            self.assertTrue(numpy.isnan(g[name][...][writers]).all(), name)
        for r, client in self.readers(g):
            self.check_lists(g, r, client)
            self.check_deliveries(g, r, client)
        self.check_figures(g, i)
        ops, commands = g["shard_ops"][...], g["shard_commands"][...]
        self.assertTrue(((ops == commands) | (ops == -1)).all())
        self.assertNotIn("ops_mismatch", text(g.attrs["flags"]))
        return g

    def check_lists(self, g, r, client):
        """List by list in the order of the steps, each with all data sets that
        were not missed, and each of these once; a list takes as long as what
        it is made of, and is got after it was awaited."""
        there = g["get_step"][r] >= 0
        step, writer = g["get_step"][r][there], g["get_writer"][r][there]
        self.assertEqual(step.tolist(), sorted(step))
        read = list(zip(step, writer))
        self.assertEqual(len(read), len(set(read)))
        polled = g["poll_list"][client]
        got = g["get_list"][client]
        lists = numpy.isfinite(got).sum()
        self.assertGreaterEqual(numpy.isfinite(polled).sum(), lists)
        self.assertGreaterEqual(lists, len(set(step)))
        begin = g["get_list_start"][client]
        self.assertTrue((numpy.diff(begin[:lists]) > 0).all())
        took = g["unpack_tensor"][client][:len(step)]
        start = g["unpack_start"][client][:len(step)]
        for k in range(lists):
            end = begin[k + 1] if k + 1 < lists else numpy.inf
            mine = (start >= begin[k]) & (start < end)
            self.assertLessEqual(len(set(step[mine])), 1)
            self.assertGreaterEqual(got[k], took[mine].sum() - 2e-9)

    def check_deliveries(self, g, r, client):
        mine = g["get_step"][r] >= 0
        writer, step = g["get_writer"][r][mine], g["get_step"][r][mine]
        begin = g["put_start"][...][writer, step]
        start = g["unpack_start"][client][mine]
        has = start + g["unpack_tensor"][client][mine]
        numpy.testing.assert_allclose(g["delivery"][r][mine], has - begin,
                                      atol=2e-9)
        # a name is appended within its put, and so a list is whole after the
        # last began at the earliest
        self.assertTrue((g["delivery"][r][mine] > 0).all())
        seen = (begin + g["put_tensor"][...][writer, step] +
                g["visible"][r][mine])
        self.assertTrue((seen > begin).all())

    def check_figures(self, g, i):
        for name in ("poll_list", "get_list"):
            times = g[name][...]
            times = times[numpy.isfinite(times)]
            if len(times):
                self.assertAlmostEqual(self.row(f"{name}_median", i),
                                       numpy.median(times), delta=2e-9)
                self.assertAlmostEqual(self.row(f"{name}_max", i), times.max(),
                                       delta=2e-9)
        self.assertEqual(int(g["reader_missed"][...].sum()),
                         int(self.row("missed", i)))
        self.assertEqual(int(g["reader_polls"][...].sum()),
                         int(self.row("polls", i)))

    def read_and_missed(self, g):
        return (int((g["get_step"][...] >= 0).sum()),
                int(g["reader_missed"][...].sum()))

    def check_all_read(self, i, readers_of_each, steps, writers):
        g = self.check(i)
        self.assertEqual(self.read_and_missed(g),
                         (readers_of_each * steps * writers, 0))
        for name in ("poll_list", "get_list"):
            for _, client in self.readers(g):
                self.assertEqual(numpy.isfinite(g[name][client]).sum(), steps)
        return g
