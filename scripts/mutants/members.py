"""Members among themselves: the supervisor, the watchdog and a log it must not wait for, the records of the master."""

from __future__ import annotations

from mutants.mutant import LEADERSHIP, Mutant

MUTANTS = (
    Mutant(
        "orderly-early-sign",
        "the end of a term is an early sign to the standbys, as its loss is",
        "cluster/peers/follower.py",
        (
            ("(grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.FAILED_PRECONDITION)", "(grpc.StatusCode.UNAVAILABLE,)"),
            ("if self._received and not reading.done() and self._find_master() is None:", "if False:"),
        ),
        "tests/leadership/test_members.py::test_the_end_of_a_term_is_an_early_sign_too",
    ),
    Mutant(
        "full-pipe",
        "the supervisor knows the newest claim after any number of terms",
        "cluster/process/supervisor.py",
        (("asyncio.get_running_loop().add_reader(descriptor, self.read)", "pass"),),
        f"{LEADERSHIP}/test_supervisor.py::test_the_newest_claim_is_known_after_more_terms_than_a_pipe_holds",
    ),
    Mutant(
        "death-lock",
        "the supervisor knows of a worker's death before its process has ended",
        "cluster/process/supervisor.py",
        (("await asyncio.wait((ending, dying),", "await asyncio.wait((ending,),"),),
        f"{LEADERSHIP}/test_death_lock.py::test_the_supervisor_knows_although_the_process_goes_on",
    ),
    Mutant(
        "death-lock-given-up",
        "a worker that gives its lock up has not died",
        "cluster/process/death_lock.py",
        (("(self._mutex) == errno.EOWNERDEAD", "(self._mutex) >= 0"),),
        f"{LEADERSHIP}/test_death_lock.py::test_one_that_leaves_in_order_has_not_died",
    ),
    Mutant(
        "death-lock-left",
        "a worker that leaves in order gives its lock up",
        "cluster/process/worker_pipe.py",
        (("            self._lock.give_up()\n", "            pass\n"),),
        f"{LEADERSHIP}/test_death_lock.py::test_one_that_leaves_in_order_has_not_died",
    ),
    Mutant(
        "tries-once-more",
        "a failing master that could act again by its own check does not give way at once",
        "cluster/election/self_demotion.py",
        (("if why_unable is None and not self._tried_again():", "if False:"),),
        f"{LEADERSHIP}/test_self_demotion.py::test_one_whose_own_check_is_well_gives_way_when_a_push_begun_after_it_fails",
    ),
    Mutant(
        "tries-only-once-more",
        "a master that fails though it could act by its own check gives way in the end",
        "cluster/election/self_demotion.py",
        (("if why_unable is None and not self._tried_again():", "if why_unable is None:"),),
        f"{LEADERSHIP}/test_self_demotion.py::test_one_whose_own_check_is_well_gives_way_when_a_push_begun_after_it_fails",
    ),
    Mutant(
        "watchdog",
        "a process whose event loop is frozen is ended",
        "cluster/process/watchdog.py",
        (("elif frozen > self._limit_seconds:", "elif frozen > 1e9:"),),
        f"{LEADERSHIP}/test_broadcast.py::test_the_watchdog_tells_a_frozen_loop_from_a_busy_one",
    ),
    Mutant(
        "watchdog-waits",
        "the watchdog ends the process although nobody reads its standard error output",
        "cluster/process/watchdog.py",
        (("if select.select((), (_STANDARD_ERROR,), (), 0.0)[1]:", "if True:"),),
        "tests/process/test_watchdog.py::test_nobody_reads_its_standard_error_any_more",
    ),
    Mutant(
        "log-waits",
        "a log that nobody reads does not hold up who writes to it",
        "pacing_node/logs/stream_output.py",
        (("    return bool(room.poll(1000.0 * seconds))\n", "    return True\n"),),
        "tests/logs/test_stream_output.py::TestReaderThatHasStopped::test_costs_records_and_never_the_process",
    ),
    Mutant(
        "records-of-low-epochs",
        "followers take every record of the stream they follow, also after epochs began again",
        "cluster/peers/record_stream.py",
        (
            (
                "if self._member.mastership.term is not None:",
                "if self._newest and record.info.epoch < self._newest.info.epoch:",
            ),
        ),
        f"{LEADERSHIP}/test_members.py::test_followers_take_every_record_of_the_master_they_follow_whatever_its_epoch",
    ),
    Mutant(
        "records-numbered",
        "records have a numbering of their own within one stream",
        "cluster/peers/server.py",
        (("        self._published += 1\n", ""),),
        f"{LEADERSHIP}/test_broadcast.py::test_a_slow_follower_skips_to_the_newest_record",
    ),
    Mutant(
        "nobodys-master",
        "a master's node that belongs to no session is named by every node",
        "cluster/election/transactions.py",
        (("            layout.check_owner(stat.owner, self._paths.master)\n", ""),),
        f"{LEADERSHIP}/test_nobodys_nodes.py::"
        "test_a_persistent_master_that_was_deleted_during_a_pause_is_named_no_more",
    ),
    Mutant(
        "nobodys-name",
        "a persistent entry of a member keeps nobody from its name",
        "cluster/zookeeper/membership.py",
        (("self._life(old) if stat.owner else Life.DEAD", "self._life(old)"),),
        f"{LEADERSHIP}/test_nobodys_nodes.py::test_a_persistent_entry_of_a_member_keeps_nobody_from_its_name",
    ),
    Mutant(
        "no-address",
        "a member without an address is dialled by nobody",
        "cluster/peers/peer_client.py",
        (("        if not address:\n", "        if False:\n"),),
        f"{LEADERSHIP}/test_odd_znodes.py::test_a_member_without_an_address_is_dialled_by_nobody",
    ),
    Mutant(
        "last-record",
        "the last record of a term reaches its followers",
        "cluster/peers/server.py",
        (("        while goes_on:\n", "        while goes_on and self._open:\n"),),
        f"{LEADERSHIP}/test_broadcast.py::test_the_last_record_of_a_term_reaches_its_followers_before_the_stream_ends",
    ),
    Mutant(
        "cut-off-epoch",
        "an epoch that was cut off is not taken for a lower one",
        "cluster/backends/standalone.py",
        (('            if not content.endswith(b"\\n"):\n', "            if False:\n"),),
        f"{LEADERSHIP}/test_alone.py::test_a_state_file_that_was_cut_off_anywhere_stops_the_node_or_has_lost_nothing",
    ),
)
