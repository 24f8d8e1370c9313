#include "study/config_share.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/mem.h"
#include "base/quote.h"
#include "measure/language.h"

#define CONFIG_MAX (1024 * 1024)

/* How much of a part's command line its name is. */
#define PART_MAX 120

/* ---- one rank ---- */

/* How messages call it. */
static const char *name_of(const char *path)
{
    return path && strcmp(path, "-") == 0 ? "standard input" : path;
}

/* What was opened: a pipe or a terminal that holds nothing has most likely been
 * read before (or nobody has written to it), and no study was meant by that. */
static int read_stream(FILE *f, const char *name, struct config *c,
                       struct error *err)
{
    struct stat st;

    if (fstat(fileno(f), &st) != 0)
        return error_set(err, "cannot look at the configuration file '%s': %s",
                         name, strerror(errno));
    if (S_ISDIR(st.st_mode))
        return error_set(err, "the configuration file '%s' is a folder", name);
    c->text = mem_new(CONFIG_MAX + 2, 1);
    c->length = fread(c->text, 1, CONFIG_MAX + 1, f);
    c->text[c->length] = '\0';
    if (ferror(f))
        return error_set(err, "the configuration file '%s' cannot be read: %s",
                         name, strerror(errno));
    if (c->length > CONFIG_MAX)
        return error_set(
            err, "the configuration file '%s' is larger than 1 MiB", name);
    if (c->length == 0 && !S_ISREG(st.st_mode))
        return error_set(err,
                         "the configuration '%s' is empty and no regular "
                         "file: nothing was written to it, or something else "
                         "has read it; expected options, one NAME: VALUE a "
                         "line, or no --config",
                         name);
    return 0;
}

static int read_file(const char *path, struct config *c, struct error *err)
{
    bool input = strcmp(path, "-") == 0;
    FILE *f = input ? stdin : fopen(path, "re");
    int rc;

    if (!f)
        return error_set(err, "cannot read the configuration file '%s': %s",
                         path, strerror(errno));
    rc = read_stream(f, name_of(path), c, err);
    if (!input)
        fclose(f);
    if (rc < 0) {
        free(c->text);
        c->text = NULL;
    }
    return rc;
}

int config_read(struct config *c, int argc, char **argv, struct error *err)
{
    const char *path;

    c->argc = argc;
    c->argv = argv;
    c->read = true;
    if (options_find_config(argc, argv, &path, err) < 0)
        return -1;
    return path ? read_file(path, c, err) : 0;
}

int config_parse(struct options *o, const struct config *c, struct error *err)
{
    struct error ignored;
    const char *path = NULL;

    options_find_config(c->argc, c->argv, &path, &ignored);
    if (options_parse(o, c->argc, c->argv, name_of(path), c->text, c->length,
                      err) < 0)
        return -1;
    if (language_check(o, language_table, err) == 0)
        return 0;
    options_free(o);
    return -1;
}

void config_free(struct config *c)
{
    if (c->block)
        free(c->argv);
    else
        free(c->text);
    free(c->block);
    memset(c, 0, sizeof *c);
}

/* ---- all ranks ---- */

/* As one block: argc, length of the text or -1, the arguments as strings, the
 * text. */
static char *pack(const struct config *c, size_t *n)
{
    int64_t head[2] = {c->argc, c->text ? (int64_t)c->length : -1};
    size_t bytes = sizeof head + c->length + 1;
    char *block, *at;

    for (int i = 0; i < c->argc; i++)
        bytes += strlen(c->argv[i]) + 1;
    at = block = mem_new(bytes, 1);
    memcpy(at, head, sizeof head);
    at += sizeof head;
    for (int i = 0; i < c->argc; i++)
        at = stpcpy(at, c->argv[i]) + 1;
    if (c->text)
        memcpy(at, c->text, c->length);
    block[bytes - 1] = '\0'; /* ends the text */
    *n = bytes;
    return block;
}

/* Point into the block, which becomes its own. */
static void unpack(struct config *c, char *block)
{
    int64_t head[2];
    char *at = block + sizeof head;

    memcpy(head, block, sizeof head);
    c->block = block;
    c->argc = (int)head[0];
    c->argv = mem_new((size_t)c->argc + 1, sizeof *c->argv);
    for (int i = 0; i < c->argc; i++) {
        c->argv[i] = at;
        at += strlen(at) + 1;
    }
    c->text = head[1] < 0 ? NULL : at;
    c->length = head[1] < 0 ? 0 : (size_t)head[1];
}

/* The world before there is a team. */
static struct team early(void)
{
    struct team t = {.world = MPI_COMM_WORLD, .nap_ns = SRB_NAP_NS};

    MPI_Comm_rank(t.world, &t.rank);
    MPI_Comm_size(t.world, &t.size);
    return t;
}

int config_share(struct config *c, int argc, char **argv, struct error *err)
{
    const struct team t = early();
    char *block = NULL;
    size_t bytes = 0;
    int64_t n = 0;

    if (t.rank == 0 && (c->read || config_read(c, argc, argv, err) == 0)) {
        block = pack(c, &bytes);
        n = (int64_t)bytes;
    }
    config_free(c);
    team_bcast(&t, t.world, &n, (int)sizeof n, 0);
    if (n == 0)
        return -1;
    if (!block)
        block = mem_new((size_t)n, 1);
    team_bcast(&t, t.world, block, (int)n, 0);
    unpack(c, block);
    return 0;
}

/* ---- a job of several parts ---- */

/* All parts have the first one's file. */
static int check_file(const struct config *c, int argc, char **argv,
                      struct error *err)
{
    const char *mine, *first;

    if (options_find_config(argc, argv, &mine, err) < 0 ||
        options_find_config(c->argc, c->argv, &first, err) < 0)
        return -1;
    if (!mine || (first && strcmp(mine, first) == 0))
        return 0;
    return error_set(err,
                     "--config: found '%.200s', but the first part's "
                     "configuration is everybody's, and that is %s%.200s%s; "
                     "leave it out here",
                     mine, first ? "'" : "", first ? first : "none",
                     first ? "'" : "");
}

/* "part 2 ('srbench --role=db')", by its number where MPI tells it. */
static void name_part(int argc, char **argv, struct error *err)
{
    char *line = quote_line(argc, argv), number[24] = "a part";
    int *part, has = 0;

    MPI_Comm_get_attr(MPI_COMM_WORLD, MPI_APPNUM, &part, &has);
    if (has)
        snprintf(number, sizeof number, "part %d", *part + 1);
    error_prefix(err, "%s of the job (%.*s%s)", number, PART_MAX, line,
                 strlen(line) > PART_MAX ? "..." : "");
    free(line);
}

int config_part(const struct config *c, const struct options *o, int argc,
                char **argv, enum role *role, struct error *err)
{
    struct team t = early();
    int rc = options_parse_part(o, argc, argv, role, err);

    if (rc == 0)
        rc = check_file(c, argc, argv, err);
    if (rc < 0)
        name_part(argc, argv, err);
    return team_agree(&t, t.world, rc, err);
}
