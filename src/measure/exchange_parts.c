/* What the loops of writers and readers share (exchange_parts.h). */
#include "measure/exchange_parts.h"

#include <string.h>

#include "base/signals.h"
#include "base/tick.h"
#include "client/tensor_client_wrap.h"

/* A pause is cut into such pieces, so that failures and signals are heard. */
#define NAP_NS INT64_C(100000000)

int exchange_failed(struct load *l)
{
    l->phase.failed = true;
    return loop_cut_off(l) ? loop_fail(l) : -1;
}

bool exchange_attend(struct load *l)
{
    struct load_phase *p = &l->phase;

    team_attend(p->with->team, &l->exchange.vigil);
    p->look = tick_now() + NAP_NS;
    if (team_work_failed(p->with->team))
        p->over = true;
    if (loop_cut_off(l))
        loop_fail(l);
    return !p->over && !p->failed;
}

bool exchange_pause(struct load *l)
{
    int64_t until = tick_now() + (int64_t)(l->exchange.rules.wait * 1e9);

    for (;;) {
        int64_t now = tick_now(), left = until - now;

        if (now >= l->phase.look && !exchange_attend(l))
            return false;
        if (left <= 0)
            return true;
        tick_sleep(left < NAP_NS ? left : NAP_NS);
    }
}

bool exchange_is_timed(const struct load *l)
{
    return l->phase.counted != NULL;
}

void exchange_turn(struct load *l, const struct exchange_source *s)
{
    struct client *c = l->exchange.client[s->of.way];

    if (c != l->client) {
        l->client = c;
        signals_unwatch();
        signals_watch(c->socket);
    }
    tensor_client_turn(l->wrapped, c);
}

void exchange_name(struct load *l, const struct exchange_source *s)
{
    struct tensors *t = &l->tensors;

    for (size_t i = 0; i < t->rules.n; i++) {
        char *key = t->keys[t->get - t->put + (ptrdiff_t)i];

        memcpy(key, s->stem, s->stem_length);
        t->get[i].key_length =
            keys_of_step(key, s->stem_length, l->exchange.step, i);
    }
}
