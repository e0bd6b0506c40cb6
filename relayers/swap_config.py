"""The file a party's swaps run from: TOML, every key known, every problem named with its path."""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Annotated, Any, Self

from eth_account.signers.local import LocalAccount
from pydantic import Field, ValidationError

from bridge.deployment import Deployment
from bridge.errors import Rejected as BridgeRejected
from bridge.swaps.book import SwapBook
from bridge.swaps.chain_port import Send
from bridge.swaps.timelocks import LONGEST_SECONDS, ChainBounds
from chains.chain import Chain
from exchange.sdk.catalogue import AssetSpec, Catalogue
from exchange.sdk.swap_desk import CashAccess, SwapDesk
from exchange.sdk.swap_policy import ExchangeBounds, SwapPolicy
from relayers.operating import keystores
from relayers.operating.chain_building import connect_chain
from relayers.operating.config import ChainSection, Name, Section, SignerSection
from relayers.operating.errors import ConfigRejected, Problem, Reason, Rejected

_Bound = Annotated[int, Field(ge=0, le=LONGEST_SECONDS)]


class BoundsSection(Section):
    """What is taken for granted of a chain, in seconds (`bridge.swaps.timelocks.ChainBounds`); no defaults."""

    inclusion_seconds: _Bound
    finality_seconds: _Bound
    reorganisation_seconds: _Bound
    halt_seconds: _Bound
    drift_seconds: _Bound

    def bounds(self) -> ChainBounds:
        """The same for the timelocks."""
        return ChainBounds(**self.model_dump())


class SwapChainSection(ChainSection):
    """A chain, its nodes, and what its timelocks rest on."""

    bounds: BoundsSection


class HabitsSection(Section):
    """How this party works, in seconds; safety_deposit in wei. See `exchange.sdk.swap_policy.SwapPolicy`."""

    reaction_seconds: _Bound = 60
    public_seconds: _Bound = 600
    answer_seconds: _Bound = 600
    longest_seconds: _Bound = LONGEST_SECONDS
    safety_deposit: Annotated[int, Field(ge=0, lt=1 << 96)] = 0
    every_seconds: Annotated[float, Field(gt=0, le=3600)] = 5.0


class ExchangeSection(Section):
    """The exchange: its operator's address, the file that tells its first state, and bounds, in seconds.

    See `exchange.sdk.swap_policy.ExchangeBounds`.
    """

    url: str
    genesis: Path
    answer_seconds: _Bound
    posting_seconds: _Bound
    challenge_seconds: _Bound
    forced_seconds: _Bound


class SwapConfig(Section):
    """The whole file. `book` holds preimages: keep it, and keep it to yourself."""

    deployment: Path
    book: Path = Path("swaps.sqlite")
    signer: SignerSection
    chains: Annotated[dict[Name, SwapChainSection], Field(min_length=1)]
    habits: HabitsSection = HabitsSection()
    exchange: ExchangeSection | None = None
    providers: tuple[str, ...] = ()

    @classmethod
    def load(cls, path: Path) -> Self:
        """Read the file; paths in it are relative to it. Raises ConfigRejected, Rejected(FILE_MISSING)."""
        try:
            tables = tomllib.loads(path.read_text(encoding="utf-8"))
        except (OSError, UnicodeDecodeError) as error:
            raise Rejected(Reason.FILE_MISSING, f"{path}: {error}") from error
        except tomllib.TOMLDecodeError as error:
            raise ConfigRejected([Problem(path="", message=f"not TOML: {error}")]) from None
        try:
            config = cls.model_validate(tables)
        except ValidationError as error:
            raise ConfigRejected([_problem(found) for found in error.errors(include_url=False)]) from None
        return config.anchored(path.resolve().parent)

    def anchored(self, base: Path) -> Self:
        """The same with every path made absolute."""
        signer = self.signer.model_copy(
            update={
                "keystore": base / self.signer.keystore,
                "password_file": None if self.signer.password_file is None else base / self.signer.password_file,
            }
        )
        exchange = self.exchange and self.exchange.model_copy(update={"genesis": base / self.exchange.genesis})
        update = {
            "deployment": base / self.deployment,
            "book": base / self.book,
            "signer": signer,
            "exchange": exchange,
        }
        return self.model_copy(update=update)

    def network(self) -> Deployment:
        """The deployment file; raises ConfigRejected."""
        try:
            return Deployment.load(self.deployment)
        except (OSError, BridgeRejected) as error:
            raise ConfigRejected([Problem(path="deployment", message=str(error))]) from error

    def connect(self) -> dict[int, Chain]:
        """Every chain by chain id; raises the chains' errors."""
        return {section.chain_id: connect_chain(name, section) for name, section in self.chains.items()}

    def unlock(self, ask: Callable[[], str] | None = None) -> LocalAccount:
        """The wallet; raises Rejected."""
        wallet = keystores.unlock(self.signer.keystore, keystores.password_of(self.signer, ask))
        keystores.require_no_development_key(wallet.address, [chain.chain_id for chain in self.chains.values()])
        return wallet

    def policy(self) -> SwapPolicy:
        """Bounds and habits."""
        habits = self.habits
        by_id = {section.chain_id: section.bounds.bounds() for section in self.chains.values()}
        settlement = by_id.get(self.network().settlement.chain_id)
        exchange = None
        if self.exchange is not None and settlement is not None:
            exchange = ExchangeBounds(
                settlement=settlement,
                answer_seconds=self.exchange.answer_seconds,
                posting_seconds=self.exchange.posting_seconds,
                challenge_seconds=self.exchange.challenge_seconds,
                forced_seconds=self.exchange.forced_seconds,
            )
        return SwapPolicy(
            chains=by_id,
            exchange=exchange,
            reaction_seconds=habits.reaction_seconds,
            public_seconds=habits.public_seconds,
            answer_seconds=habits.answer_seconds,
            longest_seconds=habits.longest_seconds,
            safety_deposit=habits.safety_deposit,
        )

    def desk(
        self,
        wallet: LocalAccount,
        chains: Mapping[int, Chain],
        exchange: CashAccess | None = None,
        sends: Mapping[int, Send] | None = None,
    ) -> SwapDesk:
        """Everything together; `sends` by chain id, what submits in the place of the wallet."""
        network = self.network()
        return SwapDesk(
            wallet=wallet,
            network=network,
            chains=chains,
            catalogue=assets_of(network),
            policy=self.policy(),
            book=SwapBook(self.book),
            exchange=exchange,
            sends=sends,
        )


def assets_of(network: Deployment) -> Catalogue:
    """The assets of a deployment by the names of its chains; no markets."""
    names = {entry.chain_id: entry.name for entry in network.chains}
    return Catalogue(
        markets=(),
        assets=tuple(
            AssetSpec(
                asset_id=asset.asset,
                symbol=asset.symbol,
                chain=names[asset.chain_id],
                chain_id=asset.chain_id,
                token=asset.token,
                decimals=asset.decimals,
            )
            for asset in network.assets
        ),
    )


def _problem(found: Any) -> Problem:
    message = "unknown key" if found["type"] == "extra_forbidden" else found["msg"]
    return Problem(path=".".join(map(str, found["loc"])), message=message)
