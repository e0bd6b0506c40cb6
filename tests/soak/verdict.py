"""What became of every packet, read from the chains alone: no database of a relayer is looked at."""

from collections import Counter
from dataclasses import dataclass, field

from bridge.packets import Status
from bridge.payloads import DepositMessage
from tests.soak.network import EAST, SETTLEMENT, TOKENS, WEST

SETTLED = {Status.SUCCESS, Status.EXPIRED}


@dataclass
class Verdict:
    """Counts over all chains; `wrong` names each thing that should not be."""

    packets: int = 0
    delivered: int = 0
    refunded: int = 0
    transactions: int = 0
    wasted: list = field(default_factory=list)
    spent_wei: dict = field(default_factory=dict)
    dearest_wei: int = 0
    wrong: list = field(default_factory=list)

    def expect(self, claim, *holds):
        if not all(holds):
            self.wrong.append(claim)


def judge(network, *, relayers=()):
    """Every packet is answered once and settled once, and money and counters agree with that.

    relayers: whose transactions are looked at for waste and cost.
    """
    verdict = Verdict()
    heads = {number: chain.head().number for number, chain in network.chains.items()}
    sent = {number: network.mailbox(number).sent(0, heads[number]) for number in heads}
    answers = {number: network.mailbox(number).answered(0, heads[number]) for number in heads}
    told = {number: network.mailbox(number).acknowledged(0, heads[number]) for number in heads}
    answered = Counter(answer.packet_id for one in answers.values() for answer in one)
    status = {answer.packet_id: answer.status for one in answers.values() for answer in one}
    settled = Counter(item.packet_id for one in told.values() for item in one)
    everything = [item for one in sent.values() for item in one]
    verdict.packets = len(everything)
    for number in heads:
        verdict.expect(
            f"{number}: nonces have no gap", [item.nonce for item in sent[number]] == list(range(len(sent[number])))
        )
    for item in everything:
        name = f"0x{item.packet_id.hex()} of {item.packet.source_chain}"
        verdict.expect(f"{name}: answered {answered[item.packet_id]} times", answered[item.packet_id] == 1)
        verdict.expect(f"{name}: settled {settled[item.packet_id]} times", settled[item.packet_id] == 1)
        found = status.get(item.packet_id)
        verdict.expect(f"{name}: ended as {found!r}", found in SETTLED)
        verdict.delivered += found is Status.SUCCESS
        verdict.refunded += found is Status.EXPIRED
    ids = {item.packet_id for item in everything}
    verdict.expect("nobody answered what nobody sent", answered.keys() <= ids, settled.keys() <= ids)
    _judge_recipients(verdict, network, everything, status)
    _judge_money(verdict, network, everything, status)
    for number, head in heads.items():
        _judge_spending(verdict, network, number, head, {one.address for one in relayers})
    return verdict


def _judge_recipients(verdict, network, everything, status):
    """A recipient counts what it was called with."""
    for number, recipient in network.recipients.items():
        due = sum(
            item.packet.recipient == recipient.address
            and item.packet.destination_chain == number
            and status.get(item.packet_id) is Status.SUCCESS
            for item in everything
        )
        received = recipient.functions.received().call()
        verdict.expect(f"{number}: {due} messages were due, {received} came", due == received)


def _judge_money(verdict, network, everything, status):
    """What was deposited is in the queue or back with the user, once."""
    queued = network.chains[SETTLEMENT].contract("ForcedQueue", network.deployment.settlement.forced_queue)
    deposits = [
        item
        for item in everything
        if item.packet.sender in {entry.vault for entry in network.deployment.vaults}
        and item.packet.destination_chain == SETTLEMENT
    ]
    due = sum(status.get(item.packet_id) is Status.SUCCESS for item in deposits)
    count = queued.functions.count().call()
    verdict.expect(f"{due} deposits were due in the queue, {count} are there", due == count)
    for number in (EAST, WEST):
        kept = sum(
            DepositMessage.decode(item.packet.payload).amount
            for item in deposits
            if item.packet.source_chain == number and status.get(item.packet_id) is Status.SUCCESS
        )
        token = network.token(number)
        balance = token.functions.balanceOf(network.user.address).call()
        verdict.expect(f"{number}: the user should have {TOKENS - kept}, has {balance}", balance == TOKENS - kept)
        held = token.functions.balanceOf(network.vault(number).address).call()
        verdict.expect(f"{number}: the vault should hold {kept}, holds {held}", held == kept)


def _judge_spending(verdict, network, number, head, relayers):
    """Cost of the relayers' transactions, and those of them that reverted or changed nothing."""
    chain, spent = network.chains[number], 0
    for height in range(1, head + 1):
        block = chain.w3.eth.get_block(height, full_transactions=True)
        for transaction in block["transactions"]:
            if transaction["from"] not in relayers:
                continue
            receipt = chain.w3.eth.get_transaction_receipt(transaction["hash"])
            spent += receipt["gasUsed"] * receipt["effectiveGasPrice"]
            verdict.transactions += 1
            verdict.dearest_wei = max(verdict.dearest_wei, receipt["effectiveGasPrice"])
            is_cancellation = transaction["to"] == transaction["from"]
            if not is_cancellation and (receipt["status"] != 1 or not receipt["logs"]):
                verdict.wasted.append(f"{number}/{height} 0x{transaction['hash'].hex()} status {receipt['status']}")
    verdict.spent_wei[number] = spent
