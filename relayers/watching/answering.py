"""What is done about an alarm: a lied-to client is frozen, vaults are paused; open until the chains say so for good."""

from collections.abc import Callable, Mapping, Sequence
from functools import partial

from eth_utils.crypto import keccak

from bridge.errors import BridgeError
from bridge.light_clients import LightClient
from bridge.vaults import Vault
from chains.chain import Chain, Sendable
from chains.errors import ChainError
from relayers.errors import NotNow
from relayers.reports import Did, Journal, WaitsFor
from relayers.submitter import Errand, ErrandKind, Outcome, Submitter
from relayers.watching.alarms import ANSWERED_BY_PAUSE, Alarm, AlarmKind
from relayers.watching.evidence import accusation

Watched = Mapping[str, tuple[LightClient, Chain]]
"""Clients by key, each with the chain it follows."""


class Answerer:
    """Spends through submitters at the most urgent fees; without guardians nothing is paused."""

    def __init__(
        self,
        clients: Watched,
        vaults: Sequence[Vault],
        *,
        accusers: Mapping[int, Submitter],
        guardians: Mapping[int, Submitter] | None,
        pause_seconds: int,
    ) -> None:
        self._clients = clients
        self._vaults = vaults
        self._accusers = accusers
        self._guardians = guardians
        self._pause_seconds = pause_seconds

    def tend(self, journal: Journal) -> None:
        """See what became of what was sent."""
        for submitter in (*self._accusers.values(), *(self._guardians or {}).values()):
            submitter.tend(journal)

    def answer(self, journal: Journal, alarm: Alarm) -> bool:
        """Do what there is to do now; whether nothing is left. A chain that is down keeps no vault of another open."""
        todo: list[Callable[[], bool]] = []
        if alarm.kind is AlarmKind.FORGED_HEADER:
            todo.append(partial(self._accuse, journal, alarm))
        if alarm.kind in ANSWERED_BY_PAUSE and self._guardians is not None:
            todo += [
                partial(self._pause, journal, alarm, vault, self._guardians[vault.chain.chain_id])
                for vault in self._vaults
            ]
        left = [one for one in todo if not _tried(journal, alarm, one)]
        return not left

    def _accuse(self, journal: Journal, alarm: Alarm) -> bool:
        key, _, height = alarm.subject.partition(" height ")
        client, follows = self._clients[key]
        submitter = self._accusers[client.chain.chain_id]
        known = _known(journal, submitter, ErrandKind.ACCUSE, alarm.key)
        if known is not None:
            return known
        call = accusation(client, follows, int(height))
        if call is not None:
            _submit(submitter, call, ErrandKind.ACCUSE, alarm.key)
            journal.did(Did.SUBMITTED, alarm.subject, "evidence")
        return call is None

    def _pause(self, journal: Journal, alarm: Alarm, vault: Vault, submitter: Submitter) -> bool:
        subject = keccak(alarm.key + bytes.fromhex(vault.address[2:]))
        known = _known(journal, submitter, ErrandKind.PAUSE, subject)
        if known is not None:
            return known
        if vault.is_paused():
            return True
        name = f"{vault.chain.chain_id}/{vault.address}"
        if vault.chain.call(vault.contract.functions.isPaused(), block="pending"):
            journal.waits_for(WaitsFor.INCLUSION, name, "pause")
            return False
        _submit(submitter, vault.contract.functions.pause(self._pause_seconds), ErrandKind.PAUSE, subject)
        journal.did(Did.SUBMITTED, name, "pause")
        return False


def _tried(journal: Journal, alarm: Alarm, attempt: Callable[[], bool]) -> bool:
    try:
        return attempt()
    except (ChainError, BridgeError) as error:
        journal.waits_for(WaitsFor.CHAIN, alarm.subject, str(error))
    except NotNow as reason:
        journal.waits_for(reason.waits_for, alarm.subject, reason.detail)
    return False


def _known(journal: Journal, submitter: Submitter, kind: ErrandKind, subject: bytes) -> bool | None:
    """Whether what was sent about it is final, None where nothing is on its way."""
    outcome = submitter.outcomes(kind, [subject]).get(subject)
    if outcome is Outcome.DONE:
        return True
    if outcome in {Outcome.PENDING, Outcome.INCLUDED}:
        waits = WaitsFor.INCLUSION if outcome is Outcome.PENDING else WaitsFor.DESTINATION_FINALITY
        journal.waits_for(waits, subject, kind)
        return False
    return None


def _submit(submitter: Submitter, call: Sendable, kind: ErrandKind, subject: bytes) -> None:
    """With a deadline that has come: the cap is the urgent one from the first attempt on."""
    submitter.submit(call, Errand(kind=kind, subjects=(subject,), deadline=0))
