"""Whether a vault still has what its books say."""

from collections.abc import Iterator, Sequence

from eth_typing import ChecksumAddress
from web3.exceptions import Web3RPCError

from bridge.abi import ZERO_ADDRESS
from bridge.vaults import Vault
from chains.web3_chain import call_error
from relayers.watching.alarms import Alarm, AlarmKind


class HoldingsCheck:
    """I1: of every asset a vault has what deposits brought, less what was paid, and what payees may still pull.

    Reads what is there now and keeps nothing. What forced ether or a gift adds is nobody's and no reason to cry.
    """

    def __init__(self, vault: Vault, assets: Sequence[ChecksumAddress]) -> None:
        self._vault = vault
        self._assets = assets
        self._looked_at = -1

    def look(self) -> Iterator[Alarm]:
        """See Check: the newest final block, once."""
        final = self._vault.chain.finalized_header().number
        if final == self._looked_at:
            return
        for asset in self._assets:
            owed = self._vault.holdings(asset, block=final) + self._vault.total_credits(asset, block=final)
            there = self._balance(asset, final) if owed else 0
            if there < owed:
                yield Alarm(
                    kind=AlarmKind.SHORTFALL,
                    chain_id=self._vault.chain.chain_id,
                    subject=f"{self._vault.address} {'ether' if asset == ZERO_ADDRESS else asset}",
                    detail=f"has {there} of {owed} in block {final}",
                )
        self._looked_at = final

    def _balance(self, asset: ChecksumAddress, block: int) -> int:
        chain = self._vault.chain
        if asset != ZERO_ADDRESS:
            return int(
                chain.call(chain.contract("TestToken", asset).functions.balanceOf(self._vault.address), block=block)
            )
        try:
            return int(chain.w3.eth.get_balance(self._vault.address, block))
        except Web3RPCError as error:
            raise call_error(error) from error
