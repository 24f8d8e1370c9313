#include "protocol/secret.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/diag.h"

#define RANDOM_BYTES 32
#define BLANK " \t"

static const char client_line[] = "client_password: ";
static const char steward_line[] = "steward_password: ";
static const char reader_line[] = "reader_password: ";

/* ---- memory ---- */

/* core(5): bit 1 of the filter, memory that is shared and in no file. What
 * ranks of a node send each other lies there, and stays until it is
 * overwritten. */
#define SHARED_MEMORY 2ul

static void leave_out_shared_memory(void)
{
    FILE *f = fopen("/proc/self/coredump_filter", "r+e");
    char text[32];

    if (!f)
        return;
    if (fgets(text, sizeof text, f)) {
        rewind(f);
        fprintf(f, "0x%lx", strtoul(text, NULL, 16) & ~SHARED_MEMORY);
    }
    fclose(f);
}

struct secret *secret_open(void)
{
    struct secret *s = mmap(NULL, sizeof *s, PROT_READ | PROT_WRITE,
                            MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    if (s == MAP_FAILED)
        die("not enough memory for passwords");
    leave_out_shared_memory();
    /* neither in a core dump nor, where the limit allows it, in swap space */
    madvise(s, sizeof *s, MADV_DONTDUMP);
    mlock(s, sizeof *s);
    return s;
}

void secret_close(struct secret *s)
{
    if (!s)
        return;
    explicit_bzero(s, sizeof *s);
    munmap(s, sizeof *s);
}

/* ---- our own servers ---- */

static int draw(struct login *l, const char *user, struct error *err)
{
    unsigned char random[RANDOM_BYTES];
    ssize_t got = getrandom(random, sizeof random, 0);

    if (got != (ssize_t)sizeof random)
        return error_set(err, "cannot draw a password: %s",
                         got < 0 ? strerror(errno) : "too few random bytes");
    snprintf(l->user, sizeof l->user, "%s", user);
    for (size_t i = 0; i < sizeof random; i++)
        snprintf(l->password + 2 * i, 3, "%02x", random[i]);
    explicit_bzero(random, sizeof random);
    return 0;
}

int secret_draw(struct secret *s, struct error *err)
{
    if (draw(&s->client, SRB_USER_CLIENT, err) < 0 ||
        draw(&s->steward, SRB_USER_STEWARD, err) < 0)
        return -1;
    return draw(&s->reader, SRB_USER_READER, err);
}

void secret_hash(const struct login *l, char hex[SRB_SHA256_HEX])
{
    sha256_hex(l->password, strlen(l->password), hex);
}

/* ---- the file of srbench serve ---- */

int secret_write(const struct secret *s, int fd)
{
    char text[3 * (sizeof steward_line + SRB_PASSWORD_MAX) + 12];
    int n = snprintf(text, sizeof text, "%s\"%s\"\n%s\"%s\"\n%s\"%s\"\n",
                     client_line, s->client.password, steward_line,
                     s->steward.password, reader_line, s->reader.password);
    ssize_t put = write(fd, text, (size_t)n);

    explicit_bzero(text, sizeof text);
    if (put >= 0 && put < n)
        errno = ENOSPC;
    return put == n ? 0 : -1;
}

/* The first line that begins so, behind its blanks; or NULL. */
static char *find_line(char *text, const char *begin)
{
    for (char *at = text; at; at = strchr(at, '\n')) {
        at += *at == '\n';
        at += strspn(at, BLANK);
        if (strncmp(at, begin, strlen(begin)) == 0)
            return at;
    }
    return NULL;
}

/* Move the password out of the line that begins so; what is left of the line is
 * a comment. */
static bool take(struct login *l, char *text, const char *begin,
                 const char *user)
{
    size_t len = strlen(begin), n;
    char *line = find_line(text, begin);

    if (!line)
        return false;
    n = strcspn(line, "\r\n");
    l->password[0] = '\0';
    /* in quotes, as it is written */
    if (n > len + 2 && n - len - 2 < sizeof l->password && line[len] == '"' &&
        line[n - 1] == '"') {
        memcpy(l->password, line + len + 1, n - len - 2);
        l->password[n - len - 2] = '\0';
    }
    snprintf(l->user, sizeof l->user, "%s", user);
    memset(line, '#', n);
    return l->password[0] != '\0';
}

bool secret_take(struct secret *s, char *text)
{
    bool client = take(&s->client, text, client_line, SRB_USER_CLIENT);
    bool steward = take(&s->steward, text, steward_line, SRB_USER_STEWARD);
    bool reader = take(&s->reader, text, reader_line, SRB_USER_READER);

    return client && steward && reader;
}

/* ---- servers of somebody else ---- */

/* The next word of a text, copied; NULL when it is too long. */
static const char *word(const char *at, char *out, size_t room)
{
    size_t n;

    at += strspn(at, BLANK);
    n = strcspn(at, BLANK "\r\n");
    if (n >= room)
        return NULL;
    memcpy(out, at, n);
    out[n] = '\0';
    return at + n;
}

/* Whether nothing follows on the line. */
static bool ends(const char *at)
{
    at += strspn(at, BLANK "\r");
    return *at == '\n' || *at == '\0';
}

/* "user password" or "password" up to the end of the line. */
static int parse(struct secret *s, const char *from, const char *text,
                 struct error *err)
{
    struct login *l = &s->client;
    const char *at = word(text, l->password, sizeof l->password);

    l->user[0] = '\0';
    if (at && !ends(at)) {
        /* two words: the first was the user */
        if (strlen(l->password) >= sizeof l->user)
            at = NULL;
        else
            memcpy(l->user, l->password, strlen(l->password) + 1);
        at = at ? word(at, l->password, sizeof l->password) : NULL;
    }
    if (!at || !l->password[0] || !ends(at)) {
        explicit_bzero(s, sizeof *s);
        return error_set(err,
                         "%s: expected 'user password' or 'password' on its "
                         "first line, of less than %d and %d bytes",
                         from, SRB_USER_MAX, SRB_PASSWORD_MAX);
    }
    s->steward = s->reader = s->client;
    return 0;
}

/* What a file must be before a password is taken out of it. */
static int check_file(int fd, const char *path, struct error *err)
{
    struct stat st;

    if (fstat(fd, &st) != 0)
        return error_set(err, "db_auth: cannot read '%s': %s", path,
                         strerror(errno));
    if (!S_ISREG(st.st_mode) && !S_ISFIFO(st.st_mode))
        return error_set(err, "db_auth: '%s' is neither a file nor a pipe",
                         path);
    if (st.st_mode & (S_IRWXG | S_IRWXO))
        return error_set(err,
                         "db_auth: others than its owner may use '%s' (mode "
                         "%03o); chmod 600 it, and give the server another "
                         "password if they may have read this one",
                         path, (unsigned)st.st_mode & 0777);
    return 0;
}

/* What is there, up to size - 1 bytes; a pipe gives a line in as many pieces as
 * it was written in. */
static void read_text(int fd, char *text, size_t size)
{
    size_t n = 0;
    ssize_t got;

    do {
        got = read(fd, text + n, size - 1 - n);
        n += got > 0 ? (size_t)got : 0;
    } while ((got > 0 && n < size - 1) || (got < 0 && errno == EINTR));
    text[n] = '\0';
}

int secret_read(struct secret *s, const char *path, struct error *err)
{
    char text[SRB_USER_MAX + SRB_PASSWORD_MAX + 16], from[4200];
    int fd = open(path, O_RDONLY | O_CLOEXEC), rc;

    if (fd < 0)
        return error_set(err, "db_auth: cannot read '%s': %s", path,
                         strerror(errno));
    rc = check_file(fd, path, err);
    if (rc == 0) {
        read_text(fd, text, sizeof text);
        snprintf(from, sizeof from, "db_auth: '%s'", path);
        rc = parse(s, from, text, err);
        explicit_bzero(text, sizeof text);
    }
    close(fd);
    return rc;
}

int secret_from_environment(struct secret *s, const char *name,
                            struct error *err)
{
    const char *text = getenv(name);

    if (!text || !text[0])
        return 0;
    return parse(s, name, text, err) < 0 ? -1 : 1;
}

void secret_forget(const char *name)
{
    char *text = getenv(name);

    if (!text)
        return;
    explicit_bzero(text, strlen(text));
    unsetenv(name);
}
