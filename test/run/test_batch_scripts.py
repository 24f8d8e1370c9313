# ctest: timeout=6000 full
"""batch_scripts/: every study can be planned on the machine that its heading
names and its scripts ask for; and the most usual script runs under a real Slurm
(slurmtest.py), some of them in label full alone; those of PBS with stand-ins
for what there is no package of.
"""
import os
import re
import shlex
import shutil
import signal
import subprocess
import tempfile
import time
import unittest

import h5py

from redisaitest import as_smartsim_has_it
from slurmtest import SlurmTest
from srbtest import MPIEXEC, SOURCE, SRBENCH, column, full, main, text
from pathlib import Path
from hoststest import HOSTS, HostsTest, host

SCRIPTS = SOURCE / "batch_scripts"
SMALL = ("--tensor_bytes=4096", "--iterations=5")
# Studies of which scripts are what their name says.
STUDY = {"heterogeneous": "standard"}


def study_of(script):
    kind = script.split("_", 1)[1].removesuffix(".sh")
    return SCRIPTS / f"study_{STUDY.get(kind, kind)}.yaml"


def headings(path):
    """The commented lines that a file begins with, without their marks."""
    found = re.match(r"(#.*\n)+", path.read_text(encoding="utf-8")).group()
    return re.sub(r"^# ?", "", found, flags=re.M)


class Plans(unittest.TestCase):

    def setUp(self):
        """Models are looked for, in a plan too."""
        folder = Path(tempfile.mkdtemp(prefix="srbt-"))
        self.addCleanup(shutil.rmtree, folder)
        self.env = dict(os.environ, **as_smartsim_has_it(folder))

    def plan(self, path):
        """The command of the heading, and what it printed first."""
        lines = headings(path).replace("\\\n", " ")
        command = re.search(r"^ *srbench (.*--dry_run.*)$", lines, re.M)
        args = shlex.split(command.group(1))
        done = subprocess.run([SRBENCH, *args], text=True, timeout=300,
                              capture_output=True, cwd=SCRIPTS,
                              env=self.env, encoding="utf-8")
        self.assertEqual(done.returncode, 0, done.stderr)
        return args, done.stdout.splitlines()[0]

    def test_every_yaml(self):
        """Planned as its heading says, with as many permutations."""
        for path in sorted(SCRIPTS.glob("*.yaml")):
            with self.subTest(path.name):
                args, said = self.plan(path)
                self.assertIn(path.name, args)
                planned = re.match(r"(\d+) permutations? ", said).group(1)
                named = re.search(r"(?:= )?(\d+)\s+permutations",
                                  headings(path))
                if named:
                    self.assertEqual(planned, named.group(1))

    def sizes(self, script):
        """Nodes and ranks of each that a script asks for, over all of its
        components."""
        lines = script.read_text(encoding="utf-8")
        pbs = re.findall(r"^#PBS -l select=(\d+):.*mpiprocs=(\d+)", lines,
                         re.M)
        return [(int(n), int(r)) for n, r in pbs or zip(
            re.findall(r"^#SBATCH --nodes=(\d+)", lines, re.M),
            re.findall(r"^#SBATCH --ntasks-per-node=(\d+)", lines, re.M))]

    def test_every_script_asks_for_what_its_study_needs(self):
        scripts = sorted(SCRIPTS.glob("*.sh"))
        self.assertGreaterEqual(len(scripts), 11)
        for script in scripts:
            if script.name == "slurm_serve.sh":
                continue  # its databases are all of the job
            with self.subTest(script.name):
                _, said = self.plan(study_of(script.name))
                needs = re.search(r"they need (\d+) nodes of at least (\d+)",
                                  said)
                nodes, ranks = map(int, needs.groups())
                sizes = self.sizes(script)
                self.assertEqual(sum(n for n, _ in sizes), nodes)
                self.assertGreaterEqual(sizes[0][1], ranks)

    def test_serving_nodes(self):
        done = subprocess.run(
            [SRBENCH, "serve", "--config", SCRIPTS / "study_serve.yaml",
             "--db_address=x", "--show_config"], text=True, timeout=300,
            capture_output=True, encoding="utf-8")
        self.assertEqual(done.returncode, 0, done.stderr)
        nodes = self.sizes(SCRIPTS / "slurm_serve.sh")[0][0]
        self.assertRegex(done.stdout, rf"(?m)^db_nodes: {nodes}$")


class Smoke(unittest.TestCase):
    """The first job says what is wrong before it starts a task."""

    def setUp(self):
        self.dir = Path(tempfile.mkdtemp(prefix="srbt-"))
        self.addCleanup(shutil.rmtree, self.dir)
        for name in ("srun", "mpiexec"):
            path = self.dir / name
            path.write_text(f'#!/bin/sh\nprintf "%s\\n" "$@" >{self.dir}/asked\n', encoding="utf-8")
            path.chmod(0o755)
        (self.dir / "nodes").write_text("a\na\nb\nb\n", encoding="utf-8")

    def run_it(self, script, *args, **env):
        known = {"SRBENCH": SRBENCH, "SLURM_JOB_NUM_NODES": "2",
                 "SLURM_NTASKS_PER_NODE": "2", "PBS_O_WORKDIR": str(SCRIPTS),
                 "PBS_NODEFILE": str(self.dir / "nodes"),
                 "PATH": f"{self.dir}:{os.environ['PATH']}"}
        return subprocess.run(["bash", SCRIPTS / script, *args], text=True,
                              capture_output=True, timeout=300, cwd=SCRIPTS,
                              env={**os.environ, **known, **env}, encoding="utf-8")

    def test_refused(self):
        for script in ("slurm_smoke.sh", "pbs_smoke.sh"):
            for env, args, words in (
                    ({"SRBENCH": "/no/srbench"}, (), "no program '/no/srbench'"),
                    ({"STUDY": "mine.yaml"}, (), "no study 'mine.yaml' in "),
                    ({}, ("--tensor_byte=4",), "did you mean 'tensor_bytes'?"),
                    ({}, ("--clients_per_node=9",), "clients_per_node is 9")):
                with self.subTest(script=script, words=words):
                    done = self.run_it(script, *args, **env)
                    self.assertEqual(done.returncode, 2, done.stderr)
                    self.assertIn(words, done.stderr)
                    self.assertFalse((self.dir / "asked").exists())

    def test_started(self):
        """With the plan of the job's own size before."""
        for script in ("slurm_smoke.sh", "pbs_smoke.sh"):
            done = self.run_it(script, "--warmup=3")
            self.assertEqual((done.returncode, done.stderr), (0, ""))
            self.assertIn("there are 2 nodes (4 ranks)", done.stdout)
            asked = (self.dir / "asked").read_text(encoding="utf-8").splitlines()
            self.assertEqual(asked[-4:], [SRBENCH, "--config",
                                          "study_smoke.yaml", "--warmup=3"])
            (self.dir / "asked").unlink()


class ScriptTest(SlurmTest):
    """Runs scripts small; self.out is the result file of the last one."""

    def setUp(self):
        super().setUp()
        self.out = self.dir / "batch.h5"

    def submit(self, script, sizes, *options, env=None):
        """sbatch a script; sizes: arguments of sbatch. Returns the job's id."""
        if "clients" not in script:  # they find their databases
            options += ("--db_io_threads=1", f"--db_port={self.port}")
            if not any(o.startswith("--db_cpus") for o in options):
                options += ("--db_cpus=1",)
        return self.cluster.sbatch(
            SCRIPTS / script, *sizes, script_args=options,
            env={"TMPDIR": str(self.tmpdir), "SRBENCH": SRBENCH,
                 "STUDY": str(study_of(script)), **(env or {})})

    def completed(self, number, permutations):
        """The job's end, as Slurm and the result file have it. Returns names of
        the nodes that ran clients, and the last permutation."""
        known = self.cluster.wait(number)
        said = self.cluster.out(number)
        self.assertEqual((known["JobState"], known["ExitCode"]),
                         ("COMPLETED", "0:0"), said)
        f = self.assert_whole(self.out, permutations)
        self.assertEqual(text(f.attrs["launcher"]), "slurm")
        last = self.perm(permutations - 1, f)
        names = column(f["hosts"], "name")
        return sorted({names[n] for n in last["client_node"]}), last

    def database_nodes(self, number):
        """Of the last permutation, by name; it takes --verbose."""
        said = re.findall(r"database nodes? (\d[\d,-]*\d|\d)",
                          self.cluster.out(number))[-1]
        numbers = []
        for part in said.split(","):
            first, _, last = part.partition("-")
            numbers += range(int(first), int(last or first) + 1)
        names = column(self.open(self.out)["hosts"], "name")
        return [names[n] for n in numbers]


class Standard(ScriptTest):

    def test_slurm_standard(self):
        number = self.submit(
            "slurm_standard.sh",
            ("--nodes=3", "--ntasks-per-node=2", "--time=10"),
            *SMALL, "--client_nodes=[1,2]", "--clients_per_node=2",
            "--db_nodes=1", "--verbose", f"--output={self.out}")
        clients, last = self.completed(number, 2)
        self.assertEqual(clients, ["nid0001", "nid0002"])
        self.assertEqual(self.database_nodes(number), ["nid0003"])
        self.assertEqual(len(last["client_rank"]), 4)

    def test_slurm_smoke(self):
        """Both placements; the story is in a file of its own."""
        number = self.submit(
            "slurm_smoke.sh",
            ("--nodes=2", "--ntasks-per-node=2", "--time=10"), *SMALL,
            "--clients_per_node=1", f"--output={self.out}")
        self.completed(number, 6)
        said = self.cluster.out(number)
        self.assertTrue(said.startswith("6 permutations in 2 database set-ups"))
        self.assertIn("SRBENCH_STATUS pass permutations=6", said)
        story = self.cluster.dir / f"srbench-smoke-{number}.err"
        self.assertIn("[1/6]", story.read_text(encoding="utf-8"))
        self.assertNotIn("[1/6]", said)


@full
class Slurm(ScriptTest):

    def test_inference(self):
        """Of GPUs this machine has none: their number is sbatch's to give up,
        and where models run the study's."""
        env = as_smartsim_has_it(self.dir)
        number = self.submit(
            "slurm_inference.sh",
            ("--nodes=2", "--ntasks-per-node=3", "--time=10",
             "--gpus-per-node=0"), "--iterations=5", "--client_nodes=[1,2]",
            "--clients_per_node=2", "--device=cpu", "--num_devices=1",
            "--db_tpq=1", "--batch_size=0", "--db_timeout=60s",
            f"--output={self.out}", env=env)
        _, last = self.completed(number, 2)
        self.assertEqual(list(last["run_calls"]), [16, 16])

    def test_colocated(self):
        number = self.submit(
            "slurm_colocated.sh",
            ("--nodes=2", "--ntasks-per-node=3", "--time=10"), *SMALL,
            "--client_nodes=[1,2]", "--clients_per_node=2",
            "--pin_app_cpus=false", f"--output={self.out}")
        clients, last = self.completed(number, 2)
        self.assertEqual(clients, ["nid0001", "nid0002"])
        self.assertEqual(len(last["shard_address"]), 2)

    def chosen(self, **env):
        number = self.submit(
            "slurm_chosen_hosts.sh",
            ("--nodes=4", "--ntasks-per-node=1", "--time=10"), *SMALL,
            "--client_nodes=2", "--clients_per_node=1", "--verbose",
            f"--output={self.out}", env=env)
        clients, _ = self.completed(number, 1)
        return clients, self.database_nodes(number)

    def test_hosts_spread_over_the_job(self):
        self.assertEqual(self.chosen(DB_NODES="2"),
                         (["nid0001", "nid0003"], ["nid0002", "nid0004"]))

    def test_hosts_by_name(self):
        self.assertEqual(self.chosen(DB_HOSTS="nid[0003,0001]"),
                         (["nid0002", "nid0004"], ["nid0003", "nid0001"]))

    def test_databases_as_batch(self):
        number = self.submit(
            "slurm_databases_as_batch.sh",
            ("--nodes=2", "--ntasks-per-node=2", "--time=10"), *SMALL,
            "--client_nodes=2", "--clients_per_node=2", "--db_nodes=[1,2]",
            '--db_node_feature={"C":"P100"}', f"--output={self.out}")
        clients, last = self.completed(number, 2)
        self.assertEqual(clients, ["nid0001", "nid0002"])
        self.assertEqual(last.attrs["db_nodes"], 2)
        self.assertEqual(len(last["shard_address"]), 2)
        self.assertEqual(
            self.cluster.out(number).count("databases: submitted job"), 2)

    def test_serve_and_clients(self):
        """Two jobs and a third that ends the first, as the script says."""
        address = {"ADDRESS": str(self.dir / "databases.address")}
        serving = self.submit(
            "slurm_serve.sh", ("--nodes=2", "--time=10"), "--db_nodes=2",
            env=address)
        number = self.submit(
            "slurm_clients.sh",
            ("--nodes=2", "--ntasks-per-node=2", "--time=10",
             f"--dependency=after:{serving}"), *SMALL,
            "--client_nodes=[1,2]", "--clients_per_node=2",
            f"--output={self.out}", env=address)
        self.cluster.sbatch(f"#!/bin/sh\nscancel {serving}\n",
                            f"--dependency=afterany:{number}")
        clients, last = self.completed(number, 2)
        self.assertEqual(clients, ["nid0003", "nid0004"])
        self.assertEqual(len(last["shard_address"]), 2)
        known = self.cluster.wait(serving)
        self.assertEqual(known["JobState"], "CANCELLED")
        self.assertFalse(Path(address["ADDRESS"]).exists())

    def heterogeneous(self, clients, databases):
        """Submit with these features of the two components."""
        return self.submit(
            "slurm_heterogeneous.sh",
            ("--nodes=2", "--ntasks-per-node=2", "--time=10",
             f"--constraint={clients}", ":", "--nodes=1", "--time=10",
             f"--constraint={databases}"), *SMALL,
            "--client_nodes=[1,2]", "--clients_per_node=2", "--db_nodes=1",
            "--verbose", f"--output={self.out}")

    def test_heterogeneous(self):
        """Each component has its own nodes, by its own features."""
        number = self.heterogeneous("V100", "P100")
        clients, last = self.completed(number, 2)
        self.assertEqual(clients, ["nid0001", "nid0002"])
        self.assertEqual(self.database_nodes(number), ["nid0003"])
        self.assertEqual(len(last["client_rank"]), 4)
        self.assertEqual(last.file.attrs["ranks"], 5)
        self.assertNotIn("warning", self.cluster.out(number))

    def test_heterogeneous_in_the_other_order(self):
        """Slurm's pmi2 lets MPI take two nodes for one: said, and refused."""
        number = self.heterogeneous("P100", "V100")
        known = self.cluster.wait(number)
        said = self.cluster.out(number)
        self.assertEqual((known["JobState"], known["ExitCode"]),
                         ("FAILED", "2:0"), said)
        self.assertIn("warning: nid0001 of the second component sorts before "
                      "nid0004 of the first", said)
        self.assertIn("the process manager does not know who is where", said)
        self.assertFalse(self.out.exists())


@full
class Bound(ScriptTest):
    """Where Slurm binds tasks to CPUs."""

    CLUSTER = {"TaskPlugin": "task/affinity", "cpus": 2}

    @classmethod
    def setUpClass(cls):
        if len(os.sched_getaffinity(0)) < 2:
            raise unittest.SkipTest("one CPU: nothing to tell apart")
        super().setUpClass()

    def test_a_core_for_each_rank(self):
        number = self.submit(
            "slurm_standard.sh",
            ("--nodes=2", "--ntasks-per-node=2", "--time=10"), *SMALL,
            "--client_nodes=1", "--clients_per_node=2", "--db_nodes=1",
            f"--output={self.out}")
        _, last = self.completed(number, 1)
        self.assertEqual(column(last, "client_cpus"), ["0", "1"])

    def test_all_cores_for_what_serves(self):
        address = self.dir / "databases.address"
        number = self.submit(
            "slurm_serve.sh", ("--nodes=1", "--time=10"), "--db_nodes=1",
            "--db_cpus=2", env={"ADDRESS": str(address)})
        deadline = time.monotonic() + 300
        while not address.exists():
            self.assertLess(time.monotonic(), deadline,
                            self.cluster.out(number))
            time.sleep(0.05)
        self.assertRegex(address.read_text(encoding="utf-8"), r'(?m)^cpus: \["?0-1"?\]$')
        self.cluster.cancel(number, "USR1")
        self.assertEqual(self.cluster.wait(number)["ExitCode"],
                         f"{128 + signal.SIGUSR1}:0")
        self.assertFalse(address.exists())


# The command of MPICH, as a script calls it: the ranks go where the node file
# says, in its order, each into its own host's network and host name. What it was
# given is noted. Without -f (as the databases' job is started) it takes the
# node file of the job, one rank on each host.
MPIEXEC_STAND_IN = """#!/bin/bash
set -e
printf '%s\\n' "$@" >"{notes}/mpiexec.$PBS_JOBID"
nodes=$PBS_NODEFILE
while :; do
    case $1 in
    -f) nodes=$2; shift 2 ;;
    -n) ranks=$2; shift 2 ;;
    -bind-to) [ "$2" = core ]; shift 2 ;;
    *) break ;;
    esac
done
[ "$(wc -l <"$nodes")" -eq "$ranks" ]
export RANKS_NODES=$nodes MPIR_CVAR_CLIQUES_BY_BLOCK=1
MPIR_CVAR_NUM_CLIQUES=$(uniq "$nodes" | wc -l)
export MPIR_CVAR_NUM_CLIQUES
# else it would look for those hosts itself
export OF_JOB="$PBS_JOBID $PBS_NODEFILE"
exec env -u PBS_JOBID -u PBS_NODEFILE {mpiexec} -n "$ranks" {notes}/enter "$@"
"""


ENTER = """#!/bin/bash
name=$(sed -n "$((PMI_RANK + 1))p" "$RANKS_NODES")
export PBS_JOBID=${OF_JOB% *} PBS_NODEFILE=${OF_JOB#* }
exec nsenter --net="/run/netns/$name" unshare --uts \\
    bash -c 'hostname "$0"; exec "$@"' "$name" "$@"
"""


# A job of PBS that starts at once, on the last hosts; its arguments are noted.
QSUB_STAND_IN = """#!/bin/bash
printf '%s\\n' "$@" >"{notes}/qsub"
while [ $# -gt 0 ]; do
    case $1 in
    -o) out=$2 ;;
    select=*) nodes=${{1#select=}}; nodes=${{nodes%%:*}} ;;
    esac
    shift
done
cat >"{notes}/job.sh"
tail -n "$nodes" "{notes}/all" >"{notes}/nodes.2.pbs"
PBS_JOBID=2.pbs PBS_NODEFILE={notes}/nodes.2.pbs setsid \\
    /bin/sh "{notes}/job.sh" >"$out" 2>&1 </dev/null &
echo $! >"{notes}/pid"
echo 2.pbs
"""


QSTAT_STAND_IN = """#!/bin/bash
[ "$1" = -f ]
case $2 in
1.pbs) state=R ;;
2.pbs) kill -0 "$(cat "{notes}/pid")" 2>/dev/null && state=R || state=F ;;
*) echo "qstat: Unknown Job Id $2" >&2; exit 153 ;;
esac
printf 'Job Id: %s\\n    job_state = %s\\n' "$2" "$state"
printf '    Resource_List.walltime = 00:10:00\\n'
printf '    resources_used.walltime = 00:01:00\\n'
"""


QDEL_STAND_IN = """#!/bin/bash
echo "$1" >"{notes}/qdel"
kill "$(cat "{notes}/pid")" 2>/dev/null
"""


@full
class PbsStandIns(HostsTest):
    """On hosts in network namespaces; mpiexec and the commands of PBS are
    stand-ins."""

    def setUp(self):
        super().setUp()
        self.notes = self.top / "notes"
        self.bin = self.top / "bin"
        self.notes.mkdir()
        self.bin.mkdir()
        real = subprocess.run(["which", MPIEXEC], check=True, text=True,
                              capture_output=True, encoding="utf-8").stdout.strip()
        for folder, name, script in (
                (self.bin, "mpiexec", MPIEXEC_STAND_IN),
                (self.bin, "qsub", QSUB_STAND_IN),
                (self.bin, "qstat", QSTAT_STAND_IN),
                (self.bin, "qdel", QDEL_STAND_IN),
                (self.notes, "enter", None)):
            path = folder / name
            path.write_text(script.format(notes=self.notes, mpiexec=real)
                            if script else ENTER, encoding="utf-8")
            path.chmod(0o755)
        (self.notes / "all").write_text(
            "".join(f"{host(k)}\n" for k in range(HOSTS)), encoding="utf-8")

    def script(self, name, nodes, ranks, *options, **env):
        """Run a script as job 1.pbs on the first hosts. Returns the result
        file and what was said."""
        node_file = self.notes / "nodes.1.pbs"
        node_file.write_text("".join(f"{host(k)}\n" for k in range(nodes)
                                     for _ in range(ranks)), encoding="utf-8")
        done = subprocess.run(
            [SCRIPTS / name, *SMALL, "--db_cpus=1", "--db_io_threads=1",
             f"--db_port={self.port}", f"--output={self.out}", *options],
            cwd="/", text=True, capture_output=True, timeout=300,
            env={**os.environ, "PATH": f"{self.bin}:{os.environ['PATH']}",
                 "TMPDIR": str(self.tmpdir), "PBS_JOBID": "1.pbs",
                 "PBS_NODEFILE": str(node_file), "SRBENCH": SRBENCH,
                 "PBS_O_WORKDIR": str(SCRIPTS), **env}, encoding="utf-8")
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        given = (self.notes / "mpiexec.1.pbs").read_text(encoding="utf-8").splitlines()
        self.assertEqual(given[:7], ["-f", str(node_file), "-n",
                                     str(nodes * ranks), "-bind-to", "core",
                                     SRBENCH])
        f = h5py.File(self.out)
        self.addCleanup(f.close)
        self.assertEqual([text(f.attrs[a]) for a in ("launcher", "job_id")],
                         ["pbs", "1.pbs"])
        self.assertTrue(500 < f.attrs["job_time_left"] <= 540)
        self.assertEqual(column(f["hosts"], "name"),
                         [host(k) for k in range(nodes)])
        return f, done.stderr

    def assert_nodes(self, f, permutations, clients):
        """All completed; in the last, clients were on these hosts."""
        self.assert_whole(self.out, permutations)
        last = self.perm(permutations - 1, f)
        self.assertEqual(sorted(set(last["client_node"][:])), clients)
        return last

    def test_standard(self):
        f, _ = self.script("pbs_standard.sh", 3, 2, "--client_nodes=[1,2]",
                           "--clients_per_node=2", "--db_nodes=1")
        last = self.assert_nodes(f, 2, [0, 1])
        self.assertEqual(len(last["client_rank"]), 4)

    def test_colocated(self):
        f, _ = self.script("pbs_colocated.sh", 2, 3, "--client_nodes=[1,2]",
                           "--clients_per_node=2", "--pin_app_cpus=false")
        last = self.assert_nodes(f, 2, [0, 1])
        self.assertEqual(len(last["shard_address"]), 2)

    def test_hosts_spread_over_the_job(self):
        f, said = self.script("pbs_chosen_hosts.sh", 4, 1, "--client_nodes=2",
                              "--clients_per_node=1", "--verbose",
                              DB_NODES="2")
        self.assert_nodes(f, 1, [0, 2])
        self.assertIn("database nodes 1,3", said)

    def test_hosts_by_name(self):
        f, said = self.script("pbs_chosen_hosts.sh", 3, 1, "--client_nodes=2",
                              "--clients_per_node=1", "--verbose",
                              DB_HOSTS=host(0))
        self.assert_nodes(f, 1, [1, 2])
        self.assertIn("database node 0", said)

    def test_databases_as_batch(self):
        f, said = self.script("pbs_databases_as_batch.sh", 2, 2,
                              "--client_nodes=2", "--clients_per_node=2",
                              "--db_nodes=2", "--net_ifname=eth0")
        self.assert_nodes(f, 1, [0, 1])
        self.assertIn("databases: submitted job 2.pbs", said)
        given = (self.notes / "qsub").read_text(encoding="utf-8").splitlines()
        self.assertIn("select=2:ncpus=1:mpiprocs=1", given)
        self.assertEqual(given[given.index("place=scatter:excl") - 1], "-l")
        self.assertEqual(self.hosts_of("shard_address"),
                         [f"10.100.7.{k + 1}" for k in (4, 5)])



if __name__ == "__main__":
    main()
