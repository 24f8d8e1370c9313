"""Modules in servers that srbench starts: a STAND-IN for RedisAI
(redisai_stand_in.c), with its commands and without.
"""
# ctest: label=fast full
import shutil
import signal
import test_pbs_batch
from redisaitest import LACKING, ModuleTest
from srbtest import DATABASE, column, full, main, text


class Modules(ModuleTest):

    def test_both_sets_threads_and_clients(self):
        """Two set-ups, each with its own number of threads, by the server's own
        word; the servers count puts and gets of either set."""
        job = self.measure(
            "throughput_standard", "--command_set=[plain,redisai]",
            "--client=[socket,hiredis]", "--db_tpq=[1,2]", "--verify=all",
            f"--db_modules={self.stand_in}")
        self.assert_passed(job, permutations=8)
        f = self.assert_whole(self.out, permutations=8)
        seen = set()
        for k in range(8):
            g = self.perm(k, f)
            config = text(g.attrs["db_config"])
            self.assertRegex(config, r"(?m)^module name=ai,ver=1,")
            self.assertIn(f"ai_threads_per_queue {g.attrs['db_tpq']}\n", config)
            self.assertEqual(list(g["shard_commands"]), [12])
            seen.add((text(g.attrs["command_set"]), text(g.attrs["client"]),
                      int(g.attrs["db_tpq"]), int(g.attrs["setup"])))
        self.assertEqual(seen, {
            (s, c, t, t - 1) for s in ("plain", "redisai")
            for c in ("socket", "hiredis") for t in (1, 2)})

    def test_threads_beside_a_server_without_modules(self):
        job = self.measure(
            "throughput_colocated", f"--db_exe=[{DATABASE},floor]",
            "--db_tpq=[1,2]", f"--db_modules={self.stand_in}")
        self.assert_passed(job, permutations=3)
        self.assertRegex(job.stderr, r"db_tpq \(2 values\) collapses with floor")
        f = self.open(self.out)
        self.assertEqual(list(f["summary/db_tpq"][...]), [1, 2, -1])

    def test_only_what_needs_the_commands_fails(self):
        """Whichever comes first, and however often they take turns."""
        for sets in ("[plain,redisai]", "[redisai,plain]"):
            with self.subTest(sets):
                job = self.measure(
                    "throughput_colocated", f"--command_set={sets}",
                    "--client=[socket,hiredis]", "--overwrite",
                    f"--db_modules={self.stand_in} WITHOUT_COMMANDS")
                self.assert_status(job, 1, permutations=4, completed=2,
                                   failed=2, skipped=0)
                f = self.open(self.out)
                errors = {text(self.perm(k, f).attrs["error"])
                          for k in range(4)
                          if text(self.perm(k, f).attrs["command_set"])
                          == "redisai"}
                self.assertEqual(len(errors), 1, errors)
                self.assertIn(LACKING, errors.pop())
                f.close()

    def test_files_that_no_server_loads(self):
        plain = self.dir / "redisai.so"
        plain.write_bytes(b"no library")
        for path, words in ((self.dir / "none.so", "No such file"),
                            (self.dir, "is no file"),
                            (plain, "may not be executed")):
            with self.subTest(words):
                job = self.measure("--command_set=redisai",
                                   f"--db_modules={path} redisai", ranks=1)
                self.assert_status(job, 2)
                self.assertIn("db_modules: ", job.stderr)
                self.assertIn(words, job.stderr)
                self.assertFalse(self.out.exists())


@full
class MoreModules(ModuleTest):

    def sets(self, job, n, shards=1):
        """All completed, and every shard has served its clients."""
        self.assert_passed(job, permutations=n)
        f = self.assert_whole(self.out, permutations=n)
        for k in range(n):
            g = self.perm(k, f)
            self.assertEqual(len(g["shard_commands"]), shards)
            self.assertEqual(list(g["shard_commands"]),
                             [12 * c for c in g["shard_clients"]])
        return f

    def test_cluster(self):
        """A tensor's key decides where it is, whatever the commands."""
        job = self.measure(
            "throughput_standard", "--db_shards_per_node=3",
            "--keys=balanced", "--command_set=[plain,redisai]",
            "--client=[socket,hiredis]", "--verify=all",
            f"--db_modules={self.stand_in}", ranks=4)
        f = self.sets(job, 4, shards=3)
        self.assertIn("cluster-enabled yes",
                      text(f["perm_0003"].attrs["db_config"]))

    def test_colocated(self):
        job = self.measure(
            "throughput_colocated", "--virtual_nodes=2",
            "--transport=[tcp,unix]", "--command_set=[plain,redisai]",
            "--client=[socket,hiredis]", "--db_tpq=[1,3]", "--verify=all",
            f"--db_modules={self.stand_in}", ranks=4)
        f = self.sets(job, 16, shards=2)
        for k in range(16):
            g = self.perm(k, f)
            self.assertIn(f"ai_threads_per_queue {g.attrs['db_tpq']}\n",
                          text(g.attrs["db_config"]))

    def test_arguments_and_a_path_with_quotes(self):
        folder = self.dir / 'a"quoted\\folder'
        folder.mkdir()
        shutil.copy(self.stand_in, folder / "redisai.so")
        job = self.measure(
            "throughput_standard", "--command_set=redisai",
            f"--db_modules={folder}/redisai.so  THREADS_PER_QUEUE  5")
        f = self.sets(job, 1)
        self.assertIn("ai_threads_per_queue 5\n",
                      text(f["perm_0000"].attrs["db_config"]))

    def test_a_module_that_refuses(self):
        job = self.measure("throughput_standard",
                           f"--db_modules={self.stand_in} NONSENSE")
        self.assert_status(job, 1, failed=1)
        self.assertIn("exited with status 1", job.stderr)
        self.assertIn("redisai_stand_in.so", job.stderr)

    def test_a_file_that_is_no_library(self):
        path = self.dir / "redisai.so"
        path.write_bytes(b"no library")
        path.chmod(0o755)
        job = self.measure("throughput_standard", f"--db_modules={path}")
        self.assert_status(job, 1, failed=1)
        self.assertIn(str(path), job.stderr)

    def test_words_of_another_type(self):
        """Status strings in a reply are no tensor, and nobody waits for more."""
        job = self.measure(
            "throughput_standard", "--command_set=redisai",
            "--client=[socket,hiredis]", "--op_timeout=5s",
            f"--db_modules={self.stand_in} STATUS_WORDS")
        self.assert_status(job, 1, failed=2)
        f = self.open(self.out)
        for k in range(2):
            self.assertIn("the reply is not the FLOAT tensor of 1024 elements",
                          text(self.perm(k, f).attrs["error"]))

    def test_serve(self):
        """Databases of one job with it, clients of another."""
        address = self.dir / "address"
        databases = self.start(1, "serve", f"--db_address={address}",
                               "--net_ifname=lo", "--command_set=redisai",
                               f"--db_modules={self.stand_in}", "--db_tpq=2")
        databases.wait_until(address.exists, "its file")
        job = self.measure("throughput_standard",
                           "--command_set=[plain,redisai]", "--verify=all",
                           f"--db_address={address}")
        self.sets(job, 2)
        databases.process.send_signal(signal.SIGTERM)
        databases.wait()

    def test_serve_without_commands(self):
        """They were promised both sets, so one is not enough."""
        address = self.dir / "address"
        for sets in ("redisai", "[plain,redisai]"):
            with self.subTest(sets):
                job = self.srbench(
                    1, "serve", f"--db_address={address}", "--net_ifname=lo",
                    f"--command_set={sets}",
                    f"--db_modules={self.stand_in} WITHOUT_COMMANDS")
                self.assertEqual(job.returncode, 1, job.describe())
                self.assertIn(LACKING, job.stderr)
                self.assertFalse(address.exists())


@full
class Batch(test_pbs_batch.Pbs):
    """Modules in the servers of batch jobs; qsub is a STAND-IN."""

    test_two_set_ups = test_features = test_a_job_that_fails = None

    def test_modules(self):
        """The job loads them with their arguments, and RedisAI's threads."""
        job = self.batch("--tensor_bytes=4096", "--iterations=5",
                         "--command_set=[plain,redisai]", "--db_tpq=[1,2]",
                         "--verify=all",
                         f"--db_modules={ModuleTest.stand_in}").wait()
        self.assert_passed(job, permutations=4)
        f = self.assert_whole(self.out, permutations=4)
        for k in range(4):
            g = self.perm(k, f)
            self.assertNotIn("", column(g, "shard_cpus"))
            self.assertIn(f"ai_threads_per_queue {g.attrs['db_tpq']}\n",
                          text(g.attrs["db_config"]))
        self.assertTrue(self.ended())

    def test_arguments(self):
        job = self.batch("--tensor_bytes=4096", "--iterations=5",
                         f"--db_modules={ModuleTest.stand_in} "
                         "THREADS_PER_QUEUE 7").wait()
        self.assert_passed(job, permutations=1)
        g = self.perm()
        self.assertIn("ai_threads_per_queue 7\n", text(g.attrs["db_config"]))

    def test_without_commands(self):
        """Its words arrive here, and a second job serves the others."""
        job = self.batch("--tensor_bytes=4096", "--iterations=5",
                         "--command_set=[redisai,plain]",
                         f"--db_modules={ModuleTest.stand_in} "
                         "WITHOUT_COMMANDS").wait()
        self.assert_status(job, 1, completed=1, failed=1)
        self.assertIn(LACKING, job.stderr)
        self.assertTrue(self.ended())



if __name__ == "__main__":
    main()
