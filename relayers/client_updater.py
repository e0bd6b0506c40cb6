"""Keeps a light client fed: when a packet waits for a height, and before its trusting period ends."""

from dataclasses import dataclass
from fractions import Fraction

from bridge.clients import encode_update
from bridge.errors import Unavailable as BridgeUnavailable
from bridge.light_clients import ClientStatus, LightClient, reachable_header
from chains.chain import Chain
from chains.errors import ChainError
from chains.headers import SealedHeader
from relayers.crash_points import CrashPoint, Hook, no_hook
from relayers.errors import NotNow, Superseded
from relayers.reports import Did, Journal, StepReport, WaitsFor
from relayers.store import Store
from relayers.submitter import Errand, ErrandKind, Signing, Submitter

UPDATE_GAS = 8_000_000
"""Enough for a header of a hundred validators; what is not used is not paid."""


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

    Holds no state of its own: demands are in the store, everything else on the chains. Of several replicas one leads.
    """

    def __init__(  # noqa: PLR0913 - ports
        self,
        store: Store,
        *,
        client: LightClient,
        follows: Chain,
        signer: Signing,
        policy: TrustPolicy,
        hook: Hook = no_hook,
    ) -> None:
        self._store = store
        self._client = client
        self._follows = follows
        self._submitter = Submitter.of(store, client.chain, signer, hook)
        self._policy = policy
        self._hook = hook

    def step(self) -> StepReport:
        """Submit at most one header."""
        journal = Journal()
        try:
            self._submitter.tend(journal)
            with self._store.leading(f"update {self._client.key}", self._client.chain.clock.now()) as lease:
                if lease is not None:
                    self._step(journal)
        except BridgeUnavailable as error:
            journal.waits_for(WaitsFor.TRUST, self._client.key, str(error))
        except ChainError as error:
            journal.waits_for(WaitsFor.CHAIN, self._client.key, str(error))
        except NotNow as reason:
            journal.waits_for(reason.waits_for, self._client.key, reason.detail)
        except Superseded as error:
            journal.waits_for(WaitsFor.LEADER, self._client.key, str(error))
        return journal.report()

    def _step(self, journal: Journal) -> None:
        if self._client.status() is not ClientStatus.ACTIVE:
            journal.waits_for(WaitsFor.CLIENT_FROZEN, self._client.key)
            return
        subject = self._client.key.encode()
        if self._submitter.is_pending(ErrandKind.UPDATE_CLIENT, subject):
            journal.waits_for(WaitsFor.INCLUSION, self._client.key)
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
        if self._client.pending_height() >= header.number:
            journal.waits_for(WaitsFor.INCLUSION, self._client.key, "somebody else's update")
            return
        update = self._client.contract.functions.update(encode_update(header, trusted.validators))
        errand = Errand(
            kind=ErrandKind.UPDATE_CLIENT, subjects=(subject,), gas=UPDATE_GAS, deadline=self._expiry(trusted)
        )
        self._submitter.submit(update, errand)
        self._hook(CrashPoint.AFTER_ACT)
        journal.did(Did.CLIENT_UPDATED, self._client.key, f"height {header.number}")

    def _expiry(self, trusted: SealedHeader) -> int:
        """When the client stops to prove anything unless it is updated: the nearer, the more an update may cost."""
        return trusted.timestamp + self._policy.trusting_period_seconds

    def _is_old(self, timestamp: int) -> bool:
        age = self._client.chain.clock.now() - timestamp
        return age >= self._policy.trusting_period_seconds * self._policy.refresh_after
