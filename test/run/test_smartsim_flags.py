"""batch_scripts/SMARTSIM.md: every flag of SmartSim-Scaling's throughput tests has a
row, and every option named there exists with that default.
"""
# ctest: label=fast
import re
import subprocess
import unittest

from srbtest import SOURCE, SRBENCH, main

# The flags in the help of driver.py throughput_standard and
# throughput_colocated, and those of its example commands.
FLAGS = """exp_name launcher run_db_as_batch batch_args node_feature
    db_node_feature db_hosts db_nodes db_cpus db_tpq db_port device net_ifname
    clients_per_node client_nodes nodes pin_app_cpus iterations tensor_bytes
    languages wall_time""".split()


def table():
    """Rows of the table, as lists of cells."""
    text = (SOURCE / "batch_scripts/SMARTSIM.md").read_text(encoding="utf-8")
    lines = [line for line in text.splitlines() if line.startswith("| `")]
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


if __name__ == "__main__":
    main()
