"""Keeps a light client fed: when a packet waits for a height, and before its trusting period ends."""

from dataclasses import dataclass
from fractions import Fraction

from eth_account.signers.local import LocalAccount

from bridge.clients import encode_update
from bridge.errors import Unavailable as BridgeUnavailable
from bridge.light_clients import ClientStatus, LightClient, reachable_header
from chains.chain import Chain
from chains.errors import ChainError
from relayers.crash_points import CrashPoint, Hook, no_hook
from relayers.reports import Did, Journal, StepReport, WaitsFor
from relayers.store import Store


@dataclass(frozen=True, slots=True, kw_only=True)
class TrustPolicy:
    """The client's own parameters and when to refresh it.

    `refresh_after`: the share of the trusting period after which the client is updated though nobody asked.
    """

    trusting_period_seconds: int
    trust_numerator: int = 2
    trust_denominator: int = 3
    refresh_after: Fraction = Fraction(1, 2)


class ClientUpdater:
    """Updates one client with finalised headers of the chain it follows.

    Holds no state of its own: demands are in the store, everything else on the chains.
    """

    def __init__(  # noqa: PLR0913 - ports
        self,
        store: Store,
        *,
        client: LightClient,
        follows: Chain,
        signer: LocalAccount,
        policy: TrustPolicy,
        hook: Hook = no_hook,
    ) -> None:
        self._store = store
        self._client = client
        self._follows = follows
        self._signer = signer
        self._policy = policy
        self._hook = hook

    def step(self) -> StepReport:
        """Submit at most one header."""
        journal = Journal()
        try:
            self._step(journal)
        except BridgeUnavailable as error:
            journal.waits_for(WaitsFor.TRUST, self._client.key, str(error))
        except ChainError as error:
            journal.waits_for(WaitsFor.CHAIN, self._client.key, str(error))
        return journal.report()

    def _step(self, journal: Journal) -> None:
        if self._client.status() is not ClientStatus.ACTIVE:
            journal.waits_for(WaitsFor.CLIENT_FROZEN, self._client.key)
            return
        height = self._client.latest_height()
        trusted = self._follows.header(height)
        demanded = self._store.demanded(self._client.key) or 0
        if demanded <= height and not self._is_old(trusted.timestamp):
            return
        target = self._follows.finalized_header()
        if target.number <= height or target.number < demanded:
            journal.waits_for(WaitsFor.SOURCE_FINALITY, self._client.key, f"height {max(demanded, height + 1)}")
        if target.number <= height:
            return
        header = reachable_header(
            self._follows.header,
            trusted=trusted,
            target=target,
            numerator=self._policy.trust_numerator,
            denominator=self._policy.trust_denominator,
        )
        self._hook(CrashPoint.AFTER_READ)
        update = self._client.contract.functions.update(encode_update(header, trusted.validators))
        self._client.chain.transact(update, self._signer)
        self._hook(CrashPoint.AFTER_ACT)
        journal.did(Did.CLIENT_UPDATED, self._client.key, f"height {header.number}")

    def _is_old(self, timestamp: int) -> bool:
        age = self._client.chain.clock.now() - timestamp
        return age >= self._policy.trusting_period_seconds * self._policy.refresh_after
