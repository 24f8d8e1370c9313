# ctest: label=fast
"""CPUs of servers, clients and ranks that run nothing: what the file says is
what /proc shows, and what it should be."""
import os
import unittest
from pathlib import Path

from srbtest import RunTest, column, main

ALLOWED = sorted(os.sched_getaffinity(0))
SHORT = ("--tensor_bytes=1024", "--iterations=5")

several = unittest.skipIf(len(ALLOWED) < 2, "one CPU has nothing to divide")


def as_list(cpus):
    """The kernel's way to write a set of CPUs."""
    cpus, out = sorted(cpus), []
    while cpus:
        n = 1
        while n < len(cpus) and cpus[n] == cpus[0] + n:
            n += 1
        out.append(f"{cpus[0]}-{cpus[n - 1]}" if n > 1 else str(cpus[0]))
        cpus = cpus[n:]
    return ",".join(out)


def as_set(words):
    """The same, read."""
    ends = [part.split("-") for part in words.split(",")]
    return {c for e in ends for c in range(int(e[0]), int(e[-1]) + 1)}


def mask(process):
    """The CPUs that the kernel gives a process now, as a list."""
    for line in Path(f"/proc/{process.pid}/status").read_text(encoding="utf-8").splitlines():
        if line.startswith("Cpus_allowed_list:"):
            return line.split(":")[1].strip()
    raise AssertionError(f"no CPUs of {process}")


def rank_of(process):
    for entry in process.environ.split(b"\0"):
        if entry.split(b"=")[0] in (b"PMI_RANK", b"OMPI_COMM_WORLD_RANK"):
            return int(entry.split(b"=")[1])
    raise AssertionError(f"no rank of {process}")


class Cpus(RunTest):

    def run_one(self, nranks, *args, **how):
        """The one permutation of a job that passes, from its file."""
        out = self.dir / "one.h5"
        job = self.srbench(nranks, *args, f"--output={out}", **how)
        self.assert_passed(job, 1)
        return self.assert_whole(out, 1)["perm_0000"]

    def watch(self, nranks, *args, settled, clients):
        """Hold a permutation, and look when settled(masks by rank): those and
        the servers' masks, and the permutation."""
        out = self.dir / "held.h5"
        gate = self.gate(clients)
        job = self.start(nranks, *args, *SHORT, "--op_timeout=1h",
                         f"--output={out}", gate=gate)
        seen = {}

        def look():
            try:
                seen.update({rank_of(p): mask(p) for p in job.ranks()})
                servers = [mask(p) for p in job.servers()]
            except FileNotFoundError:  # ended meanwhile
                return False
            seen["servers"] = servers
            return len(seen) == nranks + 1 and servers and settled(seen)

        job.wait_until(look, "ranks were where they should be")
        gate.open()
        job.wait()
        self.assert_passed(job, 1)
        return seen, self.open(out)["perm_0000"]

    @several
    def test_pinned_clients(self):
        def settled(seen):
            return all(len(as_set(seen[r])) == 1 for r in range(3))
        seen, g = self.watch(3, "--pin_app_cpus=true", settled=settled,
                             clients=3)
        self.assertEqual(column(g, "client_cpus"), [seen[r] for r in range(3)])
        self.assertEqual(column(g, "shard_cpus"), seen["servers"])
        self.assertEqual(len(as_set(seen["servers"][0])), 1)
        self.assertNotIn(seen["servers"][0], column(g, "client_cpus"))
        self.assertNotEqual(seen["servers"][0], str(ALLOWED[0]))
        # they share evenly, or have one each
        left = min(3, len(ALLOWED) - 1)
        self.assertEqual(len(set(column(g, "client_cpus"))), left)

    @several
    def test_ranks_that_run_nothing(self):
        """A client node and a database node on one kernel: the steward of the
        latter leaves the database alone, the client stays where it was."""
        def settled(seen):
            return not as_set(seen[1]) & as_set(seen["servers"][0])
        seen, g = self.watch(2, "throughput_standard", "--virtual_nodes=2",
                             settled=settled, clients=1)
        self.assertEqual(column(g, "shard_cpus"), seen["servers"])
        self.assertEqual(column(g, "client_cpus"), [as_list(ALLOWED)])
        self.assertEqual(seen[0], as_list(ALLOWED))

    @several
    def test_masks_are_put_back(self):
        out = self.dir / "back.h5"
        job = self.srbench(2, *SHORT, "--pin_app_cpus=[true,false]",
                           "--repetitions=2", f"--output={out}")
        self.assert_passed(job, 4)
        f = self.assert_whole(out, 4)
        for i in range(4):
            g = self.perm(i, f)
            with self.subTest(permutation=i):
                cpus = column(g, "client_cpus")
                if g.attrs["pin_app_cpus"] in (1, b"true", "true", True):
                    self.assertEqual([len(as_set(c)) for c in cpus], [1, 1])
                else:
                    self.assertEqual(cpus, [as_list(ALLOWED)] * 2)

    @several
    def test_launched_on_one_core_each(self):
        """As srun does it. The server gets what the node's ranks have
        together, not the core of the rank that starts it."""
        wrapper = self.dir / "bind.sh"
        a, b = ALLOWED[0], ALLOWED[-1]
        wrapper.write_text(
            "#!/bin/bash\n"
            f"cpus=({a} {b})\n"
            'exec taskset -c "${cpus[${PMI_RANK:-$OMPI_COMM_WORLD_RANK}]}" '
            '"$@"\n', encoding="utf-8")
        wrapper.chmod(0o755)
        g = self.run_one(2, *SHORT, wrapper=(str(wrapper),))
        self.assertEqual(column(g, "client_cpus"), [str(a), str(b)])
        self.assertEqual(column(g, "shard_cpus"), [str(b)])

    @several
    def test_several_shards_divide(self):
        g = self.run_one(2, "throughput_standard", "--virtual_nodes=2",
                         "--db_shards_per_node=2", "--db_cpus=2",
                         "--db_cluster=false", *SHORT)
        shards = [as_set(c) for c in column(g, "shard_cpus")]
        self.assertEqual([len(s) for s in shards], [1, 1])
        self.assertFalse(shards[0] & shards[1])

    @several
    def test_nodes_of_a_kernel_divide(self):
        """Two nodes with a database each get different CPUs; a third and a
        fourth go around where there are but two."""
        g = self.run_one(4, "--virtual_nodes=4", *SHORT)
        shards = column(g, "shard_cpus")
        self.assertNotEqual(shards[0], shards[1])
        self.assertEqual(len(set(shards)), min(4, len(ALLOWED)))

    @several
    def test_a_database_may_have_all(self):
        g = self.run_one(2, f"--db_cpus={len(ALLOWED)}", *SHORT)
        self.assertEqual(column(g, "shard_cpus"), [as_list(ALLOWED)])

    @several
    def test_numa_domains(self):
        """hwloc is told that every CPU is a domain of its own."""
        machine = f"numa:{ALLOWED[-1] + 1} core:1 pu:1"
        g = self.run_one(2, "--pin_app_cpus=true", *SHORT,
                         env={"HWLOC_SYNTHETIC": machine})
        self.assertEqual(column(g, "client_numa"),
                         [int(c) for c in column(g, "client_cpus")])
        self.assertEqual(column(g, "shard_numa"),
                         [int(c) for c in column(g, "shard_cpus")])
        g.file.close()
        (self.dir / "one.h5").unlink()
        g = self.run_one(2, *SHORT, env={"HWLOC_SYNTHETIC": machine})
        self.assertEqual(column(g, "client_numa"), [-1, -1])


class OneCpu(RunTest):
    """Started on a single CPU, nobody goes anywhere else."""
    CPU = str(ALLOWED[-1])
    WRAPPER = ("taskset", "-c", CPU)

    def test_everything_stays_there(self):
        out = self.dir / "one.h5"
        job = self.srbench(3, "throughput_standard", "--virtual_nodes=3",
                           *SHORT, f"--output={out}", wrapper=self.WRAPPER)
        self.assert_passed(job, 1)
        g = self.assert_whole(out, 1)["perm_0000"]
        self.assertEqual(column(g, "client_cpus"), [self.CPU] * 2)
        self.assertEqual(column(g, "shard_cpus"), [self.CPU])

    def test_pinning_is_refused(self):
        job = self.srbench(2, "--pin_app_cpus=true", *SHORT,
                           "--output=none", wrapper=self.WRAPPER)
        self.assert_status(job, 2, permutations=1, completed=0)
        self.assertIn("pin_app_cpus true: beside the databases no CPU is left "
                      "for the clients (all that the job may use here: "
                      f"{self.CPU})", job.stderr)


class Refused(RunTest):
    """Before anything starts."""

    def test_more_cpus_than_there_are(self):
        n = len(ALLOWED)
        job = self.srbench(2, f"--db_cpus=[1,{n + 1}]", *SHORT,
                           "--output=none")
        self.assert_status(job, 2, permutations=2, completed=0)
        self.assertRegex(job.stderr, rf"db_cpus {n + 1}: the job may use {n} "
                                     rf"CPUs? here \({as_list(ALLOWED)}\); "
                                     rf"give at most {n}")

    def test_a_plan_says_so_too(self):
        job = self.start(2, "--dry_run", f"--db_cpus={len(ALLOWED) + 1}",
                         "--tensor_bytes=8").wait()
        self.assertEqual(job.returncode, 2, job.describe())
        self.assertIn(f"db_cpus {len(ALLOWED) + 1}: ", job.stderr)

    def test_more_threads_than_cpus(self):
        job = self.start(0, "--dry_run", "--machine=2x2", "--db_io_threads=2",
                         "--db_cpus=1", "--tensor_bytes=8").wait()
        self.assertEqual(job.returncode, 2, job.describe())
        self.assertIn("db_io_threads 2 is above db_cpus 1", job.stderr)


if __name__ == "__main__":
    main()
