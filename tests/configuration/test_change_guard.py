"""A change that takes away many targets at once waits until it is accepted, or has stood for a while."""

from __future__ import annotations

from pacing_node.discovery.change_guard import START_SECONDS, ChangeGuard, GuardLimits, TargetLoss, target_loss
from pacing_node.targets import PacingTarget, TargetSet

LIMITS = GuardLimits(50.0, 600.0)
TEN = tuple(f"T{n}" for n in range(10))


def targets(*names: str, agents: tuple[str, ...] = ("a1",)) -> TargetSet:
    return TargetSet("v", tuple(PacingTarget(name, name, name, "s", "chat", 3.0, ("G",), agents) for name in names))


def loss_of(*kept: str) -> TargetLoss:
    return target_loss(dict.fromkeys(TEN, True), targets(*kept))


def review(
    guard: ChangeGuard, loss: TargetLoss, now: float = 0.0, *, limits: GuardLimits = LIMITS, **more: bool
) -> bool:
    return guard.review(
        loss, wait=more.get("wait", False), limits=limits, now=now, accepted=more.get("accepted", False)
    )


def test_what_takes_away_half_is_put_in_force_and_what_takes_away_more_is_held_back() -> None:
    assert review(ChangeGuard(), loss_of(*TEN))
    assert review(ChangeGuard(), loss_of(*TEN[:5]))
    assert not review(ChangeGuard(), loss_of(*TEN[:4]))


def test_all_targets_are_held_back_whatever_the_share() -> None:
    limits = GuardLimits(100.0, 600.0)

    assert review(ChangeGuard(), loss_of("T0"), limits=limits)
    assert not review(ChangeGuard(), loss_of(), limits=limits)
    assert not review(ChangeGuard(), target_loss({"only": True}, targets("other")), limits=limits)


def test_a_target_that_loses_all_its_agents_counts_as_gone() -> None:
    assert target_loss({"T0": True, "T1": False}, targets("T0", "T1", agents=())).lost == ("T0",)


def test_new_targets_make_no_loss() -> None:
    assert review(ChangeGuard(), target_loss({"a": True}, targets("a", *TEN)))
    assert review(ChangeGuard(), target_loss({}, targets(*TEN)))


def test_the_same_change_is_accepted_after_it_has_stood_and_another_begins_anew() -> None:
    guard = ChangeGuard()
    assert not review(guard, loss_of(), 0.0)
    assert not review(guard, loss_of(), 599.0)
    assert not review(guard, loss_of("T0"), 600.0)
    assert not review(guard, loss_of("T0"), 1199.0)
    assert guard.held is not None
    assert review(guard, loss_of("T0"), 1200.0)
    assert guard.held is None


def test_a_change_that_is_taken_back_is_forgotten() -> None:
    guard = ChangeGuard()
    assert not review(guard, loss_of(), 0.0)
    assert review(guard, loss_of(*TEN), 1.0)
    assert guard.held is None
    assert not review(guard, loss_of(), 700.0)


def test_a_change_an_operator_accepts_is_put_in_force_at_once() -> None:
    guard = ChangeGuard()
    assert not review(guard, loss_of(), 0.0)
    assert review(guard, loss_of(), 1.0, accepted=True)


def test_a_change_is_the_same_on_every_node_whatever_else_differs() -> None:
    first = target_loss(dict.fromkeys(("a", "b"), True), targets("c"))
    second = target_loss({"b": False, "a": False}, targets("c", "d"))

    assert first.change_id == second.change_id
    assert first.change_id != loss_of().change_id


def test_a_node_that_starts_with_no_target_waits_for_those_of_the_cluster() -> None:
    guard = ChangeGuard()
    assert not review(guard, target_loss({}, targets()), 0.0, wait=True)
    assert "waits until it knows what the cluster paces" in str(guard.held)
    assert not review(guard, target_loss(dict.fromkeys(TEN, False), targets()), 1.0, wait=True)
    assert "takes away 10 of 10 targets (T0, T1, T2, T3, T4 and 5 more)" in str(guard.held)

    alone = ChangeGuard()
    assert not review(alone, target_loss({}, targets()), 0.0, wait=True)
    assert review(alone, target_loss({}, targets()), START_SECONDS, wait=True)


def test_a_held_change_says_what_to_do_and_when_it_ends_by_itself() -> None:
    guard = ChangeGuard()
    review(guard, loss_of("T0"), 1_000_000.0)

    assert str(guard.held) == (
        "found a change that takes away 9 of 10 targets (T1, T2, T3, T4, T5 and 4 more), held back: mend the source, "
        "or accept the change with `pacing config accept-objects`; unless it changes, it is accepted on "
        "1970-01-12 13:56:40 UTC"
    )
