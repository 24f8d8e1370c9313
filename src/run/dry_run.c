#include "run/dry_run.h"

#include "results/report.h"
#include "run/run.h"
#include "servers/collapse.h"
#include "study/expect_judge.h"
#include "study/prepare.h"
#include "wlm/wlm.h"

static int print_plan(const struct options *o, const struct machine *m)
{
    struct sweep s;
    struct error err;
    int status;

    if (sweep_open(&s, o, &err) < 0 || expect_judge_check(&s, &err) < 0 ||
        collapse_by_name(&s, &err) < 0)
        return report_refusal(NULL, &err, true);
    status = report_plan(&s, m) < 0 ? EXIT_REFUSED : EXIT_PASSED;
    sweep_close(&s);
    return status;
}

int dry_run_imaginary(const struct options *o)
{
    const struct value *shape = options_one(o, OPT_MACHINE);
    struct machine m;
    struct error err;
    int status;

    if (machine_uniform(&m, (int)shape->count, (int)shape->count2,
                        (int)options_one(o, OPT_VIRTUAL_NODES)->count,
                        &err) < 0)
        return report_refusal(NULL, &err, true);
    m.holds = machine_holds(o);
    status = print_plan(o, &m);
    machine_free(&m);
    return status;
}

/* What a resumed study would still run, by its file alone. */
static int print_rest(const struct options *o)
{
    const char *path = options_one(o, OPT_OUTPUT)->text;
    struct error err;

    if (!options_one(o, OPT_RESUME)->count || run_rest(o, path, &err) == 0)
        return EXIT_PASSED;
    return report_refusal(NULL, &err, true);
}

/* Rank 0's part. The launcher must be the one that was asked for. */
static int print_here(const struct options *o, const struct machine *m)
{
    struct error err;
    struct job job;
    int status;

    if (wlm_find(options_one(o, OPT_LAUNCHER)->text, &job, &err) < 0)
        return report_refusal(NULL, &err, true);
    status = print_plan(o, m);
    return status == EXIT_PASSED ? print_rest(o) : status;
}

int dry_run_here(struct team *t, const struct options *o,
                 const struct discovery *d)
{
    struct error err = {.text = ""};
    int status = t->rank == 0 ? print_here(o, &t->machine) : EXIT_PASSED;

    team_bcast(t, t->world, &status, (int)sizeof status, 0);
    if (status != EXIT_PASSED || prepare_try(t, d, o, &err) == 0)
        return status;
    return report_refusal(NULL, &err, t->rank == 0);
}
