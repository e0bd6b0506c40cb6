from bridge.abi import ZERO_ADDRESS
from relayers.reports import Did, WaitsFor
from relayers.retries import PAYMENT
from relayers.states import TaskState

EAST = 101
RETURNS_FALSE = 2


def test_a_refund_is_paid_once(network):
    sent = network.deposit(EAST, 9_000, timeout=network.clock.now() + 50)
    network.clock.advance(100)
    reports = network.run()
    payer = network.payer(EAST)
    assert payer.tasks.state_of(sent.packet_id) is TaskState.DONE
    assert sum(report.count(Did.PAID) for round_ in reports for report in round_) == 1
    (paid,) = network.vault(EAST).paid(0, network.chains[EAST].head().number)
    assert (paid.identifier, paid.recipient, paid.amount) == (sent.packet_id, network.user.address, 9_000)
    assert payer.step().idle


def test_a_payment_that_fails_blocks_nobody_and_is_made_later(network):
    chain, vault = network.chains[EAST], network.vault(EAST)
    odd = chain.deploy("OddToken", [], network.user)
    chain.transact(odd.functions.mint(network.user.address, 77), network.user)
    chain.transact(odd.functions.approve(vault.address, 77), network.user)
    chain.transact(vault.contract.functions.deposit(odd.address, 77, network.user.address, 0), network.user)
    chain.transact(odd.functions.configure(RETURNS_FALSE, ZERO_ADDRESS, b""), network.user)
    (owed,) = network.mailbox(EAST).sent(0, chain.head().number)
    payable = network.deposit(EAST, 9_000, timeout=network.clock.now() + 100)
    network.clock.advance(200)
    network.run()
    payer = network.payer(EAST)
    assert payer.tasks.state_of(payable.packet_id) is TaskState.DONE
    assert payer.tasks.state_of(owed.packet_id) is TaskState.WAITING
    balance = chain.balance(network.signer.address)
    network.clock.advance(PAYMENT.waits_seconds[-1])
    assert payer.step().count(Did.FAILED) == 1
    assert chain.balance(network.signer.address) == balance
    chain.transact(odd.functions.configure(0, ZERO_ADDRESS, b""), network.user)
    network.clock.advance(PAYMENT.waits_seconds[-1])
    network.run()
    assert payer.tasks.state_of(owed.packet_id) is TaskState.DONE
    assert odd.functions.balanceOf(network.user.address).call() == 77


def test_a_payment_somebody_else_made_is_noted(network):
    sent = network.deposit(EAST, 9_000, timeout=network.clock.now() + 50)
    network.clock.advance(100)
    for _ in range(12):
        network.clock.advance(5)
        network.mine()
        for daemon in (*network.fleet.submitters, *network.fleet.relayers, *network.fleet.updaters):
            daemon.step()
    assert network.vault(EAST).entitlement(sent.packet_id) is not None
    pay = network.vault(EAST).contract.functions.pay(sent.packet_id)
    network.chains[EAST].transact(pay, network.user)
    report = network.payer(EAST).step()
    assert report.count(Did.PAID) == 1
    assert report.count(Did.SUBMITTED) == 0
    assert WaitsFor.RETRY not in [wait.waits_for for wait in report.waiting]
