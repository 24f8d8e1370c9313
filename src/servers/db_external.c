/* Shards that run already, and are somebody else's to start and stop. */
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/tick.h"
#include "plan/model_keys.h"
#include "servers/db_parts.h"
#include "servers/external_ask.h"

static int open_external_shard(struct shard *s, const struct roster *roster,
                               int k, const struct db_plan *plan,
                               int64_t deadline, struct error *err)
{
    const struct roster_shard *at = &roster->shard[k];

    s->spec = (struct shard_spec){.address = at->address,
                                  .port = at->port,
                                  .op_timeout = plan->each.op_timeout,
                                  .secret = roster->secret,
                                  .args = plan->each.args,
                                  .env = plan->each.env};
    s->numa = at->numa;
    snprintf(s->cpus, sizeof s->cpus, "%s", at->cpus);
    s->control =
        external_enter(roster, k, tick_seconds(deadline - tick_now()), err);
    if (!s->control || control_say(s->control, NULL, err, "PING", NULL) < 0)
        return -1;
    control_timeout(s->control, s->spec.op_timeout);
    return 0;
}

/* Somebody else's server may keep its configuration to itself. */
static int ask_config(struct db *db, struct error *err)
{
    struct error why;

    if (db->engine->effective(db->shards[0].control, &db->shards[0].spec,
                              &db->effective, &why) == 0)
        return 0;
    db->effective = NULL;
    if (db->keep_data)
        return 0;
    *err = why;
    return -1;
}

void db_leave(struct db *db)
{
    for (int k = 0; k < db->n; k++)
        control_close(db->shards[k].control);
    free(db->effective);
    free(db->shards);
    free(db);
}

int db_open_external(struct db **out, const struct placement *pl,
                     const struct db_plan *plan, struct error *err)
{
    int64_t deadline = tick_deadline(plan->db_timeout);
    const struct roster *roster = pl->roster;
    struct db *db = mem_new(1, sizeof *db);
    int rc = 0;

    *out = NULL;
    db->shards = mem_new((size_t)roster->nshards, sizeof *db->shards);
    db->engine = plan->engine;
    db->n = roster->nshards;
    db->external = true;
    db->keep_data = !roster->served;
    db->flush = plan->flush;
    for (int k = 0; k < db->n && rc == 0; k++)
        rc =
            open_external_shard(&db->shards[k], roster, k, plan, deadline, err);
    if (rc == 0)
        rc = ask_config(db, err);
    if (rc < 0) {
        error_prefix(err, "a database that runs elsewhere");
        db_leave(db);
        return -1;
    }
    *out = db;
    return 0;
}

/* Keys that are to go: which have, and of which shards one did not. */
struct removal {
    bool *gone;   /* [clients] */
    bool *failed; /* [shards] */
    int left;     /* keys */
    int first;    /* client whose key is left */
    int64_t removed;
};

/* DEL of so many keys, which are counted. */
static int del(struct control *c, int nargs, const char *const args[],
               struct removal *x, struct error *err)
{
    char *reply;

    if (control_command(c, &reply, err, nargs, args) < 0)
        return -1;
    x->removed += strtoll(reply, NULL, 10);
    free(reply);
    return 0;
}

/* The same of one or two (else NULL). */
static int del_two(struct control *c, const char *one, const char *other,
                   struct removal *x, struct error *err)
{
    const char *const args[] = {"DEL", one, other};

    return del(c, other ? 3 : 2, args, x, err);
}

/* Keys of one request. */
#define TOGETHER (SRB_CONTROL_WORDS - 1)

/* Those of a client's steps, some at a time. */
static int remove_steps(struct control *c, const char *key,
                        const struct db_keys *keys, struct removal *x,
                        struct error *err)
{
    const char *words[1 + TOGETHER] = {"DEL"};
    char text[TOGETHER][SRB_KEY_MAX];
    int stem = keys_stem(text[0], key), n = 0;

    for (int k = 1; k < TOGETHER && stem >= 0; k++)
        memcpy(text[k], text[0], (size_t)stem);
    for (int64_t step = keys->from; step < keys->to && stem >= 0; step++)
        for (size_t i = 0; i < keys->tensors; i++) {
            bool last = step + 1 == keys->to && i + 1 == keys->tensors;

            keys_of_step(text[n], (size_t)stem, step, i);
            words[n + 1] = text[n];
            n++;
            if (n < TOGETHER && !last)
                continue;
            if (del(c, n + 1, words, x, err) < 0)
                return -1;
            n = 0;
        }
    return 0;
}

/* What describes steps, and their lists beside the keys of who has such: all of
 * these, since who was late may have made one anew that was removed. */
static int remove_lists(struct control *c, const char *key,
                        const struct db_keys *keys, struct removal *x,
                        struct error *err)
{
    char meta[SRB_KEY_MAX], list[SRB_KEY_MAX];
    int stem = keys_stem(meta, key);

    for (int64_t step = 0; step < keys->to && stem >= 0; step++) {
        keys_of_meta(meta, (size_t)stem, step);
        memcpy(list, meta, (size_t)stem);
        keys_of_list(list, (size_t)stem, step);
        if (del_two(c, list, step >= keys->from ? meta : NULL, x, err) < 0)
            return -1;
    }
    return 0;
}

/* What models were given, and what came of it; and copies, which a client that
 * was cut off may have left. */
static int remove_inference(struct db *db, const struct placement *pl,
                            int client, struct removal *x, struct error *err)
{
    for (int part = KEY_IN; part < KEY_PARTS; part++) {
        int at = model_keys_shard(pl, client, (enum key_part)part);
        char key[SRB_KEY_MAX];

        model_keys_part(pl, client, (enum key_part)part, key);
        if (del_two(db->shards[at].control, key, NULL, x, err) < 0)
            return -1;
        for (int k = 0; k < db->n && pl->copied; k++) {
            model_keys_copy(pl, client, (enum key_part)part, k, key);
            if (del_two(db->shards[k].control, key, NULL, x, err) < 0)
                return -1;
        }
    }
    return 0;
}

static int remove_of(struct db *db, const struct placement *pl, int client,
                     const struct db_keys *keys, struct removal *x,
                     struct error *err)
{
    struct control *c = db->shards[place_client_shard(pl, client)].control;
    char key[SRB_KEY_MAX], counter[SRB_KEY_MAX], stream[SRB_KEY_MAX];

    if (pl->infers)
        return remove_inference(db, pl, client, x, err);
    place_key(pl, client, key);
    if (keys->tensors == 0)
        return del_two(c, key, NULL, x, err);
    if (keys->counters) {
        keys_of_counter(counter, (size_t)keys_stem(counter, key));
        keys_of_stream(stream, (size_t)keys_stem(stream, key));
        if (del_two(c, counter, stream, x, err) < 0)
            return -1;
    }
    if (keys->lists && remove_lists(c, key, keys, x, err) < 0)
        return -1;
    return remove_steps(c, key, keys, x, err);
}

/* Whatever fails, keys of other shards go; the words are on the first. */
static void remove_once(struct db *db, const struct placement *pl,
                        const struct db_keys *keys, struct removal *x,
                        struct error *err)
{
    struct error ignored;

    x->left = 0;
    for (int c = 0; c < pl->nclients; c++) {
        int k = place_client_shard(pl, c);

        if (x->gone[c])
            continue;
        if (place_reader(pl, c) >= 0) { /* has put none */
            x->gone[c] = true;
            continue;
        }
        x->gone[c] = !x->failed[k] && remove_of(db, pl, c, keys, x,
                                                x->left ? &ignored : err) == 0;
        if (x->gone[c])
            continue;
        x->failed[k] = true; /* the next would wait for it as long */
        x->first = x->left ? x->first : c;
        x->left++;
    }
}

/* What failed may be the connection alone. */
static void enter_again(struct db *db, const struct roster *roster,
                        struct removal *x)
{
    struct error ignored;

    for (int k = 0; k < db->n; k++) {
        struct control *c =
            x->failed[k] ? external_enter(roster, k, DB_HEAR_SECONDS, &ignored)
                         : NULL;

        if (!c)
            continue;
        control_close(db->shards[k].control);
        db->shards[k].control = c;
        control_timeout(c, db->shards[k].spec.op_timeout);
        x->failed[k] = false;
    }
}

static void begin_removal(struct removal *x, const struct db *db,
                          const struct placement *pl)
{
    *x = (struct removal){.left = 0};
    x->gone = mem_new((size_t)pl->nclients, sizeof *x->gone);
    x->failed = mem_new((size_t)db->n, sizeof *x->failed);
}

static int end_removal(struct removal *x, const struct placement *pl,
                       struct error *err)
{
    char key[SRB_KEY_MAX];

    free(x->gone);
    free(x->failed);
    if (x->left == 0)
        return 0;
    place_key(pl, x->first, key);
    return error_prefix(err, "%d of %d keys, the first is '%s'", x->left,
                        pl->nclients, key);
}

int db_remove_keys(struct db *db, const struct placement *pl,
                   const struct db_keys *keys, struct error *err)
{
    struct removal x;

    if (!db->keep_data)
        return 0;
    begin_removal(&x, db, pl);
    remove_once(db, pl, keys, &x, err);
    if (x.left > 0) {
        enter_again(db, pl->roster, &x);
        remove_once(db, pl, keys, &x, err);
    }
    return end_removal(&x, pl, err);
}

int64_t db_remove_late_keys(const struct placement *pl,
                            const struct db_keys *keys, double op_timeout,
                            struct error *err)
{
    struct db *db = mem_new(1, sizeof *db);
    struct removal x;
    int rc;

    db->n = pl->roster->nshards;
    db->shards = mem_new((size_t)db->n, sizeof *db->shards);
    error_set(err, "its server does not answer");
    begin_removal(&x, db, pl);
    for (int k = 0; k < db->n; k++) {
        db->shards[k].spec.op_timeout = op_timeout;
        x.failed[k] = true;
    }
    enter_again(db, pl->roster, &x);
    remove_once(db, pl, keys, &x, err);
    rc = end_removal(&x, pl, err);
    db_leave(db);
    return rc < 0 ? -1 : x.removed;
}

int db_ask_all(struct db *db, struct error *err)
{
    for (int k = 0; k < db->n; k++) {
        struct shard *s = &db->shards[k];
        int rc;

        control_timeout(s->control, DB_HEAR_SECONDS);
        rc = control_say(s->control, NULL, err, "PING", NULL);
        control_timeout(s->control, s->spec.op_timeout);
        if (rc < 0)
            return error_prefix(err, "a database that runs elsewhere");
    }
    return 0;
}
