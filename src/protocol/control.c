#include "protocol/control.h"

#include <hiredis/hiredis.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/time.h>

#include "base/mem.h"
#include "base/text.h"
#include "protocol/auth.h"
#include "protocol/tls.h"

struct control {
    redisContext *redis;
    struct ssl_st *ssl; /* of redis; NULL: no TLS */
    char where[64];
};

static struct timeval as_timeval(double seconds)
{
    struct timeval tv = {.tv_sec = (time_t)seconds};

    tv.tv_usec = (suseconds_t)((seconds - (double)tv.tv_sec) * 1e6);
    return tv;
}

struct control *control_open(const char *address, int port, double seconds,
                             struct error *err)
{
    struct timeval tv = as_timeval(seconds);
    struct control *c = calloc(1, sizeof *c);

    if (!c) {
        error_set(err, "not enough memory for a connection");
        return NULL;
    }
    snprintf(c->where, sizeof c->where,
             strchr(address, ':') ? "[%s]:%d" : "%s:%d", address, port);
    c->redis = redisConnectWithTimeout(address, port, tv);
    if (!c->redis || c->redis->err) {
        error_set(err, "%s: cannot connect: %s", c->where,
                  c->redis ? c->redis->errstr : "not enough memory");
        control_close(c);
        return NULL;
    }
    redisSetTimeout(c->redis, tv);
    return c;
}

int control_secure(struct control *c, const struct tls *tls, const char *host,
                   double seconds, struct error *err)
{
    if (!tls)
        return 0;
    c->ssl = tls_shake(tls, c->redis, host, seconds, err);
    return c->ssl ? 0 : error_prefix(err, "%s", c->where);
}

int control_login(struct control *c, const struct login *login, double seconds,
                  struct error *err)
{
    int rc = c->ssl ? tls_login(c->ssl, login, seconds, err)
                    : auth_say(c->redis->fd, login, seconds, err);

    return rc < 0 ? error_prefix(err, "%s", c->where) : 0;
}

void control_timeout(struct control *c, double seconds)
{
    redisSetTimeout(c->redis, as_timeval(seconds));
}

void control_close(struct control *c)
{
    if (!c)
        return;
    if (c->redis)
        redisFree(c->redis);
    free(c);
}

/* Print one reply, elements of an array line by line. */
static void print_reply(FILE *out, const redisReply *r)
{
    switch (r->type) {
    case REDIS_REPLY_INTEGER:
        fprintf(out, "%lld", r->integer);
        break;
    case REDIS_REPLY_ARRAY:
        for (size_t i = 0; i < r->elements; i++) {
            print_reply(out, r->element[i]);
            fputc('\n', out);
        }
        break;
    case REDIS_REPLY_NIL:
        break;
    default:
        fwrite(r->str, 1, (size_t)r->len, out);
    }
}

static int keep_reply(const redisReply *r, char **reply, struct error *err)
{
    size_t n;
    FILE *out = mem_stream(reply, &n);

    print_reply(out, r);
    if (fclose(out) != 0)
        return error_set(err, "not enough memory for a reply");
    text_clean(*reply);
    return 0;
}

static const char *no_reply(const struct control *c)
{
    const char *why = c->ssl ? tls_last(c->ssl) : NULL;

    return why ? why
           : c->redis->err == REDIS_ERR_IO
               ? "no answer in time, or the connection is broken"
               : c->redis->errstr;
}

int control_command(struct control *c, char **reply, struct error *err,
                    int nargs, const char *const args[])
{
    return control_words(c, reply, err, nargs, args, NULL);
}

int control_words(struct control *c, char **reply, struct error *err, int nargs,
                  const char *const args[], const size_t length[])
{
    const char *argv[SRB_CONTROL_WORDS];
    redisReply *r;
    int rc = 0;

    if (nargs < 1 || nargs > SRB_CONTROL_WORDS)
        return error_set(err, "%s: a command of %d words", c->where, nargs);
    for (int i = 0; i < nargs; i++)
        argv[i] = args[i];
    r = redisCommandArgv(c->redis, nargs, argv, length);
    if (!r)
        return error_set(err, "%s: %s%s%s: %s", c->where, args[0],
                         nargs > 1 ? " " : "", nargs > 1 ? args[1] : "",
                         no_reply(c));
    if (r->type == REDIS_REPLY_ERROR)
        rc = error_set(err, "%s: %s: %s", c->where, args[0], r->str);
    else if (reply)
        rc = keep_reply(r, reply, err);
    freeReplyObject(r);
    return rc;
}

int control_say(struct control *c, char **reply, struct error *err,
                const char *first, ...)
{
    const char *args[SRB_CONTROL_WORDS];
    const char *word = first;
    va_list ap;
    int n = 0;

    va_start(ap, first);
    for (; word && n < SRB_CONTROL_WORDS; word = va_arg(ap, const char *))
        args[n++] = word;
    va_end(ap);
    return control_command(c, reply, err, n, args);
}

const char *control_field(const char *text, const char *key, size_t *len)
{
    size_t n = strlen(key);

    while (text && *text) {
        if (strncasecmp(text, key, n) == 0 && text[n] == ':') {
            *len = strcspn(text + n + 1, "\r\n");
            return text + n + 1;
        }
        text = strchr(text, '\n');
        text = text ? text + 1 : NULL;
    }
    return NULL;
}

int64_t control_number(const char *text, const char *key, int64_t none)
{
    size_t len;
    const char *at = control_field(text, key, &len);
    char *end;
    long long value;

    if (!at)
        return none;
    value = strtoll(at, &end, 10);
    return end == at ? none : value;
}

char *control_hiredis_version(char *buf, size_t n)
{
    snprintf(buf, n, "%d.%d.%d", HIREDIS_MAJOR, HIREDIS_MINOR, HIREDIS_PATCH);
    return buf;
}
