"""Each broken world is convicted of exactly the promise that it broke."""

from bridge.abi import ZERO_ADDRESS
from bridge.interoperable import encode_evm
from bridge.relaying import deliver, prove_commitments
from clearspan.lab.scenarios.banking import complete
from clearspan.lab.scenarios.legs import Table
from clearspan.lab.scenarios.moves import LOOT, attempt
from clearspan.lab.world import NETWORK
from tests.clearspan.lab.oracle.broken_worlds import broken, drain_refunds, named, refund_due

SMALL = NETWORK.model_copy(update={"vault_cap_usdc": 1_000})
"""Vaults that pay out a thousand dollars a window."""


def test_an_honest_world_is_accused_of_nothing():
    with broken(network=SMALL) as (heist, judge):
        complete(heist, LOOT, heist.thief)
        for _ in range(2):
            refund_due(heist, 700 * 10**6)
            drain_refunds(heist)
        assert drain_refunds(heist) == "accepted"
        assert named(judge) == set()
        (left,) = [
            claim.left for claim in judge.conservation.vaults[heist.entry.chain_id].claims.values() if claim.left
        ]
        assert left == 400 * 10**6


def test_i1_ether_that_nobody_sent():
    with broken(("CollateralVault", "vault-ignores-value")) as (heist, judge):
        vault = heist.source.contract("CollateralVault", heist.entry.vault)
        deposit = vault.get_function_by_signature("deposit(address,uint256,address,uint64)")
        until = heist.world.clock.now() + 3_600
        call = deposit(ZERO_ADDRESS, 10**18, heist.thief.address, until)
        assert attempt(heist.source, call, heist.thief) == "accepted"
        assert named(judge) == {"I1"}


def test_i2_a_packet_that_is_taken_twice():
    with broken(("Mailbox", "mailbox-replay")) as (heist, judge):
        packet = heist.deposit(LOOT, heist.thief)
        for _ in range(2):
            deliver(heist.way, [packet], heist.world.base.users[2])
            heist.settle()
        assert named(judge) == {"I2"}


def test_i3_a_packet_that_nobody_sent():
    with broken(("Mailbox", "mailbox-unproven-packet")) as (heist, judge):
        true = heist.deposit(LOOT, heist.thief)
        heist.hand_over(heist.invented(), prove_commitments(heist.way, [true]))
        assert named(judge) == {"I3"}


def test_i3_a_credit_that_came_by_no_packet():
    with broken(("ForcedQueue", "queue-direct-deposit")) as (heist, judge):
        queue = heist.host.contract("ForcedQueue", heist.network.settlement.forced_queue)
        packet = heist.invented()
        call = queue.functions.receiveMessage(bytes(32), encode_evm(packet.source_chain, packet.sender), packet.payload)
        assert attempt(heist.host, call, heist.thief) == "accepted"
        assert named(judge) == {"I3"}


def test_i4_a_deposit_that_was_taken_and_comes_back():
    with broken(("CollateralVault", "vault-refunds-success")) as (heist, judge):
        complete(heist, LOOT, heist.thief)
        assert named(judge) == {"I4"}


def test_i5_one_who_waits_is_passed():
    with broken(("CollateralVault", "vault-loses-the-waiting"), network=SMALL) as (heist, judge):
        refund_due(heist, 700 * 10**6)
        refund_due(heist, 700 * 10**6)
        drain_refunds(heist)
        drain_refunds(heist)  # there is no room: whoever waits is dropped
        heist.world.clock.advance(heist.network.parameters.vault_window_seconds)
        refund_due(heist, 100 * 10**6)
        drain_refunds(heist)
        assert named(judge) == {"I5"}


def test_i9_a_swap_that_is_claimed_when_it_is_to_be_refunded():
    with broken(("SwapEscrow", "swap-claims-for-ever")) as (heist, judge):
        table = Table(heist.world)
        swap, secret = table.locked()
        table.at(swap.timelocks.refund_from)
        assert table.claim(swap, secret) == "accepted"
        assert named(judge) == {"I9"}


def test_i9_a_swap_that_ends_twice():
    with broken(("SwapEscrow", "swap-ends-twice")) as (heist, judge):
        table = Table(heist.world)
        swap, secret = table.locked()
        table.locked()
        table.at(swap.timelocks.claim_from)
        assert [table.claim(swap, secret) for _ in range(2)] == ["accepted"] * 2
        assert named(judge) == {"I9"}


def test_i9_legs_that_end_differently():
    """Nothing is broken but the timing: the one who waits too long has neither leg."""
    with broken() as (heist, judge):
        table = Table(heist.world)
        first, secret = table.locked()
        second, _ = table.locked(secret)
        table.at(first.timelocks.claim_from)
        table.claim(first, secret)
        table.at(second.timelocks.refund_from)
        table.refund(second)
        assert named(judge) == {"I9"}


def test_i10_more_than_the_cap_in_one_window():
    with broken(("CollateralVault", "vault-forgets-outflow"), network=SMALL) as (heist, judge):
        for _ in range(2):
            refund_due(heist, 700 * 10**6)
            drain_refunds(heist)
        assert named(judge) == {"I10"}


def test_i14_who_delivers_again_what_it_delivered():
    with broken() as (heist, judge):
        packet = heist.deposit(LOOT, heist.thief)
        for _ in range(2):
            deliver(heist.way, [packet], heist.world.base.relayers[0])
            heist.settle()
        assert named(judge) == {"I14"}


def test_i14_two_relayers_may_race():
    with broken() as (heist, judge):
        packet = heist.deposit(LOOT, heist.thief)
        for relayer in heist.world.base.relayers:
            deliver(heist.way, [packet], relayer)
            heist.settle()
        assert named(judge) == set()
        assert judge.spending.wasted == 1


def test_i15_a_mailbox_that_is_to_own_a_vault():
    with broken() as (heist, judge):
        vault = heist.source.contract("CollateralVault", heist.entry.vault)
        heist.source.transact(vault.functions.transferOwnership(heist.entry.mailbox), heist.owner)
        assert named(judge) == {"I15"}


def test_i15_an_owner_may_hand_over_to_a_person():
    with broken() as (heist, judge):
        vault = heist.source.contract("CollateralVault", heist.entry.vault)
        heist.source.transact(vault.functions.transferOwnership(heist.thief.address), heist.owner)
        heist.source.transact(vault.functions.acceptOwnership(), heist.thief)
        assert named(judge) == set()


def test_i20_a_vault_that_pays_while_it_is_paused():
    with broken(("CollateralVault", "vault-ignores-pause")) as (heist, judge):
        refund_due(heist, LOOT)
        vault = heist.source.contract("CollateralVault", heist.entry.vault)
        heist.source.transact(vault.functions.pause(600), heist.owner)
        heist.settle()
        assert drain_refunds(heist) == "accepted"
        assert named(judge) == {"I20"}


def test_i20_a_vault_that_pays_before_and_after():
    with broken() as (heist, judge):
        refund_due(heist, LOOT)
        refund_due(heist, LOOT)
        drain_refunds(heist, 1)
        vault = heist.source.contract("CollateralVault", heist.entry.vault)
        heist.source.transact(vault.functions.pause(600), heist.owner)
        heist.settle()
        assert drain_refunds(heist, 1).startswith("IsPaused")
        heist.world.clock.advance(600)
        assert drain_refunds(heist, 1) == "accepted"
        assert named(judge) == set()
