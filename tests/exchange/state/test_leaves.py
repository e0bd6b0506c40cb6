from __future__ import annotations

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exchange.state import (
    Account,
    Asset,
    Config,
    HashUse,
    Header,
    Lock,
    Mark,
    Market,
    Order,
    Position,
    Reservation,
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
    U16, st.builds(Position, signed(64), signed(80), signed(96), U64, U64, U64, U64), max_size=32
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
)
MARKETS = st.builds(
    Market,
    *(U16, U8, U8, U64, U64, U64, *[U32] * 9, U64, *[U32] * 4, U64, U64, signed(96), signed(128), U128, U64),
    *(U8, U32, U8, U8, U64, U64, U64, U64, U32),
)
ORDERS = st.builds(Order, U64, U32, U32, st.sampled_from([0, 1]), U8, U64, U64, U32, U32, U64, U64)
MARKS = st.builds(Mark, U64, U64, st.tuples(*[signed(64)] * 16))
UNDERLYINGS = st.builds(Underlying, U64, U64, U64, U64, U64, U16, U16)
ASSETS = st.builds(Asset, U64, ADDRESS, U8, U8, U16, U32, U8, U128)
WITHDRAWALS = st.builds(Withdrawal, U64, U32, ADDRESS, U16, U64, ADDRESS, U128)
HEADERS = st.builds(Header, U64, U64, U64, U32, U16, U16, U16, U64, st.binary(min_size=32, max_size=32))


@given(st.one_of(ACCOUNTS, MARKETS, ORDERS, MARKS, UNDERLYINGS, ASSETS, WITHDRAWALS, HEADERS))
def test_decode_inverts_encode(leaf: Account) -> None:
    assert type(leaf).decode(leaf.encode()) == leaf


@pytest.mark.parametrize(
    ("leaf", "size"),
    [
        (Account(b"a" * 20), 20 + 1 + 4 + 8 + 32 + 1 + 16 + 1 + 1),
        (Account(b"a" * 20, collateral={1: 1}), 84 + 14),
        (Account(b"a" * 20, positions={1: Position(size=1)}), 84 + 64),
        (Order(1, 1, 1, 1, 0, 1, 1, 0, 0, 1, 1), 58),
        (Order(1, 0, 0, FREE, 0, 0, 0, 0, 7, 0, 0), 13),
        (Mark(1, 1, (0,) * 16), 16 + 128),
        (Underlying(), 44),
        (Asset(1, b"t" * 20, 0, 6, 1, 0), 8 + 20 + 1 + 1 + 2 + 4 + 1 + 16),
        (Withdrawal(0, 1, b"r" * 20, 2, 3, b"t" * 20, 4), 78),
        (Header(0, 0, 0, 0, 0, 0, 0, 0, bytes(32)), 75 + 32),
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
    position = Position(-5, -7, 0, 3, 4, 30, 40)
    account = Account(b"\xaa" * 20, 0, 2, 9, 5, -1, {3: 1 << 70, 1: 6}, {2: position})
    assert account.encode().hex() == "".join(
        [
            "aa" * 20,
            "00",
            "00000002",
            "0000000000000009",
            f"{5:064x}",
            "00",
            "ff" * 16,
            "02",
            "0001" + f"{6:024x}",
            "0003" + f"{1 << 70:024x}",
            "01",
            "0002" + "fffffffffffffffb" + "ff" * 9 + "f9" + "00" * 12,
            f"{3:016x}{4:016x}{30:016x}{40:016x}",
        ]
    )


@pytest.mark.parametrize("field", ["cash", "nonce_high", "order_epoch"])
def test_a_value_over_its_width_does_not_encode(field: str) -> None:
    account = Account(b"a" * 20)
    setattr(account, field, 1 << 127 if field == "cash" else 1 << 64)
    with pytest.raises(struct.error):
        account.encode()


def test_a_free_slot_keeps_only_its_sequence() -> None:
    order = Order(9, 1, 2, 1, 0, 5, 6, 7, 8, 9, 10)
    order.free(4)
    assert order == Order(9, 0, 0, FREE, 0, 0, 0, 0, 4, 0, 0)
    assert Order.decode(order.encode()) == order


def test_killing_orders_raises_the_epoch_and_drops_empty_records() -> None:
    account = Account(
        b"a" * 20, positions={0: Position(bid_quantity=5, bid_notional=9), 1: Position(3, 3, 0, 0, 2, 0, 2)}
    )
    assert account.kill_orders()
    assert (account.order_epoch, account.positions) == (1, {1: Position(3, 3)})
    assert not account.kill_orders()


def test_header_of_another_version_is_refused() -> None:
    body = Header(0, 0, 0, 0, 0, 0, 0, 0, bytes(32)).encode()
    with pytest.raises(ValueError, match="version 2"):
        Header.decode(b"\x02" + body[1:])


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
    assert Config.decode(config().encode()) == config()
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
        ({"rollup": b"r"}, "20 bytes"),
    ],
)
def test_bad_configs_are_refused(change: dict[str, object], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        config(**change)
