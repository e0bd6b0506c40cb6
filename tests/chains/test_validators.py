import pytest

from chains import ChainHalted, LocalChain, Reason, Rejected, Unavailable, Validator, ValidatorSet
from chains.keys import derive_key
from chains.sign_record import MemorySignRecord, SqliteSignRecord


def fresh(count, seed=9):
    return ValidatorSet.derived(count, chain_id=71, seed=seed).validators


def test_fewer_than_the_quorum_halt_the_chain_and_change_nothing(local, alice):
    pending = local.send({"to": alice.address}, alice)
    head, waiting = local.head(), local.pool.transactions
    local.validators[0].online = local.validators[1].online = False
    for attempt in (local.mine, lambda: local.wait(pending)):
        with pytest.raises(ChainHalted) as caught:
            attempt()
        assert isinstance(caught.value, Unavailable)
        assert (caught.value.online, caught.value.needed) == (2, 3)
    assert (local.head(), local.pool.transactions) == (head, waiting)
    local.validators[0].online = True
    assert local.wait(pending)["status"] == 1
    assert len(local.head().seals) == 3
    assert local.head().is_final


def test_nobody_signs_for_a_block_that_cannot_be_sealed(local, clock):
    proposer = local.validators.proposer(local.head().number + 1, 0)
    silent = [member for member in local.validators.validators if member is not proposer][:2]
    for member in silent:
        member.online = False
    with pytest.raises(ChainHalted):
        local.mine()
    clock.advance(30)
    for member in silent:
        member.online = True
    assert (local.mine().round, len(local.head().seals)) == (0, 4)


def test_an_offline_proposer_costs_a_round(local):
    turn = local.validators.proposer(local.head().number + 1, 0)
    turn.online = False
    header = local.mine()
    assert header.round == 1
    assert header.coinbase == local.validators.proposer(header.number, 1).address != turn.address
    turn.online = True
    assert local.mine().round == 0


def test_rounds_can_be_asked_for(local):
    header = local.mine(round=2)
    assert (header.round, header.is_final) == (2, True)
    assert header.extra.encode_for_hash() != header.extra.encode_for_commit()


def test_rotation_is_named_and_sealed_by_the_next_header(local):
    old, new = set(local.validators.addresses), fresh(5)
    before = local.mine()
    local.rotate(new)
    after = local.mine()
    assert set(before.validators) == old
    assert set(after.validators) == {validator.address for validator in new}
    assert list(after.validators) == sorted(after.validators)
    assert after.is_final
    assert len(after.seals) == 5
    assert not after.with_seals(before.seals).is_final


def test_an_honest_validator_never_seals_two_headers_of_one_round(local):
    header = local.mine()
    member = local.validators[0]
    rival = header.altered(state_root=bytes(32))
    with pytest.raises(Rejected) as caught:
        member.seal(rival)
    assert caught.value.reason is Reason.DOUBLE_SIGN
    assert member.seal(header) in header.seals
    assert len(member.seal(header.altered(state_root=bytes(32), round=1))) == 65


def test_equivocators_seal_whatever_they_are_asked(local):
    header = local.mine()
    with pytest.raises(Rejected, match="DoubleSign"):
        local.forge(header.number, signers=local.validators.validators[:3])
    for member in local.validators.validators[:3]:
        member.equivocates = True
    rival = local.forge(header.number, signers=local.validators.validators[:3])
    assert rival.is_final
    assert (rival.number, rival.parent_hash) == (header.number, header.parent_hash)
    assert rival.hash != header.hash


def test_a_compromised_key_seals_without_its_validator(local):
    header = local.mine()
    keys = [member.compromise() for member in local.validators.validators[:3]]
    for member in local.validators.validators:
        member.online = False
    rival = header.altered(timestamp=header.timestamp + 1).sealed_by(keys)
    assert rival.is_final
    assert [member.compromised for member in local.validators.validators] == [True] * 3 + [False]
    assert "_key" not in repr(local.validators[0])


def test_an_offline_validator_does_not_seal(local):
    header = local.mine()
    local.validators[0].online = False
    with pytest.raises(Unavailable) as caught:
        local.validators[0].seal(header)
    assert caught.value.reason is Reason.VALIDATOR_OFFLINE


def test_a_kept_record_survives_its_process(local, tmp_path):
    key, path = derive_key("kept"), tmp_path / "signed.db"
    record = SqliteSignRecord(path)
    local.rotate([Validator(key)])
    first = local.mine()
    seal = Validator(key, record=record).seal(first)
    record.close()
    again = Validator(key, record=SqliteSignRecord(path))
    assert again.seal(first) == seal
    with pytest.raises(Rejected, match="DoubleSign"):
        again.seal(first.altered(state_root=bytes(32)))
    forgetful = Validator(key, record=MemorySignRecord())
    assert len(forgetful.seal(first.altered(state_root=bytes(32)))) == 65


def test_a_refused_round_is_followed_by_another(clock):
    members = [Validator(derive_key("member", index)) for index in range(4)]
    abandoned = LocalChain(chain_id=71, clock=clock, validators=members)
    clock.advance(7)
    abandoned.mine()
    clock.advance(7)
    successor = LocalChain(chain_id=71, clock=clock, validators=members)
    header = successor.mine()
    assert (header.round, header.is_final) == (1, True)


def test_sets_are_sane():
    one = Validator(derive_key("one"))
    with pytest.raises(ValueError, match="twice"):
        ValidatorSet([one, Validator(derive_key("one"))])
    with pytest.raises(ValueError, match="at least one"):
        ValidatorSet([])
    assert len(ValidatorSet([one])) == 1
