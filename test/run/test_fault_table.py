"""The table of faults in test/README.md names what is tried by tests, and all of it:
each row here has the tests that show it.
"""
# ctest: label=fast
import ast
import unittest
from pathlib import Path

import faultmatrix
from srbtest import SOURCE, main

HERE = Path(__file__).resolve().parent
MATRIX = [row.fault for row in faultmatrix.TABLE]
# First column of a row: the tests, file and function; or a row of the table in
# faultmatrix.py, which is tried in every placement.
ROWS = {
    "a server killed": [
        "faults test_killed", "faults test_one_of_a_cluster_killed",
        "faults test_killed_while_nobody_uses_it", "row a shard killed"],
    "a server stopped, or that does not answer": [
        "faults test_stopped", "fake_server test_no_answer",
        "ending test_the_server_does_not_answer", "row a shard stopped",
        "row no answer"],
    "a server that is slow": [
        "fake_server test_slow", "row slow"],
    "a connection dropped, also in mid-reply": [
        "fake_server test_lost_connections", "row connection dropped",
        "row dropped in mid-reply"],
    "a server that refuses connections": [
        "fake_server test_refused_connections",
        "full test_the_connections_of_a_server", "row maxclients",
        "row maxclients of a cluster"],
    "a server out of memory": [
        "fake_server test_errors", "full test_the_memory_of_a_server",
        "row out of memory", "row out of memory that is known", "row -OOM"],
    "`-LOADING`, `-MOVED`, `-CLUSTERDOWN`, any other error": [
        "fake_server test_errors", "fake_server test_errors_hiredis",
        "row -LOADING", "row -MOVED", "row -CLUSTERDOWN"],
    "garbage, or a wrong length": [
        "fake_server test_what_is_no_answer", "fake_server test_wrong_lengths",
        "row garbage", "row too short", "row too long"],
    "a tensor that comes back wrong": [
        "fake_server test_wrong_data", "row wrong data"],
    "a server that does not start": [
        "faults test_missing", "faults test_ends_in_silence",
        "faults test_never_listens",
        "faults test_listens_but_never_answers",
        "faults test_the_next_setup_is_tried",
        "row a server that does not start"],
    "a client that fails or hangs": [
        "faults test_one_client_fails", "faults test_one_client_hangs",
        "faults test_the_sweep_goes_on", "row a client fails",
        "row a client hangs"],
    "a rank that hangs (stopped, its node swaps)": [
        "row a client stopped", "row a steward stopped",
        "row a client stopped, then mpiexec TERM"],
    "a rank killed (client, steward, idle)": [
        "signals test_client_killed", "signals test_steward_killed",
        "signals test_rank_0_killed", "signals test_idle_rank_killed",
        "resume test_rank_0_killed", "row a client killed",
        "row a steward killed"],
    "a rank that serves (`db_exe: mpi`) killed": [
        "ladder test_killed", "ladder test_one_of_each",
        "exchange_rungs test_a_rank_that_serves_is_killed"],
    "a rank that serves stopped": [
        "ladder test_stopped_and_continued", "ladder test_stopped_for_good",
        "exchange_rungs test_a_rank_that_serves_is_stopped"],
    "a connection of a writer or a reader lost (`pattern: exchange`, "
    "`aggregate`)": [
        "exchange test_connection_is_lost", "aggregate test_connection_is_lost"],
    "a writer or a reader stopped, without a server (`pattern: exchange` with "
    "`shm`, `files`, `mpi`)": [
        "exchange_rungs test_a_reader_is_stopped",
        "exchange_rungs test_a_writer_is_stopped"],
    "the server of writers and readers (`pattern: exchange`, `aggregate`) killed, "
    "stopped, out of memory": [
        "exchange test_server_dies", "exchange_places test_out_of_memory",
        "row exchange: a shard killed",
        "row exchange: a shard killed that readers block on",
        "row exchange: a shard stopped",
        "row exchange: a shard stopped that readers block on",
        "row exchange: a shard stopped and continued",
        "row exchange: out of memory",
        "aggregate test_server_dies", "row aggregate: a shard killed",
        "row aggregate: a shard stopped",
        "row aggregate: a shard stopped and continued",
        "row aggregate: out of memory"],
    "a writer or a reader killed, or stopped for good": [
        "row exchange: a writer killed", "row exchange: a reader killed",
        "row exchange: a writer stopped", "row exchange: a reader stopped",
        "row aggregate: a writer killed", "row aggregate: a reader killed",
        "row aggregate: a writer stopped", "row aggregate: a reader stopped"],
    "a writer or a reader whose connection is lost": [
        "exchange test_connection_is_lost"],
    "a reader stopped and continued": [
        "exchange_places test_a_reader_that_stops"],
    "shared memory, or the memory of a rank that serves, that does not fit: of "
    "the node, of the control group, of a limit (`ulimit -v`)": [
        "ladder test_more_than_there_is", "ladder test_memory_of_what_stays",
        "ladder test_memory_of_the_control_group",
        "ladder test_a_limit_of_addresses"],
    "`db_path` full, read-only or removed": [
        "ladder test_too_small", "ladder test_too_many", "ladder test_refused", "ladder test_runs_full",
        "ladder test_read_only", "ladder test_removed",
        "exchange_rungs test_a_folder_is_removed"],
    "a guard killed": [
        "signals test_guard_killed", "row a guard killed"],
    "`mpiexec` or the job told to end (TERM, INT, HUP, USR1, `scancel`)": [
        "signals test_term_in_a_loop", "signals test_int_in_a_loop",
        "signals test_hup_to_a_group", "ending test_usr1",
        "ending test_cut_off", "row mpiexec TERM", "row mpiexec INT"],
    "`mpiexec` killed": [
        "signals test_kill_in_a_loop", "signals test_kill_in_database_start",
        "row mpiexec KILL"],
    "a host cut off": [
        "hosts test_a_host_that_is_unplugged_in_mid_loop",
        "hosts test_the_host_of_the_only_server_is_unplugged",
        "hosts test_a_host_of_colocated_databases_is_unplugged",
        "hosts test_a_shard_that_one_host_does_not_reach"],
    "time running out": [
        "ending test_too_short_for_anything", "ending test_the_end_of_the_job",
        "row time runs out"],
    "the disk of the results full": [
        "full test_the_disk_of_the_results", "preflight test_room_for_results",
        "row too little room for results", "row results run full"],
    "scratch full": [
        "full test_scratch",
        "full test_scratch_of_servers_that_write_nothing", "row no room in scratch"],
    "results or scratch that cannot be written": [
        "output test_no_place_for_it", "preflight test_folder_for_scratch",
        "row no place for results"],
    "too little memory, too few open files, ports taken": [
        "preflight test_memory_of_a_node", "preflight test_open_files",
        "preflight test_ports_of_every_set_up", "preflight test_all_at_once",
        "row too few descriptors"],
    "two runs on one file": [
        "resume test_one_writer_at_a_time"],
    "killed while resuming": [
        "resume test_killed_again_and_again"],
    "a file that is damaged, or somebody else's": [
        "resume test_no_result_file_of_ours"],
    "somebody without the password": [
        "auth test_a_server_of_its_own_node", "auth test_a_cluster"],
    "TLS: another authority, another name, no certificate, no TLS there": [
        "tls test_who_the_server_is", "tls test_who_we_are",
        "tls test_what_speaks_no_tls", "tls test_built_without"],
}


def table():
    """First cells of the table."""
    text = (SOURCE / "test/README.md").read_text(encoding="utf-8")
    section = text.split("## When things go wrong", 1)[1].split("\n## ", 1)[0]
    rows = [line for line in section.splitlines() if line.startswith("| ")]
    return [row.split(" | ")[0].removeprefix("| ") for row in rows[1:]]


def functions(module):
    tree = ast.parse((HERE / f"test_{module}.py").read_text(encoding="utf-8"))
    return {n.name for n in ast.walk(tree) if isinstance(n, ast.FunctionDef)}


class FaultTable(unittest.TestCase):

    def test_rows_are_tried(self):
        self.assertEqual(table(), list(ROWS))
        for row, tests in ROWS.items():
            for test in tests:
                module, _, name = test.partition(" ")
                found = MATRIX if module == "row" else functions(module)
                self.assertIn(name, found, f"{row}: there is no {test}")

    def test_what_is_tried_is_told(self):
        named = {test for tests in ROWS.values() for test in tests}
        for fault in MATRIX:
            self.assertIn(f"row {fault}", named)


if __name__ == "__main__":
    main()
