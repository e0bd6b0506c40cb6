"""Gas of every state-changing call in one fixed scenario. `python -m tests.contracts.gas` rewrites the snapshot.

Chains, keys, clock and calls are fixed, so the numbers are exact; a change of any of them shows in the diff of
contracts/gas-snapshot.json.
"""

import json
import sys
from collections.abc import Sequence
from pathlib import Path

from eth_account.signers.local import LocalAccount

import contracts
from bridge.abi import abi_encode
from bridge.attributes import encode_attributes
from bridge.clients import encode_update
from bridge.packets import Answer, Fees, Packet, packet_id, receipt_slot
from chains.chain import Sendable
from chains.clock import VirtualClock
from chains.local import LocalChain
from tests.contracts.batching import STEP, body, framed, root, sparse_path
from tests.contracts.following import ATTESTORS, attest, follow, follow_ibft2, keys_of, outsiders
from tests.contracts.harness import (
    CAPS_DELAY_BLOCKS,
    CAPS_DELAY_SECONDS,
    CHALLENGE_BLOCKS,
    CHALLENGE_SECONDS,
    DELAY_BLOCKS,
    FAR,
    FORCED_FEE,
    GUARDIAN,
    NEAR,
    OWNER,
    RELAYER,
    STRANGER,
    TRADER,
    ZERO,
    House,
    interoperable,
    ledger_arguments,
    new_chain,
    new_house,
    queue_arguments,
    route,
)
from tests.contracts.sickness import go_stale, replace_client, wait
from tests.contracts.swap_gas import measure_swaps
from tests.contracts.vault_gas import measure_vault
from tests.contracts.vault_terms import vault_arguments
from tests.contracts.withdrawals import Leaf

SNAPSHOT = Path(contracts.__file__).parent / "gas-snapshot.json"
GAS = 25_000_000
ORDER = bytes(range(1, 149))
"""As long as a signed order, without a zero byte."""


class Meter:
    """Sends transactions and writes down what they cost."""

    def __init__(self) -> None:
        self.used: dict[str, int] = {}

    def run(self, name: str, chain: LocalChain, call: Sendable, sender: LocalAccount = RELAYER, value: int = 0) -> int:
        """Send, note the gas under a name, and return the block's number."""
        assert name not in self.used
        receipt = chain.transact(call, sender, value=value, gas=GAS)
        self.used[name] = receipt["gasUsed"]
        return receipt["blockNumber"]


def measure() -> dict[str, int]:
    """Gas by call, sorted by name."""
    meter = Meter()
    _deployments(meter)
    _clients(meter)
    house = new_house()
    _administration(meter, house)
    _messages(meter, house)
    _deposits(meter, house)
    _forced(meter, house)
    _caps(meter)
    _batches(meter, house)
    _withdrawals(meter, house)
    measure_swaps(meter)
    measure_vault(meter)
    return dict(sorted(meter.used.items()))


def _deployments(meter: Meter) -> None:
    house = new_house()
    chain = new_chain(VirtualClock())
    mailbox = house.link.mailboxes[NEAR].address
    trusted = chain.mine()
    state = (trusted.hash, trusted.parent_hash, trusted.state_root, trusted.timestamp)
    validators = ["0x" + bytes([index] * 20).hex() for index in (1, 2, 3, 4)]
    arguments = {
        "Mailbox": [OWNER.address, GUARDIAN.address, DELAY_BLOCKS],
        "QbftLightClient": [(FAR, False, 10**6, 60, 2, 3, 3_600, 5, 0, []), 1, state, validators],
        "CollateralVault": vault_arguments(
            mailbox, NEAR, mailbox, mailbox, OWNER.address, GUARDIAN.address, caps={ZERO: 1}
        ),
        "ChainLedger": ledger_arguments([mailbox, house.queue.address, mailbox, house.outbox.address], house.token),
        "ForcedQueue": queue_arguments(mailbox, house.ledger),
        "Rollup": [OWNER.address, house.queue.address, b"\x11" * 32, 600, 5, 900, RELAYER.address],
        "WithdrawalOutbox": [mailbox, house.rollup.address, house.ledger.address, OWNER.address],
        "SwapEscrow": [],
    }
    for name, given in arguments.items():
        artifact = contracts.load(name)
        factory = house.link.near.w3.eth.contract(abi=artifact.abi, bytecode=artifact.bytecode)
        meter.run(f"{name}.constructor", house.link.near, factory.constructor(*given), OWNER)


def _clients(meter: Meter) -> None:
    for validators in (4, 7, 22, 50):
        following = follow(validators=validators)
        header = following.mine()
        name = f"QbftLightClient.update, {validators} validators"
        meter.run(name, following.host, following.call(following.honest(header)))
        if validators != 4:
            continue
        meter.run(f"{name}, known header", following.host, following.call(following.honest(header)))
        following.source.rotate([*following.source.validators.validators[1:], *outsiders(1)])
        rotated = following.mine()
        meter.run(f"{name}, rotation", following.host, following.call(encode_update(rotated, header.validators)))
        forged = rotated.altered(state_root=b"\x66" * 32).sealed_by(keys_of(following.source.validators))
        meter.run(f"{name}, misbehaviour", following.host, following.call(encode_update(forged, rotated.validators)))

    ibft2, (_, header, *_) = follow_ibft2()
    meter.run("QbftLightClient.update, 4 validators, IBFT2", ibft2.host, ibft2.call(ibft2.honest(header)))
    _older_heights(meter)
    _recovery(meter)

    following = follow()
    header = following.mine()
    forged = header.altered(state_root=b"\x66" * 32).sealed_by(keys_of(following.source.validators))
    updates = [encode_update(shown, following.trusted.validators) for shown in (header, forged)]
    evidence = following.client.functions.misbehaviour(abi_encode(["bytes", "bytes"], updates))
    meter.run("QbftLightClient.misbehaviour, 4 validators", following.host, evidence)


def _older_heights(meter: Meter) -> None:
    following = follow()
    head = following.mine(12)
    following.host.transact(following.call(following.honest(head)), RELAYER)
    headers = [following.source.header(number).with_seals([]) for number in range(head.number - 1, 1, -1)]
    meter.run("QbftLightClient.fill, 1 header", following.host, following.fill(head, headers[:1]))
    meter.run("QbftLightClient.fill, 10 headers", following.host, following.fill(headers[0], headers[1:11]))


def _recovery(meter: Meter) -> None:
    following = follow(threshold=2, attestors=[attestor.address for attestor in ATTESTORS])
    header = following.mine()
    following.host.transact(following.call(following.honest(header)), RELAYER)
    forged = header.altered(state_root=b"\x66" * 32).sealed_by(keys_of(following.source.validators))
    following.host.transact(following.call(following.honest(forged)), RELAYER)
    header = following.mine()
    attestation = attest(following.approve(header, header.number - 1), ATTESTORS[:2])
    propose = following.client.functions.proposeRecovery(following.honest(header), attestation)
    recovery_id = bytes(following.host.call(propose, block="pending"))
    meter.run("QbftLightClient.proposeRecovery, 4 validators, 2 attestors", following.host, propose)
    following.sit_out()
    meter.run("QbftLightClient.executeRecovery", following.host, following.execute(recovery_id))


def _administration(meter: Meter, house: House) -> None:
    link, near = house.link, house.link.near
    described = route(link.clients[NEAR], link.mailboxes[FAR])
    mailbox = link.mailboxes[NEAR].functions
    meter.run("Mailbox.addRoute", near, mailbox.addRoute(1003, described), OWNER)
    replacement = route(link.clients[NEAR], link.mailboxes[FAR], epoch=2)
    meter.run("Mailbox.proposeRoute", near, mailbox.proposeRoute(1003, replacement), OWNER)
    meter.run("Mailbox.cancelRoute", near, mailbox.cancelRoute(1003), GUARDIAN)
    meter.run("Mailbox.disableRoute", near, mailbox.disableRoute(1003, 1), GUARDIAN)
    queue, outbox, rollup = house.queue.functions, house.outbox.functions, house.rollup.functions
    meter.run("ForcedQueue.registerVault", near, queue.registerVault(1003, STRANGER.address), OWNER)
    meter.run("ForcedQueue.registerAsset", near, queue.registerAsset(9, 1003, ZERO), OWNER)
    meter.run("WithdrawalOutbox.registerVault", near, outbox.registerVault(1003, STRANGER.address), OWNER)
    meter.run("Rollup.setPoster", near, rollup.setPoster(STRANGER.address, True), OWNER)


def _messages(meter: Meter, house: House) -> None:
    """Packets to an account without code: what the mailbox itself costs."""
    link = house.link
    send = link.mailboxes[NEAR].functions.sendMessage
    target = interoperable(FAR, STRANGER.address)

    def sent(name: str, payload: bytes, **attributes: int) -> Packet:
        block = meter.run(name, link.near, send(target, payload, encode_attributes(**attributes)))
        (packet,) = link.sent(link.near, {"blockNumber": block})
        return packet

    first = sent("Mailbox.sendMessage, 160 bytes", bytes(160))
    ten, fifty = (
        [sent(f"Mailbox.sendMessage, 160 bytes, {count}:{index}", bytes(160)) for index in range(count)]
        for count in (10, 50)
    )
    later = {meter.used.pop(name) for name in [*meter.used] if name.startswith("Mailbox.sendMessage, 160 bytes, ")}
    meter.used["Mailbox.sendMessage, 160 bytes, not the first"] = max(later)
    sent("Mailbox.sendMessage, 4096 bytes", b"\x01" * 4_096)
    timed = sent("Mailbox.sendMessage, with attributes", b"", gas_limit=1, timeout_timestamp=link.clock.now() + 900)
    for name, packets in (("1 packet", [first]), ("10 packets", ten), ("50 packets", fifty)):
        answers = _deliver(meter, house, f"Mailbox.receivePackets, {name}", packets)
        call = link.acknowledgement(answers, link.prove(link.near, [receipt_slot(packet_id(p)) for p in packets]))
        meter.run(f"Mailbox.acknowledge, {name}", link.near, call)
    _fees(meter, house)
    meter.run("Mailbox.receivePackets, known packet", link.far, link.delivery([first], b""))
    link.until(timed.timeout_timestamp, link.far)
    expire = link.mailboxes[FAR].functions.expire([timed.as_abi()], RELAYER.address)
    meter.run("Mailbox.expire, 1 packet", link.far, expire)


def _fees(meter: Meter, house: House) -> None:
    """What fees add, to payees who were owed nothing before."""
    link, mailbox = house.link, house.link.mailboxes[NEAR].functions
    fees = Fees(deliver=7, acknowledge=2, expire=9, refund_to=STRANGER.address)
    send = mailbox.sendMessage(interoperable(FAR, STRANGER.address), bytes(160), encode_attributes(fees=fees))
    block = meter.run("Mailbox.sendMessage, with fees", link.near, send, value=fees.escrow)
    answers = _deliver(meter, house, "Mailbox.receivePackets, with fees", link.sent(link.near, {"blockNumber": block}))
    meter.run("Mailbox.acknowledge, with fees", link.near, link.acknowledgement(answers))
    meter.run("Mailbox.withdrawFees", link.near, mailbox.withdrawFees(STRANGER.address))


def _deliver(meter: Meter, house: House, name: str, packets: Sequence[Packet]) -> list[Answer]:
    link = house.link
    at = link.near if packets[0].destination_chain == NEAR else link.far
    block = meter.run(name, at, link.delivery(packets))
    return link.answers(at, {"blockNumber": block}, packets)


def _deposits(meter: Meter, house: House) -> None:
    link, deposit = house.link, house.vault.functions.deposit

    def made(name: str, asset: str, amount: int) -> Packet:
        value = amount if asset == ZERO else 0
        call = deposit(asset, amount, TRADER.address, 0)
        (packet,) = link.sent(link.far, {"blockNumber": meter.run(name, link.far, call, TRADER, value)})
        return packet

    first = made("CollateralVault.deposit, token, first", house.token.address, 10**9)
    again = made("CollateralVault.deposit, token", house.token.address, 10**9)
    ether = made("CollateralVault.deposit, ether, first", ZERO, 10**18)
    answers = [
        *_deliver(meter, house, "Mailbox.receivePackets, deposit, new account", [first]),
        *_deliver(meter, house, "Mailbox.receivePackets, deposit", [again]),
        *_deliver(meter, house, "Mailbox.receivePackets, deposit, ether", [ether]),
    ]
    meter.run("Mailbox.acknowledge, 3 deposits", link.far, link.acknowledgement(answers))
    late = made("CollateralVault.deposit, to expire", house.token.address, 10**6)
    meter.used.pop("CollateralVault.deposit, to expire")
    link.until(late.timeout_timestamp, link.near)
    (answer,) = link.expire(late)
    meter.run("Mailbox.acknowledge, expired deposit", link.far, link.acknowledgement([answer]))
    refund = house.vault.functions.drainRefunds(house.token.address, 1)
    meter.run("CollateralVault.drainRefunds, first", link.far, refund)


def _forced(meter: Meter, house: House) -> None:
    near, queue = house.link.near, house.queue.functions
    meter.run("ForcedQueue.enqueueSwapClaim", near, queue.enqueueSwapClaim(7, b"\x01" * 32), TRADER, FORCED_FEE)
    meter.run("ForcedQueue.enqueueSwapRefund", near, queue.enqueueSwapRefund(8), TRADER, FORCED_FEE)
    meter.run("ForcedQueue.withdrawFees", near, queue.withdrawFees())
    _health(meter)


def _health(meter: Meter) -> None:
    """A client goes stale and is replaced; the chain has two assets."""
    house = new_house()
    near, report = house.link.near, house.queue.functions.reportHealth(FAR)
    go_stale(house)
    meter.run("ForcedQueue.reportHealth, sick, 2 assets", near, report)
    replace_client(house)
    meter.run("ForcedQueue.reportHealth, recovery begins", near, report)
    wait(house)
    meter.run("ForcedQueue.reportHealth, healthy, 2 assets", near, report)


def _caps(meter: Meter) -> None:
    house = new_house()
    near, ledger, token = house.link.near, house.ledger.functions, house.token.address
    meter.run("ChainLedger.lowerCaps", near, ledger.lowerCaps(FAR, token, (10**11, 10**11)), OWNER)
    meter.run("ChainLedger.proposeCaps", near, ledger.proposeCaps(FAR, token, (10**12, 10**12)), OWNER)
    house.link.clock.advance(CAPS_DELAY_SECONDS)
    for _ in range(CAPS_DELAY_BLOCKS):
        near.mine()
    meter.run("ChainLedger.activateCaps", near, ledger.activateCaps(FAR, token))
    near.transact(ledger.proposeCaps(FAR, token, (10**12, 10**12)), OWNER)
    meter.run("ChainLedger.cancelCaps", near, ledger.cancelCaps(FAR, token), OWNER)


def _batches(meter: Meter, house: House) -> None:
    near, post = house.link.near, house.rollup.functions.postBatch
    claimed = near.call(house.rollup.functions.latestRoot())
    shapes = {
        "3 forced items": (1, lambda clock: body(clock, [], 3)),
        "1 order": (1, lambda clock: body(clock, [ORDER])),
        "32 orders": (1, lambda clock: body(clock, [ORDER] * 32)),
        "8 x 32 orders": (8, lambda clock: body(clock, [ORDER] * 32)),
        "24 x 32 orders": (24, lambda clock: body(clock, [ORDER] * 32)),
        "256 x 1 step": (256, lambda clock: body(clock, [STEP])),
    }
    for index, (name, (count, inner)) in enumerate(shapes.items()):
        roots = [root(number) for number in range(count)]
        data = framed(inner(near.next_context().timestamp)) * count
        meter.run(f"Rollup.postBatch, {name}", near, post(index, claimed, roots, data))
        claimed = roots[-1]


def _withdrawals(meter: Meter, house: House) -> None:
    link, near, far = house.link, house.link.near, house.link.far
    leaves = {
        0: Leaf(id=0, token=house.token.address, amount=10**6),
        1: Leaf(id=1, token=ZERO, asset=1, amount=10**15),
    }
    hashes = {number: leaf.hash() for number, leaf in leaves.items()}
    upper = {position: root(position) for position in range(8)} | {8: sparse_path(hashes, 0, 16)[0]}
    state_root, root_path = sparse_path(upper, 8, 2)
    index = near.call(house.rollup.functions.batchCount())
    claimed = near.call(house.rollup.functions.latestRoot())
    data = framed(body(near.next_context().timestamp, [STEP]))
    near.transact(house.rollup.functions.postBatch(index, claimed, [state_root], data), RELAYER)
    for _ in range(CHALLENGE_BLOCKS):
        near.mine()
    link.settle_clock()
    link.clock.advance(CHALLENGE_SECONDS)
    near.mine()
    far.mine()
    packets = []
    for number, asset in enumerate(("token", "ether")):
        path = sparse_path(hashes, number, 16)[1]
        release = house.outbox.functions.release(index, leaves[number].fields(), path, root_path)
        block = meter.run(f"WithdrawalOutbox.release, {asset}", near, release)
        packets += link.sent(near, {"blockNumber": block})
    answers = []
    for packet, asset in zip(packets, ("token", "ether"), strict=True):
        answers += _deliver(meter, house, f"Mailbox.receivePackets, release, {asset}", [packet])
        drain = house.vault.functions.drain(house.token.address if asset == "token" else ZERO, 10)
        meter.run(f"CollateralVault.drain, {asset}, first", far, drain)
    meter.run("Mailbox.acknowledge, 2 releases", near, link.acknowledgement(answers))


def render(used: dict[str, int]) -> str:
    """The snapshot's text."""
    return json.dumps(used, indent=1) + "\n"


if __name__ == "__main__":
    SNAPSHOT.write_text(render(measure()))
    print(f"wrote {SNAPSHOT.name}", file=sys.stderr)  # noqa: T201
