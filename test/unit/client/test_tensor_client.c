/* The client that programs use, against servers that a test wrote down, and
 * without any. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <signal.h>

#include "client/tensor_client_wrap.h"
#include "lib/scripted.h"
#include "srb/tensor_client.h"

#define COUNT(array) (sizeof(array) / sizeof(array)[0])

#define ASK "*2\r\n$7\r\nCLUSTER\r\n$5\r\nSLOTS\r\n"
#define ALONE "-ERR This instance has cluster support disabled\r\n"
#define OK "+OK\r\n"
#define PUT_K "*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$8\r\nabcdefgh\r\n"
#define GET_K "*2\r\n$3\r\nGET\r\n$1\r\nk\r\n"
#define K "$8\r\nabcdefgh\r\n"

/* ---- what is refused without a server ---- */

static const struct {
    const char *what;
    struct srb_tensor_client_options o;
    const char *words;
} refused[] = {
    {"no addresses", {.addresses = NULL}, "addresses: found nothing, expected"},
    {"empty", {.addresses = ""}, "addresses: found nothing, expected"},
    {"commas", {.addresses = ",,"}, "addresses: found nothing, expected"},
    {"no port", {.addresses = "a"}, "addresses: found 'a', expected host:port"},
    {"no host", {.addresses = ":7000"}, "found ':7000', expected host:port"},
    {"an empty port", {.addresses = "a:"}, "found 'a:', expected"},
    {"port 0", {.addresses = "a:0"}, "found 'a:0', expected"},
    {"port -1", {.addresses = "a:-1"}, "found 'a:-1', expected"},
    {"port 65536", {.addresses = "a:65536"}, "found 'a:65536', expected"},
    {"a long port", {.addresses = "a:99999999999999999999"}, "expected"},
    {"more than a port", {.addresses = "a:7x"}, "found 'a:7x', expected"},
    {"IPv6 without brackets", {.addresses = "::1:7"}, "found '::1:7', expe"},
    {"IPv6 without a port", {.addresses = "[::1]"}, "found '[::1]', expe"},
    {"half a bracket", {.addresses = "[::1:7"}, "found '[::1:7', expected"},
    {"the second", {.addresses = "127.0.0.1:1,x"}, "found 'x', expected"},
    {"nobody there",
     {.addresses = "127.0.0.1:1"},
     "cannot connect to 127.0.0.1:1: Connection refused"},
    {"no socket", {.addresses = "unix:/nowhere/s"}, "/nowhere/s: "},
    {"timeout -1", {.addresses = "a:1", .timeout = -1}, "timeout: found -1 s"},
    {"timeout 1e7",
     {.addresses = "a:1", .timeout = 1e7},
     "timeout: found 1e+07 s, expected 0 (for 30 s) to 1e6"},
    {"kind 7",
     {.addresses = "a:1", .kind = (enum srb_client_kind)7},
     "kind: there is no client 7"},
    {"a user alone",
     {.addresses = "a:1", .user = "u"},
     "user: 'u' needs a password"},
};

static void what_is_refused(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(refused); i++) {
        char words[512] = "";

        if (srb_tensor_client_open(&refused[i].o, words, sizeof words))
            fail_msg("%s: it was taken", refused[i].what);
        if (!strstr(words, refused[i].words))
            fail_msg("%s: it says '%s'", refused[i].what, words);
    }
}

static void secrets_have_a_longest(void **state)
{
    char much[5000], words[512] = "";
    struct srb_tensor_client_options o = {.addresses = "a:1", .password = much};

    (void)state;
    memset(much, 'x', sizeof much - 1);
    much[sizeof much - 1] = '\0';
    assert_null(srb_tensor_client_open(&o, words, sizeof words));
    assert_non_null(strstr(words, "user or password: longer than"));
    assert_null(strstr(words, "xxxx"));
    o = (struct srb_tensor_client_options){
        .addresses = "a:1", .user = much, .password = "p"};
    assert_null(srb_tensor_client_open(&o, words, sizeof words));
    assert_non_null(strstr(words, "user or password: longer than"));
}

static void words_are_cut_or_not_wanted(void **state)
{
    const struct srb_tensor_client_options o = {.addresses = "x"};
    char words[8] = "1234567";

    (void)state;
    assert_null(srb_tensor_client_open(&o, NULL, 0));
    assert_null(srb_tensor_client_open(&o, words, 0));
    assert_string_equal(words, "1234567");
    assert_null(srb_tensor_client_open(&o, words, 6));
    assert_string_equal(words, "addre");
    assert_int_equal(words[6], '7');
    srb_tensor_client_close(NULL);
}

/* ---- with one server ---- */

static const enum srb_client_kind kinds[] = {SRB_CLIENT_SOCKET,
                                             SRB_CLIENT_HIREDIS};

/* A client and the server that it talks to. */
struct scene {
    struct scripted server;
    struct srb_tensor_client *client;
};

static struct srb_tensor_client *connect_to(const char *addresses,
                                            enum srb_client_kind kind)
{
    const struct srb_tensor_client_options o = {
        .addresses = addresses, .timeout = 2, .kind = kind};
    char words[512] = "not said";
    struct srb_tensor_client *c =
        srb_tensor_client_open(&o, words, sizeof words);

    if (!c)
        fail_msg("%s: %s", addresses, words);
    assert_string_equal(words, "");
    assert_string_equal(srb_tensor_client_error(c), "");
    return c;
}

static void scene_open(struct scene *s, const char *host,
                       enum srb_client_kind kind, const struct step *steps,
                       size_t n)
{
    char addresses[128];

    scripted_listen(&s->server);
    scripted_start(&s->server, steps, n);
    snprintf(addresses, sizeof addresses, "%s:%d", host, s->server.port);
    s->client = connect_to(addresses, kind);
}

static void scene_close(struct scene *s)
{
    srb_tensor_client_close(s->client);
    scripted_end(&s->server);
}

/* Letters as floats: count of them from "abcdefgh" on. */
static void put(struct srb_tensor_client *c, const char *key, size_t count,
                const char *words)
{
    float data[2];
    int rc;

    memcpy(data, "abcdefgh", sizeof data);
    rc = srb_put_tensor(c, key, data, count);
    if (rc < 0 && !words)
        fail_msg("put %s: %s", key, srb_tensor_client_error(c));
    if (rc == 0 && words)
        fail_msg("put %s: it was taken", key);
    if (words && !strstr(srb_tensor_client_error(c), words))
        fail_msg("put %s: it says '%s'", key, srb_tensor_client_error(c));
}

static void get(struct srb_tensor_client *c, const char *key, size_t count,
                const char *words)
{
    float data[2] = {0, 0};
    int rc = srb_unpack_tensor(c, key, data, count);

    if (rc < 0 && !words)
        fail_msg("get %s: %s", key, srb_tensor_client_error(c));
    if (rc == 0 && words)
        fail_msg("get %s: it was taken", key);
    if (words && !strstr(srb_tensor_client_error(c), words))
        fail_msg("get %s: it says '%s'", key, srb_tensor_client_error(c));
    if (!words && memcmp(data, "abcdefgh", count * sizeof(float)) != 0)
        fail_msg("get %s brought something else", key);
}

static void all_keys_take_one_connection(void **state)
{
    static const struct step steps[] = {
        {ASK, ALONE},
        NEXT,
        {PUT_K, OK},
        {GET_K, K},
        {PUT_K, OK},
        {"*3\r\n$3\r\nSET\r\n$2\r\nkk\r\n$4\r\nabcd\r\n", OK},
        {"*2\r\n$3\r\nGET\r\n$2\r\nkk\r\n", "$4\r\nabcd\r\n"},
        {GET_K, K},
    };
    struct scene s;

    (void)state;
    for (size_t i = 0; i < COUNT(kinds); i++) {
        scene_open(&s, "127.0.0.1", kinds[i], steps, COUNT(steps));
        put(s.client, "k", 2, NULL);
        get(s.client, "k", 2, NULL);
        put(s.client, "k", 2, NULL);
        put(s.client, "kk", 1, NULL);
        get(s.client, "kk", 1, NULL);
        get(s.client, "k", 2, NULL);
        scene_close(&s);
    }
}

/* The keys of a C++ string_view or a Fortran character do not end in NUL. */
static void keys_of_a_known_length(void **state)
{
    static const struct step steps[] = {
        {ASK, ALONE}, NEXT, {PUT_K, OK}, {GET_K, K}};
    static const char letters[] = {'k', 'x'};
    struct scene s;
    float data[2], back[2] = {0, 0};

    (void)state;
    memcpy(data, "abcdefgh", sizeof data);
    scene_open(&s, "127.0.0.1", SRB_CLIENT_SOCKET, steps, COUNT(steps));
    assert_int_equal(srb_put_tensor_n(s.client, letters, 1, data, 2), 0);
    assert_int_equal(srb_unpack_tensor_n(s.client, letters, 1, back, 2), 0);
    assert_memory_equal(back, data, sizeof data);
    scene_close(&s);
}

/* They cost nothing: what was bound stays so. */
static void keys_and_tensors_that_are_none(void **state)
{
    static const struct step steps[] = {
        {ASK, ALONE}, NEXT, {PUT_K, OK}, {GET_K, K}};
    static const char with_nul[] = {'a', '\0', 'b'};
    char much[SRB_TENSOR_KEY_MAX + 2];
    struct scene s;
    float data[2] = {0, 0};

    (void)state;
    memset(much, 'x', sizeof much - 1);
    much[sizeof much - 1] = '\0';
    scene_open(&s, "127.0.0.1", SRB_CLIENT_SOCKET, steps, COUNT(steps));
    put(s.client, "k", 2, NULL);
    put(s.client, "", 2, "a key has 1 to 127 bytes, not 0");
    get(s.client, much, 2, "a key has 1 to 127 bytes, not 128");
    put(s.client, "k", 0, "at least one element");
    get(s.client, "k", SIZE_MAX / 2, "at least one element");
    assert_int_equal(srb_put_tensor_n(s.client, with_nul, 3, data, 2), -1);
    assert_string_equal(srb_tensor_client_error(s.client),
                        "a key has no NUL in it");
    get(s.client, "k", 2, NULL);
    scene_close(&s);
}

static const struct {
    const char *reply, *words;
} failures[] = {
    {"-OOM command not allowed\r\n", "OOM command not allowed"},
    {"-MOVED 7629 127.0.0.1:1\r\n", "MOVED 7629 127.0.0.1:1"},
    {"$-1\r\n", "no such key"},
    {"$4\r\nabcd\r\n", "4 bytes instead of 8"},
    {HANGS_UP, "closed"},
};

/* The connection is a new one, and who serves is asked anew. */
static void after_a_failure(void **state)
{
    struct scene s;

    (void)state;
    for (size_t i = 0; i < COUNT(failures); i++)
        for (size_t k = 0; k < COUNT(kinds); k++) {
            const struct step steps[] = {
                {ASK, ALONE}, NEXT,
                {PUT_K, OK},  {GET_K, failures[i].reply},
                NEXT,         {ASK, ALONE},
                NEXT,         {GET_K, K},
                {PUT_K, OK}};

            scene_open(&s, "127.0.0.1", kinds[k], steps, COUNT(steps));
            put(s.client, "k", 2, NULL);
            get(s.client, "k", 2, failures[i].words);
            get(s.client, "k", 2, NULL);
            put(s.client, "k", 2, NULL);
            scene_close(&s);
        }
}

/* Whoever has a server that is gone tries again when it wants. */
static void a_server_that_comes_back(void **state)
{
    static const struct step steps[] = {{ASK, ALONE},
                                        NEXT,
                                        {PUT_K, "-LOADING Redis\r\n"},
                                        NEXT,
                                        {ASK, "-LOADING Redis\r\n"},
                                        NEXT,
                                        {ASK, ALONE},
                                        NEXT,
                                        {PUT_K, OK}};
    struct scene s;

    (void)state;
    scene_open(&s, "127.0.0.1", SRB_CLIENT_SOCKET, steps, COUNT(steps));
    put(s.client, "k", 2, "LOADING");
    put(s.client, "k", 2, "CLUSTER SLOTS: the server says: LOADING");
    put(s.client, "k", 2, NULL);
    scene_close(&s);
}

static void names_and_lists(void **state)
{
    static const struct step steps[] = {{ASK, ALONE}, NEXT, {PUT_K, OK}};
    static const char *const hosts[] = {"localhost", "[127.0.0.1]",
                                        "127.0.0.1:1,127.0.0.1"};
    struct scene s;

    (void)state;
    for (size_t i = 0; i < COUNT(hosts); i++) {
        scene_open(&s, hosts[i], SRB_CLIENT_SOCKET, steps, COUNT(steps));
        put(s.client, "k", 2, NULL);
        scene_close(&s);
    }
}

static void every_connection_logs_in(void **state)
{
#define AUTH "*3\r\n$4\r\nAUTH\r\n$1\r\nu\r\n$6\r\nsecret\r\n"
    static const struct step steps[] = {{AUTH, OK},
                                        {ASK, ALONE},
                                        NEXT,
                                        {AUTH, OK},
                                        {PUT_K, OK},
                                        NEXT,
                                        {AUTH, "-WRONGPASS invalid\r\n"}};
    struct srb_tensor_client_options o = {
        .user = "u", .password = "secret", .timeout = 2};
    char addresses[64], words[512] = "";
    struct scene s;

    (void)state;
    scripted_listen(&s.server);
    scripted_start(&s.server, steps, COUNT(steps));
    snprintf(addresses, sizeof addresses, "127.0.0.1:%d", s.server.port);
    o.addresses = addresses;
    s.client = srb_tensor_client_open(&o, words, sizeof words);
    assert_non_null(s.client);
    put(s.client, "k", 2, NULL);
    srb_tensor_client_close(s.client);
    assert_null(srb_tensor_client_open(&o, words, sizeof words));
    assert_non_null(strstr(words, "WRONGPASS"));
    assert_null(strstr(words, "secret"));
    scripted_end(&s.server);
}

/* ---- a cluster ---- */

/* foo is in slot 12182, bar in 5061 (redis.io, cluster specification). */
#define PUT_FOO "*3\r\n$3\r\nSET\r\n$3\r\nfoo\r\n$4\r\nabcd\r\n"
#define PUT_BAR "*3\r\n$3\r\nSET\r\n$3\r\nbar\r\n$4\r\nabcd\r\n"
#define GET_BAR "*2\r\n$3\r\nGET\r\n$3\r\nbar\r\n"

static void slots_of_two(char text[256], int low, int high)
{
    snprintf(text, 256,
             "*2\r\n*3\r\n:0\r\n:8191\r\n*2\r\n$9\r\n127.0.0.1\r\n:%d\r\n"
             "*3\r\n:8192\r\n:16383\r\n*2\r\n$9\r\n127.0.0.1\r\n:%d\r\n",
             low, high);
}

static void keys_go_to_their_shards(void **state)
{
    struct scripted low, high;
    char reply[256], addresses[64];
    const struct step of_low[] = {{ASK, reply},
                                  NEXT,
                                  {PUT_BAR, OK},
                                  {GET_BAR, "$4\r\nabcd\r\n"},
                                  {PUT_BAR, OK}};
    const struct step of_high[] = {{PUT_FOO, OK}, {PUT_FOO, OK}};
    struct srb_tensor_client *c;

    (void)state;
    scripted_listen(&low);
    scripted_listen(&high);
    slots_of_two(reply, low.port, high.port);
    scripted_start(&low, of_low, COUNT(of_low));
    scripted_start(&high, of_high, COUNT(of_high));
    snprintf(addresses, sizeof addresses, "127.0.0.1:%d", low.port);
    c = connect_to(addresses, SRB_CLIENT_SOCKET);
    put(c, "bar", 1, NULL);
    put(c, "foo", 1, NULL);
    get(c, "bar", 1, NULL);
    put(c, "foo", 1, NULL);
    put(c, "bar", 1, NULL);
    srb_tensor_client_close(c);
    scripted_end(&low);
    scripted_end(&high);
}

/* The server's words once; then where it moved to. */
/* Several at once: those of one server that follow each other. */
static void several_go_to_their_shards(void **state)
{
    struct scripted low, high;
    char reply[256], addresses[64];
    const struct step of_low[] = {{ASK, reply},
                                  NEXT,
                                  {PUT_BAR PUT_BAR, OK OK},
                                  {PUT_BAR, OK},
                                  {GET_BAR, "$4\r\nabcd\r\n"}};
    const struct step of_high[] = {{PUT_FOO, OK}, {PUT_FOO, OK}};
    float data[1], in[1];
    const struct srb_tensor t[] = {{"bar", 3, data, 1},
                                   {"bar", 3, data, 1},
                                   {"foo", 3, data, 1},
                                   {"bar", 3, data, 1},
                                   {"foo", 3, data, 1}};
    const struct srb_tensor empty = {"bar", 3, data, 0},
                            other = {"bar", 3, in, 1};
    struct srb_tensor_client *c;

    (void)state;
    memcpy(data, "abcd", sizeof data);
    scripted_listen(&low);
    scripted_listen(&high);
    slots_of_two(reply, low.port, high.port);
    scripted_start(&low, of_low, COUNT(of_low));
    scripted_start(&high, of_high, COUNT(of_high));
    snprintf(addresses, sizeof addresses, "127.0.0.1:%d", low.port);
    c = connect_to(addresses, SRB_CLIENT_SOCKET);
    assert_int_equal(srb_put_tensors(c, t, 0), 0);
    if (srb_put_tensors(c, t, COUNT(t)) < 0)
        fail_msg("%s", srb_tensor_client_error(c));
    /* one that is none, and nothing of the others is sent */
    assert_int_equal(srb_put_tensors(c, &empty, 1), -1);
    assert_string_equal(srb_tensor_client_error(c),
                        "a tensor has at least one element");
    put(c, "", 0, "a key has 1 to");
    assert_int_equal(srb_unpack_tensors(c, &other, 1), 0);
    assert_memory_equal(in, data, sizeof in);
    srb_tensor_client_close(c);
    scripted_end(&low);
    scripted_end(&high);
}

static void a_slot_that_moves(void **state)
{
    struct scripted low, high;
    char before[256], after[256], addresses[64];
    const struct step of_low[] = {{ASK, before},
                                  NEXT,
                                  {PUT_BAR, "-MOVED 5061 elsewhere:1\r\n"},
                                  NEXT,
                                  {ASK, after}};
    const struct step of_high[] = {{PUT_BAR, OK}};
    struct srb_tensor_client *c;

    (void)state;
    scripted_listen(&low);
    scripted_listen(&high);
    slots_of_two(before, low.port, high.port);
    slots_of_two(after, high.port, high.port);
    scripted_start(&low, of_low, COUNT(of_low));
    scripted_start(&high, of_high, COUNT(of_high));
    snprintf(addresses, sizeof addresses, "127.0.0.1:%d", low.port);
    c = connect_to(addresses, SRB_CLIENT_SOCKET);
    put(c, "bar", 1, "MOVED 5061 elsewhere:1");
    put(c, "bar", 1, NULL);
    srb_tensor_client_close(c);
    scripted_end(&low);
    scripted_end(&high);
}

/* It may get a server again, so that the cluster is asked anew. */
static void a_slot_that_nobody_has(void **state)
{
    struct scripted server;
    char hole[128], whole[256], addresses[64];
    const struct step steps[] = {
        {ASK, hole}, NEXT, {ASK, whole}, NEXT, {PUT_FOO, OK}};
    struct srb_tensor_client *c;

    (void)state;
    scripted_listen(&server);
    snprintf(hole, sizeof hole,
             "*1\r\n*3\r\n:0\r\n:8191\r\n*2\r\n$0\r\n\r\n:%d\r\n", server.port);
    slots_of_two(whole, server.port, server.port);
    scripted_start(&server, steps, COUNT(steps));
    snprintf(addresses, sizeof addresses, "127.0.0.1:%d", server.port);
    c = connect_to(addresses, SRB_CLIENT_SOCKET);
    put(c, "foo", 1, "no server of the cluster has slot 12182 of foo");
    put(c, "foo", 1, NULL);
    srb_tensor_client_close(c);
    scripted_end(&server);
}

/* ---- wrapped ones ---- */

/* A client that counts, and fails when told to. */
static struct {
    struct client base;
    int bound, puts, gets, closed;
    bool fails;
    size_t bytes;
} counting;

static void count_bound(struct client *c, const char *key, size_t bytes)
{
    (void)c;
    (void)key;
    counting.bound++;
    counting.bytes = bytes;
}

static int count_put(struct client *c, const void *data, struct error *err)
{
    (void)c;
    (void)data;
    counting.puts++;
    return counting.fails ? error_set(err, "it counts to two") : 0;
}

static int count_get(struct client *c, void *data, struct error *err)
{
    (void)c;
    memset(data, 0, sizeof(float));
    counting.gets++;
    return counting.fails ? error_set(err, "it counts to two") : 0;
}

static void count_close(struct client *c)
{
    (void)c;
    counting.closed++;
}

static struct client *count_open(const struct client_params *p,
                                 struct error *err)
{
    if (strcmp(p->key, "k") != 0) {
        error_set(err, "it counts k");
        return NULL;
    }
    counting.bytes = p->bytes;
    return &counting.base;
}

static const struct client_ops ops_count = {.name = "counting",
                                            .open = count_open,
                                            .rebind = count_bound,
                                            .put = count_put,
                                            .get = count_get,
                                            .close = count_close};

static void a_wrapped_client(void **state)
{
    const struct client_params p = {.key = "k"}, other = {.key = "x"};
    struct error err = {.text = ""};
    struct client *inside;
    struct srb_tensor_client *c;

    (void)state;
    memset(&counting, 0, sizeof counting);
    counting.base.ops = &ops_count;
    assert_null(tensor_client_wrap(&ops_count, &other, 2, &inside, &err));
    assert_null(inside);
    assert_string_equal(err.text, "it counts k");
    c = tensor_client_wrap(&ops_count, &p, 2, &inside, &err);
    assert_non_null(c);
    assert_ptr_equal(inside, &counting.base);
    assert_int_equal(counting.bytes, 8);
    put(c, "k", 2, NULL);
    assert_int_equal(counting.bound, 0);
    put(c, "x", 2, NULL);
    put(c, "x", 2, NULL);
    put(c, "x", 1, NULL);
    assert_int_equal(counting.bound, 2);
    assert_int_equal(counting.bytes, 4);
    counting.puts = counting.gets = 0;
    put(c, "k", 2, NULL);
    assert_int_equal(counting.puts, 1);
    counting.fails = true;
    get(c, "k", 2, "it counts to two");
    put(c, "k", 2, "it counts to two");
    counting.fails = false;
    put(c, "k", 2, NULL);
    assert_int_equal(counting.puts, 3);
    assert_int_equal(counting.gets, 1);
    assert_int_equal(counting.closed, 0);
    srb_tensor_client_close(c);
    assert_int_equal(counting.closed, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_refused),
        cmocka_unit_test(secrets_have_a_longest),
        cmocka_unit_test(words_are_cut_or_not_wanted),
        cmocka_unit_test(all_keys_take_one_connection),
        cmocka_unit_test(keys_of_a_known_length),
        cmocka_unit_test(keys_and_tensors_that_are_none),
        cmocka_unit_test(after_a_failure),
        cmocka_unit_test(a_server_that_comes_back),
        cmocka_unit_test(names_and_lists),
        cmocka_unit_test(every_connection_logs_in),
        cmocka_unit_test(keys_go_to_their_shards),
        cmocka_unit_test(several_go_to_their_shards),
        cmocka_unit_test(a_slot_that_moves),
        cmocka_unit_test(a_slot_that_nobody_has),
        cmocka_unit_test(a_wrapped_client),
    };

    signal(SIGPIPE, SIG_IGN); /* of hiredis (tensor_client.h) */
    return cmocka_run_group_tests(tests, NULL, NULL);
}
