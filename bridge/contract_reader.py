"""What every reader of a deployed contract has in common."""

from typing import Any, ClassVar

from eth_typing import ChecksumAddress
from web3.contract.contract import ContractFunction

from chains.chain import Chain


class ContractReader:
    """One of our contracts at an address. Block ranges include both ends; a `block` of None means the head."""

    artifact: ClassVar[str]

    def __init__(self, chain: Chain, address: ChecksumAddress) -> None:
        self.chain = chain
        self.address = address
        self.contract = chain.contract(self.artifact, address)

    def _read(self, function: ContractFunction, block: int | None = None) -> Any:
        return self.chain.call(function, block="latest" if block is None else block)
