"""Studies of clients that write and clients that read what these wrote, and what
holds of any of their permutations."""
import numpy

from srbtest import RunTest, column, text

EXCHANGE = "--pattern=exchange"


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

    def perm(self, i=0):
        return self.open(self.out)[f"perm_{i:04d}"]

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
