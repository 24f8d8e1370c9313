# ctest: label=fast,asan long
"""The main job in small: both placements, one file, nothing left behind."""
import re
import resource
import unittest

from srbtest import SANITIZED, SOURCE, RunTest, column, main, text

TENSORS_DEFAULT = [1024, 8192, 16384, 32769, 65538, 131076, 262152, 524304,
                   1024000, 2048000, 4096000]


def children_seconds():
    """CPU time of all that was waited for: others' work is not in it."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


class NoMachine(RunTest):
    """What works on a login node, without mpiexec."""

    def test_help_names_the_options(self):
        job = self.plain("--help")
        for name in ("experiment", "client_nodes", "clients_per_node",
                     "db_nodes", "db_shards_per_node", "tensor_bytes",
                     "iterations", "virtual_nodes"):
            self.assertRegex(job.stdout, rf"\b{name}\b")

    def test_version_names_the_libraries(self):
        words = self.plain("--version").stdout.lower()
        for name in ("srbench", "mpi", "hdf5", "hiredis"):
            self.assertIn(name, words)

    def test_show_config_feeds_back(self):
        given = ["--tensor_bytes=[1024,32769,1MiB]", "--client_nodes=[1,2]",
                 "--op_timeout=5s", "--experiment=throughput_scaling"]
        shown = self.plain("--show_config", *given).stdout
        path = self.dir / "shown.yaml"
        path.write_text(shown, encoding="utf-8")
        again = self.plain("--show_config", "--config", path).stdout
        self.assertEqual(again, shown)

    def test_dry_run_of_a_large_machine(self):
        job = self.plain("throughput_standard", "--dry_run", "--machine=136x48",
                         "--client_nodes=[20,40,60,80,100,120]",
                         "--db_nodes=[4,8,16]", "--tensor_bytes=1024",
                         "--verbose")
        seen = re.findall(r"-N(\d+)-T48-DBN(\d+)-", job.stdout)
        wanted = {(str(n), str(d)) for n in (20, 40, 60, 80, 100, 120)
                  for d in (4, 8, 16)}
        self.assertEqual(set(seen), wanted, job.describe())
        self.assertIn("136", job.stdout)

    @unittest.skipIf(SANITIZED, "about what it takes without a sanitizer")
    def test_dry_run_of_the_largest_machine(self):
        before = children_seconds()
        job = self.plain("throughput_standard", "--dry_run",
                         "--machine=9408x56", "--db_nodes=[16,64]",
                         "--client_nodes=[1000,4000,9000]")
        self.assertIn("9408 nodes (526848 ranks)", job.stdout)
        self.assertLess(children_seconds() - before, 30)

    def test_impossible_is_refused_before_anything_starts(self):
        job = self.start(0, "throughput_standard", "--dry_run",
                         "--machine=4x8", "--client_nodes=[2,4]",
                         "--db_nodes=1").wait()
        self.assertEqual(job.returncode, 2, job.describe())
        self.assertIn("node", job.stderr + job.stdout)

    def test_unknown_option_names_the_nearest(self):
        job = self.start(0, "--dry_run", "--machine=4x8",
                         "--tensor_byte=8").wait()
        self.assertEqual(job.returncode, 2, job.describe())
        self.assertIn("tensor_bytes", job.stderr)

    def plain(self, *args):
        job = self.start(0, *args).wait()
        self.assertEqual(job.returncode, 0, job.describe())
        return job


class Colocated(RunTest):

    def test_one_rank(self):
        out = self.dir / "one.h5"
        job = self.srbench(1, "--iterations=5", "--tensor_bytes=[4,1024]",
                           f"--output={out}")
        self.assert_passed(job, 2)
        self.assert_whole(out, 2)

    def test_no_configuration_at_all(self):
        """`mpiexec -n 2 srbench`: the whole default sweep; where a sanitizer
        looks at each byte it is shorter."""
        fewer, iterations = (["--iterations=5"], 5) if SANITIZED else ([], 100)
        job = self.srbench(2, "--figures=stdout", *fewer)
        found = list(self.dir.glob("results/*/run-*.h5"))
        self.assertEqual(len(found), 1, job.describe())
        self.assert_passed(job, len(TENSORS_DEFAULT))
        f = self.assert_whole(found[0], len(TENSORS_DEFAULT))
        self.assertEqual(f["perm_0000"].attrs["iterations"], iterations)
        self.assertEqual(f["perm_0000/client_rank"][...].tolist(),
                         [0, 1])
        self.assertTrue(text(f["perm_0000"].attrs["name"]).startswith(
            "throughput-sess-colo-c-N1-T2-"), f["perm_0000"].attrs["name"])
        names = {fom["name"] for fom in job.foms if fom["perm"] == 0}
        self.assertIn("put_tensor_median", names)

    def test_one_database_on_each_node(self):
        out = self.dir / "colo.h5"
        job = self.srbench(4, "--virtual_nodes=2", "--client_nodes=[1,2]",
                           "--tensor_bytes=1024", "--iterations=10",
                           f"--output={out}")
        self.assert_passed(job, 2)
        f = self.assert_whole(out, 2)
        self.assertEqual([self.perm(i, f)["shard_clients"].shape[0]
                          for i in range(2)], [1, 2])
        # a client talks to the database of its own node
        two = f["perm_0001"]
        self.assertEqual(two["client_shard"][...].tolist(),
                         two["client_node"][...].tolist())


class Transports(RunTest):

    def test_unix_sockets(self):
        """Both clients over both, on two nodes with a database each."""
        out = self.dir / "transport.h5"
        job = self.srbench(4, "--virtual_nodes=2", "--transport=[tcp,unix]",
                           "--client=[socket,hiredis]", "--verify=all",
                           "--tensor_bytes=[4,100KiB]", "--iterations=10",
                           f"--output={out}")
        self.assert_passed(job, 8)
        f = self.assert_whole(out, 8)
        for i in range(8):
            g = self.perm(i, f)
            tcp = text(g.attrs["transport"]) == "tcp"
            self.assertEqual(set(column(g, "client_address")),
                             {"127.0.0.1" if tcp else "unix"})


class Standard(RunTest):

    def test_six_ranks(self):
        out = self.dir / "a.h5"
        job = self.srbench(6, "throughput_standard", "--virtual_nodes=3",
                           "--client_nodes=[1,2]",
                           "--tensor_bytes=[1024,32769,1MiB]",
                           "--iterations=10", f"--output={out}")
        self.assert_passed(job, 6)
        f = self.assert_whole(out, 6)
        for i in range(6):
            g = self.perm(i, f)
            nodes = int(g.attrs["client_nodes"])
            self.assertEqual(g["client_rank"].shape[0], 2 * nodes)
            self.assertEqual(g["shard_clients"].shape[0], 1)
        sizes = {int(self.perm(i, f).attrs["payload_bytes"])
                 for i in range(6)}
        self.assertEqual(sizes, {1024, 32768, 1048576})

    def test_eight_ranks_and_a_cluster(self):
        out = self.dir / "b.h5"
        job = self.srbench(8, "throughput_standard", "--virtual_nodes=8",
                           "--clients_per_node=1", "--client_nodes=[2,4]",
                           "--db_nodes=[1,3]", "--keys=[smartsim,balanced]",
                           "--tensor_bytes=1024", "--iterations=20",
                           f"--output={out}")
        self.assert_passed(job, 8)
        f = self.assert_whole(out, 8)
        for i in range(8):
            g = self.perm(i, f)
            shards = int(g.attrs["db_nodes"])
            self.assertEqual(g["shard_clients"].shape[0], shards)
            if text(g.attrs["keys"]) == "balanced":
                counts = g["shard_clients"][...]
                self.assertLessEqual(counts.max() - counts.min(), 1)

    def test_shards_per_node(self):
        out = self.dir / "shards.h5"
        job = self.srbench(4, "throughput_standard", "--virtual_nodes=4",
                           "--client_nodes=2", "--db_nodes=2",
                           "--db_shards_per_node=2", "--tensor_bytes=1024",
                           "--iterations=10", f"--output={out}")
        self.assert_passed(job, 1)
        f = self.assert_whole(out, 1)
        addresses = column(f["perm_0000"], "shard_address")
        self.assertEqual(len(set(addresses)), 4, addresses)


    def test_cluster_or_independent_servers(self):
        """The same keys on the same shards, with and without a cluster."""
        out = self.dir / "independent.h5"
        job = self.srbench(6, "throughput_standard", "--virtual_nodes=6",
                           "--client_nodes=3", "--db_nodes=3",
                           "--db_cluster=[true,false]", "--tensor_bytes=1024",
                           "--iterations=10", f"--output={out}")
        self.assert_passed(job, 2)
        f = self.assert_whole(out, 2)
        cluster, alone = f["perm_0000"], f["perm_0001"]
        self.assertIn("cluster-enabled yes", text(cluster.attrs["db_config"]))
        self.assertIn("cluster-enabled no", text(alone.attrs["db_config"]))
        for name in ("client_shard", "shard_commands"):
            self.assertEqual(list(cluster[name][:]), list(alone[name][:]))


class Files(RunTest):

    def test_both_placements_in_one_study(self):
        config = self.dir / "both.yaml"
        out = self.dir / "both.h5"
        config.write_text(
            "experiment: [throughput_standard, throughput_colocated]\n"
            "virtual_nodes: 3\n"
            "client_nodes: [1, 2]\n"
            "tensor_bytes: [1024, 64KiB]\n"
            "iterations: 10\n", encoding="utf-8")
        job = self.srbench(6, "--config", config, f"--output={out}")
        self.assert_passed(job, 8)
        f = self.assert_whole(out, 8)
        kinds = [text(self.perm(i, f).attrs["experiment"])
                 for i in range(8)]
        self.assertEqual(kinds, ["throughput_standard"] * 4
                         + ["throughput_colocated"] * 4)
        self.assertIn("tensor_bytes: [1024, 64KiB]", text(f.attrs["config"]))
        for i in range(8):  # where all servers listened, and nowhere else
            g = self.perm(i, f)
            self.assertRegex(text(g.attrs["network"]), "^lo, since")
            self.assertEqual(set(shard.split(":")[0] for shard in
                                 map(text, g["shard_address"][:])),
                             {"127.0.0.1"})
        self.assertEqual(text(f.attrs["network"]), text(g.attrs["network"]))

    def test_what_comes_to_the_same_runs_once(self):
        out = self.dir / "once.h5"
        job = self.srbench(2, "throughput_standard", "--virtual_nodes=2",
                           "--db_cluster=true,false", "--tensor_bytes=4,5,6,7",
                           "--iterations=5", f"--output={out}")
        self.assert_passed(job, 1)
        self.assert_whole(out, 1)
        for words in ("db_cluster (2 values) collapses where there is one "
                      "shard", "tensor_bytes collapses: 5 to 4, 6 to 4, 7 to"):
            self.assertIn(f"note: {words}", job.stderr)

    def test_example_standard(self):
        self.example("standard", ranks=6, nodes=6, permutations=8)

    def test_example_colocated(self):
        self.example("colocated", ranks=4, nodes=4, permutations=6)

    def example(self, placement, ranks, nodes, permutations):
        """The example on virtual nodes, with shorter loops."""
        config = SOURCE / f"batch_scripts/example_{placement}.yaml"
        out = self.dir / "example.h5"
        job = self.srbench(ranks, "--config", config,
                           f"--virtual_nodes={nodes}", "--iterations=10",
                           f"--output={out}")
        self.assert_passed(job, permutations)
        f = self.assert_whole(out, permutations)
        self.assertEqual(text(f["perm_0000"].attrs["experiment"]),
                         f"throughput_{placement}")

    def test_an_existing_file_is_kept(self):
        out = self.dir / "kept.h5"
        out.write_text("precious", encoding="utf-8")
        job = self.srbench(1, "--iterations=5", "--tensor_bytes=4",
                           f"--output={out}")
        self.assertEqual(job.returncode, 2, job.describe())
        self.assertEqual(out.read_text(encoding="utf-8"), "precious")
        job = self.srbench(1, "--iterations=5", "--tensor_bytes=4",
                           f"--output={out}", "--overwrite=true")
        self.assert_passed(job, 1)
        self.assert_whole(out, 1)


if __name__ == "__main__":
    main()
