import pytest
from eth_utils import to_checksum_address
from hypothesis import strategies as st

from bridge.packets import Fees, Packet


def uints(bits):
    return st.sampled_from([0, 1, (1 << bits) - 1]) | st.integers(min_value=0, max_value=(1 << bits) - 1)


ADDRESSES = st.binary(min_size=20, max_size=20).map(to_checksum_address)
PACKETS = st.builds(
    Packet,
    source_chain=uints(64),
    source_mailbox=ADDRESSES,
    destination_chain=uints(64),
    destination_mailbox=ADDRESSES,
    route_epoch=uints(32),
    nonce=uints(64),
    sender=ADDRESSES,
    recipient=ADDRESSES,
    timeout_timestamp=uints(64),
    gas_limit=uints(64),
    fees=st.builds(Fees, deliver=uints(96), acknowledge=uints(96), expire=uints(96)),
    payload=st.binary(max_size=100),
)
st.register_type_strategy(Packet, PACKETS)


@pytest.fixture(name="packet", scope="session")
def _packet():
    return Packet(
        source_chain=101,
        source_mailbox=to_checksum_address("0x" + "a1" * 20),
        destination_chain=100,
        destination_mailbox=to_checksum_address("0x" + "b2" * 20),
        route_epoch=1,
        nonce=7,
        sender=to_checksum_address("0x" + "c3" * 20),
        recipient=to_checksum_address("0x" + "d4" * 20),
        timeout_timestamp=1_700_000_600,
        gas_limit=300_000,
        payload=b"hello, packet",
    )
