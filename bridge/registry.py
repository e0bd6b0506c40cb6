"""The deployment file: where every contract of a network is. JSON; an unknown key is an error."""

from pathlib import Path
from typing import Annotated, Literal, Self

from eth_typing import ChecksumAddress
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError

from bridge.abi import require_address
from bridge.errors import Reason, Rejected
from bridge.parameters import NetworkParameters

Address = Annotated[ChecksumAddress, AfterValidator(require_address)]
ChainId = Annotated[int, Field(gt=0, lt=1 << 64)]
Root = Annotated[str, Field(pattern=r"^0x[0-9a-f]{64}$")]


class _Entry(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class RegisteredAsset(_Entry):
    """One token on one chain as the exchange knows it; `token` is the zero address for ether."""

    asset: Annotated[int, Field(ge=0, lt=1 << 16)]
    chain_id: ChainId
    token: Address
    symbol: str
    decimals: Annotated[int, Field(ge=0, le=36)]


class ChainEntry(_Entry):
    """What every chain of the network has. `clients` are keyed by the chain they follow."""

    chain_id: ChainId
    name: str
    validators: tuple[Address, ...]
    deployed_at: Annotated[int, Field(ge=0)]
    mailbox: Address
    clients: dict[ChainId, Address]
    swap_escrow: Address


class SettlementEntry(ChainEntry):
    """The chain that holds the rollup."""

    forced_queue: Address
    rollup: Address
    outbox: Address
    ledger: Address


class VaultEntry(ChainEntry):
    """A chain that holds collateral."""

    vault: Address


class Deployment(_Entry):
    """A whole network. Build it with `deploy_network` or `Deployment.load`."""

    version: Literal[1] = 1
    parameters: NetworkParameters
    genesis_root: Root
    settlement: SettlementEntry
    vaults: tuple[VaultEntry, ...]
    assets: tuple[RegisteredAsset, ...]

    @property
    def chains(self) -> tuple[SettlementEntry | VaultEntry, ...]:
        """Every chain, the settlement chain first."""
        return (self.settlement, *self.vaults)

    def chain(self, chain_id: int) -> SettlementEntry | VaultEntry:
        """The entry of a chain; raises `Rejected(NO_SUCH_CHAIN)`."""
        for entry in self.chains:
            if entry.chain_id == chain_id:
                return entry
        raise Rejected(Reason.NO_SUCH_CHAIN, str(chain_id))

    def vault(self, chain_id: int) -> VaultEntry:
        """The entry of a vault chain; raises `Rejected(NO_SUCH_CHAIN)`."""
        entry = self.chain(chain_id)
        if not isinstance(entry, VaultEntry):
            raise Rejected(Reason.NO_SUCH_CHAIN, f"{chain_id} has no vault")
        return entry

    def asset(self, asset: int) -> RegisteredAsset:
        """The asset of an id."""
        return self.assets[asset]

    def asset_of(self, chain_id: int, symbol: str) -> RegisteredAsset:
        """The asset a symbol names on a chain; raises `Rejected(NO_SUCH_CHAIN)`."""
        for entry in self.assets:
            if entry.chain_id == chain_id and entry.symbol == symbol:
                return entry
        raise Rejected(Reason.NO_SUCH_CHAIN, f"{symbol} on {chain_id}")

    def dump(self) -> str:
        """The file's text."""
        return self.model_dump_json(indent=2) + "\n"

    def save(self, path: Path) -> None:
        """Write the file."""
        path.write_text(self.dump(), encoding="utf-8")

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read the file's text; raises `Rejected` (`UNKNOWN_KEY` or `MALFORMED_FILE`) naming every wrong key."""
        try:
            return cls.model_validate_json(text)
        except ValidationError as error:
            problems = error.errors(include_url=False, include_input=False)
            where = "; ".join(f"{'.'.join(map(str, problem['loc']))}: {problem['msg']}" for problem in problems)
            unknown = any(problem["type"] in ("extra_forbidden", "unexpected_keyword_argument") for problem in problems)
            raise Rejected(Reason.UNKNOWN_KEY if unknown else Reason.MALFORMED_FILE, where) from error

    @classmethod
    def load(cls, path: Path) -> Self:
        """Read the file; raises `Rejected` as `parse` does."""
        return cls.parse(path.read_text(encoding="utf-8"))
