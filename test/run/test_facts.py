# ctest: label=fast
"""What /hosts says of CPUs and memory, and which CPUs a job takes for its own
when masks, control groups and a launcher's word differ."""
import os
import unittest
from contextlib import contextmanager
from pathlib import Path

import numpy

from srbtest import RunTest, main, text

ALLOWED = sorted(os.sched_getaffinity(0))
CPUSETS = Path("/sys/fs/cgroup/cpuset")
SHORT = ("--tensor_bytes=1024", "--iterations=5")

several = unittest.skipIf(len(ALLOWED) < 2, "one CPU leaves nothing to confine")


def read(path):
    try:
        return Path(path).read_text(encoding="utf-8").strip()
    except OSError:
        return ""


def hexadecimal(cpu):
    return hex(1 << cpu)


@contextmanager
def confined(cpus):
    """This process, and what it starts, as taskset(1) does it."""
    os.sched_setaffinity(0, cpus)
    try:
        yield
    finally:
        os.sched_setaffinity(0, ALLOWED)


@contextmanager
def cpuset(name, cpus):
    """This process in a control group of its own."""
    home = CPUSETS / next((line.split(":")[2].lstrip("/")
                           for line in read("/proc/self/cgroup").splitlines()
                           if line.split(":")[1] == "cpuset"), "")
    group = home / f"srbt{os.getpid()}" / name
    try:
        for folder in (group.parent, group):
            folder.mkdir()
            (folder / "cpuset.cpus").write_text(cpus, encoding="utf-8")
            (folder / "cpuset.mems").write_text(read(home / "cpuset.mems"),
                encoding="utf-8")
        (group / "cgroup.procs").write_text(str(os.getpid()), encoding="utf-8")
    except OSError as e:
        for folder in (group, group.parent):
            if folder.is_dir():
                folder.rmdir()
        raise unittest.SkipTest(f"no control groups for CPUs here: {e}")
    try:
        yield
    finally:
        (home / "cgroup.procs").write_text(str(os.getpid()), encoding="utf-8")
        group.rmdir()
        group.parent.rmdir()


class Facts(RunTest):

    def host(self, **how):
        """The one row of /hosts of a run that passes, and its permutation."""
        out = self.dir / "facts.h5"
        job = self.srbench(2, *SHORT, f"--output={out}", "--overwrite", **how)
        self.assert_passed(job, 1)
        f = self.open(out)
        return ({name: f["hosts"][name][0] for name in f["hosts"]},
                f["perm_0000"])

    def test_facts(self):
        row, _ = self.host()
        smt = read("/sys/devices/system/cpu/smt/active")
        if smt:
            self.assertEqual(row["smt"], int(smt))
        self.assertIn(f"[{text(row['transparent_huge_pages'])}]",
                      read("/sys/kernel/mm/transparent_hugepage/enabled")
                      or "[]")
        governors = {read(p) for p in Path("/sys/devices/system/cpu").glob(
            "cpu[0-9]*/cpufreq/scaling_governor")}
        said = text(row["frequency_governor"])
        self.assertEqual(set(said.split(", ")) - {""}, governors)
        domains = len([*Path("/sys/devices/system/node").glob("node[0-9]*")])
        self.assertEqual(row["numa_domains"], domains or -1)
        self.assertTrue(numpy.isnan(row["cpu_quota"]) or row["cpu_quota"] > 0)
        self.assertLess(row["memory_limit"], row["memory"])
        self.assertEqual(row["cpus"], len(ALLOWED))
        self.assertEqual(text(row["cpus_from"]), "affinity")

    def test_how_busy_a_server_is(self):
        """By the kernel's scheduler, else by CPU time; which, is in the file."""
        _, g = self.host()
        told = Path(f"/proc/self/task/{os.getpid()}/schedstat").exists()
        self.assertEqual(list(g["shard_scheduled"]), [told])
        _, g = self.host(wrapper=(
            "env", f"LD_PRELOAD={self.preloaded('no_schedstat')}"))
        self.assertEqual(list(g["shard_scheduled"]), [0])
        # in ticks, and without any waiting
        self.assertEqual(list(g["shard_busy"]), list(g["shard_cpu_share"]))
        self.assertTrue(g["shard_busy"][0] >= 0)

    def under_slurm(self, cpu, job):
        """A run of ranks on one CPU that srun would have bound to it."""
        told = {"SLURM_JOB_ID": job, "SLURM_CPU_BIND_TYPE": "mask_cpu:",
                "SLURM_CPU_BIND_LIST": hexadecimal(cpu)}
        # not into mpiexec's own environment: it would call srun
        words = [w for name, value in told.items()
                 for w in ("-genv", name, value)]
        with confined({cpu}):
            return self.host(mpiexec_args=words)

    @several
    def test_taskset_is_respected(self):
        with confined({ALLOWED[-1]}):
            row, g = self.host()
        self.assertEqual(row["cpus"], 1)
        self.assertEqual(text(row["cpus_from"]), "affinity")
        self.assertEqual(text(g["shard_cpus"][0]), str(ALLOWED[-1]))

    @several
    def test_bound_by_the_launcher(self):
        """In the job's own control group the node is all that the group has;
        the database does not share the one core of the rank that starts it."""
        with cpuset("job_4711", f"{ALLOWED[0]},{ALLOWED[-1]}"):
            row, g = self.under_slurm(ALLOWED[0], "4711")
            self.assertEqual(row["cpus"], 2)
            self.assertEqual(text(row["cpus_from"]), "cgroup")
            self.assertEqual(text(g["shard_cpus"][0]), str(ALLOWED[-1]))
            self.assertEqual(text(g["client_cpus"][0]), str(ALLOWED[0]))
            # the group of another job says nothing
            row, _ = self.under_slurm(ALLOWED[0], "471")
            self.assertEqual(row["cpus"], 1)


if __name__ == "__main__":
    main()
