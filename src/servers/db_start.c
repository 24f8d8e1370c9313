/* Shards of this node's: checked, started, waited for. */
#include <errno.h>
#include <netdb.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/tick.h"
#include "node/topology.h"
#include "protocol/redisai.h"
#include "servers/db_parts.h"
#include "servers/ports.h"

/* Between two looks whether a server is ready. */
#define LOOK_NS INT64_C(5000000)
/* A server that will end does so within this, after its port answered. */
#define END_NS (20 * LOOK_NS)
#define CONNECT_SECONDS 5.0
/* The least that a connection is given, however late it is. */
#define LEAST_SECONDS 0.1

/* The mask that is in force, whatever the server was started with. */
static void read_cpus(struct shard *s, const struct cpu_tree *tree)
{
    struct cpu_mask m;

    s->cpus[0] = '\0';
    s->numa = -1;
    if (topology_affinity(s->pid, &m, NULL) < 0)
        return;
    cpus_list(&m, s->cpus, sizeof s->cpus);
    s->numa = cpus_numa(tree, &m);
}

/* The words that an engine prints into a stream, as a string. */
static char *printed(void (*print)(FILE *, const struct shard_spec *),
                     const struct shard_spec *s)
{
    char *text = NULL;
    size_t n;
    FILE *out = mem_stream(&text, &n);

    print(out, s);
    if (fclose(out) != 0) {
        free(text);
        return NULL;
    }
    return text;
}

/* Where clients of this node find the server without TCP. */
static void note_socket(const struct db *db, struct shard *s)
{
    const char *name = db->engine->unix_socket;
    int n;

    if (!name || s->spec.placement->experiment != EXPERIMENT_COLOCATED)
        return;
    n = snprintf(s->unix_socket, sizeof s->unix_socket, "%s/%s",
                 guard_folder(db->guard), name);
    if (n >= (int)sizeof s->unix_socket)
        s->unix_socket[0] = '\0';
}

static int start_shard(struct db *db, struct shard *s,
                       const struct db_plan *plan, struct error *err)
{
    bool cluster = s->spec.placement->cluster && db->engine->cluster;
    const char *role = db->engine->role;
    char exe[4096], how[64];
    char *argv[] = {exe, how, NULL};
    struct guard_server server = {.argv = argv,
                                  .env = plan->each.env,
                                  .cpus = &plan->cpus[s - db->shards],
                                  .cpus_bytes = sizeof *plan->cpus};
    char *input, *file = NULL;
    int rc = -1;

    /* the guard is srbench too, whatever has become of its file meanwhile */
    snprintf(exe, sizeof exe, "%s", role ? "/proc/self/exe" : plan->exe);
    snprintf(how, sizeof how, "%s", role ? role : "-");
    if (ports_free(s->spec.address, s->spec.port, cluster, err) < 0)
        return -1;
    input = printed(db->engine->configure, &s->spec);
    if (cluster)
        file = printed(db->engine->cluster, &s->spec);
    if (!input || (cluster && !file)) {
        error_set(err, "not enough memory for a server's configuration");
        goto out;
    }
    server.input = input;
    server.file_name = cluster ? db->engine->cluster_file : NULL;
    server.file_text = file;
    rc = guard_start(db->guard, &server, &s->pid, err);
    if (rc == 0)
        note_socket(db, s);
out:
    free(input);
    free(file);
    return rc;
}

/* What a wait for servers needs to know. */
struct patience {
    bool cluster; /* wait for that, too */
    double seconds;
    int64_t deadline;
    const volatile sig_atomic_t *signal;
    const struct team *team;
};

/* What does not know this run's password, or does not speak, is hardly what was
 * started. */
static int log_in(struct shard *s, double seconds, struct error *err)
{
    if (control_login(s->control, &s->spec.secret->steward, seconds, err) == 0)
        return 0;
    return error_prefix(
        err,
        "port %d of %s may be " SRB_PORT_TAKEN
        ", which does not know this run's password; end it, " SRB_PORT_ADVICE,
        s->spec.port, s->spec.address);
}

/* One look at one shard: 1 ready, 0 not yet, -1 never. */
static int look(struct db *db, struct shard *s, const struct patience *w,
                struct error *err)
{
    double left = tick_seconds(w->deadline - tick_now());
    double most = left < CONNECT_SECONDS ? left : CONNECT_SECONDS;
    int rc = 0;

    if (most < LEAST_SECONDS)
        most = LEAST_SECONDS;
    if (!s->control) {
        s->control = control_open(s->spec.address, s->spec.port, most, err);
        if (!s->control)
            return 0; /* not listening yet; if it ended, its guard says so */
        rc = log_in(s, most, err);
    }
    if (rc == 0)
        rc = db->engine->ready(s->control, &s->spec, &s->pid, w->cluster, err);
    if (rc < 0) {
        control_close(s->control);
        s->control = NULL;
    }
    return rc;
}

/* Of the lines that a server said last ('|' between them) the one with `at`. */
static void keep_line(struct error *err, const char *at)
{
    const char *begin = at;
    struct error line = *err;

    while (begin > err->text && begin[-1] != '|')
        begin--;
    error_set(&line, "%.*s", (int)strcspn(begin, "|"), begin);
    memcpy(err->text, line.text, sizeof err->text);
}

/* A server ends at once when its users have rights to what no module brought;
 * what that is about, its last words do not say. */
static int check_guard(struct db *db, const struct shard *s, struct error *err)
{
    const char *rule;
    struct error why;

    if (guard_check(db->guard, err) == 0)
        return 0;
    if (ports_taken(err)) {
        why = *err;
        return error_set(err, "%s; " SRB_PORT_ADVICE, why.text);
    }
    rule = s->spec.redisai ? strstr(err->text, "'+ai.tensor") : NULL;
    if (!rule)
        return -1;
    keep_line(err, rule);
    return redisai_missing(err);
}

/* A server that could not take its port ends a moment after another one has
 * answered there: its own words are better than ours. */
static int never_ready(struct db *db, const struct shard *s,
                       const struct error *why, struct error *err)
{
    tick_sleep(END_NS);
    if (check_guard(db, s, err) < 0)
        return -1;
    return error_set(err, "%s", why->text);
}

static int late(const struct shard *s, const struct patience *w,
                const struct error *why, struct error *err)
{
    return error_set(err,
                     strchr(s->spec.address, ':')
                         ? "the database at [%s]:%d was not ready within %g s "
                           "(db_timeout): %s"
                         : "the database at %s:%d was not ready within %g s "
                           "(db_timeout): %s",
                     s->spec.address, s->spec.port, w->seconds,
                     why->text[0] ? why->text
                     : w->cluster ? "the cluster is not complete"
                                  : "it is still loading");
}

static int await_shard(struct db *db, struct shard *s, const struct patience *w,
                       struct error *err)
{
    struct error why = {.text = ""};

    for (;;) {
        int rc;

        if (check_guard(db, s, err) < 0)
            return -1;
        rc = look(db, s, w, &why);
        if (rc > 0)
            return 0;
        if (tick_now() > w->deadline)
            return late(s, w, &why, err);
        if (rc < 0)
            return never_ready(db, s, &why, err);
        team_look(w->team);
        if (w->signal && *w->signal)
            return error_set(err,
                             "the start of the databases was broken off by "
                             "signal %d (%s)",
                             (int)*w->signal, strsignal((int)*w->signal));
        tick_sleep(LOOK_NS);
    }
}

/* Until every shard answers, or until every shard sees the cluster. */
static int await_shards(struct db *db, const struct db_plan *plan, bool cluster,
                        int64_t deadline, struct error *err)
{
    const struct patience w = {.cluster = cluster,
                               .seconds = plan->db_timeout,
                               .deadline = deadline,
                               .signal = plan->signal,
                               .team = plan->team};

    for (int k = 0; k < db->n; k++)
        if (await_shard(db, &db->shards[k], &w, err) < 0)
            return -1;
    return 0;
}

static int describe(struct db *db, const struct cpu_tree *tree,
                    struct error *err)
{
    for (int k = 0; k < db->n; k++) {
        struct shard *s = &db->shards[k];

        read_cpus(s, tree);
        /* emptying a large database may take as long as any operation */
        control_timeout(s->control, s->spec.op_timeout);
    }
    return db->engine->effective(db->shards[0].control, &db->shards[0].spec,
                                 &db->effective, err);
}

static struct db *allocate(const struct team *t, const struct placement *pl,
                           const struct db_plan *plan)
{
    int first = place_node_shard(pl, t->machine.rank_node[t->rank]);
    struct db *db = mem_new(1, sizeof *db);

    db->engine = plan->engine;
    db->n = pl->shards_per_node;
    db->shards = mem_new((size_t)db->n, sizeof *db->shards);
    for (int k = 0; k < db->n; k++) {
        struct shard_spec *spec = &db->shards[k].spec;

        *spec = plan->each;
        spec->placement = pl;
        spec->shard = first + k;
        spec->address = place_shard_address(pl, spec->shard);
        spec->port = pl->shard_port[spec->shard];
        spec->threads =
            engine_threads(plan->engine, plan->cpus_per_node, k, db->n);
        db->shards[k].numa = -1;
    }
    return db;
}

static int need_guard(struct db *db, struct guard **guard, struct error *err)
{
    if (*guard && guard_gone(*guard)) {
        guard_close(*guard);
        *guard = NULL;
    }
    if (!*guard && !(*guard = guard_open(err)))
        return -1;
    db->guard = *guard;
    return 0;
}

/* What is in place of servers. One for all nodes is the first steward's. */
static int provide(struct db *db, struct guard **guard,
                   const struct placement *pl, const struct db_plan *plan,
                   struct error *err)
{
    const struct store_ops *ops = plan->engine->store;
    bool shared = ops->shared && pl->experiment == EXPERIMENT_STANDARD;
    struct store_terms terms = {.experiment = pl->experiment,
                                .shards = shared ? pl->nshards : db->n,
                                .clients = plan->each.max_clients,
                                .bytes = plan->each.max_bytes,
                                .kept = plan->max_kept,
                                .path = plan->path};

    if (shared && db->shards[0].spec.shard > 0)
        return 0;
    if (ops->scratch && need_guard(db, guard, err) < 0)
        return -1;
    if (ops->scratch)
        terms.folder = guard_scratch(*guard);
    db->store = ops->open(&terms, &db->effective, err);
    return db->store ? 0 : -1;
}

/* The local half of opening: everything up to answering. */
static int start_all(struct db *db, struct guard **guard,
                     const struct db_plan *plan, int64_t deadline,
                     struct error *err)
{
    if (need_guard(db, guard, err) < 0)
        return -1;
    for (int k = 0; k < db->n; k++)
        if (start_shard(db, &db->shards[k], plan, err) < 0)
            return -1;
    return await_shards(db, plan, false, deadline, err);
}

int db_open(struct db **out, struct team *t, MPI_Comm db_stewards,
            struct guard **guard, const struct placement *pl,
            const struct db_plan *plan, struct error *err)
{
    int64_t deadline = tick_deadline(plan->db_timeout);
    struct db *db = allocate(t, pl, plan);
    bool process = plan->engine->kind == ENGINE_PROCESS;
    int rc = 0;

    *out = NULL;
    if (process)
        rc = start_all(db, guard, plan, deadline, err);
    if (rc == 0 && plan->engine->store)
        rc = provide(db, guard, pl, plan, err);
    /* one that failed at once must not leave the others waiting for it */
    rc = team_agree(t, db_stewards, rc, err);
    if (rc == 0 && process) {
        if (pl->cluster && plan->engine->cluster)
            rc = await_shards(db, plan, true, deadline, err);
        if (rc == 0)
            rc = describe(db, plan->tree, err);
        rc = team_agree(t, db_stewards, rc, err);
    }
    if (rc < 0) {
        db_close(db);
        return -1;
    }
    for (int k = 0; k < db->n; k++)
        db->shards[k].spec.placement = NULL; /* it does not outlive this call */
    *out = db;
    return 0;
}
