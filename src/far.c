#include "far.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>

#include "srb/control.h"
#include "srb/diag.h"
#include "srb/ending.h"
#include "srb/tick.h"

#define ROSTER_MAX (4 * 1024 * 1024)
#define LOOK_NS INT64_C(100000000)
#define ASK_SECONDS 5.0
#define SAY_SECONDS 10.0

/* ---- the file of srbench serve ---- */

int far_read(const char *path, struct roster *out, struct error *err)
{
    FILE *f = fopen(path, "re");
    char *text;
    size_t n;
    int rc;

    if (!f)
        return errno == ENOENT ? 0
                               : error_set(err,
                                           "db_address: cannot read '%s': "
                                           "%s",
                                           path, strerror(errno));
    text = malloc(ROSTER_MAX);
    if (!text)
        die("not enough memory to read '%s'", path);
    n = fread(text, 1, ROSTER_MAX, f);
    rc = ferror(f) || n == ROSTER_MAX
             ? error_set(err, "db_address: '%s' is no file of srbench serve",
                         path)
             : roster_read(out, path, text, n, err);
    free(text);
    fclose(f);
    return rc < 0 ? -1 : 1;
}

static int await_file(const struct team *t, const char *path, double seconds,
                      struct roster *out, struct error *err)
{
    int64_t start = tick_now(), deadline = tick_deadline(seconds);
    double said = 0;
    int signal;

    for (;;) {
        int rc = far_read(path, out, err);
        double waited = tick_seconds(tick_now() - start);

        if (rc != 0)
            return rc < 0 ? -1 : 0;
        team_look(t);
        signal = ending_state()->asked;
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
            diag_note("waiting for '%s' of srbench serve (%.0f s of %g)", path,
                      waited, seconds);
            said += SAY_SECONDS;
        }
        tick_sleep(LOOK_NS);
    }
}

/* ---- servers that say themselves what they are ---- */

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
    freeaddrinfo(found);
    return rc == 0 ? 0
                   : error_set(err, "db_address: '%s' has no address", s->host);
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
    char *info, version[64], mode[32];

    if (control_say(c, &info, err, "INFO", "server", NULL) < 0)
        return error_prefix(err, "db_address");
    copy_field(info, "redis_version", version, sizeof version);
    copy_field(info, "redis_mode", mode, sizeof mode);
    free(info);
    if (!version[0])
        return error_set(err, "db_address: what answers is no Redis (its INFO "
                              "has no redis_version)");
    snprintf(r->engine, sizeof r->engine, "redis");
    snprintf(r->server, sizeof r->server, "redis %s", version);
    *clustered = strcmp(mode, "cluster") == 0;
    return 0;
}

static int ask_one(struct roster *r, int s, bool *clustered, char **nodes,
                   struct error *err)
{
    struct control *c =
        control_open(r->shard[s].address, r->shard[s].port, ASK_SECONDS, err);
    int rc;

    if (!c)
        return error_prefix(err, "db_address");
    rc = recognise(c, r, clustered, err);
    if (rc == 0 && *clustered && nodes)
        rc = control_say(c, nodes, err, "CLUSTER", "NODES", NULL);
    control_close(c);
    return rc;
}

/* Servers of a cluster name all of it; others are independent. */
static int ask_servers(const char *text, struct roster *r, struct error *err)
{
    bool first = false, clustered = false;
    char *nodes = NULL;
    uint64_t run;
    int rc = roster_parse(r, text, err);

    for (int s = 0; s < r->nshards && rc == 0; s++) {
        rc = resolve(&r->shard[s], err);
        if (rc == 0)
            rc = ask_one(r, s, &clustered, s == 0 ? &nodes : NULL, err);
        if (rc == 0 && s > 0 && clustered != first)
            rc = error_set(err,
                           "db_address: %s:%d is %s of a Redis Cluster, "
                           "unlike the server before it",
                           r->shard[s].host, r->shard[s].port,
                           clustered ? "one" : "none");
        if (s == 0)
            first = clustered;
        if (rc == 0 && first)
            break; /* it has said where the others are */
    }
    if (rc == 0 && nodes)
        rc = roster_take_nodes(r, nodes, err);
    free(nodes);
    if (rc < 0) {
        roster_free(r);
        return -1;
    }
    if (getrandom(&run, sizeof run, 0) != sizeof run)
        run = (uint64_t)tick_now();
    snprintf(r->prefix, sizeof r->prefix,
             "srbench:%016llx:", (unsigned long long)run);
    roster_count_hosts(r);
    return 0;
}

/* ---- for all ranks ---- */

int far_share(struct team *t, int rc, struct roster *r, struct error *err)
{
    char *text = NULL;
    size_t n = 0;
    int bytes;

    if (t->rank == 0 && rc == 0) {
        FILE *out = open_memstream(&text, &n);

        if (!out)
            die("not enough memory for a roster");
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
        text = malloc((size_t)bytes);
    if (!text)
        die("not enough memory for a roster");
    team_bcast(t, t->world, text, bytes, 0);
    if (t->rank != 0 && roster_read(r, "roster", text, (size_t)bytes, err) < 0)
        die("a roster that rank 0 printed cannot be read: %s", err->text);
    free(text);
    return 0;
}

int far_find(struct team *t, const struct options *o, struct roster *out,
             struct error *err)
{
    const char *text = options_one(o, OPT_DB_ADDRESS)->text;
    double seconds = options_one(o, OPT_DB_TIMEOUT)->seconds;
    int rc = 0;

    if (t->rank == 0)
        rc = roster_names_servers(text)
                 ? ask_servers(text, out, err)
                 : await_file(t, text, seconds, out, err);
    return far_share(t, rc, out, err);
}
