"""batch_scripts/: every study can be planned on the machine that its heading
names and its scripts ask for; and the most usual script runs under a real Slurm
(slurmtest.py). The others do in test_batch_scripts_full.py.
"""
import re
import shlex
import subprocess
import unittest

from slurmtest import SlurmTest
from srbtest import SOURCE, SRBENCH, column, main, text

SCRIPTS = SOURCE / "batch_scripts"
SMALL = ("--tensor_bytes=4096", "--iterations=5")
# Studies of which scripts are what their name says.
STUDY = {"heterogeneous": "standard"}


def study_of(script):
    kind = script.split("_", 1)[1].removesuffix(".sh")
    return SCRIPTS / f"study_{STUDY.get(kind, kind)}.yaml"


def headings(path):
    """The commented lines that a file begins with, without their marks."""
    found = re.match(r"(#.*\n)+", path.read_text()).group()
    return re.sub(r"^# ?", "", found, flags=re.M)


class Plans(unittest.TestCase):

    def plan(self, path):
        """The command of the heading, and what it printed last."""
        lines = headings(path).replace("\\\n", " ")
        command = re.search(r"^ *srbench (.*--dry_run.*)$", lines, re.M)
        args = shlex.split(command.group(1))
        done = subprocess.run([SRBENCH, *args], text=True, timeout=300,
                              capture_output=True, cwd=SCRIPTS)
        self.assertEqual(done.returncode, 0, done.stderr)
        return args, done.stdout.splitlines()[-1]

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
        lines = script.read_text()
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
            capture_output=True)
        self.assertEqual(done.returncode, 0, done.stderr)
        nodes = self.sizes(SCRIPTS / "slurm_serve.sh")[0][0]
        self.assertRegex(done.stdout, rf"(?m)^db_nodes: {nodes}$")


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
        last = f[f"perm_{permutations - 1:04d}"]
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


if __name__ == "__main__":
    main()
