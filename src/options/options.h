/* options.h - the one table of options, and a resolved configuration.
 *
 * Every option is one entry of option_table[]: name, type, default, the
 * placement it belongs to, what it may be, one line of help.
 * Parsing, checking, --help, --show_config, the sweep, the session names and
 * the result file's attributes all come from it. To add an option: one line in
 * enum option_id, one entry in the table.
 *
 * All functions are local and pure but for what they print; no MPI here.
 */
#ifndef SRB_OPTIONS_H
#define SRB_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "base/error.h"

/* A cluster's bus is so far above its port (CLUSTER_PORT_INCR of Redis's
 * cluster.h), so ports of databases end here. */
#define SRB_BUS_OFFSET 10000
#define SRB_PORT_MAX (65535 - SRB_BUS_OFFSET)

/* Where db_port: auto begins. */
#define SRB_PORT_FIRST 6780

enum option_id {
    /* the sweep's axes, those that shape the databases first: permutations
     * that share a database set-up stand next to each other */
    OPT_EXPERIMENT,
    OPT_DB_EXE,
    OPT_DB_NODES,
    OPT_DB_SHARDS_PER_NODE,
    OPT_DB_CLUSTER,
    OPT_DB_CPUS,
    OPT_DB_IO_THREADS,
    OPT_DB_TPQ,
    OPT_INTRA_OP,
    OPT_DB_ARGS,
    OPT_DB_ENV,
    OPT_DB_PATH,
    OPT_CLIENT_NODES,
    OPT_CLIENTS_PER_NODE,
    OPT_LANGUAGES,
    OPT_CLIENT,
    OPT_COMMAND_SET,
    OPT_TRANSPORT,
    OPT_SOCKET_BUFFER,
    OPT_PIN_APP_CPUS,
    OPT_KEYS,
    OPT_SYNC,
    OPT_PATTERN,
    OPT_READERS_PER_NODE,
    OPT_READER_NODES,
    OPT_WAIT,
    OPT_CONTROL_BYTES,
    OPT_FAN,
    OPT_DEVICE,
    OPT_BATCH_SIZE,
    OPT_MODEL_KEYS,
    OPT_TENSORS,
    OPT_PIPELINED,
    OPT_HISTORY,
    OPT_RETIRE,
    OPT_EXPIRE_AFTER,
    OPT_COMPUTE,
    OPT_COMPUTE_KIND,
    OPT_RATE,
    OPT_ARRIVALS,
    OPT_TENSOR_BYTES,
    OPT_AXES,
    /* one value for the whole study */
    OPT_EXP_NAME = OPT_AXES,
    OPT_OUTPUT,
    OPT_OVERWRITE,
    OPT_RESUME,
    OPT_ITERATIONS,
    OPT_DURATION,
    OPT_MAX_SAMPLES,
    OPT_WARMUP,
    OPT_SUSTAIN,
    OPT_REPETITIONS,
    OPT_UNTIL_INTERVAL,
    OPT_ORDER,
    OPT_SEED,
    OPT_WALL_TIME,
    OPT_TERM_GRACE,
    OPT_VERIFY,
    OPT_DB_PORT,
    OPT_DB_HOSTS,
    OPT_NODE_FEATURE,
    OPT_DB_NODE_FEATURE,
    OPT_DB_ADDRESS,
    OPT_DB_AUTH,
    OPT_DB_TLS_CA,
    OPT_DB_TLS_CERT,
    OPT_DB_TLS_KEY,
    OPT_DB_TLS_NAME,
    OPT_FLUSH,
    OPT_DB_MAX_CLIENTS,
    OPT_RUN_DB_AS_BATCH,
    OPT_BATCH_ARGS,
    OPT_BATCH_TIMEOUT,
    OPT_LIFELINE,
    OPT_ROLE,
    OPT_DB_MODULES,
    OPT_MODEL,
    OPT_MODEL_BACKEND,
    OPT_MODEL_INPUT,
    OPT_MODEL_OUTPUT,
    OPT_SCRIPT,
    OPT_SCRIPT_FUNCTION,
    OPT_SCRIPT_CALL,
    OPT_INPUT_SHAPE,
    OPT_OUTPUT_SHAPE,
    OPT_MIN_BATCH_SIZE,
    OPT_MIN_BATCH_TIMEOUT,
    OPT_NUM_DEVICES,
    OPT_REFERENCE,
    OPT_NET_IFNAME,
    OPT_LAUNCHER,
    OPT_OP_TIMEOUT,
    OPT_DB_TIMEOUT,
    OPT_VIRTUAL_NODES,
    OPT_MACHINE,
    OPT_EXPECT,
    OPT_SUMMARY_JSON,
    OPT_FIGURES,
    OPT_QUIET,
    OPT_VERBOSE,
    OPT_NULL_CLIENT,
    /* of `srbench tune` alone */
    OPT_OBJECTIVE,
    OPT_TUNE_TIME,
    OPT_TUNED,
    OPT_COUNT
};

enum option_type {
    OPTION_CHOICE,  /* one of .choices, or of .handed; value.count is the index
                       there */
    OPTION_TEXT,    /* any text */
    OPTION_COUNT,   /* a whole number within min..max */
    OPTION_BYTES,   /* a size, value.count in bytes, within min..max */
    OPTION_SECONDS, /* a time, value.seconds, above min (-1: 0 will do), to max
                       seconds */
    OPTION_FLAG,    /* true or false, value.count 1 or 0 */
    OPTION_PERCENT, /* a share above 0 and below 100 %, value.share */
    OPTION_MAP,     /* a mapping of names to scalars, value.pairs */
    OPTION_MAPS,    /* such a mapping or a list of them, one value each */
    OPTION_SHAPE,   /* NODESxRANKS, value.count nodes, value.count2 ranks */
    OPTION_DIMS,    /* of a tensor, 224x224x3: value.count elements, which
                       options_dims() takes apart */
    OPTION_RATE,    /* a number a second, value.rate, above 0 to max */
};

/* Which experiments have the option (or, for an axis, vary with it): a bit for
 * each choice of OPT_EXPERIMENT, two for each placement and for what is
 * measured there. */
enum {
    IN_STANDARD = 1 + 4,
    IN_COLOCATED = 2 + 8,
    IN_BOTH = IN_STANDARD + IN_COLOCATED,
    IN_THROUGHPUT = 1 + 2,
    IN_INFERENCE = 4 + 8
};

/* Where databases are, and whether models are run there, of a choice of
 * OPT_EXPERIMENT: throughput_standard, throughput_colocated,
 * inference_standard, inference_colocated. */
enum experiment { EXPERIMENT_STANDARD, EXPERIMENT_COLOCATED };
static inline enum experiment experiment_placement(int64_t choice)
{
    return choice % 2 ? EXPERIMENT_COLOCATED : EXPERIMENT_STANDARD;
}
static inline bool experiment_infers(int64_t choice)
{
    return choice >= 2;
}
static inline unsigned experiment_bit(int64_t choice)
{
    return 1U << choice;
}

/* Indices of the choices of OPT_VERIFY, OPT_TRANSPORT, OPT_KEYS, OPT_SYNC,
 * OPT_PATTERN, OPT_FAN, OPT_COMPUTE_KIND, OPT_ARRIVALS, OPT_ORDER, OPT_ROLE,
 * OPT_DEVICE, OPT_MODEL_BACKEND, OPT_SCRIPT_CALL and OPT_MODEL_KEYS. */
enum verify { VERIFY_NONE, VERIFY_ENDS, VERIFY_ALL };
enum transport { TRANSPORT_TCP, TRANSPORT_UNIX };
enum keys_scheme { KEYS_SMARTSIM, KEYS_BALANCED };
enum sync { SYNC_NONE, SYNC_START, SYNC_ITERATION };
enum pattern {
    PATTERN_PAIR,
    PATTERN_PHASES,
    PATTERN_EXCHANGE,
    PATTERN_AGGREGATE
};
enum fan { FAN_OWN, FAN_ALL };
/* value.word of OPT_WAIT */
enum wait_word { WAIT_NUMBER, WAIT_SPIN, WAIT_BLOCK };
enum retire { RETIRE_OVERWRITE, RETIRE_DELETE, RETIRE_EXPIRE };
/* value.word of OPT_HISTORY */
enum history_word { HISTORY_NUMBER, HISTORY_ALL };
enum compute_kind { COMPUTE_SPIN, COMPUTE_SLEEP, COMPUTE_STREAM };
enum arrivals { ARRIVALS_UNIFORM, ARRIVALS_POISSON };
/* value.word of OPT_RATE */
enum rate_word { RATE_NUMBER, RATE_MAX, RATE_SEARCH };
enum order { ORDER_PLAN, ORDER_RANDOM };
enum role { ROLE_AUTO, ROLE_DB, ROLE_CLIENT };
enum device { DEVICE_CPU, DEVICE_GPU };
enum model_backend { BACKEND_TORCH, BACKEND_TF, BACKEND_TFLITE, BACKEND_ONNX };
enum script_call { CALL_STORE, CALL_SET };
enum model_keys { MODEL_KEYS_ALIGNED, MODEL_KEYS_COPIED };

/* ---- words that later rooms own ---- */

/* A client, or a server that srbench itself is: a value of an option that
 * another room gives its meaning. */
struct options_word {
    const char *name; /* NULL ends a list */
    const char *help; /* what it is, for --help: "through that library" */
    bool faults;      /* of a client: it takes those of null_client */
    bool ranks;       /* of a server: it is a rank of the job */
    bool plain;       /* of a server: clients speak to it, by plain commands */
};

struct options_words {
    const struct options_word *servers; /* of db_exe, beside programs */
    const struct options_word *clients; /* all that `client` may be */
};

/* Hand them over, before anything else here is called, once, and before there
 * are threads. Kept, not copied. */
void options_hand_words(const struct options_words *words);

/* Which of these lists an option has. */
enum option_handed { HANDED_NONE, HANDED_SERVERS, HANDED_CLIENTS };

/* So many repetitions it takes to judge their interval. */
#define SRB_LEAST_REPETITIONS 3

/* What the databases' own job (run_db_as_batch), which runs srbench serve, is
 * told of an option. What shapes databases that a study starts must say. */
enum option_told {
    TOLD_UNSAID,
    TOLD_SAME, /* as the study has it: of an axis the set-up's value */
    TOLD_ANEW, /* in words of its own, by what the study came to */
    TOLD_NOT,  /* nothing, deliberately */
};

/* Under which heading --help has it, in this order but for the first, which is
 * the last. */
enum option_group {
    GROUP_RESULT,    /* what is kept and printed */
    GROUP_STUDY,     /* what is measured */
    GROUP_LOOP,      /* how often, and how long */
    GROUP_DATABASE,  /* the databases that srbench starts */
    GROUP_INFERENCE, /* models that servers run */
    GROUP_NODES,     /* where all that runs */
    GROUP_TUNE,      /* what srbench tune looks for */
    GROUP_EXTERNAL,  /* databases that it does not start, or not in this job */
    GROUP_COUNT
};

/* What is not set is 0, NULL or false, and means nothing: no limit at that end,
 * no unit, both placements. */
struct option {
    const char *name;
    const char *alias; /* its other name, or NULL */
    enum option_type type;
    bool list;        /* takes a list, and is no axis */
    bool resume_free; /* may differ when a study is resumed: no completed
                         permutation would have been another one */
    unsigned setup; /* placements where the axis shapes the databases; such axes
                       stand first in the table */
    unsigned only;  /* the experiments that have it; 0: all do */
    bool starts;    /* no axis, and shapes databases as they start all the
                       same: nothing to a study that finds them running */
    enum option_told told;
    const char *def; /* as one would write it: "100", "[1, 2]", "auto" (which
                        then is a value, as are null, None and []) */
    const char *const *choices; /* OPTION_CHOICE: names, NULL at the end */
    enum option_handed handed;  /* these words are values of it too; of an
                                   OPTION_CHOICE they are all its choices */
    const char *const
        *aliases; /* {other, name, other, name, …, NULL} or NULL */
    /* Names that may stand instead of its number, NULL at the end: value.word
     * is the place there, from 1. The result file then has the axis as text,
     * and beside it the number, NaN for a word, as words_value. */
    const char *const *words;
    const char *words_value;
    int64_t min, max;
    bool may_be_zero; /* 0 is a value too, though below min */
    const char *tag;  /* how session names spell the axis: "TB", "DBN" */
    enum option_group group;
    bool for_tests;    /* left out where --help is short */
    const char *brief; /* a few words for there, or NULL: help as far as its
                          first semicolon */
    const char *help;  /* one line */
};

extern const struct option option_table[OPT_COUNT];

/* Whether it takes a list, and the sweep is the product of all such: by its
 * place among the options. */
static inline bool option_is_axis(const struct option *d)
{
    return d < option_table + OPT_AXES;
}

/* Whether the machine or the placement may decide it: auto. */
bool option_may_be_auto(const struct option *d);

/* One `name: value` of a map; value is NULL where it was null. Where the two
 * stand, as messages begin: "study.yaml:12:5: expect", "--expect". */
struct pair {
    char *name;
    char *value;
    char *name_at;
    char *value_at;
};

/* One value of an option. `text` is its canonical spelling ("1048576" for
 * 1MiB, "throughput_standard" for throughput_scaling, flow YAML for a map) and
 * always set; is_auto says that the machine or the placement decides. */
struct value {
    bool is_auto;
    int64_t count;
    int64_t count2;
    double seconds;
    double share; /* 0.05 for 5% */
    double rate;  /* a second */
    int word;     /* of option.words, from 1; 0: none, but a number */
    char *text;
    struct pair *pairs;
    size_t npairs;
};

/* An option's values (more than one for an axis, a list or OPTION_MAPS only; at
 * least one) and where they were said: "default", "study.yaml:12:5" or
 * "--tensor_bytes". */
struct setting {
    struct value *values;
    size_t nvalues;
    bool given; /* not the default */
    char origin[256];
};

/* What the command line asks for instead of, or besides, a run. */
enum request {
    REQUEST_RUN,
    REQUEST_HELP,
    REQUEST_VERSION,
    REQUEST_SHOW_CONFIG,
    REQUEST_DRY_RUN,
};

/* What --help is asked for. */
enum help_topic {
    HELP_BRIEF, /* one line an option, in groups */
    HELP_ALL,
    HELP_OPTION,
    HELP_FLAG, /* what is asked for instead of a run: --dry_run, ... */
    HELP_MAN,  /* a manual page, man(7) */
    HELP_BASH, /* completion of the command line by that shell */
    HELP_ZSH,
};

struct flag_help;

/* A resolved configuration. */
struct options {
    struct setting set[OPT_COUNT];
    enum request request;
    enum help_topic topic;             /* of REQUEST_HELP */
    enum option_id help_with;          /* of HELP_OPTION */
    const struct flag_help *help_flag; /* of HELP_FLAG */
    bool serve;   /* `srbench serve`: run databases, and no clients */
    bool tune;    /* `srbench tune`: find the best configuration */
    char *folder; /* the file's, NULL: it has none */
};

/* The first look at a command line, before the file is read: sets *file to the
 * argument of --config (--config FILE, --config=FILE; pointing into argv) or
 * NULL and returns 0; -1 when --config has no argument or comes twice. With
 * --help or --version no file is needed: *file is NULL. */
int options_find_config(int argc, char *const argv[], const char **file,
                        struct error *err);

/* The second look: what the command line asks for, by itself (whatever else is
 * wrong with it), and whether it names a machine to plan for (*imaginary). */
enum request options_find_request(int argc, char *const argv[],
                                  bool *imaginary);

/* Resolve defaults, then the file's text (file_text may be NULL: no file;
 * length bytes, need not end in NUL), then the command line (argv[0] is the
 * program). file_name is only used in words. Returns 0 with *o to be released
 * by options_free(), or -1 with one sentence in *err and *o empty: place (file,
 * line and column, or flag), what was found, what was expected, and for an
 * unknown name the nearest option. The same bytes give the same result on every
 * rank. */
int options_parse(struct options *o, int argc, char *const argv[],
                  const char *file_name, const char *file_text, size_t length,
                  struct error *err);

/* The command line of another part of the job whose first part says o: its own
 * role, and nothing else that o does not say as well. -1 with the first option
 * that is malformed, or another. */
int options_parse_part(const struct options *o, int argc, char *const argv[],
                       enum role *role, struct error *err);

void options_free(struct options *o);

/* The values of an option. */
static inline const struct setting *options_get(const struct options *o,
                                                enum option_id id)
{
    return &o->set[id];
}

/* The single value of an option that is no axis. */
static inline const struct value *options_one(const struct options *o,
                                              enum option_id id)
{
    return &o->set[id].values[0];
}

/* The option of that name or alias, or OPT_COUNT. */
enum option_id options_find(const char *name);

/* The word of that name that was handed over for an option, or NULL. */
const struct options_word *options_handed(enum option_id id, const char *name);

/* Whether a value of db_exe is served by ranks of the job; and whether the
 * study has such a one beside clients on their own nodes, which therefore
 * cannot have all ranks. */
bool options_served_by_ranks(const struct value *exe);
bool options_leaves_ranks(const struct options *o);

/* The canonical spelling of a value (value.text), of a map in YAML, to be
 * freed, or NULL where the option may not have it. */
char *options_canonical(enum option_id id, const char *text);

/* A value of an option from what one would write for it, "4MB" or a map in
 * YAML; to be released by options_value_free(). -1 where it may not have that.
 */
int options_value(enum option_id id, const char *text, struct value *out,
                  struct error *err);
void options_value_free(struct value *v);

/* A text as one YAML scalar that reads back to it. */
void options_print_text(FILE *out, const char *text);

/* Where databases on nodes of their own come from: true when they run already
 * (db_address), or as batch jobs. Both false in `srbench serve`. */
bool options_external(const struct options *o);
bool options_batch(const struct options *o);

/* Whether these are spoken to by TLS, by what db_address begins with. */
#define SRB_TLS_SCHEME "rediss://"
bool options_secured(const struct options *o);

/* In which placements the option is one (IN_STANDARD | …). */
static inline unsigned option_placement(enum option_id id)
{
    return option_table[id].only ? option_table[id].only : IN_BOTH;
}

/* Whether it shapes databases of their own nodes as they start. */
static inline bool option_starts(enum option_id id)
{
    return option_table[id].starts ||
           (id != OPT_EXPERIMENT && (option_table[id].setup & IN_STANDARD));
}

/* In which placements this study has the option (IN_STANDARD | …): what shapes
 * databases is nothing to a study that finds them running. */
unsigned options_placement(const struct options *o, enum option_id id);

/* Whether any of the study's placements has the option (IN_STANDARD | …). */
bool options_has_placement(const struct options *o, unsigned placement);

/* Whether another option leaves this one nothing to do: iterations beside a
 * duration, max_samples without one, batch_args without run_db_as_batch. */
bool options_idle(const struct options *o, enum option_id id);

/* The dimensions of a value of an OPTION_DIMS; returns how many. */
#define SRB_DIMS_MAX 8
int options_dims(const struct value *v, int64_t dims[SRB_DIMS_MAX]);

/* The shapes of what a client puts and gets where models are run; those of
 * ResNet-50 and its script for auto. */
const struct value *options_shape(const struct options *o, enum option_id id);

/* Whether the study runs models. */
bool options_infers(const struct options *o);

/* Whether clients of the study's databases may copy tensors to and from models
 * (model_keys); those of databases that serve others' studies may. */
bool options_copies(const struct options *o);

/* Whether there is a script before the model. */
bool options_scripted(const struct options *o);

/* Experiments by name: "throughput_standard and inference_standard". Returns
 * buf. */
#define OPTIONS_WHERE_MAX 128
const char *options_where(unsigned experiments, char buf[OPTIONS_WHERE_MAX]);

/* Whether a value of db_modules is RedisAI, by the name of its file; and
 * whether databases that this study starts must have it. */
bool options_names_redisai(const char *module);
bool options_redisai(const struct options *o);

/* Whether some permutations have writers and readers; and all of them; whether
 * in some of those writers put data sets and append them to lists; and
 * "exchange" or "aggregate", by which words on them name the pattern. */
bool options_exchanges(const struct options *o);
bool options_only_exchanges(const struct options *o);
bool options_aggregates(const struct options *o);
const char *options_exchange_name(const struct options *o);

/* Whether some of these have a tensor after those of a step. */
bool options_controls(const struct options *o);

/* Whether any value of the axis retire is that one, and of history all; where
 * clients write and read these are others unless they are given (sweep.h). */
bool options_retire(const struct options *o, enum retire retire);
bool options_keeps_all(const struct options *o);

/* Whether some step is more than one tensor under a key that stays the same. */
bool options_keeps(const struct options *o);

/* Whether clients may remove keys: those of the study, or unknown ones, which
 * srbench serve serves. */
bool options_removes(const struct options *o);

/* The same of asking whether a key is there, and of lists. */
bool options_polls(const struct options *o);
bool options_lists(const struct options *o);
/* Whether some wait until a server tells of them (wait: block), or might. */
bool options_blocks(const struct options *o);

/* Whether any value of an axis is that choice. */
bool options_has(const struct options *o, enum option_id id, int64_t choice);

/* Whether any is more than that. */
bool options_above(const struct options *o, enum option_id id, int64_t count);

/* Whether any value of an axis is that word (value.word), or with 0 a number.
 */
bool options_says(const struct options *o, enum option_id id, int word);

/* Whether any steps of the study compute; have a schedule. */
bool options_computes(const struct options *o);
bool options_paced(const struct options *o);

/* Whether something of the study is drawn at random, by seed. */
bool options_draw(const struct options *o);

/* How long a probe of rate: search lasts where no duration says so. */
#define SRB_PROBE_SECONDS 10

/* --help: what o->topic says of the options. */
void options_help(FILE *out, const struct options *o);

/* --show_config: the resolved configuration as YAML that options_parse()
 * reads back to the same values, one option a line. The default of an option
 * that no placement of the study has is a comment: given, it is refused. */
void options_show(const struct options *o, FILE *out);

/* One of its lines: "name: value". */
void options_show_one(FILE *out, enum option_id id, const struct value *v);

/* A setting as --show_config spells it, "[20, 40]". */
void options_print(FILE *out, const struct options *o, enum option_id id);

/* Whether a study that began with one configuration may be resumed with
 * another: no option that shapes a permutation differs (option.resume_free).
 * Returns 0, or -1 with words on the first ones: "client_nodes was [20, 40],
 * is [20, 60]". */
int options_resumable(const struct options *was, const struct options *is,
                      struct error *err);

/* The version of libyaml in use: "0.2.5". */
const char *options_yaml_version(void);

/* Refuse an option where it was given: "study.yaml:3:1: seed: WHAT". Returns
 * -1. Local. */
int options_refuse(const struct options *o, enum option_id id, const char *what,
                   struct error *err);

#endif
