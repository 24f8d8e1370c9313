/* What --help prints. The short one has one line an option, in groups, so that
 * somebody who has never seen srbench finds what a study takes; all of it is
 * there for one option, or for all of them.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "options/options_internal.h"

#define WIDTH 98       /* a terminal of a hundred columns */
#define BRIEF_WIDTH 80 /* the smallest one */
#define BRIEF_NAME 25  /* columns of a name there */

/* Print text broken between words, `first` columns of the line being taken,
 * further lines with `indent` blanks in front. */
static void print_wrapped(FILE *out, size_t first, size_t indent, size_t width,
                          const char *text)
{
    size_t room = width - first;

    while (*text) {
        size_t n = strlen(text), cut = n;

        if (n > room) {
            for (cut = room; cut > 0 && text[cut] != ' '; cut--)
                ;
            if (cut == 0)
                cut = room;
        }
        fprintf(out, "%.*s\n", (int)cut, text);
        text += cut;
        text += *text == ' ';
        room = width - indent;
        if (*text)
            fprintf(out, "%*s", (int)indent, "");
    }
}

/* A paragraph. */
static void print_indented(FILE *out, int indent, const char *text)
{
    fprintf(out, "%*s", indent, "");
    print_wrapped(out, (size_t)indent, (size_t)indent, WIDTH, text);
}

static void print_entry(FILE *out, const struct option *d)
{
    char kind[OPTIONS_KIND_MAX], *meaning = options_meaning(d);

    fprintf(out, "  --%s", d->name);
    if (d->alias)
        fprintf(out, " (or --%s)", d->alias);
    fputc('\n', out);
    print_indented(out, 6, meaning);
    print_indented(out, 6, options_kind(d, kind));
    free(meaning);
}

static void print_usage(FILE *out)
{
    fputs("Usage: srbench [EXPERIMENT] [--config FILE] [--OPTION=VALUE ...]\n"
          "       srbench serve --db_address=FILE [--config FILE] "
          "[--OPTION=VALUE ...]\n"
          "       srbench tune [EXPERIMENT] [--config FILE] "
          "[--OPTION=VALUE ...]\n"
          "\n"
          "Measures how fast tensors move between the ranks of an MPI job and "
          "databases\n"
          "(Redis and its like) that it starts on the job's own nodes.\n",
          out);
}

static void print_examples(FILE *out)
{
    fputs("\nExamples:\n", out);
    for (size_t i = 0; i < sizeof options_examples / sizeof *options_examples;
         i++)
        fprintf(out, "  # %s\n  %s\n", options_examples[i].what,
                options_examples[i].line);
}

static void print_flag(FILE *out, const struct flag_help *f)
{
    fprintf(out, "  %-18s", f->flag);
    print_wrapped(out, 20, 20, BRIEF_WIDTH, f->help);
}

static void print_flags(FILE *out)
{
    fputs("\nInstead of, or besides, a run:\n", out);
    for (const struct flag_help *f = options_flags; f->flag; f++)
        print_flag(out, f);
}

/* "--tensor_bytes *": axes are marked. */
static void print_brief(FILE *out, const struct option *d)
{
    char brief[OPTIONS_BRIEF_MAX], words[2 * OPTIONS_BRIEF_MAX];

    fprintf(out, "  --%-*s%s", BRIEF_NAME - 6, d->name,
            option_is_axis(d) ? "* " : "  ");
    text_add(strcpy(words, ""), sizeof words, "%s", options_brief(d, brief));
    if (strlen(d->def) <= 20 && d->def[0] != '{' && strcmp(d->def, "auto") != 0)
        text_add(words, sizeof words, " [%s]", d->def);
    print_wrapped(out, BRIEF_NAME, BRIEF_NAME, BRIEF_WIDTH, words);
}

static void help_brief(FILE *out)
{
    print_usage(out);
    print_examples(out);
    print_flags(out);
    fputs("\nOptions, with their defaults. Those with a * take a list, and the "
          "study is the\n"
          "product of all lists: --tensor_bytes=64KiB,1MiB --client_nodes=2,4 "
          "is four runs.\n",
          out);
    for (size_t i = 0; i < GROUP_COUNT; i++) {
        fprintf(out, "\n%s:\n", options_heading(options_group_at(i)));
        for (int id = 0; id < OPT_COUNT; id++)
            if (option_table[id].group == options_group_at(i) &&
                !option_table[id].for_tests)
                print_brief(out, &option_table[id]);
    }
}

static void help_all(FILE *out)
{
    print_usage(out);
    fputs("EXPERIMENT is throughput_standard (or throughput_scaling), "
          "throughput_colocated,\n"
          "inference_standard or inference_colocated, and another way to write "
          "--experiment.\n"
          "srbench serve runs databases for clients of another job, which "
          "finds them by --db_address.\n"
          "srbench tune finds the best configuration of the databases for the "
          "loads it is given.\n",
          out);
    print_examples(out);
    print_flags(out);
    fputs("\n"
          "Options, with the same names and the same YAML values in the file "
          "and on the command line.\n"
          "An axis takes one value or a list, --client_nodes=20,40 or "
          "[20,40]; the sweep is the\n"
          "product of all axes. --OPTION VALUE works too, but true and false "
          "go behind a = only; - may\n"
          "stand for _.\n",
          out);
    for (size_t i = 0; i < GROUP_COUNT; i++) {
        fprintf(out, "\n%s:\n\n", options_heading(options_group_at(i)));
        for (int id = 0; id < OPT_COUNT; id++)
            if (option_table[id].group == options_group_at(i))
                print_entry(out, &option_table[id]);
    }
}

void options_help(FILE *out, const struct options *o)
{
    switch (o->topic) {
    case HELP_BRIEF:
        help_brief(out);
        break;
    case HELP_ALL:
        help_all(out);
        break;
    case HELP_FLAG:
        print_flag(out, o->help_flag);
        break;
    case HELP_OPTION:
        print_entry(out, &option_table[o->help_with]);
        break;
    case HELP_MAN:
        options_man(out);
        break;
    case HELP_BASH:
        options_bash(out);
        break;
    case HELP_ZSH:
        options_zsh(out);
        break;
    }
}
