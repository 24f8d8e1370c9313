#include "run/dry_run.h"

#include "plan/imagine.h"
#include "results/plan_print.h"
#include "results/report.h"
#include "run/run.h"
#include "servers/collapse.h"
#include "servers/external.h"
#include "study/expect_judge.h"
#include "study/model_files.h"
#include "study/prepare.h"
#include "study/sustain.h"
#include "wlm/wlm.h"

/* One process does it, and speaks for all. */
static int refuse(const struct error *err)
{
    return report_refusal(NULL, err, true);
}

/* What can be wrong with it on any machine. */
static int check(struct sweep *s, const struct options *o,
                 const struct machine *m, struct error *err)
{
    struct sustain *sustain;
    int rc;

    if (external_check(o, err) < 0 || expect_judge_check(s, err) < 0 ||
        collapse_by_name(s, err) < 0 || sustain_open(&sustain, s, err) < 0)
        return -1;
    rc = sustain_check(sustain, s, m, err);
    sustain_close(sustain);
    return rc;
}

/* What is not found is refused with the rest. */
static void find_model(struct sweep *s)
{
    struct model_files files;
    struct error ignored;

    if (model_files_find(s->options, &files, &ignored) == 0)
        s->model_bytes = files.bytes;
}

static int plan(const struct options *o, const struct machine *m)
{
    struct sweep s;
    struct error err;
    int status;

    if (sweep_open(&s, o, &err) < 0)
        return refuse(&err);
    find_model(&s);
    if (check(&s, o, m, &err) < 0 ||
        (o->tune && run_tune_plan(&s, m, &err) < 0))
        status = refuse(&err);
    else if (plan_print(&s, m) < 0)
        status = 2;
    else
        status = prepare_by_name(&s, m, &err) < 0 ? refuse(&err) : 0;
    sweep_close(&s);
    return status;
}

int dry_run_imaginary(const struct options *o)
{
    struct machine m;
    struct error err;
    int status;

    if (imagine_machine(&m, o, &err) < 0)
        return refuse(&err);
    status = plan(o, &m);
    machine_free(&m);
    return status;
}

/* What a resumed study would still run, by its file alone. */
static int plan_rest(const struct options *o)
{
    struct error err;

    if (!options_one(o, OPT_RESUME)->count)
        return 0;
    return run_rest(o, options_one(o, OPT_OUTPUT)->text, &err) < 0
               ? refuse(&err)
               : 0;
}

/* Rank 0's part. */
static int plan_here(const struct options *o, const struct machine *m)
{
    struct error err;
    struct job job;
    int status;

    if (wlm_find(options_one(o, OPT_LAUNCHER)->text, &job, &err) < 0)
        return refuse(&err);
    status = plan(o, m);
    return status == 0 ? plan_rest(o) : status;
}

int dry_run_here(struct team *t, const struct options *o,
                 const struct discovery *d)
{
    struct error err = {.text = ""};
    int status = t->rank == 0 ? plan_here(o, &t->machine) : 0;

    team_bcast(t, t->world, &status, (int)sizeof status, 0);
    if (status != 0 || prepare_try(t, d, o, &err) == 0)
        return status;
    return report_refusal(NULL, &err, t->rank == 0);
}
