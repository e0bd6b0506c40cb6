"""docs/protocol/state-vectors.json, which other implementations check themselves against, and this one agree."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from exchange.engine import (
    AssetSpec,
    ForcedItem,
    MarketSpec,
    Signer,
    UnderlyingSpec,
    apply_forced,
    genesis,
    set_clock,
    sign_cancel_all,
    sign_cancel_order,
    sign_leave_queue,
    sign_lock_cash,
    sign_oracle_report,
    sign_place_order,
    sign_queue_withdrawal,
    sign_reserve_rebalance,
    sign_smile_report,
    sign_withdraw,
    steps,
    try_apply,
)
from exchange.engine.signing import cancel_item, place_item, sign_place_bulk
from exchange.state import (
    Account,
    Asset,
    AssetKind,
    Config,
    Envelope,
    HashUse,
    Header,
    Lock,
    Mark,
    Market,
    Operation,
    Order,
    Position,
    Protection,
    Reservation,
    SessionKey,
    Shortage,
    Side,
    TimeInForce,
    Tree,
    Underlying,
    Waiting,
    Withdrawal,
    climb,
)
from exchange.state.deleveraging import Deleveraging
from exchange.state.expiry import Expiry
from exchange.state.hashing import keccak256, leaf_hash
from exchange.state.order import FREE

PATH = Path(__file__).parents[3] / "docs" / "protocol" / "state-vectors.json"
UNIT = 10**8
CONFIG = Config(
    settlement_chain=900_001,
    rollup=b"\xab" * 20,
    insurance_owner=b"\x01" * 20,
    oracle_threshold=3,
    oracle_staleness=60,
    oracle_deviation=100_000,
    signers=(b"\x02" * 20, b"\x03" * 20, b"\x04" * 20),
)
LEAVES: dict[str, tuple[int, Any]] = {
    "header": (1, Header(1_800_000_000, 12, 3, 2, 2, 2, 3, 1, CONFIG.hash(), 1, 3, 2, 1_799_999_990)),
    "account": (
        2,
        Account(
            b"\x11" * 20,
            0,
            1,
            1_800_000_000_007,
            0b1011,
            -5_000_001,
            {2: 10**18},
            {0: Position(-UNIT, -50_000_000_000, 0, 2 * UNIT, 0, 99_000_000_000, 0), 1: Position(UNIT, 3_000_000_000)},
        ),
    ),
    "account with everything": (
        2,
        Account(
            *(b"\x12" * 20, 2, 3, 1_800_000_000_009, 0b11, 7, {}, {1: Position(UNIT, 3, -4, 0, 7, 0, 21, 5, 6, 0, 4)}),
            *(1_800_000_100, 6 * 10**6, 694, 1, 2, 8, [SessionKey(8, b"\x13" * 20, 3, 1_900_000_000, 9, 1)]),
            *(Protection(10**9, 5, 60, 4, 1_799_999_999, 0), Envelope(8, 11, 12, 3, 13, bytes(range(34)))),
        ),
    ),
    "market": (
        3,
        Market(
            *(0, 1, 1, 10**7, 10**5, 10**5, 1, 100_000, 600_000, 1_100_000, 500, -100, 5_000, 20_000, 100_000, 10**12),
            *(1, 2, 3 * UNIT, 10**10, 10**11, 500_000, -5, 7_500),
            *(1, 2, 5, 6, 3, 4, 9, UNIT, 50_000 * UNIT),
            *(-7, -8, 35_000_000, 1_800_000_000, -9, 10, 1_800_000_001, -11, 1_800_000_002),
            *(12, 13, 14, 15, 16, 17, 19, 20, 1_800_000_003, 18),
            *(1, 1, 0, 0, 1, 50_000 * UNIT, UNIT, 10**6, 1_800_000_000_008, 2**63, 1),
        ),
    ),
    "order": (4, Order(5, 1, 1, 1, 0, 50_000 * UNIT, UNIT, 0, 2, 1_800_000_000_007, 2**63, 5)),
    "iceberg": (4, Order(7, 1, 1, 0, 0, 49_000 * UNIT, UNIT, 0, 2, 1_800_000_000_007, 2**63, 9, 3, 4 * UNIT, UNIT)),
    "waiting order": (4, Order(8, 1, 1, 1, 5, 0, UNIT, 3, 0, 1_800_000_000_009, 2**63, 8, 1, 0, 0, 51_000 * UNIT)),
    "operation": (15, Operation(1, 1_800_172_800, 3, b"\x00\x01")),
    "free slot": (4, Order(6, 0, 0, FREE, 0, 0, 0, 0, 4, 0, 0)),
    "mark": (
        5,
        Mark(1_800_000_000, 50_000 * UNIT, tuple(range(-8, 8)), 7, -11, -UNIT // 2, 13, 50 * UNIT, 1_250_000),
    ),
    "underlying": (
        6,
        Underlying(
            *(50_001 * UNIT, 1_800_000_001, 4, 50_000 * UNIT, 1_800_000_000, 2, 1, 9, 3, 49_000 * UNIT),
            *(1_799_990_000, 2, 60, 100_000, 20_000, 300, UNIT, 10**6 * UNIT),
        ),
    ),
    "expiry": (
        7,
        Expiry(
            *(0, 1, 1_800_086_400, 1, 3, -20_000_000, 1_800_000_000, 5, 350_000),
            *(-(10**15), 10**17, -3 * 10**17, 10**16, 2 * 10**17, 50_000 * UNIT * 900, 900, 30, 0, 12, 4),
        ),
    ),
    "deleveraging": (
        16,
        Deleveraging(
            3,
            0,
            10**18 * 3 // 4,
            10**18 // 4 * 50_000 * UNIT,
            10**18 // 4 * 51_000 * UNIT,
            50_000 * UNIT,
            UNIT,
            1_800_000_000,
        ),
    ),
    "asset": (8, Asset(900_002, b"\x22" * 20, 1, 18, 1, 100_000, 0, 10**18)),
    "withdrawal": (9, Withdrawal(0, 1, b"\x33" * 20, 1, 900_003, b"\x44" * 20, 25_000_000)),
    "lock": (10, Lock(1, 2, 25_000_000, b"\x77" * 32, 1_800_000_600, 1)),
    "used hash": (11, HashUse(b"\x77" * 32, 1, 2)),
    "shortage": (12, Shortage(1, 2, 25_000_000, 2**64 + 3, 25_000)),
    "waiting": (13, Waiting(1, 2, 25_000_000, b"\x33" * 20, 1_800_000_000, 2, 0)),
    "reservation": (14, Reservation(1, 0, 25_000_000, 25_000, 250_000, b"\x33" * 20, 1_800_007_200, 2, 4)),
}


def vectors() -> dict[str, Any]:
    """Everything in the file, computed."""
    leaves = {
        name: {"kind": kind, "body": leaf.encode().hex(), "hash": leaf_hash(kind, leaf.encode()).hex()}
        for name, (kind, leaf) in LEAVES.items()
    }
    tree = Tree(3)
    withdrawals = [Withdrawal(i, 1, b"\x33" * 20, 0, 1, b"\x44" * 20, i + 1) for i in (0, 1, 2, 3, 4, 17, 63)]
    tree.update({leaf.id: leaf_hash(9, leaf.encode()) for leaf in withdrawals})
    domain = CONFIG.domain
    key = b"\x42" * 32
    signed = {
        "PlaceOrder": sign_place_order(
            key,
            domain,
            account=1,
            market=2,
            side=Side.ASK,
            time_in_force=TimeInForce.POST_ONLY,
            price=50_000 * UNIT,
            size=UNIT,
            nonce=1_800_000_000_001,
            expiry=1_800_000_060,
        ),
        "CancelOrder": sign_cancel_order(key, domain, account=1, market=2, slot=3, sequence=4, nonce=5, expiry=6),
        "PlaceSpecial": sign_place_order(
            key,
            domain,
            account=1,
            market=2,
            side=Side.BID,
            time_in_force=TimeInForce.GTC,
            price=50_000 * UNIT,
            size=UNIT,
            nonce=1_800_000_000_002,
            expiry=1_800_000_060,
            good_till=0,
            flags=1,
            display=UNIT // 4,
            trigger=51_000 * UNIT,
            key_id=3,
        ),
        "PlaceBulk": sign_place_bulk(
            key,
            domain,
            account=1,
            items=[
                place_item(market=2, side=1, price=50_000 * UNIT, size=UNIT),
                cancel_item(market=2, slot=3, sequence=4),
            ],
            nonce=1_800_000_000_003,
            expiry=1_800_000_060,
        ),
        "CancelAll": sign_cancel_all(key, domain, account=1, nonce=2, expiry=3),
        "Withdraw": sign_withdraw(
            key, domain, account=1, asset=2, amount=2**64 + 3, recipient=b"\x55" * 20, nonce=4, expiry=5
        ),
        "SmileReport": sign_smile_report(
            [key],
            domain,
            expiry=1,
            time=1_800_000_000,
            carry=-5,
            smile=(-(10**15), 10**17, -(10**17), 10**16, 10**17),
        ),
        "OracleReport": sign_oracle_report([key], domain, underlying=1, price=50_000 * UNIT, time=1_800_000_000),
        "Reprice": steps.reprice(1),
        "Continue": steps.continue_register(1),
        "Liquidate": steps.liquidate(1, 2),
        "Cover": steps.cover(1),
        "LockCash": sign_lock_cash(
            key, domain, account=1, payee=2, amount=2**64 + 3, hash=b"\x77" * 32, deadline=4, nonce=5, expiry=6
        ),
        "ClaimLock": steps.claim_lock(7, b"\x88" * 32),
        "RefundLock": steps.refund_lock(7),
        "QueueWithdrawal": sign_queue_withdrawal(
            key, domain, account=1, asset=2, amount=2**64 + 3, recipient=b"\x55" * 20, nonce=4, expiry=5
        ),
        "ServeQueue": steps.serve_queue(2),
        "ReserveRebalance": sign_reserve_rebalance(
            key,
            domain,
            account=1,
            short=2,
            long=3,
            amount=2**64 + 4,
            min_rebate=5,
            recipient=b"\x55" * 20,
            nonce=6,
            expiry=7,
        ),
        "LapseReservation": steps.lapse_reservation(1),
        "LeaveQueue": sign_leave_queue(key, domain, account=1, waiting=2, nonce=3, expiry=4),
    }
    return {
        "config": {"bytes": CONFIG.encode().hex(), "hash": CONFIG.hash().hex(), "domainPrefix": domain.prefix.hex()},
        "leaves": leaves,
        "tree": {
            "depth": 3,
            "leaves": {str(leaf.id): leaf_hash(9, leaf.encode()).hex() for leaf in withdrawals},
            "root": tree.root.hex(),
            "proofs": {str(index): [node.hex() for node in tree.proof(index)] for index in (0, 17, 63)},
        },
        "steps": {"privateKey": key.hex(), **{name: step.hex() for name, step in signed.items()}},
        "run": run(),
    }


def run() -> dict[str, Any]:
    """Genesis, a deposit and a withdrawal: roots, and the proof of the withdrawal."""
    state = genesis(
        CONFIG,
        [MarketSpec(symbol="BTC-PERP", underlying=0, tick=10**7, lot=10**5, min_size=10**5, open_interest_cap=10**12)],
        [UnderlyingSpec(symbol="BTC")],
        [AssetSpec(symbol="USDC", chain_id=900_002, token=b"\x22" * 20, kind=AssetKind.CASH, decimals=6)],
        clock=1_800_000_000,
    )
    key = b"\x42" * 32
    owner = Signer(key).address
    roots = [state.root.hex()]
    set_clock(state, 1_800_000_001)
    apply_forced(
        state,
        ForcedItem(
            kind=1, account=1, owner=owner, asset=0, amount=10**8, packet_id=b"\x66" * 32, enqueued_at=1_800_000_000
        ),
    )
    roots.append(state.commit().hex())
    step = sign_withdraw(
        key,
        CONFIG.domain,
        account=1,
        asset=0,
        amount=25_000_000,
        recipient=b"\x33" * 20,
        nonce=1_800_000_000_001,
        expiry=1_800_000_060,
    )
    try_apply(state, step)
    roots.append(state.commit().hex())
    proof = state.prove_withdrawal(0)
    return {
        "step": step.hex(),
        "roots": roots,
        "withdrawal": proof.withdrawal.encode().hex(),
        "withdrawalProof": [node.hex() for node in proof.withdrawal_proof],
        "rootProof": [node.hex() for node in proof.root_proof],
    }


@pytest.fixture(scope="module")
def committed() -> dict[str, Any]:
    return json.loads(PATH.read_text())


@pytest.mark.parametrize("part", ["config", "leaves", "tree", "steps", "run"])
def test_the_committed_vectors_are_what_this_code_computes(committed, part: str) -> None:
    assert committed[part] == vectors()[part]


@pytest.mark.parametrize("name", LEAVES)
def test_committed_leaves_hash_and_decode(committed, name: str) -> None:
    vector = committed["leaves"][name]
    body = bytes.fromhex(vector["body"])
    assert keccak256(b"\x00" + bytes([vector["kind"]]) + body).hex() == vector["hash"]
    kind, leaf = LEAVES[name]
    assert (kind, type(leaf).decode(body)) == (vector["kind"], leaf)


def test_committed_proofs_lead_to_their_roots(committed) -> None:
    tree = committed["tree"]
    for index, proof in tree["proofs"].items():
        leaf = bytes.fromhex(tree["leaves"][index])
        assert climb(leaf, int(index), [bytes.fromhex(node) for node in proof]).hex() == tree["root"]
    run_vector = committed["run"]
    leaf = leaf_hash(9, bytes.fromhex(run_vector["withdrawal"]))
    root = climb(leaf, 0, [bytes.fromhex(node) for node in run_vector["withdrawalProof"]])
    assert climb(root, 8, [bytes.fromhex(node) for node in run_vector["rootProof"]]).hex() == run_vector["roots"][-1]


if __name__ == "__main__":  # rewrites the file after a deliberate change of the format
    PATH.write_text(json.dumps(vectors(), indent=1) + "\n")
