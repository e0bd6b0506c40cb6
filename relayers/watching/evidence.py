"""Turns a forged header into a frozen client: the true header at its height, sealed, is the evidence."""

from collections.abc import Iterator

from bridge.clients import encode_update
from bridge.light_clients import LightClient, UpdateResult
from chains.chain import Chain, Sendable
from chains.errors import ChainError
from chains.headers import SealedHeader
from chains.plain_header import PlainHeader


def accusation(client: LightClient, follows: Chain, height: int) -> Sendable | None:
    """A call of `update` that freezes the client, None where none does (it is frozen, or no seals prove anything)."""
    try:
        true = follows.header(height)
    except ChainError:
        return None
    if isinstance(true, PlainHeader):
        return None
    for validators in _trusted_sets(client, follows, true):
        call = client.contract.functions.update(encode_update(true, validators))
        try:
            if UpdateResult(client.chain.call(call)) is UpdateResult.MISBEHAVIOUR:
                return call
        except ChainError:
            continue
    return None


def _trusted_sets(client: LightClient, follows: Chain, true: SealedHeader) -> Iterator[tuple[bytes, ...]]:
    """Sets the client may trust now: that of the header itself, of its parent, and of its latest height."""
    yield true.validators
    for height in (true.number - 1, client.latest_height()):
        try:
            yield follows.header(height).validators
        except ChainError:
            continue
