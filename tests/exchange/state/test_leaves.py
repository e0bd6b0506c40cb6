from __future__ import annotations

import struct
from dataclasses import fields, replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exchange.state import (
    Account,
    Asset,
    Config,
    Envelope,
    Expiry,
    FeeTier,
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
    Underlying,
    Waiting,
    Withdrawal,
)
from exchange.state.order import FREE


def unsigned(bits: int) -> st.SearchStrategy[int]:
    return st.one_of(st.just(0), st.just(2**bits - 1), st.integers(0, 2**bits - 1))


def signed(bits: int) -> st.SearchStrategy[int]:
    return st.one_of(
        st.sampled_from([-(2 ** (bits - 1)), -1, 0, 2 ** (bits - 1) - 1]),
        st.integers(-(2 ** (bits - 1)), 2 ** (bits - 1) - 1),
    )


U8, U16, U32, U64, U128 = (unsigned(bits) for bits in (8, 16, 32, 64, 128))
ADDRESS = st.binary(min_size=20, max_size=20)
POSITIONS = st.dictionaries(
    U16, st.builds(Position, signed(64), signed(80), signed(96), U64, U64, U64, U64, U32, U32, U64, U64), max_size=32
)
ACCOUNTS = st.builds(
    Account,
    ADDRESS,
    U8,
    U32,
    U64,
    unsigned(256),
    signed(128),
    st.dictionaries(U16, unsigned(96), max_size=8),
    POSITIONS,
    U64,
    U64,
    U16,
    U8,
    U8,
    U16,
    st.lists(st.builds(SessionKey, U16, ADDRESS, U8, U64, U64, unsigned(256)), max_size=4),
    st.none() | st.builds(Protection, U64, U32, U32, U64, U64, U64),
    st.none()
    | st.builds(
        Envelope,
        U16,
        U64,
        U64,
        U32,
        U8,
        st.integers(1, 32).flatmap(lambda n: st.binary(min_size=34 * n, max_size=34 * n)),
    ),
)
MARKETS = st.builds(
    Market,
    *(U16, U8, U8, U64, U64, U64, *[U32] * 5, signed(32), *[U32] * 3, U64),
    *(U8, U16, *[U64] * 3, U32, signed(32), U32),
    *(*[U32] * 6, U64, U64, U64),
    *(signed(96), signed(128), U128, U64, signed(64), U32, U64, signed(64), U64),
    *[U64] * 10,
    *(U8, U32, U8, U8, U8, *[U64] * 5, U32),
)
ORDERS = st.builds(
    Order, U64, U32, U32, st.sampled_from([0, 1]), U8, U64, U64, U32, U32, U64, U64, U64, U8, U64, U64, U64
)
OPERATIONS = st.builds(Operation, U8, U64, U8, st.binary(max_size=300))
SCANS = st.tuples(*[signed(64)] * 16)
MARKS = st.builds(Mark, U64, U64, SCANS, U32, signed(96), signed(64), signed(64), U64, U32)
UNDERLYINGS = st.builds(
    Underlying,
    *(U64, U64, U64, U64, U64, U16, U16, U32, st.integers(0, 255), U64, U64, U16, U32, U32, U32, U32, U64, U64),
)
EXPIRIES = st.builds(
    Expiry,
    *(U16, st.integers(1, 2), U64, U16, U16, signed(64), U64, U32, U32),
    *(signed(128) for _ in range(6)),
    *(U32, U32, U64, U16, U16),
)
ASSETS = st.builds(Asset, U64, ADDRESS, U8, U8, U16, U32, U8, U128)
WITHDRAWALS = st.builds(Withdrawal, U64, U32, ADDRESS, U16, U64, ADDRESS, U128)
HEADERS = st.builds(
    Header,
    *(U64, U64, U64, U32, U16, U16, U16, U64, st.binary(min_size=32, max_size=32), U64, U64, U64, U64, U16, U32, U32),
    *(U16, U32, U64, U64, U64),
)


@given(st.one_of(ACCOUNTS, MARKETS, ORDERS, MARKS, UNDERLYINGS, EXPIRIES, ASSETS, WITHDRAWALS, HEADERS, OPERATIONS))
def test_decode_inverts_encode(leaf: Account) -> None:
    assert type(leaf).decode(leaf.encode()) == leaf


@pytest.mark.parametrize(
    ("leaf", "size"),
    [
        (Account(b"a" * 20), 20 + 1 + 4 + 8 + 32 + 16 + 8 + 8 + 2 + 1 + 1 + 2 + 8 + 4 + 1 + 1 + 1 + 1),
        (Account(b"a" * 20, collateral={1: 1}), 119 + 14),
        (Account(b"a" * 20, positions={1: Position(size=1)}), 119 + 88),
        (Account(b"a" * 20, keys=[SessionKey(1, b"k" * 20, 3, 9)]), 119 + 71),
        (Account(b"a" * 20, protection=Protection(1, 2, 3)), 119 + 40),
        (Account(b"a" * 20, envelope=Envelope(0, 1, 2, 3, 4, bytes(68))), 119 + 24 + 68),
        (Order(1, 1, 1, 1, 0, 1, 1, 0, 0, 1, 1), 91),
        (Operation(1, 2, 3, b"body"), 10 + 4),
        (Order(1, 0, 0, FREE, 0, 0, 0, 0, 7, 0, 0), 13),
        (Mark(1, 1, (0,) * 16), 16 + 4 + 12 + 8 + 8 + 8 + 4 + 128),
        (Expiry(0, 1, 2), 2 + 1 + 8 + 2 + 2 + 8 + 8 + 4 + 4 + 6 * 16 + 4 + 4 + 8 + 2 + 2),
        (Underlying(), 44 + 4 + 1 + 16 + 2 + 16 + 16),
        (Asset(1, b"t" * 20, 0, 6, 1, 0), 8 + 20 + 1 + 1 + 2 + 4 + 1 + 16),
        (Withdrawal(0, 1, b"r" * 20, 2, 3, b"t" * 20, 4), 78),
        (Header(0, 0, 0, 0, 0, 0, 0, 0, bytes(32)), 75 + 32 + 10 + 30),
        (Lock(1, 2, 3, b"h" * 32, 4), 4 + 4 + 16 + 32 + 8 + 1),
        (HashUse(b"h" * 32, 1, 2), 32 + 4 + 4),
        (Shortage(1, 2, 3, 4, 5), 4 + 4 + 3 * 16),
        (Waiting(1, 2, 3, b"r" * 20, 4, 5, 6), 4 + 2 + 16 + 20 + 8 + 4 + 8),
        (Reservation(1, 2, 3, 4, 5, b"r" * 20, 6), 2 + 2 + 3 * 16 + 20 + 8 + 1 + 8),
    ],
)
def test_bodies_have_the_documented_size(leaf: Account, size: int) -> None:
    assert len(leaf.encode()) == size


def test_account_body_byte_by_byte() -> None:
    position = Position(-5, -7, 0, 3, 4, 30, 40, 50, 51, 2, 1)
    account = Account(
        *(b"\xaa" * 20, 0, 2, 9, 5, -1, {3: 1 << 70, 1: 6}, {2: position}),
        *(10, 11, 12, 13, 14, 15, [SessionKey(7, b"\xbb" * 20, 3, 16, 17, 18)]),
        *(Protection(1, 2, 3, 4, 5, 6), Envelope(7, 8, 9, 10, 11, b"\xcc" * 34), 19, 20),
    )
    assert account.encode().hex() == "".join(
        [
            "aa" * 20,
            "00",
            "00000002",
            "0000000000000009",
            f"{5:064x}",
            "ff" * 16,
            f"{10:016x}{11:016x}{12:04x}{13:02x}{14:02x}{15:04x}{19:016x}{20:08x}",
            "01",
            f"{7:04x}" + "bb" * 20 + f"03{16:016x}{17:016x}{18:064x}",
            "01",
            f"{1:016x}{2:08x}{3:08x}{4:016x}{5:016x}{6:016x}",
            "02",
            "0001" + f"{6:024x}",
            "0003" + f"{1 << 70:024x}",
            "01",
            "0002" + "fffffffffffffffb" + "ff" * 9 + "f9" + "00" * 12,
            f"{3:016x}{4:016x}{30:016x}{40:016x}{50:08x}{51:08x}{2:016x}{1:016x}",
            f"{7:04x}{8:016x}{9:016x}{10:08x}{11:02x}01" + "cc" * 34,
        ]
    )


@pytest.mark.parametrize("field", ["cash", "nonce_high", "order_epoch"])
def test_a_value_over_its_width_does_not_encode(field: str) -> None:
    account = Account(b"a" * 20)
    setattr(account, field, 1 << 127 if field == "cash" else 1 << 64)
    with pytest.raises(struct.error):
        account.encode()


def test_a_free_slot_keeps_only_its_sequence() -> None:
    order = Order(9, 1, 2, 1, 0, 5, 6, 7, 8, 9, 10, 11, 1, 12, 13, 14)
    order.free(4)
    assert order == Order(9, 0, 0, FREE, 0, 0, 0, 0, 4, 0, 0)
    assert Order.decode(order.encode()) == order


def test_killing_orders_raises_the_epoch_and_drops_empty_records() -> None:
    account = Account(
        b"a" * 20, positions={0: Position(bid_quantity=5, bid_notional=9), 1: Position(3, 3, 0, 0, 2, 0, 2, 0, 0, 0, 1)}
    )
    assert account.kill_orders()
    assert (account.order_epoch, account.positions) == (1, {1: Position(3, 3)})
    assert not account.kill_orders()


def test_header_of_another_version_is_refused() -> None:
    body = Header(0, 0, 0, 0, 0, 0, 0, 0, bytes(32)).encode()
    with pytest.raises(ValueError, match="version 1"):
        Header.decode(b"\x01" + body[1:])


def config(**changes: object) -> Config:
    fields: dict[str, object] = {
        "settlement_chain": 1,
        "rollup": b"r" * 20,
        "insurance_owner": b"i" * 20,
        "oracle_threshold": 3,
        "oracle_staleness": 60,
        "oracle_deviation": 100_000,
        "signers": (b"a" * 20, b"b" * 20, b"c" * 20),
    }
    return Config(**{**fields, **changes})  # type: ignore[arg-type]


def test_config_round_trip_and_hash() -> None:
    tiers = (FeeTier(volume=0, taker=10**6, maker=10**6), FeeTier(volume=5, taker=1, maker=-2))
    full = config(admin=b"z" * 20, operation_delay=7, halt_delay=8, fee_tiers=tiers)
    assert Config.decode(config().encode()) == config()
    assert Config.decode(full.encode()) == full
    assert config().hash() != config(oracle_staleness=61).hash()
    with pytest.raises(ValueError, match="length"):
        Config.decode(config().encode() + b"\x00")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"signers": (b"b" * 20, b"a" * 20, b"c" * 20)}, "ascending"),
        ({"signers": (b"a" * 20, b"a" * 20, b"c" * 20)}, "ascending"),
        ({"signers": (b"a" * 20, b"b" * 20), "oracle_threshold": 1}, "three"),
        ({"oracle_threshold": 4}, "threshold"),
        ({"oracle_threshold": 0}, "threshold"),
        ({"lock_seconds_min": 0}, "lasts for a while"),
        ({"lock_seconds_min": 61, "lock_seconds_max": 60}, "lasts for a while"),
        ({"waiting_min": 0}, "less than the amount"),
        ({"waiting_fee": 10**6}, "less than the amount"),
        ({"reservation_bond": 10**6}, "less than the amount"),
        ({"rebate_ramp_seconds": 0}, "for a while"),
        ({"reservation_seconds": 0}, "for a while"),
        ({"rollup": b"r"}, "20 bytes"),
        ({"admin": b"r"}, "20 bytes"),
        ({"fee_tiers": ()}, "start at 0"),
        ({"fee_tiers": (FeeTier(volume=1, taker=0, maker=0),)}, "start at 0"),
        ({"fee_tiers": (FeeTier(volume=0, taker=0, maker=0),) * 2}, "ascend"),
        ({"fee_tiers": (FeeTier(volume=0, taker=10**6 + 1, maker=0),)}, "at most 1"),
    ],
)
def test_bad_configs_are_refused(change: dict[str, object], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        config(**change)


def test_every_constant_of_the_config_is_committed_to() -> None:
    """A field that the hash leaves out could be changed under a running venue."""
    plain = config()
    for field in fields(plain):
        held = getattr(plain, field.name)
        if isinstance(held, int):
            other = replace(plain, **{field.name: held + (field.name != "oracle_threshold")})
            assert (other == plain) == (other.hash() == plain.hash()), field.name
            assert Config.decode(other.encode()) == other
