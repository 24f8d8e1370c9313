/* Shards that run already, and are somebody else's to start and stop. */
#include <stdlib.h>

#include "db_parts.h"
#include "srb/tick.h"

/* What is left until then, and a little where nothing is. */
static double left_until(int64_t deadline)
{
    double left = tick_seconds(deadline - tick_now());

    return left > DB_LEAST_SECONDS ? left : DB_LEAST_SECONDS;
}

/* Every step has what those before it left. */
static int enter(struct shard *s, const struct roster *roster,
                 const struct roster_shard *at, int64_t deadline,
                 struct error *err)
{
    const struct login *login =
        roster->secret ? &roster->secret->steward : NULL;

    s->control = control_open(at->address, at->port, left_until(deadline), err);
    if (!s->control ||
        control_secure(s->control, roster->tls, roster_host(at),
                       left_until(deadline), err) < 0 ||
        control_login(s->control, login, left_until(deadline), err) < 0)
        return -1;
    control_timeout(s->control, left_until(deadline));
    return control_say(s->control, NULL, err, "PING", NULL);
}

static int attach_shard(struct shard *s, const struct roster *roster,
                        const struct roster_shard *at,
                        const struct db_plan *plan, int64_t deadline,
                        struct error *err)
{
    s->spec = (struct shard_spec){.address = at->address,
                                  .port = at->port,
                                  .op_timeout = plan->op_timeout,
                                  .args = plan->args};
    s->numa = at->numa;
    snprintf(s->cpus, sizeof s->cpus, "%s", at->cpus);
    if (enter(s, roster, at, deadline, err) < 0)
        return -1;
    control_timeout(s->control, plan->op_timeout);
    return 0;
}

int db_attach(struct db **out, const struct placement *pl,
              const struct db_plan *plan, struct error *err)
{
    int64_t deadline = tick_deadline(plan->db_timeout);
    const struct roster *roster = pl->roster;
    struct db *db = calloc(1, sizeof *db);

    *out = NULL;
    if (db)
        db->shards = calloc((size_t)roster->nshards, sizeof *db->shards);
    if (!db || !db->shards) {
        free(db);
        return error_set(err, "not enough memory for %d shards",
                         roster->nshards);
    }
    db->engine = plan->engine;
    db->n = roster->nshards;
    db->elsewhere = true;
    db->keep_data = !roster->ours;
    db->flush = plan->flush;
    for (int k = 0; k < db->n; k++)
        if (attach_shard(&db->shards[k], roster, &roster->shard[k], plan,
                         deadline, err) < 0) {
            error_prefix(err, "a database that runs elsewhere");
            db_close(db);
            return -1;
        }
    /* a server may keep its configuration to itself */
    if (db->engine->effective(db->shards[0].control, &db->shards[0].spec,
                              &db->effective, NULL) < 0)
        db->effective = NULL;
    *out = db;
    return 0;
}

int db_remove_keys(struct db *db, const struct placement *pl, struct error *err)
{
    for (int c = 0; c < pl->nclients && db->keep_data; c++) {
        char key[SRB_KEY_MAX];

        place_key(pl, c, key);
        if (control_say(db->shards[place_client_shard(pl, c)].control, NULL,
                        err, "DEL", key, NULL) < 0)
            return -1;
    }
    return 0;
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
