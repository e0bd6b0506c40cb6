"""Bytes in, commitment out: `Rollup` as deployed and this package agree, and refuse the same bytes by the same name."""

import random
from collections import Counter

import pytest
from eth_abi import encode
from eth_account import Account
from eth_utils import to_canonical_address, to_checksum_address

from bridge.interoperable import encode_evm
from chains import LocalChain, TransactionReverted, VirtualClock
from chains.blocks import create_address
from exchange.engine import ForcedItem
from exchange.rollup.batch import MAX_BATCH_BYTES, Batch, decode_segments, encode_segments
from exchange.rollup.errors import BatchRule, MalformedBatch
from exchange.rollup.forced_items import item_hash
from exchange.rollup.segment import MAX_STEP_BYTES, Segment

START = 1_767_225_600
GENESIS_ROOT = b"\x77" * 32
POSTER = Account.from_key(b"\x01" * 32)
VAULT = to_checksum_address("0x" + "aa" * 20)
TOKEN = to_checksum_address("0x" + "bb" * 20)
FORCED_ITEMS = 40


@pytest.fixture(scope="module")
def rollup():
    chain = LocalChain(chain_id=1001, clock=VirtualClock(START), balances={POSTER.address: 10**24})
    me, queue_address = POSTER.address, to_checksum_address(create_address(to_canonical_address(POSTER.address), 1))
    caps = [(2002, TOKEN, (FORCED_ITEMS, FORCED_ITEMS))]
    ledger = chain.deploy("ChainLedger", [me, queue_address, me, 1, 1, 1, caps], POSTER)
    queue = chain.deploy("ForcedQueue", [me, ledger.address, me, me, 10**6, 1, 1, me, 1, 1], POSTER)
    chain.transact(queue.functions.registerVault(2002, VAULT), POSTER)
    chain.transact(queue.functions.registerAsset(0, 2002, TOKEN), POSTER)
    sender = encode_evm(2002, VAULT)
    for number in range(FORCED_ITEMS):
        payload = encode(["uint8", "address", "uint256", "address", "address"], [1, TOKEN, 1, VAULT, VAULT])
        chain.transact(queue.functions.receiveMessage(number.to_bytes(32, "big"), sender, payload), POSTER)
    contract = chain.deploy(
        "Rollup", [POSTER.address, queue.address, GENESIS_ROOT, 100, 2, START + 10**9, POSTER.address], POSTER
    )
    chain.clock.advance(10_000)
    return chain, contract


def made(seed, count, *, clock, forced=0, largest=40):
    source = random.Random(seed)
    segments = [
        Segment(
            clock=clock + index // 3,
            forced_count=forced,
            steps=tuple(source.randbytes(source.randrange(largest)) for _ in range(1 + index % 3)),
        )
        for index in range(count)
    ]
    return encode_segments(segments), tuple(source.randbytes(32) for _ in segments)


def post(rollup, batch):
    _, contract = rollup
    return contract.functions.postBatch(batch.index, batch.parent_root, list(batch.roots), batch.data)


def next_batch(rollup, data, roots):
    chain, contract = rollup
    index = chain.call(contract.functions.batchCount())
    parent = chain.call(contract.functions.latestRoot())
    return Batch(index=index, parent_root=parent, roots=roots, data=data)


def last_clock(rollup):
    chain, contract = rollup
    count = chain.call(contract.functions.batchCount())
    return chain.call(contract.functions.batch(count - 1))[5] if count else START


def refusal(rollup, batch):
    """Name of the error that the contract refuses a batch with, None if it takes it."""
    chain, _ = rollup
    try:
        chain.call(post(rollup, batch), sender=POSTER.address)
    except TransactionReverted as error:
        return error.error_name
    return None


@pytest.mark.parametrize("count", [1, 2, 3, 4, 5, 15, 16, 17, 63, 65, 257])
def test_the_contract_derives_the_same_commitment(rollup, count):
    chain, contract = rollup
    batch = next_batch(rollup, *made(count, count, clock=last_clock(rollup), forced=count in (1, 5)))
    receipt = chain.transact(post(rollup, batch), POSTER)
    (event,) = contract.events.BatchPosted().process_receipt(receipt)
    assert bytes(event.args.commitment) == batch.commitment()
    assert event.args.segments == count
    kept = chain.call(contract.functions.batch(batch.index))
    assert (bytes(kept[0]), bytes(kept[1])) == (batch.commitment(), batch.state_root)
    assert kept[5] == batch.segments()[-1].clock


def test_the_largest_batch_is_taken_and_one_byte_more_is_not(rollup):
    chain, contract = rollup
    steps = (bytes(MAX_STEP_BYTES),) * 29
    segments = [Segment(clock=START + 5_000, steps=steps), Segment(clock=START + 5_000, steps=(b"\xff" * 1_130,))]
    batch = next_batch(rollup, encode_segments(segments), (b"\x01" * 32, b"\x02" * 32))
    assert len(batch.data) == MAX_BATCH_BYTES
    chain.transact(post(rollup, batch), POSTER)
    assert bytes(chain.call(contract.functions.batch(batch.index))[0]) == batch.commitment()
    more = next_batch(rollup, batch.data + b"\x00", batch.roots)
    assert refusal(rollup, more) == "DataSize"
    with pytest.raises(MalformedBatch, match="DataSize"):
        more.commitment()


def one(rule):
    """Bytes of a two-segment batch that break one rule, or none."""
    first = (START + 6_000).to_bytes(8, "big") + bytes((0, 1)) + b"\x00\x02ab"
    second = (START + 6_000).to_bytes(8, "big") + bytes((0, 2)) + b"\x00\x01c\x00\x00"
    match rule:
        case "falls":
            second = (START + 5_999).to_bytes(8, "big") + second[8:]
        case "empty":
            second = second[:8] + bytes(2)
        case "many":
            second = second[:9] + bytes((33,)) + bytes(66)
        case "forced too":
            second = second[:8] + bytes((31, 2)) + second[10:]
        case "step":
            second = second[:10] + (MAX_STEP_BYTES + 1).to_bytes(2, "big") + bytes(MAX_STEP_BYTES + 1) + b"\x00\x00"
        case "trailing":
            second += b"\x00"
        case "short":
            second = second[:9]
        case "overrun":
            first = first[:10] + b"\x00\x03ab"
    return b"".join(len(body).to_bytes(3, "big") + body for body in (first, second))


@pytest.mark.parametrize(
    ("rule", "expected"),
    [
        ("falls", BatchRule.CLOCK_FALLS),
        ("empty", BatchRule.SEGMENT_COUNT),
        ("many", BatchRule.SEGMENT_COUNT),
        ("forced too", BatchRule.SEGMENT_COUNT),
        ("step", BatchRule.STEP_LENGTH),
        ("trailing", BatchRule.SEGMENT_TRAILING),
        ("short", BatchRule.SEGMENT_LENGTH),
        ("overrun", BatchRule.SEGMENT_TRAILING),
    ],
)
def test_one_broken_rule_has_one_name_here_and_there(rollup, rule, expected):
    batch = next_batch(rollup, one(rule), (b"\x01" * 32, b"\x02" * 32))
    with pytest.raises(MalformedBatch) as caught:
        batch.commitment()
    assert refusal(rollup, batch) == caught.value.rule == expected
    assert refusal(rollup, next_batch(rollup, one(None), batch.roots)) is None


@pytest.mark.parametrize("roots", [(), (b"\x01" * 32,), (b"\x01" * 32,) * 3])
def test_a_wrong_number_of_roots_is_refused(rollup, roots):
    batch = next_batch(rollup, one(None), roots)
    with pytest.raises(MalformedBatch, match="RootCount"):
        batch.commitment()
    assert refusal(rollup, batch) == "RootCount"


def test_changed_bytes_are_taken_or_refused_by_both(rollup):
    source = random.Random(7)
    outcomes = Counter()
    for seed in range(120):
        data, _ = made(seed, 1 + seed % 4, clock=START + 6_000, largest=6)
        changed = bytearray(data)
        if seed % 3 == 0:
            del changed[source.randrange(len(data)) :]
        for _ in range(source.randrange(3) if changed else 0):
            changed[source.randrange(len(changed))] = source.choice((0, 1, 2, 31, 33, 255))
        changed = bytes(changed)
        try:
            roots = (b"\x05" * 32,) * len(decode_segments(changed))
        except MalformedBatch:
            roots = (b"\x05" * 32,) * 8
            here = False
        else:
            here = True
        there = refusal(rollup, next_batch(rollup, changed, roots))
        outcomes[there] += 1
        if here:
            assert there in {None, "ClockFalls", "ClockAhead", "QueueExceeded"}, seed
        else:
            assert there in {"ClockAhead", *BatchRule}, seed
    assert len(outcomes) > 4, outcomes


def test_the_queue_hashes_items_as_this_package_encodes_them(rollup):
    chain, contract = rollup
    queue = chain.contract("ForcedQueue", chain.call(contract.functions.queue()))
    logs = chain.logs(queue.events.ItemEnqueued(), 0, chain.head().number)
    assert len(logs) == FORCED_ITEMS
    for log in logs:
        fields = log.args.item
        item = ForcedItem(
            kind=fields.kind,
            account=fields.account,
            owner=bytes.fromhex(fields.owner[2:]),
            asset=fields.asset,
            amount=fields.amount,
            packet_id=bytes(fields.packetId),
            enqueued_at=fields.enqueuedAt,
        )
        assert item_hash(item) == bytes(chain.call(queue.functions.itemHash(log.args.index)))
