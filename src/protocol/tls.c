#include "protocol/tls.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#ifdef SRB_HAVE_TLS

#include <arpa/inet.h>
#include <fcntl.h>
#include <hiredis/hiredis.h>
#include <hiredis/hiredis_ssl.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <poll.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/signals.h"
#include "base/tick.h"
#include "protocol/auth.h"

/* Between two looks whether a signal wants an end. */
#define LOOK_MS 1000

const bool tls_built = true;

struct tls {
    SSL_CTX *context;
    char *name; /* of all servers; NULL: each its own */
};

/* ---- the context ---- */

static bool is_given(const char *text)
{
    return text && text[0];
}

/* Bytes under a path, for OpenSSL to read: it takes all forms of a file by its
 * name alone. *fd is to be closed; -1 where there are no bytes, and the path is
 * the one that was given. */
#define PATH_ROOM 4096
static int as_path(const struct tls_file *f, const char *given, int *fd,
                   char path[PATH_ROOM], struct error *err)
{
    *fd = -1;
    snprintf(path, PATH_ROOM, "%s", given);
    if (!f->bytes)
        return 0;
    *fd = memfd_create("srbench", MFD_CLOEXEC);
    if (*fd < 0 || write(*fd, f->bytes, f->n) != (ssize_t)f->n) {
        error_set(err, "no room in memory for '%s': %s", given,
                  strerror(errno));
        if (*fd >= 0)
            close(*fd);
        return -1;
    }
    snprintf(path, PATH_ROOM, "/proc/self/fd/%d", *fd);
    return 0;
}

static const char *last_reason(void)
{
    unsigned long code = ERR_peek_last_error();

    /* the system's own failures have no reason here */
    return code ? ERR_reason_error_string(code) : NULL;
}

static int refuse(const char *option, const char *path, const char *expected,
                  struct error *err)
{
    const char *why = last_reason();

    return error_set(err, "%s: '%s' is of no use (%s), expected %s", option,
                     path, why ? why : "it holds nothing", expected);
}

static int take_authorities(SSL_CTX *c, const char *path)
{
    struct stat st;
    bool folder = stat(path, &st) == 0 && S_ISDIR(st.st_mode);

    return SSL_CTX_load_verify_locations(c, folder ? NULL : path,
                                         folder ? path : NULL);
}

static int take_certificate(SSL_CTX *c, const char *path)
{
    return SSL_CTX_use_certificate_chain_file(c, path);
}

static int take_key(SSL_CTX *c, const char *path)
{
    return SSL_CTX_use_PrivateKey_file(c, path, SSL_FILETYPE_PEM);
}

/* What each file is for. */
static const struct part {
    const char *option, *expected;
    int (*take)(SSL_CTX *c, const char *path);
} parts[TLS_FILES] = {
    [TLS_CA] = {"db_tls_ca", "certificates in PEM", take_authorities},
    [TLS_CERT] = {"db_tls_cert", "a certificate in PEM", take_certificate},
    [TLS_KEY] = {"db_tls_key",
                 "the key of db_tls_cert in PEM, without a password", take_key},
};

static int take_part(SSL_CTX *c, int which, const char *given,
                     const struct tls_files *files, struct error *err)
{
    const struct part *part = &parts[which];
    char path[PATH_ROOM];
    int fd, rc;

    if (!is_given(given))
        return 0;
    if (as_path(&files->file[which], given, &fd, path, err) < 0)
        return error_prefix(err, "%s", part->option);
    rc = part->take(c, path);
    if (fd >= 0)
        close(fd);
    return rc == 1 ? 0 : refuse(part->option, given, part->expected, err);
}

/* Where nothing is named, what the system trusts. */
static int trust(SSL_CTX *c, const struct tls_terms *terms, struct error *err)
{
    if (is_given(terms->ca) || SSL_CTX_set_default_verify_paths(c) == 1)
        return 0;
    return error_set(err, "TLS: the system names no authorities that it "
                          "trusts; give one, --db_tls_ca=FILE");
}

/* A key with a password would be asked for at a terminal, by every rank. */
static int no_password(char *buf, int size, int writing, void *of)
{
    (void)writing, (void)of;
    if (size > 0)
        buf[0] = '\0';
    return -1;
}

static int fill(struct tls *t, const struct tls_terms *terms,
                const struct tls_files *files, struct error *err)
{
    ERR_clear_error();
    t->context = SSL_CTX_new(TLS_client_method());
    t->name = is_given(terms->name) ? strdup(terms->name) : NULL;
    if (!t->context || (is_given(terms->name) && !t->name))
        return error_set(err, "not enough memory for TLS");
    SSL_CTX_set_min_proto_version(t->context, TLS1_2_VERSION);
    SSL_CTX_set_verify(t->context, SSL_VERIFY_PEER, NULL);
    SSL_CTX_set_default_passwd_cb(t->context, no_password);
    if (trust(t->context, terms, err) < 0 ||
        take_part(t->context, TLS_CA, terms->ca, files, err) < 0 ||
        take_part(t->context, TLS_CERT, terms->cert, files, err) < 0)
        return -1;
    return is_given(terms->cert)
               ? take_part(t->context, TLS_KEY, terms->key, files, err)
               : 0;
}

int tls_open(struct tls **out, const struct tls_terms *terms,
             const struct tls_files *files, struct error *err)
{
    struct tls *t = calloc(1, sizeof *t);

    if (!t)
        return error_set(err, "not enough memory for TLS");
    if (fill(t, terms, files, err) < 0) {
        tls_close(t);
        return -1;
    }
    *out = t;
    return 0;
}

void tls_close(struct tls *t)
{
    if (!t)
        return;
    SSL_CTX_free(t->context);
    free(t->name);
    free(t);
}

/* ---- a connection ---- */

/* hiredis decides by a flag of its own, the kernel by the socket's. */
static void set_blocking(redisContext *r, bool blocking)
{
    int flags = fcntl(r->fd, F_GETFL);

    fcntl(r->fd, F_SETFL, blocking ? flags & ~O_NONBLOCK : flags | O_NONBLOCK);
    r->flags = blocking ? r->flags | REDIS_BLOCK : r->flags & ~REDIS_BLOCK;
}

/* The name must be on the certificate; it is also sent, so that a proxy finds
 * its way, but for an address, which may not be (RFC 6066, section 3). */
static bool demand_name(SSL *ssl, const char *name)
{
    unsigned char bytes[sizeof(struct in6_addr)];

    if (inet_pton(AF_INET, name, bytes) == 1 ||
        inet_pton(AF_INET6, name, bytes) == 1)
        return X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl), name) == 1;
    return SSL_set1_host(ssl, name) == 1 &&
           SSL_set_tlsext_host_name(ssl, name) == 1;
}

/* Why no hands were shaken; `name` is what the certificate should bear. */
static void explain(SSL *ssl, const char *name, struct error *err)
{
    long verdict = SSL_get_verify_result(ssl);
    const char *why = last_reason();

    if (verdict == X509_V_ERR_HOSTNAME_MISMATCH ||
        verdict == X509_V_ERR_IP_ADDRESS_MISMATCH)
        error_set(err,
                  "TLS: the server's certificate is not for '%s'; give the "
                  "name that it is for, --db_tls_name=NAME",
                  name);
    else if (verdict != X509_V_OK)
        error_set(err,
                  "TLS: the server's certificate is not trusted: %s; give "
                  "the authority that signed it, --db_tls_ca=FILE",
                  X509_verify_cert_error_string(verdict));
    else if (why && strstr(why, "wrong version number"))
        error_set(err, "TLS: what answers does not speak TLS; is this the "
                       "server's port without it?");
    else
        error_set(err, "TLS: %s",
                  why     ? why
                  : errno ? strerror(errno)
                          : "the server closed the connection");
}

/* Wait for what SSL_connect() or SSL_read() said that it lacks: false when time
 * or the grace after a signal is over. */
static bool await(int fd, int lacks, int64_t deadline)
{
    struct pollfd p = {
        .fd = fd, .events = lacks == SSL_ERROR_WANT_WRITE ? POLLOUT : POLLIN};

    while (!signals_state()->cut && tick_now() < deadline) {
        int left = tick_left_ms(deadline);

        if (poll(&p, 1, left < LOOK_MS ? left : LOOK_MS) > 0)
            return true;
    }
    return false;
}

static bool is_under_way(int lacks)
{
    return lacks == SSL_ERROR_WANT_READ || lacks == SSL_ERROR_WANT_WRITE;
}

static int no_handshake(double seconds, struct error *err)
{
    int cut = (int)signals_state()->cut;

    if (cut)
        return error_set(err,
                         "TLS: the handshake was broken off by signal %d "
                         "(%s)",
                         cut, strsignal(cut));
    return error_set(err,
                     "TLS: no handshake within %g s; is this a port with TLS?",
                     seconds);
}

static int shake(SSL *ssl, int fd, const char *name, double seconds,
                 struct error *err)
{
    int64_t deadline = tick_deadline(seconds);

    for (;;) {
        int rc, lacks;

        ERR_clear_error();
        errno = 0;
        rc = SSL_connect(ssl);
        if (rc == 1)
            return 0;
        lacks = SSL_get_error(ssl, rc);
        if (!is_under_way(lacks)) {
            explain(ssl, name, err);
            return -1;
        }
        if (!await(fd, lacks, deadline))
            return no_handshake(seconds, err);
    }
}

struct ssl_st *tls_shake(const struct tls *t, struct redisContext *r,
                         const char *host, double seconds, struct error *err)
{
    const char *name = t->name ? t->name : host;
    SSL *ssl = SSL_new(t->context);
    int rc;

    if (!ssl || !demand_name(ssl, name)) {
        SSL_free(ssl);
        error_set(err, "TLS: '%s' cannot be asked for as a name", name);
        return NULL;
    }
    /* not blocking, or a server that says a byte now and then would hold us
     * for longer than `seconds` */
    set_blocking(r, false);
    ERR_clear_error();
    errno = 0;
    if (redisInitiateSSL(r, ssl) != REDIS_OK) {
        explain(ssl, name, err);
        SSL_free(ssl); /* only success makes it r's */
        return NULL;
    }
    rc = shake(ssl, r->fd, name, seconds, err);
    set_blocking(r, true);
    return rc == 0 ? ssl : NULL;
}

/* ---- logging in ---- */

static ssize_t put(void *of, const void *data, size_t n)
{
    ERR_clear_error();
    return SSL_write(of, data, (int)n);
}

/* As recv() of a socket that does not block. */
static ssize_t take(void *of, void *data, size_t n)
{
    int got, lacks;

    ERR_clear_error();
    errno = 0;
    got = SSL_read(of, data, (int)n);
    lacks = SSL_get_error(of, got);
    if (got <= 0 && is_under_way(lacks))
        errno = EAGAIN;
    return lacks == SSL_ERROR_ZERO_RETURN ? 0 : got;
}

static const char *why(void *of)
{
    return tls_last(of);
}

int tls_login(struct ssl_st *ssl, const struct login *login, double seconds,
              struct error *err)
{
    struct auth_line line = {
        .fd = SSL_get_fd(ssl),
        .of = ssl,
        .put = put,
        .take = take,
        .why = why,
    };
    int flags = fcntl(line.fd, F_GETFL), rc;

    fcntl(line.fd, F_SETFL, flags | O_NONBLOCK);
    rc = auth_over(&line, login, seconds, err);
    fcntl(line.fd, F_SETFL, flags);
    return rc;
}

/* A server that does not want our certificate says so when the handshake is
 * over, and hangs up: what is then written fails, with the reason unread. */
const char *tls_last(struct ssl_st *ssl)
{
    int fd = SSL_get_fd(ssl), flags = fcntl(fd, F_GETFL);
    char none;

    if (!last_reason()) {
        fcntl(fd, F_SETFL, flags | O_NONBLOCK);
        SSL_read(ssl, &none, 1);
        fcntl(fd, F_SETFL, flags);
    }
    return last_reason();
}

#else /* a hiredis without TLS */

const bool tls_built = false;

int tls_open(struct tls **out, const struct tls_terms *terms,
             const struct tls_files *files, struct error *err)
{
    (void)out, (void)terms, (void)files;
    return error_set(err, "rediss:// asks for TLS, which this srbench was "
                          "built without");
}

void tls_close(struct tls *t)
{
    (void)t;
}

struct ssl_st *tls_shake(const struct tls *t, struct redisContext *r,
                         const char *host, double seconds, struct error *err)
{
    (void)t, (void)r, (void)host, (void)seconds;
    error_set(err, "TLS: this srbench was built without");
    return NULL;
}

int tls_login(struct ssl_st *ssl, const struct login *login, double seconds,
              struct error *err)
{
    (void)ssl, (void)login, (void)seconds;
    return error_set(err, "TLS: this srbench was built without");
}

const char *tls_last(struct ssl_st *ssl)
{
    (void)ssl;
    return NULL;
}

#endif
