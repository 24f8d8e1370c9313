"""A plan for an imaginary machine takes what a job takes, and refuses what a
job would refuse before it runs anything, in the same words."""
# ctest: label=fast
import re

from srbtest import RunTest, main

# what both refuse, and by which words
REFUSED = (
    (("--db_address=127.0.0.1",),
     "db_address: '127.0.0.1' is an address without a port, expected both, "
     "such as 127.0.0.1:6780"),
    (("--db_address=[::1]",),
     "db_address: '[::1]' is an address without a port, expected both, "
     "such as [::1]:6780"),
    (("--db_address=a:1, A:1",),
     "'a' port 1 and 'A' port 1 are the same server"),
    (("--db_address=http://a",), "db_address: found 'http://a'"),
    (("--db_hosts=nid[0001-0003",), "is no list of hosts"),
    (("--db_exe=null",), "client 'socket' needs a server, and db_exe 'null'"),
    (("--db_exe=null", "--client=null", "--null_client={nonsense: 1}"),
     "nonsense"),
    (("--db_exe=floor", "--db_args={maxmemory: 1mb}"),
     "has directives; leave out db_args, or give another db_exe with it"),
    (("--db_env={9A: 1}",), "db_env: found '9A', expected the name of a "
     "variable: letters, digits and _, no digit first"),
    (("--db_env={SRBENCH_X: 1}",), "'SRBENCH_X' is srbench's own"),
    (("--db_env=[{}, {PMI_RANK: 1}]",), "'PMI_RANK' is the launcher's"),
    (("--db_exe=null", "--client=null", "--db_env={A: 1}"),
     "db_env: no server of this study (null) has such a choice"),
    (("--db_max_clients=1",), "db_max_clients: 1 is fewer than the "),
    (("--output=a.h5", "--summary_json=a.h5"), "summary_json"),
)
HERE = ("throughput_standard", "--tensor_bytes=4", "--virtual_nodes=3")


class PlanWords(RunTest):
    def test_what_is_refused(self):
        for args, words in REFUSED:
            for ranks, machine in ((0, ("--dry_run", "--machine=3x3")),
                                   (3, ("--dry_run",)), (3, ())):
                with self.subTest(args=args, ranks=ranks, machine=machine):
                    job = self.start(ranks, *HERE, *args, *machine).wait()
                    self.assert_status(job, 2)
                    self.assertIn(words, job.stderr)

    def test_what_is_honoured(self):
        for args, words in (
                (("--db_hosts=nid[001-003,7]",), "DBN4"),
                (("--db_hosts=[1-2]n",), "DBN2"),
                (("--db_address=[::1]:6780",),
                 "databases elsewhere, which are asked at the start\n"),
                (("--db_nodes=1,2",), "DBN2")):
            with self.subTest(args=args):
                job = self.start(0, "throughput_standard", "--tensor_bytes=4",
                                 "--dry_run", "--machine=8x2", "--verbose",
                                 *args).wait()
                self.assertEqual(job.returncode, 0, job.describe())
                self.assertIn(words, job.stdout)


class Sum(RunTest):
    """What --dry_run says first, held against arithmetic done here."""

    def plan(self, *args):
        job = self.start(0, "--dry_run", "--machine=4x4", *args).wait()
        self.assertEqual(job.returncode, 0, job.describe())
        return job.stdout

    def value(self, said, name):
        return re.search(rf"(?m)^  {name} +(.*)$", said)[1]

    def test_bytes(self):
        """8 clients of 2 nodes, 3 + 1 pairs, both ways, two sizes of which one
        is no whole number of elements."""
        args = ("--client_nodes=2", "--iterations=3", "--tensor_bytes=[1024,2051]")
        said = self.plan(*args)
        moved = 8 * (3 + 1) * 2 * (1024 + 2048)
        self.assertEqual(self.value(said, "moved"),
                         f"{moved // 1024} KiB, put and got")
        self.assertIn("tensor_bytes: 2051 moves 2048, whole elements of 4 bytes\n",
                      said)
        said = self.plan(*args, "--repetitions=5", "--until_interval=2%")
        self.assertEqual(self.value(said, "moved"),
                         f"{moved * 5 // 1024} KiB, put and got, at most")

    def test_time(self):
        """By the clock where loops have a duration, else by the busiest shard's
        bytes or commands."""
        for repetitions, more, least in (
                (3, (), "1m00s"), (5, (), "1m40s"),
                (5, ("--until_interval=2%",), "1m00s")):
            said = self.plan("--duration=10s", "--tensor_bytes=[4,8]",
                             f"--repetitions={repetitions}", *more)
            self.assertIn(f"at least {least}, ", self.value(said, "time"))
            self.assertNotIn("moved", said)
        # 4 clients, 1000 pairs: 8000 commands at 200 000 a second
        said = self.plan("--tensor_bytes=4", "--iterations=1000", "--warmup=0",
                         "--client_nodes=1")
        self.assertIn("at least 40.0 ms, ", self.value(said, "time"))
        # of 1 GB each, at 5 GB/s; of two shards at once
        big = ("throughput_standard", "--tensor_bytes=1GB", "--iterations=10",
               "--warmup=0", "--client_nodes=2", "--keys=balanced")
        for shards, least in ((1, "32.0 s"), (2, "16.0 s")):
            said = self.plan(*big, f"--db_shards_per_node={shards}")
            self.assertIn(f"at least {least}, ", self.value(said, "time"))

    def test_of_steps(self):
        """What a search moves nobody knows; steps take what they compute."""
        said = self.plan("--rate=search", "--tensor_bytes=4",
                         "--sustain={step_response_p99: < 5ms}")
        self.assertEqual(self.value(said, "time"),
                         "at least 1m10s, with loops of 10.0 s")
        self.assertNotIn("moved", said)
        self.assertRegex(said, r"(?m)^set-up 0: 1 permutation, tensors of 4 B; ")
        said = self.plan("--compute=10ms", "--tensor_bytes=4", "--warmup=0",
                         "--iterations=100")
        self.assertRegex(self.value(said, "time"), r"^at least 1\.\d+ s, were "
                         "steps to take their own time alone, and every thread ")

    def test_memory(self):
        """Of a Redis 2.5 times its clients' tensors and 16 MiB, of a client two
        tensors and some, as batch_scripts/README.md has it."""
        said = self.plan("throughput_standard", "--tensor_bytes=[4,1GiB]",
                         "--client_nodes=2", "--db_nodes=1")
        servers, clients = re.match(
            r"([\d.]+) GiB on a node with databases, ([\d.]+) GiB on one with "
            r"clients alone, at most$", self.value(said, "memory")).groups()
        self.assertAlmostEqual(float(servers), 8 * 2.5, delta=0.1)
        self.assertAlmostEqual(float(clients), 4 * 2, delta=0.1)

    def test_set_ups(self):
        """A line each, with its ranges."""
        said = self.plan("throughput_standard", "--db_nodes=[1,2]",
                         "--client_nodes=[1,2]", "--tensor_bytes=[1KiB,1MiB]")
        lines = [x for x in said.splitlines() if x.startswith("set-up ")]
        self.assertEqual(len(lines), 2, said)
        self.assertRegex(
            lines[1], r"^set-up 1: 4 permutations, db_nodes 2, 4 to 8 clients, "
            r"tensors of 1 KiB to 1 MiB, [\d.]+ GiB; client nodes 0-1, 8 "
            r"clients; database nodes 2-3, 2 shards$")
        self.assertNotRegex(said, r"(?m)^0000 ")

    def test_many_set_ups(self):
        cpus = ",".join(map(str, range(1, 51)))
        args = (f"--db_cpus=[{cpus}]", "--tensor_bytes=4")
        said = self.plan(*args)
        self.assertEqual(said.count("\nset-up "), 40)
        self.assertIn("... and 10 more set-ups; --verbose has all\n", said)
        self.assertEqual(self.plan(*args, "--verbose").count("\nset-up "), 50)

    def test_out_of_all_proportion(self):
        big = ("throughput_standard", "--machine=136x48",
               "--client_nodes=[20,120]", "--db_nodes=[4,16]", "--keys=balanced")
        job = self.start(0, "--dry_run", *big).wait()
        self.assertIn("remark: up to 1440 clients share one shard (set-up 0)",
                      job.stdout)
        sizes = (1024, 8192, 16384, 32768, 65536, 131076, 262152, 524304,
                 1024000, 2048000, 4096000)
        moved = (20 + 120) * 48 * 2 * (100 + 1) * 2 * sum(sizes) / 2**40
        self.assertIn(f"remark: {moved:.1f} TiB are moved", job.stdout)
        said = self.plan("--wall_time=30s", "--duration=10s", "--repetitions=4",
                         "--tensor_bytes=4")
        self.assertIn("remark: it takes at least 40.0 s, and wall_time is 30.0 s",
                      said)
        said = self.plan("--wall_time=50s", "--duration=10s", "--repetitions=4",
                         "--tensor_bytes=4")
        self.assertNotIn("remark", said)


if __name__ == "__main__":
    main()
