/* srbench - how fast the ranks of an MPI job exchange tensors with an in-memory
 * database. Start, read the configuration, run, leave with one status.
 */
#include <mpi.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/diag.h"
#include "base/output.h"
#include "base/signals.h"
#include "base/tick.h"
#include "engine/floor_server.h"
#include "measure/language.h"
#include "node/topology.h"
#include "options/options.h"
#include "protocol/control.h"
#include "protocol/tls.h"
#include "ranks/choose_nodes.h"
#include "ranks/discover.h"
#include "results/report.h"
#include "run/dry_run.h"
#include "run/run.h"
#include "servers/external.h"
#include "servers/guard.h"
#include "sink/sink.h"
#include "srb_version.h"
#include "study/config_share.h"
#include "study/serve.h"
#include "wlm/wlm.h"

static int64_t began; /* tick */

/* The last words have time to arrive: a launcher that ends a job drops what is
 * still under way from its ranks (Hydra 4.0.2 did once in a dozen times). */
#define LAST_WORDS_NS INT64_C(200000000)

/* What MPI_Finalize() may take, s. */
#define LEAVE_SECONDS 30

static void abort_job(void)
{
    tick_sleep(LAST_WORDS_NS);
    MPI_Abort(MPI_COMM_WORLD, 1);
}

/* ---- what needs no MPI ---- */

static void print_version(void)
{
    char mpi[256], hiredis[32], languages[64];

    printf("srbench %s (%s)\n", SRB_VERSION, SRB_GIT_COMMIT);
    printf("MPI     %s\n", record_mpi_version(mpi, sizeof mpi));
    printf("HDF5    %s\n", sink_hdf5_version());
    printf("hiredis %s %s TLS\n",
           control_hiredis_version(hiredis, sizeof hiredis),
           tls_built ? "with" : "without");
    printf("libyaml %s\n", options_yaml_version());
    printf("hwloc   %s\n", topology_version());
    printf("languages %s\n", language_names(languages, sizeof languages));
}

/* Under a launcher every rank comes here: the first answers. */
static int answer(int argc, char **argv)
{
    struct config config;
    struct options o;
    struct error err;
    int status = EXIT_PASSED;

    if (discover_launch_rank() != 0)
        return EXIT_PASSED;
    if (config_read(&config, argc, argv, &err) < 0)
        return report_refusal(NULL, &err, true);
    if (config_parse(&config, &o, &err) < 0) {
        config_free(&config);
        return report_refusal(NULL, &err, true);
    }
    if (o.request == REQUEST_HELP)
        options_help(stdout);
    else if (o.request == REQUEST_VERSION)
        print_version();
    else if (o.request == REQUEST_SHOW_CONFIG)
        options_show(&o, stdout);
    else
        status = dry_run_imaginary(&o);
    options_free(&o);
    config_free(&config);
    return report_status(status);
}

/* ---- with MPI ---- */

static int run(struct team *t, const struct options *o,
               const struct config *config, struct discovery *d)
{
    struct run_args args = {.options = o,
                            .config = config->text ? config->text : "",
                            .began = began};
    struct roster roster = {0};
    struct tls *tls = NULL;
    struct sweep s;
    struct error err;
    char *line;
    int status;

    if (options_external(o)) {
        /* what cannot be right need not wait for a file */
        if (sweep_open(&s, o, &err) < 0 ||
            external_find(t, o, &tls, &roster, &err) < 0) {
            tls_close(tls);
            return report_refusal(NULL, &err, t->rank == 0);
        }
        t->machine.roster = &roster;
    }
    line = config_command_line(config);
    args.command_line = line;
    status = run_study(t, d, &args);
    free(line);
    t->machine.roster = NULL;
    roster_free(&roster);
    tls_close(tls);
    return status;
}

/* Rank 0 plans for a machine that the file names; the others agree. */
static int plan_imaginary(struct team *t, const struct options *o)
{
    int status = t->rank == 0 ? dry_run_imaginary(o) : EXIT_PASSED;

    team_bcast(t, t->world, &status, (int)sizeof status, 0);
    return status;
}

static int with_machine(struct team *t, const struct options *o,
                        const struct config *config, struct discovery *d)
{
    struct error err;

    t->machine.holds = machine_holds(o);
    if (choose_nodes(t, o, &err) < 0)
        return report_refusal(NULL, &err, t->rank == 0);
    if (o->request == REQUEST_DRY_RUN)
        return dry_run_here(t, o, d);
    return o->serve ? serve_study(t, d, o, began) : run(t, o, config, d);
}

static int with_options(const struct options *o, const struct config *config,
                        enum role role, int rank)
{
    const struct value *ifname = options_one(o, OPT_NET_IFNAME);
    struct discovery d = {0};
    struct team t;
    struct error err;
    int status;

    if (team_open(&t, (int)options_one(o, OPT_VIRTUAL_NODES)->count, role,
                  &err) < 0)
        return report_refusal(NULL, &err, rank == 0);
    t.signal = &signals_state()->asked;
    team_be_patient(&t, options_one(o, OPT_OP_TIMEOUT)->seconds);
    if (o->request == REQUEST_DRY_RUN && !options_one(o, OPT_MACHINE)->is_auto)
        status = plan_imaginary(&t, o);
    else if (discover(&t, ifname->is_auto ? NULL : ifname->text, &d, &err) == 0)
        status = with_machine(&t, o, config, &d);
    else
        status = report_refusal(NULL, &err, rank == 0);
    discover_free(&d);
    status = report_status(status);
    team_bcast(&t, t.world, &status, (int)sizeof status, 0);
    team_close(&t);
    return status;
}

static int with_config(const struct config *config, int argc, char **argv,
                       int rank)
{
    enum role role = ROLE_AUTO;
    struct options o;
    struct error err = {.text = ""};
    int status;

    if (config_parse(config, &o, &err) < 0)
        return report_refusal(NULL, &err, rank == 0);
    if (config_check_part(config, &o, argc, argv, &role, &err) < 0) {
        status = report_refusal(NULL, &err, rank == 0);
    } else {
        diag_set_level(options_one(&o, OPT_QUIET)->count     ? DIAG_QUIET
                       : options_one(&o, OPT_VERBOSE)->count ? DIAG_VERBOSE
                                                             : DIAG_NORMAL);
        signals_grace(options_one(&o, OPT_TERM_GRACE)->seconds, rank == 0);
        status = with_options(&o, config, role, rank);
    }
    options_free(&o);
    return status;
}

static int with_mpi(int argc, char **argv)
{
    struct config config;
    struct error err = {.text = ""};
    int rank, size, status;

    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    MPI_Comm_size(MPI_COMM_WORLD, &size);
    if (wlm_check_world(size, &err) < 0) {
        /* every task comes here: one speaks */
        diag_rank(discover_launch_rank());
        return report_refusal(NULL, &err, discover_launch_rank() == 0);
    }
    diag_rank(rank);
    diag_die_hook(abort_job);
    signals_catch();
    if (config_share(&config, argc, argv, &err) < 0)
        return report_refusal(NULL, &err, rank == 0);
    status = with_config(&config, argc, argv, rank);
    config_free(&config);
    return status;
}

int main(int argc, char **argv)
{
    int status;

    output_open();
    if (argc > 1 && strcmp(argv[1], SRB_GUARD_ROLE) == 0)
        return guard_main();
    if (argc > 1 && strcmp(argv[1], SRB_FLOOR_ROLE) == 0)
        return floor_main();
    if (options_find_answer(argc, argv))
        return answer(argc, argv);
    began = tick_now();
    MPI_Init(&argc, &argv);
    output_open(); /* MPICH takes the buffer away */
    status = with_mpi(argc, argv);
    /* all is done and said; who waits for a rank that has stopped leaves */
    signals_leave(LEAVE_SECONDS, status);
    MPI_Finalize();
    return status;
}
