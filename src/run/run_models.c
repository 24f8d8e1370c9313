/* Models of a permutation: stored before its loop, run within it. */
#include "run/run_parts.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/diag.h"
#include "base/mem.h"
#include "plan/model_keys.h"

/* What a permutation says of them. */
static void find_terms(const struct run *r, const struct perm_run *x,
                       struct model_terms *out)
{
    model_terms(r->plan.sweep.options, x->p.value[OPT_DEVICE],
                permutation_count(&x->p, OPT_BATCH_SIZE, 0),
                r->placement.copies, out);
}

static int first_shard(const struct run *r)
{
    return place_steward_shard(&r->placement, r->team->rank);
}

int run_models_store(struct run *r, struct perm_run *x, struct error *err)
{
    const struct options *o = r->plan.sweep.options;
    const struct models_files files = {
        .model = model_files_model(r->plan.models, x->p.value[OPT_DEVICE]),
        .script = r->plan.models->script};
    struct model_terms terms;
    double seconds = options_one(o, OPT_DB_TIMEOUT)->seconds;
    double took = 0;
    int rc = 0;

    if (!x->p.infers)
        return 0;
    find_terms(r, x, &terms);
    team_busy(r->team, seconds);
    if (x->is_steward)
        rc = models_store(r->setup.db, &r->placement, first_shard(r), &terms,
                          &files, seconds, &took, err);
    rc = team_agree(r->team, r->team->world, rc, err);
    team_busy(r->team, 0);
    if (rc < 0)
        return -1;
    team_allreduce(r->team, r->team->world, &took, 1, MPI_DOUBLE, MPI_MAX);
    x->outcome.model_store_seconds = took;
    diag_detail("  models are stored, in %.2f s", took);
    return 0;
}

int run_models_remove(struct run *r, const struct perm_run *x,
                      struct error *err)
{
    struct model_terms terms;

    if (!x->p.infers || !x->is_steward || !r->setup.db)
        return 0;
    find_terms(r, x, &terms);
    return models_remove(r->setup.db, &r->placement, first_shard(r), &terms,
                         err);
}

void run_models_count(struct run *r, struct perm_run *x)
{
    int n = x->p.infers && x->is_steward ? db_shards(r->setup.db) : 0;
    struct models_work *work = mem_new((size_t)n + 1, sizeof *work);
    struct model_terms terms;

    if (n > 0) {
        find_terms(r, x, &terms);
        models_count(r->setup.db, &r->placement, first_shard(r), &terms, work);
    }
    for (int k = 0; k < n && work[k].calls >= 0; k++) {
        x->work[k].run_calls = work[k].calls;
        x->work[k].run_time = 1e-6 * (double)work[k].run_us;
    }
    free(work);
}

/* ---- what a client runs ---- */

static int read_reference(const char *path, size_t count, float **out,
                          struct error *err)
{
    FILE *in = fopen(path, "re");
    size_t got;

    if (!in)
        return error_set(err, "reference: cannot read '%.300s': %s", path,
                         strerror(errno));
    *out = mem_new(count, sizeof **out);
    got = fread(*out, sizeof **out, count, in);
    fclose(in);
    return got == count
               ? 0
               : error_set(err, "reference: '%.300s' is too short", path);
}

/* A run under way to be put together. */
struct making {
    const struct run *r;
    const struct model_terms *terms;
    struct client_runs *runs;
    int client;
    int shard[KEY_PARTS]; /* of the peers */
};

static int peer_of(const struct making *x, enum key_part part)
{
    int shard = model_keys_shard(&x->r->placement, x->client, part), k = 0;

    while (k + 1 < x->runs->npeers && x->shard[k] != shard)
        k++;
    return k;
}

/* Which tensors it takes and gives, by their own names. */
static void name_copies(const struct making *x, enum key_part in,
                        enum key_part out, int shard, struct client_copies *c)
{
    const struct placement *pl = &x->r->placement;

    model_keys_part(pl, x->client, in, c->in);
    model_keys_part(pl, x->client, out, c->out);
    model_keys_copy(pl, x->client, in, shard, c->in_copy);
    model_keys_copy(pl, x->client, out, shard, c->out_copy);
    c->at = peer_of(x, in);
    c->to = peer_of(x, out);
}

static int add_run(const struct making *x, const char *name,
                   enum model_part part, enum key_part in, enum key_part out,
                   struct error *err)
{
    bool copied = x->r->placement.copied;
    struct client_run *run = &x->runs->run[x->runs->n++];
    struct client_copies *c = &run->copies;
    int shard = model_keys_shard(&x->r->placement, x->client, in);
    char program[SRB_KEY_MAX];
    struct model_words w;

    model_keys_program(
        &x->r->placement, shard, part,
        x->terms->ndevices > 1 ? x->client % x->terms->ndevices : -1, program);
    name_copies(x, in, out, shard, c);
    model_run(x->terms, part, program, copied ? c->in_copy : c->in,
              copied ? c->out_copy : c->out, &w);
    run->name = name;
    run->copied = copied;
    run->n = model_print(&w, run->request, sizeof run->request);
    return run->n > 0 ? 0
                      : error_set(err, "the request for %s is too long", name);
}

/* Where the tensors of a client are that are not all on one shard. */
static void find_peers(struct making *x, const struct permutation *p)
{
    const struct placement *pl = &x->r->placement;

    x->runs->npeers =
        pl->copied ? model_keys_shards(pl, x->client, x->shard) : 0;
    for (int k = 0; k < x->runs->npeers; k++) {
        struct client_peer *peer = &x->runs->peer[k];

        peer->address = place_shard_address(pl, x->shard[k]);
        peer->port = pl->shard_port[x->shard[k]];
        peer->source = run_source(x->r, p, peer->address);
        peer->host = pl->external && pl->roster
                         ? roster_host(&pl->roster->shard[x->shard[k]])
                         : NULL;
    }
    model_keys_part(pl, x->client, KEY_OUT, x->runs->got);
    x->runs->got_at = peer_of(x, KEY_OUT);
}

static int add_runs(const struct making *x, struct error *err)
{
    bool scripted = x->terms->scripted;

    if (scripted &&
        add_run(x, "run_script", PART_SCRIPT, KEY_IN, KEY_PRE, err) < 0)
        return -1;
    return add_run(x, "run_model", PART_MODEL, scripted ? KEY_PRE : KEY_IN,
                   KEY_OUT, err);
}

int run_models_prepare(struct run *r, struct perm_run *x, int client,
                       struct load_rules *rules, struct error *err)
{
    const char *reference = r->plan.models->reference;
    struct client_runs *runs = &x->runs;
    struct model_terms m;
    struct making making = {
        .r = r, .terms = &m, .runs = runs, .client = client};

    find_terms(r, x, &m);
    *runs = (struct client_runs){.in = m.in, .out = m.out};
    runs->head_len = command_set_shaped_head(&m.out, runs->head);
    find_peers(&making, &x->p);
    if (add_runs(&making, err) < 0)
        return -1;
    rules->inference = (struct inference_rules){
        .runs = runs->n,
        .out_count =
            (size_t)options_shape(r->plan.sweep.options, OPT_OUTPUT_SHAPE)
                ->count,
        .seed = r->plan.seed};
    if (client != 0 || !reference[0])
        return 0;
    if (read_reference(reference, rules->inference.out_count, &x->reference,
                       err) < 0)
        return -1;
    rules->inference.reference = x->reference;
    return 0;
}
