/* fuzz_expect.c - limits on results: the value of `expect` as any bytes.
 *
 * Promised by expect.h: limits, none, or a refusal in one sentence that leaves
 * nothing; a judgement never counts more breaches than limits, and has words
 * exactly where there are some. */
#include <math.h>

#include "fuzz.h"
#include "lib/options_words.h"
#include "plan/expect.h"

/* One figure of each unit, and one that was not measured. */
static void list_figures(struct fields *f)
{
    fields_real(f, "put_tensor_p99", "s", 2e-3);
    fields_real(f, "window", "B/s", 1e9);
    fields_real(f, "window_ops", "1/s", 5000);
    fields_real(f, "client_cpu_share", "1", 0.5);
    fields_real(f, "unpack_tensor_p999", "s", NAN);
    fields_int(f, "verify_errors", "", 0);
    fields_text(f, "limit", "client");
}

static const char *const words[] = {"client", "waiting", NULL};

static void judge(const struct expect *e, const struct sweep *s,
                  const struct fields *figures)
{
    expect_place(e, figures);
    for (size_t i = 0; i < s->count; i++) {
        struct judgement j = {0};
        struct permutation p;

        sweep_at(s, i, &p);
        expect_judge(e, &p, figures, &j);
        PROMISE(j.breaches >= 0 && j.breaches <= j.limits,
                "%d breaches of %d limits", j.breaches, j.limits);
        PROMISE((j.words[0] != '\0') == (j.breaches > 0), "%d breaches: '%s'",
                j.breaches, j.words);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char head[] = "tensor_bytes: [1KiB, 1MiB]\nexpect: ";
    char name[] = "srbench", *argv[] = {name, NULL};
    char *joined = malloc(sizeof head + size), *file;
    struct error err = {.text = ""};
    struct fields figures = {0};
    struct expect *e = NULL;
    struct options o;
    struct sweep s;

    hand_words();
    PROMISE(joined, "not enough memory");
    memcpy(joined, head, sizeof head - 1);
    if (size)
        memcpy(joined + sizeof head - 1, data, size);
    file = copy_exactly(joined, sizeof head - 1 + size);
    free(joined);
    if (options_parse(&o, 1, argv, "study.yaml", file, sizeof head - 1 + size,
                      &err) < 0) {
        free(file);
        return 0;
    }
    list_figures(&figures);
    /* the other options that an input may give can be too much for a sweep */
    if (sweep_open(&s, &o, &err) < 0)
        s = (struct sweep){.count = 0};
    else if (s.count < 10000) {
        if (expect_open(&e, &s, &figures, words, &err) < 0)
            PROMISE(err.text[0] && !e && !strchr(err.text, '\n'),
                    "failed badly: '%s'", err.text);
        else
            judge(e, &s, &figures);
        expect_close(e);
    }
    sweep_close(&s);
    fields_free(&figures);
    options_free(&o);
    free(file);
    return 0;
}
