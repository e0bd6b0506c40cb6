"""Reads an attestation client: who its signers are, and how many have to agree."""

from eth_typing import ChecksumAddress
from eth_utils.address import to_checksum_address

from bridge.attestations import signers_hash
from bridge.errors import Unavailable, WaitReason
from bridge.light_clients import LightClient


class AttestedClient(LightClient):
    """An `AttestationClient` on a chain."""

    artifact = "AttestationClient"

    def epoch(self) -> int:
        """The epoch whose signers count now."""
        return int(self._read(self.contract.functions.currentEpoch()))

    def signers(self, epoch: int, first_block: int = 0) -> tuple[tuple[ChecksumAddress, ...], int]:
        """An epoch's signers, ascending, and the threshold; raises Unavailable(NOT_FINAL) while its event is missing.

        Events are hints: only a set that hashes to what the client keeps is answered.
        """
        kept_hash, _, threshold = self._read(self.contract.functions.signerEpoch(epoch))
        for log in self.chain.logs(self.contract.events.EpochScheduled(), first_block, self.chain.head().number):
            signers = tuple(to_checksum_address(signer) for signer in log["args"]["signers"])
            if log["args"]["epoch"] == epoch and signers_hash(signers) == bytes(kept_hash):
                return signers, int(threshold)
        raise Unavailable(WaitReason.NOT_FINAL, f"the signers of epoch {epoch}")
