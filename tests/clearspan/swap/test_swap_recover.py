"""Open swaps of a kept run, found by an address."""

import json
from dataclasses import replace

import pytest
from eth_account import Account
from eth_hash.auto import keccak
from typer.testing import CliRunner

from bridge.swaps.terms import Swap, Timelocks, hashlock_of
from clearspan import exits
from clearspan.cli import app
from clearspan.devnet import Devnet

OWNER, LOCKER, PAYEE, STRANGER = (Account.from_key(bytes([9]) * 31 + bytes([index])) for index in range(1, 5))
ZERO = "0x" + "00" * 20
SECRET = b"\x05" * 32


def recovered(directory, address, *words):
    return CliRunner().invoke(app, ["swap", "recover", "--address", address, "--dir", str(directory), *words])


@pytest.fixture(scope="module")
def kept(tmp_path_factory):
    """A devnet with an escrow on one chain, and swaps that were locked, claimed, refunded, credited and left open."""
    directory = tmp_path_factory.mktemp("swaps") / "kept"
    directory.mkdir()
    with Devnet(directory=directory) as net:
        network = net.core.network
        chain = network.chains[1]
        funder = network.keys.owner
        for person in (OWNER, LOCKER, PAYEE):
            chain.transact({"to": person.address, "value": 10**20}, funder)
        escrow = chain.contract("SwapEscrow", network.deployment.chain(chain.chain_id).swap_escrow)
        fickle = chain.deploy("FickleToken", [], OWNER)
        chain.transact(fickle.functions.mint(LOCKER.address, 10**9), OWNER)
        chain.transact(fickle.functions.approve(escrow.address, 10**9), LOCKER)
        now = chain.head().timestamp
        base = Swap(
            chain_id=chain.chain_id,
            escrow=escrow.address,
            locker=LOCKER.address,
            payee=PAYEE.address,
            asset=ZERO,
            amount=10**17,
            hashlock=hashlock_of(SECRET),
            safety_deposit=10**15,
            timelocks=Timelocks(
                claim_from=now + 100, public_claim_from=now + 200, refund_from=now + 300, public_refund_from=now + 400
            ),
            nonce=0,
        )
        swaps = {
            "claimed": base,
            "waiting": replace(base, nonce=1),
            "due": replace(
                base, nonce=2, timelocks=replace(base.timelocks, public_claim_from=now + 101, refund_from=now + 102)
            ),
            "blocked": replace(base, nonce=3, asset=fickle.address, amount=1_000),
        }
        for swap in swaps.values():
            value = swap.safety_deposit + (swap.amount if swap.asset == ZERO else 0)
            chain.transact(escrow.functions.lock(swap.as_abi()), LOCKER, value=value)
        chain.transact(fickle.functions.block_(PAYEE.address, True), OWNER)
        network.clock.advance(now + 150 - network.clock.now())
        for name in ("claimed", "blocked"):
            chain.transact(escrow.functions.claim(swaps[name].as_abi(), SECRET), PAYEE)
        # Something that logs like an escrow while it is being deployed, and is nothing.
        event = next(entry for entry in escrow.abi if entry.get("name") == "Locked")
        signature = f"Locked({','.join(entry['type'] for entry in event['inputs'])})"
        chain.transact({"data": b"\x7f" + keccak(signature.encode()) + b"\x5f\x5f\xa1"}, OWNER)
    return directory, swaps


def test_every_open_swap_of_the_locker_is_found(kept):
    directory, swaps = kept
    answer = recovered(directory, LOCKER.address, "--json")
    assert (answer.exit_code, answer.stderr) == (exits.OK, "")
    report = json.loads(answer.stdout)
    assert report["address"] == LOCKER.address
    assert report["credits"] == []
    rows = {row["swap"]: row for row in report["swaps"]}
    assert set(rows) == {"0x" + swaps[name].identifier.hex() for name in ("waiting", "due")}
    due = rows["0x" + swaps["due"].identifier.hex()]
    waiting = rows["0x" + swaps["waiting"].identifier.hex()]
    assert due["is_known"]
    assert (due["role"], due["stage"], due["advice"]) == ("locker", "private refund", "refund now")
    assert (waiting["stage"], waiting["advice"]) == (
        "private claim",
        f"refund from {swaps['waiting'].timelocks.refund_from}",
    )
    assert waiting["terms"]["amount"] == str(10**17)
    assert waiting["terms"]["hashlock"] == "0x" + hashlock_of(SECRET).hex()


def test_the_payee_finds_what_it_can_claim_and_what_waits_for_it(kept):
    directory, swaps = kept
    report = json.loads(recovered(directory, PAYEE.address.lower(), "--json").stdout)
    assert {row["advice"] for row in report["swaps"]} == {
        f"claim with the preimage now, before {swaps['waiting'].timelocks.refund_from}",
        "too late to claim",
    }
    (credit,) = report["credits"]
    assert (credit["asset"], credit["amount"]) == (swaps["blocked"].asset, "1000")


def test_people_read_lines(kept):
    directory, swaps = kept
    answer = recovered(directory, PAYEE.address)
    lines = answer.stdout.splitlines()
    assert len(lines) == 3
    assert lines[0].startswith(f"0x{swaps['waiting'].identifier.hex()} payee of {10**17} of {ZERO} on ")
    assert lines[2].startswith(f"credit of 1000 of {swaps['blocked'].asset} on ")


def test_who_has_nothing_is_told_so(kept):
    answer = recovered(kept[0], STRANGER.address)
    assert (answer.exit_code, answer.stdout) == (exits.OK, "")
    assert "has nothing" in answer.stderr
    assert json.loads(recovered(kept[0], STRANGER.address, "--json").stdout) == {
        "address": STRANGER.address,
        "swaps": [],
        "credits": [],
    }


@pytest.mark.parametrize("address", ["", "0x12", "12" * 20, "0x" + "zz" * 20])
def test_what_is_no_address_is_a_mistake(kept, address):
    assert recovered(kept[0], address).exit_code == exits.USAGE


def test_a_directory_without_a_run_is_rejected(tmp_path):
    answer = recovered(tmp_path, LOCKER.address)
    assert answer.exit_code == exits.REJECTED
    assert "NotADemoDirectory" in answer.stderr


def test_help_needs_nothing_heavy():
    answer = CliRunner().invoke(app, ["swap", "recover", "--help"])
    assert answer.exit_code == exits.OK
    assert "--address" in answer.stdout
