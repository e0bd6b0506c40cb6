"""Fast exits and entries when somebody dies, walks away, or lies."""

from contextlib import suppress

import pytest

from bridge.swaps.exposure import Halt, halt_losses
from bridge.swaps.machine import Role, Step, Why
from bridge.swaps.status import SwapStatus
from clearspan import Rejected
from exchange.engine.steps import StepKind
from exchange.sdk.errors import Unavailable
from exchange.state.lock import LockStatus
from relayers.crash_points import CrashPoint
from tests.clearspan.devnet.swapping import Stage, moved

STEPS_OF_A_SWAP = 120
NOTHING = {"alice": (0, 0), "lucy": (0, 0)}


@pytest.fixture(name="stage")
def _stage(tmp_path):
    with Stage(tmp_path) as stage:
        yield stage


def traded(stage, before, quote):
    gives, takes = quote.gives.amount, quote.takes.amount
    expected = (-gives, takes) if quote.gives.is_cash else (takes, -gives)
    given, taken = expected
    assert moved(before, stage.wealth()) == {"alice": (given, taken), "lucy": (-given, -taken)}


@pytest.mark.parametrize("kind", ["exit", "enter"])
def test_a_provider_killed_once_at_every_crash_point_loses_and_repeats_nothing(stage, kind):
    before = stage.wealth()
    stage.kill_once_at_each()
    swap = getattr(stage, kind)()
    stage.settle()
    assert stage.outcomes() == [Why.PAID, Why.PAID]
    traded(stage, before, swap.quote)
    for point in (CrashPoint.AFTER_READ, CrashPoint.AFTER_PERSIST, CrashPoint.AFTER_ACT):
        assert {(point, (tried,)) for tried in (Step.LOCK, Step.CLAIM)} <= set(stage.kills)
    assert (CrashPoint.AFTER_CONFIRM, (Step.CLAIM,)) in stage.kills


@pytest.mark.parametrize("kind", ["exit", "enter"])
def test_a_user_who_agrees_and_goes_binds_nothing_for_long(stage, kind):
    before = stage.wealth()
    stage.sleep("alice")
    getattr(stage, kind)()
    for _ in range(STEPS_OF_A_SWAP):
        if not stage.lucys.open():
            break
        stage.step(4)
    (kept,) = stage.lucys.all()
    assert kept.outcome is (Why.NEVER_LOCKED if kind == "exit" else Why.RETURNED)
    assert moved(before, stage.wealth()) == NOTHING


@pytest.mark.parametrize("kind", ["exit", "enter"])
def test_a_provider_that_agrees_and_goes_costs_the_user_time_alone(stage, kind):
    before = stage.wealth()
    swap = getattr(stage, kind)()
    stage.sleep("lucy")
    for _ in range(STEPS_OF_A_SWAP):
        if swap.status in (SwapStatus.RETURNED, SwapStatus.EXPIRED):
            break
        stage.step(4)
    assert swap.status is (SwapStatus.RETURNED if kind == "exit" else SwapStatus.EXPIRED)
    assert moved(before, stage.wealth()) == NOTHING


@pytest.mark.parametrize("kind", ["exit", "enter"])
def test_an_initiator_that_stops_before_it_reveals_costs_both_time_alone(stage, kind):
    before = stage.wealth()
    swap = getattr(stage, kind)()
    swap.wait("matched")
    asleep = stage.sleep("alice" if kind == "exit" else "lucy")
    awake = stage.lucys if kind == "exit" else stage.alice.swaps.book
    for _ in range(STEPS_OF_A_SWAP):
        if not awake.open():
            break
        stage.step(4)
    assert [kept.outcome for kept in awake.all()] == [Why.RETURNED]
    stage.core.daemons["late"] = asleep
    stage.settle(4)
    assert moved(before, stage.wealth()) == NOTHING


def test_an_operator_that_takes_no_claims_is_passed_by(stage, monkeypatch):
    """The claim goes through the forced queue of the settlement chain; so do refunds once the deadline has passed."""
    before = stage.wealth()
    refused = []
    submit = stage.core.sequencer.submit

    def censor(step):
        if step[0] in (StepKind.CLAIM_LOCK, StepKind.REFUND_LOCK):
            refused.append(step[0])
            raise Unavailable("BacklogFull")
        return submit(step)

    monkeypatch.setattr(stage.core.sequencer, "submit", censor)
    swap = stage.exit()
    stage.settle()
    assert refused
    assert stage.outcomes() == [Why.PAID, Why.PAID]
    traded(stage, before, swap.quote)


class Liar:
    """An operator that confirms a claim and does not execute it."""

    def __init__(self, inner):
        self.inner, self.claimed = inner, False

    def __getattr__(self, name):
        return getattr(self.inner, name)

    def submit(self, step):
        if step[0] == StepKind.CLAIM_LOCK:
            if self.claimed:
                raise Rejected("LockClosed")
            self.claimed = True
            return
        self.inner.submit(step)

    def lock_of(self, digest, account):
        found = self.inner.lock_of(digest, account)
        if found is not None and self.claimed and found.status is LockStatus.OPEN:
            object.__setattr__(found, "status", LockStatus.CLAIMED)
        return found


def lying(stage, monkeypatch):
    liar = Liar(stage.core.cash_access.venue)
    port = stage.core._desks["lucy"].cash_port()
    monkeypatch.setattr(port, "_venue", liar)
    return liar


def test_an_operator_that_only_says_that_a_claim_was_taken_is_found_out_in_time(stage, monkeypatch):
    before = stage.wealth()
    swap = stage.exit("posted")
    liar = lying(stage, monkeypatch)
    stage.settle()
    assert liar.claimed
    assert stage.outcomes() == [Why.PAID, Why.PAID]
    traded(stage, before, swap.quote)


def test_who_relies_on_the_operators_word_can_lose_the_leg_and_no_more(stage, monkeypatch):
    """The same lie to a provider that called it final: Alice takes her cash back when the deadline has passed."""
    before = stage.wealth()
    swap = stage.exit("soft")
    liar = lying(stage, monkeypatch)
    stage.settle()
    assert liar.claimed
    assert [kept.outcome for kept in stage.lucys.all()] == [Why.PAID], "so she thinks"
    asked = stage.core._desks["alice"].cash_port()
    stage.core.clock.advance(200)
    stage.net.step()
    asked.refund(swap.agreement.long)
    for _ in range(10):
        stage.net.step()
    lost = moved(before, stage.wealth())
    assert lost == {"alice": (0, swap.quote.takes.amount), "lucy": (0, -swap.quote.takes.amount)}
    limit = stage.provider._terms.limits.soft_e8
    assert swap.quote.takes.amount * 100 <= limit, "what is soft is capped"


def go_on_without_settlement(stage, until):
    """The vault chains make blocks, and Alice and Lucy look, while the settlement chain stands still."""
    core = stage.core
    while core.clock.now() < until:
        core.clock.advance(2)
        core.sequencer.tick()
        for chain in core.network.vaults:
            chain.mine()
        for name in ("alice", "lucy"):
            core.daemons[f"swaps of {name}"].step()


@pytest.mark.parametrize("operator", ["honest", "helps the thief"])
def test_a_halt_of_the_settlement_chain_costs_a_provider_the_tokens_only_if_the_operator_helps(
    stage, monkeypatch, operator
):
    """Nothing with deadlines on the clock survives both; the report says who loses, and how much."""
    before = stage.wealth()
    swap = stage.exit("posted")
    swap.wait("matched")
    settlement, submit = stage.core.network.settlement, stage.core.sequencer.submit

    def censor(step):
        if operator != "honest" and step[0] == StepKind.CLAIM_LOCK:
            raise Unavailable("BacklogFull")
        return submit(step)

    monkeypatch.setattr(stage.core.sequencer, "submit", censor)
    since, deadline = stage.core.clock.now(), swap.agreement.long.deadline
    for validator in settlement.validators.validators:
        validator.online = False
    go_on_without_settlement(stage, deadline + 4)
    for validator in settlement.validators.validators:
        validator.online = True
    plan = stage.lucys.all()[0].plan
    halt = Halt(chain_id=settlement.chain_id, since=since, until=deadline)
    (loss,) = halt_losses(plan.rules, swap.agreement.long, swap.agreement.short, halt)
    assert (loss.loser, loss.amount) == (Role.RESPONDER, swap.quote.takes.amount)
    alice = stage.core._desks["alice"].cash_port()
    for _ in range(20):
        if operator != "honest":
            with suppress(Rejected):
                alice.refund(swap.agreement.long)
        stage.net.step()
    gained, lost = (swap.quote.takes.amount, -swap.quote.takes.amount)
    if operator == "honest":
        traded(stage, before, swap.quote)
    else:
        assert moved(before, stage.wealth()) == {"alice": (0, gained), "lucy": (0, lost)}
        assert abs(lost) == loss.amount
