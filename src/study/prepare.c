#include "study/prepare.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/diag.h"
#include "base/mem.h"
#include "base/path.h"
#include "base/text.h"
#include "base/tick.h"
#include "plan/step_time.h"
#include "plan/tensors_rules.h"
#include "results/report.h"
#include "servers/collapse.h"
#include "servers/external.h"
#include "servers/pin.h"
#include "study/preflight.h"
#include "wlm/call.h"

/* Connections to databases whose clients are not known, as Redis itself has
 * it. */
#define SERVED_CLIENTS 10000
/* Studies that begin in one second, in one folder. */
#define MOST_OUTPUTS 1000

/* Bytes that are as much work as a second in which nothing is moved. */
#define SECOND_BYTES 3e9

double prepare_weight(const struct permutation *p, const struct placement *pl)
{
    double pairs =
        (double)(p->value[OPT_ITERATIONS]->count + p->value[OPT_WARMUP]->count);

    return 1e7 +
           pairs * pl->nclients *
               ((double)p->value[OPT_TENSOR_BYTES]->count + 1e5) +
           SECOND_BYTES * step_time_known(p);
}

/* Set-ups differ in where their servers listen: each such network once. */
static void add_network(struct prepared *plan, const char *words)
{
    if (!strstr(plan->network, words))
        text_join(plan->network, sizeof plan->network, "; ", "%s", words);
}

/* t is NULL for a machine that is imaginary. */
static void add_permutation(struct prepared *plan, const struct team *t,
                            const struct permutation *p,
                            const struct placement *pl, bool starts)
{
    const struct work work = remaining_work(p, pl, starts);
    const struct value *exe = p->value[OPT_DB_EXE];
    const struct setting *exes = options_get(plan->sweep.options, OPT_DB_EXE);
    int most = pl->experiment == EXPERIMENT_COLOCATED ? pl->clients_per_node
                                                      : pl->nclients;

    if (most > plan->max_clients)
        plan->max_clients = most;
    if (tensors_places_by(p) > plan->max_kept)
        plan->max_kept = tensors_places_by(p);
    remaining_add(&plan->work, &work);
    add_network(plan, place_network(pl));
    if (exe && t && place_steward_shard(pl, t->rank) >= 0)
        plan->servers[exe - exes->values].mine = true;
}

/* The modules that servers load: those that the options name, else what was
 * found for models. */
static void name_modules(struct prepared *plan)
{
    plan->modules = *options_get(plan->sweep.options, OPT_DB_MODULES);
    if (!plan->models || !plan->models->module[0])
        return;
    plan->module = (struct value){.text = plan->models->module};
    plan->modules.values = &plan->module;
    plan->modules.nvalues = 1;
}

/* Where models are, on all ranks alike, or on this one alone (t NULL). */
static int find_models(struct prepared *plan, struct team *t, struct error *err)
{
    const struct options *o = plan->sweep.options;

    plan->models = mem_new(1, sizeof *plan->models);
    if ((t ? model_files_share(t, o, plan->models, err)
           : model_files_find(o, plan->models, err)) < 0)
        return -1;
    name_modules(plan);
    return 0;
}

/* What all permutations together come to, in one pass: to place one takes
 * O(nodes). */
static void add_up(struct prepared *plan, const struct machine *m,
                   const struct team *t)
{
    const struct options *o = plan->sweep.options;
    const struct setting *bytes = options_get(o, OPT_TENSOR_BYTES);
    size_t exes = options_get(o, OPT_DB_EXE)->nvalues, setup = SIZE_MAX;
    /* who serves does so for a study that may have more experiments */
    bool puts = o->serve || options_has_placement(o, IN_THROUGHPUT);

    if (options_has_placement(o, options_placement(o, OPT_DB_EXE))) {
        plan->servers = mem_new(exes, sizeof *plan->servers);
    }
    for (size_t k = 0; k < bytes->nvalues && puts; k++)
        if (bytes->values[k].count > plan->max_bytes)
            plan->max_bytes = bytes->values[k].count;
    if (options_infers(o)) {
        const int64_t most[] = {
            plan->models ? plan->models->bytes : 0, plan->sweep.input.count,
            options_shape(o, OPT_OUTPUT_SHAPE)->count * (int64_t)sizeof(float)};

        for (size_t k = 0; k < sizeof most / sizeof most[0]; k++)
            if (most[k] > plan->max_bytes)
                plan->max_bytes = most[k];
    }
    for (size_t i = 0; i < plan->sweep.count; i++) {
        struct permutation p;
        struct placement pl;

        sweep_at(&plan->sweep, i, &p);
        if (place_solve(m, &p, &pl, NULL) < 0)
            continue; /* refused elsewhere */
        add_permutation(plan, t, &p, &pl, p.setup != setup);
        setup = p.setup;
        place_free(&pl);
    }
}

/* All stewards that will start it ask the server what it is, and the lowest
 * one's answer is everybody's. */
static int ask_server(struct team *t, const struct value *exe,
                      struct server *out, struct error *err)
{
    struct {
        char name[32], version[SRB_VERSION_MAX];
    } answer;
    int lowest = out->mine ? t->rank : t->size, rc = 0;

    memset(&answer, 0, sizeof answer);
    if (out->mine) {
        out->engine = engine_find(exe->text, answer.version, err);
        rc = out->engine ? 0 : -1;
        if (rc == 0)
            snprintf(answer.name, sizeof answer.name, "%s", out->engine->name);
    }
    if (team_agree(t, t->world, rc, err) < 0)
        return -1;
    team_allreduce(t, t->world, &lowest, 1, MPI_INT, MPI_MIN);
    if (lowest == t->size)
        return error_set(err, "db_exe: no permutation starts '%s'", exe->text);
    team_bcast(t, t->world, &answer, (int)sizeof answer, lowest);
    out->engine = engine_named(answer.name);
    snprintf(out->version, sizeof out->version, "%s", answer.version);
    snprintf(out->label, sizeof out->label, "%s%s%s", answer.name,
             answer.version[0] ? " " : "", answer.version);
    return 0;
}

/* A name as the shell has it (POSIX, "Environment Variables"), and nobody
 * else's. */
static int check_variable(const struct pair *v, struct error *err)
{
    static const char first[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrst"
                                "uvwxyz_0123456789";
    size_t ten = 10, all = strspn(v->name, first);

    if (v->name[all] || strspn(v->name, first + sizeof first - 1 - ten) > 0)
        return error_set(err,
                         "%s: found '%.60s', expected the name of a variable: "
                         "letters, digits and _, no digit first",
                         v->name_at, v->name);
    if (strncmp(v->name, "SRBENCH_", 8) == 0)
        return error_set(err,
                         "%s: '%.60s' is srbench's own, expected a variable of "
                         "the server's",
                         v->name_at, v->name);
    if (call_sets(v->name))
        return error_set(err,
                         "%s: '%.60s' is the launcher's, which knows what it "
                         "means here; expected a variable of the server's",
                         v->name_at, v->name);
    return 0;
}

/* What servers that are started are given: variables, and directives by those
 * that know such. */
static int check_servers(const struct prepared *plan, struct error *err)
{
    const struct options *o = plan->sweep.options;
    const struct setting *env = options_get(o, OPT_DB_ENV);
    const struct setting *args = options_get(o, OPT_DB_ARGS);
    size_t n = plan->servers ? options_get(o, OPT_DB_EXE)->nvalues : 0;

    for (size_t i = 0; i < env->nvalues && n > 0; i++)
        for (size_t k = 0; k < env->values[i].npairs; k++)
            if (check_variable(&env->values[i].pairs[k], err) < 0)
                return -1;
    for (size_t k = 0; k < n; k++) {
        const struct engine *engine = plan->servers[k].engine;

        for (size_t i = 0; i < args->nvalues; i++)
            if (engine && engine->check_args && args->values[i].npairs > 0 &&
                engine->check_args(&args->values[i], err) < 0)
                return -1;
    }
    return 0;
}

/* What the study asks for and a client does not have. */
static int check_client(const struct client_ops *ops, const struct options *o,
                        struct error *err)
{
    const struct {
        bool lacks;
        const char *option, *words;
    } all[] = {
        {!ops->serves && options_retire(o, RETIRE_EXPIRE), "retire",
         "has no server whose keys could expire, expected another client, or "
         "overwrite or delete"},
        {!ops->remove && options_retire(o, RETIRE_DELETE), "retire",
         "removes nothing, expected another client, or overwrite"},
        {!ops->ask && options_aggregates(o), "pattern",
         "knows no lists, which aggregate needs; expected another client, or "
         "another pattern"},
        {!ops->poll && options_exchanges(o), "pattern",
         "cannot ask whether a tensor is there, which exchange needs; expected "
         "another client, or pair or phases"},
    };

    if (ops->check && ops->check(options_one(o, OPT_NULL_CLIENT), err) < 0)
        return -1;
    for (size_t k = 0; k < sizeof all / sizeof all[0]; k++)
        if (all[k].lacks)
            return error_set(err, "%s: client '%s' %s", all[k].option,
                             ops->name, all[k].words);
    return 0;
}

/* A client that talks to servers needs one. */
static int check_served(const struct prepared *plan,
                        const struct client_ops *ops, struct error *err)
{
    const struct setting *exes = options_get(plan->sweep.options, OPT_DB_EXE);

    for (size_t e = 0; e < exes->nvalues && plan->servers && ops->serves; e++) {
        const struct engine *engine = plan->servers[e].engine;

        if (engine && engine->kind != ENGINE_PROCESS && !engine->client)
            return error_set(err,
                             "client '%s' needs a server, and db_exe '%s' is "
                             "none; give --client=null or a server",
                             ops->name, exes->values[e].text);
    }
    return 0;
}

static int check_clients(const struct prepared *plan, struct error *err)
{
    const struct options *o = plan->sweep.options;
    const struct setting *clients = options_get(o, OPT_CLIENT);

    for (size_t k = 0; k < clients->nvalues; k++) {
        const struct client_ops *ops = client_find(clients->values[k].text);

        if (check_client(ops, o, err) < 0 || check_served(plan, ops, err) < 0)
            return -1;
    }
    return 0;
}

/* What clients of another job are to use must be a process. */
static int check_reach(const struct options *o, struct error *err)
{
    const struct setting *exes = options_get(o, OPT_DB_EXE);

    for (size_t k = 0; k < exes->nvalues && (o->serve || options_batch(o));
         k++) {
        const struct engine *e = engine_builtin(exes->values[k].text);

        if (e && e->client)
            return error_set(err,
                             "db_exe: '%s' is nothing that another job can "
                             "reach; give a server, or leave out %s",
                             e->name, o->serve ? "serve" : "run_db_as_batch");
    }
    return 0;
}

static int find_servers(struct prepared *plan, struct team *t,
                        struct error *err)
{
    const struct options *o = plan->sweep.options;
    const struct setting *exes = options_get(o, OPT_DB_EXE);
    const struct roster *roster = t->machine.roster;

    if (roster) {
        plan->found.engine = engine_named(roster->engine);
        snprintf(plan->found.label, sizeof plan->found.label, "%.*s",
                 (int)sizeof plan->found.label - 1, roster->server);
        if (!plan->found.engine)
            return error_set(err,
                             "db_address: the server calls itself '%s', "
                             "which srbench does not know",
                             roster->engine);
        text_join(plan->server_names, sizeof plan->server_names, ", ", "%s",
                  plan->found.label);
    }
    if (!plan->servers)
        return 0; /* no permutation starts any */
    for (size_t k = 0; k < exes->nvalues; k++) {
        if (ask_server(t, &exes->values[k], &plan->servers[k], err) < 0)
            return -1;
        text_join(plan->server_names, sizeof plan->server_names, ", ", "%s",
                  plan->servers[k].label);
    }
    if (check_servers(plan, err) < 0 ||
        collapse(&plan->sweep, plan->servers, err) < 0)
        return -1;
    return check_clients(plan, err);
}

/* The study's folder of results, as the seed calls it. */
static void name_study(struct prepared *plan)
{
    const struct options *o = plan->sweep.options;
    const struct value *name = options_one(o, OPT_EXP_NAME);
    bool standard = options_has_placement(o, IN_STANDARD);
    bool colocated = options_has_placement(o, IN_COLOCATED);
    const char *what = !options_infers(o) ? "throughput"
                       : options_has_placement(o, IN_THROUGHPUT)
                           ? "throughput-inference"
                           : "inference";
    const char *where = !standard    ? "-colocated"
                        : !colocated ? "-standard"
                                     : "";

    if (name->is_auto)
        snprintf(plan->exp_name, sizeof plan->exp_name, "%s%s-scaling", what,
                 where);
    else
        snprintf(plan->exp_name, sizeof plan->exp_name, "%s", name->text);
}

/* results/EXP_NAME/run-DATE-TIME.h5 in local time; those after the first in one
 * second have numbers. */
static void choose_output(struct prepared *plan, int n)
{
    char number[16] = "";

    if (n > 1)
        snprintf(number, sizeof number, "-%d", n);
    snprintf(plan->output, sizeof plan->output, "results/%s/run-%s%s.h5",
             plan->exp_name, plan->when, number);
}

static void name_output(struct prepared *plan)
{
    const struct value *output = options_one(plan->sweep.options, OPT_OUTPUT);
    time_t now = time(NULL);
    struct tm tm;

    if (localtime_r(&now, &tm))
        strftime(plan->when, sizeof plan->when, "%Y%m%d-%H%M%S", &tm);
    if (output->is_auto)
        choose_output(plan, 1);
    else
        snprintf(plan->output, sizeof plan->output, "%s",
                 strcmp(output->text, "none") == 0 ? "" : output->text);
}

/* The name is taken by creating the file; that somebody was quicker is seen
 * afterwards. */
bool prepare_next_output(struct prepared *plan, int n)
{
    char lock[sizeof plan->output + 8];

    if (!options_one(plan->sweep.options, OPT_OUTPUT)->is_auto ||
        n > MOST_OUTPUTS)
        return false;
    snprintf(lock, sizeof lock, "%s.lock", plan->output);
    if (access(plan->output, F_OK) != 0 && access(lock, F_OK) != 0)
        return false;
    choose_output(plan, n);
    return true;
}

/* The file of the summary as JSON. */
static void name_summary(struct prepared *plan)
{
    const char *path = options_one(plan->sweep.options, OPT_SUMMARY_JSON)->text;

    if (strcmp(path, "none") != 0)
        snprintf(plan->summary_json, sizeof plan->summary_json, "%s", path);
}

/* A file that would replace another one of the study's, by whatever names. */
static int check_apart(const struct prepared *plan, struct error *err)
{
    const struct options *o = plan->sweep.options;
    const struct {
        const char *option, *path;
    } files[] = {{"output", plan->output},
                 {"summary_json", plan->summary_json},
                 {"figures", options_one(o, OPT_FIGURES)->text},
                 {"tuned", options_one(o, OPT_TUNED)->text}};

    for (size_t i = 1; i < sizeof files / sizeof files[0]; i++)
        for (size_t k = 0; k < i; k++)
            if (files[i].path[0] && strcmp(files[i].path, "none") != 0 &&
                path_same(files[i].path, files[k].path))
                return error_set(err,
                                 "%s and %s are the same file, '%s'; give one "
                                 "of them another name",
                                 files[i].option, files[k].option,
                                 files[i].path);
    return 0;
}

/* Where links lead that stand for the files: those stay, what they lead to is
 * written and locked. */
static int follow_links(struct prepared *plan, struct error *err)
{
    if (path_target(plan->output, sizeof plan->output, err) < 0)
        return error_prefix(err, "output");
    if (path_target(plan->summary_json, sizeof plan->summary_json, err) < 0)
        return error_prefix(err, "summary_json");
    return check_apart(plan, err);
}

/* Rank 0 looks. Collective over the world. */
static int find_files(struct prepared *plan, struct team *t, struct error *err)
{
    int rc = t->rank == 0 && !plan->sweep.options->serve
                 ? follow_links(plan, err)
                 : 0;

    return team_agree(t, t->world, rc, err);
}

/* The resolved configuration. */
static char *config_text(const struct options *o)
{
    char *text = NULL;
    size_t n;
    FILE *out = mem_stream(&text, &n);

    options_show(o, out);
    fclose(out);
    return text;
}

/* The earlier of two ends: that of wall_time, since srbench began, and the
 * job's. Rank 0 decides, by its clock. */
static void limit_time(struct prepared *plan, struct team *t, int64_t began)
{
    const struct value *wall = options_one(plan->sweep.options, OPT_WALL_TIME);
    double run = tick_seconds(tick_now() - began);
    double job = wlm_time_left(&plan->job) + run;
    int limited;

    plan->study.time_limit = wall->is_auto ? NAN : wall->seconds;
    plan->study.limited_by = wall->is_auto ? "" : "wall_time";
    if (!isnan(job) && !(plan->study.time_limit <= job)) {
        plan->study.time_limit = fmax(job, 0);
        plan->study.limited_by = "the job's time";
    }
    limited = !isnan(plan->study.time_limit);
    team_bcast(t, t->world, &limited, (int)sizeof limited, 0);
    plan->limited = limited != 0;
    if (t->rank == 0 && limited)
        plan->ends_at = began + (int64_t)(plan->study.time_limit * 1e9);
}

static void describe(struct prepared *plan, const struct team *t,
                     const struct run_args *args)
{
    struct tick_quality clock;

    name_study(plan);
    name_output(plan);
    tick_measure(&clock);
    plan->config = config_text(args->options);
    plan->study = (struct study_attributes){
        .command_line = args->command_line,
        .config = args->config,
        .resolved_config = plan->config,
        .exp_name = plan->exp_name,
        .output = plan->output,
        .server = plan->server_names,
        .network = plan->network,
        .job = &plan->job,
        .sweep = &plan->sweep,
        .machine = &t->machine,
        .seed = plan->seed,
        .clock_step = clock.step_ns,
        .clock_read_cost = 1e-9 * clock.read_ns,
    };
}

const struct server *prepare_server(const struct prepared *plan,
                                    const struct permutation *p)
{
    const struct value *exe = p->value[OPT_DB_EXE];

    return exe ? &plan->servers[exe -
                                options_get(plan->sweep.options, OPT_DB_EXE)
                                    ->values]
               : &plan->found;
}

/* What is longer than found databases take, and what to do about it. */
static int refuse_longer(const struct prepared *plan,
                         const struct roster *roster, struct error *err)
{
    bool model = plan->models && plan->models->bytes == plan->max_bytes;

    return error_set(err,
                     "%s: %lld%s is more than the databases that run take "
                     "(%lld); %s",
                     model ? "model" : "tensor_bytes",
                     (long long)plan->max_bytes,
                     model ? " bytes, the length of its file," : "",
                     (long long)roster->max_bytes,
                     !roster->served ? "raise their proto-max-bulk-len"
                     : model         ? "serve with the same model"
                                     : "serve with the same tensor_bytes");
}

/* What the user says servers are to have room for, and what found ones have. */
static int check_room(struct prepared *plan, const struct roster *roster,
                      struct error *err)
{
    const struct value *room =
        options_one(plan->sweep.options, OPT_DB_MAX_CLIENTS);

    if (roster && roster->max_bytes >= 0 && plan->max_bytes > roster->max_bytes)
        return refuse_longer(plan, roster, err);
    if (room->is_auto && plan->sweep.options->serve)
        plan->max_clients = SERVED_CLIENTS;
    if (room->is_auto)
        return 0;
    if (room->count < plan->max_clients)
        return error_set(err,
                         "db_max_clients: %lld is fewer than the %lld clients "
                         "that a server has in some permutation",
                         (long long)room->count, (long long)plan->max_clients);
    plan->max_clients = room->count;
    return 0;
}

/* Rank 0 speaks with the batch system, for all: it has one answer. An end that
 * it does not know is no reason not to run. */
static int find_job(struct prepared *plan, struct team *t,
                    const struct options *o, struct error *err)
{
    struct error silent = {.text = ""};
    int rc = 0;

    if (t->rank == 0)
        rc = wlm_find(options_one(o, OPT_LAUNCHER)->text, &plan->job, err);
    if (team_agree(t, t->world, rc, err) < 0)
        return -1;
    if (options_batch(o) && t->rank == 0 && !wlm_submits(&plan->job))
        rc = error_set(err, "run_db_as_batch: a job can be submitted to Slurm "
                            "and PBS, and srbench runs under neither here; "
                            "srbench serve in one job and --db_address in "
                            "another do the same by hand");
    if (team_agree(t, t->world, rc, err) < 0)
        return -1;
    if (t->rank == 0 && wlm_ask_end(&plan->job, &silent) < 0)
        diag_say("srbench: %s", silent.text);
    team_bcast(t, t->world, &plan->job, (int)sizeof plan->job, 0);
    return 0;
}

/* What is drawn by rank 0: the run's number, the seed of its order, and the
 * passwords of the databases that this job starts. */
static int draw(struct prepared *plan, struct team *t, struct error *err)
{
    const struct value *seed = options_one(plan->sweep.options, OPT_SEED);
    int rc = 0;

    plan->secret = secret_open();
    if (t->rank == 0) {
        if (getrandom(&plan->run, sizeof plan->run, 0) != sizeof plan->run)
            plan->run = (uint64_t)time(NULL);
        rc = secret_draw(plan->secret, err);
    }
    if (team_agree(t, t->world, rc, err) < 0)
        return -1;
    team_bcast(t, t->world, &plan->run, (int)sizeof plan->run, 0);
    team_bcast(t, t->world, plan->secret, (int)sizeof *plan->secret, 0);
    /* as large as an attribute of the file can be */
    plan->seed = seed->is_auto ? plan->run & INT64_MAX : (uint64_t)seed->count;
    return 0;
}

/* What does not fit the machine, all at once. */
static int check_machine(struct prepared *plan, struct team *t,
                         const struct discovery *d, const struct error *servers,
                         struct error *err)
{
    struct error cpus = {.text = ""};
    int rc = pin_check(t, d, &plan->sweep, &cpus);
    const struct preflight terms = {
        .sweep = &plan->sweep,
        .output = plan->sweep.options->serve ? "" : plan->output,
        .models = plan->models,
        .known = {rc < 0 ? &cpus : NULL, servers}};

    return preflight(t, d, &terms, err);
}

int prepare_by_name(const struct sweep *s, const struct machine *m,
                    struct error *err)
{
    const struct setting *exes = options_get(s->options, OPT_DB_EXE);
    struct prepared plan = {.sweep = *s};
    bool bad =
        check_reach(s->options, err) < 0 || find_models(&plan, NULL, err) < 0;

    add_up(&plan, m, NULL);
    for (size_t k = 0; plan.servers && k < exes->nvalues; k++)
        if (options_handed(OPT_DB_EXE, exes->values[k].text))
            plan.servers[k].engine = engine_named(exes->values[k].text);
    bad = bad || check_servers(&plan, err) < 0 ||
          check_clients(&plan, err) < 0 || check_room(&plan, NULL, err) < 0;
    free(plan.models);
    free(plan.servers);
    return bad ? -1 : 0;
}

/* Rank 0 reads them, as for a study. Collective over the world. */
static int try_external(struct team *t, const struct options *o,
                        struct error *err)
{
    int rc =
        t->rank == 0 && options_external(o) ? external_check_files(o, err) : 0;

    return team_agree(t, t->world, rc, err);
}

int prepare_try(struct team *t, const struct discovery *d,
                const struct options *o, struct error *err)
{
    struct prepared plan = {.config = NULL};
    struct error servers = {.text = ""};
    int rc;

    if (sweep_open(&plan.sweep, o, err) < 0)
        return -1;
    name_study(&plan);
    name_output(&plan);
    name_summary(&plan);
    rc = find_models(&plan, t, err) < 0 || find_files(&plan, t, err) < 0 ||
         try_external(t, o, err) < 0;
    if (rc == 0) {
        add_up(&plan, &t->machine, t);
        rc = find_servers(&plan, t, &servers);
        rc = check_machine(&plan, t, d, rc < 0 ? &servers : NULL, err);
    }
    free(plan.servers);
    free(plan.models);
    sweep_close(&plan.sweep);
    return rc == 0 ? 0 : -1;
}

/* The sweep, of which every permutation can be placed. */
static int solve(struct prepared *plan, const struct team *t,
                 const struct options *o, struct error *err)
{
    if (sweep_open(&plan->sweep, o, err) < 0 || check_reach(o, err) < 0)
        return -1;
    if (t->machine.roster)
        sweep_found(&plan->sweep, t->machine.roster->nshards);
    if (report_impossible(&plan->sweep, &t->machine, t->rank != 0) > 0)
        return error_set(err, "not every permutation can be placed; nothing "
                              "was run");
    return 0;
}

int prepare(struct prepared *plan, struct team *t, const struct discovery *d,
            const struct run_args *args, struct error *err)
{
    struct error servers = {.text = ""};
    int rc;

    memset(plan, 0, sizeof *plan);
    if (solve(plan, t, args->options, err) < 0 ||
        find_models(plan, t, err) < 0 ||
        find_job(plan, t, args->options, err) < 0 || draw(plan, t, err) < 0)
        return -1;
    name_summary(plan);
    add_up(plan, &t->machine, t);
    if (check_room(plan, t->machine.roster, err) < 0)
        return -1;
    rc = find_servers(plan, t, &servers);
    describe(plan, t, args);
    if (find_files(plan, t, err) < 0 ||
        check_machine(plan, t, d, rc < 0 ? &servers : NULL, err) < 0)
        return -1;
    limit_time(plan, t, args->began);
    return 0;
}

void prepare_free(struct prepared *plan)
{
    secret_close(plan->secret);
    sweep_close(&plan->sweep);
    free(plan->models);
    free(plan->servers);
    free(plan->config);
}
