#include "study/config_share.h"

#include <errno.h>
#include <limits.h>
#include <mpi.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/mem.h"
#include "base/quote.h"
#include "measure/language.h"
#include "ranks/team.h"

#define CONFIG_MAX (1024 * 1024)
#define STANDARD_INPUT "standard input"

/* ---- the file ---- */

static int check_kind(FILE *f, const char *name, struct error *err)
{
    struct stat st;

    if (fstat(fileno(f), &st) == 0 && S_ISDIR(st.st_mode))
        return error_set(err, "the configuration file '%s' is a folder", name);
    return 0;
}

/* What cannot be read a second time was perhaps read a first time. */
static int check_text(FILE *f, struct config *c, struct error *err)
{
    struct stat st;

    if (ferror(f))
        return error_set(err, "the configuration file '%s' cannot be read",
                         c->name);
    if (c->length > CONFIG_MAX)
        return error_set(
            err, "the configuration file '%s' is larger than 1 MiB", c->name);
    if (c->length == 0 && (fstat(fileno(f), &st) != 0 || !S_ISREG(st.st_mode)))
        return error_set(err,
                         "the configuration from '%s' is empty; expected YAML "
                         "there, which can be read once",
                         c->name);
    return 0;
}

static int read_stream(FILE *f, struct config *c, struct error *err)
{
    if (check_kind(f, c->name, err) < 0)
        return -1;
    c->text = mem_new(CONFIG_MAX + 2, 1);
    c->length = fread(c->text, 1, CONFIG_MAX + 1, f);
    c->text[c->length] = '\0';
    return check_text(f, c, err);
}

int config_read(struct config *c, int argc, char **argv, struct error *err)
{
    const char *path;
    bool input;
    FILE *f;
    int rc;

    *c = (struct config){.argc = argc, .argv = argv};
    if (options_find_config(argc, argv, &path, err) < 0)
        return -1;
    if (!path)
        return 0;
    input = strcmp(path, "-") == 0;
    f = input ? stdin : fopen(path, "re");
    if (!f)
        return error_set(err, "cannot read the configuration file '%s': %s",
                         path, strerror(errno));
    c->name = input ? STANDARD_INPUT : path;
    rc = read_stream(f, c, err);
    if (!input)
        fclose(f);
    if (rc < 0)
        config_free(c);
    return rc;
}

void config_free(struct config *c)
{
    if (c->block)
        free(c->argv);
    else
        free(c->text);
    free(c->block);
    *c = (struct config){0};
}

/* ---- all ranks ---- */

/* One block: argc, length of the file or -1, the arguments as strings, the
 * file. */
static char *pack(const struct config *c, size_t *n)
{
    int64_t head[2] = {c->argc, c->text ? (int64_t)c->length : -1};
    char *block = NULL;
    FILE *out = mem_stream(&block, n);

    fwrite(head, sizeof head, 1, out);
    for (int i = 0; i < c->argc; i++)
        fwrite(c->argv[i], 1, strlen(c->argv[i]) + 1, out);
    fwrite(c->text ? c->text : "", 1, c->length + 1, out);
    fclose(out);
    return block;
}

static void unpack(struct config *c, char *block)
{
    struct error ignored;
    int64_t head[2];
    char *at = block + sizeof head;

    memcpy(head, block, sizeof head);
    *c = (struct config){.argc = (int)head[0], .block = block};
    c->argv = mem_new((size_t)c->argc + 1, sizeof *c->argv);
    for (int i = 0; i < c->argc; i++) {
        c->argv[i] = at;
        at += strlen(at) + 1;
    }
    if (head[1] < 0)
        return;
    c->text = at;
    c->length = (size_t)head[1];
    options_find_config(c->argc, c->argv, &c->name, &ignored);
    if (strcmp(c->name, "-") == 0)
        c->name = STANDARD_INPUT;
}

int config_share(struct config *c, int argc, char **argv, struct error *err)
{
    const struct team world = {.nap_ns = SRB_NAP_NS}; /* there is none yet */
    struct config mine = {0};
    char *block = NULL;
    int64_t n = 0;
    size_t bytes = 0;
    int rank;

    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    if (rank == 0 && config_read(&mine, argc, argv, err) == 0) {
        block = pack(&mine, &bytes);
        n = (int64_t)bytes;
    }
    config_free(&mine);
    team_bcast(&world, MPI_COMM_WORLD, &n, (int)sizeof n, 0);
    if (n == 0)
        return -1;
    if (rank != 0)
        block = mem_new((size_t)n, 1);
    team_bcast(&world, MPI_COMM_WORLD, block, (int)n, 0);
    unpack(c, block);
    return 0;
}

int config_parse(const struct config *c, struct options *o, struct error *err)
{
    if (options_parse(o, c->argc, c->argv, c->name, c->text, c->length, err) <
        0)
        return -1;
    if (language_check(o, language_table, err) == 0)
        return 0;
    options_free(o);
    return -1;
}

/* ---- parts of a job ---- */

static bool same_arguments(const struct config *c, int argc, char **argv)
{
    if (argc != c->argc)
        return false;
    for (int i = 1; i < argc; i++)
        if (strcmp(argv[i], c->argv[i]) != 0)
            return false;
    return true;
}

/* Parsed with the file that rank 0 read, whatever name it has here. */
static int check_own(const struct config *c, const struct options *o, int argc,
                     char **argv, struct error *err)
{
    struct config own = *c;
    const char *name;
    struct options said;
    int rc;

    if (same_arguments(c, argc, argv))
        return 0;
    own.argc = argc;
    own.argv = argv;
    if (options_find_config(argc, argv, &name, err) < 0)
        return -1;
    if (name && (!c->name || strcmp(name, c->name) != 0))
        return error_set(err,
                         "--config names '%s', and the first part of the job "
                         "%s; expected the same of all parts",
                         name, c->name ? c->name : "none");
    if (config_parse(&own, &said, err) < 0)
        return -1;
    rc = options_agrees(o, &said, err);
    options_free(&said);
    return rc;
}

/* Which part of a job that was started as several this is. */
static int part_prefix(int rank, struct error *err)
{
    int *number, known = 0;

    MPI_Comm_get_attr(MPI_COMM_WORLD, MPI_APPNUM, &number, &known);
    return known ? error_prefix(err, "part %d of the job (rank %d)",
                                *number + 1, rank)
                 : error_prefix(err, "rank %d", rank);
}

int config_check_part(const struct config *c, const struct options *o, int argc,
                      char **argv, enum role *role, struct error *err)
{
    int rank, lowest, mine = INT_MAX;

    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    if (options_find_role(argc, argv, role, err) < 0 ||
        check_own(c, o, argc, argv, err) < 0) {
        mine = rank;
        if (rank > 0)
            part_prefix(rank, err);
    }
    MPI_Allreduce(&mine, &lowest, 1, MPI_INT, MPI_MIN, MPI_COMM_WORLD);
    if (lowest == INT_MAX)
        return 0;
    MPI_Bcast(err, (int)sizeof *err, MPI_BYTE, lowest, MPI_COMM_WORLD);
    return -1;
}

/* ---- words ---- */

char *config_command_line(const struct config *c)
{
    char *text = NULL;
    size_t n;
    FILE *out = mem_stream(&text, &n);

    for (int i = 0; i < c->argc; i++) {
        const char *word = c->argv[i];
        bool plain = word[0] && !strpbrk(word, " \t\n\"'\\$`*?[]{}()<>|&;#~!");

        fprintf(out, i ? " " : "");
        if (plain)
            fputs(word, out);
        else
            quote_print(out, word);
    }
    fclose(out);
    return text;
}
