import pytest
from eth_utils import to_checksum_address
from hypothesis import given
from hypothesis import strategies as st

from bridge.errors import Reason, Rejected
from bridge.payloads import DepositMessage, ReleaseMessage

ADDRESSES = st.binary(min_size=20, max_size=20).map(to_checksum_address)
AMOUNTS = st.integers(0, (1 << 256) - 1)
DEPOSITS = st.builds(DepositMessage, asset=ADDRESSES, amount=AMOUNTS, owner=ADDRESSES, refund_to=ADDRESSES)
RELEASES = st.builds(
    ReleaseMessage, withdrawal_id=st.integers(0, (1 << 64) - 1), asset=ADDRESSES, amount=AMOUNTS, recipient=ADDRESSES
)


@given(DEPOSITS)
def test_a_deposit_decodes_to_itself(message):
    assert DepositMessage.decode(message.encode()) == message


@given(RELEASES)
def test_a_release_decodes_to_itself(message):
    assert ReleaseMessage.decode(message.encode()) == message


@given(DEPOSITS)
def test_a_deposit_is_never_read_as_a_release(message):
    with pytest.raises(Rejected):
        ReleaseMessage.decode(message.encode())


@given(RELEASES)
def test_a_release_is_never_read_as_a_deposit(message):
    with pytest.raises(Rejected):
        DepositMessage.decode(message.encode())


def test_the_refusal_names_the_kind():
    other = bytearray(DepositMessage(asset=A, amount=5, owner=A, refund_to=A).encode())
    other[31] = 9
    with pytest.raises(Rejected) as refusal:
        DepositMessage.decode(bytes(other))
    assert refusal.value.reason is Reason.UNKNOWN_KIND


@given(DEPOSITS, st.binary(min_size=1, max_size=40))
def test_trailing_bytes_are_refused(message, trailing):
    with pytest.raises(Rejected) as refusal:
        DepositMessage.decode(message.encode() + trailing)
    assert refusal.value.reason is Reason.NOT_CANONICAL


def test_an_amount_over_256_bits_is_refused():
    with pytest.raises(Rejected) as refusal:
        DepositMessage(asset=A, amount=1 << 256, owner=A, refund_to=A)
    assert refusal.value.reason is Reason.OUT_OF_RANGE


A = to_checksum_address("0x" + "11" * 20)
