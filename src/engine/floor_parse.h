/* floor_parse.h - the requests of the built-in server, out of a stream.
 *
 * A request is an array of bulk strings, `*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$8\r\n`
 * and so on (RESP2, https://redis.io/docs/reference/protocol-spec); the inline
 * form and anything else is malformed. The parser is a pure state machine: the
 * stream may come in pieces of any size, and it stops in front of the value of
 * a SET, which is for the caller to receive where it belongs. All functions are
 * local, allocate nothing and never fail otherwise than by FLOOR_WRONG.
 */
#ifndef SRB_FLOOR_PARSE_H
#define SRB_FLOOR_PARSE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Of one request: its words, and the bytes of all of them but a SET's value. */
#define FLOOR_WORDS_MAX 16
#define FLOOR_TEXT_MAX 1024

enum floor_event {
    FLOOR_MORE,    /* the bytes are used up within a request */
    FLOOR_COMMAND, /* a whole request */
    FLOOR_VALUE,   /* a SET up to its value: `number` bytes, then \r\n, which
                      the caller takes from the stream */
    FLOOR_WRONG,   /* not a request, for good: why says what is wrong */
};

struct floor_word {
    const char *text; /* not terminated; in the parser itself */
    size_t bytes;
};

/* All zeros is the start of a stream. Words hold until the next call. */
struct floor_parser {
    int step;           /* where in a request; floor_parse.c's own */
    bool digits;        /* the number has begun */
    int64_t number;     /* the one being read, or read last */
    int announced, len; /* words: that are to come in all, that have come */
    size_t used;        /* bytes of text */
    struct floor_word word[FLOOR_WORDS_MAX];
    const char *why;
    char text[FLOOR_TEXT_MAX];
};

/* Take bytes from data[0 … n-1] up to the next event; *used says how many.
 * After FLOOR_MORE all n are used. After FLOOR_VALUE the next call is for what
 * follows the value's \r\n. */
enum floor_event floor_parse(struct floor_parser *p, const char *data, size_t n,
                             size_t *used);

/* Whether word k of the request is this one, in any case of its letters. */
bool floor_says(const struct floor_parser *p, int k, const char *word);

#endif
