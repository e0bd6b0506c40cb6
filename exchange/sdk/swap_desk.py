"""One wallet's swaps: proposing, accepting, and a settlement that drives them."""

from __future__ import annotations

import hashlib
import hmac
import secrets
from collections.abc import Mapping
from dataclasses import dataclass

from eth_account.signers.local import LocalAccount
from eth_typing import ChecksumAddress
from eth_utils.address import to_checksum_address

from bridge.deployment import Deployment
from bridge.settlement import ForcedQueue
from bridge.swaps.agreement import Agreement
from bridge.swaps.book import KeptSwap, SwapBook
from bridge.swaps.cash import CashLeg
from bridge.swaps.chain_port import ChainPort, Send
from bridge.swaps.escrow import SwapEscrow
from bridge.swaps.guarantees import Guarantee
from bridge.swaps.legs import Leg
from bridge.swaps.machine import Role
from bridge.swaps.quotes import Side
from bridge.swaps.settling import LegPort, Settlement
from bridge.swaps.terms import Swap, derive_preimage, hashlock_of
from bridge.swaps.timelocks import Rules
from chains.chain import Chain
from exchange.sdk.cash_port import CashPort
from exchange.sdk.cash_venue import CashVenue
from exchange.sdk.catalogue import AssetSpec, Catalogue
from exchange.sdk.chain_errors import on_chain
from exchange.sdk.errors import Rejected
from exchange.sdk.posted_state import PostedState
from exchange.sdk.swap_policy import SwapPolicy


@dataclass(frozen=True, slots=True, kw_only=True)
class CashAccess:
    """The exchange twice: as its operator tells it, and as the settlement chain alone does."""

    venue: CashVenue
    posted: PostedState


class SwapDesk:
    """What a wallet needs to swap: the network's escrows, bounds it believes in, a book.

    Raises Rejected for terms that are not this network's or leave no room; nothing is locked before `settlement` runs.
    sends: what submits on a chain, by chain id; where none is named, the wallet sends and replaces nothing.
    """

    def __init__(  # noqa: PLR0913 - what it speaks to, each injected
        self,
        *,
        wallet: LocalAccount,
        network: Deployment,
        chains: Mapping[int, Chain],
        catalogue: Catalogue,
        policy: SwapPolicy,
        book: SwapBook | None = None,
        exchange: CashAccess | None = None,
        sends: Mapping[int, Send] | None = None,
    ) -> None:
        self.address: ChecksumAddress = to_checksum_address(wallet.address)
        self.book = book or SwapBook()
        self.policy = policy
        self.network = network
        self.catalogue = catalogue
        self.wallet = wallet
        self._chains = chains
        self._ports: dict[int, ChainPort] = {}
        self._sends = sends or {}
        self._exchange = exchange
        self._cash: CashPort | None = None
        self._seed = hmac.new(bytes(wallet.key), b"clearspan.swap.seed", hashlib.sha256).digest()
        self.settlement = Settlement(self.book, self.port)

    # Agreeing

    def propose(
        self, *, give: AssetSpec, give_amount: int, take: AssetSpec, take_amount: int, counterparty: str
    ) -> KeptSwap:
        """Terms under which this wallet gives first; kept, with a fresh preimage. Send the agreement to the other."""
        other = _checksum(counterparty)
        rules = self.policy.rules(long=self.policy.bounds(give.chain_id), short=self.policy.bounds(take.chain_id))
        schedule = on_chain(lambda: rules.plan(self.now() + self.policy.answer_seconds))
        nonce, preimage = self.new_preimage(give.chain_id)
        common = {
            "hashlock": hashlock_of(preimage),
            "safety_deposit": self.policy.safety_deposit,
            "nonce": nonce,
        }
        long = Swap(
            chain_id=give.chain_id,
            escrow=self.escrow(give.chain_id),
            locker=self.address,
            payee=other,
            asset=to_checksum_address(give.token),
            amount=give_amount,
            timelocks=schedule.long,
            **common,  # type: ignore[arg-type]
        )
        short = Swap(
            chain_id=take.chain_id,
            escrow=self.escrow(take.chain_id),
            locker=other,
            payee=self.address,
            asset=to_checksum_address(take.token),
            amount=take_amount,
            timelocks=schedule.short,
            **common,  # type: ignore[arg-type]
        )
        return self.keep(Agreement(long=long, short=short), Role.INITIATOR, rules, preimage=preimage)

    def accept(self, agreement: Agreement) -> KeptSwap:
        """Terms of another wallet, checked by this one's rules and kept; this wallet gives second."""
        if agreement.short.locker != self.address:
            raise Rejected("NotForThisWallet", f"these terms are for {agreement.short.locker}")
        self.require_known(agreement)
        rules = self.policy.rules(
            long=self.policy.bounds(agreement.long.chain_id), short=self.policy.bounds(agreement.short.chain_id)
        )
        return self.keep(agreement, Role.RESPONDER, rules)

    def keep(  # noqa: PLR0913 - what is kept
        self,
        agreement: Agreement,
        role: Role,
        rules: Rules,
        *,
        preimage: bytes | None = None,
        guarantee: Guarantee = Guarantee.FINAL,
        note: str = "",
    ) -> KeptSwap:
        """Write a swap into the book if it has room by the rules and a hash nobody used; raises Rejected."""
        swap = KeptSwap(
            role=role,
            agreement=agreement,
            rules=rules,
            preimage=preimage,
            guarantee=guarantee,
            added_at=self.now(),
            note=note,
        )

        def checked() -> None:
            rules.require_room(swap.plan.schedule, self.now())
            legs = agreement.long, agreement.short
            for leg in legs:
                if self.port(leg).is_hash_used(agreement.hashlock, *legs):
                    raise Rejected("HashUsed", f"0x{agreement.hashlock.hex()} was locked under before")
            self.book.add(swap)

        on_chain(checked)
        return swap

    def require_known(self, agreement: Agreement) -> None:
        """Raises Rejected(UnknownEscrow or UnknownAsset) unless both legs are this network's."""
        for leg in (agreement.long, agreement.short):
            self.port(leg)
            if isinstance(leg, Swap):
                self.asset_of(leg)

    def asset_of(self, leg: Leg | Side) -> AssetSpec:
        """What a leg on a chain locks; raises Rejected(UnknownAsset)."""
        for spec in self.catalogue.assets:
            if spec.chain_id == leg.chain_id and to_checksum_address(spec.token) == leg.asset:
                return spec
        raise Rejected("UnknownAsset", f"{leg.asset} on chain {leg.chain_id}")

    def new_preimage(self, chain_id: int) -> tuple[int, bytes]:
        """A nonce of this wallet's and the preimage that belongs to it: key and logs are enough to have it again."""
        nonce = secrets.randbits(63)
        return nonce, self.preimage(chain_id, nonce)

    def preimage(self, chain_id: int, nonce: int) -> bytes:
        """The preimage of the swap with that nonce whose long leg this wallet locks on that chain."""
        return derive_preimage(self._seed, chain_id=chain_id, locker=self.address, nonce=nonce)

    # Where legs are

    def now(self) -> int:
        """The latest time any of the chains knows."""
        return max(max(chain.clock.now(), chain.head().timestamp) for chain in self._chains.values())

    def escrow(self, chain_id: int) -> ChecksumAddress:
        """The network's escrow on a chain; raises Rejected(UnknownChain)."""
        for entry in self.network.chains:
            if entry.chain_id == chain_id:
                return entry.swap_escrow
        raise Rejected("UnknownChain", str(chain_id))

    def port(self, leg: Leg) -> LegPort:
        """Where a leg is; raises Rejected(UnknownEscrow) for anything but the network's own, Rejected(NoExchange)."""
        if isinstance(leg, CashLeg):
            settlement = self.network.settlement
            if (leg.chain_id, leg.rollup) != (settlement.chain_id, settlement.rollup):
                raise Rejected("UnknownEscrow", f"{leg.rollup} on chain {leg.chain_id} is not this network's rollup")
            return self.cash_port()
        if leg.escrow != self.escrow(leg.chain_id):
            raise Rejected("UnknownEscrow", f"{leg.escrow} on chain {leg.chain_id} is not this network's")
        return self.chain_port(leg.chain_id)

    def cash_port(self) -> CashPort:
        """The exchange for this wallet; raises Rejected(NoExchange) for a desk without."""
        if self._exchange is None:
            raise Rejected("NoExchange", "this desk knows no exchange")
        if self._cash is None:
            settlement = self.network.settlement
            self._cash = CashPort(
                venue=self._exchange.venue,
                posted=self._exchange.posted,
                queue=ForcedQueue(self._chains[settlement.chain_id], settlement.forced_queue),
                wallet=self.wallet,
                guarantee_of=self._guarantee_of,
                patience_seconds=self.policy.cash_bounds(Guarantee.POSTED).landing_seconds
                + self.policy.reaction_seconds,
            )
        return self._cash

    def _guarantee_of(self, hashlock: bytes) -> Guarantee:
        kept = self.book.get(hashlock)
        return Guarantee.FINAL if kept is None else kept.guarantee

    def chain_port(self, chain_id: int) -> ChainPort:
        """The escrow of a chain for this wallet."""
        if chain_id not in self._ports:
            escrow = SwapEscrow(self._chains[chain_id], self.escrow(chain_id))
            first = self.network.chain(chain_id).deployed_at
            self._ports[chain_id] = ChainPort(escrow, self.wallet, first_block=first, send=self._sends.get(chain_id))
        return self._ports[chain_id]


def _checksum(text: str) -> ChecksumAddress:
    try:
        return to_checksum_address(text)
    except (ValueError, TypeError) as error:
        raise Rejected("InvalidCounterparty", f"{text!r} is not an address") from error
