/* Keys: slots as Redis hashes them, shards as they own them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "protocol/keys.h"

#define COUNT(array) (sizeof(array) / sizeof(array)[0])

/* As `CLUSTER KEYSLOT` of Redis 7.0 answers. 12739 is 0x31c3, the check value
 * of CRC-16/XMODEM. */
static const struct {
    const char *key;
    int slot;
} slots[] = {
    {"", 0},
    {"123456789", 12739},
    {"a", 15495},
    {"foo", 12182},
    {"bar", 5061},
    {"hello", 866},
    {"throughput_rank_0", 5173},
    {"throughput_rank_191", 7318},
    {"\xc3\xa9\xff", 1713},
    /* hash tags */
    {"user1000", 3443},
    {"{user1000}.following", 3443},
    {"x{a}", 15495},
    {"x}{a}", 15495},
    {"foo{bar}{zap}", 5061},
    {"foo{{bar}}zap", 4015},
    {"{bar", 4015},
    {"foo{}{bar}", 8363},
    {"{}", 15257},
    {"foo{bar", 15278},
    {"foo}bar{", 11073},
};

static const int shard_counts[] = {1, 2, 3, 7, 16, 64, 1000, 16384};

static void keys_hash_as_in_redis(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(slots); i++)
        if (keys_slot(slots[i].key) != slots[i].slot)
            fail_msg("'%s' hashes to %d instead of %d", slots[i].key,
                     keys_slot(slots[i].key), slots[i].slot);
}

static void first_slots(void **state)
{
    static const struct {
        int shard, nshards, first;
    } vectors[] = {
        {0, 1, 0},       {1, 1, 16384},      {1, 2, 8192},
        {1, 3, 5461},    {2, 3, 10922},      {3, 3, 16384},
        {15, 16, 15360}, {999, 1000, 16367}, {16383, 16384, 16383},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(vectors); i++)
        if (keys_first_slot(vectors[i].shard, vectors[i].nshards) !=
            vectors[i].first)
            fail_msg("shard %d of %d starts at %d instead of %d",
                     vectors[i].shard, vectors[i].nshards,
                     keys_first_slot(vectors[i].shard, vectors[i].nshards),
                     vectors[i].first);
}

/* Ranges that follow each other without gap, none empty, none larger than
 * another by more than one slot. */
static void shards_share_the_slots(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(shard_counts); i++) {
        int n = shard_counts[i], least = SRB_SLOTS / n;

        assert_int_equal(keys_first_slot(0, n), 0);
        assert_int_equal(keys_first_slot(n, n), SRB_SLOTS);
        for (int s = 0; s < n; s++) {
            int size = keys_first_slot(s + 1, n) - keys_first_slot(s, n);

            if (size < least || size > least + (SRB_SLOTS % n != 0))
                fail_msg("shard %d of %d has %d slots", s, n, size);
        }
    }
}

/* A key for every slot: key[slot] is a number whose decimals hash there. */
static void fill_slots(int key[SRB_SLOTS])
{
    int left = SRB_SLOTS;
    char text[16];

    memset(key, -1, SRB_SLOTS * sizeof *key);
    for (int k = 0; left > 0 && k < 100 * SRB_SLOTS; k++) {
        int slot;

        snprintf(text, sizeof text, "%d", k);
        slot = keys_slot(text);
        assert_in_range(slot, 0, SRB_SLOTS - 1);
        if (key[slot] < 0) {
            key[slot] = k;
            left--;
        }
    }
    assert_int_equal(left, 0);
}

/* Every slot belongs to the shard whose range holds it, by a search that knows
 * nothing of how keys_shard() finds it. */
static void every_slot_has_its_shard(void **state)
{
    int *key = malloc(SRB_SLOTS * sizeof *key);

    (void)state;
    assert_non_null(key);
    fill_slots(key);
    for (size_t i = 0; i < COUNT(shard_counts); i++) {
        int n = shard_counts[i], shard = 0;

        for (int slot = 0; slot < SRB_SLOTS; slot++) {
            char text[16];

            while (keys_first_slot(shard + 1, n) <= slot)
                shard++;
            snprintf(text, sizeof text, "%d", key[slot]);
            if (keys_shard(text, n) != shard)
                fail_msg("slot %d: shard %d of %d instead of %d", slot,
                         keys_shard(text, n), n, shard);
        }
    }
    free(key);
}

static void keys_are_spelt(void **state)
{
    static const struct {
        enum keys_scheme scheme;
        int client, nshards;
        const char *key;
    } vectors[] = {
        {KEYS_SMARTSIM, 0, 1, "throughput_rank_0"},
        {KEYS_SMARTSIM, 191, 64, "throughput_rank_191"},
        {KEYS_SMARTSIM, 2147483647, 3, "throughput_rank_2147483647"},
        {KEYS_BALANCED, 5, 1, "throughput_rank_5"},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(vectors); i++) {
        char key[SRB_KEY_MAX];

        keys_make(key, vectors[i].scheme, vectors[i].client,
                  vectors[i].nshards);
        assert_string_equal(key, vectors[i].key);
    }
}

/* Clients in turn over the shards: no shard has more than one client more than
 * another, keys differ, and all begin as the seed's do. */
static void balanced_keys_share_evenly(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(shard_counts); i++) {
        int n = shard_counts[i];
        /* a tag is searched for about as long as there are shards */
        int clients = n <= 64 ? 3 * n + 2 : n <= 1000 ? 200 : 20;
        int *has = calloc((size_t)n, sizeof *has);
        int most = (clients + n - 1) / n, least = clients / n;

        assert_non_null(has);
        for (int c = 0; c < clients; c++) {
            char key[SRB_KEY_MAX], plain[SRB_KEY_MAX];

            keys_make(key, KEYS_BALANCED, c, n);
            keys_make(plain, KEYS_SMARTSIM, c, n);
            if (strncmp(key, plain, strlen(plain)) != 0 ||
                (key[strlen(plain)] != '{' && key[strlen(plain)] != '\0'))
                fail_msg("client %d of %d shards: '%s'", c, n, key);
            if (keys_shard(key, n) != c % n)
                fail_msg("client %d: '%s' is on shard %d of %d", c, key,
                         keys_shard(key, n), n);
            has[keys_shard(key, n)]++;
        }
        for (int s = 0; s < n; s++)
            if (has[s] < least || has[s] > most)
                fail_msg("shard %d of %d has %d of %d clients", s, n, has[s],
                         clients);
        free(has);
    }
}

/* What the design says of the seed's keys: 192 clients leave one of 64 shards
 * idle, and give one of 16 a quarter more than its share. */
static void smartsim_keys_do_not(void **state)
{
    static const struct {
        int nshards, least, most;
    } vectors[] = {{16, -1, 15}, {64, 0, -1}};

    (void)state;
    for (size_t i = 0; i < COUNT(vectors); i++) {
        int has[64] = {0}, least = 192, most = 0;

        for (int c = 0; c < 192; c++) {
            char key[SRB_KEY_MAX];

            keys_make(key, KEYS_SMARTSIM, c, vectors[i].nshards);
            has[keys_shard(key, vectors[i].nshards)]++;
        }
        for (int s = 0; s < vectors[i].nshards; s++) {
            least = has[s] < least ? has[s] : least;
            most = has[s] > most ? has[s] : most;
        }
        if ((vectors[i].least >= 0 && least != vectors[i].least) ||
            (vectors[i].most >= 0 && most != vectors[i].most))
            fail_msg("%d shards have %d to %d clients", vectors[i].nshards,
                     least, most);
    }
}

/* Of whatever step, a client's keys lie in one slot. */
static void keys_of_steps(void **state)
{
    static const struct {
        const char *key;
        int64_t step;
        size_t i;
        const char *want;
    } vectors[] = {
        {"throughput_rank_7", 0, 0, "throughput_rank_7{throughput_rank_7}.0.0"},
        {"throughput_rank_7{12}", 109, 15, "throughput_rank_7{12}.109.15"},
        {"a{}b", 1, 2, "a{}b{a{}b}.1.2"},
        {"k", INT64_MAX, 1023, "k{k}.9223372036854775807.1023"},
    };
    char key[SRB_KEY_MAX], long_one[SRB_KEY_MAX];

    (void)state;
    for (size_t i = 0; i < sizeof vectors / sizeof vectors[0]; i++) {
        int stem = keys_stem(key, vectors[i].key);

        assert_true(stem > 0);
        assert_int_equal(
            keys_of_step(key, (size_t)stem, vectors[i].step, vectors[i].i),
            strlen(vectors[i].want));
        assert_string_equal(key, vectors[i].want);
        if (!strstr(key, "{}"))
            assert_int_equal(keys_slot(key), keys_slot(vectors[i].key));
    }
    memset(long_one, 'k', sizeof long_one);
    long_one[50] = '\0';
    assert_int_equal(keys_stem(key, long_one), -1);
    long_one[49] = '\0';
    assert_int_equal(keys_stem(key, long_one), 101);
}

/* Each time in the slot of the key, and never the same. */
static void keys_of_another_time(void **state)
{
    static const struct {
        const char *key;
        int64_t nth;
        const char *want, *step;
    } vectors[] = {
        {"throughput_rank_7", 0, "throughput_rank_7",
         "throughput_rank_7{throughput_rank_7}.5.1"},
        {"throughput_rank_7", 12, "throughput_rank_7{throughput_rank_7}.p12",
         "throughput_rank_7{throughput_rank_7}.p12.5.1"},
        {"throughput_rank_7{40}", 1, "throughput_rank_7{40}.p1",
         "throughput_rank_7{40}.p1.5.1"},
    };
    char key[SRB_KEY_MAX], stem[SRB_KEY_MAX];
    struct key_of of;

    (void)state;
    for (size_t i = 0; i < COUNT(vectors); i++) {
        snprintf(key, sizeof key, "%s", vectors[i].key);
        keys_of_nth(key, vectors[i].nth);
        assert_string_equal(key, vectors[i].want);
        assert_int_equal(keys_slot(key), keys_slot(vectors[i].key));
        assert_true(keys_read(key, &of));
        assert_true(of.client == 7 && of.step == 0 && of.i == 0);
        keys_of_step(stem, (size_t)keys_stem(stem, key), 5, 1);
        assert_string_equal(stem, vectors[i].step);
        assert_int_equal(keys_slot(stem), keys_slot(vectors[i].key));
        assert_true(keys_read(stem, &of));
        assert_true(of.client == 7 && of.step == 5 && of.i == 1);
    }
    memset(key, 'k', sizeof key);
    key[70] = '\0';
    keys_of_nth(key, 1);
    assert_int_equal(keys_stem(stem, key), -1);
}

/* Data sets, what describes them and lists lie beside the keys of steps, up to
 * the longest numbers. */
static void keys_of_data_sets(void **state)
{
    static const struct {
        size_t (*make)(char key[SRB_KEY_MAX], size_t stem, int64_t step);
        const char *want, *most;
    } vectors[] = {
        {keys_of_dataset, "a{a}.0", "a{a}.9223372036854775807"},
        {keys_of_meta, "a{a}.0.meta", "a{a}.9223372036854775807.meta"},
        {keys_of_list, "a{a}.list.0", "a{a}.list.9223372036854775807"},
    };
    char key[SRB_KEY_MAX];
    size_t stem = (size_t)keys_stem(key, "a");

    (void)state;
    for (size_t i = 0; i < COUNT(vectors); i++) {
        size_t n = vectors[i].make(key, stem, 0);

        assert_string_equal(key, vectors[i].want);
        assert_int_equal(n, strlen(key));
        n = vectors[i].make(key, stem, INT64_MAX);
        assert_string_equal(key, vectors[i].most);
        assert_int_equal(n, strlen(key));
        assert_true(n - stem < SRB_KEY_STEP_MAX);
        assert_int_equal(keys_slot(key), keys_slot("a"));
    }
}

/* What was written is read, and nothing else. */
static void whose_a_key_is(void **state)
{
    static const struct {
        int client, nshards;
        enum keys_scheme scheme;
    } plain[] = {{0, 1, KEYS_SMARTSIM},
                 {7, 16, KEYS_SMARTSIM},
                 {123456, 64, KEYS_BALANCED}};
    static const char *const others[] = {
        "",
        "key",
        "throughput_rank_",
        "throughput_rank_x",
        "throughput_rank_7x",
        "throughput_rank_7.1",
        "throughput_rank_7.1.2",
        "throughput_rank_7{7",
        "throughput_rank_7{7}.1",
        "throughput_rank_7{7}.1.",
        "throughput_rank_7{7}.1.2x",
        "throughput_rank_7{7}.1.2.3",
        "throughput_rank_7{7}.p",
        "throughput_rank_7{7}.p1.2",
        "throughput_rank_7{7}.p1x.2.3",
        "throughput_rank_7.p1",
        "throughput_rank_99999999999",
        "throughput_rank_7{7}.99999999999999999999.0"};
    struct key_of of;

    (void)state;
    for (size_t i = 0; i < COUNT(plain); i++) {
        char key[SRB_KEY_MAX], stem[SRB_KEY_MAX];
        int n;

        keys_make(key, plain[i].scheme, plain[i].client, plain[i].nshards);
        assert_true(keys_read(key, &of));
        assert_int_equal(of.client, plain[i].client);
        assert_true(of.step == 0 && of.i == 0);
        n = keys_stem(stem, key);
        keys_of_step(stem, (size_t)n, INT64_C(1) << 60, 9998);
        assert_true(keys_read(stem, &of));
        assert_int_equal(of.client, plain[i].client);
        assert_true(of.step == INT64_C(1) << 60 && of.i == 9998);
    }
    for (size_t i = 0; i < COUNT(others); i++)
        if (keys_read(others[i], &of))
            fail_msg("'%s' is read as client %d's", others[i], of.client);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(keys_hash_as_in_redis),
        cmocka_unit_test(first_slots),
        cmocka_unit_test(shards_share_the_slots),
        cmocka_unit_test(every_slot_has_its_shard),
        cmocka_unit_test(keys_are_spelt),
        cmocka_unit_test(balanced_keys_share_evenly),
        cmocka_unit_test(smartsim_keys_do_not),
        cmocka_unit_test(keys_of_steps),
        cmocka_unit_test(keys_of_data_sets),
        cmocka_unit_test(keys_of_another_time),
        cmocka_unit_test(whose_a_key_is),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
