/* What is said of options wherever it is said: by --help, in the manual page
 * and by shells that complete a command line.
 */
#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "options/options_internal.h"

const char *const options_topics[OPTIONS_TOPICS] = {
    [HELP_BRIEF] = "",    [HELP_ALL] = "all", [HELP_MAN] = "man",
    [HELP_BASH] = "bash", [HELP_ZSH] = "zsh",
};

const struct flag_help options_flags[] = {
    {"--config FILE", "read options from a YAML file, one NAME: VALUE a line; "
                      "the command line wins; - is standard input"},
    {"--help [OPTION]", "print this, or all about one option; --help all: "
                        "about all of them"},
    {"--version", "print the versions of srbench and its libraries"},
    {"--show_config", "print the resolved options as YAML that --config reads "
                      "back"},
    {"--dry_run", "print the plan: its sum and its set-ups; run nothing"},
    {NULL, NULL},
};

const struct example options_examples[3] = {
    {"four clients of this machine, one Redis beside them, eleven sizes",
     "mpiexec -n 4 srbench"},
    {"what a study would take, before there is a job for it",
     "srbench throughput_standard --db_nodes=4,8 --dry_run --machine=136x48"},
    {"that study, on the nodes of a Slurm job",
     "srun --mpi=pmi2 srbench throughput_standard --db_nodes=4,8 "
     "--net_ifname=ib0"},
};

static const struct {
    enum option_group group;
    const char *heading;
} groups[GROUP_COUNT] = {
    {GROUP_STUDY, "What is measured"},
    {GROUP_LOOP, "How often, and how long"},
    {GROUP_DATABASE, "The databases"},
    {GROUP_INFERENCE, "Models that servers run (inference_*)"},
    {GROUP_NODES, "Nodes and network"},
    {GROUP_TUNE, "The best configuration (srbench tune)"},
    {GROUP_EXTERNAL, "Databases that run already, or in jobs of their own"},
    {GROUP_RESULT, "Results"},
};

enum option_group options_group_at(size_t i)
{
    return groups[i].group;
}

const char *options_heading(enum option_group group)
{
    size_t i = 0;

    while (groups[i].group != group)
        i++;
    return groups[i].heading;
}

const char *options_brief(const struct option *d, char buf[OPTIONS_BRIEF_MAX])
{
    int n = d->brief ? OPTIONS_BRIEF_MAX : (int)strcspn(d->help, ";");

    snprintf(buf, OPTIONS_BRIEF_MAX, "%.*s", n, d->brief ? d->brief : d->help);
    return buf;
}

char *options_meaning(const struct option *d)
{
    char *text = NULL;
    size_t n;
    FILE *line = mem_stream(&text, &n);

    fputs(d->help, line);
    for (const struct options_word *w = options_words(d); w->name; w++)
        fprintf(line, "; %s: %s", w->name, w->help);
    fclose(line);
    return text;
}

const char *options_kind(const struct option *d, char buf[OPTIONS_KIND_MAX])
{
    char expected[OPTIONS_EXPECTED_MAX], where[OPTIONS_WHERE_MAX];

    snprintf(buf, OPTIONS_KIND_MAX, "%s%s%s%s%s; default: %s",
             options_expected(d, false, expected),
             option_is_axis(d) ? "; takes a list (axis)"
             : d->list         ? "; takes a list"
                               : "",
             d->only ? "; " : "", options_where(d->only, where),
             d->only ? " only" : "", d->def);
    return buf;
}
