"""Routes: replaced only in the open and after a delay, closed behind, disabled by a guardian who can do no more."""

import pytest

from bridge.packets import Status, packet_id
from chains.errors import TransactionReverted
from tests.contracts.conversing import as_abi, converse
from tests.contracts.harness import (
    DELAY_BLOCKS,
    FAR,
    GUARDIAN,
    MAX_PROOF_AGE,
    MAX_TIMEOUT,
    NEAR,
    OWNER,
    RELAYER,
    STRANGER,
    ZERO,
    deploy,
    interoperable,
    new_link,
    refused,
    route,
)

DELAY = MAX_TIMEOUT + MAX_PROOF_AGE
LIFETIME = 14 * 86_400


def chain_of(link, chain_id):
    return link.near if chain_id == NEAR else link.far


def functions(link, chain_id=NEAR):
    return link.mailboxes[chain_id].functions


def described(link, chain_id=NEAR, epoch=2, **changed):
    """The next route from a chain to the other, by the same client."""
    other = FAR if chain_id == NEAR else NEAR
    return route(link.clients[chain_id], link.mailboxes[other], epoch=epoch, **changed)


def propose(link, chain_id=NEAR, **changed):
    other = FAR if chain_id == NEAR else NEAR
    replacement = described(link, chain_id, **changed)
    chain_of(link, chain_id).transact(functions(link, chain_id).proposeRoute(other, replacement), OWNER)
    return functions(link, chain_id).activateRoute(other, replacement)


def wait(link, chain_id, *, seconds=DELAY, blocks=DELAY_BLOCKS):
    """Make the next block be that many seconds and blocks after the head."""
    chain = chain_of(link, chain_id)
    start = chain.head().timestamp
    for _ in range(blocks - 1):
        chain.mine()
    link.until(max(start + seconds, chain.head().timestamp + 1, link.clock.now()), chain)


def keep_clients(link):
    """Bring both clients up to date, so that a long wait does not outlive their trust."""
    for chain in (link.near, link.far):
        chain.mine()
    for chain in (link.near, link.far):
        link.update(chain)


def replace_route(link, chain_id=NEAR, **changed):
    """Propose, wait, activate; returns the block's time."""
    activate = propose(link, chain_id, **changed)
    wait(link, chain_id)
    receipt = chain_of(link, chain_id).transact(activate, STRANGER)
    return chain_of(link, chain_id).header(receipt["blockNumber"]).timestamp


# Proposals


def test_a_route_is_replaced_after_the_delay_by_anyone():
    link = new_link()
    before = tuple(link.near.call(functions(link).route(FAR, 1)))
    activated = replace_route(link, timeout=50)
    assert link.near.call(functions(link).latestEpoch(FAR)) == 2
    assert tuple(link.near.call(functions(link).route(FAR, 2))) == described(link, timeout=50)
    assert tuple(link.near.call(functions(link).route(FAR, 1))) == before
    assert link.near.call(functions(link).closesAt(FAR, 1)) == activated + MAX_TIMEOUT
    assert link.near.call(functions(link).closesAt(FAR, 2)) == 0
    assert tuple(link.near.call(functions(link).proposals(FAR))) == (bytes(32), 0, 0, 0)


def early(twin, seconds, blocks):
    link = new_link(twins=twin and {"Mailbox": twin})
    activate = propose(link)
    _, ready_at, ready_block, _ = link.near.call(functions(link).proposals(FAR))
    wait(link, NEAR, seconds=seconds, blocks=blocks)
    return link, activate, f"NotReady({ready_at}, {ready_block})"


@pytest.mark.parametrize(
    ("seconds", "blocks", "twin"),
    [(DELAY - 1, DELAY_BLOCKS, "mailbox-route-at-once"), (DELAY, DELAY_BLOCKS - 1, "mailbox-route-by-seconds-alone")],
)
def test_the_delay_is_seconds_and_blocks(seconds, blocks, twin):
    """A halt of the chain eats none of it, and neither do quick blocks."""
    link, activate, error = early(None, seconds, blocks)
    refused(link.near, activate, error)
    link, activate, _ = early(None, DELAY, DELAY_BLOCKS)
    link.near.transact(activate, STRANGER)
    link, activate, _ = early(twin, seconds, blocks)
    link.near.transact(activate, STRANGER)
    assert link.near.call(functions(link).latestEpoch(FAR)) == 2


def late(twin, seconds):
    link = new_link(twins=twin and {"Mailbox": twin})
    activate = propose(link)
    wait(link, NEAR, seconds=DELAY + seconds)
    return link, activate


def test_a_proposal_expires():
    link, activate = late(None, LIFETIME - 1)
    link.near.transact(activate, STRANGER)
    link, activate = late(None, LIFETIME)
    refused(link.near, activate, "ProposalExpired")
    link, activate = late("mailbox-stale-proposal", LIFETIME)
    link.near.transact(activate, STRANGER)
    assert link.near.call(functions(link).latestEpoch(FAR)) == 2


def test_an_expired_proposal_makes_room_for_another():
    link = new_link()
    propose(link)
    refused(link.near, functions(link).proposeRoute(FAR, described(link)), f"ProposalPending({FAR})", sender=OWNER)
    wait(link, NEAR, seconds=DELAY + LIFETIME)
    activate = propose(link, payload=7)
    refused(link.near, activate, "NotReady")


def test_only_what_was_proposed_is_activated():
    link = new_link()
    refused(link.near, functions(link).activateRoute(FAR, described(link)), f"NotProposed({FAR})")
    activate = propose(link)
    wait(link, NEAR)
    other = described(link, proof_age=MAX_PROOF_AGE + 1)
    refused(link.near, functions(link).activateRoute(FAR, other), f"NotProposed({FAR})", sender=OWNER)
    link.near.transact(activate, STRANGER)
    refused(link.near, activate, f"NotProposed({FAR})")


@pytest.mark.parametrize("who", [OWNER, GUARDIAN])
def test_a_proposal_can_be_withdrawn(who):
    link = new_link()
    activate = propose(link)
    refused(link.near, functions(link).cancelRoute(FAR), "OwnableUnauthorizedAccount", sender=STRANGER)
    link.near.transact(functions(link).cancelRoute(FAR), who)
    wait(link, NEAR)
    refused(link.near, activate, f"NotProposed({FAR})")
    refused(link.near, functions(link).cancelRoute(FAR), f"NotProposed({FAR})", sender=OWNER)


def test_routes_are_proposed_by_the_owner_for_chains_that_have_one():
    link = new_link()
    call = functions(link).proposeRoute(FAR, described(link))
    for stranger in (STRANGER, GUARDIAN):
        refused(link.near, call, "OwnableUnauthorizedAccount", sender=stranger)
    refused(link.near, functions(link).proposeRoute(1003, described(link)), "UnknownRoute(1003, 0)", sender=OWNER)


@pytest.mark.parametrize(
    "changed",
    [
        {"epoch": 1},
        {"epoch": 3},
        {"epoch": 0},
        {"client": ZERO},
        {"client": STRANGER.address},
        {"peer": ZERO},
        {"timeout": 0},
        {"proof_age": 0},
        {"gas": 0},
        {"payload": 0},
    ],
)
def test_what_is_proposed_is_a_whole_route_of_the_next_epoch(changed):
    link = new_link()
    fields = {"epoch": 2} | changed
    proposal = functions(link).proposeRoute(FAR, described(link, **fields))
    refused(link.near, proposal, "InvalidRoute()", sender=OWNER)


def test_every_step_is_on_record():
    link = new_link()
    replace_route(link)
    propose(link, epoch=3)
    link.near.transact(functions(link).cancelRoute(FAR), GUARDIAN)
    link.near.transact(functions(link).disableRoute(FAR, 2), GUARDIAN)
    link.near.transact(functions(link).setGuardian(STRANGER.address), OWNER)
    events = link.mailboxes[NEAR].events
    names = [
        entry["event"]
        for entry in sorted(
            (
                log
                for event in (
                    events.RouteAdded,
                    events.RouteProposed,
                    events.RouteRetired,
                    events.RouteCancelled,
                    events.RouteDisabled,
                    events.GuardianChanged,
                )
                for log in link.near.logs(event(), 0, link.near.head().number)
            ),
            key=lambda log: (log["blockNumber"], log["logIndex"]),
        )
    ]
    assert names == [
        "GuardianChanged",
        "RouteAdded",
        "RouteProposed",
        "RouteRetired",
        "RouteAdded",
        "RouteProposed",
        "RouteCancelled",
        "RouteDisabled",
        "GuardianChanged",
    ]


# Old epochs


def test_sending_is_in_the_newest_epoch():
    talk = converse()
    assert talk.send().route_epoch == 1
    replace_route(talk.link)
    assert talk.send().route_epoch == 2
    talk.link.settle_clock()


def test_both_ends_replaced_messages_go_on():
    talk = converse()
    for chain_id in (FAR, NEAR):
        replace_route(talk.link, chain_id)
        keep_clients(talk.link)
    packet = talk.send()
    (answer,) = talk.link.deliver(packet)
    talk.link.acknowledge(answer)
    assert (packet.route_epoch, answer.status, talk.heard(), talk.told()) == (2, Status.SUCCESS, 1, 1)


def test_an_epoch_this_end_does_not_know_yet_waits():
    talk = converse()
    replace_route(talk.link, NEAR)
    keep_clients(talk.link)
    packet = talk.send()
    refused(talk.link.far, talk.link.delivery([packet]), f"UnknownRoute({NEAR}, 2)")


def in_flight(twin, offset):
    """A packet of the old epoch, delivered so long before or after that epoch closes; its deadline is not the point."""
    talk = converse(twins=twin and {"Mailbox": twin})
    activate = propose(talk.link, FAR)
    wait(talk.link, FAR, seconds=DELAY - 1_000)
    keep_clients(talk.link)
    talk.link.until(talk.link.clock.now() + 1_000, talk.link.far)
    closes = talk.link.clock.now() + MAX_TIMEOUT
    talk.link.far.transact(activate, STRANGER)
    closes = talk.link.far.call(functions(talk.link, FAR).closesAt(NEAR, 1))
    talk.link.until(closes - 500, talk.link.near)
    packet = talk.send()
    call = talk.link.delivery([packet])
    talk.link.until(closes + offset, talk.link.far)
    return talk, packet, call


def test_incident_44_a_replaced_route_receives_until_whatever_it_carried_is_late():
    talk, _, call = in_flight(None, -1)
    talk.link.far.transact(call, RELAYER)
    assert talk.heard() == 1
    talk, _, call = in_flight(None, 0)
    refused(talk.link.far, call, f"RouteClosed({NEAR}, 1)")
    talk, _, call = in_flight("mailbox-retired-delivers", 0)
    talk.link.far.transact(call, RELAYER)
    assert talk.heard() == 1


def test_a_replaced_route_still_expires_and_acknowledges():
    talk, packet, _ = in_flight(None, 0)
    keep_clients(talk.link)
    talk.link.until(packet.timeout_timestamp, talk.link.far)
    (answer,) = talk.link.expire(packet)
    talk.link.acknowledge(answer)
    assert (talk.told(), talk.told("lastStatus")) == (1, Status.EXPIRED)


def test_an_answer_to_the_old_epoch_is_proven_by_the_old_client():
    talk = converse()
    packet = talk.send()
    answers = talk.link.deliver(packet)
    gullible = deploy(talk.link.near, "TestClient")
    activate = propose(talk.link, client=gullible.address)
    wait(talk.link, NEAR)
    talk.link.near.transact(activate, STRANGER)
    keep_clients(talk.link)
    (forged,) = (type(answer)(packet=packet, status=Status.FAILURE, ack=b"", payee=ZERO) for answer in answers)
    refused(talk.link.near, talk.link.acknowledgement([forged]), "ValueMismatch")
    talk.link.acknowledge(*answers)
    assert talk.told("lastStatus") == Status.SUCCESS


# The guardian


def test_a_disabled_route_neither_sends_nor_receives_but_answers():
    talk = converse()
    link = talk.link
    done, stuck = talk.send(b"1"), talk.send(b"2", timeout_timestamp=link.clock.now() + 500)
    answers = link.deliver(done)
    for chain, chain_id, other in ((link.near, NEAR, FAR), (link.far, FAR, NEAR)):
        chain.transact(functions(link, chain_id).disableRoute(other, 1), GUARDIAN)
    send = functions(link).sendMessage(interoperable(FAR, talk.listener), b"", [])
    refused(link.near, send, f"RouteClosed({FAR}, 1)")
    refused(link.far, link.delivery([stuck]), f"RouteClosed({NEAR}, 1)")
    link.until(stuck.timeout_timestamp, link.far)
    link.acknowledge(*answers, *link.expire(stuck))
    assert (talk.heard(), talk.told()) == (1, 2)


def send_disabled(twin):
    talk = converse(twins=twin and {"Mailbox": twin})
    talk.link.near.transact(functions(talk.link).disableRoute(FAR, 1), GUARDIAN)
    return talk.send()


def test_sending_into_a_disabled_route_is_for_the_twin_alone():
    with pytest.raises(TransactionReverted, match=rf"RouteClosed\({FAR}, 1\)"):
        send_disabled(None)
    assert send_disabled("mailbox-sends-when-disabled").route_epoch == 1


def test_only_the_guardian_disables_and_only_what_is_open():
    link = new_link()
    disable = functions(link).disableRoute
    for stranger in (OWNER, STRANGER):
        refused(link.near, disable(FAR, 1), f"OnlyGuardian({stranger.address})", sender=stranger)
    refused(link.near, disable(FAR, 2), f"UnknownRoute({FAR}, 2)", sender=GUARDIAN)
    link.near.transact(disable(FAR, 1), GUARDIAN)
    refused(link.near, disable(FAR, 1), f"RouteClosed({FAR}, 1)", sender=GUARDIAN)


def test_a_retired_route_can_be_closed_early():
    talk = converse()
    replace_route(talk.link, FAR)
    keep_clients(talk.link)
    packet = talk.send()
    talk.link.far.transact(functions(talk.link, FAR).disableRoute(NEAR, 1), GUARDIAN)
    refused(talk.link.far, talk.link.delivery([packet]), f"RouteClosed({NEAR}, 1)")
    send = functions(talk.link, FAR).sendMessage(interoperable(NEAR, talk.speaker), b"", [])
    talk.link.far.transact(send, RELAYER)  # the newest epoch is as open as before


def test_nothing_but_the_delay_brings_a_disabled_chain_back():
    talk = converse()
    link = talk.link
    link.near.transact(functions(link).disableRoute(FAR, 1), GUARDIAN)
    closed = link.near.call(functions(link).closesAt(FAR, 1))
    again = described(link, epoch=1)
    for someone in (OWNER, GUARDIAN):
        refused(
            link.near,
            functions(link).addRoute(FAR, again),
            f"RouteExists({FAR})",
            "OwnableUnauthorizedAccount",
            sender=someone,
        )
    replace_route(link)
    assert link.near.call(functions(link).closesAt(FAR, 1)) == closed
    assert talk.send().route_epoch == 2


def test_the_owner_names_the_guardian():
    link = new_link()
    name = functions(link).setGuardian
    for stranger in (GUARDIAN, STRANGER):
        refused(link.near, name(STRANGER.address), "OwnableUnauthorizedAccount", sender=stranger)
    link.near.transact(name(ZERO), OWNER)
    assert link.near.call(functions(link).guardian()) == ZERO
    refused(link.near, functions(link).disableRoute(FAR, 1), f"OnlyGuardian({GUARDIAN.address})", sender=GUARDIAN)


def test_there_is_always_a_delay():
    link = new_link()
    with pytest.raises(TransactionReverted, match=r"InvalidDelay\(\)"):
        deploy(link.near, "Mailbox", OWNER.address, GUARDIAN.address, 0)
    assert link.near.call(functions(link).routeDelayBlocks()) == DELAY_BLOCKS


# Receiving and expiring meet exactly at the deadline


def around_deadline(offset, expire_first):
    """Both calls in one block, this many seconds from the deadline; which of them went through, and the receipt."""
    talk = converse()
    packet = talk.send(timeout_timestamp=talk.link.clock.now() + 100)
    receive = talk.link.delivery([packet], payee=OWNER.address)
    expire = functions(talk.link, FAR).expire(as_abi([packet]), STRANGER.address)
    talk.link.until(packet.timeout_timestamp + offset, talk.link.far)
    calls = [(expire, STRANGER), (receive, RELAYER)] if expire_first else [(receive, RELAYER), (expire, STRANGER)]
    sent = [talk.link.far.send(call, sender, gas=2_000_000) for call, sender in calls]
    block = talk.link.far.mine()
    receipts = [talk.link.far.w3.eth.get_transaction_receipt(transaction) for transaction in sent]
    assert {receipt["blockNumber"] for receipt in receipts} == {block.number}
    assert block.timestamp == packet.timeout_timestamp + offset
    by_call = dict(zip(("expire", "receive") if expire_first else ("receive", "expire"), receipts, strict=True))
    (answer,) = talk.link.answers(talk.link.far, {"blockNumber": block.number}, [packet])
    assert any(talk.link.far.call(functions(talk.link, FAR).receipts(packet_id(packet))))
    return by_call["receive"]["status"], by_call["expire"]["status"], answer.status, talk.heard()


@pytest.mark.parametrize("expire_first", [True, False])
def test_in_one_block_before_the_deadline_only_receiving_counts(expire_first):
    assert around_deadline(-1, expire_first) == (1, 0, Status.SUCCESS, 1)


@pytest.mark.parametrize("expire_first", [True, False])
@pytest.mark.parametrize("offset", [0, 1])
def test_in_one_block_from_the_deadline_on_only_expiring_counts(expire_first, offset):
    assert around_deadline(offset, expire_first) == (1, 1, Status.EXPIRED, 0)
