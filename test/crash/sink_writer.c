/* sink_writer.c - writes permutations with data that a reader can foretell, to
 * be killed at any instant (test_sink_kill.py).
 *
 *     sink_writer FILE NPERMS NCLIENTS NITER [resume]
 *
 * With resume it continues a file that exists: keeps what is completed and
 * writes the rest. Prints "open" when the file exists, "complete N" when
 * permutation N is safe and, with SRB_WRITER_COST set, what permutations cost
 * to standard error. Every third permutation has "failed": attributes and no
 * arrays.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/diag.h"
#include "sink/sink.h"

enum { NREALS = 12, NHOSTS = 3 };

static const struct sink_array reals[] = {
    {"put_tensor", FIELD_REAL, "s", "time of each put", SINK_CLIENT,
     SINK_ITERATION},
    {"unpack_tensor", FIELD_REAL, "s", "time of each get", SINK_CLIENT,
     SINK_ITERATION},
    {"put_start", FIELD_REAL, "s", "start of each put", SINK_CLIENT,
     SINK_ITERATION},
    {"unpack_start", FIELD_REAL, "s", "start of each get", SINK_CLIENT,
     SINK_ITERATION},
    {"loop_time", FIELD_REAL, "s", "time of the loop", SINK_CLIENT,
     SINK_NO_DIM},
    {"warmup_put_tensor", FIELD_REAL, "s", "untimed puts", SINK_CLIENT,
     SINK_WARMUP},
};
static const struct sink_array ranks = {
    "client_rank", FIELD_INT, "", "world rank", SINK_CLIENT, SINK_NO_DIM};
static const struct sink_array addresses = {
    "client_address", FIELD_TEXT, "", "of the shard", SINK_CLIENT, SINK_NO_DIM};

static double value_of(size_t perm, size_t array, size_t i)
{
    return (double)perm * 1e6 + (double)array * 1e4 + (double)i;
}

static void check(int rc, const struct error *err)
{
    if (rc == 0)
        return;
    fprintf(stderr, "sink_writer: %s\n", err->text);
    exit(2);
}

static void put_row(struct fields *row, size_t perm, const char *status)
{
    char name[64];

    snprintf(name, sizeof name, "session-%zu-%0*d", perm, (int)(perm % 17), 0);
    fields_int(row, "index", "", (int64_t)perm);
    fields_text(row, "status", status);
    fields_text(row, "name", perm % 5 == 4 ? "" : name);
    for (size_t i = 0; i < NREALS; i++) {
        static const char *const names[NREALS] = {"m0", "m1", "m2",  "m3",
                                                  "m4", "m5", "m6",  "m7",
                                                  "m8", "m9", "m10", "m11"};

        fields_real(row, names[i], i % 2 ? "s" : "B",
                    status[0] ? value_of(perm, 90 + i, 0) : NAN);
    }
}

/* The facts that a file begins with; nsessions rows of sessions. */
struct beginning {
    struct fields study, hosts, sessions, row;
    struct sink_table host_table, session_table;
    struct sink_start start;
};

static void add_session(struct fields *f, const char *host)
{
    fields_int(f, "completed", "", FIELD_NO_INT);
    fields_text(f, "host", host); /* last: it says that the number holds */
}

static void describe(struct beginning *b, size_t nperms)
{
    *b = (struct beginning){.start.nperms = nperms};
    fields_int(&b->study, "schema_version", "", 1);
    fields_text(&b->study, "srbench_version", "0.0");
    fields_text(&b->study, "config", "experiment: throughput_standard\n");
    fields_text(&b->study, "end_time", "");
    for (int i = 0; i < NHOSTS; i++) {
        char name[16];

        snprintf(name, sizeof name, "host%d", i);
        fields_text(&b->hosts, "name", name);
        fields_int(&b->hosts, "cpus", "", 8 * i);
        fields_real(&b->hosts, "memory", "B", 1e9 * i);
    }
    put_row(&b->row, 0, "");
    b->row.list[0].integer = FIELD_NO_INT;
    free(b->row.list[2].text);
    b->row.list[2].text = strdup("planned");
}

static void fill_start(struct beginning *b)
{
    b->host_table = (struct sink_table){b->hosts.list, NHOSTS, 3};
    b->session_table =
        (struct sink_table){b->sessions.list, b->sessions.n / 2, 2};
    b->start.study = &b->study;
    b->start.hosts = &b->host_table;
    b->start.sessions = &b->session_table;
    b->start.row = &b->row;
}

static struct sink *resume_sink(struct beginning *b, struct past *past,
                                bool *kept, struct error *err)
{
    static const char *const forget[] = {"end_time", NULL};
    const struct sink_kept what = {.perm = kept, .forget = forget};
    struct fields rows = {0}, like = {0};
    size_t n = 0;

    check(past_table(past, "summary", &b->row, &rows, &n, err), err);
    for (size_t i = 0; i < n; i++)
        kept[i] = strcmp(rows.list[i * b->row.n + 1].text, "completed") == 0;
    add_session(&like, "");
    check(past_table(past, "sessions", &like, &b->sessions, &n, err), err);
    add_session(&b->sessions, "next");
    fill_start(b);
    fields_free(&rows);
    fields_free(&like);
    return sink_hdf5.resume(past, &what, &b->start, err);
}

/* kept[i]: permutation i is in the file. */
static struct sink *open_sink(const char *path, size_t nperms, bool resume,
                              bool *kept, struct error *err)
{
    struct beginning b;
    struct past *past = NULL;
    struct sink *s;

    describe(&b, nperms);
    if (resume && access(path, F_OK) == 0) {
        past = past_open(path, true, "", err);
        check(past ? 0 : -1, err);
        s = resume_sink(&b, past, kept, err);
    } else {
        add_session(&b.sessions, "first");
        fill_start(&b);
        s = sink_hdf5.open(path, false, "", &b.start, err);
    }
    fields_free(&b.study);
    fields_free(&b.hosts);
    fields_free(&b.sessions);
    fields_free(&b.row);
    return s;
}

/* The row of this session, as it ends. */
static void end_session(struct sink *s, int64_t completed, struct error *err)
{
    struct fields row = {0};

    add_session(&row, "ended");
    row.list[0].integer = completed;
    check(s->ops->session(s, &row, err), err);
    fields_free(&row);
}

/* One array in two blocks of rows, as gathered rows come. */
static void put_array(struct sink *s, size_t perm, size_t array,
                      const size_t size[SINK_DIMS], struct error *err)
{
    const struct sink_array *a = &reals[array];
    size_t width = a->cols ? size[a->cols] : 1, rows = size[a->rows];
    double *data = malloc(rows * width * sizeof *data);

    for (size_t i = 0; i < rows * width; i++)
        data[i] = value_of(perm, array, i);
    check(s->ops->write(s, a, 0, rows / 2, data, err), err);
    check(s->ops->write(s, a, rows / 2, rows - rows / 2,
                        data + rows / 2 * width, err),
          err);
    free(data);
}

static void put_clients(struct sink *s, size_t perm, size_t n,
                        struct error *err)
{
    int64_t *rank = malloc(n * sizeof *rank);
    const char **text = malloc(n * sizeof *text);
    char(*words)[64] = malloc(n * sizeof *words);

    for (size_t i = 0; i < n; i++) {
        rank[i] = (int64_t)(perm * 1000 + i);
        snprintf(words[i], sizeof words[i], "10.0.%zu.%zu", perm, i);
        text[i] = words[i];
    }
    check(s->ops->write(s, &ranks, 0, n, rank, err), err);
    check(s->ops->write(s, &addresses, 0, n, text, err), err);
    free(rank);
    free(text);
    free(words);
}

static void put_permutation(struct sink *s, size_t perm, size_t nclients,
                            size_t niter, struct error *err)
{
    bool failed = perm % 3 == 2;
    size_t size[SINK_DIMS] = {[SINK_CLIENT] = failed ? 0 : nclients,
                              [SINK_ITERATION] = failed ? 0 : niter,
                              [SINK_WARMUP] = failed ? 0 : 1};
    const char *status = failed ? "failed" : "completed";
    struct fields facts = {0}, row = {0}, note = {0};

    check(s->ops->begin(s, perm, size, err), err);
    for (size_t a = 0; !failed && a < sizeof reals / sizeof *reals; a++)
        put_array(s, perm, a, size, err);
    if (!failed)
        put_clients(s, perm, nclients, err);
    fields_text(&facts, "status", status);
    fields_text(&facts, "error", failed ? "no such server" : "");
    fields_int(&facts, "payload_bytes", "B", (int64_t)(1024 * perm));
    fields_real(&facts, "seconds", "s", value_of(perm, 80, 0));
    put_row(&row, perm, status);
    check(s->ops->end(s, &facts, &row, err), err);
    printf("complete %zu\n", perm);
    fflush(stdout);
    fields_text(&note, "end_time", status);
    if (perm % 2)
        check(s->ops->note(s, &note, err), err);
    fields_free(&facts);
    fields_free(&row);
    fields_free(&note);
}

/* Rows behind the last that is kept, at once. */
static void put_skipped(struct sink *s, size_t nperms, const bool *kept,
                        struct error *err)
{
    struct fields rows = {0};
    struct sink_table table;
    size_t first = nperms, ncols = 3 + NREALS;

    while (first > 0 && !kept[first - 1])
        first--;
    for (size_t i = first; i < nperms && i < first + SINK_ROWS; i++)
        put_row(&rows, i, "skipped");
    table = (struct sink_table){rows.list, rows.n / ncols, ncols};
    if (table.nrows > 0)
        check(s->ops->rows(s, first, &table, err), err);
    fields_free(&rows);
}

static double now(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

int main(int argc, char **argv)
{
    struct error err = {0};
    struct sink *s;
    size_t nperms, nclients, niter;
    int64_t completed = 0;
    double start, stop;
    bool *kept;

    if (argc < 5 || argc > 6) {
        fprintf(stderr,
                "usage: sink_writer FILE NPERMS NCLIENTS NITER [resume]\n");
        return 2;
    }
    nperms = strtoul(argv[2], NULL, 10);
    nclients = strtoul(argv[3], NULL, 10);
    niter = strtoul(argv[4], NULL, 10);
    kept = calloc(nperms, sizeof *kept);
    s = open_sink(argv[1], nperms, argc == 6, kept, &err);
    check(s ? 0 : -1, &err);
    printf("open\n");
    fflush(stdout);
    put_skipped(s, nperms, kept, &err);
    start = now();
    for (size_t i = 0; i < nperms; i++) {
        if (kept[i])
            continue;
        put_permutation(s, i, nclients, niter, &err);
        completed += i % 3 != 2;
    }
    stop = now();
    end_session(s, completed, &err);
    free(kept);
    check(s->ops->close(s, &err), &err);
    if (getenv("SRB_WRITER_COST"))
        fprintf(stderr, "%.3f ms a permutation\n",
                (stop - start) / (double)nperms * 1e3);
    printf("done\n");
    return 0;
}
