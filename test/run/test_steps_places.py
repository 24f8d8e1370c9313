# ctest: label=fast
"""Steps where servers and clients are others than usual: servers of somebody
else, RedisAI's commands, several nodes and a cluster, a study that is resumed,
and one whose time runs out."""
import os
import signal
import time

import numpy as np

from redisaitest import STAND_IN
from srbtest import RunTest, column, main, text
from test_serve import Redis
from srbtest import free_port

SEARCH = ("--duration=125ms", "--sustain={step_response_median: < 50ms}")
KEPT = ("--tensors=3", "--pipelined=true", "--history=[4,all]",
        "--retire=[overwrite,delete]")


class Places(RunTest):

    def setUp(self):
        super().setUp()
        self.out = self.dir / "out.h5"

    def study(self, permutations, *args, ranks=2, **how):
        job = self.srbench(ranks, "--tensor_bytes=4KiB", "--verify=all",
                           f"--output={self.out}", *args, **how)
        self.assert_passed(job, permutations=permutations)
        return job

    def rows(self):
        with self.open(self.out) as f:
            return {k: list(column(f["summary"], k)) for k in f["summary"]}

    def assert_steps(self, permutations):
        """Each has what its steps are about, and servers counted what clients
        did."""
        rows = self.rows()
        for i in range(permutations):
            with self.subTest(permutation=i), self.open(self.out) as f:
                g = self.perm(i, f)
                self.assertNotIn("ops_mismatch", text(g.attrs["flags"]))
                if g.attrs["compute"] > 0:
                    self.assertGreater(rows["compute_alone"][i], 0)
                    self.assertTrue(np.isfinite(rows["overhead"][i]))
                if text(g.attrs["rate"]) == "max":
                    continue
                self.assertGreater(rows["step_response_median"][i], 0)
                self.assertIn("due", g)
                if text(g.attrs["rate"]) == "search":
                    self.assertGreater(g["probes/rate"].shape[0], 6)
                    self.assertGreater(rows["sustained_rate_high"][i], 0)

    # ---- somebody else's servers

    def theirs(self, *args):
        server = Redis(self.top, free_port(), *args)
        self.addCleanup(server.stop)
        return server

    def at(self, *servers):
        where = ",".join(f"127.0.0.1:{s.port}" for s in servers)
        return ("throughput_standard", f"--db_address={where}", "--overwrite")

    def test_of_somebody_else(self):
        """Two servers of theirs: figures are those of any server, and of all
        steps, those of probes too, no key stays."""
        servers = [self.theirs(), self.theirs()]
        at = (*self.at(*servers), "--keys=balanced", "--client=[socket,hiredis]")
        self.study(2, *at, "--compute=1ms", "--iterations=20")
        self.assert_steps(2)
        self.study(2, *at, "--rate=200", "--iterations=20")
        self.assert_steps(2)
        self.study(6, *at, "--rate=300", "--duration=250ms", *KEPT)
        self.assert_steps(6)
        self.study(2, *at[:-1], "--rate=search", *SEARCH, "--tensors=2",
                   "--history=5", "--retire=[overwrite,delete]")
        self.assert_steps(2)
        for server in servers:
            self.assertEqual(server.ask("KEYS", "*"), "*1\r\n$6\r\ntheirs\r\n")

    def test_rights_of_theirs(self):
        """Whoever may only put and get is refused by name when steps are to be
        removed, and may go on where they are not."""
        server = self.theirs()
        secret = self.dir / "secret"
        secret.write_text("ann word\n", encoding="utf-8")
        secret.chmod(0o600)
        server.ask("ACL", "SETUSER", "ann", "on", ">word", "~srbench:*",
                   "+set", "+get", "+del", "+ping", "+info", "+config|get",
                   "+dbsize", "+command")
        at = (*self.at(server), f"--db_auth={secret}", "--iterations=9",
              "--history=3")
        self.study(1, *at, "--retire=overwrite", "--tensors=2")
        job = self.srbench(2, "--tensor_bytes=4KiB", "--output=none",
                           *at[:2], *at[3:], "--retire=delete")
        self.assert_status(job, 2)
        self.assertIn("UNLINK", job.stderr.upper())

    def test_a_served_one(self):
        """srbench serve, and steps of another job."""
        address = self.dir / "address.yaml"
        job = self.start(2, "serve", f"--db_address={address}",
                         "--virtual_nodes=2", "--db_nodes=2", "--net_ifname=lo",
                         "--tensor_bytes=4KiB")
        job.wait_until(lambda: "SRBENCH_SERVING" in job.stdout, "serving")
        self.study(3, "throughput_standard", f"--db_address={address}",
                   "--rate=200", "--duration=250ms", *KEPT)
        self.assert_steps(3)
        for rank in job.ranks():
            os.kill(rank.pid, signal.SIGTERM)
        job.wait()

    # ---- RedisAI's commands

    def test_redisai(self):
        module = ("--command_set=redisai", f"--db_modules={STAND_IN}",
                  "--client=[socket,hiredis]", "--overwrite")
        self.study(2, *module, "--compute=1ms", "--iterations=10")
        self.assert_steps(2)
        self.study(6, *module, "--rate=300", "--duration=250ms", *KEPT)
        self.assert_steps(6)
        self.study(1, *module[:2], "--overwrite", "--rate=search", *SEARCH,
                   "--tensors=2", "--history=3", "--retire=delete")
        self.assert_steps(1)

    # ---- nodes

    def test_nodes_and_a_cluster(self):
        """Clients on two nodes, servers in a cluster of two: removals go to the
        shard that has the key, and each shard's memory is its own."""
        nodes = ("--virtual_nodes=4", "--client_nodes=2", "--db_nodes=2",
                 "--net_ifname=lo", "--keys=[smartsim,balanced]", "--overwrite")
        self.study(2, "throughput_standard", *nodes, "--compute=1ms",
                   "--sync=iteration", "--iterations=10", ranks=4)
        self.assert_steps(2)
        self.study(6, "throughput_standard", *nodes, "--rate=100",
                   "--duration=300ms", *KEPT, ranks=4)
        self.assert_steps(6)
        with self.open(self.out) as f:
            self.assertEqual(f["perm_0005/shard_memory_end"].shape, (2,))
        self.study(1, "throughput_colocated", "--virtual_nodes=2",
                   "--client_nodes=2", "--overwrite", "--rate=search", *SEARCH,
                   "--tensors=2", "--history=2", "--retire=delete")
        self.assert_steps(1)

    # ---- resuming, and time

    def test_resumed(self):
        """What was cut short in its second permutation goes on there; schedule
        and keys are those that were drawn."""
        args = ("--rate=[100,search]", *SEARCH, "--arrivals=poisson",
                "--tensors=2", "--history=2", "--retire=delete",
                "--tensor_bytes=4KiB", f"--output={self.out}", "--term_grace=0s")
        gate = self.gate(2, at=1)
        job = self.start(2, *args, gate=gate)
        job.wait_until(lambda: gate.holds(job), "a permutation")
        for rank in job.ranks():
            os.kill(rank.pid, signal.SIGTERM)
        gate.open()
        job.wait()
        self.assertEqual(self.rows()["status"].count("completed"), 1)
        with self.open(self.out) as f:
            before = f["perm_0000/due"][()]
        job = self.srbench(2, *args, "--resume")
        self.assert_passed(job, permutations=2)
        self.assert_steps(2)
        with self.open(self.out) as f:
            np.testing.assert_array_equal(f["perm_0000/due"][()], before)

    def test_time_that_runs_out(self):
        """Steps take what they take, and nothing is begun that would not end in
        time: here computing alone is too long, there the probes are."""
        for args, whole in (
                (("--compute=[10ms,2s]", "--compute_kind=sleep",
                  "--iterations=50"), 1),
                (("--rate=[100,0.1]", "--iterations=20"), 1),
                (("--rate=[100,search]", "--duration=3s",
                  "--sustain={step_response_median: < 50ms}"), 1)):
            with self.subTest(args=args):
                begun = time.monotonic()
                job = self.srbench(1, "--tensor_bytes=4KiB", *args,
                                   "--wall_time=25s", "--output=none")
                self.assert_status(job, 1, completed=whole, skipped=1)
                self.assertIn("left of wall_time", job.stderr)
                self.assertLess(time.monotonic() - begun, 120)


if __name__ == "__main__":
    main()
