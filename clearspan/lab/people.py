"""Users of a world: they deposit, trade and withdraw as chance has it, and never wait for anything."""

from __future__ import annotations

from collections.abc import Callable
from random import Random
from typing import TYPE_CHECKING

from eth_account.signers.local import LocalAccount
from eth_utils.address import to_canonical_address

from bridge.abi import ZERO_ADDRESS
from chains.errors import ChainError
from exchange import engine, sequencer
from exchange.engine import Signer, sign_cancel_all, sign_place_order, sign_withdraw

if TYPE_CHECKING:
    from clearspan.lab.world import World

DEPOSIT_GAS = 600_000
EXPIRY_SECONDS = 3_600
DEPOSIT_TIMEOUT_SECONDS = 300
SIZE_LOTS = 20
LEVERAGES = (1, 10, 100, 1_000)
"""Orders differ that much in size: the largest that margin allows are liquidated when prices leap."""
FUNDS = 5_000


class User:
    """One wallet that acts by chance."""

    def __init__(self, world: World, name: str, wallet: LocalAccount, chance: Random) -> None:
        self.world = world
        self.name = name
        self.wallet = wallet
        self.signer = Signer(bytes(wallet.key))
        self.owner = to_canonical_address(wallet.address)
        self._chance = chance
        self._nonce = 0
        self._actions: list[tuple[int, Callable[[], str]]] = [
            (3, self._deposit),
            (6 if world.config.trades else 0, self._order),
            (1 if world.config.trades else 0, self._cancel_all),
            (2, self._withdraw),
        ]

    def act(self) -> None:
        """Do one thing; what cannot be done is noted, not raised."""
        weights = [weight for weight, _ in self._actions]
        (action,) = self._chance.choices([action for _, action in self._actions], weights)
        name = action.__name__.removeprefix("_")
        try:
            outcome = action()
        except ChainError as error:
            outcome = f"refused by the chain: {error.reason}"
        except engine.Rejected as error:
            outcome = f"rejected: {error.reason}"
        except sequencer.SequencerError as error:
            outcome = f"unavailable: {type(error).__name__}"
        self.world.note(self.name, name, detail=outcome)

    @property
    def account(self) -> int | None:
        """Account id at the venue, None before the first credit or while the venue is down."""
        venue = self.world.venue
        if venue is None:
            return None
        accounts = venue.state.accounts
        return next((number for number in range(1, len(accounts)) if accounts[number].owner == self.owner), None)

    def fund(self) -> None:
        """What a trader begins with: dollars on every vault chain, so that margin spans them."""
        for chain_id in {vault.chain_id: None for vault in self.world.deployment.vaults}:
            asset = next(
                one for one in self.world.deployment.assets if one.chain_id == chain_id and one.token != ZERO_ADDRESS
            )
            try:
                outcome = self.deposit(asset.asset, FUNDS * 10**asset.decimals)
            except ChainError as error:
                outcome = f"refused by the chain: {error.reason}"
            self.world.note(self.name, "fund", detail=outcome)

    def _deposit(self) -> str:
        asset = self._chance.choice(self.world.deployment.assets)
        whole = self._chance.randint(1, 20) if asset.token == ZERO_ADDRESS else self._chance.randint(100, 20_000)
        return self.deposit(asset.asset, whole * 10**asset.decimals)

    def deposit(self, asset_id: int, amount: int) -> str:
        """Send a deposit of base units without waiting for it; answers its transaction hash."""
        asset = self.world.deployment.asset(asset_id)
        chain = self.world.chains[asset.chain_id]
        vault = chain.contract("CollateralVault", self.world.deployment.vault(asset.chain_id).vault)
        timeout = self.world.clock.now() + DEPOSIT_TIMEOUT_SECONDS
        call = vault.get_function_by_signature("deposit(address,uint256,address,uint64)")(
            asset.token, amount, self.wallet.address, timeout
        )
        value = amount if asset.token == ZERO_ADDRESS else 0
        return "0x" + chain.send(call, self.wallet, value=value, gas=DEPOSIT_GAS).hex().removeprefix("0x")

    def _order(self) -> str:
        venue, account = self.world.venue, self.account
        if venue is None or account is None:
            return "has no account"
        state = venue.state
        market_id = self._chance.randrange(len(state.markets))
        market = state.markets[market_id]
        pricing = state.pricing[market_id]
        if pricing is None:
            return "knows no price"
        offset = self._chance.randint(-20, 20) * market.tick * 10
        price = (pricing.mark + offset) // market.tick * market.tick
        step = sign_place_order(
            self.signer,
            state.domain,
            account=account,
            market=market_id,
            side=self._chance.randint(0, 1),
            time_in_force=self._chance.choice((0, 0, 0, 1)),
            price=price,
            size=market.lot * self._chance.randint(1, SIZE_LOTS) * self._chance.choice(LEVERAGES),
            nonce=self._next_nonce(),
            expiry=self.world.clock.now() + EXPIRY_SECONDS,
        )
        return self.world.submit(step)

    def _cancel_all(self) -> str:
        venue, account = self.world.venue, self.account
        if venue is None or account is None:
            return "has no account"
        step = sign_cancel_all(
            self.signer,
            venue.state.domain,
            account=account,
            nonce=self._next_nonce(),
            expiry=self.world.clock.now() + EXPIRY_SECONDS,
        )
        return self.world.submit(step)

    def _withdraw(self) -> str:
        venue, account = self.world.venue, self.account
        if venue is None or account is None:
            return "has no account"
        asset = self._chance.choice(self.world.deployment.assets)
        whole = self._chance.randint(1, 5) if asset.token == ZERO_ADDRESS else self._chance.randint(50, 5_000)
        return self.withdraw(asset.asset, whole * 10**asset.decimals)

    def withdraw(self, asset_id: int, amount: int) -> str:
        """Ask the venue for base units of an asset; answers the step's place."""
        venue, account = self.world.venue, self.account
        if venue is None or account is None:
            return "has no account"
        step = sign_withdraw(
            self.signer,
            venue.state.domain,
            account=account,
            asset=asset_id,
            amount=amount,
            recipient=self.owner,
            nonce=self._next_nonce(),
            expiry=self.world.clock.now() + EXPIRY_SECONDS,
        )
        return self.world.submit(step)

    def _next_nonce(self) -> int:
        self._nonce = max(self._nonce + 1, self.world.clock.now() * 1_000)
        return self._nonce
