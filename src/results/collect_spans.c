#include "results/collect_spans.h"

#include <math.h>

#include "base/tick.h"

/* Of whose operations: a series of struct samples. */
enum of {
    PUT,
    UNPACK,
    REMOVAL,
    POLL_LIST,
    GET_LIST,
    CONTROL,
    SCRIPT, /* the first run */
    MODEL,  /* the last one */
    STEP,   /* of the puts, in phases */
    GET_STEP
};

/* And what of each: how long it took, also of those before the timed loop; when
 * it began; of a step when it was due. Instants are since the loop's start, on
 * the common clock. */
enum what { TIME, WARMUP_TIME, START, DUE_TIME };

/* In the order of the file. */
static const struct span {
    enum of of;
    enum what what;
    const char *name, *words;
} spans[] = {
    {PUT, TIME, "put_tensor", "time of each timed put_tensor"},
    {UNPACK, TIME, "unpack_tensor", "time of each timed unpack_tensor"},
    {PUT, START, "put_start",
     "start of each put_tensor since the loop's start, on the common clock"},
    {UNPACK, START, "unpack_start",
     "start of each unpack_tensor since the loop's start, on the common clock"},
    {PUT, WARMUP_TIME, "warmup_put_tensor",
     "time of each put_tensor before the timed loop"},
    {UNPACK, WARMUP_TIME, "warmup_unpack_tensor",
     "time of each unpack_tensor before the timed loop"},
    {REMOVAL, TIME, "retire",
     "time of each timed removal of an older step's tensors"},
    {REMOVAL, START, "retire_start",
     "start of each of those since the loop's start, on the common clock"},
    {POLL_LIST, TIME, "poll_list",
     "of a reader, from its first poll of each list until that was whole"},
    {POLL_LIST, START, "poll_list_start",
     "start of each of those since the loop's start, on the common clock"},
    {GET_LIST, TIME, "get_list",
     "of a reader, time of getting each list and all data sets that it names, "
     "without what lies between"},
    {GET_LIST, START, "get_list_start",
     "start of each of those since the loop's start, on the common clock"},
    {CONTROL, TIME, "control",
     "time of each timed put or get of the tensor after a step's; a reader's "
     "that were gone are left out"},
    {CONTROL, START, "control_start",
     "start of each of those since the loop's start, on the common clock"},
    {SCRIPT, TIME, "run_script", "time of each timed run_script"},
    {SCRIPT, START, "run_script_start",
     "start of each run_script since the loop's start, on the common clock"},
    {SCRIPT, WARMUP_TIME, "warmup_run_script",
     "time of each run_script before the timed loop"},
    {MODEL, TIME, "run_model", "time of each timed run_model"},
    {MODEL, START, "run_model_start",
     "start of each run_model since the loop's start, on the common clock"},
    {MODEL, WARMUP_TIME, "warmup_run_model",
     "time of each run_model before the timed loop; the first may load what "
     "the server loads late"},
    {STEP, TIME, "step",
     "time of each step, from its begin to the end of its last operation"},
    {STEP, START, "begun",
     "begin of each step since the loop's start, on the common clock"},
    {STEP, DUE_TIME, "due",
     "when each step was due since the loop's start, on the common clock"},
    {GET_STEP, TIME, "unpack_step",
     "time of each step of the gets, from its begin to its end"},
    {GET_STEP, START, "unpack_begun",
     "begin of each step of the gets since the loop's start, on the common "
     "clock"},
    {GET_STEP, DUE_TIME, "unpack_due",
     "when each step of the gets was due since the loop's start, on the common "
     "clock"},
};

_Static_assert(sizeof spans / sizeof *spans == SRB_SPANS, "one for each");

struct sink_array spans_array(int a)
{
    return (struct sink_array){
        spans[a].name,
        FIELD_REAL,
        "s",
        spans[a].words,
        SINK_CLIENT,
        spans[a].what == WARMUP_TIME ? SINK_WARMUP : SINK_ITERATION};
}

static bool is_there(const struct collection *c, const struct span *a)
{
    switch (a->of) {
    case REMOVAL:
        return tensors_removes(c->tensors);
    case POLL_LIST:
    case GET_LIST:
        return c->lists;
    case CONTROL:
        return c->tensors->control > 0;
    case SCRIPT:
        return c->runs > 1;
    case MODEL:
        return c->runs > 0;
    case STEP:
    case GET_STEP:
        return (a->of == STEP || c->phases) &&
               (a->what == DUE_TIME ? c->paced : c->steps);
    default:
        return true;
    }
}

size_t spans_columns(const struct collection *c, int a)
{
    if (!is_there(c, &spans[a]))
        return 0;
    return spans[a].what == WARMUP_TIME ? c->warmup : c->kept;
}

static const struct series *series_of(const struct samples *s, enum of of)
{
    const struct series *const all[] = {
        [PUT] = &s->put,
        [UNPACK] = &s->unpack,
        [REMOVAL] = &s->retire,
        [POLL_LIST] = &s->poll_list,
        [GET_LIST] = &s->get_list,
        [CONTROL] = &s->control,
        [SCRIPT] = &s->run[0],
        [MODEL] = &s->run[s->nruns > 0 ? s->nruns - 1 : 0],
        [STEP] = &s->step[0].span,
        [GET_STEP] = &s->step[1].span,
    };

    return all[of];
}

/* Readers keep no timings of their warm-up. */
static size_t warm(const struct load *l, enum of of)
{
    const struct exchange_rules *way = &l->rules.exchange;
    bool none = of == PUT      ? way->reads
                : of == UNPACK ? exchange_any(way)
                               : false;

    return none ? 0 : series_of(&l->samples, of)->warmup;
}

/* n numbers from the first on, and NaN up to the end of a row's column. */
static double *put_numbers(double *at, const int64_t *ns, size_t first,
                           int64_t zero, size_t n, size_t columns)
{
    for (size_t i = 0; i < columns; i++)
        *at++ = i < n ? tick_seconds(ns[first + i] - zero) : NAN;
    return at;
}

void spans_pack(const struct collection *c, double *at)
{
    const struct load *l = c->load;

    for (int a = 0; a < SRB_SPANS; a++) {
        enum of of = spans[a].of;
        const struct series *x = series_of(&l->samples, of);
        size_t columns = spans_columns(c, a);

        switch (spans[a].what) {
        case TIME:
            at = put_numbers(at, x->ns, x->warmup, 0, x->kept, columns);
            break;
        case WARMUP_TIME:
            at = put_numbers(at, x->ns, 0, 0, warm(l, of), columns);
            break;
        case START:
            at =
                put_numbers(at, x->start, x->warmup, c->zero, x->kept, columns);
            break;
        case DUE_TIME:
            at = put_numbers(at, l->samples.step[of == GET_STEP].due, 0,
                             c->zero, x->kept, columns);
        }
    }
}
