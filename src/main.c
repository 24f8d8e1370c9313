/* srbench - how fast the ranks of an MPI job exchange tensors with an in-memory
 * database. Start, read the configuration, run, leave with one status.
 */
#include <mpi.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/diag.h"
#include "base/output.h"
#include "base/quote.h"
#include "base/signals.h"
#include "base/tick.h"
#include "client/client.h"
#include "engine/engine.h"
#include "engine/floor_server.h"
#include "measure/language.h"
#include "node/topology.h"
#include "options/options.h"
#include "plan/imagine.h"
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

/* Whether that takes the ranks and nodes of this job. */
static bool needs_machine(const struct options *o)
{
    return o->request == REQUEST_RUN || (o->request == REQUEST_DRY_RUN &&
                                         options_one(o, OPT_MACHINE)->is_auto);
}

/* What needs no machine, by one process. Returns the exit status. */
static int answer(const struct options *o)
{
    int status = 0;

    if (o->request == REQUEST_HELP)
        options_help(stdout, o);
    else if (o->request == REQUEST_VERSION)
        print_version();
    else if (o->request == REQUEST_SHOW_CONFIG)
        options_show(o, stdout);
    else
        status = dry_run_imaginary(o);
    return report_status(status);
}

/* Requests that need no machine: one process reads the configuration and
 * answers, the others leave. Returns the exit status, or -1 when MPI is needed;
 * what was read is then in *c. */
static int without_mpi(struct config *c, int argc, char **argv)
{
    struct options o;
    struct error err = {.text = ""};
    bool imaginary, needed;
    enum request request = options_find_request(argc, argv, &imaginary);
    int status = -1;

    /* a file may have the machine too, but only one rank is to read that, and
     * the others must know where it goes; and another part of the job may ask
     * for something else, and wait in MPI_Init() for this one */
    if (request == REQUEST_RUN || discover_launched_together() ||
        (request == REQUEST_DRY_RUN && !imaginary && discover_launched()))
        return -1;
    diag_rank(discover_launch_rank());
    if (discover_launch_rank() != 0)
        return 0;
    if (config_read(c, argc, argv, &err) < 0 || config_parse(&o, c, &err) < 0) {
        config_free(c);
        return report_refusal(NULL, &err, true);
    }
    needed = needs_machine(&o);
    if (!needed)
        status = answer(&o);
    options_free(&o);
    if (!needed)
        config_free(c);
    return status;
}

/* ---- with MPI ---- */

/* What cannot be right need not wait for a file. */
static int find_databases(struct team *t, const struct options *o,
                          struct tls **tls, struct roster *roster,
                          struct error *err)
{
    struct sweep s;

    if (sweep_open(&s, o, err) < 0)
        return -1;
    sweep_close(&s);
    return external_find(t, o, tls, roster, err);
}

static int run(struct team *t, const struct options *o, const struct config *c,
               struct discovery *d)
{
    struct run_args args = {
        .options = o, .config = c->text ? c->text : "", .began = began};
    struct roster roster = {0};
    struct tls *tls = NULL;
    struct error err;
    char *line;
    int status;

    if (options_external(o)) {
        if (find_databases(t, o, &tls, &roster, &err) < 0) {
            tls_close(tls);
            return report_refusal(NULL, &err, t->rank == 0);
        }
        t->machine.roster = &roster;
    }
    line = quote_line(c->argc, c->argv);
    args.command_line = line;
    status = run_study(t, d, &args);
    free(line);
    t->machine.roster = NULL;
    roster_free(&roster);
    tls_close(tls);
    return status;
}

static int with_machine(struct team *t, const struct options *o,
                        const struct config *c, struct discovery *d)
{
    struct error err;

    t->machine.holds = imagine_holds(o);
    t->machine.leaves_ranks = options_leaves_ranks(o);
    if (choose_nodes(t, o, &err) < 0)
        return report_refusal(NULL, &err, t->rank == 0);
    if (o->request == REQUEST_DRY_RUN)
        return dry_run_here(t, o, d);
    return o->serve ? serve_study(t, d, o, began) : run(t, o, c, d);
}

/* By rank 0 for all. */
static int answer_once(const struct options *o, int rank)
{
    const struct team world = {.nap_ns = SRB_NAP_NS}; /* there is none yet */
    int status = rank == 0 ? answer(o) : 0;

    team_bcast(&world, MPI_COMM_WORLD, &status, (int)sizeof status, 0);
    return status;
}

static int with_options(const struct options *o, const struct config *c,
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
    if (discover(&t, ifname->is_auto ? NULL : ifname->text, &d, &err) == 0)
        status = with_machine(&t, o, c, &d);
    else
        status = report_refusal(NULL, &err, rank == 0);
    discover_free(&d);
    status = report_status(status);
    team_bcast(&t, t.world, &status, (int)sizeof status, 0);
    team_close(&t);
    return status;
}

/* All ranks have the same options. */
static int with_same(const struct options *o, const struct config *c,
                     enum role role, int rank)
{
    diag_set_level(options_one(o, OPT_QUIET)->count     ? DIAG_QUIET
                   : options_one(o, OPT_VERBOSE)->count ? DIAG_VERBOSE
                                                        : DIAG_NORMAL);
    signals_grace(options_one(o, OPT_TERM_GRACE)->seconds, rank == 0);
    return needs_machine(o) ? with_options(o, c, role, rank)
                            : answer_once(o, rank);
}

static int with_mpi(struct config *c, int argc, char **argv)
{
    struct options o;
    struct error err = {.text = ""};
    enum role role = ROLE_AUTO;
    int rank, size, status;

    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    MPI_Comm_size(MPI_COMM_WORLD, &size);
    if (wlm_check_world(size, &err) < 0) {
        diag_rank(
            discover_launch_rank()); /* every task comes here: one speaks */
        return report_refusal(NULL, &err, discover_launch_rank() == 0);
    }
    diag_rank(rank);
    diag_die_hook(abort_job);
    /* signals end whoever waits for the text of a pipe, as they end others */
    if (config_share(c, argc, argv, &err) < 0 || config_parse(&o, c, &err) < 0)
        return report_refusal(NULL, &err, rank == 0);
    signals_catch();
    if (config_part(c, &o, argc, argv, &role, &err) < 0)
        status = report_refusal(NULL, &err, rank == 0);
    else
        status = with_same(&o, c, role, rank);
    options_free(&o);
    return status;
}

/* All is done and said; who waits in MPI_Finalize() for a rank that has
 * stopped, or for MPICH (over UCX's TCP some ranks wait there for answers of
 * others that wait for them at PMI's barrier), leaves.
 *
 * To Hydra a rank that left without MPI_Finalize() is a job that broke: it ends
 * the others with SIGKILL, and mpiexec returns 9 or the job's status as that
 * goes. A rank that ends the job by PMI's own word gives it the status, which
 * is the same on all. (MPI_Abort() may not be called in a handler.) */
static void leave_in_time(int status)
{
    char words[SIGNALS_WORDS_MAX];

    snprintf(words, sizeof words, "cmd=abort exitcode=%d\n", status);
    signals_last_words(discover_hydra(), words);
    signals_leave(LEAVE_SECONDS, status);
}

/* What the options cannot know: servers and clients are rooms after theirs. */
static void hand_words(void)
{
    static struct options_words words;

    words.servers = engine_words();
    words.clients = client_words();
    options_hand_words(&words);
}

int main(int argc, char **argv)
{
    struct config config = {.text = NULL};
    int status;

    output_open();
    signal(SIGXFSZ, SIG_IGN); /* an error of writing like any other */
    if (argc > 1 && strcmp(argv[1], SRB_GUARD_ROLE) == 0)
        return guard_main();
    if (argc > 1 && strcmp(argv[1], SRB_FLOOR_ROLE) == 0)
        return floor_main();
    hand_words();
    status = without_mpi(&config, argc, argv);
    if (status >= 0)
        return status;
    began = tick_now();
    MPI_Init(&argc, &argv);
    output_open(); /* MPICH takes the buffer away */
    status = with_mpi(&config, argc, argv);
    config_free(&config);
    leave_in_time(status);
    MPI_Finalize();
    return status;
}
