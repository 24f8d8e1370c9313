# ctest: label=full
"""The slower half of test_signals.py."""
import os
import signal

import test_signals
from srbtest import main
from test_signals import STANDARD


class ToMpiexec(test_signals.SignalTest):

    def test_int_in_a_loop(self):
        self.ended_in_a_loop(signal.SIGINT)

    def test_term_in_a_cluster(self):
        """Idle ranks, stewards and clients end alike."""
        self.watch_statuses()
        job = self.looping(8, *STANDARD, "--db_nodes=3", clients=2)
        self.send(job, signal.SIGTERM)
        job.wait()
        self.assert_ended_by(job, 8, signal.SIGTERM, finished=1)
        self.wait_gone()

    def test_int_in_database_start(self):
        self.ended_in_database_start(signal.SIGINT)


class ToRanks(test_signals.SignalTest):

    def test_client_killed(self):
        self.killed(3, 4)

    def test_steward_killed(self):
        """The steward of a standard database, which no client is."""
        self.killed(6, 8, *STANDARD, "--db_nodes=1", clients=2)

    def test_term_to_one_rank(self):
        """It is everybody's."""
        for number in (0, 7):
            with self.subTest(rank=number):
                self.watch_statuses()
                job = self.looping(8, *STANDARD, "--db_nodes=1",
                                   "--overwrite", clients=2)
                os.kill(self.rank(job, number).pid, signal.SIGTERM)
                job.wait()
                self.assert_ended_by(job, 8, signal.SIGTERM, finished=1)

    def test_servers_heed_no_signal(self):
        """A batch system signals every process of a job."""
        job = self.looping(4, iterations=300, long=4 << 20)
        for p in job.servers() + job.guards():
            for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGINT,
                           signal.SIGUSR1, signal.SIGUSR2):
                os.kill(p.pid, number)
        job.wait()
        self.assert_passed(job, 8)

    def test_int_to_a_group(self):
        self.group(signal.SIGINT)

    def test_hup_to_a_group(self):
        """Whatever a rank does with it (UCX takes it as a wish to be told
        more), the servers are not hit, and what was kept is whole."""
        job = self.looping(4, iterations=300, long=4 << 20)
        os.killpg(os.getpgid(self.rank(job, 1).pid), signal.SIGHUP)
        job.wait()
        self.assertNotIn("the database server", job.stderr)
        self.wait_gone()
        self.assertGreaterEqual(len(self.assert_kept(job)), 1)


if __name__ == "__main__":
    main()
