#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/suggest.h"
#include "options/options_internal.h"

#define NAME_LENGTH 64 /* more than any option's name has */

/* What stands on the command line but is no option. */
static const char *const requests[] = {
    [REQUEST_HELP] = "help",
    [REQUEST_VERSION] = "version",
    [REQUEST_SHOW_CONFIG] = "show_config",
    [REQUEST_DRY_RUN] = "dry_run",
};
#define REQUESTS (sizeof requests / sizeof requests[0])

static size_t least(size_t a, size_t b)
{
    return a < b ? a : b;
}

/* The option that was meant, or NULL. */
static const char *find_nearest(const char *typed, bool on_command_line)
{
    struct suggestion n = suggest_for(typed);

    for (int id = 0; id < OPT_COUNT; id++) {
        suggest_consider(&n, option_table[id].name);
        suggest_consider(&n, option_table[id].alias);
    }
    if (!on_command_line)
        return n.name;
    suggest_consider(&n, "config");
    for (size_t i = REQUEST_HELP; i < REQUESTS; i++)
        suggest_consider(&n, requests[i]);
    return n.name;
}

static int unknown_option(const struct said *said, size_t line, size_t column,
                          const char *typed, struct error *err)
{
    const char *name = find_nearest(typed, !said->file);

    if (!name)
        return options_said_error(said, line, column, err,
                                  "unknown option (srbench --help lists all)");
    return options_said_error(
        said, line, column, err,
        "unknown option; did you mean '%s'? (srbench --help "
        "lists all)",
        name);
}

enum option_id options_find(const char *name)
{
    int id = 0;

    while (
        id < OPT_COUNT && strcmp(option_table[id].name, name) != 0 &&
        !(option_table[id].alias && strcmp(option_table[id].alias, name) == 0))
        id++;
    return (enum option_id)id;
}

static int set_defaults(struct options *o, struct error *err)
{
    for (int id = 0; id < OPT_COUNT; id++) {
        const struct option *d = &option_table[id];
        const struct said said = {.flag = "default", .name = d->name};

        if (options_take(&said, (enum option_id)id, d->def, false, &o->set[id],
                         err) < 0)
            return error_prefix(err, "%s", d->name);
        options_said_place(&said, 0, 0, o->set[id].origin,
                           sizeof o->set[id].origin);
    }
    return 0;
}

/* One entry of the file; first[] has each option's entry so far. */
static int apply_entry(struct options *o, const char *file,
                       const struct yaml_entry *e,
                       const struct yaml_scalar *first[OPT_COUNT],
                       struct error *err)
{
    const struct said said = {.file = file, .name = e->key.text};
    enum option_id id = options_find(e->key.text);

    if (id == OPT_COUNT)
        return unknown_option(&said, e->key.line, e->key.column, e->key.text,
                              err);
    if (first[id] && strcmp(first[id]->text, e->key.text) == 0)
        return options_said_error(&said, e->key.line, e->key.column, err,
                                  "given twice, first in line %zu",
                                  first[id]->line);
    if (first[id])
        return options_said_error(
            &said, e->key.line, e->key.column, err,
            "the same option as %s, which is given in line %zu",
            first[id]->text, first[id]->line);
    first[id] = &e->key;
    if (options_convert(&said, id, &e->node, &o->set[id], err) < 0)
        return -1;
    o->set[id].given = true;
    options_said_place(&said, e->node.line, e->node.column, o->set[id].origin,
                       sizeof o->set[id].origin);
    return 0;
}

static int apply_file(struct options *o, const char *file, const char *text,
                      size_t length, struct error *err)
{
    const struct yaml_scalar *first[OPT_COUNT] = {NULL};
    struct yaml_file f;
    int rc = 0;

    if (options_yaml_read_file(file, text, length, &f, err) < 0)
        return -1;
    for (size_t i = 0; rc == 0 && i < f.n; i++)
        rc = apply_entry(o, file, &f.entry[i], first, err);
    options_yaml_file_free(&f);
    return rc;
}

/* One argument of the command line, taken apart. */
struct argument {
    char flag[NAME_LENGTH + 4]; /* "--client-nodes", as it was typed */
    char name[NAME_LENGTH + 1]; /* "client_nodes" */
    const char *value;          /* behind the =, or NULL */
};

/* A name with - for _ and dashes before it. */
static void take_name(const char *typed, char name[NAME_LENGTH + 1])
{
    snprintf(name, NAME_LENGTH + 1, "%s", typed + strspn(typed, "-"));
    for (char *c = name; *c; c++)
        if (*c == '-')
            *c = '_';
}

static void take_apart(const char *arg, struct argument *a)
{
    size_t n = strcspn(arg, "=");

    a->value = arg[n] == '=' ? arg + n + 1 : NULL;
    n = least(n, sizeof a->flag - 1);
    memcpy(a->flag, arg, n);
    a->flag[n] = '\0';
    take_name(a->flag, a->name);
}

/* A value of its own argument: whatever cannot be an option, so that one
 * argument's meaning never depends on another's. */
static const char *value_of(int argc, char *const argv[], int *i,
                            const struct argument *a)
{
    if (a->value)
        return a->value;
    if (*i + 1 >= argc || strncmp(argv[*i + 1], "--", 2) == 0 ||
        strcmp(argv[*i + 1], "-h") == 0)
        return NULL;
    return argv[++*i];
}

/* Whether an argument asks for help; what with, *topic, is behind its = or the
 * next argument, or "". */
static bool asks_help(int argc, char *const argv[], int i, const char **topic)
{
    bool flag;

    if (strncmp(argv[i], "--help=", 7) == 0) {
        *topic = argv[i] + 7;
        return !options_flag(*topic, &flag);
    }
    if (strcmp(argv[i], "--help") != 0 && strcmp(argv[i], "-h") != 0)
        return false;
    *topic = i + 1 < argc && argv[i + 1][0] != '-' ? argv[i + 1] : "";
    return true;
}

/* What is asked for by a name that is no option's; NULL: nothing. */
static const struct flag_help *flag_named(const char *name)
{
    size_t length = strlen(name);

    for (const struct flag_help *f = options_flags; f->flag; f++)
        if (strncmp(f->flag + 2, name, length) == 0 &&
            (f->flag[2 + length] == '\0' || f->flag[2 + length] == ' '))
            return f;
    return NULL;
}

static int apply_topic(struct options *o, const char *topic, struct error *err)
{
    char name[NAME_LENGTH + 1];
    const char *nearest;

    for (int t = HELP_BRIEF; t < OPTIONS_TOPICS; t++)
        if (options_topics[t] && strcmp(topic, options_topics[t]) == 0) {
            o->topic = (enum help_topic)t;
            return 0;
        }
    take_name(topic, name);
    o->help_with = options_find(name);
    if (o->help_with < OPT_COUNT) {
        o->topic = HELP_OPTION;
        return 0;
    }
    o->help_flag = flag_named(name);
    if (o->help_flag) {
        o->topic = HELP_FLAG;
        return 0;
    }
    nearest = find_nearest(topic, false);
    return error_set(err,
                     "--help: found '%.64s', which is no option%s%s%s; "
                     "expected one, all, man, bash, zsh or nothing",
                     topic, nearest ? " (did you mean '" : "",
                     nearest ? nearest : "", nearest ? "'?)" : "");
}

/* What --help is for. */
static int parse_topic(struct options *o, int argc, char *const argv[],
                       struct error *err)
{
    const char *topic;

    for (int i = 1; i < argc; i++)
        if (asks_help(argc, argv, i, &topic))
            return apply_topic(o, topic, err);
    return 0;
}

/* --help wins over whatever is wrong with the rest, then --version. */
static enum request plain_request(int argc, char *const argv[])
{
    enum request request = REQUEST_RUN;
    const char *topic;

    for (int i = 1; i < argc; i++) {
        if (asks_help(argc, argv, i, &topic))
            return REQUEST_HELP;
        if (strcmp(argv[i], "--version") == 0)
            request = REQUEST_VERSION;
    }
    return request;
}

static enum request request_named(const char *name)
{
    for (size_t r = REQUEST_HELP; r < REQUESTS; r++)
        if (strcmp(name, requests[r]) == 0)
            return (enum request)r;
    return REQUEST_RUN;
}

int options_find_config(int argc, char *const argv[], const char **file,
                        struct error *err)
{
    const char *found = NULL;

    *file = NULL;
    if (plain_request(argc, argv) != REQUEST_RUN)
        return 0;
    for (int i = 1; i < argc; i++) {
        struct argument a;
        const char *value;

        take_apart(argv[i], &a);
        if (strcmp(a.flag, "--config") != 0)
            continue;
        value = value_of(argc, argv, &i, &a);
        if (!value || *value == '\0')
            return error_set(err, "--config: found nothing, expected the name "
                                  "of a file");
        if (found)
            return error_set(err,
                             "--config: given twice ('%s' and '%s'), expected "
                             "one file",
                             found, value);
        found = value;
    }
    *file = found;
    return 0;
}

enum request options_find_request(int argc, char *const argv[], bool *imaginary)
{
    enum request found = plain_request(argc, argv);

    *imaginary = false;
    for (int i = 1; i < argc; i++) {
        struct argument a;
        enum request request;
        bool yes = true;

        if (strncmp(argv[i], "--", 2) != 0)
            continue;
        take_apart(argv[i], &a);
        if (strcmp(a.name, option_table[OPT_MACHINE].name) == 0) {
            const char *value = value_of(argc, argv, &i, &a);

            *imaginary = value && strcmp(value, "auto") != 0;
        }
        request = request_named(a.name);
        if (request == REQUEST_RUN ||
            (a.value && !options_flag(a.value, &yes)) || !yes)
            continue;
        if (found == REQUEST_RUN || request < found)
            found = request;
    }
    return found;
}

/* What the command line has said so far. */
struct command_line {
    struct options *o;
    char seen[OPT_COUNT][NAME_LENGTH + 4]; /* the flag of each option */
    bool dry_run;
};

static int apply_value(struct command_line *c, enum option_id id,
                       const char *flag, const char *value, struct error *err)
{
    const struct said said = {.flag = flag, .name = option_table[id].name};
    struct setting *set = &c->o->set[id];

    if (options_take(&said, id, value, option_table[id].type == OPTION_TEXT,
                     set, err) < 0)
        return -1;
    if (strcmp(c->seen[id], flag) == 0)
        return options_said_error(&said, 0, 0, err,
                                  "given twice, expected once%s",
                                  option_is_axis(&option_table[id])
                                      ? ": several values are one list, A,B"
                                      : "");
    if (c->seen[id][0])
        return options_said_error(
            &said, 0, 0, err, "the same option as %s, which is given already",
            c->seen[id]);
    snprintf(c->seen[id], sizeof c->seen[id], "%s", flag);
    set->given = true;
    options_said_place(&said, 0, 0, set->origin, sizeof set->origin);
    return 0;
}

/* Of several requests the first of the enum wins. */
static int apply_request(struct command_line *c, enum request request,
                         const struct argument *a, struct error *err)
{
    char found[SAID_FOUND_MAX];
    bool yes = true;

    if (a->value && !options_flag(a->value, &yes))
        return error_set(err, "%s: found %s, expected true or false", a->flag,
                         options_said_found(a->value, true, found));
    if (!yes)
        return 0;
    if (request == REQUEST_DRY_RUN)
        c->dry_run = true;
    if (c->o->request == REQUEST_RUN || request < c->o->request)
        c->o->request = request;
    return 0;
}

/* The argument argv[*i], and the next one where that is its value. */
static int apply_argument(struct command_line *c, int argc, char *const argv[],
                          int *i, struct error *err)
{
    const char *arg = argv[*i], *value;
    char expected[OPTIONS_EXPECTED_MAX];
    struct argument a;
    struct said said = {.flag = a.flag};
    enum option_id id;

    if (*i == 1 && strcmp(arg, "serve") == 0) {
        c->o->serve = true;
        return 0;
    }
    if (*i == 1 && strcmp(arg, "tune") == 0) {
        c->o->tune = true;
        return 0;
    }
    if (arg[0] != '-')
        return apply_value(c, OPT_EXPERIMENT, "EXPERIMENT", arg, err);
    take_apart(arg, &a);
    if (strncmp(arg, "--", 2) != 0)
        return unknown_option(&said, 0, 0, a.name, err);
    if (strcmp(a.flag, "--config") == 0) {
        value_of(argc, argv, i, &a); /* read by now */
        return 0;
    }
    if (request_named(a.name) != REQUEST_RUN)
        return apply_request(c, request_named(a.name), &a, err);
    id = options_find(a.name);
    if (id == OPT_COUNT || a.flag[2] == '-')
        return unknown_option(&said, 0, 0, a.name, err);
    value = option_table[id].type == OPTION_FLAG && !a.value
                ? "true"
                : value_of(argc, argv, i, &a);
    if (!value)
        return options_said_error(
            &said, 0, 0, err, "found no value, expected %s",
            options_expected(&option_table[id], false, expected));
    return apply_value(c, id, a.flag, value, err);
}

/* srbench serve has the placement with databases on nodes of their own,
 * whatever else the study's file names beside it. */
static int only_standard(struct options *o, struct error *err)
{
    const struct said said = {.flag = "serve"};
    struct setting *set = &o->set[OPT_EXPERIMENT];

    if (!o->serve || (set->given && !options_has_placement(o, IN_STANDARD)))
        return 0; /* the latter is refused with the rest */
    return options_take(&said, OPT_EXPERIMENT,
                        options_infers(o) ? "inference_standard"
                                          : "throughput_standard",
                        false, set, err);
}

/* A search compares runs, which are to be equally long whatever is tried. */
static int timed_loops(struct options *o, struct error *err)
{
    const struct said said = {.flag = "tune"};

    if (!o->tune || o->set[OPT_DURATION].given || o->set[OPT_ITERATIONS].given)
        return 0;
    return options_take(&said, OPT_DURATION, "1s", false, &o->set[OPT_DURATION],
                        err);
}

static char *folder_of(const char *file)
{
    const char *slash = strrchr(file, '/');
    char *folder = mem_copy(slash ? file : ".");

    if (slash)
        folder[slash == file ? 1 : slash - file] = '\0';
    return folder;
}

/* Arguments of the databases' own jobs are given to have such jobs, as the
 * commands of SmartSim-Scaling do, whose default that is. */
static void imply_batch(struct options *o)
{
    struct setting *set = &o->set[OPT_RUN_DB_AS_BATCH];

    if (set->given || !o->set[OPT_BATCH_ARGS].given || o->serve)
        return;
    free(set->values[0].text);
    set->values[0].text = mem_copy("true");
    set->values[0].count = 1;
}

/* The file, the command line, and what these imply. */
static int apply_all(struct command_line *c, int argc, char *const argv[],
                     const char *file_name, const char *file_text,
                     size_t length, struct error *err)
{
    const char *config;

    if (options_find_config(argc, argv, &config, err) < 0)
        return -1;
    if (file_text && apply_file(c->o, file_name ? file_name : "configuration",
                                file_text, length, err) < 0)
        return -1;
    for (int i = 1; i < argc; i++)
        if (apply_argument(c, argc, argv, &i, err) < 0)
            return -1;
    if (only_standard(c->o, err) < 0 || timed_loops(c->o, err) < 0)
        return -1;
    if (file_name && strcmp(file_name, "-") != 0)
        c->o->folder = folder_of(file_name);
    imply_batch(c->o);
    return options_check_together(c->o, c->dry_run, err);
}

/* What the two ask for besides options. */
static int same_request(const struct options *o, const struct options *part,
                        struct error *err)
{
    if (part->serve && !o->serve)
        return error_set(err, "found serve, which the first part of the job "
                              "does not say");
    if (part->tune && !o->tune)
        return error_set(err, "found tune, which the first part of the job "
                              "does not say");
    if (part->request != REQUEST_RUN && part->request != o->request)
        return error_set(err,
                         "found --%s, which the first part of the job does "
                         "not say",
                         requests[part->request]);
    return 0;
}

int options_parse_part(const struct options *o, int argc, char *const argv[],
                       enum role *role, struct error *err)
{
    struct options part = {0};
    struct command_line c = {.o = &part};
    int rc = set_defaults(&part, err);

    part.request = plain_request(argc, argv);
    if (part.request != REQUEST_RUN) /* whatever else is said there */
        argc = 1;
    for (int i = 1; i < argc && rc == 0; i++)
        rc = apply_argument(&c, argc, argv, &i, err);
    if (rc == 0)
        rc = only_standard(&part, err);
    if (rc == 0)
        rc = same_request(o, &part, err);
    if (rc == 0)
        rc = options_agree(o, &part, err);
    if (rc == 0)
        *role = (enum role)part.set[OPT_ROLE].values[0].count;
    options_free(&part);
    return rc;
}

int options_parse(struct options *o, int argc, char *const argv[],
                  const char *file_name, const char *file_text, size_t length,
                  struct error *err)
{
    struct command_line c = {.o = o};
    int rc;

    memset(o, 0, sizeof *o);
    rc = set_defaults(o, err);
    o->request = plain_request(argc, argv);
    if (rc == 0 && o->request == REQUEST_HELP)
        rc = parse_topic(o, argc, argv, err);
    else if (rc == 0 && o->request == REQUEST_RUN)
        rc = apply_all(&c, argc, argv, file_name, file_text, length, err);
    if (rc < 0)
        options_free(o);
    return rc;
}

void options_free(struct options *o)
{
    for (int id = 0; id < OPT_COUNT; id++)
        options_setting_free(&o->set[id]);
    free(o->folder);
    memset(o, 0, sizeof *o);
}
