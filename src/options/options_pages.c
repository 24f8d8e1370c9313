/* What is installed beside the program, and made of the table as --help is: a
 * manual page and, for two shells, how they complete a command line.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "options/options_internal.h"
#include "srb_version.h"

/* ---- the manual page ---- */

#define ROFF_WIDTH 72 /* of a line of the source, by custom */

/* Text as man(7) wants it: no line begins with a control character, dashes are
 * those that can be copied. */
static void roff_line(FILE *out, const char *text, size_t n)
{
    static const struct {
        char c;
        const char *as;
    } special[] = {{'\\', "\\e"},
                   {'-', "\\-"},
                   {'\'', "\\(aq"},
                   {'^', "\\(ha"},
                   {'~', "\\(ti"}};

    if (n > 0 && *text == '.')
        fputs("\\&", out);
    for (size_t i = 0; i < n; i++) {
        size_t k = 0;

        while (k < sizeof special / sizeof *special && special[k].c != text[i])
            k++;
        if (k < sizeof special / sizeof *special)
            fputs(special[k].as, out);
        else
            fputc(text[i], out);
    }
}

static void roff_text(FILE *out, const char *text)
{
    roff_line(out, text, strlen(text));
}

/* A paragraph, in lines. */
static void roff_paragraph(FILE *out, const char *text)
{
    while (*text) {
        size_t n = strlen(text);

        if (n > ROFF_WIDTH)
            for (n = ROFF_WIDTH; n > 1 && text[n] != ' '; n--)
                ;
        roff_line(out, text, n);
        fputc('\n', out);
        text += n + (text[n] == ' ');
    }
}

/* A tagged paragraph. */
static void roff_item(FILE *out, const char *tag, const char *more,
                      const char *text)
{
    fputs(".TP\n\\fB", out);
    roff_text(out, tag);
    fputs("\\fR", out);
    roff_text(out, more);
    fputc('\n', out);
    roff_paragraph(out, text);
}

static void roff_option(FILE *out, const struct option *d)
{
    char tag[128], more[160] = "", kind[OPTIONS_KIND_MAX];
    char *meaning = options_meaning(d);

    snprintf(tag, sizeof tag, "--%s", d->name);
    if (d->alias)
        snprintf(more, sizeof more, ", --%s", d->alias);
    roff_item(out, tag, more, meaning);
    fputs(".br\n", out);
    roff_paragraph(out, options_kind(d, kind));
    free(meaning);
}

/* Of the build, or of what it is to be taken for (reproducible builds). */
static void roff_date(FILE *out)
{
    const char *given = getenv("SOURCE_DATE_EPOCH");
    time_t now = given ? (time_t)strtoll(given, NULL, 10) : time(NULL);
    struct tm tm;
    char date[16] = "";

    if (gmtime_r(&now, &tm))
        strftime(date, sizeof date, "%Y-%m-%d", &tm);
    /* names are no words that could be broken with a hyphen */
    fprintf(out, ".TH SRBENCH 1 %s \"srbench %s\" \"User Commands\"\n.nh\n",
            date, SRB_VERSION);
}

static void roff_head(FILE *out)
{
    roff_date(out);
    fputs(".SH NAME\n"
          "srbench \\- how fast tensors move between MPI ranks and in\\-memory "
          "databases\n"
          ".SH SYNOPSIS\n"
          "\\fBsrbench\\fR [\\fIEXPERIMENT\\fR] [\\fB\\-\\-config\\fR "
          "\\fIFILE\\fR]\n[\\fB\\-\\-\\fIOPTION\\fR=\\fIVALUE\\fR ...]\n"
          ".PP\n"
          "\\fBsrbench serve\\fR \\fB\\-\\-db_address\\fR=\\fIFILE\\fR "
          "[\\fB\\-\\-config\\fR \\fIFILE\\fR]\n"
          "[\\fB\\-\\-\\fIOPTION\\fR=\\fIVALUE\\fR ...]\n"
          ".PP\n"
          "\\fBsrbench tune\\fR [\\fIEXPERIMENT\\fR] [\\fB\\-\\-config\\fR "
          "\\fIFILE\\fR]\n[\\fB\\-\\-\\fIOPTION\\fR=\\fIVALUE\\fR ...]\n"
          ".SH DESCRIPTION\n"
          "srbench is a program for MPI. It starts databases (Redis and its "
          "like) on\n"
          "the nodes of its job, lets the other ranks put tensors into them "
          "and get\n"
          "these back, for every combination of what its options list, and "
          "leaves\n"
          "one HDF5 file.\n"
          ".PP\n"
          "\\fIEXPERIMENT\\fR is \\fBthroughput_standard\\fR (databases on "
          "nodes of their own) or\n"
          "\\fBthroughput_colocated\\fR (one on every client node; the "
          "default), or\n"
          "\\fBinference_standard\\fR or \\fBinference_colocated\\fR, where "
          "servers run a model on\n"
          "what is put.\n"
          "\\fBsrbench serve\\fR runs databases for clients of another job.\n"
          "\\fBsrbench tune\\fR tries what may make the databases faster for "
          "the loads that\nit is given, and reports the best configuration "
          "with its effect.\n",
          out);
}

static void roff_options(FILE *out)
{
    fputs(".SH OPTIONS\nThey have the same names and the same YAML values in "
          "the file and\non the command line, which wins. An axis takes one\n"
          "value or a list; the study is the product of all axes.\n",
          out);
    for (const struct flag_help *f = options_flags; f->flag; f++) {
        size_t n = strcspn(f->flag, " ");
        char tag[32];

        snprintf(tag, sizeof tag, "%.*s", (int)n, f->flag);
        roff_item(out, tag, f->flag + n, f->help);
    }
    for (size_t i = 0; i < GROUP_COUNT; i++) {
        enum option_group group = options_group_at(i);

        fprintf(out, ".SS %s\n", options_heading(group));
        for (int id = 0; id < OPT_COUNT; id++)
            if (option_table[id].group == group)
                roff_option(out, &option_table[id]);
    }
}

static void roff_tail(FILE *out)
{
    static const char *const status[][2] = {
        {"0", "every permutation ran, and every tensor that was checked came "
              "back right"},
        {"1", "some permutation failed or was skipped, or a tensor came back "
              "wrong"},
        {"2", "refused before anything ran; one sentence says why"},
        {"3", "a limit of expect was breached"},
        {"128+N", "ended by signal N; the file is whole"},
    };

    fputs(".SH EXIT STATUS\nThe same on every rank.\n", out);
    for (size_t i = 0; i < sizeof status / sizeof *status; i++)
        roff_item(out, status[i][0], "", status[i][1]);
    fputs(".SH EXAMPLES\n", out);
    for (size_t i = 0; i < sizeof options_examples / sizeof *options_examples;
         i++) {
        fputs(i ? ".PP\n" : "", out);
        roff_text(out, options_examples[i].what);
        fputs(":\n.PP\n.in +4n\n.nf\n", out);
        roff_text(out, options_examples[i].line);
        fputs("\n.fi\n.in\n", out);
    }
}

void options_man(FILE *out)
{
    roff_head(out);
    roff_options(out);
    roff_tail(out);
}

/* ---- completion ---- */

/* The words that a value may be, each with a blank behind it. */
static void print_words(FILE *out, const struct option *d)
{
    const struct options_word *w = options_words(d);

    if (d->type == OPTION_FLAG)
        fputs("true false ", out);
    for (size_t i = 0; d->choices && d->choices[i]; i++)
        fprintf(out, "%s ", d->choices[i]);
    for (size_t i = 0; d->aliases && d->aliases[i]; i += 2)
        fprintf(out, "%s ", d->aliases[i]);
    for (; w->name; w++)
        fprintf(out, "%s ", w->name);
    for (size_t i = 0; d->words && d->words[i]; i++)
        fprintf(out, "%s ", d->words[i]);
    if (option_may_be_auto(d))
        fputs("auto ", out);
}

static bool has_words(const struct option *d)
{
    return d->type == OPTION_FLAG || d->type == OPTION_CHOICE ||
           d->handed != HANDED_NONE || d->words || option_may_be_auto(d);
}

/* One case of what may stand behind `--name`. */
static void bash_case(FILE *out, const struct option *d)
{
    bool file = d->type == OPTION_TEXT;

    if (!file && !has_words(d))
        return;
    fprintf(out, "    %s%s%s) ", d->name, d->alias ? "|" : "",
            d->alias ? d->alias : "");
    if (file)
        fputs("_srbench_files; ", out);
    if (has_words(d)) {
        fputs("_srbench_words '", out);
        print_words(out, d);
        fputs("' ", out);
    }
    fputs(";;\n", out);
}

static void bash_names(FILE *out)
{
    for (int id = 0; id < OPT_COUNT; id++)
        fprintf(out, "%s%s", id ? " " : "", option_table[id].name);
}

/* The script, but for what the table of options has. */
static const char before_names[] =
    "# srbench(1) completed by bash; made by srbench --help bash\n"
    "# shellcheck shell=bash disable=SC2154,SC2086\n"
    "_srbench_words() {\n"
    "    mapfile -t -O ${#COMPREPLY[@]} COMPREPLY < <(compgen -W \"$1\" "
    "-- \"$cur\")\n"
    "}\n"
    "_srbench_files() {\n"
    "    compopt -o filenames 2>/dev/null\n"
    "    mapfile -t COMPREPLY < <(compgen -f -- \"$cur\")\n"
    "}\n"
    "_srbench() {\n"
    "    local cur=${COMP_WORDS[COMP_CWORD]} at=$COMP_CWORD name=\n"
    "    local options='";
static const char before_cases[] =
    "'\n"
    "    COMPREPLY=()\n"
    "    # = parts words of their own\n"
    "    [ \"$cur\" = = ] && cur='' && at=$((at + 1))\n"
    "    if [ \"${COMP_WORDS[at - 1]}\" = = ]; then\n"
    "        name=${COMP_WORDS[at - 2]}\n"
    "    elif [[ $cur != -* && ${COMP_WORDS[at - 1]} == --* ]]; then\n"
    "        name=${COMP_WORDS[at - 1]}\n"
    "    fi\n"
    "    name=${name#--}\n"
    "    case ${name//-/_} in\n"
    "    help) _srbench_words \"all man bash zsh $options\" ;;\n"
    "    config) _srbench_files ;;\n";
static const char before_words[] =
    "    '')\n"
    "        if [[ $cur == -* ]]; then\n"
    "            _srbench_words '--config --help --version --show_config "
    "--dry_run'\n"
    "            _srbench_words \"$(printf -- '--%s= ' $options)\"\n"
    "            [[ ${COMPREPLY[*]} == *= ]] && compopt -o nospace "
    "2>/dev/null\n"
    "        else\n"
    "            _srbench_words 'serve tune ";
static const char behind_words[] = "'\n"
                                   "        fi ;;\n"
                                   "    esac\n"
                                   "    return 0\n"
                                   "}\n"
                                   "complete -F _srbench srbench\n";

void options_bash(FILE *out)
{
    fputs(before_names, out);
    bash_names(out);
    fputs(before_cases, out);
    for (int id = 0; id < OPT_COUNT; id++)
        bash_case(out, &option_table[id]);
    fputs(before_words, out);
    print_words(out, &option_table[OPT_EXPERIMENT]);
    fputs(behind_words, out);
}

/* A description within '[...]' of zsh's _arguments. */
static void zsh_text(FILE *out, const char *text)
{
    for (const char *c = text; *c; c++)
        if (*c == '\'')
            fputs("'\\''", out);
        else if (strchr("[]:\\", *c))
            fprintf(out, "\\%c", *c);
        else
            fputc(*c, out);
}

static void zsh_option(FILE *out, const struct option *d, const char *name)
{
    char brief[OPTIONS_BRIEF_MAX];

    fprintf(out, "    '--%s=[", name);
    zsh_text(out, options_brief(d, brief));
    fputs("]:value:", out);
    if (d->type == OPTION_TEXT)
        fputs("_files", out);
    else if (has_words(d)) {
        fputs("(", out);
        print_words(out, d);
        fputs(")", out);
    }
    fputs("' \\\n", out);
}

void options_zsh(FILE *out)
{
    fputs("#compdef srbench\n"
          "# made by srbench --help zsh; for a folder of fpath, or to be "
          "sourced\n"
          "_srbench() {\n_arguments \\\n",
          out);
    for (int id = 0; id < OPT_COUNT; id++) {
        const struct option *d = &option_table[id];

        zsh_option(out, d, d->name);
        if (d->alias)
            zsh_option(out, d, d->alias);
    }
    fputs("    '--config=[read options from a YAML file]:file:_files' \\\n"
          "    '--version[print versions]' \\\n"
          "    '--show_config[print the resolved options]' \\\n"
          "    '--dry_run[print the plan, run nothing]' \\\n"
          "    '--help[print help]::option:(all man bash zsh ",
          out);
    bash_names(out);
    fputs(")' \\\n    '1:experiment:(serve tune ", out);
    print_words(out, &option_table[OPT_EXPERIMENT]);
    fputs(")'\n}\n"
          "if [ \"$funcstack[1]\" = _srbench ]; then\n"
          "    _srbench \"$@\"\n"
          "else\n"
          "    compdef _srbench srbench\n"
          "fi\n",
          out);
}
