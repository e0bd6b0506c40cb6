"""One chain's submitter: everything the daemons spend there goes through it."""

from collections.abc import Callable, Sequence

from eth_account.signers.local import LocalAccount
from sqlalchemy.orm import Session

from chains.chain import Chain, Sendable
from chains.errors import ChainError
from relayers.crash_points import CrashPoint, Hook, no_hook
from relayers.errors import NotNow, Superseded
from relayers.pauses import chain_scope, require_open, route_scope
from relayers.reports import Journal, StepReport, WaitsFor
from relayers.store import Store
from relayers.submitter import budget
from relayers.submitter.book import SubmissionBook
from relayers.submitter.errands import Errand, ErrandKind, Submission
from relayers.submitter.fees import FeeOffer
from relayers.submitter.node import Message, Node, read_message
from relayers.submitter.policy import SubmitterPolicy
from relayers.submitter.sending import Broadcaster, sign
from relayers.submitter.states import Outcome
from relayers.submitter.tracking import Tracker

LOOK_SECONDS = 3
"""Without a new block nothing is looked at sooner, however many daemons share a submitter."""
Keep = Callable[[Session], None]
"""What the caller writes in the transaction that keeps its submission, so that neither is there without the other."""


class Submitter:
    """Sends calls from a pool of signers, each with nonces of its own, and follows them until they are final.

    `submit` returns as soon as the node has the transaction, or was asked to take it; `step` does the rest. What is
    kept is enough to go on from any line; what is lost, the chain tells.
    """

    def __init__(
        self,
        store: Store,
        chain: Chain,
        signers: Sequence[LocalAccount],
        *,
        policy: SubmitterPolicy | None = None,
        hook: Hook = no_hook,
    ) -> None:
        self.chain = chain
        self.policy = policy or SubmitterPolicy()
        self._looked = b"", 0
        self._store = store
        self._hook = hook
        self._accounts: dict[str, LocalAccount] = {account.address: account for account in signers}
        self._node = Node(chain)
        self._book = SubmissionBook(store, chain.chain_id)
        self._broadcaster = Broadcaster(store, self._node, self._book, hook)
        self._tracker = Tracker(store, self._node, self._book, self._broadcaster, self._accounts, self.policy, hook)
        with store.transaction() as session:
            for address in self._accounts:
                self._book.adopt(session, address)

    @property
    def addresses(self) -> tuple[str, ...]:
        """The signers' addresses in the order in which they are used; the first is whom fees are paid to."""
        return tuple(self._accounts)

    @classmethod
    def of(cls, store: Store, chain: Chain, signer: "Signing", hook: Hook) -> "Submitter":
        """The submitter given, or one for the account given."""
        return signer if isinstance(signer, Submitter) else cls(store, chain, [signer], hook=hook)

    def tend(self, journal: Journal) -> None:
        """What a daemon does first in its step: see what became of what was sent, unless somebody just has."""
        try:
            head, now = self.chain.head().hash, self.chain.clock.now()
        except ChainError as error:
            journal.waits_for(WaitsFor.CHAIN, self.chain.name, str(error))
            return
        seen, at = self._looked
        if head != seen or now - at >= LOOK_SECONDS:
            self._looked = head, now
            journal.include(self.step())

    # Asking

    def outcomes(self, kind: ErrandKind, subjects: Sequence[bytes]) -> dict[bytes, Outcome]:
        """What the newest submission about each subject came to; a subject without any is left out."""
        return self._book.outcomes(kind, subjects)

    def is_pending(self, kind: ErrandKind, subject: bytes) -> bool:
        """Whether something about the subject waits to be mined."""
        return self._book.outcomes(kind, [subject]).get(subject) is Outcome.PENDING

    def submissions(self, kind: ErrandKind, subject: bytes) -> list[Submission]:
        """All that were about a subject, oldest first."""
        return self._book.about(kind, subject)

    def quote(self, call: Sendable, errand: Errand) -> int:
        """Wei the errand would cost in the next block; raises TransactionReverted with the decoded error."""
        gas = self._node.estimate(read_message(call, errand.value), next(iter(self._accounts)))
        return gas * self.price()

    def price(self) -> int:
        """Wei per gas in the next block."""
        market = self._node.market()
        return market.base_fee + max(market.tip, self.policy.fees.tip_min)

    def simulate(self, call: Sendable, errand: Errand) -> None:
        """Raises what the errand would fail with if it were sent now, on top of everything pending."""
        self._node.simulate(read_message(call, errand.value), next(iter(self._accounts)), errand.gas)

    # Sending

    def submit(self, call: Sendable, errand: Errand, *, keep: Keep | None = None) -> Submission:
        """Simulate, take a nonce, sign, keep, hand over.

        Raises TransactionReverted from the simulation and other ChainErrors from a chain that does not answer, NotNow
        for a pause, fees, budget, funds and signers; nothing was spent then and nothing is kept. What happens after the
        submission is kept is its outcome, not an exception.
        """
        with self._store.reading() as session:
            require_open(session, chain_scope(self.chain.chain_id), route_scope(errand.route))
        message = read_message(call, errand.value)
        now, market = self._node.now(), self._node.market()
        offer = self.policy.fees.offer(market, now=now, deadline=errand.deadline)
        if offer is None:
            cap = self.policy.fees.cap_at(now, errand.deadline)
            raise NotNow(WaitsFor.FEES, f"{market.base_fee + market.tip} wei per gas, at most {cap}")
        account, gas = self._choose(message, errand, offer)
        self._hook(CrashPoint.AFTER_PROOF)
        with self._store.alone(self._role(account.address)):
            return self._send(account, message, errand, offer=offer, gas=gas, now=now, keep=keep)

    def _send(  # noqa: PLR0913 - what was decided before a nonce is taken
        self,
        account: LocalAccount,
        message: Message,
        errand: Errand,
        *,
        offer: FeeOffer,
        gas: int,
        now: int,
        keep: Keep | None,
    ) -> Submission:
        """One thread at a time for each signer, so that a nonce is handed over before the next one is taken."""
        latest, pending = (self._node.nonce(account.address, tag) for tag in ("latest", "pending"))
        with self._store.transaction() as session:
            nonce = self._book.take_nonce(session, account.address, latest=latest, pending=pending)
            row = self._book.add(session, errand, message, signer=account.address, nonce=nonce, gas=gas, now=now)
            budget.reserve(session, row, gas * offer.max_fee, limit=self.policy.budget_wei_per_day)
            attempt = sign(
                account, message, chain_id=self.chain.chain_id, nonce=nonce, gas=gas, offer=offer, number=0, now=now
            )
            self._book.add_attempt(session, row.id, attempt)
            if keep is not None:
                keep(session)
            self._hook(CrashPoint.NONCE_RESERVATION)
        self._hook(CrashPoint.AFTER_SIGN)
        submission = self._book.get(row.id)
        self._broadcaster.broadcast(submission, attempt, now=now)
        if self.policy.waits_for_inclusion:
            self._node.wait(attempt.hash)
            self._follow(Journal(), account.address)
        return self._book.get(row.id)

    def _choose(self, message: Message, errand: Errand, offer: FeeOffer) -> tuple[LocalAccount, int]:
        """The signer with the least under way that can pay, and the gas of the transaction, simulated as that one."""
        busy, known = self._book.in_flight(), self._book.signers()
        poor: list[str] = []
        for address in sorted(self._accounts, key=lambda one: busy.get(one, 0)):
            if known.get(address, False) or busy.get(address, 0) >= self.policy.in_flight_max:
                continue
            gas = self._gas(message, errand, address)
            needed = gas * offer.max_fee + message.value
            if self._node.balance(address) >= needed:
                return self._accounts[address], gas
            poor.append(f"{address} has less than {needed}")
        if poor:
            raise NotNow(WaitsFor.FUNDS, "; ".join(poor))
        raise NotNow(WaitsFor.SIGNER, f"each of {len(self._accounts)} has {self.policy.in_flight_max} under way")

    def _gas(self, message: Message, errand: Errand, sender: str) -> int:
        if errand.gas is not None and not self.policy.estimates:
            self._node.simulate(message, sender, errand.gas)
            return errand.gas
        estimate = int(self._node.estimate(message, sender) * self.policy.gas_headroom)
        return estimate if errand.gas is None else min(estimate, errand.gas)

    # Following

    def step(self) -> StepReport:
        """Look what became of everything under way; one replica does so for each signer."""
        journal = Journal()
        for address in self._book.signers():
            try:
                self._follow(journal, address)
            except ChainError as error:
                journal.waits_for(WaitsFor.CHAIN, self.chain.name, str(error))
            except Superseded as error:
                journal.waits_for(WaitsFor.LEADER, address, str(error))
        return journal.report()

    def _follow(self, journal: Journal, address: str) -> None:
        if not self._book.live(address):
            return
        with self._store.leading(self._role(address), self.chain.clock.now()) as lease:
            if lease is None:
                journal.waits_for(WaitsFor.LEADER, address)
                return
            self._tracker.follow(journal, address)

    def _role(self, address: str) -> str:
        return f"submitter {self.chain.chain_id}/{address}"

    # Keys

    def rotate(self, *, retire: Sequence[str] = (), restore: Sequence[str] = ()) -> None:
        """Give some signers nothing new any more, and others again; durable, and what is under way is seen through."""
        for addresses, is_retired in ((restore, False), (retire, True)):
            for address in addresses:
                with self._store.transaction() as session:
                    self._book.retire(session, address, is_retired=is_retired)
                self._hook(CrashPoint.KEY_ROTATION)


Signing = LocalAccount | Submitter
"""Who pays for a daemon's transactions: an account, or a submitter that others use too and somebody else steps."""
