"""Any packet, its fields often at their limits."""

from eth_utils.address import to_checksum_address
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
    fees=st.builds(Fees, deliver=uints(96), acknowledge=uints(96), expire=uints(96), refund_to=ADDRESSES),
    payload=st.binary(max_size=200),
)
