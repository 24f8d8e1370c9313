from benchpark.directives import variant
from benchpark.experiment import Experiment


class Srbench(Experiment):
    """Tensors put into a database and fetched again, on a few nodes. The
    application is that of Ramble, ../../../ramble/applications/srbench."""

    variant("workload", default="study", description="the one there is")
    variant("placement", default="colocated", values=("colocated", "standard"),
            description="databases beside the clients, or on a node of their own")

    def compute_applications_section(self):
        placement = "standard" if self.spec.satisfies("placement=standard") \
            else "colocated"
        self.add_experiment_variable(
            "study", f"throughput_{placement} --tensor_bytes=64KiB,1MiB "
            "--repetitions=3 --order=random")
        self.add_experiment_variable("n_nodes", 2, True)
        self.add_experiment_variable("n_ranks", 8, True)
        self.set_required_variables(
            n_resources="{n_ranks}", process_problem_size="1",
            total_problem_size="{n_ranks}")

    def compute_package_section(self):
        self.add_package_spec(self.name, ["srbench"])
