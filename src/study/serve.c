#include "study/serve.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/diag.h"
#include "base/mem.h"
#include "base/output.h"
#include "base/tick.h"
#include "engine/allocator.h"
#include "results/report.h"
#include "servers/external.h"
#include "servers/lifeline.h"
#include "study/db_setup.h"
#include "study/prepare.h"

/* Between two looks whether the databases are still needed and well. */
#define LOOK_NS INT64_C(200000000)
/* What stopping them may take. */
#define STOP_NS INT64_C(5000000000)

/* Databases that serve. */
struct serving {
    struct team *team;
    struct discovery *discovery;
    struct prepared plan;
    struct permutation p;
    struct placement pl;
    struct cast cast;
    struct db_setup setup;
    struct lifeline *lifeline; /* rank 0; NULL: nobody's */
    const char *path;          /* of the file */
    int64_t ends;              /* tick; INT64_MAX: never by itself */
};

/* ---- the file ---- */

/* Written beside its place and linked into it, so that nobody reads half of
 * one, and none that is there is replaced. */
static int publish(const char *path, const char *text,
                   const struct secret *secret, struct error *err)
{
    char draft[4200];
    size_t n = strlen(text);
    int fd, rc = 0;

    snprintf(draft, sizeof draft, "%s.%ld", path, (long)getpid());
    fd = open(draft, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (fd < 0)
        return error_set(err, "db_address: cannot write '%s': %s", draft,
                         strerror(errno));
    if (write(fd, text, n) != (ssize_t)n || secret_write(secret, fd) != 0 ||
        fsync(fd) != 0)
        rc = error_set(err, "db_address: cannot write '%s': %s", draft,
                       strerror(errno));
    close(fd);
    if (rc == 0 && link(draft, path) != 0)
        rc = errno == EEXIST
                 ? error_set(err,
                             "db_address: there is a file '%s'; remove it if "
                             "no srbench serve is running with it",
                             path)
                 : error_set(err, "db_address: cannot make '%s': %s", path,
                             strerror(errno));
    unlink(draft);
    return rc;
}

/* One shard as its steward knows it. */
struct line {
    char cpus[SRB_ROSTER_CPUS];
    int64_t numa;
};

/* What the stewards gather on rank 0. */
struct gathering {
    const struct serving *s;
    struct roster *roster;
};

static int sender(const void *ctx, int k)
{
    const struct serving *s = ctx;

    return place_shard_steward(&s->pl, k * place_steward_shards(&s->pl));
}

static int take(void *arg, int first, int n, const void *rows,
                struct error *err)
{
    struct gathering *g = arg;
    const struct line *line = rows;
    int each = place_steward_shards(&g->s->pl);

    (void)err;
    for (int k = 0; k < n * each; k++) {
        struct roster_shard *to = &g->roster->shard[first * each + k];

        snprintf(to->cpus, sizeof to->cpus, "%s", line[k].cpus);
        to->numa = (int)line[k].numa;
    }
    return 0;
}

/* The CPUs of all shards, for rank 0. */
static void gather_lines(const struct serving *s, struct roster *r)
{
    int each = place_steward_shards(&s->pl);
    struct gathering g = {s, r};
    int first = place_steward_shard(&s->pl, s->team->rank);
    const struct gather how = {.senders = place_stewards(&s->pl),
                               .self = first < 0 ? -1 : first / each,
                               .sender = sender,
                               .ctx = s,
                               .row_bytes = (size_t)each * sizeof(struct line),
                               .take = take,
                               .arg = &g};
    struct line *mine = NULL;
    struct error ignored;

    if (s->setup.db) {
        mine = mem_new((size_t)each, sizeof *mine);
        for (int k = 0; k < each; k++) {
            snprintf(mine[k].cpus, sizeof mine[k].cpus, "%s",
                     db_cpus(s->setup.db, k));
            mine[k].numa = db_numa(s->setup.db, k);
        }
    }
    team_gather(s->team, &how, mine, &ignored);
    free(mine);
}

/* Half of one would be none: what is too long is not known there. */
static void copy_words(const struct permutation *p, enum option_id id, char *to,
                       size_t size)
{
    const char *text = p->value[id] ? p->value[id]->text : "";

    snprintf(to, size, "%s", strlen(text) < size ? text : "");
}

static void describe(const struct serving *s, struct roster *r)
{
    const struct placement *pl = &s->pl;
    const struct server *server = prepare_server(&s->plan, &s->p);
    const struct node *nodes = pl->machine->nodes;

    roster_alloc(r, pl->nshards);
    r->served = true;
    r->cluster = pl->cluster;
    r->db_cpus = (int)permutation_count(&s->p, OPT_DB_CPUS, 1);
    r->db_io_threads = (int)permutation_count(&s->p, OPT_DB_IO_THREADS, -1);
    r->max_bytes = s->plan.max_bytes;
    snprintf(r->engine, sizeof r->engine, "%s", server->engine->name);
    snprintf(r->server, sizeof r->server, "%s", server->label);
    copy_words(&s->p, OPT_DB_EXE, r->exe, sizeof r->exe);
    copy_words(&s->p, OPT_DB_ARGS, r->args, sizeof r->args);
    copy_words(&s->p, OPT_DB_ENV, r->env, sizeof r->env);
    snprintf(r->job, sizeof r->job, "%s", s->plan.job.id);
    snprintf(r->interface, sizeof r->interface, "%s",
             pl->loopback ? "lo" : nodes[pl->db_node[0]].interface);
    for (int k = 0; k < pl->nshards; k++) {
        struct roster_shard *to = &r->shard[k];

        snprintf(to->address, sizeof to->address, "%s",
                 place_shard_address(pl, k));
        snprintf(to->host, sizeof to->host, "%s",
                 nodes[place_shard_node(pl, k)].name);
        to->port = pl->shard_port[k];
    }
}

static int write_roster(const struct serving *s, struct error *err)
{
    struct roster r = {0};
    char *text = NULL;
    size_t n;
    FILE *out;
    int rc;

    if (s->team->rank == 0)
        describe(s, &r);
    gather_lines(s, &r);
    if (s->team->rank != 0)
        return 0;
    out = mem_stream(&text, &n);

    roster_print(&r, out);
    fclose(out);
    rc = publish(s->path, text, s->plan.secret, err);
    free(text);
    roster_free(&r);
    return rc;
}

/* ---- serving ---- */

/* One set-up; which of its permutations does not matter. */
static int choose(struct serving *s, struct error *err)
{
    if (s->plan.sweep.setups != 1)
        return error_set(err,
                         "srbench serve runs one database set-up, and the "
                         "options name %zu; give each of the axes that shape "
                         "databases one value",
                         s->plan.sweep.setups);
    sweep_at(&s->plan.sweep, 0, &s->p);
    if (place_solve(&s->team->machine, &s->p, &s->pl, err) < 0)
        return -1;
    team_cast(s->team, &s->pl, &s->cast);
    return 0;
}

static int begin(struct serving *s, struct error *err)
{
    struct setup_terms terms = {.plan = &s->plan,
                                .discovery = s->discovery,
                                .p = &s->p,
                                .pl = &s->pl,
                                .all_sets = true,
                                .db_stewards = s->cast.db_stewards};

    if (db_setup_provide(&s->setup, s->team, &terms, err) < 0)
        return -1;
    return team_agree(s->team, s->team->world, write_roster(s, err), err);
}

/* Rank 0: why the databases are needed no more, or NULL. */
static const char *reason_to_end(const struct serving *s)
{
    if (tick_now() >= s->ends)
        return "the time is over";
    if (s->lifeline && !lifeline_holds(s->lifeline))
        return "the clients' job has ended";
    return NULL;
}

/* Until a reason to end, which is printed. -1 when a server has ended. */
static int keep(struct serving *s, struct error *err)
{
    struct team *t = s->team;

    for (;;) {
        const char *reason = t->rank == 0 ? reason_to_end(s) : NULL;
        int rc = s->setup.db ? db_check(s->setup.db, err) : 0;
        int over = reason != NULL;

        if (team_agree(t, t->world, rc, err) < 0)
            return -1;
        if (t->ended)
            return 0;
        team_bcast(t, t->world, &over, (int)sizeof over, 0);
        if (over) {
            if (reason)
                diag_note("srbench serve ends: %s", reason);
            return 0;
        }
        tick_sleep(LOOK_NS);
    }
}

static void announce(const struct serving *s)
{
    const struct value *env = s->p.value[OPT_DB_ENV];

    if (s->team->rank != 0)
        return;
    if (env && allocator_ignored(s->setup.config, env))
        diag_say("srbench serve: an allocator did not take what db_env says "
                 "(%s); a wrong name is ignored in silence, and "
                 "'MEMORY MALLOC-STATS' has what it took",
                 env->text);
    diag_note("%d shard%s serve%s on %d node%s; clients find them by "
              "--db_address=%s",
              s->pl.nshards, s->pl.nshards == 1 ? "" : "s",
              s->pl.nshards == 1 ? "s" : "", s->pl.db_nodes,
              s->pl.db_nodes == 1 ? "" : "s", s->path);
    printf("SRBENCH_SERVING shards=%d file=%s\n", s->pl.nshards, s->path);
    output_flush();
}

static int serve(struct serving *s, const struct options *o)
{
    struct error err = {.text = ""};
    int rc;

    rc = s->team->rank == 0
             ? lifeline_reach(options_one(o, OPT_LIFELINE), &s->lifeline, &err)
             : 0;
    if (team_agree(s->team, s->team->world, rc, &err) < 0)
        return report_refusal(NULL, &err, s->team->rank == 0);
    rc = begin(s, &err);
    if (rc == 0) {
        announce(s);
        rc = keep(s, &err);
        if (s->team->rank == 0)
            unlink(s->path);
    }
    if (rc < 0)
        diag_say("srbench serve: %s", err.text);
    return s->team->ended ? 128 + s->team->ended : rc < 0 ? 1 : 0;
}

/* What clients would take for servers, they would not find as a file. */
static int check_path(const struct serving *s, struct error *err)
{
    if (!roster_names_servers(s->path) && !strstr(s->path, "://"))
        return 0;
    return error_set(err,
                     "serve: db_address: '%s' names a server, expected the "
                     "path of the file to write for the clients",
                     s->path);
}

/* In time to stop the servers before the batch system does. */
static int64_t end_of(const struct prepared *plan)
{
    return plan->limited ? plan->ends_at - STOP_NS : INT64_MAX;
}

int serve_study(struct team *t, struct discovery *d, const struct options *o,
                int64_t began)
{
    const struct run_args args = {
        .options = o, .config = "", .command_line = "", .began = began};
    struct serving s = {.team = t,
                        .discovery = d,
                        .path = options_one(o, OPT_DB_ADDRESS)->text};
    struct error err = {.text = ""};
    int status;

    if (check_path(&s, &err) < 0 || prepare(&s.plan, t, d, &args, &err) < 0 ||
        choose(&s, &err) < 0) {
        status = report_refusal(NULL, &err, t->rank == 0);
    } else {
        s.ends = end_of(&s.plan);
        status = serve(&s, o);
        db_setup_close(&s.setup);
        team_uncast(&s.cast);
        place_free(&s.pl);
        lifeline_close(s.lifeline);
    }
    /* no rank leaves before all servers have ended */
    team_barrier(t, t->world);
    prepare_free(&s.plan);
    return status;
}
