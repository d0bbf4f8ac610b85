"""Members among themselves: the supervisor and its watchdog, the records of the master."""

from __future__ import annotations

from mutants.mutant import LEADERSHIP, Mutant

MUTANTS = (
    Mutant(
        "full-pipe",
        "the supervisor knows the newest claim after any number of terms",
        "cluster/process/supervisor.py",
        (("asyncio.get_running_loop().add_reader(descriptor, self._read)", "pass"),),
        f"{LEADERSHIP}/test_supervisor.py::test_the_newest_claim_is_known_after_more_terms_than_a_pipe_holds",
    ),
    Mutant(
        "watchdog",
        "a process whose event loop is frozen is ended",
        "cluster/process/watchdog.py",
        (("elif frozen > self._limit_seconds:", "elif frozen > 1e9:"),),
        f"{LEADERSHIP}/test_broadcast.py::test_the_watchdog_tells_a_frozen_loop_from_a_busy_one",
    ),
    Mutant(
        "records-of-low-epochs",
        "followers take every record of the stream they follow, also after epochs began again",
        "cluster/member.py",
        (
            (
                "if self.mastership.term is not None:",
                "if self._last_record and record.info.epoch < self._last_record.info.epoch:",
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
)
