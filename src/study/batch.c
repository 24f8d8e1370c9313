#include "study/batch.h"

#include <errno.h>
#include <libgen.h>
#include <limits.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/diag.h"
#include "base/mem.h"
#include "base/quote.h"
#include "base/signals.h"
#include "base/tick.h"
#include "plan/eligible.h"
#include "servers/external.h"
#include "servers/lifeline.h"
#include "study/batch_config.h"
#include "wlm/wlm.h"

/* Between two looks for the file, and two questions to the batch system. */
#define LOOK_NS INT64_C(200000000)
#define ASK_SECONDS 5.0
#define SAY_SECONDS 15.0
/* How long the job may take to end by itself. */
#define END_SECONDS 20.0
/* Between two questions whether it has: each is the batch system's to answer.
 */
#define END_LOOK_NS INT64_C(1000000000)
/* Between the job's start and the file, beyond db_timeout: its own MPI. */
#define START_SECONDS 60.0

struct batch {
    const struct job *job;
    struct lifeline *lifeline;
    char lifeline_at[SRB_LIFELINE_MAX];
    char folder[PATH_MAX];
    char id[SRB_JOB_ID_MAX]; /* "": not submitted */
};

static char *inside(const struct batch *b, const char *name,
                    char path[PATH_MAX + 16])
{
    snprintf(path, PATH_MAX + 16, "%s/%s", b->folder, name);
    return path;
}

/* ---- what the job is given ---- */

static int make_folder(struct batch *b, const char *output, struct error *err)
{
    char copy[PATH_MAX], where[PATH_MAX];

    snprintf(copy, sizeof copy, "%s", output[0] ? output : "./none");
    if (!realpath(dirname(copy), where) ||
        snprintf(b->folder, sizeof b->folder, "%s/srbench-db-XXXXXX", where) >=
            (int)sizeof b->folder ||
        !mkdtemp(b->folder)) {
        error_set(err, "run_db_as_batch: cannot make a folder in '%s': %s",
                  where, strerror(errno));
        b->folder[0] = '\0';
        return -1;
    }
    return 0;
}

static int write_config(const struct batch *b, const struct batch_terms *terms,
                        struct error *err)
{
    char path[PATH_MAX + 16];
    FILE *f = fopen(inside(b, "study.yaml", path), "wxe");

    if (f)
        batch_config_print(f, terms);
    if (!f || fclose(f) != 0)
        return error_set(err, "run_db_as_batch: cannot write '%s': %s", path,
                         strerror(errno));
    return 0;
}

static int write_script(const struct batch *b, const struct batch_terms *terms,
                        char **text, struct error *err)
{
    char exe[PATH_MAX], path[PATH_MAX + 16];
    ssize_t len = readlink("/proc/self/exe", exe, sizeof exe - 1);
    size_t n;
    FILE *out;

    if (len < 0)
        return error_set(err,
                         "run_db_as_batch: cannot tell where srbench is: "
                         "%s",
                         strerror(errno));
    exe[len] = '\0';
    out = mem_stream(text, &n);

    fputs("#!/bin/sh\n# the databases of a running srbench\n", out);
    wlm_print_launch(out, b->job, terms->pl->db_nodes);
    quote_print(out, exe);
    fputs(" serve --config ", out);
    quote_print(out, inside(b, "study.yaml", path));
    fputs(" --db_address=", out);
    quote_print(out, inside(b, "address", path));
    fprintf(out, " --lifeline=%s\nstatus=$?\n", b->lifeline_at);
    /* whoever was killed cannot; after a failure the log is still read */
    fputs("[ $status -ne 0 ] || rm -rf ", out);
    quote_print(out, b->folder);
    fputs("\nexit $status\n", out);
    fclose(out);
    return 0;
}

/* Arguments of the submission: of db_node_feature what is no constraint, then
 * batch_args, which win. Allocated; its strings are not. */
static struct pair *arguments(const struct options *o, size_t *n)
{
    const struct value *features = options_one(o, OPT_DB_NODE_FEATURE);
    const struct value *args = options_one(o, OPT_BATCH_ARGS);
    struct pair *list =
        mem_new(features->npairs + args->npairs + 1, sizeof *list);

    *n = 0;
    for (size_t i = 0; i < features->npairs; i++)
        if (features->pairs[i].value != eligible_constraint(features))
            list[(*n)++] = features->pairs[i];
    for (size_t i = 0; i < args->npairs; i++)
        list[(*n)++] = args->pairs[i];
    return list;
}

static int submit(struct batch *b, const struct batch_terms *terms,
                  struct error *err)
{
    const struct options *o = terms->plan->sweep.options;
    const char *constraint =
        eligible_constraint(options_one(o, OPT_DB_NODE_FEATURE));
    char output[PATH_MAX + 16], *script = NULL;
    struct wlm_request r = {
        .name = "srbench-db",
        .output = inside(b, "log", output),
        .folder = b->folder,
        .constraint = constraint ? constraint : "",
        .nodes = terms->pl->db_nodes,
        .tasks_per_node = 1,
        .cpus_per_task = (int)permutation_count(terms->p, OPT_DB_CPUS, 1),
        .wall_time = terms->plan->limited
                         ? tick_seconds(terms->plan->ends_at - tick_now())
                         : NAN,
    };
    struct pair *args;
    int rc;

    if (write_config(b, terms, err) < 0 ||
        write_script(b, terms, &script, err) < 0)
        return -1;
    args = arguments(o, &r.nargs);
    r.args = args;
    r.script = script;
    rc = wlm_submit(b->job, &r, b->id, err);
    free(args);
    free(script);
    return rc;
}

/* ---- waiting ---- */

/* The end of what the job printed, on one line: why it ended. */
static void last_words(const struct batch *b, char *buf, size_t n)
{
    char path[PATH_MAX + 16];
    FILE *f = fopen(inside(b, "log", path), "re");
    size_t got = 0;

    buf[0] = '\0';
    if (!f)
        return;
    if (fseek(f, -(long)(n - 1), SEEK_END) != 0)
        rewind(f);
    got = fread(buf, 1, n - 1, f);
    fclose(f);
    buf[got] = '\0';
    while (got > 0 && strchr(" \n\r", buf[got - 1]))
        buf[--got] = '\0';
    for (char *c = buf; *c; c++)
        if (*c == '\n' || *c == '\r')
            *c = ' ';
}

static int has_ended(const struct batch *b, const struct wlm_state *state,
                     struct error *err)
{
    char words[400];

    last_words(b, words, sizeof words);
    return error_set(err, "the databases' job %s has ended (%s)%s%s", b->id,
                     state->word, words[0] ? ": " : "", words);
}

/* What the waiting has come to. */
struct patience {
    int64_t submitted, began; /* ticks; began 0: it has not */
    int64_t asked, said;
    double queue, start; /* s that may be waited for each */
    struct wlm_state state;
};

/* Ask the batch system now and then, tell people now and then. */
static int look_at_job(const struct batch *b, struct patience *w,
                       struct error *err)
{
    int64_t now = tick_now();
    struct error ignored;

    if (tick_seconds(now - w->asked) >= ASK_SECONDS) {
        w->asked = now;
        if (wlm_state(b->job, b->id, &w->state, &ignored) == 0 &&
            w->state.phase == WLM_ENDED)
            return has_ended(b, &w->state, err);
        if (w->state.phase == WLM_RUNNING && w->began == 0)
            w->began = now;
    }
    if (tick_seconds(now - w->said) >= SAY_SECONDS) {
        w->said = now;
        diag_note("waiting for the databases' job %s (%s%s%s), %.0f s so far",
                  b->id, w->state.word, w->state.reason[0] ? ": " : "",
                  w->state.reason, tick_seconds(now - w->submitted));
    }
    return 0;
}

static int is_late(const struct batch *b, const struct patience *w,
                   struct error *err)
{
    int64_t now = tick_now();

    if (w->began == 0 && tick_seconds(now - w->submitted) > w->queue)
        return error_set(err,
                         "the databases' job %s did not start within %g s "
                         "(batch_timeout): %s %s",
                         b->id, w->queue, w->state.word, w->state.reason);
    if (w->began > 0 && tick_seconds(now - w->began) > w->start)
        return error_set(err,
                         "the databases' job %s runs for %g s and does not "
                         "serve (db_timeout); the folder '%s' must be one that "
                         "both jobs see",
                         b->id, w->start, b->folder);
    return 0;
}

static int await_roster(const struct batch *b, const struct batch_terms *terms,
                        struct roster *out, struct error *err)
{
    const struct options *o = terms->plan->sweep.options;
    int64_t now = tick_now();
    struct patience w = {.submitted = now,
                         .said = now,
                         .queue = options_one(o, OPT_BATCH_TIMEOUT)->seconds,
                         .start = START_SECONDS +
                                  options_one(o, OPT_DB_TIMEOUT)->seconds,
                         .state = {.word = "submitted"}};
    char path[PATH_MAX + 16];
    int signal;

    inside(b, "address", path);
    for (;;) {
        int rc = external_read(path, out, err);

        if (rc != 0)
            return rc < 0 ? -1 : 0;
        if (look_at_job(b, &w, err) < 0 || is_late(b, &w, err) < 0)
            return -1;
        team_look(terms->team);
        signal = signals_state()->asked;
        if (signal)
            return error_set(err,
                             "the wait for the databases' job %s was broken "
                             "off by signal %d (%s)",
                             b->id, signal, strsignal(signal));
        tick_sleep(LOOK_NS);
    }
}

/* ---- the life of the job ---- */

/* The address of this node that other nodes reach. */
static const char *own_address(const struct machine *m)
{
    const struct node *node = &m->nodes[m->rank_node[0]];

    return node->address[0] ? node->address : node->loopback;
}

int batch_open(struct batch **out, const struct batch_terms *terms,
               struct roster *roster, struct error *err)
{
    struct batch *b = calloc(1, sizeof *b);

    *out = NULL;
    if (!b)
        return error_set(err, "not enough memory for a batch job");
    b->job = &terms->plan->job;
    if (make_folder(b, terms->plan->output, err) < 0 ||
        lifeline_open(own_address(terms->pl->machine), &b->lifeline,
                      b->lifeline_at, err) < 0 ||
        submit(b, terms, err) < 0)
        goto fail;
    diag_note("databases: submitted job %s of %d node%s", b->id,
              terms->pl->db_nodes, terms->pl->db_nodes == 1 ? "" : "s");
    if (await_roster(b, terms, roster, err) < 0)
        goto fail;
    if (roster->nshards != terms->pl->nshards) {
        error_set(err, "the databases' job %s has %d shards instead of %d",
                  b->id, roster->nshards, terms->pl->nshards);
        roster_free(roster);
        goto fail;
    }
    *out = b;
    return 0;
fail:
    batch_close(b);
    return -1;
}

int batch_check(struct batch *b, struct error *err)
{
    struct wlm_state state;
    struct error ignored;

    if (wlm_state(b->job, b->id, &state, &ignored) == 0 &&
        state.phase == WLM_ENDED)
        return has_ended(b, &state, err);
    return 0;
}

/* Let it end by itself, which stops its servers in order; then cancel it. */
static void end_job(struct batch *b)
{
    int64_t deadline = tick_deadline(END_SECONDS);
    struct wlm_state state = {.phase = WLM_UNKNOWN};
    struct error err;

    while (wlm_state(b->job, b->id, &state, &err) == 0 &&
           state.phase == WLM_RUNNING && tick_now() < deadline)
        tick_sleep(END_LOOK_NS);
    if (state.phase != WLM_ENDED && wlm_cancel(b->job, b->id, &err) < 0)
        diag_say("the databases' job %s may still be there: %s", b->id,
                 err.text);
}

void batch_close(struct batch *b)
{
    static const char *const files[] = {"study.yaml", "address", "log"};
    char path[PATH_MAX + 16];

    if (!b)
        return;
    lifeline_close(b->lifeline);
    if (b->id[0])
        end_job(b);
    for (size_t k = 0; k < sizeof files / sizeof files[0]; k++)
        unlink(inside(b, files[k], path));
    if (b->folder[0] && rmdir(b->folder) != 0 && errno != ENOENT)
        diag_say("the folder '%s' could not be removed: %s", b->folder,
                 strerror(errno));
    free(b);
}
