"""The bridge's protocol in Python. These names are the pure codecs; readers and deployment are in their own modules."""

from bridge.errors import BridgeError, Reason, Rejected, Unavailable
from bridge.interoperable import decode_evm, encode_evm
from bridge.packets import (
    Answer,
    Fees,
    Packet,
    Status,
    commitment_slot,
    decode_packet,
    encode_packet,
    packet_id,
    receipt_hash,
    receipt_slot,
)
from bridge.parameters import NetworkParameters
from bridge.payloads import DepositMessage, ReleaseMessage
from bridge.registry import Deployment

__all__ = [
    "Answer",
    "BridgeError",
    "Deployment",
    "DepositMessage",
    "Fees",
    "NetworkParameters",
    "Packet",
    "Reason",
    "Rejected",
    "ReleaseMessage",
    "Status",
    "Unavailable",
    "commitment_slot",
    "decode_evm",
    "decode_packet",
    "encode_evm",
    "encode_packet",
    "packet_id",
    "receipt_hash",
    "receipt_slot",
]
