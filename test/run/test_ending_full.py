# ctest: label=full
"""The slower half of test_ending.py."""
import os
import signal

import test_ending
from srbtest import main
from test_signals import STANDARD


class MoreSignals(test_ending.EndingTest):

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
        job = self.under_way(2, "--term_grace=1h", seconds=2)
        self.term(job)
        job.wait()
        self.assert_ended_by(job, 2, signal.SIGTERM, planned=3)
        self.assertEqual(self.outcomes(), ["completed", "skipped", "skipped"])

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
                job = self.under_way(8, *STANDARD, "--db_nodes=1",
                                     "--overwrite", seconds=2, clients=2)
                os.kill(self.rank(job, number).pid, signal.SIGUSR1)
                job.wait()
                self.assert_ended_by(job, 8, signal.SIGUSR1, planned=3)
                self.assertEqual(self.outcomes(),
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
                      [p.read_text() for p in self.statuses.iterdir()])
        self.assertEqual(job.status, {})
        self.wait_gone()
        f = self.open(self.out)
        self.assert_permutation(f["perm_0000"])
        self.assertEqual(self.outcomes(), ["completed", "planned", "planned"])

    def test_a_second_one_to_a_rank(self):
        job = self.under_way(4, "--term_grace=1h", of=2, seconds=3600)
        pid = self.rank(job, 3).pid
        self.term(job, pid)
        self.wait_taken(job)
        self.term(job, pid)
        job.wait()
        self.assertNotEqual(job.returncode, 0)
        self.wait_gone()


class Time(test_ending.EndingTest):

    def test_repetitions(self):
        """As many as fit; then it ends in time, by itself."""
        job = self.srbench(
            2, *test_ending.IDLE, "--duration=600ms", "--repetitions=9",
            "--wall_time=6s", "--tensor_bytes=4", f"--output={self.out}")
        statuses = self.outcomes()
        ran = statuses.count("completed")
        self.assert_status(job, 1, permutations=9, completed=ran, failed=0,
                           skipped=9 - ran)
        self.assertEqual(statuses, sorted(statuses))
        self.assertLessEqual(ran, 8, job.describe())
        self.assertGreaterEqual(ran, 1, job.describe())
        self.assertRegex(
            self.errors()[-1], r"not started: by what permutation 000\d took "
            r"it needs about \S+ m?s, and \S+ m?s are left of wall_time")
        # many are skipped for one reason: it is said of the first, and as
        # always what became of the last
        self.assertLessEqual(job.stderr.count("not started"), 2,
                             job.describe())


class Unanswered(test_ending.EndingTest):
    unanswered = test_ending.Signals.unanswered

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
