#include "servers/external.h"

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <netdb.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#include "base/diag.h"
#include "base/mem.h"
#include "base/signals.h"
#include "base/tick.h"
#include "client/client.h"
#include "engine/engine.h"
#include "protocol/control.h"
#include "protocol/redisai.h"

#define ROSTER_MAX (4 * 1024 * 1024)
#define LOOK_NS INT64_C(100000000)
#define ASK_SECONDS 5.0
#define SAY_SECONDS 10.0
/* The least that a step is given, however late it is. */
#define LEAST_SECONDS 0.1
#define AUTH_VARIABLE "SRBENCH_DB_AUTH"

/* ---- a shard ---- */

/* What is left until then, and a little where nothing is: in whole tenths, as
 * it may come to be read. */
static double left_until(int64_t deadline)
{
    double left = ceil(tick_seconds(deadline - tick_now()) * 10) / 10;

    return left > LEAST_SECONDS ? left : LEAST_SECONDS;
}

struct control *external_enter(const struct roster *r, int shard,
                               double seconds, struct error *err)
{
    const struct roster_shard *at = &r->shard[shard];
    const struct login *login = r->secret ? &r->secret->steward : NULL;
    int64_t deadline = tick_deadline(seconds);
    struct control *c =
        control_open(at->address, at->port, left_until(deadline), err);

    if (!c)
        return NULL;
    if (control_secure(c, r->tls, roster_host(at), left_until(deadline), err) <
            0 ||
        control_login(c, login, left_until(deadline), err) < 0) {
        control_close(c);
        return NULL;
    }
    control_timeout(c, left_until(deadline));
    return c;
}

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

static bool has_both(const struct addrinfo *found)
{
    for (const struct addrinfo *ai = found; ai; ai = ai->ai_next)
        if (ai->ai_family != found->ai_family)
            return true;
    return false;
}

/* A name as a numeric address, which is what the file records. */
static int resolve(struct roster_shard *s, struct error *err)
{
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM};
    struct addrinfo *found;
    int rc = getaddrinfo(s->host, NULL, &hints, &found);

    if (rc != 0)
        return error_set(err, "db_address: '%s' is no host: %s", s->host,
                         gai_strerror(rc));
    rc = getnameinfo(found->ai_addr, found->ai_addrlen, s->address,
                     sizeof s->address, NULL, 0, NI_NUMERICHOST);
    if (rc == 0 && has_both(found))
        diag_note("note: db_address: '%s' has addresses of IPv4 and of IPv6; "
                  "%s is taken",
                  s->host, s->address);
    freeaddrinfo(found);
    return rc == 0 ? 0
                   : error_set(err, "db_address: '%s' has no address", s->host);
}

/* Whether a server has none of the addresses before it: two names may be of one
 * host. */
static int check_new(const struct roster *r, int s, struct error *err)
{
    const struct roster_shard *is = &r->shard[s];

    for (int k = 0; k < s; k++)
        if (r->shard[k].port == is->port &&
            strcmp(r->shard[k].address, is->address) == 0)
            return error_set(err,
                             "db_address: '%s' and '%s' port %d are the same "
                             "server, %s, expected every server once",
                             r->shard[k].host, is->host, is->port, is->address);
    return 0;
}

static void copy_field(const char *info, const char *key, char *buf, size_t n)
{
    size_t len;
    const char *at = control_field(info, key, &len);

    snprintf(buf, n, "%.*s", at ? (int)len : 0, at ? at : "");
}

/* What the server is, and whether it is one of a Redis Cluster. */
static int recognise(struct control *c, struct roster *r, bool *clustered,
                     struct error *err)
{
    char *info, version[SRB_VERSION_MAX], mode[32];
    const struct engine *engine;
    struct error why;

    /* all of it: what sets one apart is in different sections */
    if (control_say(c, &info, err, "INFO", NULL) < 0) {
        why = *err;
        return error_set(err, "db_address: %s%s", why.text,
                         strstr(why.text, "NOAUTH")
                             ? "; give its password in a file, --db_auth=FILE"
                             : "");
    }
    engine = engine_answers(info, "db_address: what answers", version, err);
    copy_field(info, "redis_mode", mode, sizeof mode);
    if (!mode[0]) /* Valkey's word for it, since 8.0 */
        copy_field(info, "server_mode", mode, sizeof mode);
    free(info);
    if (!engine)
        return -1;
    snprintf(r->engine, sizeof r->engine, "%s", engine->name);
    snprintf(r->server, sizeof r->server, "%s %s", engine->name, version);
    *clustered = strcmp(mode, "cluster") == 0;
    return 0;
}

/* The longest value that all of them take. A server may keep that to itself
 * (CONFIG is often forbidden): then an operation that it refuses says so. */
static void find_limit(struct control *c, struct roster *r)
{
    struct error ignored;
    int64_t limit;
    char *answer, *value;

    if (control_say(c, &answer, &ignored, "CONFIG", "GET", "proto-max-bulk-len",
                    NULL) < 0)
        return;
    value = strchr(answer, '\n'); /* its name, then its value */
    limit = value ? strtoll(value + 1, NULL, 10) : 0;
    free(answer);
    if (limit > 0 && (r->max_bytes < 0 || limit < r->max_bytes))
        r->max_bytes = limit;
}

static struct control *enter(const struct roster *r, int s, struct error *err)
{
    struct control *c = external_enter(r, s, ASK_SECONDS, err);

    if (c)
        control_timeout(c, ASK_SECONDS);
    else
        error_prefix(err, "db_address");
    return c;
}

static int ask_one(struct roster *r, int s, bool *clustered, char **nodes,
                   struct error *err)
{
    struct control *c = enter(r, s, err);
    int rc;

    if (!c)
        return -1;
    rc = recognise(c, r, clustered, err);
    if (rc == 0)
        find_limit(c, r);
    if (rc == 0 && *clustered && nodes)
        rc = control_say(c, nodes, err, "CLUSTER", "NODES", NULL);
    control_close(c);
    return rc;
}

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

static int ask_seed(struct roster *r, int s, bool *clustered, char **nodes,
                    struct error *err)
{
    if (resolve(&r->shard[s], err) < 0)
        return -1;
    return ask_one(r, s, clustered, nodes, err);
}

static int both_kinds(const struct roster *r, int s, bool clustered,
                      struct error *err)
{
    return error_set(err,
                     "db_address: %s:%d is %s of a Redis Cluster, unlike the "
                     "server before it",
                     r->shard[s].host, r->shard[s].port,
                     clustered ? "one" : "none");
}

/* A cluster is named whole by any of its servers: the first that answers
 * becomes the first of the list, and *nodes is what it says. Of others each
 * must answer. */
static int ask_seeds(struct roster *r, char **nodes, struct error *err)
{
    bool answered = false, clustered = false;
    struct error why = {.text = ""};

    for (int s = 0; s < r->nshards; s++) {
        if (ask_seed(r, s, &clustered, nodes, err) < 0) {
            if (!why.text[0])
                why = *err;
            continue;
        }
        if (clustered && answered)
            return both_kinds(r, s, clustered, err);
        if (clustered) {
            if (why.text[0])
                diag_say("srbench: another server of the cluster is asked: %s",
                         why.text);
            r->shard[0] = r->shard[s];
            return 0;
        }
        answered = true;
        if (check_new(r, s, err) < 0)
            return -1;
    }
    if (!why.text[0])
        return 0;
    *err = why;
    return -1;
}

/* ---- what a study will need of each ---- */

/* What the server said instead of doing it: no right, or no such command. A key
 * of another shard, or a server that is full, is no matter of rights. */
static bool is_refusal(const struct error *err)
{
    return strstr(err->text, "NOPERM") || strstr(err->text, "unknown command");
}

static int try_command(struct control *c, const char *const *words,
                       struct error *err)
{
    int n = 0;

    while (words[n])
        n++;
    if (control_command(c, NULL, err, n, words) == 0 || !is_refusal(err))
        return 0;
    return error_prefix(err, "db_address: a study needs %s of every server",
                        words[0]);
}

/* Rights are looked at before arguments: with a word too much FLUSHALL empties
 * nothing. */
static int try_commands(struct control *c, const struct roster *r,
                        const struct options *o, struct error *err)
{
    char key[sizeof r->prefix + 8];
    const struct {
        bool needed;
        const char *words[8];
    } commands[] = {
        {true, {"PING"}},
        {true, {"SET", key, "1"}},
        {true, {"GET", key}},
        {true, {"DEL", key}},
        {r->cluster, {"CLUSTER", "SLOTS"}},
        {options_redisai(o),
         {"AI.TENSORSET", key, "FLOAT", "1", "1", "BLOB", "once"}},
        {options_redisai(o), {"AI.TENSORGET", key, "META", "BLOB"}},
        {options_redisai(o), {"DEL", key}},
        {options_one(o, OPT_FLUSH)->count, {"FLUSHALL", "SYNC", "not"}},
    };

    snprintf(key, sizeof key, "%scheck", r->prefix);
    for (size_t i = 0; i < sizeof commands / sizeof commands[0]; i++)
        if (commands[i].needed && try_command(c, commands[i].words, err) < 0)
            return -1;
    return 0;
}

/* Slots on their way are known to the two servers alone that they concern. */
static int check_moving(struct control *c, const struct roster_shard *at,
                        struct error *err)
{
    char *nodes, *own;
    bool moving;

    if (control_say(c, &nodes, err, "CLUSTER", "NODES", NULL) < 0)
        return error_prefix(err, "db_address");
    own = strstr(nodes, "myself");
    moving = own && memchr(own, '[', strcspn(own, "\n"));
    free(nodes);
    return moving
               ? error_set(err,
                           "db_address: the cluster is being resharded (%s:%d "
                           "says so); wait until it is done",
                           at->address, at->port)
               : 0;
}

static int ask_masters(struct roster *r, const struct options *o,
                       struct error *err)
{
    for (int s = 0; s < r->nshards; s++) {
        struct control *c = enter(r, s, err);
        int rc;

        if (!c)
            return -1;
        find_limit(c, r);
        rc = r->cluster ? check_moving(c, &r->shard[s], err) : 0;
        if (rc == 0 && options_redisai(o) && redisai_check(c, err) < 0)
            rc = error_prefix(err, "db_address");
        if (rc == 0)
            rc = try_commands(c, r, o, err);
        control_close(c);
        if (rc < 0)
            return -1;
    }
    return 0;
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

/* r has what is known of them before: login, TLS, prefix. It is released on
 * failure. */
static int ask_servers(struct roster *r, const struct options *o,
                       struct error *err)
{
    char *nodes = NULL;
    int rc = ask_seeds(r, &nodes, err);

    if (rc == 0 && nodes)
        rc = roster_take_nodes(r, nodes, err);
    free(nodes);
    if (rc == 0)
        rc = ask_masters(r, o, err);
    if (rc < 0) {
        roster_free(r);
        return -1;
    }
    roster_count_hosts(r);
    return 0;
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
    return ask_servers(r, o, err);
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

/* Whether all of them have what a study with command_set redisai needs. */
static int check_redisai(const struct roster *r, struct error *err)
{
    int rc = 0;

    for (int s = 0; s < r->nshards && rc == 0; s++) {
        struct control *c = enter(r, s, err);

        if (!c)
            return -1;
        rc = redisai_check(c, err);
        control_close(c);
    }
    return rc < 0 ? error_prefix(err, "db_address") : 0;
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
    const struct tls_terms terms = {.ca = given(o, OPT_DB_TLS_CA),
                                    .cert = given(o, OPT_DB_TLS_CERT),
                                    .key = given(o, OPT_DB_TLS_KEY),
                                    .name = given(o, OPT_DB_TLS_NAME)};
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
    if (!options_redisai(o) || check_redisai(out, err) == 0)
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
    return ask_servers(out, o, err);
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
