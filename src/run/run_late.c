/* What a permutation that failed put too late: a request that lay in a server's
 * socket when its keys were removed may have been carried out since, and would
 * stay in somebody else's database for ever. So all such keys are removed once
 * more when the study ends; nobody can tell what comes even later. */
#include "run/run_parts.h"

#include <inttypes.h>
#include <stdlib.h>

#include "base/diag.h"
#include "base/mem.h"
#include "base/text.h"

struct late_keys {
    size_t index; /* of the permutation */
    int64_t nth;  /* of its keys */
    bool said;    /* that some may have been left */
    struct db_keys keys;
};

void run_note_late(struct run *r, const struct perm_run *x,
                   const struct db_keys *keys, bool said)
{
    struct late_keys *list =
        mem_more(r->late_keys, r->nlate, &r->late_room, sizeof *list);

    list[r->nlate++] = (struct late_keys){.index = x->p.index,
                                          .nth = r->placement.keys_nth,
                                          .said = said,
                                          .keys = *keys};
    r->late_keys = list;
}

/* Of one permutation: how many there were, -1. */
static int64_t remove_late(const struct run *r, const struct late_keys *x,
                           struct error *err)
{
    const struct options *o = r->plan.sweep.options;
    struct placement pl = {0};
    struct permutation p;
    int64_t n;

    sweep_at(&r->plan.sweep, x->index, &p);
    if (place_solve(&r->team->machine, &p, &pl, err) < 0)
        return -1;
    pl.keys_nth = x->nth;
    n = db_remove_late_keys(&pl, &x->keys,
                            options_one(o, OPT_OP_TIMEOUT)->seconds, err);
    place_free(&pl);
    return n;
}

/* Who was told to end does not wait for servers once more; nor for one that
 * does not answer, for each permutation. */
void run_remove_late(struct run *r)
{
    int64_t sum = 0, n = 0;
    struct error err;

    for (size_t k = 0; k < r->nlate && !r->team->ended && n >= 0; k++) {
        n = remove_late(r, &r->late_keys[k], &err);
        sum += n > 0 ? n : 0;
        if (n < 0 && !r->late_keys[k].said)
            diag_say("keys of permutations that failed may have been left: %s",
                     err.text);
    }
    if (sum > 0)
        diag_note("note: %" PRId64
                  " key%s of permutations that failed had come "
                  "late, and went now",
                  sum, text_plural(sum));
    free(r->late_keys);
    r->late_keys = NULL;
    r->nlate = r->late_room = 0;
}
