from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exchange.sdk.amounts import from_base_units, to_base_units
from exchange.sdk.errors import FloatAmount, InvalidAmount, Rejected


@pytest.mark.parametrize(
    ("value", "units"),
    [
        ("1", 1_000_000),
        ("0.000001", 1),
        ("1.500000", 1_500_000),
        ("1.50000000", 1_500_000),
        (Decimal("2.25"), 2_250_000),
        (Decimal("1E+3"), 1_000_000_000),
        (7, 7),
    ],
)
def test_whole_units_and_base_units(value, units):
    assert to_base_units(value, decimals=6) == units


@pytest.mark.parametrize("value", [1.0, 0.1, float("nan"), float("inf")])
def test_a_float_raises_and_says_what_to_pass_instead(value):
    with pytest.raises(FloatAmount) as caught:
        to_base_units(value, decimals=6, what="deposit amount")
    assert caught.value.reason == "FloatAmount"
    assert str(caught.value) == (
        "FloatAmount: deposit amount is a float; pass a Decimal, a str, or base units as an int"
    )
    assert isinstance(caught.value, TypeError)
    assert isinstance(caught.value, Rejected)


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        ("0.0000001", "TooManyDecimals"),
        (Decimal("1.0000001"), "TooManyDecimals"),
        (Decimal("1E-7"), "TooManyDecimals"),
        ("0", "NotPositive"),
        (0, "NotPositive"),
        (-1, "NotPositive"),
        (Decimal(-1), "NotPositive"),
        ("-1", "NotAnAmount"),
        ("+1", "NotAnAmount"),
        ("1e6", "NotAnAmount"),
        ("1_000", "NotAnAmount"),
        (" 1", "NotAnAmount"),
        ("1.", "NotAnAmount"),
        (".5", "NotAnAmount"),
        ("", "NotAnAmount"),
        ("\u0661", "NotAnAmount"),
        ("9" * 81, "NotAnAmount"),
        (Decimal("NaN"), "NotAnAmount"),
        (Decimal("Infinity"), "NotAnAmount"),
        (Decimal("1E+5000"), "NotAnAmount"),
        (1 << 96, "OutOfRange"),
        ("9" * 40, "OutOfRange"),
        (True, "NotAnAmount"),
        (None, "NotAnAmount"),
        (b"1", "NotAnAmount"),
    ],
)
def test_what_cannot_be_meant_is_refused(value, reason):
    with pytest.raises(InvalidAmount) as caught:
        to_base_units(value, decimals=6)
    assert caught.value.reason == reason


@given(st.integers(min_value=1, max_value=2**96 - 1), st.integers(min_value=0, max_value=18))
def test_no_amount_is_changed_on_the_way_out_and_back(units, decimals):
    whole = from_base_units(units, decimals=decimals)
    assert to_base_units(whole, decimals=decimals) == units
    assert to_base_units(format(whole, "f"), decimals=decimals) == units


def test_negative_units_keep_their_sign():
    assert from_base_units(-1_500_000, decimals=6) == Decimal("-1.5")
