# ctest: label=fast
"""The end of a study that is not the end of its sweep: signals with a grace,
and time that runs out. The slower half is in test_ending_full.py."""
import os
import signal
import time

import numpy
import test_signals
from srbtest import asleep, column, main, stop, text

IDLE = ("--client=null", "--db_exe=null")  # no database, quick to start
PAST = "1000000000"  # of an epoch's seconds


class EndingTest(test_signals.SignalTest):

    def under_way(self, nranks, *args, at=1, of=3, seconds=None, clients=None,
                  what="loop"):
        """A study of `of` permutations, all clients in the loop (or warm-up) of
        number `at`, which takes hours. With seconds every loop takes so long, or
        so long as the iterations among the arguments."""
        given = any(a.startswith("--iterations") for a in args)
        loops = () if given else (f"--duration={seconds}s",) if seconds \
            else ("--iterations=3000",)
        sizes = self.SIZES[:of] if given or seconds else self.sizes(at, of)
        job = self.start(nranks, *args, *loops, "--verbose",
                         f"--tensor_bytes={sizes}", f"--output={self.out}",
                         loops=True)
        job.wait_in_loop(at, clients, what)
        return job

    def outcomes(self):
        return column(self.open(self.out)["summary"], "status")

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
        self.assertEqual(self.outcomes(), ["failed", "skipped"])
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
        self.assertEqual(self.outcomes(), ["completed", "failed", "skipped"])
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
        job = self.under_way(2, "--term_grace=0s", seconds=2)
        os.kill(job.process.pid, signal.SIGUSR1)
        job.wait()
        self.assert_ended_by(job, 2, signal.SIGUSR1, planned=3)
        self.assertEqual(self.outcomes(), ["completed", "skipped", "skipped"])


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
        """A thousand times as large would not finish; what is as small as the
        first does."""
        job = self.srbench(2, "--tensor_bytes=[1024,256MiB,1028]",
                           "--iterations=500", "--wall_time=20s",
                           f"--output={self.out}")
        self.assert_status(job, 1, completed=2, skipped=1)
        self.assertEqual(self.outcomes(), ["completed", "skipped",
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
        end = str(int(time.time()) + 1000)
        job = self.limited(*IDLE, env={"SLURM_JOB_ID": "1",
                                                     "SLURM_JOB_END_TIME": end})
        self.assert_passed(job, 3)
        self.assert_limit(1000, "the job's time", delta=20)
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


if __name__ == "__main__":
    main()
