# ctest: label=fast runner=pytest
"""tools/ci: what its files expect of srbench is what srbench prints and
installs."""
import ast
import importlib.util
import os
import re
import shutil
import subprocess
import sys
import types
import unittest

import h5py

from srbtest import MPIEXEC, OPEN_MPI, SOURCE, SRBENCH, RunTest, main, text

CI = SOURCE / "tools" / "ci"
try:
    import yaml
except ModuleNotFoundError:
    yaml = None


def load(path, **stand_ins):
    """A Python file as a module, with stand-ins for modules that it imports and
    this machine need not have."""
    held = {name: sys.modules.get(name) for name in stand_ins}
    sys.modules.update(stand_ins)
    try:
        spec = importlib.util.spec_from_file_location(path.stem, path)
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        return module
    finally:
        for name, old in held.items():
            sys.modules.pop(name)
            if old:
                sys.modules[name] = old


# --- stand-ins -----------------------------------------------------------------

class ReframeTest:
    """In place of reframe.RunOnlyRegressionTest."""


def extractall(pattern, path, tags, conversions):
    """As reframe.utility.sanity.extractall, at once."""
    with open(path, encoding="utf-8") as f:
        return [tuple(c(m.group(t)) for t, c in zip(tags, conversions))
                for m in re.finditer(pattern, f.read(), re.M)]


def assert_found(pattern, path):
    with open(path, encoding="utf-8") as f:
        if not re.search(pattern, f.read(), re.M):
            raise AssertionError(f"no {pattern} in {path}")
    return True


def reframe():
    """Just what srbench_reframe.py uses of ReFrame."""
    sanity = types.SimpleNamespace(
        extractall=extractall, assert_found=assert_found,
        evaluate=lambda x: x, defer=lambda x: x,
        make_performance_function=lambda value, unit: (value, unit))
    builtins = types.SimpleNamespace(
        run_before=lambda stage: lambda f: f, sanity_function=lambda f: f,
        variable=lambda kind, value: value)
    package = types.SimpleNamespace(RunOnlyRegressionTest=ReframeTest,
                                    simple_test=lambda c: c)
    utility = types.SimpleNamespace(sanity=sanity)
    package.utility, package.core = utility, types.SimpleNamespace()
    return {"reframe": package, "reframe.utility": utility,
            "reframe.utility.sanity": sanity, "reframe.core": package.core,
            "reframe.core.builtins": builtins}


class Recipe(types.ModuleType):
    """In place of spack.package: keeps what the recipe declares."""

    def __init__(self):
        super().__init__("spack.package")
        self.said = []
        for name in ("license", "version", "variant", "depends_on"):
            setattr(self, name, self.directive(name))
        self.CMakePackage = type("CMakePackage", (), {
            "define_from_variant": lambda _, option, name: (option, name),
            "define": lambda _, option, value: (option, value)})
        self.when = lambda condition: self
        self.__all__ = ["license", "version", "variant", "depends_on", "when",
                        "CMakePackage"]

    def directive(self, name):
        return lambda *args, **how: self.said.append((name, args, how))

    def __enter__(self):
        return self

    def __exit__(self, *_):
        return False

    def of(self, name):
        return [args[0] for said, args, _ in self.said if said == name]


class Appkit(types.ModuleType):
    """In place of ramble.appkit: keeps what an application declares, and takes
    figures from a log as Ramble's analysis does, line by line by re.match()."""

    DIRECTIVES = ("tags", "software_spec", "executable", "workload",
                  "workload_variable", "figure_of_merit_context",
                  "figure_of_merit", "success_criteria")

    def __init__(self):
        super().__init__("ramble.appkit")
        self.said = []
        for name in self.DIRECTIVES:
            setattr(self, name, self.directive(name))
        self.ExecutableApplication = type("ExecutableApplication", (), {})
        self.__all__ = [*self.DIRECTIVES, "ExecutableApplication"]

    def directive(self, name):
        return lambda *args, **how: self.said.append((name, args, how))

    def of(self, name):
        return [(args, how) for said, args, how in self.said if said == name]

    def figures(self, log):
        """[(context, name, unit, value)]"""
        contexts = {args[0]: how for args, how
                    in self.of("figure_of_merit_context")}
        found, within = [], {}
        for line in log.splitlines():
            for name, how in contexts.items():
                match = re.match(how["regex"], line)
                if match:
                    within[name] = how["output_format"].format(
                        **match.groupdict())
            for (name,), how in self.of("figure_of_merit"):
                match = re.match(how["fom_regex"], line)
                if match:
                    found.append((
                        *(within[c] for c in how["contexts"]),
                        name.format(**match.groupdict()), how["units"],
                        float(match[how["group_name"]])))
        return found

    def passes(self, log):
        return all(any(re.match(how["match"], line) for line in log.splitlines())
                   for _, how in self.of("success_criteria"))


class BenchparkExperiment:
    """In place of benchpark.experiment.Experiment: keeps what it is told."""

    def __init__(self, *specs):
        self.spec = types.SimpleNamespace(satisfies=specs.__contains__)
        self.name, self.variables, self.packages = "srbench", {}, {}

    def add_experiment_variable(self, name, value, matrixed=False):
        self.variables[name] = value

    def set_required_variables(self, **values):
        self.required = values

    def add_package_spec(self, name, specs):
        self.packages[name] = specs


# What a study prints each of its figures by.
FIGURES = "--figures=stdout"


# --- tests ---------------------------------------------------------------------

class Reframe(RunTest):

    def setUp(self):
        super().setUp()
        self.test = load(CI / "srbench_reframe.py", **reframe()).srbench()
        self.test.stagedir = str(self.dir)
        self.test.stdout = str(self.dir / "out.txt")

    def run_it(self, *args):
        """What the test would run, with the null client in place of a server."""
        self.test.set_options()
        options = [o.strip("'") for o in self.test.executable_opts]
        job = self.srbench(2, *options, "--client=null", "--db_exe=null",
                           "--iterations=20", *args)
        (self.dir / "out.txt").write_text(job.stdout, encoding="utf-8")
        return job

    def test_figures(self):
        """Every figure that was printed, by the value that the file has."""
        job = self.run_it()
        self.assert_passed(job, 6)
        self.test.passed()
        self.test.set_figures()
        found = self.test.perf_variables
        self.assertEqual(len(found), len(job.foms))
        with h5py.File(self.dir / "results.h5") as f:
            units = {n: text(c.attrs["units"]) for n, c in f["summary"].items()
                     if "units" in c.attrs}
            for perm in range(6):
                for name in ("put_tensor_median", "window", "window_ops"):
                    value, unit = found[f"{name}_{perm:04d}"]
                    self.assertEqual(unit, units[name])
                    self.assertAlmostEqual(value / f["summary"][name][perm], 1,
                                           5)

    def test_failure(self):
        """A run that fails is not passed."""
        job = self.run_it("--null_client={fail_at: 3}")
        self.assertEqual(job.returncode, 1, job.describe())
        with self.assertRaises(AssertionError):
            self.test.passed()


class Ramble(RunTest):
    """By stand-ins of Ramble and Benchpark, on what srbench prints."""

    def setUp(self):
        super().setUp()
        self.kit = Appkit()
        package = types.ModuleType("ramble")
        self.app = load(CI / "ramble/applications/srbench/application.py",
                        **{"ramble": package, "ramble.appkit": self.kit}).Srbench

    def run_it(self, *args):
        """As the application's one executable, with the null client."""
        (_, line), how = self.kit.of("executable")[0]
        self.assertTrue(how["use_mpi"])
        study = self.kit.of("workload_variable")[0][1]["default"]
        words = line.format(study=study).split()
        self.assertEqual(words[0], "srbench")
        return self.srbench(2, *words[1:], "--client=null", "--db_exe=null",
                            "--iterations=20", *args)

    def test_figures(self):
        job = self.run_it()
        self.assert_passed(job, 6)
        self.assertTrue(self.kit.passes(job.stdout))
        self.assertGreater(len(job.foms), 50)
        self.assertEqual(
            self.kit.figures(job.stdout),
            [(f"permutation {int(f['perm']):04d}", f"{f['name']} ({f['unit']})",
              str(f["unit"]), f["value"]) for f in job.foms])

    def test_failure(self):
        job = self.run_it("--null_client={fail_at: 3}")
        self.assertFalse(self.kit.passes(job.stdout))

    def test_benchpark(self):
        """Its variables are those of the application; its studies can be
        planned on what it asks for."""
        directives = types.ModuleType("benchpark.directives")
        declared = {}
        directives.variant = lambda name, **how: declared.update({name: how})
        experiment = types.ModuleType("benchpark.experiment")
        experiment.Experiment = BenchparkExperiment
        module = load(CI / "benchpark/experiments/srbench/experiment.py", **{
            "benchpark": types.ModuleType("benchpark"),
            "benchpark.directives": directives,
            "benchpark.experiment": experiment})
        variables = [args[0] for args, _ in self.kit.of("workload_variable")]
        self.assertEqual(declared["workload"]["default"],
                         self.kit.of("workload")[0][0][0])
        for value in declared["placement"]["values"]:
            made = module.Srbench(f"placement={value}")
            made.compute_applications_section()
            made.compute_package_section()
            self.assertEqual(made.packages, {"srbench": ["srbench"]})
            self.assertLessEqual(set(made.variables),
                                 {*variables, "n_nodes", "n_ranks"})
            nodes, ranks = made.variables["n_nodes"], made.variables["n_ranks"]
            job = self.srbench(0, *made.variables["study"].split(), "--dry_run",
                               f"--machine={nodes}x{ranks // nodes}")
            self.assertEqual(job.returncode, 0, job.describe())
            self.assertIn("6 permutations in 1 database set-up", job.stdout)


@unittest.skipUnless(yaml, "no PyYAML (Debian: python3-yaml)")
class Jube(RunTest):
    FILE = CI / "jube" / "srbench.yaml"

    def test_patterns(self):
        """Each finds its figure in what srbench prints."""
        told = yaml.safe_load(self.FILE.read_text(encoding="utf-8"))
        job = self.srbench(2, FIGURES, "--client=null",
                           "--db_exe=null", "--tensor_bytes=1024",
                           "--iterations=20")
        by_name = {f["name"]: f["value"] for f in job.foms}
        found = {}
        for pattern in told["patternset"]["pattern"]:
            regex = pattern["_"].replace("$jube_pat_fp", r"([-+]?\d*\.?\d+(?:[eE][-+]?\d+)?)") \
                .replace("$jube_pat_wrd", r"(\S+)")
            found[pattern["name"]], = re.findall(regex, job.stdout)
        self.assertEqual(found.pop("verdict"), "pass")
        self.assertEqual(
            {k: float(v) for k, v in found.items()},
            {"put": by_name["put_tensor_median"],
             "unpack": by_name["unpack_tensor_median"],
             "bandwidth": by_name["window"]})

    @unittest.skipUnless(shutil.which("jube"), "no JUBE (Debian: jube)")
    def test_jube_itself(self):
        """Its table has what the files of its runs have."""
        told = self.FILE.read_text(encoding="utf-8")
        for old, new in (("_: srbench}", f'_: "{SRBENCH}"}}'),
                         ("mpiexec -n 4", f"{MPIEXEC} -n 2"),
                         ("--repetitions=1",
                          "--client=null --db_exe=null --iterations=20")):
            self.assertIn(old, told)
            told = told.replace(old, new)
        (self.dir / "srbench.yaml").write_text(told, encoding="utf-8")
        env = {**OPEN_MPI, **os.environ, "TMPDIR": str(self.tmpdir)}
        for words in (("run", "srbench.yaml"), ("result", "srbench_runs", "-a")):
            done = subprocess.run(["jube", *words], cwd=self.dir, text=True,
                                  capture_output=True, timeout=600, env=env, encoding="utf-8")
            self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        lines = done.stdout.strip().splitlines()
        self.assertEqual(lines[-4],
                         "tensor_bytes,put[s],unpack[s],bandwidth[B/s],verdict")
        for line, run in zip(lines[-3:], sorted(
                (self.dir / "srbench_runs").rglob("run.h5"))):
            size, put, unpack, window, verdict = line.split(",")
            with h5py.File(run) as f:
                for value, name in ((put, "put_tensor_median"),
                                    (unpack, "unpack_tensor_median"),
                                    (window, "window")):
                    self.assertAlmostEqual(
                        float(value) / f["summary"][name][0], 1, 5, size)
            self.assertEqual(verdict, "pass")


class Spack(unittest.TestCase):

    def setUp(self):
        self.spack = Recipe()
        self.recipe = load(CI / "spack/packages/srbench/package.py",
                           **{"spack": types.ModuleType("spack"),
                              "spack.package": self.spack}).Srbench

    def test_everything_that_cmake_looks_for(self):
        """As cmake/SrbDependencies.cmake names it for Spack."""
        needed = {re.split("[@+]", d)[0] for d in self.spack.of("depends_on")}
        asked = (SOURCE / "cmake/SrbDependencies.cmake").read_text(encoding="utf-8")
        for name in ("hiredis", "libyaml", "hwloc", "hdf5"):
            self.assertIn(name, asked)
            self.assertIn(name, needed)
        self.assertLessEqual({"mpi", "redis", "cmake"}, needed)
        minimum, = re.findall(r"cmake_minimum_required\(VERSION (\S+)\)",
                              (SOURCE / "CMakeLists.txt").read_text(encoding="utf-8"))
        self.assertIn(f"cmake@{minimum}:", self.spack.of("depends_on"))

    def test_arguments(self):
        """Every CMake option that is set is one, from a variant that is one."""
        options = re.findall(r"^option\((\w+)",
                             (SOURCE / "CMakeLists.txt").read_text(encoding="utf-8"), re.M)
        recipe = self.recipe_of("+cpp", "+fortran")
        for option, variant in recipe.cmake_args():
            self.assertIn(option, options)
            self.assertIn(variant, self.spack.of("variant"))

    def recipe_of(self, *variants):
        """The recipe, of a spec with these."""
        recipe = self.recipe()
        recipe.spec = types.SimpleNamespace(satisfies=variants.__contains__)
        return recipe

    def test_languages(self):
        """A language that a build can lack is a variant, which brings its
        compiler or leaves it out as cmake/SrbLanguages.cmake reads it."""
        cmake = (SOURCE / "cmake/SrbLanguages.cmake").read_text(encoding="utf-8")
        found = re.findall(r"^    srb_language\((\w+) (\w+) ", cmake, re.M)
        self.assertEqual(len(found), 2)
        needs = {args[0]: how.get("when") for said, args, how
                 in self.spack.said if said == "depends_on"}
        for lang, name in found:
            self.assertIn(name, self.spack.of("variant"))
            self.assertEqual(needs[lang.lower()], f"+{name}")
            others = [f"+{x}" for _, x in found if x != name]
            self.assertIn((f"CMAKE_{lang}_COMPILER", "NOTFOUND"),
                          self.recipe_of(*others).cmake_args())
            self.assertNotIn(f"CMAKE_{lang}_COMPILER", dict(
                self.recipe_of(f"+{name}").cmake_args()))

    @unittest.skipUnless(yaml, "no PyYAML (Debian: python3-yaml)")
    def test_environment(self):
        folder = CI / "spack"
        repo = yaml.safe_load((folder / "repo.yaml").read_text(encoding="utf-8"))["repo"]
        spack = yaml.safe_load((folder / "spack.yaml").read_text(encoding="utf-8"))["spack"]
        self.assertTrue((folder / spack["repos"][repo["namespace"]]
                         / "packages/srbench/package.py").is_file())
        developed = spack["develop"]["srbench"]
        self.assertEqual((folder / developed["path"]).resolve(), SOURCE)
        version, = self.spack.of("version")
        self.assertEqual(developed["spec"], f"srbench@{version}")


@unittest.skipUnless(yaml, "no PyYAML (Debian: python3-yaml)")
class Gitlab(RunTest):

    def setUp(self):
        super().setUp()
        self.jobs_of = yaml.safe_load((CI / "gitlab-ci.yml").read_text(encoding="utf-8"))

    def shell(self, job, **env):
        """A job's script as the runner has it, with stand-ins in PATH."""
        bin = self.dir / "bin"
        bin.mkdir(exist_ok=True)
        for name, body in (
                ("salloc", 'while case $1 in --*) ;; *) false;; esac; do shift; '
                           'done; exec "$@"'),
                ("srun", 'exec "$@"'),
                ("python3", f'exec "{sys.executable}" "$@"')):
            (bin / name).write_text(f"#!/bin/bash\n{body}\n", encoding="utf-8")
            (bin / name).chmod(0o755)
        values = {k: str(v) for k, v in self.jobs_of["variables"].items()}
        script = "set -eo pipefail\n" + "\n".join(self.jobs_of[job]["script"])
        return subprocess.run(
            ["bash", "-c", script], cwd=self.dir, text=True, timeout=300,
            capture_output=True, env={
                **os.environ, **values, **env,
                "PATH": f"{bin}:{os.environ['PATH']}"}, encoding="utf-8")

    def test_jobs(self):
        """What a job needs is a job, and what it uses is what that one keeps."""
        for name, job in self.jobs_of.items():
            for needed in job.get("needs", []) if name != "variables" else []:
                self.assertIn(needed, self.jobs_of)
        kept = self.jobs_of["srbench-measure"]["artifacts"]["paths"]
        self.assertLessEqual({"base.h5", "new.h5"}, set(kept))

    def test_measure_and_compare(self):
        """Both jobs, with the null client and a clock of its own for both
        builds: the machine makes neither slower."""
        for build, delay in (("base", "20ms"), ("new", "80ms")):
            folder = self.dir / f"build-{build}"
            folder.mkdir()
            wrapper = folder / "srbench"
            wrapper.write_text(
                f'#!/bin/bash\nTMPDIR={self.tmpdir} '
                f'LD_PRELOAD={self.preloaded("own_clock")} exec '
                f'"{os.environ.get("SRBENCH", SOURCE / "build/srbench")}" "$@" '
                f'--null_client="{{delay: {delay}}}"\n', encoding="utf-8")
            wrapper.chmod(0o755)
        (self.dir / "tools").symlink_to(SOURCE / "tools")
        study = ("--client=null --db_exe=null --iterations=5 --repetitions=3 "
                 "--tensor_bytes=1024")
        done = self.shell("srbench-measure", SRBENCH_STUDY=study)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        done = self.shell("srbench-compare", SRBENCH_LIMIT="100%")
        self.assertEqual(done.returncode, 1, done.stdout + done.stderr)
        self.assertIn("SRBENCH_COMPARE slower", done.stdout)
        self.assertIn("<failure", (self.dir / "compare.xml").read_text(encoding="utf-8"))
        self.assertEqual(self.shell("srbench-compare",
                                    SRBENCH_LIMIT="900%").returncode, 0)

    def test_study(self):
        """The study that stands there is one that srbench plans."""
        job = self.srbench(0, *self.jobs_of["variables"]["SRBENCH_STUDY"].split(),
                           "--dry_run", "--machine=3x8")
        self.assertEqual(job.returncode, 0, job.describe())


class Python(unittest.TestCase):

    def test_syntax(self):
        for path in CI.rglob("*.py"):
            with self.subTest(path=path.name):
                ast.parse(path.read_text(encoding="utf-8"), str(path))


if __name__ == "__main__":
    main()
