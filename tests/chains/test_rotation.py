"""Validator sets that change while the chain goes on."""

import random

import pytest

from chains import ChainHalted, Depth, Reason, Rejected, SealedHeader, Validator
from chains.keys import derive_key
from chains.sign_record import SqliteSignRecord

BLOCKS = 60


def candidates(count):
    return [Validator(derive_key("candidate", index)) for index in range(count)]


def check(chain, number, members):
    """A header is what Besu would write, follows its parent, and is sealed by its own set and nobody else."""
    header, addresses = chain.header(number), {member.address for member in members}
    assert header.parent_hash == chain.header(number - 1).hash
    assert list(header.validators) == sorted(addresses)
    assert set(header.signers) <= addresses
    assert header.is_final
    assert SealedHeader.decode(header.sealed_rlp) == header


@pytest.mark.parametrize("finality", [None, Depth(3)])
@pytest.mark.parametrize("seed", range(3))
def test_every_header_is_sealed_by_the_set_it_names(make_local, alice, seed, finality):
    """One member joins or leaves at a time, some are offline, transactions keep coming."""
    chance, pool = random.Random(seed), candidates(9)
    chain = make_local(validators=pool[:4], finality=finality)
    members, sets = pool[:4], {}
    for number in range(1, BLOCKS + 1):
        outside = [validator for validator in pool if validator not in members]
        if outside and (len(members) == 4 or chance.random() < 0.5):
            members = [*members, chance.choice(outside)]
        else:
            leaver = chance.choice(members)
            members = [member for member in members if member is not leaver]
        chain.rotate(members)
        if finality is None:
            for validator in pool:
                validator.online = True
            chance.choice(members).online = False
        chain.send({"to": alice.address, "value": 1}, alice)
        chain.mine()
        sets[number] = members
    final = chain.finalized_header().number
    assert final == BLOCKS - (finality.blocks if finality else 0)
    for number in range(1, final + 1):
        check(chain, number, sets[number])
    assert chain.w3.eth.get_transaction_count(alice.address) == BLOCKS
    assert len({header.validators for header in map(chain.header, range(1, BLOCKS + 1))}) > 20


def test_blocks_of_the_old_set_are_sealed_by_it_when_they_become_final(make_local):
    old, new = candidates(8)[:4], candidates(8)[4:]
    chain = make_local(validators=old, finality=Depth(2))
    before = chain.mine()
    chain.rotate(new)
    chain.mine()
    for member in old[:2]:
        member.online = False
    with pytest.raises(ChainHalted):
        chain.mine()
    for member in old:
        member.online = True
    chain.mine()
    assert chain.finalized_header().number == before.number
    check(chain, before.number, old)
    chain.mine()
    check(chain, before.number + 1, new)


def test_retired_keys_seal_nothing(local):
    retired = local.validators.validators
    local.rotate(candidates(4))
    header = local.mine()
    assert not {member.address for member in retired} & set(header.signers)
    for member in retired:
        with pytest.raises(Rejected) as caught:
            member.seal(header)
        assert caught.value.reason is Reason.UNKNOWN_VALIDATOR
    with pytest.raises(Rejected):
        local.forge(header.number, signers=retired)
    stolen = [member.compromise() for member in retired]
    assert not header.sealed_by(stolen).is_final
    for extra in stolen:
        assert not header.with_seals([*header.seals, header.sealed_by([extra]).seals[0]]).is_final
    assert header.is_final


def test_whoever_comes_back_seals_again(local):
    first = local.validators.validators
    local.rotate(candidates(4))
    local.mine()
    local.rotate(first)
    assert set(local.mine().signers) == {member.address for member in first}


def test_records_on_disk_keep_up(make_local, tmp_path):
    """Members with files for memories join and leave; each remembers what it sealed, and none seals twice."""
    keys = [derive_key("candidate", index) for index in range(6)]
    records = [SqliteSignRecord(tmp_path / f"{index}.db", witness=tmp_path / f"{index}") for index in range(6)]
    pool = [Validator(key, record=record) for key, record in zip(keys, records, strict=True)]
    chain = make_local(validators=pool[:4])
    for number in range(1, 13):
        chain.rotate([pool[(number + offset) % 6] for offset in range(4)])
        chain.mine()
    for record in records:
        record.close()
    reopened = [SqliteSignRecord(tmp_path / f"{index}.db", witness=tmp_path / f"{index}") for index in range(6)]
    for key, record in zip(keys, reopened, strict=True):
        validator = Validator(key, record=record)
        for number in range(1, 13):
            header = chain.header(number)
            validator.check_record(header)
            claimed = record.remembered(number, header.round)
            assert claimed == (header.commit_digest if validator.address in header.signers else None)
            if claimed:
                with pytest.raises(Rejected) as caught:
                    validator.seal(header.altered(state_root=bytes(32)))
                assert caught.value.reason is Reason.DOUBLE_SIGN
        record.close()


def test_equivocation_is_for_those_who_were_told_to(local):
    header = local.mine()
    told = local.validators.validators[:2]
    for member in told:
        member.equivocates = True
    rival = local.forge(header.number, signers=told)
    assert (set(rival.signers), rival.is_final) == ({member.address for member in told}, False)
    assert rival.number == header.number
    assert rival.hash != header.hash
    with pytest.raises(Rejected) as caught:
        local.forge(header.number, signers=local.validators.validators[:3])
    assert caught.value.reason is Reason.DOUBLE_SIGN
