"""The house's walk through code does what py-evm's own does: outcome, output and gas of the same code in both."""

import random

import pytest
from eth.vm.forks.prague.state import PragueState

from chains import evm, fast_evm
from chains.evm import BlockContext, CallMessage, Evm
from chains.fast_evm import BINARY

CONTEXT = BlockContext(
    chain_id=1, number=1, timestamp=1, coinbase=bytes(20), mix_hash=bytes(32), gas_limit=10**7, base_fee=1
)
COMMON = [*BINARY, 0x15, 0x19, 0x50, 0x51, 0x52, 0x5B, 0x5F, *range(0x80, 0x88), *range(0x90, 0x98)]
OTHERS = [
    0x05,
    0x06,
    0x08,
    0x0B,
    0x12,
    0x1A,
    0x1D,
    0x20,
    0x30,
    0x35,
    0x36,
    0x38,
    0x3D,
    0x58,
    0x59,
    0x5A,
    0x53,
    0xFE,
    0x0C,
]
RETURN_A_WORD = bytes.fromhex("60005260206000f3")


def program(chance):
    """Words on the stack, then instructions by chance with a few pushes and jumps, at last a word of what is left."""
    code = bytearray()
    for _ in range(chance.randint(0, 24)):
        word = chance.choice((bytes(32), chance.randbytes(32), chance.randrange(300).to_bytes(32, "big")))
        code += bytes([0x7F]) + word
    for _ in range(chance.randint(1, 60)):
        draw = chance.random()
        if draw < 0.1:
            size = chance.randint(1, 32)
            code += bytes([0x5F + size]) + chance.randbytes(size)
        elif draw < 0.2:
            code += bytes([0x60, chance.randrange(256), 0x60, chance.randrange(256), 0x57])
        elif draw < 0.25:
            code += bytes([0x61]) + chance.randrange(len(code) + 40).to_bytes(2, "big") + bytes([0x56])
        elif draw < 0.4:
            code += bytes([0x60, chance.randrange(256), chance.choice((0x51, 0x52))])
        elif draw < 0.5:
            code.append(chance.choice(OTHERS))
        else:
            code.append(chance.choice(COMMON))
    return bytes(code + RETURN_A_WORD)


def outcome(machine, code, gas):
    """As a creation, whose code is what is run and whose output is the contract it leaves."""
    message = CallMessage(sender=bytes(20), to=None, payload=code, gas=gas)
    return machine.call(CONTEXT, evm.EMPTY_ROOT, message)


@pytest.fixture
def machine():
    return Evm({}, 1)


def both(machine, monkeypatch, code, gas):
    ours = outcome(machine, code, gas)
    with monkeypatch.context() as patch:
        patch.setattr(machine, "machine", PragueState)
        return ours, outcome(machine, code, gas)


def test_code_by_chance_does_the_same_in_both_machines(machine, monkeypatch):
    chance = random.Random(1)
    errors = set()
    for _ in range(1_500):
        code, gas = program(chance), chance.choice((chance.randint(200, 3_000), 60_000, 60_000))
        ours, theirs = both(machine, monkeypatch, code, gas)
        assert ours == theirs, code.hex()
        errors.add(ours.error)
    assert errors >= {None, "OutOfGas", "InsufficientStack", "InvalidJumpDestination", "InvalidInstruction"}


@pytest.mark.parametrize(
    ("code", "error"),
    [
        ("5b" + "5f" * 1024 + "50" * 1024 + "5f5ff3", None),
        ("5b" + "5f" * 1025, "FullStack"),
        ("60035600" + "5b5f5ff3", "InvalidJumpDestination"),
        ("600456005b5f5ff3", None),
        ("60055600605b5f5ff3", "InvalidInstruction"),
        ("5b600056", "OutOfGas"),
        ("50", "InsufficientStack"),
        ("52", "InsufficientStack"),
        ("7f" + "ff" * 31, None),
    ],
)
def test_the_edges_of_stack_jumps_and_code(machine, monkeypatch, code, error):
    ours, theirs = both(machine, monkeypatch, bytes.fromhex(code), 100_000)
    assert ours == theirs
    assert ours.error == error


@pytest.mark.parametrize("opcode", sorted(BINARY))
@pytest.mark.parametrize("below", [0, 1, 2**255, 2**256 - 1])
@pytest.mark.parametrize("top", [0, 1, 255, 256, 2**256 - 1])
def test_the_edges_of_arithmetic(machine, monkeypatch, opcode, below, top):
    words = b"".join(b"\x7f" + word.to_bytes(32, "big") for word in (below, top))
    ours, theirs = both(machine, monkeypatch, words + bytes([opcode]) + RETURN_A_WORD, 100_000)
    assert ours == theirs
    assert ours.error is None


def test_a_fork_may_charge_more_and_lack_a_precompile(machine):
    read = bytes.fromhex("5f545060016000f3")
    recover = bytes.fromhex("60205f60805f60015afa50" + "3d5f5260206000f3")
    usual = [outcome(machine, code, 100_000) for code in (read, recover)]
    machine.machine = fast_evm.machine(extra_gas={0x54: 2_100}, without=[bytes(19) + b"\x01"])
    dear, missing = (outcome(machine, code, 100_000) for code in (read, recover))
    assert dear.gas_used == usual[0].gas_used + 2_100
    assert missing.gas_used != usual[1].gas_used
    assert fast_evm.machine() is fast_evm.FastState
