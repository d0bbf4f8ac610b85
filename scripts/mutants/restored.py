"""A ZooKeeper that was restored or emptied: terms of another history, the identity of the cluster."""

from __future__ import annotations

from mutants.mutant import LEADERSHIP, Mutant

MUTANTS = (
    Mutant(
        "term-id-proof",
        "a proof holds only in the history of ZooKeeper in which the claim was acquired",
        "cluster/election/transactions.py",
        (("        if claim.term_id:\n", "        if not claim.term_id:\n"),),
        f"{LEADERSHIP}/test_restored_zookeeper.py"
        "::test_of_two_that_got_the_same_epoch_in_two_histories_only_the_one_of_this_history_is_confirmed",
    ),
    Mutant(
        "term-id-release",
        "a claim of another history releases nothing",
        "cluster/election/transactions.py",
        (("            if term_id:\n", "            if False:\n"),),
        f"{LEADERSHIP}/test_restored_zookeeper.py::test_one_of_another_history_releases_nothing_of_this_one",
    ),
    Mutant(
        "claim-owner",
        "after a reconnect the master's node must belong to the session of the claim",
        "cluster/election/transactions.py",
        (("        if check_owner:", "        if False:"),),
        f"{LEADERSHIP}/test_restored_zookeeper.py"
        "::test_a_claim_whose_node_belongs_to_another_session_is_refused_on_a_new_connection",
    ),
    Mutant(
        "identity-kept",
        "what a node remembers of its cluster is not overwritten",
        "cluster/backends/zookeeper_backend.py",
        (('if not (read_if_there(path) or b"").strip():', "if read_if_there(path) != content:"),),
        f"{LEADERSHIP}/test_identity.py"
        "::test_what_a_node_remembers_is_not_overwritten_by_an_identity_that_somebody_made_anew",
    ),
    Mutant(
        "identity-written-back",
        "a master refused as foreign writes the receiver's identity back if it remembers it",
        "cluster/election/transactions.py",
        (("            if cluster_id:\n", "            if False:\n"),),
        f"{LEADERSHIP}/test_identity.py"
        "::test_a_master_refused_as_foreign_writes_the_receivers_identity_back_if_it_remembers_it",
    ),
    Mutant(
        "identity-damaged",
        "a node that remembers nothing makes no identity in place of a damaged one",
        "cluster/election/transactions.py",
        (
            (
                "            if known_cluster_id is None:\n                raise\n",
                "            known_cluster_id = known_cluster_id or str(uuid.uuid4())\n",
            ),
        ),
        f"{LEADERSHIP}/test_identity.py"
        "::test_a_damaged_identity_is_mended_by_who_remembers_it_and_waited_for_by_who_does_not",
    ),
    Mutant(
        "identity-gone",
        "a node that remembers nothing makes no identity where there was one",
        "cluster/election/transactions.py",
        (("known_cluster_id is None and had_epoch:", "False:"),),
        f"{LEADERSHIP}/test_identity.py::test_one_that_is_gone_from_a_tree_that_is_there_is_made_anew_by_nobody",
    ),
)
