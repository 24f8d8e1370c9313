#include "study/model_files.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "protocol/db_modules.h"

static const char *const device_names[] = {
    [DEVICE_CPU] = "cpu", [DEVICE_GPU] = "gpu"};

static int check_file(const char *option, const char *path, struct stat *st,
                      struct error *err)
{
    if (stat(path, st) != 0 || access(path, R_OK) != 0)
        return error_set(err, "%s: cannot read '%.300s': %s", option, path,
                         strerror(errno));
    if (!S_ISREG(st->st_mode))
        return error_set(err, "%s: '%.300s' is no file", option, path);
    return 0;
}

/* ---- ResNet-50 ---- */

/* A file of that name beside the configuration, or in the folder that the
 * environment names. */
static bool find_near(const struct options *o, const char *name,
                      char path[PATH_MAX])
{
    const char *folders[] = {o->folder, getenv("SRBENCH_MODELS")};

    for (int k = 0; k < 2; k++) {
        if (!folders[k] || !folders[k][0])
            continue;
        snprintf(path, PATH_MAX, "%.3500s/%s", folders[k], name);
        if (access(path, R_OK) == 0)
            return true;
    }
    path[0] = '\0';
    return false;
}

static int lacking(const struct options *o, const char *option,
                   const char *name, struct error *err)
{
    const char *models = getenv("SRBENCH_MODELS");

    return error_set(
        err,
        "%s: auto is %s, and that is not beside the configuration (%.200s) nor "
        "in the folder that SRBENCH_MODELS names (%.200s); make it with "
        "'srbench-model make resnet50 FOLDER', or name another with --%s",
        option, name, o->folder ? o->folder : "there is no file of it",
        models && models[0] ? models : "it names none", option);
}

static int find_auto(const struct options *o, enum device d,
                     char path[PATH_MAX], struct error *err)
{
    char name[64];

    snprintf(name, sizeof name, "resnet50.%s.pt", device_names[d]);
    return find_near(o, name, path) ? 0 : lacking(o, "model", name, err);
}

/* Whether some permutation runs models there. */
static bool runs_on(const struct options *o, enum device d)
{
    const struct setting *set = options_get(o, OPT_DEVICE);

    for (size_t k = 0; k < set->nvalues; k++) {
        const struct value *v = &set->values[k];

        if ((v->is_auto ? DEVICE_CPU : v->count) == (int64_t)d)
            return true;
    }
    return false;
}

static int find_models(const struct options *o, struct model_files *f,
                       struct error *err)
{
    const struct value *model = options_one(o, OPT_MODEL);
    struct stat st;

    for (int d = DEVICE_CPU; d <= DEVICE_GPU; d++) {
        if (!runs_on(o, (enum device)d))
            continue;
        if (!model->is_auto)
            snprintf(f->model[d], PATH_MAX, "%s", model->text);
        else if (find_auto(o, (enum device)d, f->model[d], err) < 0)
            return -1;
        if (check_file("model", f->model[d], &st, err) < 0)
            return -1;
        if (st.st_size > f->bytes)
            f->bytes = st.st_size;
    }
    return 0;
}

static int find_script(const struct options *o, struct model_files *f,
                       struct error *err)
{
    const struct value *script = options_one(o, OPT_SCRIPT);
    static const char name[] = "resnet50.script";
    struct stat st;

    if (!options_scripted(o))
        return 0;
    if (!script->is_auto)
        snprintf(f->script, PATH_MAX, "%s", script->text);
    else if (!find_near(o, name, f->script))
        return lacking(o, "script", name, err);
    return check_file("script", f->script, &st, err);
}

/* ---- RedisAI ---- */

/* SmartSim takes RAI_PATH for the library's; a folder of it will do. */
static int find_module(const struct options *o, struct model_files *f,
                       struct error *err)
{
    const char *at = getenv("RAI_PATH");
    struct stat st;

    if (!options_one(o, OPT_DB_MODULES)->is_auto ||
        !options_has_placement(o, options_placement(o, OPT_DB_MODULES)))
        return 0;
    if (!at || !at[0])
        return error_set(err, "db_modules: auto is RedisAI in the folder that "
                              "RAI_PATH names, and that is not set; name the "
                              "module: --db_modules=/path/redisai.so");
    if (stat(at, &st) == 0 && S_ISDIR(st.st_mode))
        snprintf(f->module, PATH_MAX, "%.4000s/redisai.so", at);
    else
        snprintf(f->module, PATH_MAX, "%s", at);
    if (access(f->module, R_OK) != 0)
        return error_set(err,
                         "db_modules: auto is RedisAI where RAI_PATH says, and "
                         "'%.300s' cannot be read: %s; name the module: "
                         "--db_modules=/path/redisai.so",
                         f->module, strerror(errno));
    if (strchr(f->module, ' ') || !options_names_redisai(f->module))
        return error_set(err,
                         "db_modules: RAI_PATH is '%.300s', expected a path "
                         "without blanks to a file with redisai in its name",
                         f->module);
    return 0;
}

/* A reference has as many floats as the output. */
static int find_reference(const struct options *o, struct model_files *f,
                          struct error *err)
{
    const char *path = options_one(o, OPT_REFERENCE)->text;
    int64_t want = options_shape(o, OPT_OUTPUT_SHAPE)->count * 4;
    struct stat st;

    if (strcmp(path, "none") == 0)
        return 0;
    snprintf(f->reference, PATH_MAX, "%s", path);
    if (check_file("reference", path, &st, err) < 0)
        return -1;
    if (st.st_size != want)
        return error_set(err,
                         "reference: '%.300s' has %lld bytes, expected %lld, "
                         "the float32 elements of output_shape %s",
                         path, (long long)st.st_size, (long long)want,
                         options_shape(o, OPT_OUTPUT_SHAPE)->text);
    return 0;
}

int model_files_find(const struct options *o, struct model_files *out,
                     struct error *err)
{
    memset(out, 0, sizeof *out);
    if (!options_infers(o))
        return 0;
    if (find_module(o, out, err) < 0)
        return -1;
    if (o->serve) {
        struct error ignored; /* they are the clients' to store */

        (void)find_models(o, out, &ignored);
        return 0;
    }
    if (find_models(o, out, err) < 0 || find_script(o, out, err) < 0)
        return -1;
    return find_reference(o, out, err);
}

int model_files_share(struct team *t, const struct options *o,
                      struct model_files *out, struct error *err)
{
    int rc = 0;

    memset(out, 0, sizeof *out);
    if (!options_infers(o))
        return 0;
    if (t->rank == 0)
        rc = model_files_find(o, out, err);
    if (team_agree(t, t->world, rc, err) < 0)
        return -1;
    team_bcast(t, t->world, out, (int)sizeof *out, 0);
    return 0;
}

const char *model_files_model(const struct model_files *f,
                              const struct value *device)
{
    return f->model[device && !device->is_auto && device->count == DEVICE_GPU
                        ? DEVICE_GPU
                        : DEVICE_CPU];
}

/* ---- what a node has ---- */

struct lacks {
    char (*reason)[MODEL_FILES_REASON];
    int n, room;
};

static void add(struct lacks *x, const char *text)
{
    if (x->n < x->room)
        snprintf(x->reason[x->n], MODEL_FILES_REASON, "%.*s",
                 MODEL_FILES_REASON - 1, text);
    x->n++;
}

static void look_for(struct lacks *x, const char *option, const char *path)
{
    struct error err;
    struct stat st;

    if (path[0] && check_file(option, path, &st, &err) < 0)
        add(x, err.text);
}

/* The value of db_modules that is RedisAI, or NULL. */
static const char *module_of(const struct options *o,
                             const struct model_files *f)
{
    const struct setting *set = options_get(o, OPT_DB_MODULES);

    for (size_t k = 0; k < set->nvalues; k++)
        if (!set->values[k].is_auto &&
            options_names_redisai(set->values[k].text))
            return set->values[k].text;
    return f->module[0] ? f->module : NULL;
}

static void look_for_backend(struct lacks *x, const struct options *o,
                             const struct model_files *f)
{
    const char *module = module_of(o, f);
    const char *backend = options_one(o, OPT_MODEL_BACKEND)->text;
    char path[PATH_MAX], text[MODEL_FILES_REASON];

    if (!module)
        return;
    db_modules_backend(module, backend, path);
    if (access(path, R_OK) == 0)
        return;
    snprintf(text, sizeof text,
             "model_backend: RedisAI would load its back end %s from '%.200s', "
             "which cannot be read: %s; name its path in db_modules (%s PATH)",
             backend, path, strerror(errno), backend);
    add(x, text);
}

/* NVIDIA's and AMD's drivers each have a file for a device. */
static void look_for_gpus(struct lacks *x, const struct options *o)
{
    int64_t n = options_one(o, OPT_NUM_DEVICES)->count;
    char path[64], text[MODEL_FILES_REASON];

    if (!runs_on(o, DEVICE_GPU) || access("/dev/kfd", F_OK) == 0)
        return;
    snprintf(path, sizeof path, "/dev/nvidia%lld", (long long)n - 1);
    if (access(path, F_OK) == 0)
        return;
    snprintf(text, sizeof text,
             "device: gpu is asked for%s, and there is no %s (nor AMD's "
             "/dev/kfd); ask the batch system for GPUs, or take device: cpu",
             n > 1 ? " in num_devices" : "", path);
    add(x, text);
}

int model_files_lacks(const struct options *o, const struct model_files *f,
                      char reason[][MODEL_FILES_REASON], int n)
{
    struct lacks x = {reason, 0, n};

    look_for(&x, "db_modules", f->module);
    for (int d = DEVICE_CPU; d <= DEVICE_GPU && !o->serve; d++)
        look_for(&x, "model", f->model[d]);
    if (!o->serve)
        look_for(&x, "script", f->script);
    look_for_backend(&x, o, f);
    look_for_gpus(&x, o);
    return x.n < n ? x.n : n;
}
