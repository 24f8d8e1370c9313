"""run_db_as_batch under PBS: STAND-INS for qsub, qstat and qdel, which check what
they are given and run the job on this machine. PBS itself is not tried here.
"""
# ctest: label=fast
import os
import stat
import time

from srbtest import END, RunTest, column, main, text

# A job is a folder: args, script, pid; its state is that of the process.
QSUB = """#!/bin/sh
set -eu
if env | grep -qE '^(PMI_|PMIX_|HYDRA_|MPI_LOCALNRANKS|PBS_JOBID|PBS_NODEFILE)'; then
    echo 'qsub stand-in: variables of the running job came along' >&2
    exit 1
fi
n=$(($(ls "{jobs}" | wc -l) + 1))
mkdir "{jobs}/$n"
for a in "$@"; do echo "$a"; done >"{jobs}/$n/args"
cat >"{jobs}/$n/script"
out=$(sed -n '/^-o$/{{n;p;}}' "{jobs}/$n/args")
PBS_JOBID=$n.stand-in setsid sh "{jobs}/$n/script" >"$out" 2>&1 </dev/null &
echo $! >"{jobs}/$n/pid"
echo "$n.stand-in"
"""
QSTAT = """#!/bin/sh
for id; do :; done
job="{jobs}/${{id%.stand-in}}"
if [ "$id" = 99.clients ]; then
    printf 'Job Id: 99.clients\\n    Resource_List.walltime = 00:30:00\\n'
    printf '    resources_used.walltime = 00:01:00\\n'
elif kill -0 "$(cat "$job/pid")" 2>/dev/null; then
    printf 'Job Id: %s\\n    job_state = R\\n' "$id"
else
    printf 'qstat: %s Job has finished\\n' "$id" >&2
    exit 35
fi
"""
QDEL = """#!/bin/sh
echo "$1" >>"{top}/deleted"
kill -TERM -- "-$(cat "{jobs}/${{1%.stand-in}}/pid")" 2>/dev/null || {{
    echo "qdel: Job has finished $1" >&2
    exit 35
}}
"""


class Pbs(RunTest):

    def setUp(self):
        super().setUp()
        self.jobs_dir = self.top / "jobs"
        self.jobs_dir.mkdir()
        bin_ = self.top / "bin"
        bin_.mkdir()
        for name, script in (("qsub", QSUB), ("qstat", QSTAT), ("qdel", QDEL)):
            path = bin_ / name
            path.write_text(script.format(jobs=self.jobs_dir, top=self.top),
                encoding="utf-8")
            path.chmod(path.stat().st_mode | stat.S_IXUSR)
        nodes = self.top / "nodes"
        nodes.write_text("node1\nnode1\n", encoding="utf-8")
        # for the ranks alone: MPICH's mpiexec would go to those nodes by ssh
        self.inside = ["env", f"PATH={bin_}:{os.environ['PATH']}",
                       "PBS_JOBID=99.clients", f"PBS_NODEFILE={nodes}"]
        self.out = self.dir / "pbs.h5"

    def batch(self, *args, **how):
        return self.start(2, "throughput_standard", "--run_db_as_batch",
                          "--launcher=pbs", *args, f"--output={self.out}",
                          wrapper=self.inside, **how)

    def ended(self):
        """All jobs have, soon."""
        deadline = time.monotonic() + END
        while time.monotonic() < deadline:
            if not any(os.path.exists(f"/proc/{p.read_text(encoding='utf-8').strip()}")
                       for p in self.jobs_dir.glob("*/pid")):
                return True
            time.sleep(0.1)
        return False

    def test_two_set_ups(self):
        job = self.batch("--db_nodes=1", "--db_cpus=[1,2]", "--tensor_bytes=4096",
                         "--iterations=5",
                         "--batch_args={q: fast, place: scatter:excl}")
        job.wait()
        self.assert_passed(job, permutations=2)
        f = self.assert_whole(self.out, permutations=2)
        self.assertEqual(text(f.attrs["launcher"]), "pbs")
        self.assertEqual(text(f.attrs["job_id"]), "99.clients")
        self.assertAlmostEqual(f.attrs["job_time_left"], 29 * 60, delta=30)
        self.assertEqual(list(f["summary"]["db_cpus"]), [1, 2])
        self.assertNotIn("127.0.0.1", column(f["perm_0000"], "shard_address")[0])
        for k, cpus in ((1, 1), (2, 2)):
            args = (self.jobs_dir / str(k) / "args").read_text(encoding="utf-8").split("\n")
            self.assertIn(f"select=1:ncpus={cpus}:mpiprocs=1", args)
            walltime, = [a for a in args if a.startswith("walltime=")]
            self.assertRegex(walltime, r"^walltime=00:(28|29):\d\d$")
            self.assertEqual(args[args.index("-q") + 1], "fast")
            self.assertIn("place=scatter:excl", args)
            script = (self.jobs_dir / str(k) / "script").read_text(encoding="utf-8")
            self.assertRegex(script, r"(?m)^mpiexec -n 1 '[^']+' serve ")
        self.assertTrue(self.ended())
        self.assertEqual([p.name for p in self.dir.glob("srbench-db-*")], [])

    def test_what_servers_are_told(self):
        """Directives and environment of a set-up reach its job."""
        job = self.batch("--tensor_bytes=4096", "--iterations=5",
                         "--db_args=[{hz: 17}, {hz: 23}]",
                         "--db_env={MALLOC_CONF: 'dirty_decay_ms:777', "
                         "JE_MALLOC_CONF: 'dirty_decay_ms:777'}")
        job.wait()
        self.assert_passed(job, permutations=2)
        f = self.assert_whole(self.out, permutations=2)
        for perm, hz in (("perm_0000", 17), ("perm_0001", 23)):
            config = text(f[perm].attrs["db_config"])
            self.assertIn(f"\nhz {hz}\n", config)
            if "\nmem_allocator jemalloc" in config:
                self.assertIn("\nopt.dirty_decay_ms 777\n", config)

    def test_features(self):
        """PBS has none: the sentence of the submission is that of the study."""
        job = self.batch("--tensor_bytes=4096", "--db_node_feature={C: V100}")
        job.wait()
        self.assert_status(job, 1, failed=1)
        g = self.perm()
        self.assertIn("PBS knows no features of nodes",
                      text(g.attrs["error"]))

    def test_a_job_that_fails(self):
        """Its own words arrive here."""
        job = self.batch("--tensor_bytes=4096", "--net_ifname=no7")
        job.wait()
        self.assertNotEqual(job.returncode, 0)
        self.assertIn("no7", job.stderr)
        self.assertTrue(self.ended())


if __name__ == "__main__":
    main()
