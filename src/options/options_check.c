/* options_check.c - whether options that are right by themselves fit together.
 */
#include <stdio.h>
#include <string.h>

#include "options/options_internal.h"

/* How long the loop is and how often it is repeated. */
static int check_time(const struct options *o, struct error *err)
{
    if (!options_one(o, OPT_DURATION)->is_auto &&
        options_get(o, OPT_ITERATIONS)->given)
        return options_refuse(o, OPT_ITERATIONS,
                              "does nothing beside a duration, expected one of "
                              "the two",
                              err);
    if (!options_one(o, OPT_UNTIL_INTERVAL)->is_auto &&
        options_one(o, OPT_REPETITIONS)->count < SRB_LEAST_REPETITIONS)
        return options_refuse(o, OPT_UNTIL_INTERVAL,
                              "needs at least 3 repetitions to judge an "
                              "interval, expected repetitions (the ceiling) of "
                              "3 or more with it",
                              err);
    return 0;
}

/* What an option says of databases that another one leaves none to say of. */
static int idle_beside(const struct options *o, enum option_id id,
                       enum option_id other, struct error *err)
{
    char what[128];

    if (!options_get(o, id)->given ||
        !options_has_placement(o, option_placement(id)) ||
        options_has_placement(o, options_placement(o, id)))
        return 0;
    snprintf(what, sizeof what,
             "is nothing to databases that run already, expected no %s with "
             "it",
             option_table[other].name);
    return options_refuse(o, id, what, err);
}

/* Databases that this job does not run. */
static int check_external(const struct options *o, struct error *err)
{
    bool batch = options_batch(o);

    for (int id = 0; id < OPT_COUNT && options_external(o); id++)
        if (idle_beside(o, (enum option_id)id, OPT_DB_ADDRESS, err) < 0)
            return -1;
    if (options_external(o) && batch)
        return options_refuse(o, OPT_RUN_DB_AS_BATCH,
                              "starts databases, and db_address names such "
                              "that run; expected one of the two",
                              err);
    if (batch && !options_one(o, OPT_DB_HOSTS)->is_auto)
        return options_refuse(o, OPT_DB_HOSTS,
                              "names hosts of this job, and with "
                              "run_db_as_batch the databases have a job of "
                              "their own; expected batch_args with a node "
                              "list",
                              err);
    if (!options_external(o) && !options_one(o, OPT_DB_AUTH)->is_auto)
        return options_refuse(o, OPT_DB_AUTH,
                              "is for servers of somebody else's, expected "
                              "db_address: host:port with it",
                              err);
    if (!options_external(o) && options_one(o, OPT_FLUSH)->count)
        return options_refuse(o, OPT_FLUSH,
                              "is for servers of somebody else's (those that "
                              "srbench starts are emptied anyway), expected "
                              "db_address: host:port with it",
                              err);
    return 0;
}

/* What TLS needs to know. */
static int check_tls(const struct options *o, struct error *err)
{
    bool cert = !options_one(o, OPT_DB_TLS_CERT)->is_auto;

    for (int id = OPT_DB_TLS_CA; id <= OPT_DB_TLS_NAME; id++)
        if (!options_secured(o) && !options_one(o, (enum option_id)id)->is_auto)
            return options_refuse(o, (enum option_id)id,
                                  "is for servers with TLS, expected "
                                  "db_address: " SRB_TLS_SCHEME
                                  "host:port with it",
                                  err);
    if (cert == !options_one(o, OPT_DB_TLS_KEY)->is_auto)
        return 0;
    return options_refuse(o, cert ? OPT_DB_TLS_CERT : OPT_DB_TLS_KEY,
                          "is one of two, expected db_tls_cert and db_tls_key",
                          err);
}

static int check_serve(const struct options *o, struct error *err)
{
    if (!o->serve)
        return 0;
    if (options_one(o, OPT_DB_ADDRESS)->is_auto)
        return error_set(err, "serve: found no db_address, expected "
                              "--db_address=FILE, the file to write for the "
                              "clients");
    if (options_one(o, OPT_RUN_DB_AS_BATCH)->count)
        return options_refuse(o, OPT_RUN_DB_AS_BATCH,
                              "is for the job with the clients, expected none "
                              "in srbench serve",
                              err);
    if (!options_has_placement(o, IN_STANDARD))
        return options_refuse(
            o, OPT_EXPERIMENT,
            "srbench serve runs databases on nodes of their "
            "own, expected throughput_standard or inference_standard",
            err);
    return 0;
}

static int check_role(const struct options *o, struct error *err)
{
    const struct setting *set = options_get(o, OPT_ROLE);

    if (!set->given || strncmp(set->origin, "--", 2) == 0)
        return 0;
    return options_refuse(o, OPT_ROLE,
                          "belongs to one part of a job that was started in "
                          "several, expected --role on its command line",
                          err);
}

static int check_order(const struct options *o, struct error *err)
{
    if (!options_one(o, OPT_SEED)->is_auto && !options_infers(o) &&
        !options_draw(o))
        return options_refuse(o, OPT_SEED,
                              "does nothing in the order of the plan, expected "
                              "order: random or arrivals: poisson with it",
                              err);
    return 0;
}

/* What becomes of a result file that exists. */
static int check_resume(const struct options *o, struct error *err)
{
    const struct value *output = options_one(o, OPT_OUTPUT);

    if (!options_one(o, OPT_RESUME)->count || o->serve)
        return 0;
    if (options_one(o, OPT_OVERWRITE)->count)
        return options_refuse(o, OPT_RESUME,
                              "contradicts overwrite, expected one of the two",
                              err);
    if (output->is_auto || strcmp(output->text, "none") == 0)
        return options_refuse(o, OPT_RESUME,
                              "continues a result file, expected its name "
                              "(output) with it",
                              err);
    if (!options_one(o, OPT_MACHINE)->is_auto)
        return options_refuse(o, OPT_RESUME,
                              "needs the machine of the study, expected no "
                              "machine with it",
                              err);
    return 0;
}

static int check_faults(const struct options *o, struct error *err)
{
    const struct options_word *w = options_words(&option_table[OPT_CLIENT]);
    char what[256];

    if (options_one(o, OPT_NULL_CLIENT)->npairs == 0 || options_takes_faults(o))
        return 0;
    while (w->name && !w->faults)
        w++;
    snprintf(what, sizeof what,
             "does nothing without the client %s, expected client: %s with it",
             w->name, w->name);
    return options_refuse(o, OPT_NULL_CLIENT, what, err);
}

/* What other programs take for standard output has its lines already. */
static int check_files(const struct options *o, struct error *err)
{
    static const enum option_id files[] = {OPT_OUTPUT, OPT_SUMMARY_JSON,
                                           OPT_TUNED, OPT_FIGURES};
    const char *figures = options_one(o, OPT_FIGURES)->text;
    const char *tuned = options_one(o, OPT_TUNED)->text;

    for (size_t i = 0; i < 2; i++)
        if (strcmp(tuned, options_one(o, files[i])->text) == 0 &&
            strcmp(tuned, "none") != 0)
            return options_refuse(o, OPT_TUNED,
                                  "names the file of another option, expected "
                                  "one of its own",
                                  err);
    for (size_t i = 0; i < 3; i++)
        if (strcmp(figures, options_one(o, files[i])->text) == 0 &&
            strcmp(figures, "none") != 0)
            return options_refuse(o, OPT_FIGURES,
                                  "names the file of another option, expected "
                                  "one of its own",
                                  err);
    for (size_t i = 0; i < sizeof files / sizeof files[0]; i++)
        if (strcmp(options_one(o, files[i])->text, "-") == 0)
            return options_refuse(o, files[i],
                                  "found '-', and standard output has the "
                                  "result and the verdict (SRBENCH_...); "
                                  "expected the name of a file (./- is one)",
                                  err);
    return 0;
}

/* Of what shapes databases and of what it tries srbench tune begins with one
 * value; other lists are loads. */
static int check_tuned_axes(const struct options *o, struct error *err)
{
    static const enum option_id tried[] = {OPT_TRANSPORT, OPT_SOCKET_BUFFER,
                                           OPT_PIN_APP_CPUS};
    unsigned placement =
        options_has_placement(o, IN_COLOCATED) ? IN_COLOCATED : IN_STANDARD;

    for (int i = 0; i < OPT_COUNT; i++) {
        enum option_id id = (enum option_id)i;
        bool one = option_table[id].setup & placement;

        for (size_t k = 0; k < sizeof tried / sizeof tried[0]; k++)
            one = one || id == tried[k];
        if (one && id < OPT_AXES && options_get(o, id)->nvalues > 1)
            return options_refuse(o, id,
                                  "has several values, and srbench tune begins "
                                  "with one and finds which is better; "
                                  "expected one value",
                                  err);
    }
    return 0;
}

/* What another option leaves nothing to do (options_idle()), and words on it;
 * some of what is idle has words of its own, or may be given all the same. */
static int check_idle(const struct options *o, struct error *err)
{
    static const struct {
        enum option_id first, last;
        const char *what;
    } idle[] = {
        {OPT_READERS_PER_NODE, OPT_FAN,
         "is for clients that read what others write, expected pattern: "
         "exchange or aggregate with it"},
        {OPT_COMPUTE_KIND, OPT_COMPUTE_KIND,
         "does nothing where nothing is computed, expected compute: 10ms with "
         "it"},
        {OPT_ARRIVALS, OPT_ARRIVALS,
         "spreads the steps of a rate, expected rate: 100 with it"},
        {OPT_MAX_SAMPLES, OPT_MAX_SAMPLES,
         "does nothing without a duration (all iterations are kept), expected "
         "duration with it"},
        {OPT_LIFELINE, OPT_LIFELINE, "is for srbench serve"},
        {OPT_BATCH_ARGS, OPT_BATCH_TIMEOUT,
         "does nothing without run_db_as_batch"},
        {OPT_OBJECTIVE, OPT_TUNED, "is for srbench tune"},
        {OPT_REPETITIONS, OPT_REPETITIONS,
         "is srbench's own in a search, which runs pairs until it knows; "
         "expected none in srbench tune"},
        {OPT_UNTIL_INTERVAL, OPT_UNTIL_INTERVAL,
         "has no part in a search: who stops when an interval is narrow "
         "enough finds what is not there; expected none in srbench tune"},
        {OPT_ORDER, OPT_ORDER,
         "is drawn in a search (seed), expected none in srbench tune"},
        {OPT_EXPECT, OPT_EXPECT,
         "judges one configuration, and a search tries many; expected it in "
         "the study with what was found"},
        {OPT_DB_ADDRESS, OPT_DB_ADDRESS,
         "names databases that run already, which srbench tune cannot start "
         "anew; expected none in srbench tune"},
        {OPT_RUN_DB_AS_BATCH, OPT_RUN_DB_AS_BATCH,
         "would be a batch job for every run of a search, expected databases "
         "in this job in srbench tune"},
    };

    for (size_t i = 0; i < sizeof idle / sizeof idle[0]; i++)
        for (int id = (int)idle[i].first; id <= (int)idle[i].last; id++)
            if (options_get(o, (enum option_id)id)->given &&
                options_idle(o, (enum option_id)id))
                return options_refuse(o, (enum option_id)id, idle[i].what, err);
    return o->tune ? check_tuned_axes(o, err) : 0;
}

int options_check_together(const struct options *o, bool dry_run,
                           struct error *err)
{
    if (!options_one(o, OPT_MACHINE)->is_auto && !dry_run)
        return options_refuse(o, OPT_MACHINE,
                              "an imaginary job can only be planned, expected "
                              "--dry_run with it",
                              err);
    if (options_one(o, OPT_QUIET)->count && options_one(o, OPT_VERBOSE)->count)
        return options_refuse(
            o, OPT_QUIET, "contradicts verbose, expected one of the two", err);
    if (check_faults(o, err) < 0 || check_external(o, err) < 0 ||
        check_tls(o, err) < 0 || check_serve(o, err) < 0 ||
        check_idle(o, err) < 0 || check_role(o, err) < 0 ||
        check_files(o, err) < 0 || check_resume(o, err) < 0 ||
        options_check_commands(o, err) < 0 ||
        options_check_exchange(o, err) < 0 ||
        options_check_tensors(o, err) < 0 || options_check_steps(o, err) < 0 ||
        options_check_inference(o, err) < 0)
        return -1;
    return check_time(o, err) < 0 ? -1 : check_order(o, err);
}
