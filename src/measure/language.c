#include "measure/language.h"

#include <stdio.h>
#include <string.h>

#include "base/diag.h"

#ifdef SRB_HAVE_CPP
static const struct loop_language loop_cpp = {
    .name = "cpp",
    .allocate = loop_cpp_allocate,
    .release = loop_cpp_release,
    .run = loop_cpp_run,
};
#define CPP &loop_cpp
#else
#define CPP NULL
#endif

#ifdef SRB_HAVE_FORTRAN
static const struct loop_language loop_fortran = {
    .name = "fortran",
    .allocate = loop_fortran_allocate,
    .release = loop_fortran_release,
    .run = loop_fortran_run,
};
#define FORTRAN &loop_fortran
#else
#define FORTRAN NULL
#endif

const struct language language_table[SRB_LANGUAGES] = {
    {"c", "C", "gcc", &loop_c},
    {"cpp", "C++", "g++", CPP},
    {"fortran", "Fortran", "gfortran", FORTRAN},
};

static const struct language *
look_up(const struct language table[SRB_LANGUAGES], const char *name)
{
    for (size_t i = 0; i < SRB_LANGUAGES; i++)
        if (strcmp(table[i].name, name) == 0)
            return &table[i];
    die("the option table has a language '%s' that no code serves", name);
}

int language_check(const struct options *o,
                   const struct language table[SRB_LANGUAGES],
                   struct error *err)
{
    const struct setting *set = options_get(o, OPT_LANGUAGES);
    /* a flag has the option's name in it, a place in a file has not */
    bool named = strncmp(set->origin, "--", 2) == 0;

    for (size_t k = 0; k < set->nvalues; k++) {
        const struct language *l = look_up(table, set->values[k].text);

        if (!l->loop)
            return error_set(err,
                             "%s: %s%s was left out of this build, which had "
                             "no %s compiler; install one (%s) and configure "
                             "again, or ask for others",
                             set->origin, named ? "" : "languages: ", l->name,
                             l->calls_itself, l->package);
    }
    return 0;
}

const struct loop_language *language_find(const char *name)
{
    const struct language *l = look_up(language_table, name);

    if (!l->loop)
        die("language '%s' was left out of this build", name);
    return l->loop;
}

char *language_names(char *buf, size_t n)
{
    buf[0] = '\0';
    for (size_t i = 0; i < SRB_LANGUAGES; i++) {
        size_t used = strlen(buf);

        if (language_table[i].loop)
            snprintf(buf + used, n - used, "%s%s", used ? ", " : "",
                     language_table[i].name);
    }
    return buf;
}
