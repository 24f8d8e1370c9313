/* srbench - how fast the ranks of an MPI job exchange tensors with an in-memory
 * database. Start, read the configuration, run, leave with one status.
 */
#include <errno.h>
#include <mpi.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/diag.h"
#include "base/quote.h"
#include "base/signals.h"
#include "base/tick.h"
#include "client/client.h"
#include "engine/engine.h"
#include "engine/floor_server.h"
#include "measure/language.h"
#include "node/topology.h"
#include "options/options.h"
#include "protocol/control.h"
#include "protocol/tls.h"
#include "ranks/choose_nodes.h"
#include "ranks/discover.h"
#include "results/report.h"
#include "run/run.h"
#include "servers/collapse.h"
#include "servers/external.h"
#include "servers/guard.h"
#include "sink/sink.h"
#include "srb_version.h"
#include "study/expect_judge.h"
#include "study/prepare.h"
#include "study/serve.h"
#include "wlm/wlm.h"

#define EXIT_REFUSED 2
#define CONFIG_MAX (1024 * 1024)

/* What rank 0 was told, and tells everybody: its arguments and the file. */
struct input {
    int argc;
    char **argv;
    char *text; /* of the file, NUL-terminated; NULL for none */
    size_t length;
};

static int64_t began; /* tick */

/* The last words have time to arrive: a launcher that ends a job drops what is
 * still under way from its ranks (Hydra 4.0.2 did once in a dozen times). */
#define LAST_WORDS_NS INT64_C(200000000)

static void abort_job(void)
{
    tick_sleep(LAST_WORDS_NS);
    MPI_Abort(MPI_COMM_WORLD, 1);
}

/* ---- the configuration ---- */

static int read_file(const char *path, char **text, size_t *length,
                     struct error *err)
{
    FILE *f = fopen(path, "re");
    struct stat st;

    if (!f)
        return error_set(err, "cannot read the configuration file '%s': %s",
                         path, strerror(errno));
    if (fstat(fileno(f), &st) == 0 && S_ISDIR(st.st_mode)) {
        fclose(f);
        return error_set(err, "the configuration file '%s' is a folder", path);
    }
    *text = malloc(CONFIG_MAX + 2);
    if (!*text)
        die("not enough memory to read '%s'", path);
    *length = fread(*text, 1, CONFIG_MAX + 1, f);
    (*text)[*length] = '\0';
    if (ferror(f) || *length > CONFIG_MAX) {
        error_set(err, "the configuration file '%s' %s", path,
                  ferror(f) ? "cannot be read" : "is larger than 1 MiB");
        fclose(f);
        free(*text);
        *text = NULL;
        return -1;
    }
    fclose(f);
    return 0;
}

static int read_input(struct input *in, int argc, char **argv,
                      struct error *err)
{
    const char *path;

    in->argc = argc;
    in->argv = argv;
    in->text = NULL;
    in->length = 0;
    if (options_find_config(argc, argv, &path, err) < 0)
        return -1;
    return path ? read_file(path, &in->text, &in->length, err) : 0;
}

static int parse(struct options *o, const struct input *in, struct error *err)
{
    struct error ignored;
    const char *path = NULL;

    options_find_config(in->argc, in->argv, &path, &ignored);
    if (options_parse(o, in->argc, in->argv, path, in->text, in->length, err) <
        0)
        return -1;
    if (language_check(o, language_table, err) == 0)
        return 0;
    options_free(o);
    return -1;
}

/* Rank 0's input as one block: argc, length of the file or -1, the arguments as
 * strings, the file. */
static char *pack(const struct input *in, size_t *n)
{
    int64_t head[2] = {in->argc, in->text ? (int64_t)in->length : -1};
    size_t bytes = sizeof head + in->length + 1;
    char *block, *at;

    for (int i = 0; i < in->argc; i++)
        bytes += strlen(in->argv[i]) + 1;
    at = block = malloc(bytes);
    if (!block)
        die("not enough memory for the configuration");
    memcpy(at, head, sizeof head);
    at += sizeof head;
    for (int i = 0; i < in->argc; i++) {
        size_t len = strlen(in->argv[i]) + 1;

        memcpy(at, in->argv[i], len);
        at += len;
    }
    if (in->text)
        memcpy(at, in->text, in->length);
    block[bytes - 1] = '\0'; /* ends the file's text */
    *n = bytes;
    return block;
}

/* Point into the block, which must stay. */
static void unpack(struct input *in, char *block)
{
    int64_t head[2];
    char *at = block + sizeof head;

    memcpy(head, block, sizeof head);
    in->argc = (int)head[0];
    in->argv = calloc((size_t)in->argc + 1, sizeof *in->argv);
    if (!in->argv)
        die("not enough memory for the configuration");
    for (int i = 0; i < in->argc; i++) {
        in->argv[i] = at;
        at += strlen(at) + 1;
    }
    in->text = head[1] < 0 ? NULL : at;
    in->length = head[1] < 0 ? 0 : (size_t)head[1];
}

/* Rank 0 reads; everybody gets the same bytes, or the same refusal. */
static int share_input(struct input *in, int argc, char **argv, char **block,
                       struct error *err)
{
    const struct team world = {.nap_ns = SRB_NAP_NS}; /* there is none yet */
    struct input mine = {0};
    int64_t n = 0;
    size_t bytes = 0;
    int rank;

    *block = NULL;
    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    if (rank == 0 && read_input(&mine, argc, argv, err) == 0) {
        *block = pack(&mine, &bytes);
        n = (int64_t)bytes;
    }
    free(mine.text);
    team_bcast(&world, MPI_COMM_WORLD, &n, (int)sizeof n, 0);
    if (n == 0)
        return -1; /* only rank 0 has the words, and only rank 0 prints */
    if (rank != 0)
        *block = malloc((size_t)n);
    if (!*block)
        die("not enough memory for the configuration");
    team_bcast(&world, MPI_COMM_WORLD, *block, (int)n, 0);
    unpack(in, *block);
    return 0;
}

/* The command line as one would type it. */
static char *join(int argc, char **argv)
{
    char *text = NULL;
    size_t n;
    FILE *out = open_memstream(&text, &n);

    if (!out)
        die("not enough memory for the command line");
    for (int i = 0; i < argc; i++) {
        bool plain =
            argv[i][0] && !strpbrk(argv[i], " \t\n\"'\\$`*?[]{}()<>|&;#~!");

        fprintf(out, i ? " " : "");
        if (plain) {
            fputs(argv[i], out);
            continue;
        }
        quote_print(out, argv[i]);
    }
    fclose(out);
    return text;
}

/* A refusal before there is a plan: the sentence, and a verdict for scripts. */
static int refuse(const struct error *err, bool speaks)
{
    const struct tally nothing = {0};

    diag_say("srbench: %s", err->text);
    if (speaks)
        report_verdict(&nothing, EXIT_REFUSED);
    return EXIT_REFUSED;
}

/* ---- what needs no MPI ---- */

/* Whether an argument asks for something else than a run. */
static bool asks(int argc, char **argv)
{
    static const char *const words[] = {"--help", "-h", "--version",
                                        "--show_config", "--dry_run"};

    for (int i = 1; i < argc; i++)
        for (size_t k = 0; k < sizeof words / sizeof words[0]; k++) {
            const char *a = argv[i], *w = words[k];

            while (*a && (*a == *w || (*a == '-' && *w == '_'))) {
                a++;
                w++;
            }
            if (*a == '\0' && *w == '\0')
                return true;
        }
    return false;
}

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

/* What part of the study this job holds. */
static enum holds holds(const struct options *o)
{
    return o->serve                                  ? HOLDS_DATABASES
           : options_external(o) || options_batch(o) ? HOLDS_CLIENTS
                                                     : HOLDS_BOTH;
}

/* A plan for a machine: an imaginary one, or the job's. */
static int dry_run(const struct options *o, const struct machine *m)
{
    struct sweep s;
    struct error err;
    int status;

    if (sweep_open(&s, o, &err) < 0 || expect_judge_check(&s, &err) < 0 ||
        collapse_by_name(&s, &err) < 0)
        return refuse(&err, true);
    status = report_plan(&s, m) < 0 ? EXIT_REFUSED : 0;
    sweep_close(&s);
    return status;
}

static int plan_imaginary(const struct options *o)
{
    const struct value *shape = options_one(o, OPT_MACHINE);
    struct machine m;
    struct error err;
    int status;

    if (machine_uniform(&m, (int)shape->count, (int)shape->count2,
                        (int)options_one(o, OPT_VIRTUAL_NODES)->count,
                        &err) < 0)
        return refuse(&err, true);
    m.holds = holds(o);
    status = dry_run(o, &m);
    machine_free(&m);
    return status;
}

/* Answer requests that need no machine. Returns the exit status, or -1 when
 * MPI is needed. Under a launcher every rank comes here: one speaks. */
static int answer(int argc, char **argv)
{
    struct input in;
    struct options o;
    struct error err;
    int status = 0;

    diag_rank(discover_launch_rank());
    if (read_input(&in, argc, argv, &err) < 0 || parse(&o, &in, &err) < 0)
        return refuse(&err, discover_launch_rank() == 0);
    if (discover_launch_rank() != 0) {
        if (o.request == REQUEST_DRY_RUN &&
            options_one(&o, OPT_MACHINE)->is_auto)
            status = -1;
    } else if (o.request == REQUEST_HELP) {
        options_help(stdout);
    } else if (o.request == REQUEST_VERSION) {
        print_version();
    } else if (o.request == REQUEST_SHOW_CONFIG) {
        options_show(&o, stdout);
    } else if (o.request == REQUEST_DRY_RUN &&
               !options_one(&o, OPT_MACHINE)->is_auto) {
        status = plan_imaginary(&o);
    } else {
        status = -1;
    }
    options_free(&o);
    free(in.text);
    return status;
}

/* ---- with MPI ---- */

/* Whether the nodes of the job have what the plan asks for. */
static int plan_fits(struct team *t, const struct options *o,
                     const struct discovery *d)
{
    struct error err = {.text = ""};

    return prepare_try(t, d, o, &err) < 0 ? refuse(&err, t->rank == 0) : 0;
}

/* What a resumed study would still run, by its file alone. */
static int plan_rest(const struct options *o)
{
    const char *path = options_one(o, OPT_OUTPUT)->text;
    struct error err;

    if (!options_one(o, OPT_RESUME)->count)
        return 0;
    return run_rest(o, path, &err) < 0 ? refuse(&err, true) : 0;
}

/* The plan for this job, whose launcher must be the one that was asked for. */
static int plan_here(const struct options *o, const struct machine *m)
{
    struct error err;
    struct job job;

    if (wlm_find(options_one(o, OPT_LAUNCHER)->text, &job, &err) < 0)
        return refuse(&err, true);
    return dry_run(o, m) == 0 ? plan_rest(o) : EXIT_REFUSED;
}

static int run(struct team *t, const struct options *o, const struct input *in,
               struct discovery *d)
{
    struct run_args args = {
        .options = o, .config = in->text ? in->text : "", .began = began};
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
            return refuse(&err, t->rank == 0);
        }
        t->machine.roster = &roster;
    }
    line = join(in->argc, in->argv);
    args.command_line = line;
    status = run_study(t, d, &args);
    free(line);
    t->machine.roster = NULL;
    roster_free(&roster);
    tls_close(tls);
    return status;
}

static int with_machine(struct team *t, const struct options *o,
                        const struct input *in, struct discovery *d)
{
    struct error err;
    int status;

    t->machine.holds = holds(o);
    if (choose_nodes(t, o, &err) < 0)
        return refuse(&err, t->rank == 0);
    if (o->request == REQUEST_DRY_RUN) {
        status = t->rank == 0 ? plan_here(o, &t->machine) : 0;
        team_bcast(t, t->world, &status, (int)sizeof status, 0);
        return status == 0 ? plan_fits(t, o, d) : status;
    }
    return o->serve ? serve_study(t, d, o, began) : run(t, o, in, d);
}

static int with_options(const struct options *o, const struct input *in,
                        enum role role, int rank)
{
    const struct value *ifname = options_one(o, OPT_NET_IFNAME);
    struct discovery d = {0};
    struct team t;
    struct error err;
    int status;

    if (team_open(&t, (int)options_one(o, OPT_VIRTUAL_NODES)->count, role,
                  &err) < 0)
        return refuse(&err, rank == 0);
    t.signal = &signals_state()->asked;
    team_be_patient(&t, options_one(o, OPT_OP_TIMEOUT)->seconds);
    if (discover(&t, ifname->is_auto ? NULL : ifname->text, &d, &err) == 0)
        status = with_machine(&t, o, in, &d);
    else
        status = refuse(&err, rank == 0);
    discover_free(&d);
    team_close(&t);
    return status;
}

/* Each rank's own, agreed to be one by all. */
static int find_role(int argc, char **argv, enum role *role, struct error *err)
{
    int worst, rc = options_find_role(argc, argv, role, err);

    MPI_Allreduce(&rc, &worst, 1, MPI_INT, MPI_MIN, MPI_COMM_WORLD);
    if (rc == 0 && worst < 0)
        error_set(err, "--role: another part of the job has none that is "
                       "known");
    return worst;
}

static int with_mpi(int argc, char **argv)
{
    struct options o;
    struct input in = {0};
    struct error err = {.text = ""};
    enum role role = ROLE_AUTO;
    int rank, size, status;
    char *block;

    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    MPI_Comm_size(MPI_COMM_WORLD, &size);
    if (wlm_check_world(size, &err) < 0) {
        diag_rank(
            discover_launch_rank()); /* every task comes here: one speaks */
        return refuse(&err, discover_launch_rank() == 0);
    }
    diag_rank(rank);
    diag_die_hook(abort_job);
    signals_catch();
    if (share_input(&in, argc, argv, &block, &err) < 0 ||
        parse(&o, &in, &err) < 0) {
        status = refuse(&err, rank == 0);
    } else if (find_role(argc, argv, &role, &err) < 0) {
        status = refuse(&err, rank == 0);
        options_free(&o);
    } else {
        diag_set_level(options_one(&o, OPT_QUIET)->count     ? DIAG_QUIET
                       : options_one(&o, OPT_VERBOSE)->count ? DIAG_VERBOSE
                                                             : DIAG_NORMAL);
        signals_grace(options_one(&o, OPT_TERM_GRACE)->seconds, rank == 0);
        status = with_options(&o, &in, role, rank);
        options_free(&o);
    }
    free(in.argv);
    free(block);
    return status;
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
    int status;

    if (argc > 1 && strcmp(argv[1], SRB_GUARD_ROLE) == 0)
        return guard_main();
    if (argc > 1 && strcmp(argv[1], SRB_FLOOR_ROLE) == 0)
        return floor_main();
    hand_words();
    if (asks(argc, argv) && (status = answer(argc, argv)) >= 0)
        return status;
    began = tick_now();
    MPI_Init(&argc, &argv);
    status = with_mpi(argc, argv);
    MPI_Finalize();
    return status;
}
