"""Signers that other processes recovered are those that the engine would have recovered."""

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exchange.engine import SECP256K1, Reason, Rejected, Signer, apply, try_apply
from exchange.engine.signing import sign_step
from exchange.engine.steps import SIGNED
from exchange.sequencer import MemoryLog, OperatorKey, Sequencer
from exchange.sequencer.signature_workers import SignatureWorkers, signers_of
from tests.exchange.sequencer.venue import OPERATOR_KEY, Venue, new_state

KEY = Signer(b"\x31" * 32)
OTHER = Signer(b"\x32" * 32)
BOUNDS = {"uint8": 2**8, "uint16": 2**16, "uint32": 2**32, "uint64": 2**64, "uint128": 2**128}


class Recording:
    """The engine's own recovery, keeping what was asked."""

    def __init__(self):
        self.asked = []

    def recover(self, digest, r, s, v):
        self.asked.append((digest, r, s, v))
        return SECP256K1.recover(digest, r, s, v)


def fields_of(spec, draw):
    return {
        name: draw(st.binary(min_size=size, max_size=size))
        if (size := {"address": 20, "bytes32": 32}.get(kind))
        else draw(st.integers(0, BOUNDS[kind] - 1))
        for kind, name in zip(spec._types, spec._names, strict=True)
    }


@pytest.mark.parametrize("kind", sorted(SIGNED))
@given(draw=st.data())
def test_every_signed_kind_has_its_signer(kind, draw):
    spec = SIGNED[kind]
    tail = draw.draw(st.binary(min_size=1, max_size=200)) if spec.tail else None
    step = sign_step(KEY, new_state().domain, spec, tail, **fields_of(spec, draw.draw))
    assert list(signers_of(new_state().domain.prefix, [step]).values()) == [KEY.address]


@given(steps=st.lists(st.binary(max_size=400)))
def test_no_bytes_stop_a_worker(steps):
    found = signers_of(
        new_state().domain.prefix, [*steps, *(bytes([kind]) + rest for kind in SIGNED for rest in steps)]
    )
    assert all(signer is None or len(signer) == 20 for signer in found.values())


def test_the_engine_asks_for_just_what_was_recovered_ahead():
    venue = Venue().ready()
    steps = [venue.buy(1, 59_000, 10), venue.sell(2, 59_000, 4), venue.cancel_all(1), venue.withdraw(2, 10**6)]
    asked = Recording()
    for step in steps:
        apply(venue.state, step, asked)
    assert asked.asked == list(signers_of(venue.domain.prefix, steps))


def test_a_sequencer_comes_to_the_same_root_with_workers_and_without():
    plain = Venue().ready()
    steps = [plain.buy(1 + n % 3, 59_000 + n, 10) for n in range(40)] + [plain.sell(2, 59_000, 300)]
    plain.sequencer.submit_many(steps)
    plain.sequencer.flush()
    state = new_state()
    with SignatureWorkers(1, state.domain) as workers:
        sequencer = Sequencer(
            state, MemoryLog(state.root), OperatorKey(OPERATOR_KEY, state.domain), plain.clock, signatures=workers
        )
        sequencer.take_forced(0, plain.deposits())
        for step in plain.prices():
            sequencer.submit(step)
        workers.ahead(steps)
        workers.wait()
        sequencer.submit_many(steps)
        sequencer.flush()
        assert workers.given == len(steps)
    assert state.root == plain.state.root


def test_a_forged_signature_stays_refused():
    venue = Venue().ready()
    stolen = venue.order  # signs with the trader's own key
    venue.keys[1], venue.keys[2] = venue.keys[2], venue.keys[1]
    forged = stolen(1, 0, 59_000, 10)
    with SignatureWorkers(1, venue.domain) as workers:
        workers.ahead([forged])
        workers.wait()
        with pytest.raises(Rejected) as refused:
            try_apply(venue.state, forged, workers)
        assert refused.value.reason == Reason.BAD_SIGNATURE
        assert workers.given == 1


def test_a_dead_worker_costs_speed_and_nothing_else():
    venue = Venue().ready()
    steps = [venue.buy(1, 59_000 + n, 10) for n in range(3)]
    with SignatureWorkers(1, venue.domain) as workers:
        workers.ahead(steps)
        workers.wait()
        for process in list(workers._pool._processes.values()):
            process.kill()
            process.join()
        fresh = [venue.buy(2, 58_000 + n, 10) for n in range(3)]
        while not workers.has_failed:
            workers.ahead(fresh)
        for step in steps + fresh:
            try_apply(venue.state, step, workers)
        assert workers.given == len(steps)


def test_what_nobody_asks_for_does_not_pile_up(monkeypatch):
    monkeypatch.setattr("exchange.sequencer.signature_workers._KEPT", 4)
    venue = Venue().ready()
    with SignatureWorkers(1, venue.domain) as workers:
        for n in range(3):
            workers.ahead([venue.buy(1, 59_000 + n * 10 + m, 10) for m in range(3)])
        workers.wait()
        workers.recover(bytes(32), b"\x01" * 32, b"\x01" * 32, 27)
        assert len(workers._known) == 4


def test_a_step_too_short_for_its_kind_has_no_signature():
    for spec in SIGNED.values():
        with pytest.raises(struct.error):
            spec.signature_in(bytes(34), bytes([spec.kind]) + bytes(40))
