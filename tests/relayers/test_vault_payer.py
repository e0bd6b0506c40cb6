from bridge.abi import ZERO_ADDRESS
from bridge.parameters import TokenParameters
from bridge.vaults import Exit
from relayers.reports import Did, WaitsFor
from relayers.states import TaskState

EAST = 101
RETURNS_FALSE = 2
HOUR = 3_600


def expired(network, *amounts):
    """Deposits that run out of time."""
    packets = [network.deposit(EAST, amount, timeout=network.clock.now() + 50) for amount in amounts]
    network.clock.advance(100)
    return packets


def test_a_refund_is_paid_once(network):
    (sent,) = expired(network, 9_000)
    reports = network.run()
    payer = network.payer(EAST)
    assert payer.tasks.state_of(sent.packet_id) is TaskState.DONE
    assert sum(report.count(Did.PAID) for round_ in reports for report in round_) == 1
    (paid,) = network.vault(EAST).paid(0, network.chains[EAST].head().number)
    assert (paid.identifier, paid.recipient, paid.amount) == (sent.packet_id, network.user.address, 9_000)
    assert (paid.left, paid.credited) == (0, 0)
    assert payer.step().idle


def test_many_claims_are_paid_in_one_transaction(network):
    packets = expired(network, 1, 2, 3)
    reports = network.run()
    payer = network.payer(EAST)
    assert {payer.tasks.state_of(sent.packet_id) for sent in packets} == {TaskState.DONE}
    payments = network.vault(EAST).paid(0, network.chains[EAST].head().number)
    assert [payment.amount for payment in payments] == [1, 2, 3]
    assert (
        sum("payment of" in action.detail for round_ in reports for report in round_ for action in report.actions) == 1
    )


def test_a_payment_that_cannot_be_sent_becomes_a_credit_and_blocks_nobody(make_network):
    network = make_network(
        challenge_seconds=60, inclusion_delay_seconds=60, vault_delay_seconds=200, vault_delay_blocks=1
    )
    chain, vault = network.chains[EAST], network.vault(EAST)
    odd = chain.deploy("OddToken", [], network.user)
    limits = (1, odd.address, ZERO_ADDRESS, 10**6, 10**6)
    chain.transact(vault.contract.functions.propose(limits), network.owner)
    network.clock.advance(300)
    chain.transact(vault.contract.functions.activate(limits), network.user)
    chain.transact(odd.functions.mint(network.user.address, 77), network.user)
    chain.transact(odd.functions.approve(vault.address, 77), network.user)
    chain.transact(vault.contract.functions.deposit(odd.address, 77, network.user.address, 0), network.user)
    chain.transact(odd.functions.configure(RETURNS_FALSE, ZERO_ADDRESS, b""), network.user)
    (owed,) = network.mailbox(EAST).sent(0, chain.head().number)
    (payable,) = expired(network, 9_000)
    network.run()
    payer = network.payer(EAST)
    assert payer.tasks.state_of(payable.packet_id) is TaskState.DONE
    assert payer.tasks.state_of(owed.packet_id) is TaskState.DONE
    (credited,) = [row for row in vault.paid(0, chain.head().number) if row.credited]
    assert (credited.identifier, credited.credited) == (owed.packet_id, 77)
    assert (vault.credit(network.user.address, odd.address), vault.total_credits(odd.address)) == (77, 77)
    chain.transact(odd.functions.configure(0, ZERO_ADDRESS, b""), network.user)
    chain.transact(vault.contract.functions.withdraw(network.user.address, odd.address), network.signer)
    assert odd.functions.balanceOf(network.user.address).call() == 77


def test_what_the_window_holds_up_is_paid_in_parts_at_no_cost_while_waiting(make_network):
    token = TokenParameters(decimals=0, vault_cap=600)
    network = make_network(tokens=(token,), vault_window_seconds=HOUR)
    (sent,) = expired(network, 1_000)
    network.run()
    payer, vault, chain = network.payer(EAST), network.vault(EAST), network.chains[EAST]
    owed = vault.entitlement(sent.packet_id)
    assert (owed.amount, owed.exit, vault.ahead_of(sent.packet_id)) == (400, Exit.REFUND, 0)
    outlook = vault.outlook(owed.asset, Exit.REFUND)
    assert (outlook.queued, outlook.room, outlook.inventory, outlook.payable) == (400, 0, 400, 0)
    network.clock.advance(HOUR // 2)
    balance = chain.balance(network.signer.address)
    report = payer.step()
    assert [wait.waits_for for wait in report.waiting] == [WaitsFor.VAULT]
    assert (report.did, chain.balance(network.signer.address)) == (0, balance)
    network.clock.advance(HOUR // 2)
    network.run()
    assert payer.tasks.state_of(sent.packet_id) is TaskState.DONE
    payments = vault.paid(0, chain.head().number)
    assert [(payment.amount, payment.left) for payment in payments] == [(600, 400), (400, 0)]


def test_a_paused_vault_is_waited_for(network):
    (sent,) = expired(network, 9_000)
    pause = network.vault(EAST).contract.functions.pause(HOUR)
    network.chains[EAST].transact(pause, network.owner)
    network.run()
    payer = network.payer(EAST)
    assert [(wait.waits_for, wait.detail) for wait in payer.step().waiting] == [(WaitsFor.VAULT, "paused")]
    network.clock.advance(HOUR)
    network.run()
    assert payer.tasks.state_of(sent.packet_id) is TaskState.DONE


def test_a_payment_somebody_else_made_is_noted(network):
    (sent,) = expired(network, 9_000)
    for _ in range(12):
        network.clock.advance(5)
        network.mine()
        for daemon in (*network.fleet.submitters, *network.fleet.relayers, *network.fleet.updaters):
            daemon.step()
    owed = network.vault(EAST).entitlement(sent.packet_id)
    assert owed is not None
    pay = network.vault(EAST).drain(owed.asset, owed.exit, 1)
    network.chains[EAST].transact(pay, network.user)
    report = network.payer(EAST).step()
    assert report.count(Did.PAID) == 1
    assert report.count(Did.SUBMITTED) == 0
    assert WaitsFor.RETRY not in [wait.waits_for for wait in report.waiting]
