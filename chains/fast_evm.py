"""py-evm's machine with its commonest instructions done in one step each.

py-evm does an instruction in four calls: dispatch, gas, the instruction, the stack with checks of types. Here the ones
that make up most of what contracts execute work on the stack's list while the code is walked; py-evm gets to see only
the others. Values on the stack stay what py-evm allows, integers or bytes. A test runs the same code through both.
"""

# mypy: disable-error-code="no-untyped-call"

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import lru_cache
from typing import Any

from eth.exceptions import FullStack, InsufficientStack, InvalidInstruction, InvalidJumpDestination, OutOfGas
from eth.vm.code_stream import CodeStream
from eth.vm.forks.prague.computation import PragueComputation
from eth.vm.forks.prague.state import PragueState

WORD = 2**256 - 1
STACK_MAX = 1_024
STOP, ISZERO, NOT, POP, MLOAD, MSTORE, JUMP, JUMPI, JUMPDEST = 0x00, 0x15, 0x19, 0x50, 0x51, 0x52, 0x56, 0x57, 0x5B
PUSH0, PUSH32, DUP1, DUP16, SWAP1, SWAP16 = 0x5F, 0x7F, 0x80, 0x8F, 0x90, 0x9F
REMEMBERED_CODES = 256

BINARY: Mapping[int, tuple[int, Callable[[int, int], int]]] = {
    0x01: (3, lambda a, b: (a + b) & WORD),
    0x02: (5, lambda a, b: (a * b) & WORD),
    0x03: (3, lambda a, b: (a - b) & WORD),
    0x04: (5, lambda a, b: a // b if b else 0),
    0x10: (3, lambda a, b: int(a < b)),
    0x11: (3, lambda a, b: int(a > b)),
    0x14: (3, lambda a, b: int(a == b)),
    0x16: (3, lambda a, b: a & b),
    0x17: (3, lambda a, b: a | b),
    0x18: (3, lambda a, b: a ^ b),
    0x1B: (3, lambda a, b: (b << a) & WORD if a < 256 else 0),
    0x1C: (3, lambda a, b: b >> a if a < 256 else 0),
}
"""Gas and result of what takes the top of the stack and the word below it: ADD, MUL, SUB, DIV, LT, GT, EQ, AND, ..."""


@lru_cache(maxsize=REMEMBERED_CODES)
def _read(code: bytes) -> tuple[frozenset[int], Mapping[int, int]]:
    """Where a jump may go, and the word each PUSH puts on the stack by the place after its opcode."""
    targets: set[int] = set()
    words: dict[int, int] = {}
    place = 0
    while place < len(code):
        opcode = code[place]
        place += 1
        if PUSH0 <= opcode <= PUSH32:
            size = opcode - PUSH0
            words[place] = int.from_bytes(code[place : place + size].ljust(size, b"\x00"), "big")
            place += size
        elif opcode == JUMPDEST:
            targets.add(place - 1)
    return frozenset(targets), words


class _Code(CodeStream):
    """Walks code: does the common instructions itself and gives out the others, with gas and place as they are then."""

    __slots__ = ("_memory", "_meter", "_values")

    def __init__(self, code: bytes, values: list[Any], meter: Any, memory: Any) -> None:
        super().__init__(code)
        self._values = values
        self._meter = meter
        self._memory = memory

    def __iter__(self) -> Iterator[int]:  # noqa: C901, PLR0912, PLR0915 - one loop, so that nothing is looked up twice
        code, values, meter, memory = self._raw_code_bytes, self._values, self._meter, self._memory
        targets, words = _read(code)
        push, pop, length, binary = values.append, values.pop, len(code), BINARY
        place, gas, opcode = self.program_counter, meter.gas_remaining, STOP
        try:
            while True:
                opcode = code[place] if place < length else STOP
                place += 1
                if PUSH0 <= opcode <= PUSH32:
                    gas -= 3 if opcode > PUSH0 else 2
                    push(words[place])
                    place += opcode - PUSH0
                elif DUP1 <= opcode <= DUP16:
                    gas -= 3
                    push(values[DUP1 - 1 - opcode])
                elif SWAP1 <= opcode <= SWAP16:
                    gas -= 3
                    other = SWAP1 - 2 - opcode
                    values[-1], values[other] = values[other], values[-1]
                    if gas >= 0:
                        continue
                elif opcode in binary:
                    cost, result = binary[opcode]
                    gas -= cost
                    a, b = pop(), pop()
                    push(
                        result(
                            int.from_bytes(a, "big") if a.__class__ is bytes else a,
                            int.from_bytes(b, "big") if b.__class__ is bytes else b,
                        )
                    )
                elif opcode == JUMPDEST:
                    gas -= 1
                elif opcode == POP:
                    gas -= 2
                    pop()
                elif opcode in {JUMPI, JUMP}:
                    gas -= 10 if opcode == JUMPI else 8
                    target = pop()
                    condition: Any = pop() if opcode == JUMPI else 1
                    if gas < 0:
                        break
                    if any(condition) if condition.__class__ is bytes else condition:
                        place = int.from_bytes(target, "big") if target.__class__ is bytes else target
                        if place not in targets:
                            raise _bad_jump(code, place)
                elif opcode == ISZERO:
                    gas -= 3
                    a = pop()
                    push(int(not any(a)) if a.__class__ is bytes else int(not a))
                elif opcode == NOT:
                    gas -= 3
                    a = pop()
                    push(WORD ^ (int.from_bytes(a, "big") if a.__class__ is bytes else a))
                elif opcode in {MLOAD, MSTORE} and values and self._is_within(values[-1], memory):
                    gas -= 3
                    start = pop()
                    start = int.from_bytes(start, "big") if start.__class__ is bytes else start
                    if opcode == MLOAD:
                        push(bytes(memory._bytes[start : start + 32]))  # noqa: SLF001 - py-evm's own
                    else:
                        word = pop()
                        word = word.rjust(32, b"\x00") if word.__class__ is bytes else word.to_bytes(32, "big")
                        memory._bytes[start : start + 32] = word  # noqa: SLF001
                else:
                    self.program_counter, meter.gas_remaining = place, gas
                    yield opcode
                    place, gas, opcode = self.program_counter, meter.gas_remaining, STOP
                    continue
                if gas < 0:
                    break
                if len(values) > STACK_MAX:
                    raise FullStack("Stack limit reached")
        except IndexError:
            if gas >= 0:
                raise InsufficientStack(f"Too few words on the stack for 0x{opcode:02x}") from None
        raise OutOfGas(f"Out of gas at 0x{opcode:02x}")

    @staticmethod
    def _is_within(start: Any, memory: Any) -> bool:
        """Whether a word there lies in memory that is already paid for."""
        place = int.from_bytes(start, "big") if start.__class__ is bytes else start
        return bool(place + 32 <= len(memory._bytes))  # noqa: SLF001


def _bad_jump(code: bytes, place: int) -> InvalidJumpDestination | InvalidInstruction:
    if place < len(code) and code[place] == JUMPDEST:
        return InvalidInstruction("Jump resulted in invalid instruction")
    return InvalidJumpDestination("Invalid Jump Destination")


class FastComputation(PragueComputation):
    """Prague's machine over that code."""

    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        stack: Any = self._stack
        self.code = _Code(self.msg.code, stack.values, self._gas_meter, self._memory)


class FastState(PragueState):
    """Prague's state, in which everything runs on that machine."""

    computation_class = FastComputation


def machine(*, extra_gas: Mapping[int, int] | None = None, without: Sequence[bytes] = ()) -> type[FastState]:
    """The machine after a fork that charges more for some opcodes, or that lacks precompiles at some addresses."""
    if not extra_gas and not without:
        return FastState
    opcodes: dict[int, Any] = dict(FastComputation.opcodes)
    for opcode, gas in (extra_gas or {}).items():
        opcodes[opcode] = _dearer(opcodes[opcode], gas)
    precompiles = {at: run for at, run in FastComputation.get_precompiles().items() if at not in without}
    computation = type("OtherComputation", (FastComputation,), {"opcodes": opcodes, "_precompiles": precompiles})
    return type("OtherState", (FastState,), {"computation_class": computation})


def _dearer(opcode: Callable[..., Any], gas: int) -> Callable[..., Any]:
    def charge(computation: Any) -> Any:
        computation.consume_gas(gas, "a repriced instruction")
        return opcode(computation=computation)

    return charge
