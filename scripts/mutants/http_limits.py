"""Limits of the HTTP ports, and of what servers answer: without them a caller or a server has a node's resources."""

from __future__ import annotations

from mutants.mutant import Mutant

_ACCEPTOR = "pacing_node/api/acceptor.py"
_GUARD = "pacing_node/api/guarded_connection.py"
_REQUESTS = "pacing_node/api/request_limits.py"
_LIMITS = "tests/api/test_limits.py"
_CALLERS = "tests/api/test_callers.py"
_SHARES = "tests/api/test_shares.py"

MUTANTS = (
    Mutant(
        "kept-read-rate",
        "a read that is answered from what is kept counts for its caller like any other",
        "pacing_node/api/public_reads.py",
        (
            (
                "        if not self._admitted(scope):\n            return _too_many()\n        value",
                "        value",
            ),
        ),
        "tests/api/test_callers.py::test_a_caller_who_reads_too_often_is_told_when_to_come_again",
    ),
    Mutant(
        "kept-read-targets",
        "a kept question is of the targets in force",
        "pacing_node/api/public_reads.py",
        ((" or question.targets is not self._plan.targets", ""),),
        "tests/api/test_pages.py::TestInboundReads::"
        "test_a_question_asked_again_has_the_same_answer_until_what_it_follows_from_changes",
    ),
    Mutant(
        "http-connections-of-one",
        "one address has so many connections",
        _ACCEPTOR,
        (("if len(mine) >= self._limits.connections_per_address and", "if False and"),),
        f"{_LIMITS}::test_silent_connections_keep_nobody_out",
    ),
    Mutant(
        "http-connections",
        "all have so many connections",
        _ACCEPTOR,
        (("if len(self._open) >= self._limits.connections:", "if False:"),),
        f"{_LIMITS}::test_when_all_are_busy_the_newest_is_refused",
    ),
    Mutant(
        "http-busy-make-no-room",
        "a connection whose request is being answered is not closed for others",
        _ACCEPTOR,
        (("if each.idle_seconds(now) >= YIELD_SECONDS), None)", "), None)"),),
        f"{_LIMITS}::test_when_all_are_busy_the_newest_is_refused",
    ),
    Mutant(
        "http-descriptors",
        "callers leave a reserve of descriptors",
        _ACCEPTOR,
        (
            (
                "        if short:\n            return self._make_room",
                "        if False:\n            return self._make_room",
            ),
        ),
        f"{_LIMITS}::test_idle_connections_are_closed_before_the_reserve_is_touched",
    ),
    Mutant(
        "no-descriptor-left",
        "all descriptors are in use where none is left for looking",
        "cluster/descriptors.py",
        (("return self.limit if error.errno in _NONE_LEFT else None", "return None"),),
        "tests/api/test_descriptors.py::test_all_are_in_use_where_none_is_left_for_looking",
    ),
    Mutant(
        "members-reserve",
        "members find descriptors where other callers are refused",
        "cluster/descriptors.py",
        (("RESERVED_FROM_MEMBERS = RESERVED // 2", "RESERVED_FROM_MEMBERS = RESERVED"),),
        "tests/peers/test_scarce_descriptors.py::test_members_find_room_where_other_callers_are_refused",
    ),
    Mutant(
        "strangers-give-way-when-short",
        "while descriptors are short no stranger is added to the strangers",
        "cluster/peers/connection_book.py",
        (("elif short or len(self._open)", "elif len(self._open)"),),
        "tests/peers/test_connection_book.py::test_while_descriptors_are_short_a_stranger_gives_way_to_each_newcomer",
    ),
    Mutant(
        "http-head-time",
        "the head of a request comes in time",
        _GUARD,
        (
            (
                "transport)\n        self._within(self._limits.head_seconds, LimitRefusal.HEAD_TIME)\n",
                "transport)\n",
            ),
        ),
        f"{_LIMITS}::test_a_silent_connection_is_closed",
    ),
    Mutant(
        "http-later-head-time",
        "the head of a later request comes in time, too",
        _GUARD,
        (("if self.idle and self._received == 0:", "if False:"),),
        f"{_LIMITS}::test_a_later_request_that_trickles_is_closed_too",
    ),
    Mutant(
        "http-request-time",
        "an answer is read, and a page made, in time",
        _GUARD,
        (("self._within(self._limits.request_seconds, LimitRefusal.REQUEST_TIME)", "self._stop_timer()"),),
        f"{_LIMITS}::test_a_page_that_hangs_is_given_up",
    ),
    Mutant(
        "http-url-size",
        "an address has so many bytes",
        _REQUESTS,
        (("if url > self._limits.url_bytes:", "if False:"),),
        f"{_LIMITS}::test_a_request_that_is_too_large_is_refused_with_the_limit",
    ),
    Mutant(
        "http-body-announced",
        "a body announced as too long is refused",
        _REQUESTS,
        (("if len(length) > 9 or int(length) > self._limits.body_bytes:", "if False:"),),
        f"{_LIMITS}::test_a_request_that_is_too_large_is_refused_with_the_limit",
    ),
    Mutant(
        "http-turns",
        "a flood of requests leaves turns of the event loop to everything else",
        _REQUESTS,
        (("            await asyncio.sleep(0)\n", "            pass\n"),),
        f"{_LIMITS}::test_a_flood_of_requests_leaves_turns_of_the_event_loop_to_everything_else",
    ),
    Mutant(
        "http-rate",
        "a caller reads so often",
        "pacing_node/api/call_rates.py",
        (("admitted = left >= 1.0", "admitted = True"),),
        f"{_CALLERS}::test_a_burst_and_then_so_many_a_second_for_each",
    ),
    Mutant(
        "http-callers-remembered",
        "callers are remembered within bounds",
        "pacing_node/api/call_rates.py",
        (("if len(self._left) > MOST_CALLERS:", "if False:"),),
        f"{_CALLERS}::test_callers_are_remembered_within_bounds",
    ),
    Mutant(
        "api-reply-size",
        "a reply of the Statistics API is read up to its bound",
        "pacing_node/http_client/bodies.py",
        (("            if len(body) > most_bytes:\n", "            if False:\n"),),
        "tests/statistics/test_statistics_api.py::test_a_server_whose_reply_is_longer_than_the_bound_is_left_with_the_reason",
    ),
    Mutant(
        "interim-answers",
        "a server's interim answers are bounded",
        "pacing_node/http_client/interim_answers.py",
        (("if self._interim > MOST_INTERIM_ANSWERS:", "if False:"),),
        "tests/http_client/test_answers.py::test_interim_answers_without_an_end_end_the_exchange_at_once",
    ),
    Mutant(
        "bridge-message-size",
        "a message of the statistics bridge is read up to its bound",
        "pacing_node/statistics/bridge_session.py",
        (("max_message_bytes: int = 8 * 1024 * 1024", "max_message_bytes: int = 32 * 1024 * 1024"),),
        "tests/statistics/test_failover.py::test_a_server_whose_message_is_longer_than_the_bound_is_left_with_the_reason",
    ),
    Mutant(
        "http-pages-share",
        "the thread of the pages rests after what took long",
        "pacing_node/runtime/pools.py",
        (("    time.sleep(allowance.take(0.0, time.monotonic()))\n", ""),),
        f"{_SHARES}::TestPools::test_work_without_an_end_gets_its_share_of_the_time",
    ),
    Mutant(
        "http-pages-rate",
        "long answers go out at so many bytes a second",
        "pacing_node/api/pieces.py",
        (("_sending.take(len(piece), time.monotonic())", "0"),),
        f"{_SHARES}::TestPagesBeingRead::test_all_long_answers_together_have_a_bound_in_time",
    ),
    Mutant(
        "http-pages-memory",
        "readers that are behind hold so many pages",
        "pacing_node/api/pieces.py",
        (("        while total > most:", "        while False:"),),
        f"{_SHARES}::TestPagesBeingRead::test_readers_of_the_oldest_pages_are_left_when_it_is_too_much",
    ),
    Mutant(
        "http-questions-of-one",
        "one address has so many questions open",
        "pacing_node/api/v1/asking.py",
        (("if self._open[caller] >= MOST_EACH:", "if False:"),),
        "tests/api_v1/test_reads.py::TestTargets::test_one_caller_cannot_keep_the_others_waiting_with_questions",
    ),
    Mutant(
        "http-small-chunks",
        "a body in single bytes is given up",
        "pacing_node/http_client/bodies.py",
        (("if number > MOST_SMALL_CHUNKS and received < number * LEAST_CHUNK_BYTES:", "if False:"),),
        "tests/http_client/test_answers.py::test_more_single_bytes_are_given_up",
    ),
    Mutant(
        "http-body-after-head",
        "a connection with a body after the answer to a HEAD is not used again",
        "pacing_node/http_client/interim_answers.py",
        (("return self._head_answer.body_follows or self._is_readable()", "return self._is_readable()"),),
        "tests/http_client/test_head_answers.py::test_the_next_request_gets_its_own_answer",
    ),
    Mutant(
        "push-redirected-head",
        "a redirect is no platform that a push could reach",
        "pacing_node/engagement/reachability.py",
        (("if HTTPStatus.MULTIPLE_CHOICES <= status < HTTPStatus.BAD_REQUEST:", "if False:"),),
        "tests/engagement/test_reachability.py::test_what_stands_before_the_platform_is_not_the_platform",
    ),
    Mutant(
        "http-head-size",
        "a head that comes at once is no longer than one that comes in parts",
        "pacing_node/api/http_protocol.py",
        (("and self._size() > self._head_bytes:\n", "and False:\n"),),
        "tests/api/test_http_protocol.py::test_a_head_is_as_long_as_is_allowed_and_no_longer",
    ),
    Mutant(
        "http-waiting",
        "so many requests wait on one connection",
        "pacing_node/api/http_protocol.py",
        (("        if len(self.pipeline) >= MOST_WAITING:\n", "        if False:\n"),),
        "tests/api/test_http_protocol.py::test_requests_sent_at_once_are_answered_in_turn_and_only_so_many_may_wait",
    ),
    Mutant(
        "http-trailer",
        "what follows a body is no header",
        "pacing_node/api/http_protocol.py",
        (("        self.headers = []  #", "        #"),),
        "tests/api/test_http_protocol.py::test_what_follows_a_body_is_no_header",
    ),
    Mutant(
        "http-one-host",
        "a request names one host",
        "pacing_node/api/http_protocol.py",
        (("        if hosts != 1 and (", "        if False and ("),),
        "tests/api/test_http_protocol.py::test_a_request_two_readers_could_understand_differently_is_refused",
    ),
    Mutant(
        "http-caller-left",
        "a page is told that its caller left although others wait",
        "pacing_node/api/http_protocol.py",
        (("        if answered is not None and not answered.response_complete:\n", "        if False:\n"),),
        "tests/api/test_http_protocol.py::test_a_page_is_told_that_its_caller_left_although_another_request_waits",
    ),
)
