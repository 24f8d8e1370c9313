"""Modules in servers that srbench starts: a STAND-IN for RedisAI
(redisai_stand_in.c), with its commands and without.
"""
# ctest: label=fast
from redisaitest import LACKING, ModuleTest
from srbtest import DATABASE, main, text


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
            g = f[f"perm_{k:04d}"]
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
                errors = {text(f[f"perm_{k:04d}"].attrs["error"])
                          for k in range(4)
                          if text(f[f"perm_{k:04d}"].attrs["command_set"])
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


if __name__ == "__main__":
    main()
