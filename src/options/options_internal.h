/* options_internal.h - what the rooms of the options module share.
 *
 *   options_table.c   the table
 *   options.c         what it says together: --show_config
 *   options_meaning.c  what is said of options, wherever that is
 *   options_help.c    --help
 *   options_pages.c   the manual page, and completions for shells
 *   options_yaml.c    text to scalars, lists and maps, with line and column
 *   options_words.c   the words that later rooms own
 *   options_value.c   those to checked values of an option
 *   options_parse.c   defaults, file and command line put together
 *   options_check.c   whether what they say fits together
 *   options_tensors.c  whether what is said of a step's tensors fits together
 *   options_steps.c   whether what is said of steps fits together
 *   options_exchange.c  whether what is said of writers and readers fits
 * together options_commands.c  whether what is said of command sets fits
 * together
 */
#ifndef SRB_OPTIONS_INTERNAL_H
#define SRB_OPTIONS_INTERNAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "base/error.h"
#include "options/options.h"

#define OPTIONS_FILE_MAX (1 << 20) /* bytes of a file */
#define OPTIONS_LIST_MAX 10000     /* entries of a list */
#define OPTIONS_MAP_MAX 1000       /* pairs of a map */
#define OPTIONS_TEXT_MAX 4095      /* bytes of a text: a path's limit */

/* Where something is said. In a file messages start FILE:LINE:COLUMN, on the
 * command line with the flag; name is the option's, where one is known. */
struct said {
    const char *file; /* NULL on the command line */
    const char *flag; /* "--nodes" */
    const char *name; /* or NULL */
};

/* One scalar as it is written; plain: not in quotes. Lines and columns count
 * from 1, columns in characters. */
struct yaml_scalar {
    char *text;
    bool plain;
    size_t line, column;
};

enum yaml_kind { YAML_SCALAR, YAML_LIST, YAML_MAP };

/* What stands for one option: item[0], a list of items or of maps, or a map of
 * item[0]: item[1], item[2]: item[3], … */
struct yaml_node {
    enum yaml_kind kind;
    struct yaml_scalar *item;
    size_t n, room;
    struct yaml_node *map;
    size_t nmaps, maps_room;
    size_t line, column;
};

struct yaml_entry {
    struct yaml_scalar key;
    struct yaml_node node;
};

/* A file's entries, in its order. */
struct yaml_file {
    struct yaml_entry *entry;
    size_t n, room;
};

/* Word a failure at a place; returns -1. */
int options_said_error(const struct said *said, size_t line, size_t column,
                       struct error *err, const char *fmt, ...)
    __attribute__((format(printf, 5, 6)));

/* That place, FILE:LINE:COLUMN or the flag. Returns buf. */
char *options_said_place(const struct said *said, size_t line, size_t column,
                         char *buf, size_t n);

/* What was found, for a message: "nothing", "'abc'", "'\"abc\"'"; cut where it
 * is long. Returns buf. */
#define SAID_FOUND_MAX 96
const char *options_said_found(const char *text, bool plain,
                               char buf[SAID_FOUND_MAX]);

/* Read a file: a flat mapping of names to scalars, lists of scalars, maps of
 * scalars and lists of such maps. On failure *f is empty. */
int options_yaml_read_file(const char *file, const char *text, size_t length,
                           struct yaml_file *f, struct error *err);
void options_yaml_file_free(struct yaml_file *f);

/* Read one value of the command line (or a default): YAML where it starts with
 * a bracket, a brace or a quote, else the plain text that it is. may_be_text: a
 * text is among what is expected, and may begin so too ([::1]:6780). */
int options_yaml_read_value(const struct said *said, const char *text,
                            bool may_be_text, struct yaml_node *node,
                            struct error *err);
void options_yaml_node_free(struct yaml_node *node);

/* Print a text as one YAML scalar that reads back to it, also within a list
 * and a map, and by other readers of YAML as a text. */
void options_yaml_print_text(FILE *out, const char *text);

/* The words that were handed over for the option; a list without any where it
 * has none. */
const struct options_word *options_words(const struct option *d);

/* The name of choice i of an OPTION_CHOICE, or NULL behind the last. */
const char *options_choice(const struct option *d, size_t i);

/* What the option may be: "a whole number of at least 1, or auto". all: with
 * the upper limit even where it is only there to be safe. Returns buf. */
#define OPTIONS_EXPECTED_MAX 512
const char *options_expected(const struct option *d, bool all,
                             char buf[OPTIONS_EXPECTED_MAX]);

/* What --help says besides the options, the topics of it among that. */
extern const char *const options_topics[]; /* by enum help_topic, NULL: none */
#define OPTIONS_TOPICS (HELP_ZSH + 1)

/* The few words of an option: brief, or help as far as its first semicolon.
 * Returns buf. */
#define OPTIONS_BRIEF_MAX 256
const char *options_brief(const struct option *d, char buf[OPTIONS_BRIEF_MAX]);

/* All of what it means, with the words that were handed over for it; to be
 * freed. */
char *options_meaning(const struct option *d);

/* What it may be, and its default: "a whole number of at least 1; takes a list
 * (axis); default: 1". Returns buf. */
#define OPTIONS_KIND_MAX 1024
const char *options_kind(const struct option *d, char buf[OPTIONS_KIND_MAX]);

/* The heading of a group, and the group at place i of --help. */
const char *options_heading(enum option_group group);
enum option_group options_group_at(size_t i);

/* Three command lines, and what each is for. */
struct example {
    const char *what, *line;
};
extern const struct example options_examples[3];

/* What the command line may ask for besides a run. */
struct flag_help {
    const char *flag, *help;
};
extern const struct flag_help options_flags[]; /* NULL ends them */

void options_man(FILE *out);
void options_bash(FILE *out);
void options_zsh(FILE *out);

/* Check what is written for an option and make it values of *set, whose origin
 * and given are left alone. On failure *set is unchanged. */
int options_convert(const struct said *said, enum option_id id,
                    const struct yaml_node *node, struct setting *set,
                    struct error *err);

/* The same of a text: a value of the command line, or a default. */
int options_take(const struct said *said, enum option_id id, const char *text,
                 bool may_be_text, struct setting *set, struct error *err);

/* Whether what part was given is what o says; -1 with the first option that is
 * not. */
int options_agree(const struct options *o, const struct options *part,
                  struct error *err);

void options_setting_free(struct setting *set);

/* Whether one of the study's clients takes the faults of null_client, and talks
 * to no server. */
bool options_takes_faults(const struct options *o);

/* The value is auto. */
static inline bool options_auto(const struct options *o, enum option_id id)
{
    return options_one(o, id)->is_auto;
}

/* Whether what is said of an option contradicts the rest, and words on it, as
 * options_refuse() has them. */
struct refusal {
    bool is_so;
    enum option_id id;
    const char *what;
};

/* Refuse by the first of n that is so: -1. */
int options_refuse_any(const struct options *o, const struct refusal *list,
                       size_t n, struct error *err);

/* Whether nothing is given that another option leaves nothing to do. */
int options_check_idle(const struct options *o, struct error *err);

/* Whether all that is said fits together; dry_run: it is only to be planned. */
int options_check_together(const struct options *o, bool dry_run,
                           struct error *err);

/* Whether command_set, db_modules, db_tpq and device fit together and to the
 * servers. */
int options_check_commands(const struct options *o, struct error *err);

/* Whether what is said of models does. */
int options_check_inference(const struct options *o, struct error *err);

/* Whether tensors, pipelined, history, retire and expire_after fit together and
 * to the servers. */
int options_check_tensors(const struct options *o, struct error *err);

/* Refuse an option that asks of the servers which are no programs what they are
 * not: "WHAT floor and null REST". How many values of db_exe are such. */
int options_refuse_builtin(const struct options *o, enum option_id id,
                           const char *what, const char *rest,
                           struct error *err);
size_t options_count_builtin(const struct options *o);

/* Whether compute, rate, arrivals and sustain fit together and to the loop. */
int options_check_steps(const struct options *o, struct error *err);

/* Whether what is said of writers and readers fits together and to the loop. */
int options_check_exchange(const struct options *o, struct error *err);

/* Whether a text means true or false (*out). */
bool options_flag(const char *text, bool *out);

#endif
