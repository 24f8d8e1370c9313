#include "protocol/db_modules.h"

#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/text.h"

/* The path, which ends at the first blank. */
static void path_of(const char *module, char path[PATH_MAX])
{
    snprintf(path, PATH_MAX, "%.*s", (int)strcspn(module, " "), module);
}

int db_modules_check(const char *module, struct error *err)
{
    char path[PATH_MAX];
    struct stat st;

    path_of(module, path);
    if (stat(path, &st) != 0 || access(path, R_OK) != 0)
        return error_set(err, "db_modules: cannot read '%.200s': %s", path,
                         strerror(errno));
    if (!S_ISREG(st.st_mode))
        return error_set(err, "db_modules: '%.200s' is no file", path);
    if (!(st.st_mode & (S_IXUSR | S_IXGRP | S_IXOTH)))
        return error_set(err,
                         "db_modules: '%.200s' may not be executed, which "
                         "Redis 7 asks of a module; chmod +x it",
                         path);
    return 0;
}

/* One word as a server's configuration has it: within double quotes a quote and
 * a backslash have one before them (redis.conf, "sdssplitargs"). */
static void print_word(FILE *out, const char *word, size_t n)
{
    fputs(" \"", out);
    for (size_t i = 0; i < n; i++) {
        if (word[i] == '"' || word[i] == '\\')
            fputc('\\', out);
        fputc(word[i], out);
    }
    fputc('"', out);
}

static void print_arguments(FILE *out, const char *at)
{
    for (at += strspn(at, " "); *at; at += strspn(at, " ")) {
        size_t n = strcspn(at, " ");

        print_word(out, at, n);
        at += n;
    }
}

/* The argument behind that word, cut out of the module's; "" without. */
static void argument_of(const char *module, const char *word,
                        char value[PATH_MAX])
{
    const char *at = module + strcspn(module, " ");

    value[0] = '\0';
    for (at += strspn(at, " "); *at; at += strspn(at, " ")) {
        size_t n = strcspn(at, " ");
        bool found = n == strlen(word) && strncasecmp(at, word, n) == 0;

        at += n;
        at += strspn(at, " ");
        if (found) {
            snprintf(value, PATH_MAX, "%.*s", (int)strcspn(at, " "), at);
            return;
        }
    }
}

/* The folder and the library of a back end, as RedisAI's backends.c has them.
 */
static const char *library_of(const char *backend)
{
    static const char *const names[][2] = {{"TORCH", "redisai_torch"},
                                           {"TF", "redisai_tensorflow"},
                                           {"TFLITE", "redisai_tflite"},
                                           {"ONNX", "redisai_onnxruntime"}};

    for (size_t k = 0; k < sizeof names / sizeof names[0]; k++)
        if (strcmp(names[k][0], backend) == 0)
            return names[k][1];
    return "";
}

const char *db_modules_backend(const char *module, const char *backend,
                               char path[PATH_MAX])
{
    char given[PATH_MAX], folder[PATH_MAX];
    const char *name = library_of(backend);

    argument_of(module, backend, given);
    argument_of(module, "BACKENDSPATH", folder);
    path[0] = '\0';
    if (given[0] != '/' && folder[0]) {
        text_add(path, PATH_MAX, "%s/", folder);
    } else if (given[0] != '/') {
        path_of(module, path);
        path[strrchr(path, '/') ? strrchr(path, '/') - path : 0] = '\0';
        text_add(path, PATH_MAX, "%s/", path[0] ? "/backends" : "backends");
    }
    if (given[0])
        text_add(path, PATH_MAX, "%s", given);
    else
        text_add(path, PATH_MAX, "%s/%s.so", name, name);
    return path;
}

void db_modules_print(FILE *out, const struct setting *modules, int64_t threads,
                      int64_t intra)
{
    for (size_t k = 0; modules && k < modules->nvalues; k++) {
        const char *text = modules->values[k].text;
        char path[PATH_MAX], *whole;

        if (modules->values[k].is_auto)
            continue;
        path_of(text, path);
        whole = realpath(path, NULL);
        fputs("loadmodule", out);
        print_word(out, whole ? whole : path, strlen(whole ? whole : path));
        free(whole);
        print_arguments(out, text + strcspn(text, " "));
        if (threads > 0 && options_names_redisai(text))
            fprintf(out, " THREADS_PER_QUEUE %" PRId64, threads);
        if (intra > 0 && options_names_redisai(text) &&
            !strcasestr(text, "INTRA_OP_PARALLELISM"))
            fprintf(out, " INTRA_OP_PARALLELISM %" PRId64, intra);
        fputc('\n', out);
    }
}
