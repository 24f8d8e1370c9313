# ctest: label=fast
"""The timed loop: what holds clients together, how long it lasts, how often and
in which order it is repeated, and what the file tells of it."""
import os
import socket
from pathlib import Path

import numpy

from srbtest import RunTest, column, main, text
from test_verify import Vandal

FLAGS = {"between_time", "verify", "ops_mismatch", "oversubscribed",
         "client_bound", "too_short", "clock_error"}


def flags(g):
    return {f for f in text(g.attrs["flags"]).split(",") if f}


class LoopTest(RunTest):

    def study(self, nranks, *args, status=0, **how):
        self.out = self.dir / f"loop-{len(self.jobs)}.h5"
        job = self.srbench(nranks, *args, f"--output={self.out}", **how)
        self.assertEqual(job.returncode, status, job.describe())
        return job, self.open(self.out)

    def test_every_pattern_with_every_sync(self):
        """Puts and gets interleave in pairs and do not in phases; with sync:
        iteration no client begins one before all others began theirs."""
        job, f = self.study(3, "--sync=[none,start,iteration]",
                            "--pattern=[pair,phases]", "--tensor_bytes=4KiB",
                            "--iterations=30", "--verify=all")
        self.assert_passed(job, 6)
        self.assert_whole(self.out, 6)
        seen = set()
        for i in range(6):
            g = self.perm(i, f)
            sync, pattern = text(g.attrs["sync"]), text(g.attrs["pattern"])
            seen.add((sync, pattern))
            with self.subTest(sync=sync, pattern=pattern):
                self.check_order(g, sync, pattern)
                self.assertLessEqual(flags(g), FLAGS)
                self.assertNotIn("ops_mismatch", flags(g))
        self.assertEqual(len(seen), 6)
        s = f["summary"]
        phases = numpy.array([p == "phases" for p in column(s, "pattern")])
        for name in ("put_window", "get_window"):
            self.assertEqual(list(numpy.isfinite(s[name][:])), list(phases))
        together = [self.were_together(self.perm(i, f)) for i in range(6)]
        self.assertEqual(list(numpy.isfinite(s["steady"][:])),
                         list(~phases & together))
        iteration = [x == "iteration" for x in column(s, "sync")]
        self.assertEqual(list(numpy.isnan(s["client_cpu_share"][:])), iteration)

    @staticmethod
    def were_together(g):
        """Whether there was an instant at which all clients were in their loop:
        on a busy machine one may begin when another is done, and then there is
        nothing that `steady` could be of."""
        ends = g["unpack_start"][:] + g["unpack_tensor"][:]
        return bool(g["put_start"][:, 0].max() < ends[:, -1].min())

    def check_order(self, g, sync, pattern):
        put, get = g["put_start"][:], g["unpack_start"][:]
        put_end = put + g["put_tensor"][:]
        get_end = get + g["unpack_tensor"][:]
        slack = 2e-9  # of the rounding to doubles
        self.assertTrue((numpy.diff(put, axis=1) > 0).all())
        if pattern == "pair":
            self.assertTrue((get >= put_end - slack).all())
            self.assertTrue((put[:, 1:] >= get_end[:, :-1] - slack).all())
        else:
            # all clients' puts are over before the first get of any
            self.assertGreater(get.min(), put_end.max() - slack)
        if sync == "iteration":
            ends = get_end if pattern == "pair" else put_end
            self.assertTrue((put[:, 1:].min(axis=0) >=
                             ends[:, :-1].max(axis=0) - slack).all())
        if sync == "none":
            self.assertTrue(numpy.isnan(g["start_skew"][:]).all())
            self.assertAlmostEqual(put.min(), 0, delta=slack)
        else:
            self.assertTrue((g["start_skew"][:] >= 0).all())
            # from the agreed instant on
            self.assertTrue((put[:, 0] >= g["start_skew"][:] - slack).all())

    def test_a_duration_in_bounded_memory(self):
        """A loop of a given time: as long as that and one operation, evenly
        thinned, with totals of all operations."""
        room = 16
        job, f = self.study(2, "--duration=0.8s", f"--max_samples={room}",
                            "--pattern=[pair,phases]", "--sync=[start,iteration]",
                            "--tensor_bytes=1KiB")
        self.assert_passed(job, 4)
        for i in range(4):
            g = self.perm(i, f)
            with self.subTest(name=text(g.attrs["name"])):
                put = g["put_tensor"][:]
                kept = numpy.isfinite(put).sum(axis=1)
                self.assertLessEqual(put.shape[1], room)
                self.assertGreaterEqual(kept.min(), 1)
                stride = g["client_stride"][:]
                # where clients meet in every iteration fewer may come
                if text(g.attrs["sync"]) == "start":
                    self.assertTrue((stride >= 2).all(), "nothing was thinned")
                    self.assertGreaterEqual(kept.min(), room // 2)
                self.assertTrue((stride & (stride - 1) == 0).all())
                loop = g["loop_time"][:]
                # who meets the others in every iteration ends with the first
                together = text(g.attrs["sync"]) == "iteration"
                self.assertGreaterEqual(
                    loop.max() if together else loop.min(), 0.8 - 1e-6)
                # what is kept spans the loop
                last = numpy.nanmax(g["unpack_start"][:], axis=1)
                self.assertGreater((last / loop).min(), 0.7)
                ops = g["client_ops"][:]
                self.assertEqual(ops.sum(), f["summary/ops"][i])
                # operations do not take longer than the loop
                self.assertLessEqual(
                    f["summary/put_tensor_median"][i] * ops.min() / 2, 1.2)
                self.assertNotIn("ops_mismatch", flags(g))
                # warm-up included, one pair a client
                self.assertEqual(g["shard_ops"][:].sum(), ops.sum() + 4)
                self.assertEqual(list(g["shard_ops"][:]),
                                 list(g["shard_commands"][:]))
                self.assertIn("DUR0.8s", text(g.attrs["name"]))
        self.assertEqual(f["perm_0002/client_ops"][0],
                         f["perm_0002/client_ops"][1], "sync: iteration")

    def test_repetitions_until_the_interval_is_narrow(self):
        """With a client of constant times three are enough, the rest is spared,
        and that is no failure; with a wish that cannot come true all run."""
        args = ("--db_exe=null", "--client=null", "--tensor_bytes=[4,8]",
                "--iterations=20", "--null_client={delay: 2ms}",
                "--repetitions=6")
        job, f = self.study(1, *args, "--until_interval=50%",
                            env={"LD_PRELOAD": self.preloaded("own_clock")})
        self.assert_status(job, 0, permutations=12, completed=6, failed=0,
                           skipped=0, spared=6)
        s = f["summary"]
        want = ["completed"] * 3 + ["spared"] * 3
        self.assertEqual(column(s, "status"), want * 2)
        self.assertEqual(list(s["repetitions_done"][:3]), [1, 2, 3])
        medians = s["put_tensor_median"][:3]
        self.assertAlmostEqual(s["put_tensor_repeated"][2],
                               numpy.exp(numpy.log(medians).mean()), places=9)
        self.assertLess(s["put_tensor_repeated_low"][2], medians.max())
        self.assertGreater(s["put_tensor_repeated_high"][2], medians.min())
        self.assertNotIn("perm_0003", f, "it did not run")
        self.assertIn("not needed", column(f["summary"], "error")[3])
        job, f = self.study(2, *args, "--until_interval=0.0000001%")
        self.assert_passed(job, 12)
        self.assertNotIn("spared", job.status)

    def test_a_random_order_is_recorded_and_repeatable(self):
        args = ("--db_exe=null", "--client=null", "--iterations=2",
                "--tensor_bytes=[4,8,12,16]", "--clients_per_node=[1,2]",
                "--repetitions=2", "--order=random")
        orders = []
        for seed in ("--seed=11", "--seed=11", "--seed=12"):
            job, f = self.study(2, *args, seed)
            self.assert_passed(job, 16)
            orders.append([int(self.perm(i, f).attrs["position"])
                           for i in range(16)])
            self.assertEqual(sorted(orders[-1]), list(range(16)))
            self.assertEqual(int(f["perm_0003"].attrs["seed"]), int(seed[-2:]))
            self.assertEqual(list(f["summary/index"][:]), list(range(16)))
        self.assertEqual(orders[0], orders[1])
        self.assertNotEqual(orders[0], orders[2])
        self.assertNotEqual(orders[0], list(range(16)))
        job, f = self.study(1, "--db_exe=null", "--client=null",
                            "--order=random", "--iterations=1")
        self.assertGreaterEqual(int(f["perm_0000"].attrs["seed"]), 0)

    def test_a_client_that_fails_holds_nobody_up(self):
        """Wherever clients meet, one that fails lets the others go at once: the
        study ends long before op_timeout."""
        # in warm-up, in the loop, in its last pair
        for sync, pattern, at in (("none", "pair", 5), ("none", "phases", 0),
                                  ("none", "phases", 10), ("start", "pair", 0),
                                  ("start", "phases", 10),
                                  ("iteration", "pair", 0),
                                  ("iteration", "pair", 10),
                                  ("iteration", "phases", 5)):
            with self.subTest(sync=sync, pattern=pattern, at=at):
                job, f = self.study(
                    3, "--db_exe=null", "--client=null", "--tensor_bytes=4",
                    "--iterations=10", f"--sync={sync}",
                    f"--pattern={pattern}",
                    f"--null_client={{client: 1, fail_at: {at}}}", status=1)
                error = text(f["perm_0000"].attrs["error"])
                self.assertIn(f"client 1 fails at pair {at}", error)
                self.assertEqual(int(f["perm_0000"].attrs["failed_ranks"]), 1,
                                 error)

    def test_what_else_happened(self):
        """CPU time, switches, buffers; and that too many processes are said."""
        job, f = self.study(3, "--tensor_bytes=64KiB", "--iterations=50",
                            "--socket_buffer=[auto,32KiB]",
                            "--client=[socket,hiredis]")
        self.assert_passed(job, 4)
        for i in range(4):
            g = self.perm(i, f)
            cpu, loop = g["client_cpu_time"][:], g["loop_time"][:]
            self.assertTrue((cpu > 0).all())
            # the kernel counts in ticks on some machines
            self.assertTrue((cpu <= loop + 0.02).all())
            self.assertAlmostEqual(f["summary/client_cpu_share"][i],
                                   cpu.sum() / loop.sum(), places=6)
            switches = (g["client_voluntary_switches"][:]
                        + g["client_involuntary_switches"][:])
            self.assertTrue((switches > 0).all())
            peak = g["client_peak_memory"][:]
            self.assertTrue((peak > 1 << 20).all())
            # what measuring the node's memory took is no part of it
            self.assertLess(peak.max() - peak.min(), 48 << 20)
            crowded = 4 > int(f["hosts/cpus"][0])
            self.assertEqual("oversubscribed" in flags(g), crowded)
            self.assertEqual("OVERSUBSCRIBED" in job.stderr, crowded)
            for name in ("client_send_buffer", "client_receive_buffer"):
                size = g[name][:]
                if int(g.attrs["socket_buffer"]) == 32768:
                    # Linux doubles what it is asked for
                    self.assertTrue((size == 65536).all(), size)
                else:
                    self.assertTrue((size > 0).all(), size)
        for name in ("clock_resolution", "clock_read_cost"):
            self.assertGreater(float(f.attrs[name]), 0)
            self.assertLess(float(f.attrs[name]), 1e-3)

    def test_crowds_are_said_once(self):
        """The worst case of the whole study, when its first permutation runs;
        what is crowded is flagged each time."""
        cpu = str(min(os.sched_getaffinity(0)))
        job, f = self.study(4, "--tensor_bytes=[4,8]", "--iterations=5",
                            "--clients_per_node=[1,2,4]", "--order=random",
                            "--seed=3",
                            "--db_exe=null", "--client=null",
                            wrapper=("taskset", "-c", cpu))
        self.assert_passed(job, 6)
        said = [line for line in job.stderr.splitlines()
                if line.startswith("OVERSUBSCRIBED")]
        self.assertEqual([line.split(";")[0] for line in said],
                         ["OVERSUBSCRIBED: up to 4 clients and server threads "
                          f"share 1 CPU on {socket.gethostname()}"])
        self.assertEqual(
            [("oversubscribed" in flags(self.perm(i, f)),
              int(f["summary/clients_per_node"][i])) for i in range(6)],
            [(n > 1, n) for n in f["summary/clients_per_node"][:]])

    def test_a_buffer_that_the_kernel_cuts_is_no_buffer(self):
        most = int(Path("/proc/sys/net/core/wmem_max").read_text(encoding="utf-8"))
        job, f = self.study(1, "--tensor_bytes=4", f"--socket_buffer={2 * most}",
                            status=1)
        self.assertIn("more than the kernel allows",
                      text(f["perm_0000"].attrs["error"]))

    def test_an_operation_that_is_not_ours_is_noticed(self):
        """Somebody else's commands in the loop: the server counts more than the
        clients did."""
        stranger = Vandal(self.port, b"GET", b"stranger")
        stranger.start()
        try:
            job, f = self.study(1, "--duration=1s", "--tensor_bytes=1KiB",
                                f"--db_exe={self.open_server()}")
        finally:
            stranger.stop()
        self.assert_passed(job, 1)
        g = f["perm_0000"]
        self.assertGreater(g["shard_commands"][0], g["shard_ops"][0])
        self.assertIn("ops_mismatch", flags(g))


if __name__ == "__main__":
    main()
