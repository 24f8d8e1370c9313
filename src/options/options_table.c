/* The one table of options. */
#include <stdint.h>

#include "options/options.h"

/* A limit that is there only so that products of counts cannot overflow. */
#define NO_LIMIT INT32_MAX

#define DAY 86400

static const char *const experiments[] = {
    "throughput_standard", "throughput_colocated", "inference_standard",
    "inference_colocated", NULL};
static const char *const experiment_aliases[] = {"throughput_scaling",
                                                 "throughput_standard", NULL};
static const char *const languages[] = {"c", "cpp", "fortran", NULL};
static const char *const command_sets[] = {"plain", "redisai", NULL};
static const char *const transports[] = {"tcp", "unix", NULL};
static const char *const key_schemes[] = {"smartsim", "balanced", NULL};
static const char *const syncs[] = {"none", "start", "iteration", NULL};
static const char *const patterns[] = {"pair", "phases", "exchange",
                                       "aggregate", NULL};
static const char *const wait_words[] = {"spin", "block", NULL};
static const char *const fans[] = {"own", "all", NULL};
static const char *const history_words[] = {"all", NULL};
static const char *const retirements[] = {"overwrite", "delete", "expire",
                                          NULL};
static const char *const compute_kinds[] = {"spin", "sleep", "stream", NULL};
static const char *const rate_words[] = {"max", "search", NULL};
static const char *const arrivals[] = {"uniform", "poisson", NULL};
static const char *const orders[] = {"plan", "random", NULL};
static const char *const devices[] = {"cpu", "gpu", NULL};
static const char *const device_aliases[] = {"CPU", "cpu", "GPU", "gpu", NULL};
static const char *const backends[] = {"TORCH", "TF", "TFLITE", "ONNX", NULL};
static const char *const backend_aliases[] = {
    "torch", "TORCH", "tf", "TF", "tflite", "TFLITE", "onnx", "ONNX", NULL};
static const char *const script_calls[] = {"store", "set", NULL};
static const char *const model_keys[] = {"aligned", "copied", NULL};
static const char *const roles[] = {"auto", "db", "client", NULL};
static const char *const launchers[] = {"slurm", "pbs", "flux", "none", NULL};
static const char *const verifications[] = {"none", "ends", "all", NULL};

const struct option option_table[OPT_COUNT] = {
    [OPT_EXPERIMENT] =
        {.name = "experiment",
         .type = OPTION_CHOICE,
         .told = TOLD_ANEW,
         .setup = IN_BOTH,
         .def = "throughput_colocated",
         .choices = experiments,
         .aliases = experiment_aliases,
         .group = GROUP_STUDY,
         .brief = "what is measured, and where databases are",
         .help = "what is measured (tensors that are put and got, or models "
                 "that servers run on them), and the placement: databases on "
                 "nodes of their own, or one on every client node"},
    [OPT_DB_EXE] = {.name = "db_exe",
                    .type = OPTION_TEXT,
                    .told = TOLD_SAME,
                    .setup = IN_BOTH,
                    .def = "redis-server",
                    .tag = "DB",
                    .handed = HANDED_SERVERS,
                    .group = GROUP_DATABASE,
                    .brief = "the server: a program, or of srbench's own",
                    .help = "the server's program, a Redis, Valkey or KeyDB by "
                            "its own word"},
    [OPT_DB_NODES] = {.name = "db_nodes",
                      .type = OPTION_COUNT,
                      .told = TOLD_ANEW,
                      .setup = IN_STANDARD,
                      .only = IN_STANDARD,
                      .def = "auto",
                      .min = 1,
                      .max = NO_LIMIT,
                      .tag = "DBN",
                      .group = GROUP_DATABASE,
                      .help = "nodes that run the database; auto: as many as "
                              "db_hosts names, else 1"},
    [OPT_DB_SHARDS_PER_NODE] = {.name = "db_shards_per_node",
                                .type = OPTION_COUNT,
                                .told = TOLD_SAME,
                                .setup = IN_STANDARD,
                                .only = IN_STANDARD,
                                .def = "1",
                                .min = 1,
                                .max = 1024,
                                .tag = "SPN",
                                .group = GROUP_DATABASE,
                                .brief = "servers on each database node",
                                .help = "shards (server processes) on each "
                                        "database node"},
    [OPT_DB_CLUSTER] = {.name = "db_cluster",
                        .type = OPTION_FLAG,
                        .told = TOLD_SAME,
                        .setup = IN_STANDARD,
                        .only = IN_STANDARD,
                        .def = "true",
                        .tag = "CLUSTER",
                        .group = GROUP_DATABASE,
                        .brief =
                            "shards form a Redis Cluster, or are independent",
                        .help = "several shards form one Redis Cluster; false: "
                                "independent servers, sharded by the clients"},
    [OPT_DB_CPUS] = {.name = "db_cpus",
                     .type = OPTION_COUNT,
                     .told = TOLD_SAME,
                     .setup = IN_BOTH,
                     .def = "1",
                     .min = 1,
                     .max = 4096,
                     .tag = "DBCPU",
                     .group = GROUP_DATABASE,
                     .help = "CPUs that a node gives its database; the servers "
                             "are confined to them"},
    [OPT_DB_IO_THREADS] =
        {.name = "db_io_threads",
         .type = OPTION_COUNT,
         .told = TOLD_SAME,
         .setup = IN_BOTH,
         .def = "1",
         .min = 1,
         .max = 128,
         .tag = "IOT",
         .group = GROUP_DATABASE,
         .help =
             "I/O threads of each server, reads included; never above db_cpus; "
             "KeyDB and floor have none: all their threads serve"},
    [OPT_DB_TPQ] = {.name = "db_tpq",
                    .type = OPTION_COUNT,
                    .told = TOLD_SAME,
                    .setup = IN_BOTH,
                    .def = "auto",
                    .min = 1,
                    .max = 1024,
                    .tag = "TPQ",
                    .group = GROUP_DATABASE,
                    .brief = "RedisAI's THREADS_PER_QUEUE",
                    .help = "RedisAI's THREADS_PER_QUEUE, which it takes as an "
                            "argument of its module; auto: what it has without "
                            "(1), or what db_modules says"},
    [OPT_INTRA_OP] =
        {.name = "intra_op",
         .type = OPTION_COUNT,
         .told = TOLD_SAME,
         .setup = IN_INFERENCE,
         .only = IN_INFERENCE,
         .def = "1",
         .min = 1,
         .max = 4096,
         .tag = "INTRAOP",
         .group = GROUP_INFERENCE,
         .brief = "threads of one run of a model",
         .help = "threads that one run of a model takes (RedisAI's "
                 "INTRA_OP_PARALLELISM); each of db_tpq threads has as many"},
    [OPT_DB_ARGS] = {.name = "db_args",
                     .type = OPTION_MAPS,
                     .told = TOLD_SAME,
                     .setup = IN_BOTH,
                     .def = "{}",
                     .group = GROUP_DATABASE,
                     .tag = "DBARGS",
                     .help = "further server directives, a map such as {hz: "
                             "10}; in a list one map a value, {} for none"},
    [OPT_DB_ENV] = {.name = "db_env",
                    .type = OPTION_MAPS,
                    .told = TOLD_SAME,
                    .setup = IN_BOTH,
                    .def = "{}",
                    .group = GROUP_DATABASE,
                    .tag = "DBENV",
                    .help =
                        "environment variables of the servers, a map such "
                        "as {MALLOC_CONF: \"dirty_decay_ms:-1\"}; in a list "
                        "one map a value, {} for none; values are printed "
                        "in the file"},
    [OPT_DB_PATH] = {.name = "db_path",
                     .type = OPTION_TEXT,
                     .told = TOLD_NOT,
                     .setup = IN_BOTH,
                     .def = "auto",
                     .group = GROUP_DATABASE,
                     .tag = "PATH",
                     .brief = "where db_exe: files keeps its files",
                     .help = "the folder in which db_exe: files makes one of "
                             "its own; auto: /dev/shm where colocated; "
                             "required in throughput_standard, and to be seen "
                             "by all nodes there"},
    [OPT_CLIENT_NODES] = {.name = "client_nodes",
                          .alias = "nodes",
                          .type = OPTION_COUNT,
                          .setup = IN_COLOCATED,
                          .def = "auto",
                          .min = 1,
                          .max = NO_LIMIT,
                          .tag = "N",
                          .group = GROUP_STUDY,
                          .help = "nodes that run clients; auto: all that the "
                                  "databases leave"},
    [OPT_CLIENTS_PER_NODE] = {.name = "clients_per_node",
                              .type = OPTION_COUNT,
                              .def = "auto",
                              .min = 1,
                              .max = NO_LIMIT,
                              .tag = "T",
                              .group = GROUP_STUDY,
                              .help = "clients on each client node; auto: all "
                                      "ranks of the node"},
    [OPT_LANGUAGES] = {.name = "languages",
                       .alias = "language",
                       .type = OPTION_CHOICE,
                       .def = "c",
                       .choices = languages,
                       .tag = "LANG",
                       .group = GROUP_STUDY,
                       .brief = "language of the client's loop",
                       .help = "language of the client's loop: c, cpp, "
                               "fortran"},
    [OPT_CLIENT] = {.name = "client",
                    .type = OPTION_CHOICE,
                    .def = "socket",
                    .handed = HANDED_CLIENTS,
                    .tag = "CLIENT",
                    .group = GROUP_STUDY,
                    .help = "how a rank reaches the database"},
    [OPT_COMMAND_SET] =
        {.name = "command_set",
         .type = OPTION_CHOICE,
         .told = TOLD_ANEW,
         .only = IN_THROUGHPUT,
         .def = "plain",
         .choices = command_sets,
         .tag = "COMMANDS",
         .group = GROUP_STUDY,
         .brief = "SET and GET, or RedisAI's own",
         .help = "plain: SET and GET; redisai: AI.TENSORSET and AI.TENSORGET, "
                 "which SmartSim's own study measured, of servers that have "
                 "RedisAI (db_modules)"},
    [OPT_TRANSPORT] = {.name = "transport",
                       .type = OPTION_CHOICE,
                       .only = IN_COLOCATED,
                       .def = "tcp",
                       .choices = transports,
                       .tag = "TRANSPORT",
                       .group = GROUP_STUDY,
                       .brief =
                           "tcp, or Unix sockets to the own node's database",
                       .help = "how clients reach the database of their node: "
                               "tcp, or unix for a socket in its scratch "
                               "folder"},
    [OPT_SOCKET_BUFFER] =
        {.name = "socket_buffer",
         .type = OPTION_BYTES,
         .def = "auto",
         .min = 4096,
         .max = INT64_C(1073741824),
         .tag = "SOCKBUF",
         .group = GROUP_STUDY,
         .help = "send and receive buffer of each client's socket; "
                 "auto: 256 KiB to send on unix sockets, the "
                 "kernel's own tuning of TCP"},
    [OPT_PIN_APP_CPUS] =
        {.name = "pin_app_cpus",
         .type = OPTION_FLAG,
         .def = "false",
         .tag = "PIN",
         .group = GROUP_STUDY,
         .help = "keep each client on a CPU that no database uses"},
    [OPT_KEYS] = {.name = "keys",
                  .type = OPTION_CHOICE,
                  .only = IN_STANDARD & IN_THROUGHPUT,
                  .def = "smartsim",
                  .choices = key_schemes,
                  .tag = "KEYS",
                  .group = GROUP_STUDY,
                  .brief = "as SmartSim names them, or even on all shards",
                  .help = "smartsim: throughput_rank_N, wherever it hashes; "
                          "balanced: every shard gets its even share"},
    [OPT_SYNC] = {.name = "sync",
                  .type = OPTION_CHOICE,
                  .def = "start",
                  .choices = syncs,
                  .tag = "SYNC",
                  .group = GROUP_STUDY,
                  .brief = "what holds the clients together",
                  .help =
                      "what holds the clients together: nothing, one agreed "
                      "start of the timed loop, or a start of every iteration"},
    [OPT_PATTERN] = {.name = "pattern",
                     .type = OPTION_CHOICE,
                     .only = IN_THROUGHPUT,
                     .def = "pair",
                     .choices = patterns,
                     .tag = "PATTERN",
                     .group = GROUP_STUDY,
                     .brief = "put and get in turn, all puts first, or "
                              "writers and readers",
                     .help =
                         "pair: put and get in turn; phases: all puts, then, "
                         "when all clients have done theirs, all gets; "
                         "exchange: some clients write step after step, the "
                         "others read what these wrote, as a trainer does; "
                         "aggregate: the same of data sets, whose names "
                         "writers append to a list of each step, which readers "
                         "await and get; in both history is all unless it is "
                         "given, and retire delete"},
    [OPT_READERS_PER_NODE] =
        {.name = "readers_per_node",
         .type = OPTION_COUNT,
         .only = IN_THROUGHPUT,
         .def = "auto",
         .max = NO_LIMIT,
         .tag = "READERS",
         .group = GROUP_STUDY,
         .brief = "with pattern: exchange or aggregate, readers of a node",
         .help = "with pattern: exchange or aggregate, how many of each node's "
                 "clients read, its last ones; the others write; auto: 1, or "
                 "0 where readers have nodes of their own"},
    [OPT_READER_NODES] =
        {.name = "reader_nodes",
         .type = OPTION_COUNT,
         .only = IN_STANDARD & IN_THROUGHPUT,
         .def = "0",
         .max = NO_LIMIT,
         .tag = "READERN",
         .group = GROUP_STUDY,
         .brief = "with pattern: exchange or aggregate, nodes that all read",
         .help = "with pattern: exchange or aggregate, nodes beside "
                 "client_nodes whose clients all read, as those of a trainer "
                 "do"},
    [OPT_WAIT] = {.name = "wait",
                  .type = OPTION_SECONDS,
                  .only = IN_THROUGHPUT,
                  .def = "1ms",
                  .max = DAY,
                  .words = wait_words,
                  .words_value = "wait_value",
                  .tag = "WAIT",
                  .group = GROUP_STUDY,
                  .brief = "with pattern: exchange or aggregate, a reader's "
                           "pause between polls",
                  .help = "with pattern: exchange or aggregate, how long a "
                          "reader pauses when what it asked for is not there "
                          "yet; spin: not at all; block, of exchange: it does "
                          "not ask, but has the server tell it (XREAD BLOCK of "
                          "a stream to which the writer adds each step); where "
                          "there are no streams it spins"},
    [OPT_CONTROL_BYTES] =
        {.name = "control_bytes",
         .type = OPTION_BYTES,
         .only = IN_THROUGHPUT,
         .def = "0",
         .max = INT64_C(4294967296),
         .tag = "CONTROL",
         .group = GROUP_STUDY,
         .brief = "with pattern: exchange, a small tensor after each step",
         .help = "with pattern: exchange, a small tensor that a writer puts "
                 "after those of a step and a reader gets after them, each an "
                 "operation of its own; a step is there when this is; 0: none, "
                 "else a multiple of 4"},
    [OPT_FAN] = {.name = "fan",
                 .type = OPTION_CHOICE,
                 .only = IN_THROUGHPUT,
                 .def = "own",
                 .choices = fans,
                 .tag = "FAN",
                 .group = GROUP_STUDY,
                 .brief =
                     "with pattern: exchange or aggregate, who reads whose",
                 .help =
                     "with pattern: exchange or aggregate, who reads whose; "
                     "own: writers are divided among the readers in the "
                     "order of their ranks, those of a node among its "
                     "own where databases are colocated; all: each reader "
                     "reads those of all, or of all on its node"},
    [OPT_DEVICE] = {.name = "device",
                    .type = OPTION_CHOICE,
                    .def = "auto",
                    .choices = devices,
                    .aliases = device_aliases,
                    .tag = "DEVICE",
                    .group = GROUP_INFERENCE,
                    .brief = "where models run: cpu or gpu",
                    .help = "where models and scripts run; auto: cpu; of the "
                            "throughput of command_set redisai it is recorded "
                            "only: tensors lie in the memory of the host "
                            "either way"},
    [OPT_BATCH_SIZE] =
        {.name = "batch_size",
         .type = OPTION_COUNT,
         .only = IN_INFERENCE,
         .def = "0",
         .max = 1000000,
         .tag = "BATCH",
         .group = GROUP_INFERENCE,
         .brief = "inputs that one run of the model may take together",
         .help = "inputs, of several clients, that one run of the model may "
                 "take together, as far as they wait (RedisAI's BATCHSIZE); 0: "
                 "each is run by itself"},
    [OPT_MODEL_KEYS] =
        {.name = "model_keys",
         .type = OPTION_CHOICE,
         .told = TOLD_NOT,
         .only = IN_STANDARD & IN_INFERENCE,
         .def = "aligned",
         .choices = model_keys,
         .tag = "KEYS",
         .group = GROUP_INFERENCE,
         .brief = "how tensors come to models of a cluster",
         .help =
             "aligned: a client's tensors and the model that it runs are on "
             "one shard; copied: as SmartRedis 0.6.1 has it, whose tensors "
             "are on any shard: a client copies what goes in and out to and "
             "from the model's, script_call is set"},
    [OPT_TENSORS] = {.name = "tensors",
                     .alias = "tensors_per_dataset",
                     .type = OPTION_COUNT,
                     .only = IN_THROUGHPUT,
                     .def = "1",
                     .min = 1,
                     .max = 1024,
                     .tag = "TENSORS",
                     .group = GROUP_STUDY,
                     .help = "tensors of each step, each with a key of its "
                             "own; a put and a get are of all of them"},
    [OPT_PIPELINED] = {.name = "pipelined",
                       .type = OPTION_FLAG,
                       .only = IN_THROUGHPUT,
                       .def = "false",
                       .tag = "PIPELINED",
                       .group = GROUP_STUDY,
                       .brief = "several tensors back to back",
                       .help = "of several tensors the puts go out back to "
                               "back, and likewise the gets; false: each "
                               "waits for the reply to the one before; with "
                               "pattern: aggregate true unless it is given"},
    [OPT_HISTORY] = {.name = "history",
                     .type = OPTION_COUNT,
                     .only = IN_THROUGHPUT,
                     .def = "1",
                     .min = 1,
                     .max = NO_LIMIT,
                     .words = history_words,
                     .words_value = "history_value",
                     .tag = "HIST",
                     .group = GROUP_STUDY,
                     .brief = "steps that stay in the database",
                     .help = "steps that stay in the database, under keys of "
                             "their own; all: none goes"},
    [OPT_RETIRE] = {.name = "retire",
                    .type = OPTION_CHOICE,
                    .only = IN_THROUGHPUT,
                    .def = "overwrite",
                    .choices = retirements,
                    .tag = "RETIRE",
                    .group = GROUP_STUDY,
                    .brief = "how a step older than history goes",
                    .help = "how a step older than history goes; overwrite: "
                            "its keys are used again; delete: they are removed "
                            "(UNLINK), which is timed; expire: by itself, "
                            "expire_after it was put, whatever history says"},
    [OPT_EXPIRE_AFTER] = {.name = "expire_after",
                          .type = OPTION_SECONDS,
                          .only = IN_THROUGHPUT,
                          .def = "auto",
                          .max = DAY,
                          .tag = "EXPIRE",
                          .group = GROUP_STUDY,
                          .brief = "with retire: expire, how long a step stays",
                          .help = "with retire: expire, and required there: "
                                  "how long a step stays (SET ... PX); whole "
                                  "milliseconds; auto: not said"},
    [OPT_COMPUTE] =
        {.name = "compute",
         .type = OPTION_SECONDS,
         .def = "0s",
         .min = -1,
         .max = DAY,
         .tag = "COMPUTE",
         .group = GROUP_STUDY,
         .brief = "what a client computes before each exchange",
         .help = "what a client computes before each exchange, as a solver "
                 "does: a fixed amount of work, of so much CPU time when "
                 "nothing else runs; 0s: nothing"},
    [OPT_COMPUTE_KIND] =
        {.name = "compute_kind",
         .type = OPTION_CHOICE,
         .def = "spin",
         .choices = compute_kinds,
         .tag = "KIND",
         .group = GROUP_STUDY,
         .brief = "arithmetic, sleep, or arithmetic through memory",
         .help = "what it does meanwhile; spin: arithmetic in registers; "
                 "sleep: nothing, as where another device computes; stream: "
                 "arithmetic over a buffer of 32 MiB"},
    [OPT_RATE] = {.name = "rate",
                  .type = OPTION_RATE,
                  .def = "max",
                  .max = 1000000,
                  .words = rate_words,
                  .words_value = "rate_value",
                  .tag = "RATE",
                  .group = GROUP_STUDY,
                  .brief = "steps a second that each client is offered",
                  .help = "steps a second that each client is offered, by a "
                          "schedule that nothing shifts; max: the next when "
                          "the one before has ended; search: find the rate at "
                          "which sustain still holds"},
    [OPT_ARRIVALS] = {.name = "arrivals",
                      .type = OPTION_CHOICE,
                      .def = "uniform",
                      .choices = arrivals,
                      .tag = "ARRIVALS",
                      .group = GROUP_STUDY,
                      .brief = "how a rate's steps are spread",
                      .help = "how a rate's steps are spread; uniform: evenly, "
                              "clients one after the other; poisson: at "
                              "random, by seed"},
    [OPT_TENSOR_BYTES] = {.name = "tensor_bytes",
                          .type = OPTION_BYTES,
                          .told = TOLD_ANEW,
                          .only = IN_THROUGHPUT,
                          .def = "[1024, 8192, 16384, 32769, 65538, 131076, "
                                 "262152, 524304, 1024000, 2048000, 4096000]",
                          .min = 4,
                          .max = INT64_C(4294967296),
                          .tag = "TB",
                          .group = GROUP_STUDY,
                          .help = "size of the tensor; float32 elements, "
                                  "rounded down to whole ones"},
    [OPT_EXP_NAME] = {.name = "exp_name",
                      .type = OPTION_TEXT,
                      .def = "auto",
                      .help = "name of the study and of its folder of results; "
                              "auto: throughput-standard-scaling, "
                              "throughput-colocated-scaling, or "
                              "throughput-scaling for both; of models "
                              "inference-standard-scaling and so on"},
    [OPT_OUTPUT] = {.name = "output",
                    .type = OPTION_TEXT,
                    .resume_free = true,
                    .def = "auto",
                    .help = "the result file; auto: "
                            "results/EXP_NAME/run-DATE-TIME.h5, with -2 and "
                            "so on behind it where several begin in one "
                            "second; none: keep no file"},
    [OPT_OVERWRITE] = {.name = "overwrite",
                       .type = OPTION_FLAG,
                       .resume_free = true,
                       .def = "false",
                       .brief = "replace files that exist",
                       .help = "replace the result file, summary_json and "
                               "tuned, where they exist"},
    [OPT_RESUME] = {.name = "resume",
                    .type = OPTION_FLAG,
                    .resume_free = true,
                    .def = "false",
                    .brief = "run what a study that was ended has not run",
                    .help = "where the result file exists, keep its completed "
                            "permutations and run the others; the study must "
                            "be the same"},
    [OPT_ITERATIONS] = {.name = "iterations",
                        .type = OPTION_COUNT,
                        .def = "100",
                        .min = 1,
                        .max = 1000000000,
                        .tag = "ITER",
                        .group = GROUP_LOOP,
                        .help = "timed put/get pairs of each client"},
    [OPT_DURATION] = {.name = "duration",
                      .type = OPTION_SECONDS,
                      .def = "auto",
                      .max = DAY,
                      .group = GROUP_LOOP,
                      .brief = "how long the loop runs, instead of iterations",
                      .help = "how long the timed loop runs, in place of "
                              "iterations; auto: as long as those take, and in "
                              "srbench tune 1s"},
    [OPT_MAX_SAMPLES] =
        {.name = "max_samples",
         .type = OPTION_COUNT,
         .def = "10000",
         .min = 16,
         .max = 100000000,
         .group = GROUP_LOOP,
         .brief = "with duration: the most timings that a client keeps",
         .help = "with duration: the most timings of each operation that a "
                 "client keeps; of more, every second, fourth, ... one"},
    [OPT_WARMUP] = {.name = "warmup",
                    .type = OPTION_COUNT,
                    .def = "1",
                    .max = 1000000,
                    .group = GROUP_LOOP,
                    .help = "pairs before them that do not count; kept in the "
                            "file, marked"},
    [OPT_SUSTAIN] =
        {.name = "sustain",
         .type = OPTION_MAP,
         .def = "{}",
         .group = GROUP_LOOP,
         .brief = "with rate: search, what must hold",
         .help = "with rate: search, what must hold: one limit on a response "
                 "or service figure, as in expect, such as "
                 "{put_response_p99: \"< 5ms\"}"},
    [OPT_REPETITIONS] = {.name = "repetitions",
                         .type = OPTION_COUNT,
                         .def = "1",
                         .min = 1,
                         .max = 1000000,
                         .tag = "REP",
                         .group = GROUP_LOOP,
                         .help = "how often each permutation is run"},
    [OPT_UNTIL_INTERVAL] =
        {.name = "until_interval",
         .type = OPTION_PERCENT,
         .def = "auto",
         .group = GROUP_LOOP,
         .brief = "repeat until medians are known so well",
         .help = "stop repeating when the medians' 95 % intervals over at "
                 "least three repetitions are within this much of them, such "
                 "as 2%; repetitions is the ceiling; auto: run all"},
    [OPT_ORDER] = {.name = "order",
                   .type = OPTION_CHOICE,
                   .def = "plan",
                   .choices = orders,
                   .group = GROUP_LOOP,
                   .brief = "in which order permutations run",
                   .help =
                       "in which order permutations run: as planned, or random "
                       "(database set-ups, and within each its permutations)"},
    [OPT_SEED] = {.name = "seed",
                  .type = OPTION_COUNT,
                  .resume_free = true,
                  .def = "auto",
                  .max = INT64_MAX,
                  .group = GROUP_LOOP,
                  .help =
                      "of the random order, of srbench tune's, of arrivals: "
                      "poisson, and of a model's inputs; auto: drawn, and "
                      "recorded"},
    [OPT_WALL_TIME] = {.name = "wall_time",
                       .type = OPTION_SECONDS,
                       .resume_free = true,
                       .def = "auto",
                       .max = 366 * DAY,
                       .group = GROUP_LOOP,
                       .brief =
                           "start nothing that would not end within this time",
                       .help = "start no permutation that would not finish "
                               "within this time of srbench's start, by what "
                               "its like took; auto: what the job has, which "
                               "is respected anyway"},
    [OPT_TERM_GRACE] = {.name = "term_grace",
                        .type = OPTION_SECONDS,
                        .resume_free = true,
                        .def = "15s",
                        .min = -1,
                        .max = DAY,
                        .group = GROUP_LOOP,
                        .brief = "time to finish in after SIGTERM",
                        .help = "what the running permutation has to finish "
                                "after SIGTERM, SIGINT or SIGHUP; then it is "
                                "broken off"},
    [OPT_VERIFY] = {.name = "verify",
                    .type = OPTION_CHOICE,
                    .def = "ends",
                    .choices = verifications,
                    .group = GROUP_LOOP,
                    .brief = "which tensors are checked, outside of the timing",
                    .help = "check of the payload, outside the timed spans: of "
                            "no pair, of the first and last, of all"},
    [OPT_DB_PORT] = {.name = "db_port",
                     .type = OPTION_COUNT,
                     .told = TOLD_SAME,
                     .starts = true,
                     .resume_free = true,
                     .def = "auto",
                     .min = 1024,
                     .max = SRB_PORT_MAX,
                     .may_be_zero = true,
                     .group = GROUP_DATABASE,
                     .help = "first port; further shards on the same host take "
                             "the next ones; 0: free ones of each host, found "
                             "when the databases start; auto: 6780 and the "
                             "next ones where these are free, else as 0"},
    [OPT_DB_HOSTS] = {.name = "db_hosts",
                      .type = OPTION_TEXT,
                      .told = TOLD_NOT,
                      .starts = true,
                      .list = true,
                      .resume_free = true,
                      .only = IN_STANDARD,
                      .def = "auto",
                      .group = GROUP_NODES,
                      .brief = "the hosts that run the database",
                      .help = "the hosts that run the database, and no "
                              "clients: names, short or fully qualified, or "
                              "Slurm host lists, such as nid[0001-0004,0010]; "
                              "auto: the last nodes of the job"},
    [OPT_NODE_FEATURE] = {.name = "node_feature",
                          .type = OPTION_MAP,
                          .def = "{}",
                          .group = GROUP_NODES,
                          .brief = "features that client nodes must have",
                          .help = "features that client nodes must have by the "
                                  "batch system's word, such as {C: V100}; C "
                                  "and constraint take Slurm's expressions"},
    [OPT_DB_NODE_FEATURE] =
        {.name = "db_node_feature",
         .type = OPTION_MAP,
         .told = TOLD_NOT,
         .starts = true,
         .only = IN_STANDARD,
         .def = "{}",
         .group = GROUP_NODES,
         .brief = "those of database nodes",
         .help = "the same of database nodes; with run_db_as_batch arguments "
                 "of the submission, others (exclusive) too"},
    [OPT_DB_ADDRESS] =
        {.name = "db_address",
         .type = OPTION_TEXT,
         .only = IN_STANDARD,
         .def = "auto",
         .group = GROUP_EXTERNAL,
         .brief = "where they are: host:port, or serve's file",
         .help =
             "databases that run already: the file that srbench serve "
             "writes (awaited for db_timeout), or host:port, several "
             "comma-separated, with rediss:// before them for TLS; of srbench "
             "serve: the file to write"},
    [OPT_DB_AUTH] = {.name = "db_auth",
                     .type = OPTION_TEXT,
                     .resume_free = true,
                     .only = IN_STANDARD,
                     .def = "auto",
                     .group = GROUP_EXTERNAL,
                     .brief = "a file with their user and password",
                     .help = "with db_address=host:port: a file that its owner "
                             "alone may read, with 'user password' or "
                             "'password' on its first line; auto: the "
                             "environment's SRBENCH_DB_AUTH, else none"},
    [OPT_DB_TLS_CA] =
        {.name = "db_tls_ca",
         .type = OPTION_TEXT,
         .resume_free = true,
         .only = IN_STANDARD,
         .def = "auto",
         .group = GROUP_EXTERNAL,
         .brief = "TLS: the certificates of the authorities",
         .help = "with db_address=rediss://host:port: the certificates of the "
                 "authorities that its certificate may be signed by, a file or "
                 "folder; auto: those that the system trusts"},
    [OPT_DB_TLS_CERT] =
        {.name = "db_tls_cert",
         .type = OPTION_TEXT,
         .resume_free = true,
         .only = IN_STANDARD,
         .def = "auto",
         .group = GROUP_EXTERNAL,
         .brief = "TLS: the certificate to show",
         .help = "with rediss://: the certificate that this side shows, with "
                 "db_tls_key; auto: none"},
    [OPT_DB_TLS_KEY] =
        {.name = "db_tls_key",
         .type = OPTION_TEXT,
         .resume_free = true,
         .only = IN_STANDARD,
         .def = "auto",
         .group = GROUP_EXTERNAL,
         .brief = "TLS: its key",
         .help = "the key of db_tls_cert, a file without a password"},
    [OPT_DB_TLS_NAME] =
        {.name = "db_tls_name",
         .type = OPTION_TEXT,
         .resume_free = true,
         .only = IN_STANDARD,
         .def = "auto",
         .group = GROUP_EXTERNAL,
         .brief = "TLS: the name that servers must bear",
         .help =
             "with rediss://: the name that the certificates of all servers "
             "must bear, also sent to them (SNI); auto: each its own host"},
    [OPT_FLUSH] = {.name = "flush",
                   .type = OPTION_FLAG,
                   .only = IN_STANDARD,
                   .def = "false",
                   .group = GROUP_EXTERNAL,
                   .brief = "remove all of their data before each permutation",
                   .help = "with db_address=host:port: remove all data of "
                           "those servers before each permutation; false: "
                           "touch nothing but this run's own keys"},
    [OPT_DB_MAX_CLIENTS] =
        {.name = "db_max_clients",
         .type = OPTION_COUNT,
         .told = TOLD_ANEW,
         .starts = true,
         .def = "auto",
         .min = 1,
         .max = 1000000,
         .group = GROUP_DATABASE,
         .help = "connections that each server has room for; auto: as many as "
                 "the permutations need, of srbench serve 10000"},
    [OPT_RUN_DB_AS_BATCH] =
        {.name = "run_db_as_batch",
         .type = OPTION_FLAG,
         .only = IN_STANDARD,
         .def = "false",
         .group = GROUP_EXTERNAL,
         .brief = "run them as batch jobs of their own",
         .help = "run each database set-up as a batch job of its own, of "
                 "db_nodes nodes; all nodes of this job may run clients"},
    [OPT_BATCH_ARGS] = {.name = "batch_args",
                        .type = OPTION_MAP,
                        .only = IN_STANDARD,
                        .def = "{}",
                        .group = GROUP_EXTERNAL,
                        .brief = "arguments of their submission",
                        .help = "further arguments of that submission, such as "
                                "{partition: db, A: project}; without a value: "
                                "{exclusive: null}"},
    [OPT_BATCH_TIMEOUT] = {.name = "batch_timeout",
                           .type = OPTION_SECONDS,
                           .resume_free = true,
                           .only = IN_STANDARD,
                           .def = "1h",
                           .max = 30 * DAY,
                           .group = GROUP_EXTERNAL,
                           .help = "longest wait for such a job to start"},
    [OPT_LIFELINE] = {.name = "lifeline",
                      .type = OPTION_TEXT,
                      .resume_free = true,
                      .only = IN_STANDARD,
                      .def = "auto",
                      .group = GROUP_EXTERNAL,
                      .brief = "of srbench serve: a socket that ends it",
                      .help = "of srbench serve: address:port of a socket; "
                              "serving ends when that is closed (the job with "
                              "the clients gives it to its databases' job); "
                              "auto: none"},
    [OPT_ROLE] = {.name = "role",
                  .type = OPTION_CHOICE,
                  .resume_free = true,
                  .def = "auto",
                  .choices = roles,
                  .group = GROUP_NODES,
                  .brief = "what the nodes of this part of the job may run",
                  .help = "what the nodes of this part of the job may run, "
                          "where it was started in several (mpiexec's :); on "
                          "each part's command line, not in the file"},
    [OPT_DB_MODULES] =
        {.name = "db_modules",
         .type = OPTION_TEXT,
         .told = TOLD_SAME,
         .starts = true,
         .list = true,
         .def = "auto",
         .group = GROUP_DATABASE,
         .brief = "modules for the servers to load",
         .help = "modules for the servers to load: each a path and, behind "
                 "blanks, its arguments, such as /opt/redisai.so "
                 "INTRA_OP_PARALLELISM 1 (neither has blanks in it); one whose "
                 "file's name has redisai in it is RedisAI; auto: none, and "
                 "where models are run the redisai.so that RAI_PATH names, or "
                 "that lies in the folder it names"},
    [OPT_MODEL] =
        {.name = "model",
         .type = OPTION_TEXT,
         .told = TOLD_NOT,
         .only = IN_INFERENCE,
         .def = "auto",
         .group = GROUP_INFERENCE,
         .brief = "the file with the model",
         .help = "the file with the model; auto: ResNet-50 with its script and "
                 "shapes, resnet50.cpu.pt or resnet50.gpu.pt beside the "
                 "configuration or in the folder that SRBENCH_MODELS names "
                 "(srbench-model makes them)"},
    [OPT_MODEL_BACKEND] = {.name = "model_backend",
                           .type = OPTION_CHOICE,
                           .only = IN_INFERENCE,
                           .def = "TORCH",
                           .choices = backends,
                           .aliases = backend_aliases,
                           .group = GROUP_INFERENCE,
                           .brief = "what runs it",
                           .help = "RedisAI's back end for the model: TORCH, "
                                   "TF, TFLITE, ONNX"},
    [OPT_MODEL_INPUT] =
        {.name = "model_input",
         .type = OPTION_TEXT,
         .only = IN_INFERENCE,
         .def = "none",
         .group = GROUP_INFERENCE,
         .brief = "of TF: the node that takes the input",
         .help = "with model_backend TF: the name of the graph's node that "
                 "takes the input; none: there is no such name"},
    [OPT_MODEL_OUTPUT] =
        {.name = "model_output",
         .type = OPTION_TEXT,
         .only = IN_INFERENCE,
         .def = "none",
         .group = GROUP_INFERENCE,
         .brief = "and the one that gives the output",
         .help = "the name of the node that gives the output, with "
                 "model_input; none: there is no such name"},
    [OPT_SCRIPT] =
        {.name = "script",
         .type = OPTION_TEXT,
         .only = IN_INFERENCE,
         .def = "auto",
         .group = GROUP_INFERENCE,
         .brief = "a file with TorchScript to run before the model",
         .help = "a file with TorchScript that makes the model's input of "
                 "what a client puts; auto: that of model: auto, else none; "
                 "none: a client's tensor is the model's input"},
    [OPT_SCRIPT_FUNCTION] =
        {.name = "script_function",
         .type = OPTION_TEXT,
         .only = IN_INFERENCE,
         .def = "auto",
         .group = GROUP_INFERENCE,
         .brief = "its function",
         .help = "the function of script; auto: pre_process, and with "
                 "script_call set pre_process_3ch"},
    [OPT_SCRIPT_CALL] =
        {.name = "script_call",
         .type = OPTION_CHOICE,
         .only = IN_INFERENCE,
         .def = "store",
         .choices = script_calls,
         .group = GROUP_INFERENCE,
         .brief = "by which commands it runs",
         .help = "store: AI.SCRIPTSTORE and SCRIPTEXECUTE, of a function "
                 "f(tensors, keys, args) of lists; set: AI.SCRIPTSET and "
                 "SCRIPTRUN, of f(tensor), as SmartRedis sends"},
    [OPT_INPUT_SHAPE] = {.name = "input_shape",
                         .type = OPTION_DIMS,
                         .only = IN_INFERENCE,
                         .def = "auto",
                         .group = GROUP_INFERENCE,
                         .brief = "of what a client puts",
                         .help = "shape of the tensor that a client puts, "
                                 "float32; auto: that of model: auto, "
                                 "224x224x3"},
    [OPT_OUTPUT_SHAPE] = {.name = "output_shape",
                          .type = OPTION_DIMS,
                          .only = IN_INFERENCE,
                          .def = "auto",
                          .group = GROUP_INFERENCE,
                          .brief = "of what it gets",
                          .help = "shape of the tensor that comes back, "
                                  "float32; auto: that of model: auto, "
                                  "1x1000"},
    [OPT_MIN_BATCH_SIZE] =
        {.name = "min_batch_size",
         .type = OPTION_COUNT,
         .only = IN_INFERENCE,
         .def = "0",
         .max = 1000000,
         .group = GROUP_INFERENCE,
         .brief = "with batch_size: inputs that a run waits for",
         .help = "with batch_size: so many inputs a run of the model waits "
                 "for, for min_batch_timeout at most; 0: it waits for none"},
    [OPT_MIN_BATCH_TIMEOUT] =
        {.name = "min_batch_timeout",
         .type = OPTION_SECONDS,
         .only = IN_INFERENCE,
         .def = "0s",
         .min = -1,
         .max = DAY,
         .group = GROUP_INFERENCE,
         .brief = "and how long at most",
         .help = "how long a run of the model waits for min_batch_size inputs "
                 "at most, in whole milliseconds"},
    [OPT_NUM_DEVICES] =
        {.name = "num_devices",
         .type = OPTION_COUNT,
         .only = IN_INFERENCE,
         .def = "1",
         .min = 1,
         .max = 64,
         .group = GROUP_INFERENCE,
         .brief = "GPUs of each server's node that run models",
         .help = "GPUs of each server's node that run models; client N uses "
                 "number N modulo these"},
    [OPT_REFERENCE] =
        {.name = "reference",
         .type = OPTION_TEXT,
         .only = IN_INFERENCE,
         .def = "none",
         .group = GROUP_INFERENCE,
         .brief = "a file with the output that is expected",
         .help = "a file with the output for the first input of client 0, "
                 "float32 as they lie in memory (srbench-model reference "
                 "makes it for a seed); none: outputs are compared among "
                 "themselves"},
    [OPT_NET_IFNAME] = {.name = "net_ifname",
                        .type = OPTION_TEXT,
                        .told = TOLD_SAME,
                        .def = "auto",
                        .group = GROUP_NODES,
                        .help = "network interface of the databases, such as "
                                "ib0; auto: lo on one host, else chosen and "
                                "reported"},
    [OPT_LAUNCHER] = {.name = "launcher",
                      .type = OPTION_CHOICE,
                      .resume_free = true,
                      .def = "auto",
                      .choices = launchers,
                      .group = GROUP_NODES,
                      .help = "the batch system that the job runs under; auto: "
                              "the one whose variables are there"},
    [OPT_OP_TIMEOUT] = {.name = "op_timeout",
                        .type = OPTION_SECONDS,
                        .told = TOLD_SAME,
                        .resume_free = true,
                        .def = "30s",
                        .max = DAY,
                        .group = GROUP_LOOP,
                        .help = "longest wait for one reply"},
    [OPT_DB_TIMEOUT] = {.name = "db_timeout",
                        .type = OPTION_SECONDS,
                        .told = TOLD_SAME,
                        .resume_free = true,
                        .def = "60s",
                        .max = DAY,
                        .group = GROUP_DATABASE,
                        .help = "longest wait for a database to be ready"},
    [OPT_VIRTUAL_NODES] = {.name = "virtual_nodes",
                           .type = OPTION_COUNT,
                           .def = "1",
                           .min = 1,
                           .max = 65536,
                           .group = GROUP_NODES,
                           .help = "cut every node into this many virtual "
                                   "ones"},
    [OPT_MACHINE] = {.name = "machine",
                     .type = OPTION_SHAPE,
                     .resume_free = true,
                     .def = "auto",
                     .min = 1,
                     .max = 1000000,
                     .group = GROUP_NODES,
                     .brief = "with --dry_run: plan for an imaginary job",
                     .help = "with --dry_run only: plan for an imaginary job; "
                             "auto: the real one"},
    [OPT_EXPECT] =
        {.name = "expect",
         .type = OPTION_MAPS,
         .def = "{}",
         .brief = "limits on figures; a breach is exit status 3",
         .help =
             "limits on figures of the summary, such as {window: \"> "
             "1GB/s\"}: <, <=, > or >=, a number and its unit, or of `limit` "
             "a word or != and one; in a list of maps, names of axes say for "
             "which permutations: "
             "[{tensor_bytes: 1MiB, put_tensor_p99: \"< 2ms\"}]; a breach "
             "ends srbench with exit status 3"},
    [OPT_SUMMARY_JSON] = {.name = "summary_json",
                          .type = OPTION_TEXT,
                          .resume_free = true,
                          .def = "none",
                          .brief = "a file for the summary, as JSON",
                          .help = "a file for what /summary holds, as JSON, "
                                  "written at the end; none: no such file"},
    [OPT_FIGURES] = {.name = "figures",
                     .type = OPTION_TEXT,
                     .resume_free = true,
                     .def = "none",
                     .help = "where a line for scripts goes of each figure "
                             "(SRBENCH_FOM ...): stdout, all together before "
                             "the verdict; or a file, which is whole at any "
                             "time; none: nowhere"},
    [OPT_QUIET] = {.name = "quiet",
                   .type = OPTION_FLAG,
                   .resume_free = true,
                   .def = "false",
                   .help = "on standard output the verdict only (and "
                           "figures), on standard error problems only"},
    [OPT_VERBOSE] = {.name = "verbose",
                     .type = OPTION_FLAG,
                     .resume_free = true,
                     .def = "false",
                     .brief = "say more of each permutation and database",
                     .help = "on standard error, every permutation with its "
                             "placement, and which databases were started or "
                             "reused, and why"},
    [OPT_NULL_CLIENT] = {.name = "null_client",
                         .type = OPTION_MAP,
                         .resume_free = true,
                         .def = "{}",
                         .for_tests = true,
                         .help = "faults of the client null, for tests: "
                                 "fail_at, hang_at, alter_at, client, delay"},
    [OPT_OBJECTIVE] =
        {.name = "objective",
         .type = OPTION_TEXT,
         .def = "window",
         .group = GROUP_TUNE,
         .brief = "the figure that is to be better",
         .help = "of srbench tune: the figure of /summary that is to be "
                 "better, a rate (window, window_ops, ...) higher, a time "
                 "(put_tensor_p99, ...) or an overhead lower; where steps "
                 "compute or have a rate there is no window"},
    [OPT_TUNE_TIME] = {.name = "tune_time",
                       .type = OPTION_SECONDS,
                       .resume_free = true,
                       .def = "auto",
                       .max = 366 * DAY,
                       .group = GROUP_TUNE,
                       .brief = "how long to look for it",
                       .help = "of srbench tune: after this time no more is "
                               "tried, and what was found by then is measured "
                               "beside the base and reported; auto: until "
                               "nothing more helps"},
    [OPT_TUNED] = {.name = "tuned",
                   .type = OPTION_TEXT,
                   .resume_free = true,
                   .def = "none",
                   .group = GROUP_TUNE,
                   .brief = "a file for the configuration found",
                   .help = "of srbench tune: a file for the configuration that "
                           "was found, which --config reads, each line with "
                           "its effect as a comment; none: no such file"},
};
