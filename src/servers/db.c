#include "servers/db.h"

#include <math.h>
#include <stdlib.h>

#include "base/mem.h"
#include "base/signals.h"
#include "base/tick.h"
#include "servers/db_parts.h"

/* How long a server may take to end after it was asked. */
#define STOP_SECONDS 5.0

/* Ask to end, then kill. */
static void stop(struct db *db)
{
    bool hurry = signals_state()->cut != 0;
    struct error ignored;
    double seconds = STOP_SECONDS;

    for (int k = 0; k < db->n; k++) {
        if (!db->shards[k].control || hurry)
            seconds = 0; /* it never answered and cannot be asked: kill */
    }
    for (int k = 0; k < db->n; k++)
        if (db->shards[k].control) {
            control_timeout(db->shards[k].control, DB_HEAR_SECONDS);
            if (!hurry)
                db->engine->shutdown(db->shards[k].control);
            control_close(db->shards[k].control);
        }
    if (db->guard)
        guard_stop(db->guard, seconds, NULL, &ignored);
}

void db_close(struct db *db)
{
    if (!db)
        return;
    if (db->external) {
        db_leave(db);
        return;
    }
    if (db->store)
        db->store->ops->close(db->store);
    stop(db);
    free(db->effective);
    free(db->shards);
    free(db);
}

int db_empty(struct db *db, struct error *err)
{
    bool empties =
        db->engine->kind == ENGINE_PROCESS && (!db->keep_data || db->flush);

    if (db->store)
        return db->store->ops->empty(db->store, err);
    for (int k = 0; k < db->n && empties; k++)
        if (db->engine->empty(db->shards[k].control, err) < 0)
            return -1;
    return 0;
}

int db_check(struct db *db, struct error *err)
{
    if (db->external)
        return db_ask_all(db, err);
    return db->guard ? guard_check(db->guard, err) : 0;
}

/* The counters; of somebody else's server, which may keep them to itself, -1 in
 * place of what is not told. */
static int count(struct db *db, struct shard *s, struct shard_counters *now,
                 struct error *err)
{
    *now = (struct shard_counters){-1, -1, NAN, -1};
    if (db->engine->counters(s->control, now, err) == 0)
        return 0;
    if (!db->keep_data)
        return -1;
    *now = (struct shard_counters){-1, -1, NAN, -1};
    return 0;
}

int db_before(struct db *db, struct error *err)
{
    for (int k = 0; k < db->n && db->engine->kind == ENGINE_PROCESS; k++)
        if (count(db, &db->shards[k], &db->shards[k].before, err) < 0)
            return -1;
    return 0;
}

void db_watch(struct db *db, bool looks)
{
    struct error ignored;

    if (db->external || db->engine->kind != ENGINE_PROCESS)
        return;
    for (int k = 0; k < db->n; k++)
        procstat_begin(db->shards[k].pid, &db->shards[k].watched);
    db->watched = tick_now();
    /* a guard that is gone is seen by whoever asks it */
    db->looks = looks && guard_look(db->guard, &ignored) == 0;
}

void db_no_looks(struct shard_work *work)
{
    for (int k = 0; k < SRB_MEMORY_LOOKS; k++)
        work->look_time[k] = work->look_bytes[k] = NAN;
}

/* What the guard saw. */
static int take_looks(struct db *db, struct shard_work *work, struct error *err)
{
    struct memory_looks *seen;
    int rc;

    if (!db->looks)
        return 0;
    db->looks = false;
    seen = mem_new((size_t)db->n, sizeof *seen);
    rc = guard_seen(db->guard, seen, db->n, err);
    for (int k = 0; k < db->n && rc == 0; k++)
        for (int64_t i = 0; i < seen[k].n; i++) {
            work[k].look_time[i] = tick_seconds(seen[k].when[i] - db->watched);
            work[k].look_bytes[i] =
                seen[k].bytes[i] < 0 ? NAN : (double)seen[k].bytes[i];
        }
    free(seen);
    return rc;
}

static int64_t since(int64_t now, int64_t before)
{
    return now < 0 || before < 0 ? -1 : now - before;
}

int db_after(struct db *db, double page_fault, struct shard_work *work,
             struct error *err)
{
    struct shard_counters now;

    for (int k = 0; k < db->n; k++) {
        struct shard *s = &db->shards[k];

        work[k] = (struct shard_work){.commands = -1,
                                      .bytes = -1,
                                      .memory = {-1, -1},
                                      .watched = procstat_unknown,
                                      .run_calls = -1,
                                      .run_time = NAN,
                                      .fault_share = NAN};
        db_no_looks(&work[k]);
        if (db->engine->kind != ENGINE_PROCESS)
            continue;
        /* first what the reading itself would change */
        if (!db->external)
            work[k].watched = procstat_end(s->pid, &s->watched);
        work[k].fault_share =
            procstat_fault_share(&work[k].watched, page_fault);
        if (count(db, s, &now, err) < 0)
            return -1;
        work[k].commands = since(now.commands, s->before.commands);
        work[k].bytes = since(now.bytes, s->before.bytes);
        work[k].memory[0] = s->before.memory;
        work[k].memory[1] = now.memory;
        if (db->external) /* by its own word; /proc is another host's */
            work[k].watched.cpu_time = now.cpu_time - s->before.cpu_time;
    }
    return take_looks(db, work, err);
}

int db_shards(const struct db *db)
{
    return db->n;
}

const char *db_cpus(const struct db *db, int k)
{
    return db->shards[k].cpus;
}

int db_numa(const struct db *db, int k)
{
    return db->shards[k].numa;
}

const char *db_unix_socket(const struct db *db)
{
    return db->shards[0].unix_socket;
}

const char *db_store(const struct db *db)
{
    return db->store ? db->store->where : "";
}

const char *db_effective(const struct db *db)
{
    return db->effective ? db->effective : "";
}
