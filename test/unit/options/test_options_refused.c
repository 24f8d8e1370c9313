/* Options: what is refused, and in which words. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/options_line.h"
#include "options/options.h"

#define LISTS_ALL " (srbench --help lists all)"
#define NODES_EXPECTED "expected a whole number of at least 1, or auto"
#define SIZE_EXPECTED                                                          \
    "expected a size from 4 B to 4 GiB such as 1024, 64KiB or 1MB"
#define TIME_EXPECTED                                                          \
    "expected a time above 0s and up to 86400s such as 30s, 5m or 05:00:00"
#define EXPERIMENT_EXPECTED                                                    \
    "expected throughput_standard, throughput_colocated, "                     \
    "inference_standard or inference_colocated"
#define SHAPE_EXPECTED                                                         \
    "expected NODESxRANKS such as 136x48, each from 1 to 1000000, or auto"
#define EXPECT_EXPECTED                                                        \
    "expected a map such as {window: \"> 1GB/s\"}, or a list of maps"
#define FOLDER_EXPECTED                                                        \
    "expected a name for one folder (no /, not . or ..), or auto"

struct bad {
    struct line line;
    const char *file;
    const char *words; /* the whole message */
};

static const struct bad bad[] = {
    /* names on the command line */
    {{{"--iteratons=5"}},
     NULL,
     "--iteratons: unknown option; did you mean 'iterations'?" LISTS_ALL},
    {{{"--tensor-byets=5"}},
     NULL,
     "--tensor-byets: unknown option; did you mean 'tensor_bytes'?" LISTS_ALL},
    {{{"--node=5"}},
     NULL,
     "--node: unknown option; did you mean 'nodes'?" LISTS_ALL},
    {{{"--dryrun"}},
     NULL,
     "--dryrun: unknown option; did you mean 'dry_run'?" LISTS_ALL},
    {{{"--cofnig=x"}},
     NULL,
     "--cofnig: unknown option; did you mean 'config'?" LISTS_ALL},
    {{{"-iterations=5"}},
     NULL,
     "-iterations: unknown option; did you mean 'iterations'?" LISTS_ALL},
    {{{"---iterations=5"}},
     NULL,
     "---iterations: unknown option; did you mean 'iterations'?" LISTS_ALL},
    {{{"--gadget=cpu"}}, NULL, "--gadget: unknown option" LISTS_ALL},
    {{{"--gpu_feature=V100"}}, NULL, "--gpu_feature: unknown option" LISTS_ALL},
    {{{"-n", "4"}}, NULL, "-n: unknown option" LISTS_ALL},
    {{{"--"}}, NULL, "--: unknown option" LISTS_ALL},
    {{{"--=5"}}, NULL, "--: unknown option" LISTS_ALL},

    /* options that need, or exclude, each other */
    {{{"--resume", "--overwrite", "--output=a.h5"}},
     NULL,
     "--resume: contradicts overwrite, expected one of the two"},
    {{{"--resume"}},
     NULL,
     "--resume: continues a result file, expected its name (output) with it"},
    {{{"--resume", "--output=none"}},
     NULL,
     "--resume: continues a result file, expected its name (output) with it"},
    {{{"--resume", "--output=a.h5", "--dry_run", "--machine=2x4"}},
     NULL,
     "--resume: needs the machine of the study, expected no machine with it"},
    {{{"--duration=10s", "--iterations=5"}},
     NULL,
     "--iterations: does nothing beside a duration, expected one of the two"},
    {{{"--max_samples=50"}},
     NULL,
     "--max_samples: does nothing without a duration (all iterations are "
     "kept), expected duration with it"},
    {{{"throughput_standard", "--db_auth=secret"}},
     NULL,
     "--db_auth: is for servers of somebody else's, expected db_address: "
     "host:port with it"},
    {{{"throughput_standard", "--db_address=h:1", "--db_tls_ca=file"}},
     NULL,
     "--db_tls_ca: is for servers with TLS, expected db_address: "
     "rediss://host:port with it"},
    {{{"throughput_standard", "--db_tls_name=host"}},
     NULL,
     "--db_tls_name: is for servers with TLS, expected db_address: "
     "rediss://host:port with it"},
    {{{"throughput_standard", "--db_address=rediss://h:1",
       "--db_tls_cert=file"}},
     NULL,
     "--db_tls_cert: is one of two, expected db_tls_cert and db_tls_key"},
    {{{"throughput_standard", "--db_address=rediss://h:1",
       "--db_tls_key=file"}},
     NULL,
     "--db_tls_key: is one of two, expected db_tls_cert and db_tls_key"},
    {{{"throughput_standard", "--flush"}},
     NULL,
     "--flush: is for servers of somebody else's (those that srbench starts "
     "are emptied anyway), expected db_address: host:port with it"},
    {{{"throughput_standard", "--run_db_as_batch", "--db_auth=secret"}},
     NULL,
     "--db_auth: is for servers of somebody else's, expected db_address: "
     "host:port with it"},
    {{{"--until_interval=2%"}},
     NULL,
     "--until_interval: needs at least 3 repetitions to judge an interval, "
     "expected repetitions (the ceiling) of 3 or more with it"},
    {{{"--seed=4"}},
     NULL,
     "--seed: does nothing in the order of the plan, expected order: random "
     "or arrivals: poisson with it"},
    {{{"--seed=4", "--arrivals=poisson", "--rate=max"}},
     NULL,
     "--arrivals: spreads the steps of a rate, expected rate: 100 with it"},
    {{{"--rate=0"}},
     NULL,
     "--rate: found '0', expected a number a second above 0 to 1000000 such as "
     "100 or 100/s, max or search"},
    {{{"--rate=100ms"}},
     NULL,
     "--rate: found '100ms', expected a number a second above 0 to 1000000 "
     "such as 100 or 100/s, max or search"},
    {{{"--rate=1e7"}},
     NULL,
     "--rate: found '1e7', expected a number a second above 0 to 1000000 such "
     "as 100 or 100/s, max or search"},
    {{{"--rate=auto"}},
     NULL,
     "--rate: found 'auto', expected a number a second above 0 to 1000000 such "
     "as 100 or 100/s, max or search"},
    {{{"--rate=[100,100/s]"}},
     NULL,
     "--rate: found '100/s', which the list has already, expected every value "
     "once"},
    {{{"--compute=-1s"}},
     NULL,
     "--compute: found '-1s', expected a time from 0s to 86400s such as "
     "30s, 5m or 05:00:00"},
    {{{"--compute_kind=sleep"}},
     NULL,
     "--compute_kind: does nothing where nothing is computed, expected "
     "compute: 10ms with it"},
    {{{"--rate=[max,100]", "--compute=[0s,1ms]"}},
     NULL,
     "--rate: contradicts compute: steps come by a schedule or after "
     "computing; expected one of the two (rate: max with compute)"},
    {{{"--rate=100", "--sync=[start,none]"}},
     NULL,
     "--rate: contradicts sync: none, since a schedule begins for all clients "
     "at one instant; expected sync: start with a rate"},
    {{{"--rate=100", "--sync=iteration"}},
     NULL,
     "--rate: contradicts sync: iteration, since a schedule waits for no other "
     "client; expected sync: start with a rate"},
    {{{"--rate=0.5", "--duration=1s"}},
     NULL,
     "--rate: found 0.5 with duration: 1s, which is not a step, expected 1 to "
     "1000000000 steps of a client in that time"},
    {{{"--rate=1", "--duration=1s", "--pattern=phases"}},
     NULL,
     "--rate: found 1 with duration: 1s, which is not a step, expected 1 to "
     "1000000000 steps of a client in that time, of which phases have half"},
    {{{"--rate=1e6", "--duration=1h"}},
     NULL,
     "--rate: found 1000000 with duration: 3600s, which is too many, expected "
     "1 to 1000000000 steps of a client in that time"},
    {{{"--rate=search"}},
     NULL,
     "--rate: searches for the rate at which a limit still holds, expected "
     "sustain: {put_response_p99: \"< 5ms\"} with it"},
    {{{"--rate=search", "--sustain={put_response_p99: < 5ms, a: < 1s}"}},
     NULL,
     "--sustain: has more than one limit, and a search goes by one; expected "
     "such as {put_response_p99: \"< 5ms\"}"},
    {{{"--sustain={put_response_p99: < 5ms}"}},
     NULL,
     "--sustain: is what a search goes by, expected rate: search with it"},
    {{{"--rate=search", "--sustain={put_response_p99: < 5ms}",
       "--iterations=9"}},
     NULL,
     "--iterations: does nothing with rate: search, whose probes last a "
     "duration (10 s), expected duration instead"},
    {{{"--until_interval=0.02", "--repetitions=5"}},
     NULL,
     "--until_interval: found '0.02', expected a share above 0% and below "
     "100% such as 2%, or auto"},
    {{{"--until_interval=0%"}},
     NULL,
     "--until_interval: found '0%', expected a share above 0% and below 100% "
     "such as 2%, or auto"},
    {{{"--until_interval=1e1%"}},
     NULL,
     "--until_interval: found '1e1%', expected a share above 0% and below "
     "100% such as 2%, or auto"},
    {{{"--sync=all"}},
     NULL,
     "--sync: found 'all', expected none, start or iteration"},

    /* the experiment */
    {{{"throughput"}},
     NULL,
     "EXPERIMENT: found 'throughput', " EXPERIMENT_EXPECTED},
    {{{""}}, NULL, "EXPERIMENT: found nothing, " EXPERIMENT_EXPECTED},
    {{{"--client_nodes", "2", "4"}},
     NULL,
     "EXPERIMENT: found '4', " EXPERIMENT_EXPECTED},
    {{{"--overwrite", "true"}},
     NULL,
     "EXPERIMENT: found 'true', " EXPERIMENT_EXPECTED},
    {{{"throughput_standard", "throughput_colocated"}},
     NULL,
     "EXPERIMENT: given twice, expected once: several values are one list, "
     "A,B"},
    {{{"throughput_standard", "--experiment=throughput_standard"}},
     NULL,
     "--experiment: the same option as EXPERIMENT, which is given already"},
    {{{"--experiment=[throughput_scaling,throughput_standard]"}},
     NULL,
     "--experiment: found 'throughput_standard', which the list has already, "
     "expected every value once"},

    /* repetition and lack */
    {{{"--iterations=5", "--iterations=5"}},
     NULL,
     "--iterations: given twice, expected once"},
    {{{"--nodes=5", "--client_nodes=5"}},
     NULL,
     "--client_nodes: the same option as --nodes, which is given already"},
    {{{"--config=a", "--config=a"}},
     NULL,
     "--config: given twice ('a' and 'a'), expected one file"},
    {{{"--iterations"}},
     NULL,
     "--iterations: found no value, expected a whole number from 1 to "
     "1000000000"},
    {{{"--nodes", "--overwrite"}},
     NULL,
     "--nodes: found no value, " NODES_EXPECTED},
    {{{"--iterations="}},
     NULL,
     "--iterations: found nothing, expected a whole number from 1 to "
     "1000000000"},
    {{{"--dry_run=perhaps"}},
     NULL,
     "--dry_run: found 'perhaps', expected true or false"},

    /* counts */
    {{{"--clients_per_node=abc"}},
     NULL,
     "--clients_per_node: found 'abc', " NODES_EXPECTED},
    {{{"--clients_per_node=0"}},
     NULL,
     "--clients_per_node: found '0', " NODES_EXPECTED},
    {{{"--clients_per_node", "-1"}},
     NULL,
     "--clients_per_node: found '-1', " NODES_EXPECTED},
    {{{"--nodes=1.5"}}, NULL, "--nodes: found '1.5', " NODES_EXPECTED},
    {{{"--nodes=3000000000"}},
     NULL,
     "--nodes: found '3000000000', expected a whole number from 1 to "
     "2147483647, or auto"},
    {{{"--nodes=\"auto\""}},
     NULL,
     "--nodes: found '\"auto\"', " NODES_EXPECTED},
    {{{"--nodes=a: b"}}, NULL, "--nodes: found 'a: b', " NODES_EXPECTED},
    {{{"--nodes=%x"}}, NULL, "--nodes: found '%x', " NODES_EXPECTED},
    {{{"--db_shards_per_node=auto"}},
     NULL,
     "--db_shards_per_node: found 'auto', expected a whole number from 1 to "
     "1024"},
    {{{"--db_shards_per_node=None"}},
     NULL,
     "--db_shards_per_node: found 'None', expected a whole number from 1 to "
     "1024"},
    {{{"--db_shards_per_node=1025"}},
     NULL,
     "--db_shards_per_node: found '1025', expected a whole number from 1 to "
     "1024"},
    {{{"--db_io_threads=129"}},
     NULL,
     "--db_io_threads: found '129', expected a whole number from 1 to 128"},
    {{{"--iterations=1000000001"}},
     NULL,
     "--iterations: found '1000000001', expected a whole number from 1 to "
     "1000000000"},
    {{{"--db_port=55536"}},
     NULL,
     "--db_port: found '55536', expected a whole number from 1024 to 55535, "
     "0 or auto"},
    {{{"--db_port=80"}},
     NULL,
     "--db_port: found '80', expected a whole number from 1024 to 55535, 0 or "
     "auto"},
    {{{"--db_port=-1"}},
     NULL,
     "--db_port: found '-1', expected a whole number from 1024 to 55535, 0 or "
     "auto"},
    /* beyond any integer, and beyond what a size can be */
    {{{"--iterations=99999999999999999999999999"}},
     NULL,
     "--iterations: found '99999999999999999999999999', expected a whole "
     "number "
     "from 1 to 1000000000"},
    {{{"--iterations=-9223372036854775809"}},
     NULL,
     "--iterations: found '-9223372036854775809', expected a whole number from "
     "1 to 1000000000"},
    {{{"--iterations=1e3"}},
     NULL,
     "--iterations: found '1e3', expected a whole number from 1 to 1000000000"},
    {{{"--iterations=0x10"}},
     NULL,
     "--iterations: found '0x10', expected a whole number from 1 to "
     "1000000000"},
    {{{"--tensor_bytes=-1KiB"}},
     NULL,
     "--tensor_bytes: found '-1KiB', " SIZE_EXPECTED},
    {{{"--tensor_bytes=[1024, -4]"}},
     NULL,
     "--tensor_bytes: found '-4', " SIZE_EXPECTED},
    {{{"--tensor_bytes=18446744073709551620"}},
     NULL,
     "--tensor_bytes: found '18446744073709551620', " SIZE_EXPECTED},
    {{{"--tensor_bytes=99999999TiB"}},
     NULL,
     "--tensor_bytes: found '99999999TiB', " SIZE_EXPECTED},
    {{{"--tensor_bytes=1KiBKiB"}},
     NULL,
     "--tensor_bytes: found '1KiBKiB', " SIZE_EXPECTED},
    {{{"--tensor_bytes=nan"}},
     NULL,
     "--tensor_bytes: found 'nan', " SIZE_EXPECTED},
    {{{"--op_timeout=-5s"}}, NULL, "--op_timeout: found '-5s', " TIME_EXPECTED},
    {{{"--op_timeout=1e400"}},
     NULL,
     "--op_timeout: found '1e400', " TIME_EXPECTED},
    {{{"--op_timeout=inf"}}, NULL, "--op_timeout: found 'inf', " TIME_EXPECTED},
    {{{"--dry_run", "--machine=99999999999x2"}},
     NULL,
     "--machine: found '99999999999x2', " SHAPE_EXPECTED},
    {{{"--dry_run", "--machine=-4x2"}},
     NULL,
     "--machine: found '-4x2', " SHAPE_EXPECTED},
    {{{"--virtual_nodes=0"}},
     NULL,
     "--virtual_nodes: found '0', expected a whole number from 1 to 65536"},
    {{{"--warmup=-1"}},
     NULL,
     "--warmup: found '-1', expected a whole number from 0 to 1000000"},

    /* choices, sizes, times, flags, shapes, texts */
    {{{"--client=carrier"}},
     NULL,
     "--client: found 'carrier', expected socket, hiredis or null"},
    {{{"--client=~"}},
     NULL,
     "--client: found '~', expected socket, hiredis or null"},
    {{{"--verify=None"}},
     NULL,
     "--verify: found 'None', expected none, ends or all"},
    {{{"--tensor_bytes=3"}}, NULL, "--tensor_bytes: found '3', " SIZE_EXPECTED},
    {{{"--tensor_bytes=5GiB"}},
     NULL,
     "--tensor_bytes: found '5GiB', " SIZE_EXPECTED},
    {{{"--tensor_bytes=0.3KiB"}},
     NULL,
     "--tensor_bytes: found '0.3KiB', " SIZE_EXPECTED},
    {{{"--tensor_bytes=64KiB,,1MiB"}},
     NULL,
     "--tensor_bytes: found nothing beside a comma, expected a size from 4 B "
     "to "
     "4 GiB such as 1024, 64KiB or 1MB"},
    {{{"--nodes=2,"}},
     NULL,
     "--nodes: found nothing beside a comma, expected a whole number of at "
     "least 1, or auto"},
    {{{NULL}},
     "warmup: 1\nnodes: 2,x\n",
     "study.yaml:2:8: nodes: found 'x', expected a whole number of at least 1, "
     "or auto"},
    {{{"--nodes=2,2"}},
     NULL,
     "--nodes: found '2', which the list has already, expected every value "
     "once"},
    {{{"--iterations=1,000"}},
     NULL,
     "--iterations: found '1,000', expected a whole number from 1 to "
     "1000000000"},
    {{{"--tensor_bytes=[1024, 1KiB]"}},
     NULL,
     "--tensor_bytes: found '1KiB', which the list has already, expected every "
     "value once"},
    {{{"--op_timeout=0"}}, NULL, "--op_timeout: found '0', " TIME_EXPECTED},
    {{{"--op_timeout=25h"}}, NULL, "--op_timeout: found '25h', " TIME_EXPECTED},
    {{{"--term_grace=25h"}},
     NULL,
     "--term_grace: found '25h', expected a time from 0s to 86400s such as "
     "30s, 5m or 05:00:00"},
    {{{"--db_timeout=nan"}}, NULL, "--db_timeout: found 'nan', " TIME_EXPECTED},
    {{{"--overwrite=maybe"}},
     NULL,
     "--overwrite: found 'maybe', expected true or false"},
    {{{"--overwrite="}},
     NULL,
     "--overwrite: found nothing, expected true or false"},
    {{{"--dry_run", "--machine=136"}},
     NULL,
     "--machine: found '136', " SHAPE_EXPECTED},
    {{{"--dry_run", "--machine=0x48"}},
     NULL,
     "--machine: found '0x48', " SHAPE_EXPECTED},
    {{{"--dry_run", "--machine=4x"}},
     NULL,
     "--machine: found '4x', " SHAPE_EXPECTED},
    {{{"--dry_run", "--machine=4x5x6"}},
     NULL,
     "--machine: found '4x5x6', " SHAPE_EXPECTED},
    {{{"--exp_name=a/b"}}, NULL, "--exp_name: found 'a/b', " FOLDER_EXPECTED},
    {{{"--exp_name=.."}}, NULL, "--exp_name: found '..', " FOLDER_EXPECTED},
    {{{"--exp_name=."}}, NULL, "--exp_name: found '.', " FOLDER_EXPECTED},
    {{{"--exp_name=''"}}, NULL, "--exp_name: found '\"\"', " FOLDER_EXPECTED},
    {{{"--output=\"\""}},
     NULL,
     "--output: found '\"\"', expected a text, or auto"},
    {{{"--output=a\nb"}},
     NULL,
     "--output: found 'a?b', expected a text, or auto"},
    {{{"--output=a\xff"}},
     NULL,
     "--output: found the byte 0xff, which is not UTF-8"},
    {{{"--output=a\xc0\xaf"}},
     NULL,
     "--output: found the byte 0xc0, which is not UTF-8"},
    {{{"--output=a\xed\xa0\x80"}},
     NULL,
     "--output: found the byte 0xed, which is not UTF-8"},
    {{{"--output=a\x07"}},
     NULL,
     "--output: found the character U+0007, which YAML does not allow"},
    {{{"--db_exe="}}, NULL, "--db_exe: found nothing, expected a text"},
    {{{"--db_exe=~"}}, NULL, "--db_exe: found '~', expected a text"},
    {{{"--clients_per_node=aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
       "aaaaaaaaaaaaaaaaaaaaaaaaaaaa"}},
     NULL,
     "--clients_per_node: found "
     "'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa...',"
     " " NODES_EXPECTED},

    /* lists and maps where they do not belong */
    {{{"--iterations=[1,2]"}},
     NULL,
     "--iterations: found a list, but iterations takes one value only (it is "
     "no axis of the sweep), expected a whole number from 1 to 1000000000"},
    {{{"--tensor_bytes=[]"}},
     NULL,
     "--tensor_bytes: found an empty list, " SIZE_EXPECTED},
    {{{"--nodes=[1,[2]]"}},
     NULL,
     "--nodes: found a list or map inside a list, expected single values"},
    {{{"--nodes=[{a: 1}]"}},
     NULL,
     "--nodes: found a list or map inside a list, expected single values"},
    {{{"--nodes=[1,{a: 1}]"}},
     NULL,
     "--nodes: found a list or map inside a list, expected single values"},
    {{{"--nodes=[{a: 1},1]"}},
     NULL,
     "--nodes: found a single value in a list of maps, expected maps only"},
    {{{"--expect=[{a: {b: 1}}]"}},
     NULL,
     "--expect: found a list or map inside a map, expected single values"},
    {{{"--expect=[{a: 1}, [2]]"}},
     NULL,
     "--expect: found a list or map inside a list, expected single values"},
    {{{"--expect=[{a: 1}, {}]"}},
     NULL,
     "--expect: found an empty map in the list, expected a map such as "
     "{window: \"> 1GB/s\"}"},
    {{{"--expect=[1]"}},
     NULL,
     "--expect: found a single value in the list, " EXPECT_EXPECTED},
    {{{"--expect=5"}}, NULL, "--expect: found '5', " EXPECT_EXPECTED},
    {{{"--summary_json=null"}},
     NULL,
     "--summary_json: found 'null', expected a text"},
    {{{"--quiet", "--verbose"}},
     NULL,
     "--quiet: contradicts verbose, expected one of the two"},
    {{{"--figures=-"}},
     NULL,
     "--figures: found '-', and standard output has the result and the "
     "verdict (SRBENCH_...); expected the name of a file (./- is one)"},
    {{{"--figures=x", "--output=x"}},
     NULL,
     "--figures: found 'x', the file of another option, expected one of its "
     "own"},
    {{{"--summary_json=x", "--output=x"}},
     NULL,
     "--summary_json: found 'x', the file of another option, expected one of "
     "its own"},
    {{{"--summary_json=-"}},
     NULL,
     "--summary_json: found '-', and standard output has the result and the "
     "verdict (SRBENCH_...); expected the name of a file (./- is one)"},
    {{{NULL}},
     "output: '-'\n",
     "study.yaml:1:9: output: found '-', and standard output has the result "
     "and the verdict (SRBENCH_...); expected the name of a file (./- is "
     "one)"},
    {{{NULL}},
     "expect:\n- a: 1\n- a: 2\n  b: 3\n  a: 4\n",
     "study.yaml:5:3: expect: found the name 'a' twice in the map"},
    {{{NULL}},
     "nodes:\n- a: 1\n",
     "study.yaml:2:3: nodes: found a list or map inside a list, expected "
     "single "
     "values"},
    {{{"--nodes={a: 1}"}}, NULL, "--nodes: found a map, " NODES_EXPECTED},
    {{{"--nodes=[20,40"}},
     NULL,
     "--nodes: found '[20,40', which is not YAML: did not find expected ',' or "
     "']'"},
    {{{"--nodes=[20] x"}},
     NULL,
     "--nodes: found '[20] x', which is not YAML: did not find expected "
     "<document start>"},
    {{{"--nodes=[20]\n---\n[40]"}},
     NULL,
     "--nodes: found more than one value, expected one"},
    {{{"--nodes=[&a 20, *a]"}},
     NULL,
     "--nodes: found an anchor or alias (& or *), expected the value itself, "
     "or quotes around it"},
    {{{"--nodes=[20, !!int 30]"}},
     NULL,
     "--nodes: found a tag (!), expected the value alone, or quotes around it"},
    {{{"--nodes=[20,20]"}},
     NULL,
     "--nodes: found '20', which the list has already, expected every value "
     "once"},
    {{{"--output=[a"}},
     NULL,
     "--output: found '[a', which is not YAML: did not find expected ',' or "
     "']'"},
    {{{"--db_args=save"}},
     NULL,
     "--db_args: found 'save', expected a map such as {name: value}, or a list "
     "of maps"},
    {{{"--db_args=[save]"}},
     NULL,
     "--db_args: found a single value in the list, expected a map such as "
     "{name: value}, or a list of maps"},
    {{{"--db_env=[{A: 1, B: 2}, {}, {B: 2, A: 1}]"}},
     NULL,
     "--db_env: found {A: 1, B: 2}, which the list has already, "
     "expected "
     "every value once"},
    {{{"--db_args={a: {b: 1}}"}},
     NULL,
     "--db_args: found a list or map inside a map, expected single values"},
    {{{"--db_args={a: 1, a: 2}"}},
     NULL,
     "--db_args: found the name 'a' twice in the map"},
    {{{"--db_args={'a b': 1}"}},
     NULL,
     "--db_args: found the name '\"a b\"' in the map, expected a name without "
     "blanks"},
    {{{"--db_args={a: \"b\\nc\"}"}},
     NULL,
     "--db_args: found '\"b?c\"' for a, expected at most 4095 bytes and no "
     "control characters"},

    /* contradictions */
    {{{"--machine=4x8"}},
     NULL,
     "--machine: an imaginary job can only be planned, expected --dry_run with "
     "it"},
    {{{NULL}},
     "machine: 4x8\n",
     "study.yaml:1:10: machine: an imaginary job can only be planned, expected "
     "--dry_run with it"},
    {{{"--null_client={fail_at: 1}"}},
     NULL,
     "--null_client: does nothing without the client null, expected client: "
     "null with it"},
    {{{"--client=hiredis"}},
     "null_client: {fail_at: 1}\n",
     "study.yaml:1:14: null_client: does nothing without the client null, "
     "expected client: null with it"},

    /* the file */
    {{{NULL}},
     "warmup: 1\n\nclients_per_node: abc\n",
     "study.yaml:3:19: clients_per_node: found 'abc', " NODES_EXPECTED},
    {{{NULL}},
     "nodes: [1, 2,\n  x]\n",
     "study.yaml:2:3: nodes: found 'x', " NODES_EXPECTED},
    {{{NULL}},
     "nodes:\n  - 1\n  - 1\n",
     "study.yaml:3:5: nodes: found '1', which the list has already, expected "
     "every value once"},
    {{{NULL}},
     "iteratons: 5\n",
     "study.yaml:1:1: iteratons: unknown option; did you mean "
     "'iterations'?" LISTS_ALL},
    {{{NULL}},
     "warmup: 1\nclient-nodes: 5\n",
     "study.yaml:2:1: client-nodes: unknown option; did you mean "
     "'client_nodes'?" LISTS_ALL},
    {{{NULL}},
     "config: other.yaml\n",
     "study.yaml:1:1: config: unknown option" LISTS_ALL},
    {{{NULL}},
     "dry_run: true\n",
     "study.yaml:1:1: dry_run: unknown option" LISTS_ALL},
    {{{NULL}},
     "warmup: 1\niterations: 5\nwarmup: 2\n",
     "study.yaml:3:1: warmup: given twice, first in line 1"},
    {{{NULL}},
     "nodes: 1\nclient_nodes: 1\n",
     "study.yaml:2:1: client_nodes: the same option as nodes, which is given "
     "in line 1"},
    {{{NULL}},
     "nodes: {a: 1}\n",
     "study.yaml:1:8: nodes: found a map, " NODES_EXPECTED},
    {{{NULL}},
     "nodes:\n  iterations: 1\n",
     "study.yaml:2:3: nodes: found a map, " NODES_EXPECTED},
    {{{NULL}},
     "db_args:\n  a:\n    b: 1\n",
     "study.yaml:3:5: db_args: found a list or map inside a map, expected "
     "single values"},
    {{{NULL}},
     "warmup: &w 1\n",
     "study.yaml:1:9: warmup: found an anchor or alias (& or *), expected the "
     "value itself, or quotes around it"},
    {{{NULL}},
     "warmup: 1\niterations: *w\n",
     "study.yaml:2:13: iterations: found an anchor or alias (& or *), expected "
     "the value itself, or quotes around it"},
    {{{NULL}},
     "warmup: !!str 1\n",
     "study.yaml:1:9: warmup: found a tag (!), expected the value alone, or "
     "quotes around it"},
    {{{NULL}},
     "warmup: 1\n---\nwarmup: 2\n",
     "study.yaml:2:1: found a second document, expected one only"},
    {{{NULL}},
     "- warmup\n",
     "study.yaml:1:1: found a text or list, expected options, one NAME: VALUE "
     "a line"},
    {{{NULL}},
     "warmup 1\n",
     "study.yaml:1:1: found a text or list, expected options, one NAME: VALUE "
     "a line"},
    {{{NULL}},
     "? [a, b]\n: 1\n",
     "study.yaml:1:3: found a list or map, expected an option's name"},
    {{{NULL}},
     "warmup: 1\ndb_address: [::1]:6780\n",
     "study.yaml:2:14: db_address: not YAML: while parsing a flow node, did "
     "not find expected node content; a text that begins with a bracket stands "
     "in quotes, \"[::1]:6780\""},
    {{{NULL}},
     "warmup: 1\nnodes: [1, 2\niterations: 5\n",
     "study.yaml:3:11: nodes: not YAML: while parsing a flow sequence, did not "
     "find expected ',' or ']'"},
    {{{NULL}},
     "warmup: @1\n",
     "study.yaml:1:9: warmup: not YAML: while scanning for the next token, "
     "found character that cannot start any token"},
    {{{NULL}},
     "warmup: 1\n\titerations: 5\n",
     "study.yaml:2:1: warmup: not YAML: while scanning a plain scalar, found a "
     "tab character that violates indentation"},
    {{{NULL}},
     "warmup: 1\noutput: caf\xe9\n",
     "study.yaml:2:12: found the byte 0xe9, which is not UTF-8"},
    {{{NULL}},
     "output: \xc3\xa9\x07\n",
     "study.yaml:1:10: found the character U+0007, which YAML does not allow"},
    {{{NULL}},
     "output: \"a\\0b\"\n",
     "study.yaml:1:9: output: found a NUL character, expected a text without"},
    {{{NULL}},
     "output: a\xef\xbb\xbf\n",
     "study.yaml:1:10: found the character U+FEFF, which YAML does not allow"},
    {{{NULL}},
     "\xff\xfew\n",
     "study.yaml:1:1: found the byte 0xff, which is not UTF-8"},
    {{{NULL}}, "\"\": 5\n", "study.yaml:1:1: unknown option" LISTS_ALL},
    {{{NULL}},
     "<<: {warmup: 5}\n",
     "study.yaml:1:1: <<: unknown option" LISTS_ALL},
    {{{NULL}},
     "output: |\n  a\n  b\n",
     "study.yaml:1:9: output: found '\"a?b?\"', expected a text, or auto"},
};

static void bad_ones_are_refused(void **state)
{
    size_t wrong = 0;

    (void)state;
    for (size_t i = 0; i < COUNT(bad); i++) {
        const struct bad *b = &bad[i];
        struct options o = {0};
        struct error err;

        if (parse(&o, &b->line, b->file, b->file ? strlen(b->file) : 0, &err) ==
            0) {
            options_free(&o);
            snprintf(err.text, sizeof err.text, "(it is accepted)");
        }
        assert_null(o.set[OPT_KEYS].values);
        if (strcmp(err.text, b->words) != 0) {
            print_error("vector %zu says\n  %s\nexpected\n  %s\n", i, err.text,
                        b->words);
            wrong++;
        }
    }
    assert_int_equal(wrong, 0);
}

/* A file made of `head`, n times `piece`, and `tail`. */
static void refuse_long(const char *head, const char *piece, size_t n,
                        const char *tail, const char *words)
{
    size_t room = strlen(head) + n * strlen(piece) + strlen(tail) + 1;
    char *text = malloc(room), *end;
    struct options o;
    struct error err;

    assert_non_null(text);
    end = stpcpy(text, head);
    for (size_t i = 0; i < n; i++)
        end = stpcpy(end, piece);
    end = stpcpy(end, tail);
    assert_int_equal(parse(&o, NULL, text, (size_t)(end - text), &err), -1);
    if (!strstr(err.text, words))
        fail_msg("'%s' has no '%s'", err.text, words);
    free(text);
}

static void huge_files_are_refused(void **state)
{
    (void)state;
    refuse_long("", "#\n", 600000, "",
                "study.yaml:1:1: found a file of 1200000 bytes, expected at "
                "most 1 MiB");
    refuse_long("nodes: [", "1,", 10001, "1]\n",
                "nodes: found more than 10000 values in a list");
    refuse_long("nodes: ", "[", 500000, "\n", "study.yaml:1:");
    refuse_long("nodes: ", "{a: ", 200000, "\n", "study.yaml:1:");
    refuse_long("nodes:\n", "- ", 500000, "\n", "study.yaml:2:");
    refuse_long("", "? ", 500000, "\n", "study.yaml:1:");
    refuse_long("output: ", "a", 4096, "\n",
                "study.yaml:1:9: output: found 'aaaa");
    refuse_long("exp_name: ", "a", 256, "\n", FOLDER_EXPECTED);
    refuse_long("a", "a", 100000, ": 1\n", "study.yaml:1:");
}

static void a_nul_byte_is_refused(void **state)
{
    static const char text[] = "warmup: 1\niter\0ations: 2\n";
    struct options o;
    struct error err;

    (void)state;
    assert_int_equal(parse(&o, NULL, text, sizeof text - 1, &err), -1);
    assert_string_equal(err.text, "study.yaml:2:5: found the character U+0000, "
                                  "which YAML does not allow");
}

/* Every beginning of a file, and every file with one byte changed, is read or
 * refused in words; the sanitizers watch. */
static void damaged_files_do_no_harm(void **state)
{
    static const char text[] = "experiment: [throughput_standard]\n"
                               "nodes:\n  - 1\n  - 'auto'\n"
                               "db_args: {save: \"\\x20\", a: ~}\n"
                               "output: >\n  x\n  y\n";
    static const char bytes[] = "\0\n\t :-[]{}'\"&*!|>%@#,?\xc3\xff";
    char copy[sizeof text];
    struct options o;
    struct error err;

    (void)state;
    for (size_t n = 0; n < sizeof text; n++) {
        if (parse(&o, NULL, text, n, &err) == 0)
            options_free(&o);
        else
            assert_true(strncmp(err.text, "study.yaml:", 11) == 0);
    }
    for (size_t i = 0; i < sizeof text - 1; i++)
        for (size_t k = 0; k < sizeof bytes - 1; k++) {
            memcpy(copy, text, sizeof text);
            copy[i] = bytes[k];
            if (parse(&o, NULL, copy, sizeof text - 1, &err) == 0)
                options_free(&o);
            else
                assert_true(strncmp(err.text, "study.yaml:", 11) == 0);
        }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bad_ones_are_refused),
        cmocka_unit_test(huge_files_are_refused),
        cmocka_unit_test(a_nul_byte_is_refused),
        cmocka_unit_test(damaged_files_do_no_harm),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
