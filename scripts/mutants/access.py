"""Proofs of who calls: without them anybody ends terms and holds nodes to promises."""

from __future__ import annotations

from mutants.mutant import Mutant

_ACCESS = "tests/access"
_ADDRESSEE = "subject.addressee, subject.call, caller,"
_MEMBER = "if names & {name, host}), None)"
_OPEN = "if evidence.local and (self.is_open or ("
_SENT = "            await context.abort(_CODES[verdict.refusal], verdict.reason)\n"

MUTANTS = (
    Mutant(
        "repeated-call",
        "a signed call counts once",
        "cluster/access/signed_calls.py",
        (("        self._nonces.add(nonce)\n", ""),),
        f"{_ACCESS}/test_signed_calls.py::test_every_call_signed_within_the_window_is_taken_once",
    ),
    Mutant(
        "unsigned-body",
        "the message is signed with the call",
        "cluster/access/signed_calls.py",
        (("(*map(str.encode, fields), subject.body)", "map(str.encode, fields)"),),
        f"{_ACCESS}/test_clustering_port.py::test_an_order_with_another_body_than_the_signed_one_is_refused",
    ),
    Mutant(
        "unsigned-address",
        "what was recorded on the way to one node is worth nothing at another",
        "cluster/access/signed_calls.py",
        ((_ADDRESSEE, "subject.call, caller,"),),
        f"{_ACCESS}/test_signed_calls.py::test_a_signature_is_good_for_nothing_but_what_was_signed",
    ),
    Mutant(
        "old-signature",
        "a signature is good for a short time",
        "cluster/access/signed_calls.py",
        (("if abs(now - at) > WINDOW_SECONDS:", "if at - now > WINDOW_SECONDS:"),),
        f"{_ACCESS}/test_signed_calls.py::test_a_call_from_outside_of_the_window_is_refused",
    ),
    Mutant(
        "admin-promises",
        "no person is a member",
        "cluster/access/roles.py",
        (("AccessRole.ADMIN: frozenset(ROLES_OF_PEOPLE),", "AccessRole.ADMIN: frozenset(AccessRole),"),),
        f"{_ACCESS}/test_verdicts.py::test_no_token_makes_its_holder_a_member",
    ),
    Mutant(
        "any-certificate",
        "a certificate of the authority gives no right by itself",
        "cluster/access/certificate_roles.py",
        ((_MEMBER, "if names), None)"),),
        f"{_ACCESS}/test_verdicts.py::test_a_certificate_of_the_authority_alone_gives_no_right",
    ),
    Mutant(
        "open-to-all",
        "without any proof orders come from this machine alone",
        "cluster/access/access_control.py",
        ((_OPEN, "if self.is_open or (evidence.local and ("),),
        f"{_ACCESS}/test_verdicts.py"
        "::test_where_no_proof_is_configured_orders_come_from_this_machine_alone_and_reads_from_everywhere",
    ),
    Mutant(
        "half-an-order",
        "an order goes on when its caller goes away",
        "cluster/peers/authentication.py",
        (("return await asyncio.shield(carried_out)", "return await carried_out"),),
        f"{_ACCESS}/test_clustering_port.py::test_an_order_whose_caller_went_away_goes_on_and_is_audited_by_its_end",
    ),
    Mutant(
        "pages-without-tokens",
        "pages for viewers stay closed where no token is left",
        "pacing_node/api/page_gate.py",
        (("            if verdict.principal.proved:\n                return None\n", "            return None\n"),),
        f"{_ACCESS}/test_pages.py::test_pages_stay_closed_when_the_last_token_is_revoked",
    ),
    Mutant(
        "refused-and-done",
        "what is refused is not carried out",
        "cluster/peers/authentication.py",
        ((_SENT, ""),),
        f"{_ACCESS}/test_clustering_port.py::test_an_order_of_a_viewer_is_refused_and_audited_with_their_name",
    ),
)
