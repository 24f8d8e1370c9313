from ramble.appkit import *


class Srbench(ExecutableApplication):
    """How fast the ranks of an MPI job exchange tensors with an in-memory
    database: every figure that srbench prints is a figure of merit."""

    name = "srbench"

    tags("benchmark", "mpi", "database")

    software_spec("srbench", pkg_spec="srbench", package_manager="spack*")

    executable("run", "srbench {study} --figures=stdout --output=run.h5 "
               "--overwrite", use_mpi=True)

    workload("study", executables=["run"])

    # Figures are told apart by their permutation, the place in the study.
    workload_variable(
        "study", default="--tensor_bytes=64KiB,1MiB --repetitions=3 --order=random",
        description="options of srbench", workloads=["study"])

    figure_of_merit_context(
        "permutation", regex=r"SRBENCH_FOM perm=(?P<perm>\d+) ",
        output_format="permutation {perm}")

    for unit in ("s", "B/s", "1/s", "B", "1"):
        figure_of_merit(
            "{name}" + f" ({unit})",
            fom_regex=r"SRBENCH_FOM perm=(?P<perm>\d+) name=(?P<name>\S+) "
                      rf"value=(?P<value>\S+) unit={unit}$",
            group_name="value", units=unit, contexts=["permutation"])

    success_criteria(
        "verdict", mode="string",
        match=r"SRBENCH_STATUS pass permutations=\d+ completed=\d+ failed=0 .*")
