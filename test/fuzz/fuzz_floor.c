/* fuzz_floor.c - what anybody might send to the built-in server.
 *
 * An input's first byte says into what pieces the rest is cut. Promised by
 * floor_parse.h: the same events however the stream is cut; nothing read or
 * kept beyond its bounds; a request that was understood is understood again
 * when it is written as its words say; what is wrong stays wrong, with words.
 */
#include <inttypes.h>

#include "engine/floor_parse.h"
#include "fuzz.h"

#define EVENTS_MAX 512

/* What a stream came to: events, and the words of each. */
struct story {
    int n;
    enum floor_event event[EVENTS_MAX];
    uint64_t words[EVENTS_MAX]; /* hash */
};

static uint64_t hash(uint64_t h, const void *data, size_t n)
{
    const unsigned char *p = data;

    for (size_t i = 0; i < n; i++)
        h = (h ^ p[i]) * UINT64_C(0x100000001b3); /* FNV-1a */
    return h;
}

static uint64_t hash_words(const struct floor_parser *p, int words)
{
    uint64_t h = UINT64_C(0xcbf29ce484222325);

    for (int k = 0; k < words; k++) {
        const struct floor_word *w = &p->word[k];

        PROMISE(w->text >= p->text &&
                    w->text + w->bytes <= p->text + FLOOR_TEXT_MAX,
                "word %d lies outside", k);
        h = hash(h, &w->bytes, sizeof w->bytes);
        h = hash(h, w->text, w->bytes);
    }
    return h;
}

/* A request written anew is the same request. */
static void write_and_read(const struct floor_parser *p, int words, bool value)
{
    struct floor_parser again = {0};
    size_t n, used = 0, room = 64 * (FLOOR_WORDS_MAX + 2) + FLOOR_TEXT_MAX;
    char *text = malloc(room);
    enum floor_event event;
    FILE *out;

    PROMISE(text, "not enough memory");
    out = fmemopen(text, room, "wb");
    PROMISE(out, "no stream");
    fprintf(out, "*%d\r\n", words + value);
    for (int k = 0; k < words; k++) {
        fprintf(out, "$%zu\r\n", p->word[k].bytes);
        fwrite(p->word[k].text, 1, p->word[k].bytes, out);
        fputs("\r\n", out);
    }
    if (value)
        fprintf(out, "$%" PRId64 "\r\n", p->number);
    fflush(out);
    n = (size_t)ftell(out);
    fclose(out);
    event = floor_parse(&again, text, n, &used);
    PROMISE(event == (value ? FLOOR_VALUE : FLOOR_COMMAND) && used == n,
            "event %d after %zu of %zu bytes", (int)event, used, n);
    PROMISE(again.len == words &&
                hash_words(&again, words) == hash_words(p, words),
            "other words");
    PROMISE(!value || again.number == p->number, "another length");
    free(text);
}

static void note(struct story *s, const struct floor_parser *p,
                 enum floor_event event)
{
    PROMISE(p->len >= 0 && p->len <= FLOOR_WORDS_MAX, "%d words", p->len);
    s->event[s->n] = event;
    s->words[s->n] = 0;
    if (event == FLOOR_COMMAND || event == FLOOR_VALUE) {
        s->words[s->n] = hash_words(p, p->len);
        write_and_read(p, p->len, event == FLOOR_VALUE);
    }
    if (event == FLOOR_VALUE) {
        PROMISE(p->number >= 0, "a value of %" PRId64 " bytes", p->number);
        s->words[s->n] = hash(s->words[s->n], &p->number, sizeof p->number);
    }
    s->n++;
}

/* The stream in pieces; behind a value's head the value is skipped, as far as
 * there is any. */
static void tell(struct story *s, const uint8_t *data, size_t size,
                 size_t piece)
{
    struct floor_parser p = {0};
    size_t at = 0, skip = 0;

    s->n = 0;
    while (at < size && s->n < EVENTS_MAX) {
        size_t n = size - at < piece ? size - at : piece, used = 0;
        char *exact;
        enum floor_event event;

        if (skip > 0) {
            n = n < skip ? n : skip;
            skip -= n;
            at += n;
            continue;
        }
        exact = copy_exactly(data + at, n);
        event = floor_parse(&p, exact, n, &used);
        free(exact);
        PROMISE(used <= n, "%zu of %zu bytes used", used, n);
        PROMISE(event != FLOOR_MORE || used == n, "%zu of %zu used", used, n);
        at += used;
        if (event == FLOOR_MORE)
            continue;
        note(s, &p, event);
        if (event == FLOOR_WRONG) {
            PROMISE(p.why && p.why[0], "wrong without words");
            PROMISE(floor_parse(&p, "*1\r\n$4\r\nPING\r\n", 14, &used) ==
                        FLOOR_WRONG,
                    "right again");
            return;
        }
        PROMISE(event == FLOOR_COMMAND || event == FLOOR_VALUE, "event %d",
                (int)event);
        skip = event == FLOOR_VALUE && p.number < (int64_t)size
                   ? (size_t)p.number + 2
               : event == FLOOR_VALUE ? size
                                      : 0;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct story whole, pieces;
    size_t piece;

    if (size == 0)
        return 0;
    piece = (size_t)data[0] % 37 + 1;
    tell(&whole, data + 1, size - 1, size);
    tell(&pieces, data + 1, size - 1, piece);
    PROMISE(whole.n == pieces.n, "%d events, in pieces of %zu bytes %d",
            whole.n, piece, pieces.n);
    for (int i = 0; i < whole.n; i++)
        PROMISE(whole.event[i] == pieces.event[i] &&
                    whole.words[i] == pieces.words[i],
                "event %d differs in pieces of %zu bytes", i, piece);
    return 0;
}
