"""A contract that makes one call as often as it is told: thousands of packets in a few transactions."""

from tests.chains.assembler import assemble, deployment

RUNTIME = assemble("""
    0 CALLDATALOAD 64 SHR @end JUMPI
    64 CALLDATASIZE SUB 64 0 CALLDATACOPY
    0 CALLDATALOAD
    :loop DUP1 ISZERO @end JUMPI
        0 0 64 CALLDATASIZE SUB 0 0 32 CALLDATALOAD GAS CALL ISZERO @fail JUMPI
        1 SWAP1 SUB @loop JUMP
    :end STOP
    :fail 0 0 REVERT
""")
"""Takes how often, whom, and the call's bytes. What mailboxes tell it about answers it lets pass."""
CREATION = deployment(RUNTIME)


def order(count, recipient, payload):
    """Calldata for `count` calls."""
    return count.to_bytes(32, "big") + bytes.fromhex(recipient[2:]).rjust(32, b"\0") + bytes(payload)
