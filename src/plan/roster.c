#include "plan/roster.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "options/options_internal.h"

#define VERSION "3"

void roster_alloc(struct roster *r, int nshards)
{
    memset(r, 0, sizeof *r);
    r->db_cpus = r->db_io_threads = -1;
    r->max_bytes = -1;
    r->nshards = nshards;
    r->shard = mem_new((size_t)nshards, sizeof *r->shard);
    for (int s = 0; s < nshards; s++)
        r->shard[s].numa = -1;
}

void roster_free(struct roster *r)
{
    free(r->shard);
    free(r->range);
    secret_close(r->secret);
    memset(r, 0, sizeof *r);
}

const char *roster_host(const struct roster_shard *s)
{
    return s->host[0] ? s->host : s->address;
}

static int by_text(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

void roster_count_hosts(struct roster *r)
{
    const char **address = mem_new((size_t)r->nshards, sizeof *address);

    for (int s = 0; s < r->nshards; s++)
        address[s] = roster_host(&r->shard[s]);
    qsort(address, (size_t)r->nshards, sizeof *address, by_text);
    r->nhosts = 1;
    for (int s = 1; s < r->nshards; s++)
        r->nhosts += strcmp(address[s], address[s - 1]) != 0;
    free(address);
}

/* ---- the file ---- */

static void print_field(FILE *out, const char *name, const char *text)
{
    fprintf(out, "%s: ", name);
    options_yaml_print_text(out, text);
    fputc('\n', out);
}

void roster_print(const struct roster *r, FILE *out)
{
    fputs("# srbench: databases that run, for --db_address\n", out);
    print_field(out, "roster", VERSION);
    print_field(out, "engine", r->engine);
    print_field(out, "server", r->server);
    print_field(out, "exe", r->exe);
    print_field(out, "db_args", r->args);
    print_field(out, "db_env", r->env);
    print_field(out, "job", r->job);
    print_field(out, "interface", r->interface);
    print_field(out, "prefix", r->prefix);
    fprintf(out, "ours: %s\ncluster: %s\n", r->served ? "true" : "false",
            r->cluster ? "true" : "false");
    fprintf(out, "db_cpus: %d\ndb_io_threads: %d\nmax_bytes: %lld\n",
            r->db_cpus, r->db_io_threads, (long long)r->max_bytes);
    fputs("addresses: [", out);
    for (int s = 0; s < r->nshards; s++) {
        fputs(s ? ", " : "", out);
        options_yaml_print_text(out, r->shard[s].address);
    }
    fputs("]\nports: [", out);
    for (int s = 0; s < r->nshards; s++)
        fprintf(out, "%s%d", s ? ", " : "", r->shard[s].port);
    fputs("]\nhosts: [", out);
    for (int s = 0; s < r->nshards; s++) {
        fputs(s ? ", " : "", out);
        options_yaml_print_text(out, r->shard[s].host);
    }
    fputs("]\ncpus: [", out);
    for (int s = 0; s < r->nshards; s++) {
        fputs(s ? ", " : "", out);
        options_yaml_print_text(out, r->shard[s].cpus);
    }
    fputs("]\nnuma: [", out);
    for (int s = 0; s < r->nshards; s++)
        fprintf(out, "%s%d", s ? ", " : "", r->shard[s].numa);
    fputs("]\nslots: [", out);
    for (int k = 0; k < r->nranges; k++)
        fprintf(out, "%s%d, %d, %d", k ? ", " : "", r->range[k].first,
                r->range[k].last, r->range[k].shard);
    fputs("]\n", out);
}

/* A file under way into a roster. */
struct reading {
    const struct said said;
    const struct yaml_file *file;
    struct error *err;
};

static const struct yaml_node *find(const struct reading *x, const char *name)
{
    for (size_t i = 0; i < x->file->n; i++)
        if (strcmp(x->file->entry[i].key.text, name) == 0)
            return &x->file->entry[i].node;
    options_said_error(
        &x->said, 1, 1, x->err,
        "found no '%s', expected a file that srbench serve wrote", name);
    return NULL;
}

static int read_text(const struct reading *x, const char *name, char *buf,
                     size_t n)
{
    const struct yaml_node *node = find(x, name);

    if (!node)
        return -1;
    if (node->kind != YAML_SCALAR || strlen(node->item[0].text) >= n)
        return options_said_error(&x->said, node->line, node->column, x->err,
                                  "%s: expected a text of less than %zu bytes",
                                  name, n);
    snprintf(buf, n, "%s", node->item[0].text);
    return 0;
}

static int to_number(const struct reading *x, const struct yaml_scalar *s,
                     int64_t least, int64_t most, int64_t *out)
{
    char *end;
    long long v = strtoll(s->text, &end, 10);

    if (end == s->text || *end || v < least || v > most)
        return options_said_error(
            &x->said, s->line, s->column, x->err,
            "found '%s', expected a number from %lld to %lld", s->text,
            (long long)least, (long long)most);
    *out = v;
    return 0;
}

static int read_number(const struct reading *x, const char *name, int64_t least,
                       int64_t most, int64_t *out)
{
    const struct yaml_node *node = find(x, name);

    if (!node)
        return -1;
    if (node->kind != YAML_SCALAR)
        return options_said_error(&x->said, node->line, node->column, x->err,
                                  "%s: expected a number", name);
    return to_number(x, &node->item[0], least, most, out);
}

static int read_flag(const struct reading *x, const char *name, bool *out)
{
    const struct yaml_node *node = find(x, name);

    if (!node)
        return -1;
    if (node->kind == YAML_SCALAR && options_flag(node->item[0].text, out))
        return 0;
    return options_said_error(&x->said, node->line, node->column, x->err,
                              "%s: expected true or false", name);
}

/* A list of n entries; n 0: of any length. */
static const struct yaml_node *read_list(const struct reading *x,
                                         const char *name, size_t n)
{
    const struct yaml_node *node = find(x, name);

    if (!node)
        return NULL;
    if (node->kind == YAML_LIST && node->nmaps == 0 && (n == 0 || node->n == n))
        return node;
    if (n == 0)
        options_said_error(&x->said, node->line, node->column, x->err,
                           "%s: expected a list", name);
    else
        options_said_error(&x->said, node->line, node->column, x->err,
                           "%s: expected a list of %zu entries, one a shard",
                           name, n);
    return NULL;
}

static int read_shards(const struct reading *x, struct roster *r)
{
    const struct yaml_node *address = read_list(x, "addresses", 0);
    const struct yaml_node *port, *host, *cpus, *numa;
    int64_t number = 0;

    if (!address)
        return -1;
    if (address->n < 1 || address->n > SRB_SLOTS)
        return options_said_error(
            &x->said, address->line, address->column, x->err,
            "addresses: found %zu, expected 1 to %d", address->n, SRB_SLOTS);
    roster_alloc(r, (int)address->n);
    if (!(port = read_list(x, "ports", address->n)) ||
        !(host = read_list(x, "hosts", address->n)) ||
        !(cpus = read_list(x, "cpus", address->n)) ||
        !(numa = read_list(x, "numa", address->n)))
        return -1;
    for (size_t s = 0; s < address->n; s++) {
        struct roster_shard *to = &r->shard[s];

        if (snprintf(to->address, sizeof to->address, "%s",
                     address->item[s].text) >= (int)sizeof to->address)
            return options_said_error(
                &x->said, address->item[s].line, address->item[s].column,
                x->err, "found '%.64s', expected a numeric address",
                address->item[s].text);
        snprintf(to->host, sizeof to->host, "%s", host->item[s].text);
        snprintf(to->cpus, sizeof to->cpus, "%s", cpus->item[s].text);
        if (to_number(x, &port->item[s], 1, 65535, &number) < 0)
            return -1;
        to->port = (int)number;
        if (to_number(x, &numa->item[s], -1, INT32_MAX, &number) < 0)
            return -1;
        to->numa = (int)number;
    }
    return 0;
}

static int read_ranges(const struct reading *x, struct roster *r)
{
    const struct yaml_node *slots = read_list(x, "slots", 0);

    if (!slots)
        return -1;
    if (slots->n % 3 != 0)
        return options_said_error(
            &x->said, slots->line, slots->column, x->err,
            "slots: expected first, last and shard of each "
            "range");
    r->nranges = (int)(slots->n / 3);
    r->range = mem_new(slots->n / 3 + 1, sizeof *r->range);
    for (size_t k = 0; k < slots->n; k++) {
        int most = k % 3 == 2 ? r->nshards - 1 : SRB_SLOTS - 1;
        int *to = k % 3 == 0   ? &r->range[k / 3].first
                  : k % 3 == 1 ? &r->range[k / 3].last
                               : &r->range[k / 3].shard;
        int64_t number = 0;

        if (to_number(x, &slots->item[k], 0, most, &number) < 0)
            return -1;
        *to = (int)number;
    }
    return r->nranges > 0 ? roster_check(r, x->err) : 0;
}

static int read_attributes(const struct reading *x, struct roster *r)
{
    int64_t cpus = -1, threads = -1;

    if (read_text(x, "engine", r->engine, sizeof r->engine) < 0 ||
        read_text(x, "server", r->server, sizeof r->server) < 0 ||
        read_text(x, "exe", r->exe, sizeof r->exe) < 0 ||
        read_text(x, "db_args", r->args, sizeof r->args) < 0 ||
        read_text(x, "db_env", r->env, sizeof r->env) < 0 ||
        read_text(x, "job", r->job, sizeof r->job) < 0 ||
        read_text(x, "interface", r->interface, sizeof r->interface) < 0 ||
        read_text(x, "prefix", r->prefix, sizeof r->prefix) < 0 ||
        read_flag(x, "ours", &r->served) < 0 ||
        read_flag(x, "cluster", &r->cluster) < 0 ||
        read_number(x, "db_cpus", -1, INT32_MAX, &cpus) < 0 ||
        read_number(x, "db_io_threads", -1, INT32_MAX, &threads) < 0 ||
        read_number(x, "max_bytes", -1, INT64_MAX, &r->max_bytes) < 0)
        return -1;
    r->db_cpus = (int)cpus;
    r->db_io_threads = (int)threads;
    return 0;
}

static int read_all(const struct reading *x, struct roster *r)
{
    char version[16];

    if (read_text(x, "roster", version, sizeof version) < 0)
        return -1;
    if (strcmp(version, VERSION) != 0)
        return options_said_error(
            &x->said, 1, 1, x->err,
            "found a roster of version %s, expected " VERSION
            "; serve with the srbench that measures",
            version);
    return read_shards(x, r) < 0 || read_attributes(x, r) < 0
               ? -1
               : read_ranges(x, r);
}

int roster_read(struct roster *r, const char *name, const char *text,
                size_t length, struct error *err)
{
    struct yaml_file file;
    const struct reading x = {
        .said = {.file = name}, .file = &file, .err = err};
    int rc;

    memset(r, 0, sizeof *r);
    if (options_yaml_read_file(name, text, length, &file, err) < 0)
        return -1;
    rc = read_all(&x, r);
    options_yaml_file_free(&file);
    if (rc < 0)
        roster_free(r);
    else
        roster_count_hosts(r);
    return rc;
}

/* ---- host:port ---- */

bool roster_names_servers(const char *text)
{
    const char *colon = strrchr(text, ':');

    return colon && colon[1] && !strchr(text, '/') &&
           strspn(colon + 1, "0123456789") == strlen(colon + 1);
}

/* Without the blanks at its end. */
static size_t trimmed(const char *text, size_t n)
{
    while (n > 0 && text[n - 1] == ' ')
        n--;
    return n;
}

bool roster_lacks_port(const char *text)
{
    char address[SRB_NAME_MAX];
    unsigned char bytes[sizeof(struct in6_addr)];
    size_t n = strlen(text);
    bool brackets = n > 2 && text[0] == '[' && text[n - 1] == ']';

    n -= brackets ? 2 : 0;
    if (n >= sizeof address)
        return false;
    snprintf(address, sizeof address, "%.*s", (int)n, text + brackets);
    if (strchr(address, ':'))
        address[strcspn(address, "%")] = '\0'; /* an interface */
    return inet_pton(AF_INET, address, bytes) == 1 ||
           inet_pton(AF_INET6, address, bytes) == 1;
}

/* One "host:port" or "[address]:port" of n characters. */
static int parse_one(struct roster_shard *s, const char *text, size_t n,
                     struct error *err)
{
    const char *host = text, *end = text + n, *colon = end;
    char digits[8] = "";
    size_t len;
    long port;

    while (colon > text && *--colon != ':')
        ;
    len = (size_t)(colon - host);
    if (len > 2 && host[0] == '[' && colon[-1] == ']') {
        host++;
        len -= 2;
    } else if (memchr(host, ':', len)) {
        len = 0; /* an IPv6 address without its brackets */
    }
    if ((size_t)(end - colon) - 1 < sizeof digits)
        memcpy(digits, colon + 1, (size_t)(end - colon) - 1);
    port = strtol(digits, NULL, 10);
    if (*colon != ':' || len == 0 || len >= sizeof s->host ||
        strspn(digits, "0123456789") != strlen(digits) || port < 1 ||
        port > 65535)
        return error_set(err,
                         "db_address: found '%.*s', expected host:port, such "
                         "as 10.0.0.7:6780 or [::1]:6780",
                         (int)(n < 64 ? n : 64), text);
    memcpy(s->host, host, len);
    s->port = (int)port;
    return 0;
}

/* Addresses in one spelling, other names in small letters. */
static void spell(const char *host, char out[SRB_NAME_MAX])
{
    unsigned char bytes[sizeof(struct in6_addr)];

    if (inet_pton(AF_INET, host, bytes) == 1)
        inet_ntop(AF_INET, bytes, out, SRB_NAME_MAX);
    else if (inet_pton(AF_INET6, host, bytes) == 1)
        inet_ntop(AF_INET6, bytes, out, SRB_NAME_MAX);
    else
        for (size_t i = 0; i < SRB_NAME_MAX; i++) {
            out[i] = (char)tolower((unsigned char)host[i]);
            if (!host[i])
                break;
        }
}

/* One server of the list in the spelling that tells it from others. */
struct spelt {
    char host[SRB_NAME_MAX];
    int port, at;
};

static int by_spelling(const void *a, const void *b)
{
    const struct spelt *x = a, *y = b;
    int order = strcmp(x->host, y->host);

    if (order == 0)
        order = (x->port > y->port) - (x->port < y->port);
    return order != 0 ? order : (x->at > y->at) - (x->at < y->at);
}

/* A server that stands twice would be taken for two. */
static int check_twice(const struct roster *r, struct error *err)
{
    struct spelt *s = mem_new((size_t)r->nshards, sizeof *s);
    int twice = -1, first = -1;

    for (int k = 0; k < r->nshards; k++) {
        spell(r->shard[k].host, s[k].host);
        s[k].port = r->shard[k].port;
        s[k].at = k;
    }
    qsort(s, (size_t)r->nshards, sizeof *s, by_spelling);
    for (int k = 1; k < r->nshards && twice < 0; k++)
        if (strcmp(s[k].host, s[k - 1].host) == 0 &&
            s[k].port == s[k - 1].port) {
            first = s[k - 1].at;
            twice = s[k].at;
        }
    free(s);
    if (twice < 0)
        return 0;
    return error_set(err,
                     "db_address: '%s' port %d and '%s' port %d are the same "
                     "server, expected every server once",
                     r->shard[first].host, r->shard[first].port,
                     r->shard[twice].host, r->shard[twice].port);
}

int roster_parse(struct roster *r, const char *text, struct error *err)
{
    int n = 1, s = 0;

    for (const char *c = text; *c; c++)
        n += *c == ',';
    if (n > SRB_SLOTS)
        return error_set(err,
                         "db_address: found %d servers, expected at most "
                         "%d",
                         n, SRB_SLOTS);
    roster_alloc(r, n);
    for (const char *at = text;; at++, s++) {
        size_t len;

        at += strspn(at, " ");
        len = strcspn(at, ",");
        if (parse_one(&r->shard[s], at, trimmed(at, len), err) < 0)
            break;
        at += len;
        if (*at)
            continue;
        if (check_twice(r, err) < 0)
            break;
        return 0;
    }
    roster_free(r);
    return -1;
}

/* ---- slots ---- */

static int shard_of_slot(const struct roster *r, int slot)
{
    int low = 0, high = r->nranges - 1;

    while (low < high) {
        int mid = low + (high - low) / 2;

        if (r->range[mid].last < slot)
            low = mid + 1;
        else
            high = mid;
    }
    return r->range[low].shard;
}

int roster_shard_of(const struct roster *r, const char *key)
{
    return r->nranges == 0 ? keys_shard(key, r->nshards)
                           : shard_of_slot(r, keys_slot(key));
}

void roster_key(const struct roster *r, enum keys_scheme scheme, int client,
                char key[SRB_KEY_MAX])
{
    char tag[SRB_TAG_MAX];

    if (scheme == KEYS_SMARTSIM || r->nshards == 1) {
        snprintf(key, SRB_KEY_MAX, "%s" SRB_KEY_STEM "%d", r->prefix, client);
        return;
    }
    roster_tag(r, client % r->nshards, tag);
    snprintf(key, SRB_KEY_MAX, "%s" SRB_KEY_STEM "%d{%s}", r->prefix, client,
             tag);
}

void roster_tag(const struct roster *r, int shard, char tag[SRB_TAG_MAX])
{
    for (int t = 0;; t++) {
        snprintf(tag, SRB_TAG_MAX, "%d", t);
        if (roster_shard_of(r, tag) == shard)
            return;
    }
}

int roster_check(const struct roster *r, struct error *err)
{
    bool *has = mem_new((size_t)r->nshards, sizeof *has);
    int next = 0, rc = 0;

    for (int k = 0; k < r->nranges && rc == 0; k++) {
        const struct roster_range *range = &r->range[k];

        if (range->first != next || range->last < range->first)
            rc = error_set(err,
                           "the cluster does not serve every slot once: slot "
                           "%d is followed by %d",
                           next - 1, range->first);
        next = range->last + 1;
        has[range->shard] = true;
    }
    if (rc == 0 && next != SRB_SLOTS)
        rc = error_set(err, "the cluster serves no slot from %d on", next);
    for (int s = 0; s < r->nshards && rc == 0; s++)
        if (!has[s])
            rc = error_set(err, "the cluster's shard %d has no slots", s);
    free(has);
    return rc;
}
