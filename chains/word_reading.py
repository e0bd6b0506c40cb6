"""Many words of a contract in one call: a program that a node runs and forgets asks the contract for each of them."""

from collections.abc import Sequence

from eth_utils.address import to_checksum_address
from web3 import Web3
from web3.types import BlockIdentifier, RPCEndpoint

from chains.contract_calls import block_tag, failed_call, understood
from chains.errors import DishonestNode, Reason

WORD = 32
WORDS_MAX = 500
"""Of one call: what the program answers may not be longer than a contract's code."""
_PROGRAM = (
    "7f{selector}600052"  # mstore(0, selector)
    "6000"  # offset of the key
    "5b8062{size}146100695760208162{start}01600439"  # until the last: codecopy(4, start + offset, 32)
    "6020816040016024600073{target}5afa"  # staticcall(gas, target, 0, 36, 64 + offset, 32)
    "156100745760200161002656"  # revert where it fails; the next key
    "5b62{size}600101603ff3"  # return(63, 1 + size): no code may begin with 0xef, and a zero byte does not
    "5b60006000fd"
)
_PROGRAM_BYTES = 0x7A


def read_words(
    w3: Web3, contract: str, selector: bytes, keys: Sequence[bytes], *, block: BlockIdentifier
) -> list[bytes]:
    """What a function of one word answers for each of these words, in their order.

    selector: of the function, 4 bytes. Raises TransactionReverted where the function reverts for any of them, and
    DishonestNode(MalformedAnswer) for an answer of another length.
    """
    words: list[bytes] = []
    for first in range(0, len(keys), WORDS_MAX):
        words += _read(w3, contract, selector, keys[first : first + WORDS_MAX], block)
    return words


def _read(w3: Web3, contract: str, selector: bytes, keys: Sequence[bytes], block: BlockIdentifier) -> list[bytes]:
    size = WORD * len(keys)
    program = _PROGRAM.format(
        selector=selector.ljust(WORD, b"\0").hex(),
        target=to_checksum_address(contract)[2:].lower(),
        size=f"{size:06x}",
        start=f"{_PROGRAM_BYTES:06x}",
    )
    call = {"data": "0x" + program + b"".join(keys).hex()}
    response = w3.provider.make_request(RPCEndpoint("eth_call"), [call, block_tag(block)])
    if response.get("error") is not None:
        raise failed_call(response["error"])
    with understood("eth_call"):
        answer = bytes.fromhex(response["result"].removeprefix("0x"))
    if len(answer) != 1 + size:
        raise DishonestNode(Reason.MALFORMED_ANSWER, f"{len(answer)} bytes in answer to {len(keys)} words")
    return [answer[1 + WORD * position :][:WORD] for position in range(len(keys))]
