/* options_check.c - whether options that are right by themselves fit together.
 */
#include <stdio.h>
#include <string.h>

#include "options/options_internal.h"

/* Whether it is given, and says something of databases that run already. */
static bool is_late(const struct options *o, enum option_id id)
{
    return options_get(o, id)->given &&
           options_has_placement(o, option_placement(id)) &&
           !options_has_placement(o, options_placement(o, id));
}

/* Databases that this job does not run. */
static int check_external(const struct options *o, struct error *err)
{
    bool external = options_external(o), batch = options_batch(o);
    const struct refusal list[] = {
        {external && batch, OPT_RUN_DB_AS_BATCH,
         "starts databases, and db_address names such that run; expected one "
         "of the two"},
        {batch && !options_auto(o, OPT_DB_HOSTS), OPT_DB_HOSTS,
         "names hosts of this job, and with run_db_as_batch the databases have "
         "a job of their own; expected batch_args with a node list"},
        {!external && !options_auto(o, OPT_DB_AUTH), OPT_DB_AUTH,
         "is for servers of somebody else's, expected db_address: host:port "
         "with it"},
        {!external && options_one(o, OPT_FLUSH)->count, OPT_FLUSH,
         "is for servers of somebody else's (those that srbench starts are "
         "emptied anyway), expected db_address: host:port with it"},
    };

    for (int id = 0; id < OPT_COUNT && external; id++)
        if (is_late(o, (enum option_id)id))
            return options_refuse(o, (enum option_id)id,
                                  "is nothing to databases that run already, "
                                  "expected no db_address with it",
                                  err);
    return options_refuse_any(o, list, sizeof list / sizeof *list, err);
}

/* What TLS needs to know. */
static int check_tls(const struct options *o, struct error *err)
{
    bool cert = !options_auto(o, OPT_DB_TLS_CERT);

    for (int id = OPT_DB_TLS_CA; id <= OPT_DB_TLS_NAME; id++)
        if (!options_secured(o) && !options_auto(o, (enum option_id)id))
            return options_refuse(o, (enum option_id)id,
                                  "is for servers with TLS, expected "
                                  "db_address: " SRB_TLS_SCHEME
                                  "host:port with it",
                                  err);
    if (cert == !options_auto(o, OPT_DB_TLS_KEY))
        return 0;
    return options_refuse(o, cert ? OPT_DB_TLS_CERT : OPT_DB_TLS_KEY,
                          "is one of two, expected db_tls_cert and db_tls_key",
                          err);
}

static int check_serve(const struct options *o, struct error *err)
{
    const struct refusal list[] = {
        {options_one(o, OPT_RUN_DB_AS_BATCH)->count, OPT_RUN_DB_AS_BATCH,
         "is for the job with the clients, expected none in srbench serve"},
        {!options_has_placement(o, IN_STANDARD), OPT_EXPERIMENT,
         "srbench serve runs databases on nodes of their own, expected "
         "throughput_standard or inference_standard"},
    };

    if (!o->serve)
        return 0;
    if (options_auto(o, OPT_DB_ADDRESS))
        return error_set(err, "serve: found no db_address, expected "
                              "--db_address=FILE, the file to write for the "
                              "clients");
    return options_refuse_any(o, list, sizeof list / sizeof *list, err);
}

/* What becomes of a result file that exists, and who may have a role. */
static int check_resume(const struct options *o, struct error *err)
{
    bool resumes = options_one(o, OPT_RESUME)->count && !o->serve;
    const struct value *output = options_one(o, OPT_OUTPUT);
    const struct setting *role = options_get(o, OPT_ROLE);
    const struct refusal list[] = {
        {role->given && strncmp(role->origin, "--", 2) != 0, OPT_ROLE,
         "belongs to one part of a job that was started in several, expected "
         "--role on its command line"},
        {resumes && options_one(o, OPT_OVERWRITE)->count, OPT_RESUME,
         "contradicts overwrite, expected one of the two"},
        {resumes && (output->is_auto || strcmp(output->text, "none") == 0),
         OPT_RESUME,
         "continues a result file, expected its name (output) with it"},
        {resumes && !options_auto(o, OPT_MACHINE), OPT_RESUME,
         "needs the machine of the study, expected no machine with it"},
    };

    return options_refuse_any(o, list, sizeof list / sizeof *list, err);
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

static bool same_file(const struct options *o, enum option_id a,
                      enum option_id b)
{
    const char *name = options_one(o, a)->text;

    return strcmp(name, options_one(o, b)->text) == 0 &&
           strcmp(name, "none") != 0;
}

static int refuse_file(const struct options *o, enum option_id id,
                       struct error *err)
{
    char what[256];

    snprintf(what, sizeof what,
             "found '%.160s', the file of another option, expected one of its "
             "own",
             options_one(o, id)->text);
    return options_refuse(o, id, what, err);
}

/* What other programs take for standard output has its lines already. */
static int check_files(const struct options *o, struct error *err)
{
    static const enum option_id files[] = {OPT_OUTPUT, OPT_SUMMARY_JSON,
                                           OPT_TUNED, OPT_FIGURES};

    for (size_t i = 1; i < 4; i++)
        for (size_t k = 0; k < i; k++)
            if (same_file(o, files[i], files[k]))
                return refuse_file(o, files[i], err);
    for (size_t i = 0; i < 4; i++)
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

    for (int i = 0; i < OPT_AXES && o->tune; i++) {
        enum option_id id = (enum option_id)i;
        bool one = option_table[id].setup & placement;

        for (size_t k = 0; k < sizeof tried / sizeof tried[0]; k++)
            one = one || id == tried[k];
        if (one && options_get(o, id)->nvalues > 1)
            return options_refuse(o, id,
                                  "has several values, and srbench tune begins "
                                  "with one and finds which is better; "
                                  "expected one value",
                                  err);
    }
    return 0;
}

/* How long the loop is, how often it is repeated, and in which order. */
static int check_time(const struct options *o, struct error *err)
{
    const struct refusal list[] = {
        {options_get(o, OPT_ITERATIONS)->given &&
             !options_auto(o, OPT_DURATION),
         OPT_ITERATIONS,
         "does nothing beside a duration, expected one of the two"},
        {!options_auto(o, OPT_UNTIL_INTERVAL) &&
             options_one(o, OPT_REPETITIONS)->count < SRB_LEAST_REPETITIONS,
         OPT_UNTIL_INTERVAL,
         "needs at least 3 repetitions to judge an interval, expected "
         "repetitions (the ceiling) of 3 or more with it"},
        {!options_auto(o, OPT_SEED) && !options_infers(o) && !options_draw(o),
         OPT_SEED,
         "does nothing in the order of the plan, expected order: random or "
         "arrivals: poisson with it"},
    };

    return options_refuse_any(o, list, sizeof list / sizeof *list, err);
}

/* Whether there is to be a run, and what it says meanwhile. */
static int check_run(const struct options *o, bool dry_run, struct error *err)
{
    const struct refusal list[] = {
        {!dry_run && !options_auto(o, OPT_MACHINE), OPT_MACHINE,
         "an imaginary job can only be planned, expected --dry_run with it"},
        {options_one(o, OPT_QUIET)->count && options_one(o, OPT_VERBOSE)->count,
         OPT_QUIET, "contradicts verbose, expected one of the two"},
    };

    return options_refuse_any(o, list, sizeof list / sizeof *list, err);
}

int options_check_together(const struct options *o, bool dry_run,
                           struct error *err)
{
    if (check_run(o, dry_run, err) < 0 || check_faults(o, err) < 0 ||
        check_external(o, err) < 0 || check_tls(o, err) < 0 ||
        check_serve(o, err) < 0 || options_check_idle(o, err) < 0 ||
        check_tuned_axes(o, err) < 0 || check_resume(o, err) < 0 ||
        check_files(o, err) < 0 || options_check_commands(o, err) < 0 ||
        options_check_exchange(o, err) < 0 ||
        options_check_tensors(o, err) < 0 || options_check_steps(o, err) < 0 ||
        options_check_inference(o, err) < 0)
        return -1;
    return check_time(o, err);
}
