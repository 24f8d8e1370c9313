/* PBS Professional, OpenPBS and Torque: qsub(1B), qstat(1B), qdel(1B). */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/hostlist.h"
#include "base/mem.h"
#include "base/quote.h"
#include "wlm/call.h"

#define STATUS_MAX 262144 /* of one job; its list of nodes may be long */

/* The next host of a node file: a line each, once for every process there. */
static bool next_host(FILE *f, char host[SRB_HOST_MAX])
{
    char line[SRB_HOST_MAX], before[SRB_HOST_MAX];

    snprintf(before, sizeof before, "%s", host);
    while (fgets(line, sizeof line, f)) {
        line[strcspn(line, "\r\n ")] = '\0';
        if (line[0] == '\0' || strcmp(line, before) == 0)
            continue;
        snprintf(host, SRB_HOST_MAX, "%s", line);
        return true;
    }
    return false;
}

/* The file is on the job's first node; elsewhere there may be none. */
static FILE *node_file(void)
{
    const char *path = getenv("PBS_NODEFILE");

    return path ? fopen(path, "re") : NULL;
}

static void describe(struct job *j)
{
    FILE *f = node_file();
    char host[SRB_HOST_MAX] = "";
    size_t used = 0;

    snprintf(j->id, sizeof j->id, "%s", getenv("PBS_JOBID"));
    while (f && next_host(f, host) &&
           used + strlen(host) + 2 < sizeof j->node_list)
        used +=
            (size_t)snprintf(j->node_list + used, sizeof j->node_list - used,
                             "%s%s", used ? "," : "", host);
    if (f)
        fclose(f);
}

/* As the node file spells this host. */
static void node_name(char *buf, size_t n)
{
    char self[SRB_HOST_MAX] = "", host[SRB_HOST_MAX] = "";
    FILE *f = node_file();

    buf[0] = '\0';
    if (!f)
        return;
    gethostname(self, sizeof self - 1);
    while (buf[0] == '\0' && next_host(f, host))
        if (hostlist_same(host, self))
            snprintf(buf, n, "%s", host);
    fclose(f);
}

/* ---- what qstat says ---- */

/* A job's full status, its long lines unfolded; to be freed. *said, also on
 * failure, is what was printed. */
static int ask(const char *id, char **said, struct error *err)
{
    struct words w = {0};
    char *text = mem_new(STATUS_MAX, 1), *to;
    int rc;

    call_words_add(&w, "qstat");
    call_words_add(&w, "-f");
    call_words_add(&w, "%s", id);
    rc = call_run(&w, NULL, text, STATUS_MAX, err);
    to = text;
    for (const char *from = text; *from; from++) {
        if (from[0] == '\n' && from[1] == '\t')
            from++;
        else
            *to++ = *from;
    }
    *to = '\0';
    *said = text;
    return rc;
}

static double duration_of(const char *status, const char *key)
{
    char value[64];

    if (call_find_value(status, key, "\n", value, sizeof value) < 0)
        return NAN;
    return call_parse_duration(value);
}

/* The node file is written when the job starts. */
static double end_by_environment(void)
{
    const char *limit = getenv("PBS_WALLTIME"); /* s; Torque sets it */
    const char *path = getenv("PBS_NODEFILE");
    struct stat st;

    if (!limit || !path || stat(path, &st) != 0 || strtod(limit, NULL) <= 0)
        return NAN;
    return (double)st.st_mtime + strtod(limit, NULL);
}

static int ask_end(struct job *j, struct error *err)
{
    char *status;
    int rc = ask(j->id, &status, err);

    if (rc == 0) {
        double used = duration_of(status, "resources_used.walltime = ");

        /* before the first measurement of a job there is none */
        j->end = (double)time(NULL) - (isnan(used) ? 0 : used) +
                 duration_of(status, "Resource_List.walltime = ");
    }
    free(status);
    if (isnan(j->end))
        j->end = end_by_environment();
    return isnan(j->end) ? rc : 0;
}

/* The letters of qstat(1B), "Job States"; C is Torque's. */
static enum wlm_phase phase_of(char letter)
{
    if (letter == '\0')
        return WLM_UNKNOWN;
    if (strchr("QHWTM", letter))
        return WLM_PENDING;
    if (strchr("RSUB", letter))
        return WLM_RUNNING;
    return strchr("EFXC", letter) ? WLM_ENDED : WLM_UNKNOWN;
}

static int state(const char *id, struct wlm_state *s, struct error *err)
{
    char *status;
    int rc = ask(id, &status, err);

    if (rc < 0 &&
        (strstr(status, "Unknown Job") || strstr(status, "has finished"))) {
        s->phase = WLM_ENDED;
        rc = 0;
    } else if (rc == 0) {
        call_find_value(status, "job_state = ", " \n", s->word, sizeof s->word);
        call_find_value(status, "comment = ", "\n", s->reason,
                        sizeof s->reason);
        s->phase = phase_of(s->word[0]);
    }
    free(status);
    return rc;
}

/* ---- another job ---- */

/* More jobs than one, an interactive one, or one that is waited for. */
static const char *const refused[] = {"I", "J", "t", "V", "W", "z", NULL};

static int add_args(struct words *w, const struct wlm_request *r,
                    struct error *err)
{
    for (size_t i = 0; i < r->nargs; i++) {
        const struct pair *arg = &r->args[i];
        bool letter = strlen(arg->name) == 1;

        if (call_check_arg(arg, refused, err) < 0)
            return -1;
        if (!letter && !arg->value)
            return error_set(err,
                             "PBS has no argument '%s' without a value; give "
                             "resources such as place: scatter:excl, or "
                             "letters of qsub",
                             arg->name);
        call_words_add(w, "-%s", letter ? arg->name : "l");
        if (!letter)
            call_words_add(w, "%s=%s", arg->name, arg->value);
        else if (arg->value)
            call_words_add(w, "%s", arg->value);
    }
    return 0;
}

/* A job begins in the home folder, and not every PBS can be told another: the
 * script goes there after its first line. To be freed. */
static char *go_to(const char *script, const char *folder)
{
    size_t first = script[0] == '#' ? strcspn(script, "\n") : 0;
    size_t n;
    char *text = NULL;
    FILE *out = mem_stream(&text, &n);

    fprintf(out, "%.*s%scd ", (int)first, script, first ? "\n" : "");
    quote_print(out, folder);
    fprintf(out, " || exit 1\n%s", script + first + (script[first] == '\n'));
    fclose(out);
    return text;
}

/* The last line that begins with a digit: "123.server". */
static int find_id(char *text, char id[SRB_JOB_ID_MAX], struct error *err)
{
    char *rest;

    id[0] = '\0';
    for (char *line = strtok_r(text, "\n", &rest); line;
         line = strtok_r(NULL, "\n", &rest))
        if (line[0] >= '0' && line[0] <= '9' && strlen(line) < SRB_JOB_ID_MAX)
            snprintf(id, SRB_JOB_ID_MAX, "%s", line);
    if (id[0])
        return 0;
    return error_set(err, "qsub did not say the id of the job");
}

static void add_resources(struct words *w, const struct wlm_request *r)
{
    long long s = isnan(r->wall_time) ? 0 : (long long)ceil(r->wall_time);

    call_words_add(w, "-l");
    call_words_add(w, "select=%d:ncpus=%d:mpiprocs=%d", r->nodes,
                   r->tasks_per_node * r->cpus_per_task, r->tasks_per_node);
    if (s <= 0)
        return;
    call_words_add(w, "-l");
    call_words_add(w, "walltime=%02lld:%02lld:%02lld", s / 3600, s / 60 % 60,
                   s % 60);
}

static int submit(const struct wlm_request *r, char id[SRB_JOB_ID_MAX],
                  struct error *err)
{
    struct words w = {0};
    char answer[4096], *script;
    int rc;

    if (r->constraint[0])
        return error_set(err,
                         "PBS knows no features of nodes ('%s'); ask for "
                         "resources among the further arguments of the "
                         "submission",
                         r->constraint);
    call_words_add(&w, "qsub");
    call_words_add(&w, "-N");
    call_words_add(&w, "%s", r->name);
    call_words_add(&w, "-j"); /* both streams in one file */
    call_words_add(&w, "oe");
    call_words_add(&w, "-o");
    call_words_add(&w, "%s", r->output);
    call_words_add(&w, "-r"); /* not again when a node fails */
    call_words_add(&w, "n");
    add_resources(&w, r);
    if (add_args(&w, r, err) < 0) {
        call_words_free(&w);
        return -1;
    }
    script = go_to(r->script, r->folder);
    rc = call_run(&w, script, answer, sizeof answer, err);
    free(script);
    return rc < 0 ? -1 : find_id(answer, id, err);
}

static int cancel(const char *id, struct error *err)
{
    struct words w = {0};
    char answer[1024];

    call_words_add(&w, "qdel");
    call_words_add(&w, "%s", id);
    if (call_run(&w, NULL, answer, sizeof answer, err) == 0)
        return 0;
    return strstr(answer, "Unknown Job") || strstr(answer, "has finished") ? 0
                                                                           : -1;
}

static void print_launch(FILE *out, int nodes)
{
    fprintf(out, "mpiexec -n %d ", nodes);
}

const struct wlm wlm_pbs = {
    .name = "pbs",
    .mark = "PBS_JOBID",
    .people = "PBS",
    .describe = describe,
    .ask_end = ask_end,
    .node_name = node_name,
    .submit = submit,
    .print_launch = print_launch,
    .cancel = cancel,
    .state = state,
};
