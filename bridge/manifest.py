"""A deployment file that somebody vouches for: addresses, the code at them, and a signature over both.

Whoever is given addresses by a page or a server checks them against a signer it knows from elsewhere.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated, Literal, Self

from eth_account import Account
from eth_account.messages import encode_typed_data
from eth_account.signers.local import LocalAccount
from eth_typing import ChecksumAddress
from eth_utils.address import to_checksum_address
from eth_utils.crypto import keccak
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from bridge.abi import ZERO_ADDRESS
from bridge.errors import Reason, Rejected
from bridge.registry import Address, ChainId, Deployment, SettlementEntry, VaultEntry
from chains.chain import Chain

Digest = Annotated[str, Field(pattern=r"^0x[0-9a-f]{64}$")]
Signature = Annotated[str, Field(pattern=r"^0x[0-9a-f]{130}$")]


class Manifest(BaseModel):
    """Made by `vouch`. `code` is keccak256 of what is at each address of each chain."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    version: Literal[1] = 1
    deployment: Deployment
    code: dict[ChainId, dict[Address, Digest]]
    signature: Signature

    def dump(self) -> str:
        """The file's text."""
        return self.model_dump_json(indent=2) + "\n"

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read the file's text; raises `Rejected(MALFORMED_FILE)`."""
        try:
            return cls.model_validate_json(text)
        except ValidationError as error:
            raise Rejected(Reason.MALFORMED_FILE, str(error.errors(include_url=False, include_input=False))) from error

    @classmethod
    def load(cls, path: Path) -> Self:
        """Read the file; raises `Rejected` as `parse` does."""
        return cls.parse(path.read_text(encoding="utf-8"))

    def check(self, chains: Mapping[int, Chain], signer: ChecksumAddress) -> Deployment:
        """The deployment, if `signer` vouches for it and every chain has that code at its addresses.

        Raises `Rejected(ADDRESS_MISMATCH)` naming what is otherwise.
        """
        message = encode_typed_data(full_message=_typed(_digest(self.deployment, self.code)))
        if Account.recover_message(message, signature=self.signature) != signer:
            raise Rejected(Reason.ADDRESS_MISMATCH, f"{signer} does not vouch for this file")
        for chain_id, address in _addresses(self.deployment):
            if self.code.get(chain_id, {}).get(address) != _code_hash(chains[chain_id], address):
                raise Rejected(Reason.ADDRESS_MISMATCH, f"other code at {address} of chain {chain_id}")
        return self.deployment


def vouch(deployment: Deployment, chains: Mapping[int, Chain], key: LocalAccount) -> Manifest:
    """Sign where everything is and what code is there now."""
    code: dict[ChainId, dict[Address, Digest]] = {}
    for chain_id, address in _addresses(deployment):
        code.setdefault(chain_id, {})[address] = _code_hash(chains[chain_id], address)
    message = encode_typed_data(full_message=_typed(_digest(deployment, code)))
    return Manifest(deployment=deployment, code=code, signature="0x" + bytes(key.sign_message(message).signature).hex())


def _addresses(deployment: Deployment) -> Iterator[tuple[int, ChecksumAddress]]:
    """Every contract that a wallet or a relayer meets, once."""
    seen: set[tuple[int, ChecksumAddress]] = set()
    for entry in deployment.chains:
        own = [entry.mailbox, entry.swap_escrow, *entry.clients.values()]
        if isinstance(entry, SettlementEntry):
            own += [entry.forced_queue, entry.rollup, entry.outbox, entry.ledger]
        if isinstance(entry, VaultEntry):
            own.append(entry.vault)
        seen |= {(entry.chain_id, address) for address in own}
    seen |= {(asset.chain_id, asset.token) for asset in deployment.assets if asset.token != ZERO_ADDRESS}
    yield from sorted(seen)


def _code_hash(chain: Chain, address: ChecksumAddress) -> str:
    return "0x" + keccak(bytes(chain.w3.eth.get_code(to_checksum_address(address)))).hex()


def _digest(deployment: Deployment, code: Mapping[ChainId, Mapping[Address, Digest]]) -> bytes:
    found = [
        f"{chain_id} {address} {code[chain_id][address]}"
        for chain_id in sorted(code)
        for address in sorted(code[chain_id])
    ]
    return keccak("\n".join([deployment.model_dump_json(), *found]).encode())


def _typed(digest: bytes) -> dict[str, object]:
    """EIP-712 `Manifest(bytes32 digest)`, domain `Clearspan Manifest`, `1`."""
    return {
        "types": {
            "EIP712Domain": [{"name": "name", "type": "string"}, {"name": "version", "type": "string"}],
            "Manifest": [{"name": "digest", "type": "bytes32"}],
        },
        "primaryType": "Manifest",
        "domain": {"name": "Clearspan Manifest", "version": "1"},
        "message": {"digest": digest},
    }
