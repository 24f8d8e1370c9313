# ctest: label=fast full
"""The end of a study that is not the end of its sweep: signals with a grace,
and time that runs out."""
import os
import signal
import test_signals
import time

import numpy

from srbtest import asleep, column, full, main, stop, text
from test_signals import STANDARD

IDLE = ("--client=null", "--db_exe=null")  # no database, quick to start
PAST = "1000000000"  # of an epoch's seconds


class EndingTest(test_signals.SignalTest):

    def under_way(self, nranks, *args, at=1, of=3, seconds=None, clients=None,
                  what="loop"):
        """A study of `of` permutations, all clients in the loop (or warm-up) of
        number `at`, which takes hours. With seconds every loop takes so long, or
        so long as the iterations among the arguments. See ready()."""
        given = any(a.startswith("--iterations") for a in args)
        loops = () if given else (f"--duration={seconds}s",) if seconds \
            else ("--iterations=3000",)
        sizes = self.SIZES[:of] if given or seconds else self.sizes(at, of)
        job = self.start(nranks, *args, *loops, "--verbose",
                         f"--tensor_bytes={sizes}", f"--output={self.out}",
                         loops=True)
        job.wait_in_loop(at, clients, what)
        return job

    def ready(self, nranks, *args, of=3, clients=None):
        """A study of `of` short permutations, all clients before the warm-up of
        the first; and their gate."""
        gate = self.gate(clients or nranks)
        job = self.start(nranks, *args, "--iterations=20", "--op_timeout=1h",
                         f"--tensor_bytes={self.SIZES[:of]}",
                         f"--output={self.out}", gate=gate)
        job.wait_until(lambda: gate.holds(job), "clients to be ready")
        return job, gate

    def errors(self):
        return column(self.open(self.out)["summary"], "error")

    def assert_permutation(self, g):
        """Of a loop of a given time, too."""
        if g.attrs["duration"] != g.attrs["duration"]:
            super().assert_permutation(g)
            return
        self.assertEqual(text(g.attrs["status"]), "completed")
        for name in ("put_tensor", "unpack_tensor"):
            self.assertGreater(g[name].shape[1], 10)
            self.assertGreater(numpy.nanmin(g[name][...]), 0)
        self.assertGreater(g["shard_ops"][...].sum(), 20)
        self.assertEqual(g["shard_ops"][...].tolist(),
                         g["shard_commands"][...].tolist())

    def assert_cut(self, job, nranks):
        """Broken off by SIGTERM in the first of two permutations."""
        self.assert_returned(job, nranks, 143)
        self.assertEqual(self.statuses(), ["failed", "skipped"])
        first, second = self.errors()
        self.assertRegex(first, r"broken off (at pair \d+ )?by signal 15 ")
        self.assertRegex(second, "not started: .* signal 15 ")
        self.wait_gone()

    def term(self, job, pid=None):
        os.kill(pid or job.process.pid, signal.SIGTERM)


class Signals(EndingTest):

    def test_cut_off(self):
        """What ran before is kept, what runs is given term_grace."""
        self.watch_statuses()
        job = self.under_way(2, "--term_grace=300ms", at=2)
        self.term(job)
        job.wait()
        self.assert_ended_by(job, 2, signal.SIGTERM, planned=3, finished=1)
        self.assertEqual(self.statuses(), ["completed", "failed", "skipped"])
        self.assertIn("broken off at pair", self.errors()[1])
        self.assertIn("broken off in 0.3 s (term_grace)", job.stderr)
        self.wait_gone()

    def test_one_rank_is_told(self):
        """The others hear of it in the midst of a loop of an hour."""
        self.watch_statuses()
        job = self.under_way(3, "--term_grace=300ms", of=2, seconds=3600)
        self.term(job, self.rank(job, 2).pid)
        job.wait()
        self.assert_cut(job, 3)

    def test_the_server_does_not_answer(self):
        self.unanswered("socket")

    def unanswered(self, client, *args):
        """Who waits for a reply is broken off too, before op_timeout."""
        self.watch_statuses()
        job = self.under_way(3, f"--client={client}", "--term_grace=300ms",
                             "--op_timeout=1h", *args, of=2, seconds=3600)
        server, = job.servers()
        stop(job, server)
        # nothing comes any more, so who sleeps waits for a reply
        job.wait_until(lambda: all(map(asleep, job.ranks())), "clients to wait")
        self.term(job)
        job.wait()
        self.assert_cut(job, 3)

    def test_usr1(self):
        """The running permutation is not hurried."""
        self.watch_statuses()
        job, gate = self.ready(2, "--term_grace=0s")
        os.kill(job.process.pid, signal.SIGUSR1)
        job.wait_until(lambda: "asked to end" in job.stderr, "it to be taken")
        gate.open()
        job.wait()
        self.assert_ended_by(job, 2, signal.SIGUSR1, planned=3)
        self.assertEqual(self.statuses(), ["completed", "skipped", "skipped"])


class Time(EndingTest):

    def limited(self, *args, env=None, of=3):
        return self.srbench(2, *args, f"--tensor_bytes={self.SIZES[:of]}",
                            f"--output={self.out}", env=env)

    def assert_limit(self, seconds, by, delta=0):
        f = self.open(self.out)
        self.assertAlmostEqual(f.attrs["time_limit"], seconds, delta=delta)
        self.assertEqual(text(f.attrs["time_limited_by"]), by)

    def test_none(self):
        job = self.limited(*IDLE, env={"SLURM_JOB_END_TIME": "soon"})
        self.assert_passed(job, 3)
        f = self.open(self.out)
        self.assertNotEqual(f.attrs["time_limit"], f.attrs["time_limit"])
        self.assertEqual(text(f.attrs["time_limited_by"]), "")

    def test_too_short_for_anything(self):
        """No database is started for nothing."""
        job = self.limited("--wall_time=300ms")
        self.assert_status(job, 1, permutations=3, completed=0, failed=0,
                           skipped=3)
        for words in self.errors():
            self.assertRegex(words, "not started: .* left of wall_time, and "
                                    "nothing has run that would tell")
        self.assertNotIn("OVERSUBSCRIBED", job.stderr)
        self.assert_limit(0.3, "wall_time")

    def test_a_cheaper_one_may_run(self):
        """What is thousands of times the first, which takes a second at least,
        would not finish; what is as small does."""
        job = self.srbench(2, *IDLE, "--null_client={delay: 1ms}",
                           "--tensor_bytes=[1024,256MiB,1028]",
                           "--iterations=500", "--wall_time=600s",
                           f"--output={self.out}")
        self.assert_status(job, 1, completed=2, skipped=1)
        self.assertEqual(self.statuses(), ["completed", "skipped",
                                           "completed"])
        self.assertIn("by what permutation 0000 took", self.errors()[1])

    def test_the_end_of_the_job(self):
        """It is respected without being told, and the smaller limit wins."""
        job = self.limited(*IDLE, "--wall_time=01:00:00",
                           env={"SLURM_JOB_ID": "1", "SLURM_JOB_END_TIME": PAST})
        self.assert_status(job, 1, completed=0, skipped=3)
        self.assertIn("left of the job's time", self.errors()[0])
        self.assert_limit(0, "the job's time", delta=1)
        self.out.unlink()
        before = time.time()
        end = str(int(before) + 1000)
        job = self.limited(*IDLE, env={"SLURM_JOB_ID": "1",
                                                     "SLURM_JOB_END_TIME": end})
        self.assert_passed(job, 3)
        self.assert_limit(1000, "the job's time",
                          delta=time.time() - before + 1)
        self.out.unlink()
        job = self.limited(*IDLE, "--wall_time=00:10:00",
                           env={"SLURM_JOB_ID": "1",
                                                     "SLURM_JOB_END_TIME": end})
        self.assert_passed(job, 3)
        self.assert_limit(600, "wall_time")
        self.assertIn("10m00s of srbench's start (wall_time)", job.stderr)

    def test_refused(self):
        for flag in ("--wall_time=0s", "--wall_time=-5", "--term_grace=never"):
            with self.subTest(flag=flag):
                job = self.srbench(2, flag, *IDLE)
                self.assertEqual(job.returncode, 2, job.describe())
                self.assertIn("expected a time", job.stderr)


@full
class MoreSignals(EndingTest):

    def test_at_once(self):
        """term_grace: 0 breaks off at once, a loop that waits for a partner in
        every iteration too."""
        for sync in ("none", "start", "iteration"):
            with self.subTest(sync=sync):
                self.watch_statuses()
                job = self.under_way(3, f"--sync={sync}", "--term_grace=0s",
                                     "--overwrite", of=2, seconds=3600)
                self.term(job)
                job.wait()
                self.assert_cut(job, 3)

    def test_the_grace_is_enough(self):
        self.watch_statuses()
        job, gate = self.ready(2, "--term_grace=1h")
        self.term(job)
        job.wait_until(lambda: "told to end" in job.stderr, "it to be taken")
        gate.open()
        job.wait()
        self.assert_ended_by(job, 2, signal.SIGTERM, planned=3)
        self.assertEqual(self.statuses(), ["completed", "skipped", "skipped"])

    def test_warm_up(self):
        self.watch_statuses()
        job = self.under_way(3, "--warmup=1000000", "--term_grace=300ms",
                             "--iterations=1", of=2, what="warm-up")
        self.term(job, self.rank(job, 1).pid)
        job.wait()
        self.assert_cut(job, 3)

    def test_any_rank_is_told(self):
        """Clients 0 and 1, an idle one, the database's steward."""
        for number in (0, 1, 4, 6):
            with self.subTest(rank=number):
                self.watch_statuses()
                job = self.under_way(8, *STANDARD, "--db_nodes=1",
                                     "--term_grace=300ms", "--overwrite",
                                     of=2, seconds=3600, clients=2)
                self.term(job, self.rank(job, number).pid)
                job.wait()
                self.assert_cut(job, 8)

    def test_usr1_to_any_rank(self):
        for number in (0, 7):
            with self.subTest(rank=number):
                self.watch_statuses()
                job, gate = self.ready(8, *STANDARD, "--db_nodes=1",
                                       "--overwrite", clients=2)
                os.kill(self.rank(job, number).pid, signal.SIGUSR1)
                gate.open()
                job.wait()
                self.assert_ended_by(job, 8, signal.SIGUSR1, planned=3)
                self.assertEqual(self.statuses(),
                                 ["completed", "skipped", "skipped"])

    def test_usr1_while_databases_start(self):
        """They are started, and the permutation runs."""
        self.watch_statuses()
        job = self.starting()
        os.kill(job.process.pid, signal.SIGUSR1)
        job.wait()
        self.assert_ended_by(job, 8, signal.SIGUSR1, planned=2, finished=1)

    def test_one_rank_is_told_while_databases_start(self):
        """The stewards, who wait for their servers, hear of it."""
        for number in (0, 3, 6):
            with self.subTest(rank=number):
                self.watch_statuses()
                job = self.starting()
                self.term(job, self.rank(job, number).pid)
                job.wait()
                self.assertEqual(self.assert_ended_by(
                    job, 8, signal.SIGTERM, planned=2), 0)
                self.wait_gone()

    def test_usr1_then_term(self):
        """The more urgent one counts."""
        self.watch_statuses()
        job = self.under_way(2, "--term_grace=300ms", of=2, seconds=3600)
        os.kill(job.process.pid, signal.SIGUSR1)
        job.wait_until(lambda: "asked to end" in job.stderr, "the first")
        self.term(job)
        job.wait()
        self.assert_cut(job, 2)

    def test_a_second_one(self):
        """At once, of whatever kind; the file holds what was finished."""
        self.watch_statuses()
        job = self.under_way(2, "--term_grace=1h", at=2)
        self.term(job)
        self.wait_taken(job)
        os.kill(job.process.pid, signal.SIGINT)
        job.wait()
        # a rank that dies takes the others with it, which leave no status
        self.assertIn(f"{128 + signal.SIGINT}\n",
                      [p.read_text(encoding="utf-8") for p in self.left_with.iterdir()])
        self.assertEqual(job.status, {})
        self.wait_gone()
        f = self.open(self.out)
        self.assert_permutation(f["perm_0000"])
        self.assertEqual(self.statuses(), ["completed", "planned", "planned"])

    def test_a_second_one_to_a_rank(self):
        job = self.under_way(4, "--term_grace=1h", of=2, seconds=3600)
        pid = self.rank(job, 3).pid
        self.term(job, pid)
        self.wait_taken(job)
        self.term(job, pid)
        job.wait()
        self.assertNotEqual(job.returncode, 0)
        self.wait_gone()


@full
class MoreTime(EndingTest):

    def test_repetitions(self):
        """As many as fit; then it ends in time, by itself."""
        job = self.srbench(
            1, *IDLE, "--null_client={delay: 10ms}", "--iterations=29",
            "--repetitions=9", "--wall_time=4s", "--tensor_bytes=4",
            f"--output={self.out}",
            env={"LD_PRELOAD": self.preloaded("own_clock")})
        statuses = self.statuses()
        ran = statuses.count("completed")
        self.assert_status(job, 1, permutations=9, completed=ran, failed=0,
                           skipped=9 - ran)
        self.assertEqual(statuses, sorted(statuses))
        self.assertIn(ran, (5, 6), job.describe())  # of 0.6 s
        self.assertRegex(
            self.errors()[-1], r"not started: by what permutation 000\d took "
            r"it needs about \S+ m?s, and \S+ m?s are left of wall_time")
        # many are skipped for one reason: it is said of the first, and as
        # always what became of the last
        self.assertLessEqual(job.stderr.count("not started"), 2,
                             job.describe())


@full
class Unanswered(EndingTest):
    unanswered = Signals.unanswered

    def test_hiredis(self):
        self.unanswered("hiredis")

    def test_unix(self):
        self.unanswered("socket", "--transport=unix")

    def test_floor(self):
        self.unanswered("socket", "--db_exe=floor")

    def test_in_the_midst_of_sending(self):
        """What a stopped server does not take in fills the buffers."""
        self.SIZES = [64 << 20, 4]
        self.unanswered("socket")



if __name__ == "__main__":
    main()
