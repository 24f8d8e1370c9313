"""batch_scripts/SMARTSIM.md: every flag of SmartSim-Scaling's throughput tests has a
row, and every option named there exists with that default.
"""
# ctest: label=fast
import os
import re
import subprocess
import unittest

from redisaitest import as_smartsim_has_it
from srbtest import SOURCE, SRBENCH, RunTest, main

# The flags in the help of driver.py throughput_standard, throughput_colocated,
# inference_standard and inference_colocated, and those of its example commands.
FLAGS = """exp_name launcher run_db_as_batch batch_args node_feature
    db_node_feature db_hosts db_nodes db_cpus db_tpq db_port device num_devices
    batch_size net_type net_ifname
    clients_per_node client_nodes nodes pin_app_cpus iterations tensor_bytes
    languages wall_time""".split()


def table():
    """Rows of its first table, as lists of cells: that of options."""
    text = (SOURCE / "batch_scripts/SMARTSIM.md").read_text(encoding="utf-8")
    lines = [line for line in text.split("\n## ", 1)[0].splitlines()
             if line.startswith("| `")]
    return [[cell.strip(" `") for cell in line.strip("|").split("|")]
            for line in lines]


def run(*args):
    return subprocess.run([SRBENCH, *args], text=True, timeout=300,
                          capture_output=True, encoding="utf-8")


def options():
    """Every name an option goes by, with its default, as --help prints them."""
    found = {}
    listed = run("--help", "all").stdout.split("\nOptions, ", 1)[1]
    for entry in re.split(r"\n(?=  --)", listed)[1:]:
        head, _, rest = entry.partition("\n")
        rest = re.sub(r"\s+", " ", rest.partition("\n\n")[0]).strip()
        for name in re.findall(r"--(\w+)", head):
            found[name] = rest.rpartition("default: ")[2]
    return found


class Flags(unittest.TestCase):

    def test_every_flag_has_a_row(self):
        self.assertEqual([row[0] for row in table()], FLAGS)

    def test_rows_are_true(self):
        known = options()
        for flag, _, option, default, _ in table():
            with self.subTest(flag):
                self.assertIn(option, known)
                if " to " in default:
                    first, last = default.split(" to ")
                    self.assertRegex(known[option],
                                     rf"^\[{first}, .*, {last}\]$")
                else:
                    self.assertEqual(known[option], default)

    def test_their_spellings_of_true_false_and_none(self):
        done = run("throughput_standard", "--pin_app_cpus=[True,False]",
                   "--run_db_as_batch=True",
                   '--batch_args={"C":"V100", "exclusive": None}',
                   "--show_config")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("pin_app_cpus: [true, false]", done.stdout)
        self.assertIn("batch_args: {C: V100, exclusive: null}", done.stdout)


# As SmartSim-Scaling's documentation has them, but for real names in place of
# "[nid0001, ...]": the command, its nodes, and how many permutations it is.
HOSTS = "[" + ",".join(f"nid{n:04d}" for n in range(1, 17)) + "]"
COMMANDS = (
    (r"""python driver.py inference_standard --client_nodes=[20,40,60,80,100,120] \
                                    --db_nodes=[4,8,16] --db_tpq=[1,2,4] \
                                    --db_cpus=[1,4,8,16] --run_db_as_batch=False \
                                    --net_ifname=ipogif0 --device=GPU
""", 136, 216),
    # one line of it ends without a backslash there, with this said or not
    (r"""python driver.py inference_standard --client_nodes=[20,40,60,80,100,120] \
                                    --db_nodes=[4,8,16] --db_tpq=[1,2,4] \
                                    --db_cpus=[1,4,8,16] --run_db_as_batch=False
""", 136, 216),
    (r"""python driver.py inference_standard --client_nodes=[20,40,60,80,100,120] \
                                    --db_nodes=[4,8,16] --db_tpq=[1,2,4] \
                                    --db_cpus=[1,4,8,16] --run_db_as_batch=False \
                                    --net_ifname=ipogif0 --device=CPU
""", 136, 216),
    (r"""python driver.py inference_standard --client_nodes=[20,40,60,80,100,120] \
                                    --db_nodes=[16] --db_tpq=[1,2,4] \
                                    --db_cpus=[1,4,8,16] --db_hosts=HOSTS \
                                    --net_ifname=ipogif0 --device=CPU
""".replace("HOSTS", HOSTS), 136, 72),
    (r"""python driver.py inference_standard --client_nodes=[20,40,60,80,100,120] \
                                    --db_nodes=[4,8,16] --db_tpq=[1,2,4] \
                                    --db_cpus=[1,4,8,16] --batch_args='{"C":"V100", "exclusive": None}' \
                                    --net_ifname=ipogif0 --device=GPU
""", 120, 216),
)


class Commands(RunTest):
    """With the stand-in for RedisAI, and ResNet-50 as users of SmartSim have
    it."""

    def setUp(self):
        super().setUp()
        self.environ = dict(os.environ, **as_smartsim_has_it(self.dir))

    def words(self, command):
        """What a shell makes of it, behind the driver."""
        done = subprocess.run(
            ["bash", "-c", f"python() {{ printf '%s\\0' \"$@\"; }}\n{command}"],
            text=True, capture_output=True, encoding="utf-8", check=True)
        return done.stdout.split("\0")[1:-1]

    def test_as_they_were_typed(self):
        for command, nodes, permutations in COMMANDS:
            with self.subTest(command):
                done = subprocess.run(
                    [SRBENCH, *self.words(command), "--dry_run",
                     f"--machine={nodes}x48"], text=True, timeout=300,
                    capture_output=True, encoding="utf-8", env=self.environ)
                self.assertEqual(done.returncode, 0, done.stderr)
                self.assertTrue(done.stdout.startswith(
                    f"{permutations} permutations in "), done.stdout)

    def test_in_small(self):
        """Each with what a machine without GPUs and network has: other
        numbers of nodes and CPUs, another interface, models on the CPU."""
        small = ("--client_nodes=[1,2]", "--db_nodes=[1]", "--db_cpus=[1]",
                 "--net_ifname=lo", "--device=CPU")
        names = [a.split("=", 1)[0] for a in small]
        for k, (command, _, _) in enumerate(COMMANDS[:4]):
            kept = [w for w in self.words(command)
                    if w.split("=", 1)[0] not in (*names, "--db_hosts")]
            with self.subTest(kept):
                self.assertIn("--db_tpq=[1,2,4]", kept)
                job = self.srbench(
                    3, *kept, *small, "--virtual_nodes=3", "--iterations=2",
                    "--warmup=0", f"--output={self.dir}/{k}.h5",
                    env=self.environ)
                self.assert_passed(job, permutations=6)


if __name__ == "__main__":
    main()
