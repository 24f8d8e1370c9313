"""Databases as batch jobs of their own (run_db_as_batch), and nodes chosen by
name and feature, under a real Slurm (slurmtest.py).
"""
# ctest: label=full
import os
import signal
import time

from redisaitest import as_smartsim_has_it
from slurmtest import SlurmTest
from srbtest import END, SRBENCH, column, main, text

SMALL = ("--tensor_bytes=4096", "--iterations=5")


class Batch(SlurmTest):

    CLUSTER = {"KillWait": 5}

    def setUp(self):
        super().setUp()
        self.out = self.dir / "batch.h5"

    def batch(self, srun_args, *args, **how):
        return self.start_srun(srun_args, "throughput_standard",
                               "--run_db_as_batch", *args,
                               f"--output={self.out}", **how)

    def assert_no_jobs(self, timeout=300):
        """Nothing waits, runs or is left in the folder."""
        deadline = time.monotonic() + timeout
        while self.cluster.queue() and time.monotonic() < deadline:
            time.sleep(0.1)
        self.assertEqual(self.cluster.queue(), [])
        self.assertEqual([p.name for p in self.dir.glob("srbench-db-*")], [])

    def test_each_set_up_is_a_job(self):
        """On nodes with the feature, in as many jobs as there are set-ups; two
        permutations share one."""
        job = self.batch(("-N2", "-w", "nid[0001-0002]",
                          "--ntasks-per-node=2"),
                         "--db_nodes=[1,2]", "--keys=balanced",
                         "--tensor_bytes=[1024,4096]", "--iterations=5",
                         '--db_node_feature={"C":"P100","exclusive":null}',
                         '--batch_args={"comment":"of srbench"}')
        job.wait()
        self.assert_passed(job, permutations=4)
        self.assertEqual(job.stderr.count("databases: submitted job"), 2,
                         job.stderr)
        f = self.assert_whole(self.out, permutations=4)
        self.assertEqual(f.attrs["nodes"], 2)
        for k, nodes in enumerate((1, 1, 2, 2)):
            g = self.perm(k, f)
            self.assertEqual(g.attrs["db_nodes"], nodes)
            self.assertEqual(len(g["shard_address"]), nodes)
            self.assertEqual(len(g["client_rank"]), 4)
            self.assertIn(f"-N2-T2-DBN{nodes}-", text(g.attrs["name"]))
            self.assertNotIn("", column(g, "shard_cpus"))
        # not on loopback: clients may be anywhere
        self.assertNotIn("127.0.0.1:", "".join(column(g, "shard_address")))
        self.assert_no_jobs()

    def test_models(self):
        """Arguments for the databases' job imply one, as in the commands of
        SmartSim-Scaling; its servers have RedisAI, and users with the rights
        that models and copied tensors need, for the clients to store them and
        run them."""
        job = self.start_srun(
            ("-N2", "-w", "nid[0001-0002]", "--ntasks-per-node=2"),
            "inference_standard", '--batch_args={"comment":"of srbench"}',
            "--db_nodes=2", "--db_tpq=[1,2]", "--model_keys=[aligned,copied]",
            "--iterations=3", "--verify=all", f"--output={self.out}",
            env=as_smartsim_has_it(self.dir))
        job.wait()
        self.assert_passed(job, permutations=4)
        self.assertEqual(job.stderr.count("databases: submitted job"), 2,
                         job.stderr)
        f = self.assert_whole(self.out, permutations=4)
        for k, tpq in enumerate((1, 1, 2, 2)):
            g = self.perm(k, f)
            self.assertEqual(sum(g["run_calls"]), 4 * 4)
            self.assertIn(f"ai_threads_per_queue {tpq}\n",
                          text(g.attrs["db_config"]))
        self.assert_no_jobs()

    def test_clients_are_cancelled(self):
        """The databases' job ends with that of its clients."""
        job = self.batch(("-N1", "-n2"), "--tensor_bytes=4096",
                         "--duration=60s", "--term_grace=1s")
        job.wait_until(lambda: "submitted job" in job.stderr
                       and len(self.cluster.queue()) == 2
                       and job.servers(), "its databases")
        mine = min(map(int, self.cluster.queue()))
        self.cluster.run("scancel", str(mine))
        job.wait()
        self.assert_no_jobs()

    def test_clients_are_killed(self):
        """Nobody is left to cancel anything: the lifeline is cut."""
        job = self.batch(("-N1", "-n2"), "--tensor_bytes=4096",
                         "--duration=60s", loops=True)
        job.wait_in_loop(clients=2)
        serving = {p.pid for p in job.ranks() if " serve " in p.command}
        for rank in job.ranks():
            if rank.pid not in serving:
                os.kill(rank.pid, signal.SIGKILL)
        job.wait()
        deadline = time.monotonic() + END
        while self.cluster.queue() and time.monotonic() < deadline:
            time.sleep(0.1)
        self.assertEqual(self.cluster.queue(), [])
        self.assertEqual(list(self.dir.glob("srbench-db-*")), [])

    def test_no_room_in_the_queue(self):
        """The nodes are taken: the job is given up, cancelled, and said to be
        so."""
        blocker = self.cluster.sbatch("#!/bin/sh\nsleep 100\n", "-N3",
                                      "--exclusive")
        self.cluster.await_state(blocker, ("RUNNING",))
        job = self.batch(("-N1", "-n1", "--exclusive"), *SMALL,
                         "--batch_timeout=3s",
                         '--batch_args={"exclusive":null}')
        job.wait()
        self.assert_status(job, 1, completed=0, failed=1)
        self.assertIn("did not start within 3 s (batch_timeout)", job.stderr)
        self.assertEqual(self.cluster.queue(), [blocker])
        self.assertEqual(list(self.dir.glob("srbench-db-*")), [])

    def test_what_slurm_refuses(self):
        job = self.batch(("-N1", "-n1"), *SMALL,
                         '--db_node_feature={"C":"Z100"}')
        job.wait()
        self.assert_status(job, 1, completed=0, failed=1)
        self.assertIn("cannot submit the job 'srbench-db'", job.stderr)
        self.assertIn("feature", job.stderr)
        self.assert_no_jobs()

    def test_databases_that_do_not_start(self):
        """The words of the other job arrive here."""
        job = self.batch(("-N1", "-n1"), *SMALL, "--net_ifname=ib7")
        job.wait()
        self.assertNotEqual(job.returncode, 0)
        self.assertIn("ib7", job.stderr)
        self.assert_no_jobs()

    def test_by_hand(self):
        """srbench serve in one job, its clients in another."""
        address = self.dir / "address.yaml"
        serving = self.start_srun(("-N2", "-w", "nid[0003-0004]"), "serve",
                                  "--db_nodes=2", f"--db_address={address}",
                                  f"--db_port={self.port}")
        job = self.srun(("-N2", "-w", "nid[0001-0002]", "-n4"),
                        "throughput_standard", *SMALL,
                        f"--db_address={address}", f"--output={self.out}")
        self.assert_passed(job, permutations=1)
        g = self.assert_whole(self.out, permutations=1)["perm_0000"]
        self.assertEqual(g.attrs["db_nodes"], 2)
        for rank in serving.ranks():
            os.kill(rank.pid, signal.SIGTERM)
        serving.wait()
        self.assertFalse(address.exists())


class Chosen(SlurmTest):

    def setUp(self):
        super().setUp()
        self.out = self.dir / "chosen.h5"

    def nodes(self, srun_args, *args):
        """Names of the nodes of clients, and the number of database nodes."""
        job = self.srun(srun_args, "throughput_standard", *SMALL, *args,
                        "--verbose", "--overwrite", f"--output={self.out}")
        self.assert_passed(job, permutations=1)
        f = self.assert_whole(self.out, permutations=1)
        names = column(f["hosts"], "name")
        clients = sorted({names[n] for n in f["perm_0000"]["client_node"]})
        f.close()
        return clients, job.stderr

    def test_by_feature(self):
        clients, said = self.nodes(("-N4", "--ntasks-per-node=1"),
                                   "--db_nodes=2",
                                   '--node_feature={"C":"P100&bigmem",'
                                   '"exclusive":null}')
        self.assertEqual(clients, ["nid0003", "nid0004"])
        self.assertIn("database nodes 0-1", said)
        clients, said = self.nodes(("-N4", "--ntasks-per-node=1"),
                                   '--db_node_feature={"constraint":"ib"}')
        self.assertEqual(clients, ["nid0001", "nid0003", "nid0004"])
        self.assertIn("database node 1", said)

    def test_by_name(self):
        clients, said = self.nodes(("-N4", "--ntasks-per-node=1"),
                                   "--db_hosts=nid[0003,0001]")
        self.assertEqual(clients, ["nid0002", "nid0004"])
        self.assertIn("database nodes 2,0", said)

    def test_by_group_of_a_heterogeneous_job(self):
        """One world of two components; databases on those of one of them."""
        job = self.srun(("-N1", "-n1"), "--role=db", "throughput_standard",
                        *SMALL, f"--output={self.out}",
                        f"--db_port={self.port}", ":", "-N2", "-n4", SRBENCH,
                        "--role=client")
        self.assert_passed(job, permutations=1)
        f = self.assert_whole(self.out, permutations=1)
        self.assertEqual(f.attrs["nodes"], 3)
        self.assertEqual(sorted(set(f["perm_0000"]["client_node"])), [1, 2])
        self.assertEqual(len(f["perm_0000"]["client_rank"]), 4)

    def test_a_feature_that_no_node_has(self):
        job = self.srun(("-N2", "-n2"), "throughput_standard", *SMALL,
                        '--db_node_feature={"C":"Z100"}')
        self.assert_status(job, 2)
        self.assertIn("2 may run clients, and 0 databases", job.stderr)


if __name__ == "__main__":
    main()
