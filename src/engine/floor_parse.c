#include "engine/floor_parse.h"

#include <string.h>
#include <strings.h>

/* What comes next. The first must be 0: a parser of zeros is at a start. */
enum step {
    STAR,
    COUNT,
    COUNT_LF,
    DOLLAR,
    LENGTH,
    LENGTH_LF,
    BODY,
    BODY_CR,
    BODY_LF,
    DONE, /* an event was given: the next call starts anew */
    BAD,
};

static const char too_long[] = "a word does not end where its length says";

static enum floor_event wrong(struct floor_parser *p, const char *why)
{
    p->step = BAD;
    p->why = why;
    return FLOOR_WRONG;
}

static enum floor_event expect(struct floor_parser *p, char c, char wanted,
                               enum step next)
{
    if (c != wanted)
        return wrong(p, "that is no RESP array of bulk strings");
    p->step = (int)next;
    p->number = 0;
    p->digits = false;
    return FLOOR_MORE;
}

/* One character of a number, which \r ends. Only its plainest spelling is one:
 * no sign, no leading zero, at most INT64_MAX. */
static enum floor_event read_number(struct floor_parser *p, char c,
                                    enum step next)
{
    int digit = c - '0';

    if (c == '\r' && p->digits) {
        p->step = (int)next;
        return FLOOR_MORE;
    }
    if (digit < 0 || digit > 9 || (p->digits && p->number == 0))
        return wrong(p, "a length is no number");
    if (p->number > (INT64_MAX - digit) / 10)
        return wrong(p, "a length is beyond all bounds");
    p->number = p->number * 10 + digit;
    p->digits = true;
    return FLOOR_MORE;
}

static enum floor_event begin_request(struct floor_parser *p, char c)
{
    if (c != '\n' || p->number < 1)
        return wrong(p, "a request has one word at least");
    if (p->number > FLOOR_WORDS_MAX)
        return wrong(p, "a request has too many words");
    p->announced = (int)p->number;
    p->step = DOLLAR;
    return FLOOR_MORE;
}

static enum floor_event begin_word(struct floor_parser *p, char c)
{
    if (c != '\n')
        return wrong(p, "a length ends in \\r\\n");
    if (p->len == 2 && p->announced == 3 && floor_says(p, 0, "SET")) {
        p->step = DONE;
        return FLOOR_VALUE;
    }
    if (p->number > (int64_t)(sizeof p->text - p->used))
        return wrong(p, "a key or word is too long");
    p->word[p->len] =
        (struct floor_word){.text = p->text + p->used, .bytes = 0};
    p->step = p->number > 0 ? BODY : BODY_CR;
    return FLOOR_MORE;
}

static enum floor_event end_body(struct floor_parser *p, char c)
{
    if (c != '\r')
        return wrong(p, too_long);
    p->step = BODY_LF;
    return FLOOR_MORE;
}

static enum floor_event end_word(struct floor_parser *p, char c)
{
    if (c != '\n')
        return wrong(p, too_long);
    p->len++;
    p->step = p->len < p->announced ? DOLLAR : DONE;
    return p->step == DONE ? FLOOR_COMMAND : FLOOR_MORE;
}

/* As much of a word as is there. */
static size_t read_body(struct floor_parser *p, const char *data, size_t n)
{
    struct floor_word *w = &p->word[p->len];
    size_t left = (size_t)p->number - w->bytes;
    size_t taken = n < left ? n : left;

    memcpy(p->text + p->used, data, taken);
    p->used += taken;
    w->bytes += taken;
    if (taken == left)
        p->step = BODY_CR;
    return taken;
}

static enum floor_event read_char(struct floor_parser *p, char c)
{
    switch ((enum step)p->step) {
    case STAR:
        return expect(p, c, '*', COUNT);
    case COUNT:
        return read_number(p, c, COUNT_LF);
    case COUNT_LF:
        return begin_request(p, c);
    case DOLLAR:
        return expect(p, c, '$', LENGTH);
    case LENGTH:
        return read_number(p, c, LENGTH_LF);
    case LENGTH_LF:
        return begin_word(p, c);
    case BODY_CR:
        return end_body(p, c);
    case BODY_LF:
        return end_word(p, c);
    case BODY: /* taken in whole pieces */
    case DONE: /* left at the start of a call */
    case BAD:
        break;
    }
    return FLOOR_WRONG;
}

enum floor_event floor_parse(struct floor_parser *p, const char *data, size_t n,
                             size_t *used)
{
    enum floor_event event = p->step == BAD ? FLOOR_WRONG : FLOOR_MORE;
    size_t at = 0;

    if (p->step == DONE) {
        p->step = STAR;
        p->len = 0;
        p->used = 0;
    }
    while (event == FLOOR_MORE && at < n) {
        if (p->step == BODY)
            at += read_body(p, data + at, n - at);
        else
            event = read_char(p, data[at++]);
    }
    *used = at;
    return event;
}

bool floor_says(const struct floor_parser *p, int k, const char *word)
{
    size_t n = strlen(word);

    return k < p->len && p->word[k].bytes == n &&
           strncasecmp(p->word[k].text, word, n) == 0;
}
