/* Slurm: srun(1), sbatch(1), squeue(1), scontrol(1), scancel(1). */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/mem.h"
#include "wlm/call.h"

/* `scontrol -o show node` writes some 1 KB of each; names are asked for in
 * pieces, since one argument may not be longer than 128 KiB (execve(2)). */
#define NODE_LINE_MAX 8192
#define NAMES_MAX 65536

static void describe(struct job *j)
{
    const char *nodes = getenv("SLURM_JOB_NODELIST");
    const char *end = getenv("SLURM_JOB_END_TIME"); /* since Slurm 23.02 */

    snprintf(j->id, sizeof j->id, "%s", getenv("SLURM_JOB_ID"));
    snprintf(j->node_list, sizeof j->node_list, "%s", nodes ? nodes : "");
    if (end && strtod(end, NULL) > 0)
        j->end = strtod(end, NULL);
}

/* MPICH's mpiexec gives its own environment to the ranks of all nodes: what it
 * found in SLURMD_NODENAME is its node, not theirs. It says MPI_LOCALNRANKS. */
static void node_name(char *buf, size_t n)
{
    const char *name = getenv("SLURMD_NODENAME");

    snprintf(buf, n, "%s", name && !getenv("MPI_LOCALNRANKS") ? name : "");
}

static int ask_end(struct job *j, struct error *err)
{
    struct words w = {0};
    char left[256];

    call_words_add(&w, "squeue");
    call_words_add(&w, "--noheader");
    call_words_add(&w, "--jobs=%s", j->id);
    call_words_add(&w, "--format=%%L");
    if (call_run(&w, NULL, left, sizeof left, err) < 0)
        return -1;
    /* UNLIMITED and NOT_SET are no times */
    left[strcspn(left, "\n")] = '\0';
    j->end = (double)time(NULL) + call_parse_duration(left);
    return 0;
}

/* ---- features ---- */

/* A node that is asked for, and its place in the question. */
struct asked {
    const char *name;
    int at;
};

static int by_name(const void *a, const void *b)
{
    return strcmp(((const struct asked *)a)->name,
                  ((const struct asked *)b)->name);
}

/* A line of scontrol: all nodes of its name get its features. */
static void take_line(const char *line, const struct asked *all, int n,
                      char *features[])
{
    char name[256], value[4096];
    int low = 0, high = n;

    if (call_find_value(line, "NodeName=", " \n", name, sizeof name) < 0)
        return;
    if (call_find_value(line, "ActiveFeatures=", " \n", value, sizeof value) <
        0)
        call_find_value(line, "AvailableFeatures=", " \n", value, sizeof value);
    while (low < high) {
        int mid = low + (high - low) / 2;

        if (strcmp(all[mid].name, name) < 0)
            low = mid + 1;
        else
            high = mid;
    }
    for (; low < n && strcmp(all[low].name, name) == 0; low++) {
        free(features[all[low].at]);
        features[all[low].at] =
            mem_copy(strcmp(value, "(null)") == 0 ? "" : value);
    }
}

/* What scontrol prints of a node that Slurm does not know, among the others:
 * "Node nid0099 not found". */
static int refuse_unknown(const char *said, struct error *err)
{
    const char *end = strstr(said, " not found"), *name = end;

    while (name && name > said && name[-1] != ' ')
        name--;
    if (name)
        error_set(err, "Slurm knows no node '%.*s'", (int)(end - name), name);
    return -1;
}

/* Ask for some nodes, joined by commas. */
static int ask_nodes(const char *names, int count, const struct asked *all,
                     int n, char *features[], struct error *err)
{
    size_t room = (size_t)(count + 1) * NODE_LINE_MAX;
    char *text = mem_new(room, 1), *line, *rest;
    struct words w = {0};
    int rc;

    call_words_add(&w, "scontrol");
    call_words_add(&w, "--oneliner");
    call_words_add(&w, "show");
    call_words_add(&w, "node");
    call_words_add(&w, "%s", names);
    rc = call_run(&w, NULL, text, room, err);
    if (rc < 0)
        rc = refuse_unknown(text, err);
    if (rc == 0 && strlen(text) == room - 1)
        rc = error_set(err, "scontrol says more of %d nodes than %zu bytes",
                       count, room);
    for (line = strtok_r(text, "\n", &rest); rc == 0 && line;
         line = strtok_r(NULL, "\n", &rest))
        take_line(line, all, n, features);
    free(text);
    return rc;
}

/* Ask for all nodes, each once, in as many pieces as it takes. */
static int ask_all(const struct asked *all, int n, char *features[],
                   struct error *err)
{
    char *names = mem_new(NAMES_MAX, 1);
    size_t used = 0;
    int count = 0, rc = 0;

    for (int i = 0; i < n && rc == 0; i++) {
        if (i > 0 && strcmp(all[i].name, all[i - 1].name) == 0)
            continue;
        if (used + strlen(all[i].name) + 2 > NAMES_MAX) {
            rc = ask_nodes(names, count, all, n, features, err);
            used = 0;
            count = 0;
        }
        used += (size_t)snprintf(names + used, NAMES_MAX - used, "%s%s",
                                 count ? "," : "", all[i].name);
        count++;
    }
    if (rc == 0)
        rc = ask_nodes(names, count, all, n, features, err);
    free(names);
    return rc;
}

static int features(char *const names[], int n, char *found[],
                    struct error *err)
{
    struct asked *all = mem_new((size_t)n, sizeof *all);
    char **got = mem_new((size_t)n, sizeof *got);
    int rc;

    for (int i = 0; i < n; i++)
        all[i] = (struct asked){names[i], i};
    qsort(all, (size_t)n, sizeof *all, by_name);
    rc = ask_all(all, n, got, err);
    for (int i = 0; i < n && rc == 0; i++)
        if (!got[i])
            rc = error_set(err, "Slurm says nothing of node '%s'", names[i]);
    for (int i = 0; i < n; i++) {
        if (rc == 0)
            found[i] = got[i];
        else
            free(got[i]);
    }
    free(got);
    free(all);
    return rc;
}

/* ---- another job ---- */

/* More jobs than one, another cluster, another script, or an answer that is no
 * id. */
static const char *const refused[] = {
    "a",       "array",     "clusters", "h",        "help", "M",
    "quiet",   "test-only", "Q",        "usage",    "V",    "W",
    "version", "wait",      "wrap",     "parsable", NULL};

static int add_args(struct words *w, const struct wlm_request *r,
                    struct error *err)
{
    for (size_t i = 0; i < r->nargs; i++) {
        const struct pair *arg = &r->args[i];

        if (call_check_arg(arg, refused, err) < 0)
            return -1;
        if (strlen(arg->name) > 1) {
            call_words_add(w, "--%s%s%s", arg->name, arg->value ? "=" : "",
                           arg->value ? arg->value : "");
            continue;
        }
        call_words_add(w, "-%s", arg->name);
        if (arg->value)
            call_words_add(w, "%s", arg->value);
    }
    return 0;
}

/* The line of the answer that is an id ("123", "123;cluster"); a site's own
 * plugin may say more. */
static int find_id(char *text, char id[SRB_JOB_ID_MAX], struct error *err)
{
    char *rest;

    for (char *line = strtok_r(text, "\n", &rest); line;
         line = strtok_r(NULL, "\n", &rest)) {
        size_t n = strspn(line, "0123456789");

        if (n == 0 || n >= SRB_JOB_ID_MAX || (line[n] && line[n] != ';'))
            continue;
        snprintf(id, SRB_JOB_ID_MAX, "%.*s", (int)n, line);
        return 0;
    }
    return error_set(err, "sbatch did not say the id of the job");
}

static int submit(const struct wlm_request *r, char id[SRB_JOB_ID_MAX],
                  struct error *err)
{
    long long s = isnan(r->wall_time) ? 0 : (long long)ceil(r->wall_time);
    struct words w = {0};
    char answer[4096];

    call_words_add(&w, "sbatch");
    call_words_add(&w, "--parsable");
    call_words_add(&w, "--no-requeue");
    call_words_add(&w, "--job-name=%s", r->name);
    call_words_add(&w, "--nodes=%d", r->nodes);
    call_words_add(&w, "--ntasks-per-node=%d", r->tasks_per_node);
    call_words_add(&w, "--cpus-per-task=%d", r->cpus_per_task);
    call_words_add(&w, "--output=%s", r->output);
    call_words_add(&w, "--chdir=%s", r->folder);
    if (s > 0)
        call_words_add(&w, "--time=%lld-%02lld:%02lld:%02lld", s / 86400,
                       s / 3600 % 24, s / 60 % 60, s % 60);
    if (r->constraint[0])
        call_words_add(&w, "--constraint=%s", r->constraint);
    if (add_args(&w, r, err) < 0) {
        call_words_free(&w);
        return -1;
    }
    if (call_run(&w, r->script, answer, sizeof answer, err) < 0)
        return -1;
    return find_id(answer, id, err);
}

static int cancel(const char *id, struct error *err)
{
    struct words w = {0};
    char answer[1024];

    call_words_add(&w, "scancel");
    call_words_add(&w, "--quiet"); /* of one that has ended it says nothing */
    call_words_add(&w, "%s", id);
    return call_run(&w, NULL, answer, sizeof answer, err);
}

/* The states of squeue(1), "JOB STATE CODES". */
static enum wlm_phase phase_of(const char *word)
{
    static const struct {
        const char *word;
        enum wlm_phase phase;
    } known[] = {
        {"PENDING", WLM_PENDING},      {"CONFIGURING", WLM_PENDING},
        {"REQUEUED", WLM_PENDING},     {"REQUEUE_FED", WLM_PENDING},
        {"REQUEUE_HOLD", WLM_PENDING}, {"RESV_DEL_HOLD", WLM_PENDING},
        {"SPECIAL_EXIT", WLM_PENDING}, {"RUNNING", WLM_RUNNING},
        {"RESIZING", WLM_RUNNING},     {"SIGNALING", WLM_RUNNING},
        {"STOPPED", WLM_RUNNING},      {"SUSPENDED", WLM_RUNNING},
        {"COMPLETING", WLM_ENDED},     {"STAGE_OUT", WLM_ENDED},
        {"BOOT_FAIL", WLM_ENDED},      {"CANCELLED", WLM_ENDED},
        {"COMPLETED", WLM_ENDED},      {"DEADLINE", WLM_ENDED},
        {"FAILED", WLM_ENDED},         {"NODE_FAIL", WLM_ENDED},
        {"OUT_OF_MEMORY", WLM_ENDED},  {"PREEMPTED", WLM_ENDED},
        {"REVOKED", WLM_ENDED},        {"TIMEOUT", WLM_ENDED},
    };

    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++)
        if (strcmp(known[i].word, word) == 0)
            return known[i].phase;
    return WLM_UNKNOWN;
}

static int state(const char *id, struct wlm_state *s, struct error *err)
{
    struct words w = {0};
    char answer[1024], *bar;

    call_words_add(&w, "squeue");
    call_words_add(&w, "--noheader");
    call_words_add(&w, "--states=all");
    call_words_add(&w, "--jobs=%s", id);
    call_words_add(&w, "--format=%%T|%%r");
    if (call_run(&w, NULL, answer, sizeof answer, err) < 0) {
        if (!strstr(answer, "Invalid job id"))
            return -1;
        answer[0] = '\0';
    }
    answer[strcspn(answer, "\n")] = '\0';
    if (answer[0] == '\0') { /* MinJobAge after its end (slurm.conf(5)) */
        s->phase = WLM_ENDED;
        return 0;
    }
    bar = strchr(answer, '|');
    if (bar)
        *bar = '\0';
    snprintf(s->word, sizeof s->word, "%.*s", (int)sizeof s->word - 1, answer);
    if (bar && strcmp(bar + 1, "None") != 0)
        snprintf(s->reason, sizeof s->reason, "%.*s", (int)sizeof s->reason - 1,
                 bar + 1);
    s->phase = phase_of(s->word);
    return 0;
}

/* Since 22.05 a step does not inherit --cpus-per-task from its job (srun(1)).
 */
static void print_launch(FILE *out, int nodes)
{
    fprintf(out,
            "srun --mpi=%s --nodes=%d --ntasks-per-node=1 "
            "${SLURM_CPUS_PER_TASK:+--cpus-per-task=$SLURM_CPUS_PER_TASK} ",
            getenv("PMIX_RANK") ? "pmix" : "pmi2", nodes);
}

const struct wlm wlm_slurm = {
    .name = "slurm",
    .mark = "SLURM_JOB_ID",
    .people = "Slurm",
    .describe = describe,
    .ask_end = ask_end,
    .node_name = node_name,
    .features = features,
    .submit = submit,
    .print_launch = print_launch,
    .cancel = cancel,
    .state = state,
};
