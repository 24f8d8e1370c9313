# ctest: label=full
"""The slower half of test_faults.py; test_fault_matrix.py goes further."""
import os
import shutil
import signal

import test_faults
from srbtest import DATABASE, main, text
from test_faults import ANSWER, NULL


class NullClient(test_faults.FaultTest):

    def test_one_client_hangs_of_one_and_of_eight(self):
        for nranks, client, seconds in ((1, 0, 1), (8, 7, 2)):
            with self.subTest(ranks=nranks):
                self.one_client_hangs(nranks, client, seconds)

    def test_all_clients_fail(self):
        job = self.study(8, *NULL, "--null_client={fail_at: 0}",
                         "--tensor_bytes=1024", "--iterations=5")
        self.assert_status(job, 1, failed=1)
        self.assert_failed(job, 0, "client 0 fails at pair 0",
                           "(and 7 more ranks)", rank=0, ranks=8)

    def test_where_some_are_idle(self):
        """Clients, idle ranks and the stewards of three nodes end alike. The
        client's number is not its rank's."""
        job = self.study(8, *NULL, "throughput_standard", "--virtual_nodes=4",
                         "--client_nodes=2", "--clients_per_node=1",
                         "--db_nodes=1", "--op_timeout=1s",
                         "--null_client={client: 1, hang_at: 1}",
                         "--tensor_bytes=1024", "--iterations=5")
        self.assert_status(job, 1, failed=1)
        self.assert_failed(job, 0, "client 1 hangs at pair 1", rank=3,
                           ranks=1)


class BadServer(test_faults.FaultTest):

    def test_never_listens(self):
        """A wrapper, whose child must go with it."""
        bad = self.script("deaf-redis", ANSWER + "sleep 600\nexit 0\n")
        job = self.study(4, f"--db_exe={bad}", "--db_timeout=2s",
                         "--tensor_bytes=4")
        self.assert_status(job, 1, permutations=1, failed=1)
        self.assert_failed(job, 0, "2 s", "db_timeout", rank=0, ranks=1)
        self.assert_gave_up()

    def test_slow_to_start(self):
        """Slow is not broken."""
        slow = self.script("slow-redis", ANSWER +
                           f"sleep 1\nexec {shutil.which(DATABASE)} \"$@\"\n")
        job = self.study(2, f"--db_exe={slow}", "--db_timeout=20s",
                         "--tensor_bytes=4", "--iterations=5")
        self.assert_passed(job, 1)
        self.assertGreater(self.perm(0).attrs["db_start_seconds"], 1)


class ServerLost(test_faults.FaultTest):
    """A server that is hit in the middle of a loop."""

    def started(self, nranks, *args, clients=None):
        """A study of two permutations, the first one's loop under way for
        minutes."""
        job = self.start(nranks, "--tensor_bytes=[32MiB,2048]", *args,
                         "--iterations=6000", f"--output={self.out}",
                         loops=True)
        job.wait_in_loop(clients=clients)
        return job

    def server_of(self, port):
        found = [s for s in self.servers() if f":{port}" in s.command]
        self.assertEqual(len(found), 1,
                         "; ".join(str(s) for s in self.servers()))
        return found[0].pid

    def test_killed(self):
        job = self.started(4)
        os.kill(self.server_of(self.port), signal.SIGKILL)
        job.wait()
        self.assert_status(job, 1, permutations=2, completed=1, failed=1,
                           skipped=0)
        self.assert_failed(job, 0, "server", "killed by signal 9")
        self.assert_completed(1)
        self.assertNotEqual(text(self.perm(1).attrs["db_start_time"]), "")

    def test_one_of_a_cluster_killed(self):
        job = self.started(8, "throughput_standard", "--virtual_nodes=4",
                           "--db_nodes=3", "--keys=balanced",
                           "--clients_per_node=2", clients=2)
        os.kill(self.server_of(self.port + 1), signal.SIGKILL)
        job.wait()
        self.assert_status(job, 1, permutations=2, completed=1, failed=1)
        self.assert_failed(job, 0, "server", "killed by signal 9", rank=4)
        self.assert_completed(1)

    def test_stopped(self):
        """One that does not answer, and does not end when asked to."""
        job = self.started(4, "--op_timeout=2s")
        os.kill(self.server_of(self.port), signal.SIGSTOP)
        job.wait()
        self.assert_status(job, 1, permutations=2, completed=1, failed=1)
        self.assert_failed(job, 0, "no reply within 2 s", ranks=4)
        self.assert_completed(1)

    def test_killed_while_nobody_uses_it(self):
        """Seen at the next permutation at the latest, which has a new one."""
        job = self.start(2, "--client=[null,hiredis]", "--tensor_bytes=4",
                         "--null_client={delay: 10ms}", "--iterations=100",
                         f"--output={self.out}", loops=True)
        job.wait_in_loop()
        os.kill(self.server_of(self.port), signal.SIGKILL)
        job.wait()
        self.assertEqual(job.status.get("permutations"), 2, job.describe())
        self.assert_completed(1)


if __name__ == "__main__":
    main()
