#include "servers/models.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/tick.h"
#include "plan/model_keys.h"
#include "servers/db_parts.h"

static const char *const options_of[] = {
    [PART_MODEL] = "model", [PART_SCRIPT] = "script"};

/* A file's bytes, as the page cache has them. */
struct mapped {
    void *bytes;
    size_t n;
};

static int map_file(const char *path, const char *option, struct mapped *out,
                    struct error *err)
{
    struct stat st;
    int fd = open(path, O_RDONLY | O_CLOEXEC), failure;

    *out = (struct mapped){MAP_FAILED, 0};
    if (fd >= 0 && fstat(fd, &st) == 0 && st.st_size > 0) {
        out->n = (size_t)st.st_size;
        out->bytes = mmap(NULL, out->n, PROT_READ, MAP_PRIVATE, fd, 0);
    }
    failure = errno;
    if (fd >= 0)
        close(fd);
    if (out->bytes != MAP_FAILED)
        return 0;
    return error_set(err, "%s: cannot read '%.300s': %s", option, path,
                     fd >= 0 && out->n == 0 ? "it is empty"
                                            : strerror(failure));
}

/* Which devices a model is stored for: -1 for the one, else 0 … n - 1. */
static int first_device(const struct model_terms *m)
{
    return m->ndevices > 1 ? 0 : -1;
}

static int last_device(const struct model_terms *m)
{
    return m->ndevices > 1 ? m->ndevices - 1 : -1;
}

/* A server that refuses a file says why, one that has it tells its META. */
static int store_on(struct control *c, const struct model_terms *m,
                    enum model_part part, const char *key, int device,
                    const struct mapped *file, struct error *err)
{
    char name[SRB_DEVICE_MAX];
    struct model_words w;

    model_device(m, device, name);
    model_store(m, part, key, name, file->bytes, file->n, &w);
    if (control_words(c, NULL, err, w.n, w.word, w.length) < 0)
        return -1;
    return control_say(c, NULL, err,
                       part == PART_MODEL ? "AI.MODELGET" : "AI.SCRIPTGET", key,
                       "META", NULL);
}

static int store_part(struct control *c, const struct placement *pl, int shard,
                      const struct model_terms *m, enum model_part part,
                      const struct mapped *file, struct error *err)
{
    for (int d = first_device(m); d <= last_device(m); d++) {
        char key[SRB_KEY_MAX];

        model_keys_program(pl, shard, part, d, key);
        if (store_on(c, m, part, key, d, file, err) < 0)
            return -1;
    }
    return 0;
}

static int store_all(struct db *db, const struct placement *pl, int first_shard,
                     const struct model_terms *m, enum model_part part,
                     const char *path, double seconds, double took[],
                     struct error *err)
{
    struct mapped file;
    int rc = map_file(path, options_of[part], &file, err);

    if (rc < 0)
        return -1;
    for (int k = 0; k < db->n && rc == 0; k++) {
        struct shard *s = &db->shards[k];
        int64_t begin = tick_now();

        control_timeout(s->control, seconds);
        rc = store_part(s->control, pl, first_shard + k, m, part, &file, err);
        control_timeout(s->control, s->spec.op_timeout);
        took[k] += tick_seconds(tick_now() - begin);
    }
    munmap(file.bytes, file.n);
    return rc < 0 ? error_prefix(err, "%s '%.300s' is not taken",
                                 options_of[part], path)
                  : 0;
}

int models_store(struct db *db, const struct placement *pl, int first_shard,
                 const struct model_terms *m, const struct models_files *files,
                 double seconds, double *took, struct error *err)
{
    double *each = calloc((size_t)db->n, sizeof *each);
    int rc;

    *took = 0;
    if (!each)
        return error_set(err, "not enough memory for %d shards", db->n);
    rc = store_all(db, pl, first_shard, m, PART_MODEL, files->model, seconds,
                   each, err);
    if (rc == 0 && m->scripted)
        rc = store_all(db, pl, first_shard, m, PART_SCRIPT, files->script,
                       seconds, each, err);
    for (int k = 0; k < db->n; k++)
        *took = each[k] > *took ? each[k] : *took;
    free(each);
    return rc;
}

int models_remove(struct db *db, const struct placement *pl, int first_shard,
                  const struct model_terms *m, struct error *err)
{
    int rc = 0;

    for (int k = 0; k < db->n && db->keep_data; k++)
        for (int d = first_device(m); d <= last_device(m); d++)
            for (int part = PART_MODEL; part <= (int)m->scripted; part++) {
                struct error ignored;
                char key[SRB_KEY_MAX];

                model_keys_program(pl, first_shard + k, (enum model_part)part,
                                   d, key);
                if (control_say(db->shards[k].control, NULL,
                                rc < 0 ? &ignored : err, "DEL", key, NULL) < 0)
                    rc = -1;
            }
    return rc;
}

/* The number behind a name in lines of names and values. */
static int64_t number_behind(const char *lines, const char *name)
{
    size_t n = strlen(name);

    for (const char *at = lines; at && *at; at = strchr(at, '\n')) {
        at += *at == '\n';
        if (strncmp(at, name, n) == 0 && at[n] == '\n')
            return strtoll(at + n + 1, NULL, 10);
    }
    return -1;
}

void models_count(struct db *db, const struct placement *pl, int first_shard,
                  const struct model_terms *m, struct models_work *work)
{
    for (int k = 0; k < db->n; k++) {
        work[k] = (struct models_work){0, 0};
        for (int d = first_device(m); d <= last_device(m); d++) {
            char key[SRB_KEY_MAX], *lines;
            struct error ignored;

            model_keys_program(pl, first_shard + k, PART_MODEL, d, key);
            if (control_say(db->shards[k].control, &lines, &ignored, "AI.INFO",
                            key, NULL) < 0) {
                work[k] = (struct models_work){-1, -1};
                break;
            }
            work[k].calls += number_behind(lines, "calls");
            work[k].run_us += number_behind(lines, "duration");
            free(lines);
        }
    }
}
