#include "servers/external.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#include "base/diag.h"
#include "base/mem.h"
#include "base/signals.h"
#include "base/tick.h"
#include "client/client.h"
#include "servers/external_ask.h"

#define ROSTER_MAX (4 * 1024 * 1024)
#define LOOK_NS INT64_C(100000000)
#define SAY_SECONDS 10.0
#define AUTH_VARIABLE "SRBENCH_DB_AUTH"

/* ---- the file of srbench serve ---- */

/* All of a file, not through a stream, whose buffer would keep a copy. Bytes,
 * or -1 where it has ROSTER_MAX and more or cannot be read. */
static ssize_t read_all(int fd, char text[ROSTER_MAX])
{
    ssize_t n = 0, got;

    do {
        got = read(fd, text + n, (size_t)(ROSTER_MAX - n));
        n += got > 0 ? got : 0;
    } while (n < ROSTER_MAX && (got > 0 || (got < 0 && errno == EINTR)));
    text[n < ROSTER_MAX ? n : 0] = '\0';
    return got < 0 || n == ROSTER_MAX ? -1 : n;
}

/* Passwords are taken out of the text before anything else looks at it. */
static int take_text(const char *path, char *text, size_t n, struct roster *out,
                     struct error *err)
{
    struct secret *secret = secret_open();
    bool whole = secret_take(secret, text);

    if (roster_read(out, path, text, n, err) < 0) {
        secret_close(secret);
        return -1;
    }
    out->secret = secret;
    if (whole)
        return 0;
    roster_free(out);
    return error_set(err,
                     "db_address: '%s' lacks the databases' passwords; was it "
                     "changed since srbench serve wrote it?",
                     path);
}

int external_read(const char *path, struct roster *out, struct error *err)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC), rc;
    char *text;
    ssize_t n;

    if (fd < 0)
        return errno == ENOENT ? 0
                               : error_set(err,
                                           "db_address: cannot read '%s': "
                                           "%s",
                                           path, strerror(errno));
    text = mem_new(ROSTER_MAX, 1);
    n = read_all(fd, text);
    close(fd);
    rc = n < 0 ? error_set(err, "db_address: '%s' is no file of srbench serve",
                           path)
               : take_text(path, text, (size_t)n, out, err);
    explicit_bzero(text, ROSTER_MAX);
    free(text);
    return rc < 0 ? -1 : 1;
}

static int await_file(const struct team *t, const char *path, double seconds,
                      struct roster *out, struct error *err)
{
    int64_t start = tick_now(), deadline = tick_deadline(seconds);
    double said = 0;
    int signal;

    for (;;) {
        int rc = external_read(path, out, err);
        double waited = tick_seconds(tick_now() - start);

        if (rc != 0)
            return rc < 0 ? -1 : 0;
        team_look(t);
        signal = signals_state()->asked;
        if (signal)
            return error_set(err,
                             "db_address: the wait for '%s' was broken "
                             "off by signal %d (%s)",
                             path, signal, strsignal(signal));
        if (tick_now() > deadline)
            return error_set(err,
                             "db_address: there is no file '%s' after %g s "
                             "(db_timeout); start srbench serve with it, or "
                             "give the servers as host:port",
                             path, seconds);
        if (waited >= said) {
            diag_note("waiting for a file '%s', which srbench serve writes "
                      "(%.0f s of %g); a server is written host:port",
                      path, waited, seconds);
            said += SAY_SECONDS;
        }
        tick_sleep(LOOK_NS);
    }
}

/* ---- servers that say themselves what they are ---- */

/* The list of host:port, or the file. */
static const char *servers_of(const struct options *o)
{
    const char *text = options_one(o, OPT_DB_ADDRESS)->text;

    return options_secured(o) ? text + strlen(SRB_TLS_SCHEME) : text;
}

static const char *given(const struct options *o, enum option_id id)
{
    const struct value *v = options_one(o, id);

    return v->is_auto ? "" : v->text;
}

/* By what one gets in: the file of db_auth ("" for none), else what the
 * environment has. */
static int find_login(struct roster *r, const char *auth, struct error *err)
{
    struct secret *s = secret_open();
    int rc = auth[0] ? secret_read(s, auth, err)
                     : secret_from_environment(s, AUTH_VARIABLE, err);

    if (rc < 0 || (rc == 0 && !auth[0]))
        secret_close(s);
    else
        r->secret = s;
    return rc < 0 ? -1 : 0;
}

/* Keys begin with what no other run has. */
static void draw_prefix(struct roster *r)
{
    uint64_t run;

    if (getrandom(&run, sizeof run, 0) != sizeof run)
        run = (uint64_t)tick_now();
    snprintf(r->prefix, sizeof r->prefix,
             "srbench:%016llx:", (unsigned long long)run);
}

static int find_theirs(const struct options *o, const struct tls *tls,
                       struct roster *r, struct error *err)
{
    if (roster_parse(r, servers_of(o), err) < 0)
        return -1;
    r->tls = tls;
    if (find_login(r, given(o, OPT_DB_AUTH), err) < 0) {
        roster_free(r);
        return -1;
    }
    draw_prefix(r);
    return external_ask(r, o, err);
}

/* ---- for all ranks ---- */

/* The passwords have memory of their own on every rank, and no text. */
static void share_secret(const struct team *t, struct roster *r)
{
    int has = r->secret != NULL;

    team_bcast(t, t->world, &has, (int)sizeof has, 0);
    if (!has)
        return;
    if (!r->secret)
        r->secret = secret_open();
    team_bcast(t, t->world, r->secret, (int)sizeof *r->secret, 0);
}

int external_share(struct team *t, int rc, struct roster *r, struct error *err)
{
    char *text = NULL;
    size_t n = 0;
    int bytes;

    if (t->rank == 0 && rc == 0) {
        FILE *out = mem_stream(&text, &n);

        roster_print(r, out);
        fclose(out);
    }
    if (team_agree(t, t->world, rc, err) < 0) {
        free(text);
        return -1;
    }
    bytes = (int)n;
    team_bcast(t, t->world, &bytes, (int)sizeof bytes, 0);
    if (t->rank != 0)
        text = mem_new((size_t)bytes, 1);
    team_bcast(t, t->world, text, bytes, 0);
    if (t->rank != 0 && roster_read(r, "roster", text, (size_t)bytes, err) < 0)
        die("a roster that rank 0 printed cannot be read: %s", err->text);
    free(text);
    share_secret(t, r);
    return 0;
}

static int check_tls(const struct options *o, const char *text,
                     struct error *err)
{
    const struct setting *set = options_get(o, OPT_CLIENT);
    char version[32];

    if (!tls_built)
        return error_set(err,
                         "db_address: '%s' asks for TLS, and hiredis %s, as "
                         "srbench was built with it, has none; build with a "
                         "hiredis of 1.0 or newer with SSL (Spack: "
                         "hiredis+ssl), or give host:port of a port without "
                         "TLS",
                         text,
                         control_hiredis_version(version, sizeof version));
    for (size_t i = 0; i < set->nvalues; i++) {
        const struct client_ops *ops = client_find(set->values[i].text);

        if (ops->serves && !ops->tls)
            return error_set(err,
                             "db_address: '%s' asks for TLS, which client: %s "
                             "does not speak; give --client=%s",
                             text, ops->name, client_secured()->name);
    }
    return roster_names_servers(servers_of(o))
               ? 0
               : error_set(err,
                           "db_address: found '%s', expected " SRB_TLS_SCHEME
                           "host:port",
                           text);
}

static int lacks_port(const char *text, struct error *err)
{
    bool brackets = strchr(text, ':') && text[0] != '[';

    return error_set(err,
                     "db_address: '%s' is an address without a port, expected "
                     "both, such as %s%s%s:6780, or the file of srbench serve",
                     text, brackets ? "[" : "", text, brackets ? "]" : "");
}

/* Whether it is a list of servers; their names are not looked up. */
static int check_list(const char *text, struct error *err)
{
    struct roster r;

    if (roster_parse(&r, text, err) < 0)
        return -1;
    roster_free(&r);
    return 0;
}

/* What can be told without asking anybody. */
static int check_words(const struct options *o, const char *text,
                       struct error *err)
{
    if (options_secured(o) && check_tls(o, text, err) < 0)
        return -1;
    text = servers_of(o);
    if (strstr(text, "://"))
        return error_set(err,
                         "db_address: found '%s', expected host:port or "
                         "the file of srbench serve",
                         text);
    if (roster_names_servers(text))
        return check_list(text, err);
    if (roster_lacks_port(text))
        return lacks_port(text, err);
    if (!options_one(o, OPT_DB_AUTH)->is_auto)
        return error_set(err, "db_auth: the file of srbench serve has its "
                              "databases' passwords; leave it out, or give "
                              "db_address as host:port");
    if (options_one(o, OPT_FLUSH)->count)
        return error_set(err, "flush: the databases of srbench serve are "
                              "emptied anyway; leave it out, or give "
                              "db_address as host:port");
    return 0;
}

int external_check(const struct options *o, struct error *err)
{
    return options_external(o)
               ? check_words(o, options_one(o, OPT_DB_ADDRESS)->text, err)
               : 0;
}

static struct tls_terms tls_terms_of(const struct options *o)
{
    return (struct tls_terms){.ca = given(o, OPT_DB_TLS_CA),
                              .cert = given(o, OPT_DB_TLS_CERT),
                              .key = given(o, OPT_DB_TLS_KEY),
                              .name = given(o, OPT_DB_TLS_NAME)};
}

int external_check_files(const struct options *o, struct error *err)
{
    const struct tls_terms terms = tls_terms_of(o);
    struct tls_files files = {{{NULL, 0}}};
    struct roster r = {.nshards = 0};
    int rc = 0;

    if (options_secured(o))
        rc = tls_read(&files, &terms, err);
    if (rc == 0 && roster_names_servers(servers_of(o)))
        rc = find_login(&r, given(o, OPT_DB_AUTH), err);
    tls_forget(&files);
    roster_free(&r);
    return rc;
}

/* Rank 0's files become everybody's. */
static void share_files(const struct team *t, struct tls_files *files)
{
    for (int k = 0; k < TLS_FILES; k++) {
        struct tls_file *f = &files->file[k];
        int n = f->bytes ? (int)f->n : -1;

        team_bcast(t, t->world, &n, (int)sizeof n, 0);
        if (n < 0)
            continue;
        if (t->rank != 0)
            tls_room(f, (size_t)n);
        team_bcast(t, t->world, f->bytes, n, 0);
    }
}

static int open_tls(struct team *t, const struct options *o, struct tls **out,
                    struct error *err)
{
    const struct tls_terms terms = tls_terms_of(o);
    struct tls_files files = {{{NULL, 0}}};
    int rc = t->rank == 0 ? tls_read(&files, &terms, err) : 0;

    if (team_agree(t, t->world, rc, err) < 0) {
        tls_forget(&files);
        return -1;
    }
    share_files(t, &files);
    rc = tls_open(out, &terms, &files, err);
    tls_forget(&files);
    if (team_agree(t, t->world, rc, err) == 0)
        return 0;
    tls_close(rc == 0 ? *out : NULL);
    *out = NULL;
    return -1;
}

/* Rank 0: those of srbench serve. */
static int find_served(struct team *t, const struct options *o,
                       struct roster *out, struct error *err)
{
    double seconds = options_one(o, OPT_DB_TIMEOUT)->seconds;

    if (await_file(t, servers_of(o), seconds, out, err) < 0)
        return -1;
    if ((!options_redisai(o) && !options_infers(o)) ||
        external_ask_redisai(out, err) == 0)
        return 0;
    roster_free(out);
    return -1;
}

int external_find(struct team *t, const struct options *o, struct tls **tls,
                  struct roster *out, struct error *err)
{
    int rc = 0;

    if (external_check(o, err) < 0 ||
        (options_secured(o) && open_tls(t, o, tls, err) < 0))
        return -1;
    if (t->rank == 0)
        rc = roster_names_servers(servers_of(o))
                 ? find_theirs(o, *tls, out, err)
                 : find_served(t, o, out, err);
    /* every rank was started with it */
    secret_forget(AUTH_VARIABLE);
    rc = external_share(t, rc, out, err);
    out->tls = *tls;
    return rc;
}

/* Rank 0: what is found now, with what was known of it before. */
static int ask_again(const struct options *o, const struct roster *before,
                     struct roster *out, struct error *err)
{
    if (roster_parse(out, servers_of(o), err) < 0)
        return -1;
    out->tls = before->tls;
    snprintf(out->prefix, sizeof out->prefix, "%s", before->prefix);
    if (before->secret) {
        out->secret = secret_open();
        *out->secret = *before->secret;
    }
    return external_ask(out, o, err);
}

int external_again(struct team *t, const struct options *o,
                   const struct roster *before, struct roster *out,
                   struct error *err)
{
    int rc = t->rank == 0 ? ask_again(o, before, out, err) : 0;

    if (external_share(t, rc, out, err) < 0)
        return -1;
    out->tls = before->tls;
    return 0;
}
