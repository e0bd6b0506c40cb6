"""What processes spend, say and keep, and whether who watches cries out."""

import base64
import logging
import sqlite3
from contextlib import nullcontext

import pytest

from bridge.abi import ZERO_ADDRESS
from bridge.interoperable import encode_evm
from bridge.relaying import deliver, prove_commitments
from clearspan.lab.oracle.alarms import Alarm, misjudged
from clearspan.lab.oracle.bounds import ROWS_BASE, excesses
from clearspan.lab.oracle.violations import Invariant, Violation
from clearspan.lab.runs import RunConfig, run_seed
from clearspan.lab.scenarios.moves import LOOT, swapped
from clearspan.lab.world import WorldConfig
from relayers.packet_relayer import PacketRelayer
from relayers.reports import StepReport
from relayers.submitter import budget
from relayers.watching.answers import AnswerCheck
from relayers.watching.credits import CreditCheck
from relayers.watching.holdings import HoldingsCheck
from tests.clearspan.lab.oracle.broken_worlds import broken, named

LITTLE_WEI = 10_000
"""Less than one delivery costs."""


def relay_one(heist):
    """Let the world's relayers find a deposit and do what they may."""
    heist.lock(LOOT, heist.thief)
    heist.settle()
    heist.world.run(20)


def test_i14_a_relayer_without_a_limit_in_its_books():
    whole = budget.reserve

    def boundless(session, row, wei, *, limit):
        whole(session, row, wei, limit=None)

    with swapped(budget, "reserve", boundless), broken(relayer_budget_wei=LITTLE_WEI) as (heist, judge):
        relay_one(heist)
        assert named(judge) == {"I14"}


def test_i14_relayers_stop_at_their_budget():
    with broken(relayer_budget_wei=LITTLE_WEI) as (heist, judge):
        relay_one(heist)
        assert named(judge) == set()
        assert sum(judge.spending.spent.values()) == 0


@pytest.mark.parametrize(
    "form",
    [
        lambda key: key,
        lambda key: key.hex().encode(),
        lambda key: b"0x" + key.hex().upper().encode(),
        base64.b64encode,
        base64.urlsafe_b64encode,
    ],
    ids=["raw", "hexadecimal", "upper case", "base64", "url-safe base64"],
)
def test_i16_a_key_in_a_file(form):
    with broken() as (heist, judge):
        key = bytes(heist.world.base.relayers[0].key)
        (heist.world.directory / "relayer-1" / "note").write_bytes(b"the key is " + form(key) + b", keep it safe")
        assert named(judge) == {"I16"}
        assert "key of relayer 1 in relayer-1/note" in judge.violations[0].detail


def test_i16_a_key_in_a_log():
    with broken() as (heist, judge):
        key = heist.world.base.network.keys.operator.key.hex()
        logging.getLogger("relayers").warning("cannot sign with %s", key)
        assert named(judge) == {"I16"}
        assert "key of operator in the log" in judge.violations[0].detail


def test_i16_addresses_are_no_secret():
    with broken() as (heist, judge):
        logging.getLogger("relayers").warning("signs as %s", heist.world.base.relayers[0].address)
        assert named(judge) == set()


def test_i17_a_row_for_every_look(tmp_path):
    path = tmp_path / "relayer.db"
    connection = sqlite3.connect(path)
    connection.execute("CREATE TABLE looks (time INTEGER)")
    connection.executemany("INSERT INTO looks VALUES (?)", [(at,) for at in range(ROWS_BASE + 1)])
    connection.commit()
    connection.close()
    assert list(excesses(tmp_path, 0)) == [
        f"looks of relayer.db has {ROWS_BASE + 1} rows, {ROWS_BASE} for 0 pieces of work"
    ]
    assert list(excesses(tmp_path, 1)) == []


def test_i17_a_file_that_only_grows(tmp_path):
    (tmp_path / "log.txt").write_bytes(bytes(8 << 20))
    assert [found.partition(" has ")[0] for found in excesses(tmp_path, 0)] == ["log.txt"]


def test_i12_relayers_that_do_nothing():
    config = RunConfig(world=WorldConfig(trades=False), chaos_seconds=20, rest_seconds=10)
    with swapped(PacketRelayer, "step", lambda relayer: StepReport()):
        result = run_seed(3, config, plan=())
    assert {str(violation.invariant) for violation in result.violations} == {"I12"}


def cheat(heist):
    """A packet that nobody sent is taken; the watcher has time to see it."""
    true = heist.deposit(LOOT, heist.thief)
    heist.hand_over(heist.invented(), prove_commitments(heist.way, [true]))
    heist.settle()
    heist.world.run(20)


def test_i18_a_watcher_cries_out_in_time():
    with broken(("Mailbox", "mailbox-unproven-packet"), watches=True) as (heist, judge):
        cheat(heist)
        assert named(judge) == {"I3"}
        assert [alarm for alarm in judge.alarms if "UnprovenAnswer" in alarm.detail]


def test_i18_a_watcher_that_does_not_look():
    blind, deaf = (swapped(check, "look", lambda _: iter(())) for check in (AnswerCheck, CreditCheck))
    with blind, deaf, broken(("Mailbox", "mailbox-unproven-packet"), watches=True) as (heist, judge):
        cheat(heist)
        assert named(judge) == {"I3", "I18"}


def deposit_nothing(heist):
    vault = heist.source.contract("CollateralVault", heist.entry.vault)
    deposit = vault.get_function_by_signature("deposit(address,uint256,address,uint64)")
    call = deposit(ZERO_ADDRESS, 10**18, heist.thief.address, heist.world.clock.now() + 3_600)
    heist.source.transact(call, heist.thief)


def deliver_twice(heist):
    packet = heist.deposit(LOOT, heist.thief)
    for _ in range(2):
        deliver(heist.way, [packet], heist.world.base.users[2])
        heist.settle()


def credit_directly(heist):
    packet = heist.invented()
    queue = heist.host.contract("ForcedQueue", packet.recipient)
    sender = encode_evm(packet.source_chain, packet.sender)
    heist.host.transact(queue.functions.receiveMessage(bytes(32), sender, packet.payload), heist.thief)


@pytest.mark.parametrize(
    ("twin", "cheats", "blind", "named_first", "alarm"),
    [
        (("CollateralVault", "vault-ignores-value"), deposit_nothing, HoldingsCheck, "I1", "Shortfall"),
        (("Mailbox", "mailbox-replay"), deliver_twice, AnswerCheck, "I2", "AnsweredTwice"),
        (("ForcedQueue", "queue-direct-deposit"), credit_directly, CreditCheck, "I3", "UnmatchedCredit"),
    ],
)
def test_i18_each_breach_is_cried_out_by_its_check_alone(twin, cheats, blind, named_first, alarm):
    for is_blind in (False, True):
        mute = swapped(blind, "look", lambda check: iter(())) if is_blind else nullcontext()
        with mute, broken(twin, watches=True) as (heist, judge):
            cheats(heist)
            heist.settle()
            heist.world.run(20)
            assert named(judge) == ({named_first, "I18"} if is_blind else {named_first})
            assert bool([one for one in judge.alarms if alarm in one.detail]) is not is_blind


def test_i18_no_alarm_in_an_honest_world():
    with broken(watches=True) as (heist, judge):
        relay_one(heist)
        assert named(judge) == set()


def test_i18_too_late_and_without_reason():
    broke = Violation(invariant=Invariant.PROVEN, time=100, chain="alpha", subject="x", detail="")
    assert list(misjudged([broke], [Alarm(120, "x", "")], block_seconds=2)) == []
    assert list(misjudged([broke], [Alarm(121, "x", "")], block_seconds=2)) == [f"nobody cried out by 120 over {broke}"]
    assert list(misjudged([], [], block_seconds=2)) == []
    assert list(misjudged([], [Alarm(1, "x", "y")], block_seconds=2)) == ["a false alarm at 1: x y"]
