"""A ReFrame test of srbench: it passes when srbench says so, and every figure
that srbench prints becomes a figure of merit.

    reframe -C SITE.py -c tools/ci/srbench_reframe.py -r --performance-report

From the command line of ReFrame: -S srbench.options='...' what is measured,
-S srbench.num_tasks=96 and -S srbench.num_tasks_per_node=48 with how many ranks,
-S srbench.executable=/path/srbench.
"""
import os
import shlex

import reframe as rfm
import reframe.utility.sanity as sn
from reframe.core.builtins import run_before, sanity_function, variable

# What srbench promises to print on standard output.
STATUS = r'^SRBENCH_STATUS pass permutations=\d+ completed=\d+ failed=0 '
FIGURE = (r'^SRBENCH_FOM perm=(?P<perm>\d+) name=(?P<name>\S+) '
          r'value=(?P<value>\S+) unit=(?P<unit>\S+)$')


@rfm.simple_test
class srbench(rfm.RunOnlyRegressionTest):
    """Tensors put into a database and fetched again, on what the job has."""

    descr = 'srbench: tensor exchange with an in-memory database'
    valid_systems = ['*']
    valid_prog_environs = ['*']
    executable = 'srbench'
    num_tasks = 4
    time_limit = '30m'
    tags = {'performance', 'srbench'}

    # The study, as on the command line. Fix it: figures are numbered by their
    # permutation (put_tensor_median_0001 is the median of the second one), so
    # references hold for one study alone.
    options = variable(
        str, value='--tensor_bytes=[64KiB,1MiB] --repetitions=3 --order=random')

    # References are of your machine, so that none can stand here. Without one a
    # figure is logged and never fails. Take the medians of some runs (the
    # performance log has them) and allow for what they differ by:
    #
    #     reference = {'cluster:compute': {
    #         'put_tensor_median_0000': (1.2e-4, None, 0.15, 's'),
    #         'window_0000': (2.1e9, -0.15, None, 'B/s')}}
    #
    # Times may only rise, rates only fall by so much. A gate that knows how
    # sure a difference is: tools/srbench-compare.

    @run_before('run')
    def set_options(self):
        """One file of results, kept with the test's output."""
        self.executable_opts = [*map(shlex.quote, shlex.split(self.options)),
                                '--output=results.h5', '--overwrite=true',
                                '--figures=stdout']
        self.keep_files = ['results.h5']

    @sanity_function
    def passed(self):
        """All permutations ran, all tensors that were checked came back right."""
        return sn.assert_found(STATUS, self.stdout)

    @run_before('performance')
    def set_figures(self):
        """A performance variable for every figure that was printed."""
        printed = os.path.join(self.stagedir, str(sn.evaluate(self.stdout)))
        found = sn.evaluate(sn.extractall(
            FIGURE, printed, ('perm', 'name', 'value', 'unit'),
            (str, str, float, str)))
        self.perf_variables = {
            f'{name}_{perm}': sn.make_performance_function(sn.defer(value), unit)
            for perm, name, value, unit in found}
