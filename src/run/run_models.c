/* Models of a permutation: stored before its loop, run within it. */
#include "run/run_parts.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/diag.h"
#include "base/mem.h"

void run_model_terms(const struct run *r, const struct perm_run *x,
                     struct model_terms *out)
{
    model_terms(r->plan.sweep.options, x->p.value[OPT_DEVICE],
                permutation_count(&x->p, OPT_BATCH_SIZE, 0), out);
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
    run_model_terms(r, x, &terms);
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
    run_model_terms(r, x, &terms);
    return models_remove(r->setup.db, &r->placement, first_shard(r), &terms,
                         err);
}

void run_models_count(struct run *r, struct perm_run *x)
{
    int n = x->p.infers && x->is_steward ? db_shards(r->setup.db) : 0;
    struct models_work *work = mem_new((size_t)n + 1, sizeof *work);
    struct model_terms terms;

    if (n > 0) {
        run_model_terms(r, x, &terms);
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

static int add_run(struct client_runs *runs, const char *name,
                   const struct model_words *w, struct error *err)
{
    struct client_run *run = &runs->run[runs->n++];

    run->name = name;
    run->n = model_print(w, run->request, sizeof run->request);
    return run->n > 0 ? 0
                      : error_set(err, "the request for %s is too long", name);
}

/* Keys of the model or script that the client uses. */
static void key_of(const struct run *r, const struct model_terms *m,
                   enum model_part part, int client, char key[SRB_KEY_MAX])
{
    int shard = place_client_shard(&r->placement, client);
    char tag[SRB_TAG_MAX], plain[SRB_KEY_MAX];

    place_tag(&r->placement, shard, tag);
    model_key(plain, tag, part, m->ndevices > 1 ? client % m->ndevices : -1);
    snprintf(key, SRB_KEY_MAX, "%.47s%.79s", place_prefix(&r->placement),
             plain);
}

int run_models_prepare(struct run *r, struct perm_run *x, int client,
                       const char *key, struct load_rules *rules,
                       struct error *err)
{
    char in[SRB_KEY_MAX], pre[SRB_KEY_MAX], out[SRB_KEY_MAX];
    char model[SRB_KEY_MAX], script[SRB_KEY_MAX];
    const char *reference = r->plan.models->reference;
    struct client_runs *runs = &x->runs;
    struct model_terms m;
    struct model_words w;

    run_model_terms(r, x, &m);
    runs->n = 0;
    runs->in = m.in;
    runs->out = m.out;
    runs->head_len = command_set_shaped_head(&m.out, runs->head);
    snprintf(in, sizeof in, "%.119s.in", key);
    snprintf(pre, sizeof pre, "%.119s.pre", key);
    snprintf(out, sizeof out, "%.119s.out", key);
    key_of(r, &m, PART_MODEL, client, model);
    key_of(r, &m, PART_SCRIPT, client, script);
    if (m.scripted) {
        model_run(&m, PART_SCRIPT, script, in, pre, &w);
        if (add_run(runs, "run_script", &w, err) < 0)
            return -1;
    }
    model_run(&m, PART_MODEL, model, m.scripted ? pre : in, out, &w);
    if (add_run(runs, "run_model", &w, err) < 0)
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
