"""Servers as an axis: each is what it says itself, gets the configuration that
is its own, and is told from others of the same name.

What calls itself another server here is a script in front of the one under
test.
"""
# ctest: label=fast
import os
import subprocess
import sys

from srbtest import (DATABASE, SERVER, SERVER_VERSION, SOURCE, RunTest, column,
                     main, text)

SMALL = ("--tensor_bytes=1024", "--iterations=5")


class ServersTest(RunTest):

    def setUp(self):
        super().setUp()
        self.out = self.dir / "out.h5"

    def server(self, path, says):
        """A program at path that calls itself something, keeps what it is told
        as path.conf, and is the server under test."""
        program = self.dir / path
        program.parent.mkdir(parents=True, exist_ok=True)
        program.write_text(f"""#!/bin/sh
[ "$1" = - ] || {{ echo '{says}'; exit; }}
cat >"{program}.conf"
grep -v -e ^server-threads -e ^io-threads "{program}.conf" |
    sed s/,,shard-id=[^\\ ]*// >"{program}.plain"
exec {DATABASE} - <"{program}.plain"
""", encoding="utf-8")
        program.chmod(0o755)
        return program

    def told(self, program, directive):
        """The values of a directive that a program was given."""
        lines = (line.partition(" ") for line in
                 program.with_name(f"{program.name}.conf").read_text(encoding="utf-8")
                 .splitlines())
        return [value for name, _, value in lines if name == directive]

    def refused(self, *args):
        job = self.srbench(1, *SMALL, f"--output={self.out}", *args)
        self.assertEqual(job.returncode, 2, job.describe())
        self.assertFalse(self.out.exists())
        return job.stderr


class Axis(ServersTest):

    def test_the_one_under_test(self):
        """Name and version are in the file as it printed them, and its threads
        as it has them."""
        job = self.srbench(2, *SMALL, "--db_cpus=2", f"--output={self.out}")
        self.assert_passed(job, 1)
        f = self.assert_whole(self.out, 1)
        said = f"{SERVER} {SERVER_VERSION}"
        self.assertEqual(text(f.attrs["server_version"]), said)
        self.assertEqual(text(f["perm_0000"].attrs["server"]), said)
        self.assertIn("server-threads 2\n" if SERVER == "keydb"
                      else "io-threads 1\n",
                      text(f["perm_0000"].attrs["db_config"]))

    def test_the_same_name_in_other_folders(self):
        """Told apart on the terminal, in names and in the report."""
        old = self.server("6.2/redis-server", "Redis server v=6.2.16 sha=0")
        new = self.server("8.0/redis-server", "Redis server v=8.0.6 sha=0")
        other = self.server("valkey-server", "Server v=7.2.7 sha=0")
        job = self.srbench(2, f"--db_exe=[{old},{new},{other}]",
                           *SMALL, f"--output={self.out}")
        self.assert_passed(job, 3)
        f = self.assert_whole(self.out, 3)
        labels = ["redis 6.2.16", "redis 8.0.6", "valkey 7.2.7"]
        self.assertEqual(text(f.attrs["server_version"]), ", ".join(labels))
        perms = [self.perm(i, f) for i in range(3)]
        self.assertEqual([text(p.attrs["server"]) for p in perms], labels)
        self.assertEqual(
            [text(p.attrs["name"]).rpartition("TB1024-")[2] for p in perms],
            ["DB6.2-redis-server", "DB8.0-redis-server", "DBvalkey-server"])
        self.assertEqual(len(set(column(f["summary"], "name"))), 3)
        for word in ("6.2-redis-server", "8.0-redis-server"):
            self.assertIn(word, job.stderr)
        page = self.dir / "out.html"
        done = subprocess.run(
            [sys.executable, SOURCE / "tools/srbench-report", self.out, "-o",
             page], text=True, capture_output=True, timeout=300,
                   encoding="utf-8")
        self.assertEqual(done.returncode, 0, done.stderr)
        for label in labels:
            self.assertIn(f"server {label}", page.read_text(encoding="utf-8"))

    def test_threads(self):
        """KeyDB's all serve, and it gets as many as it has CPUs; others get I/O
        threads, and are told that these read as long as they know the word."""
        for says, args, wanted in (
                ("KeyDB server v=6.3.4", ("--db_cpus=2",),
                 {"server-threads": ["2"], "io-threads": []}),
                ("Redis server v=7.4.1", ("--db_cpus=2", "--db_io_threads=2"),
                 {"io-threads": ["2"], "io-threads-do-reads": ["yes"]}),
                ("Redis server v=8.0.6", ("--db_cpus=2", "--db_io_threads=2"),
                 {"io-threads": ["2"], "io-threads-do-reads": []}),
                ("Valkey server v=8.1.1", ("--db_cpus=2", "--db_io_threads=2"),
                 {"io-threads": ["2"], "io-threads-do-reads": []})):
            with self.subTest(says):
                program = self.server("a-server", says)
                job = self.srbench(1, f"--db_exe={program}", *SMALL, *args,
                                   "--output=none")
                self.assert_passed(job, 1)
                for directive, values in wanted.items():
                    self.assertEqual(self.told(program, directive), values,
                                     directive)


    def test_an_axis_that_one_lacks(self):
        """It collapses there, beside a server that has it; each is held against
        the one floor."""
        redis = self.server("redis-server", "Redis server v=7.0.15")
        keydb = self.server("keydb-server", "KeyDB server v=6.3.4")
        job = self.srbench(1, f"--db_exe=[{redis},{keydb},floor]", *SMALL,
                           "--db_cpus=2", "--db_io_threads=[1,2]",
                           f"--output={self.out}")
        self.assert_passed(job, 4)
        for server in (r"keydb 6\.3\.4", r"floor \S+"):
            self.assertRegex(job.stderr, r"db_io_threads \(2 values\) collapses "
                             f"with {server}, which has no such axis")
        self.assertEqual(self.told(keydb, "server-threads"), ["2"])
        f = self.open(self.out)
        self.assertEqual(text(f["perm_0002"].attrs["server"]), "keydb 6.3.4")
        self.assertEqual(list(f["summary/db_io_threads"][...]),
                         [1, 2, -1, -1])
        of_floor = f["summary/put_tensor_of_floor"][...]
        self.assertTrue(all(of_floor[:3] > 0), of_floor)
        self.assertNotEqual(of_floor[3], of_floor[3])

    def test_the_plan_asks_nobody(self):
        job = self.start(0, "--dry_run", "--machine=2x4", "--db_cpus=2",
                         "--db_io_threads=[1,2]", "--db_exe=[/none,floor]",
                         "--tensor_bytes=4", "throughput_standard").wait()
        self.assertEqual(job.returncode, 0, job.describe())
        self.assertIn("db_io_threads (2 values) collapses with floor",
                      job.stdout)
        self.assertIn("3 permutations", job.stdout)
        # what a run would refuse by the names alone
        job = self.start(0, "--dry_run", "--machine=2x4", "--db_cpus=2",
                         "--db_io_threads=2", "--db_exe=floor").wait()
        self.assertEqual(job.returncode, 2, job.describe())
        self.assertIn("no server of this study (floor) has I/O threads",
                      job.stderr)


class Told(ServersTest):
    """Directives and environment are axes."""

    def test_directives(self):
        job = self.srbench(1, *SMALL, "--db_args=[{hz: 17}, {}]",
                           "--db_exe=[redis-server,floor]",
                           f"--output={self.out}")
        self.assert_passed(job, 3)
        self.assertIn("db_args (2 values) collapses with floor",
                      self.srbench(1, *SMALL, "--db_args=[{hz: 17}, {}]",
                                   "--db_exe=[redis-server,floor]",
                                   "--dry_run").stdout)
        f = self.assert_whole(self.out, 3)
        self.assertEqual(column(f["summary"], "db_args"), ["{hz: 17}", "{}", ""])
        self.assertIn("\nhz 17\n", text(f["perm_0000"].attrs["db_config"]))
        self.assertIn("\nhz 10\n", text(f["perm_0001"].attrs["db_config"]))
        self.assertIn("-DBARGS1", text(f["perm_0000"].attrs["name"]))
        self.assertIn("-DBARGS2", text(f["perm_0001"].attrs["name"]))

    def environment(self):
        """A server that keeps what it finds there, once for each start."""
        program = self.dir / "server"
        program.write_text(f"""#!/bin/sh
[ "$1" = - ] && env >"{self.dir}/env.$$"
exec {DATABASE} "$@"
""", encoding="utf-8")
        program.chmod(0o755)
        return program

    def seen(self):
        """One each, in the order of their starts."""
        files = sorted(self.dir.glob("env.*"),
                       key=lambda p: (p.stat().st_mtime_ns, p.name))
        return [dict(line.partition("=")[::2] for line
                     in p.read_text(encoding="utf-8").splitlines())
                for p in files]

    def test_environment(self):
        job = self.srbench(
            1, *SMALL, f"--db_exe={self.environment()}",
            "--db_env=[{}, {A_SETTING: 'a b=c', EMPTY: null}]",
            f"--output={self.out}")
        self.assert_passed(job, 2)
        without, with_it = self.seen()
        self.assertNotIn("A_SETTING", without)
        self.assertEqual(with_it["A_SETTING"], "a b=c")
        self.assertEqual(with_it["EMPTY"], "")
        self.assertEqual(without["PATH"], with_it["PATH"])
        f = self.assert_whole(self.out, 2)
        self.assertEqual(column(f["summary"], "db_env"),
                         ["{}", '{A_SETTING: "a b=c", EMPTY: null}'])
        # by what it says, whatever its place in the list
        job = self.srbench(1, *SMALL, f"--db_exe={self.environment()}",
                           "--db_env=[{}, {EMPTY: null, A_SETTING: 'a b=c'}]",
                           f"--output={self.out}", "--resume")
        self.assert_passed(job, 2)
        self.assertEqual(len(self.seen()), 2, "another server was started")

    def test_an_allocator(self):
        """What did not arrive is flagged."""
        job = self.srbench(
            1, *SMALL, "--db_env=["
            "{MALLOC_CONF: 'dirty_decay_ms:777', JE_MALLOC_CONF: "
            "'dirty_decay_ms:777'}, {MALLOC_CONF: 'no_such_thing:1'}]",
            f"--output={self.out}")
        self.assert_passed(job, 2)
        f = self.assert_whole(self.out, 2)
        config = text(f["perm_0000"].attrs["db_config"])
        flags = [x.split(",") for x in column(f["summary"], "flags")]
        self.assertIn("env_ignored", flags[1])
        if "\nmem_allocator jemalloc" in config:
            self.assertIn("\nopt.dirty_decay_ms 777\n", config)
            self.assertNotIn("env_ignored", flags[0])
        else:
            self.assertIn("env_ignored", flags[0])


class Refused(ServersTest):

    def test_io_threads_of_keydb(self):
        keydb = self.server("keydb-server", "KeyDB server v=6.3.4 sha=0")
        self.assertRegex(
            self.refused(f"--db_exe=[floor,{keydb}]", "--db_cpus=2",
                         "--db_io_threads=[1,2]"),
            r"db_io_threads: no server of this study \(floor \S+, keydb "
            r"6\.3\.4\) has I/O threads: all their threads serve, one for each "
            "of db_cpus; leave out db_io_threads, or give another db_exe with "
            "it")

    def test_directives(self):
        keydb = self.server("keydb-server", "KeyDB server v=6.3.4 sha=0")
        self.assertIn("db_args: 'server-thread-affinity' is srbench's own "
                      "business; leave it out",
                      self.refused(f"--db_exe={keydb}",
                                   "--db_args={server-thread-affinity: true}"))

    def test_what_is_too_old_or_unknown(self):
        for says, words in (
                ("Redis server v=6.0.16 sha=0",
                 "is redis 6.0.16, which is too old: srbench needs 6.2 or"),
                ("KeyDB server v=6.2.2 sha=0",
                 "is keydb 6.2.2, which is too old: srbench needs 6.3 or"),
                ("Server v=1.0 sha=0",
                 "is no server that srbench knows (Redis, Valkey and KeyDB "
                 "are): it calls itself 'Server v=1.0 sha=0'")):
            with self.subTest(says):
                program = self.server("a-server", says)
                self.assertIn(f"db_exe: '{program}' {words}",
                              self.refused(f"--db_exe={program}"))

    def test_as_the_server_under_test(self):
        """tools/check.sh says it before it does anything."""
        for program, words in (
                ("no-such-server", "'no-such-server' is no program"),
                ("/bin/true", "'/bin/true' calls itself neither Redis, Valkey "
                 "nor KeyDB")):
            done = subprocess.run(
                [SOURCE / "tools/check.sh"], text=True, timeout=300,
                capture_output=True,
                env={**os.environ, "SRBENCH_TEST_DB": program},
                       encoding="utf-8")
            self.assertEqual(done.returncode, 2, done.stdout + done.stderr)
            self.assertIn(f"SRBENCH_TEST_DB: {words}", done.stderr)
            self.assertEqual(done.stdout, "")


if __name__ == "__main__":
    main()
