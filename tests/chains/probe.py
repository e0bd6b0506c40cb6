"""A contract that shows what it sees of its chain, keeps words, logs, and fails in every way; assembled here."""

from eth_hash.auto import keccak

from tests.chains.assembler import assemble, deployment

WORD = "uint256"
FUNCTIONS = {
    "set": ((WORD, WORD), ()),
    "get": ((WORD,), (WORD,)),
    "see": ((), (WORD,) * 5),
    "ancestor": ((WORD,), ("bytes32",)),
    "refuse": ((WORD,), ()),
    "complain": ((), ()),
    "panic": ((), ()),
    "vanish": ((), ()),
    "burn": ((), ()),
    "remember": ((), ()),
}


def signature(name: str) -> str:
    return f"{name}({','.join(FUNCTIONS[name][0])})"


def word_of(signature: str) -> str:
    return f"0x{keccak(signature.encode())[:4].hex().ljust(64, '0')}"


DISPATCH = " ".join(f"DUP1 0x{keccak(signature(name).encode())[:4].hex()} EQ @{name} JUMPI" for name in FUNCTIONS)
RUNTIME = assemble(f"""
    0 CALLDATALOAD 224 SHR {DISPATCH} :vanish 0 0 REVERT
    :set 36 CALLDATALOAD 4 CALLDATALOAD SSTORE
         36 CALLDATALOAD 0 MSTORE
         4 CALLDATALOAD 0x{keccak(b"Stored(uint256,uint256)").hex()} 32 0 LOG2 STOP
    :get 4 CALLDATALOAD SLOAD 0 MSTORE 32 0 RETURN
    :see CHAINID 0 MSTORE NUMBER 32 MSTORE TIMESTAMP 64 MSTORE PREVRANDAO 96 MSTORE BASEFEE 128 MSTORE 160 0 RETURN
    :ancestor 4 CALLDATALOAD BLOCKHASH 0 MSTORE 32 0 RETURN
    :refuse {word_of("Refused(uint256)")} 0 MSTORE 4 CALLDATALOAD 4 MSTORE 36 0 REVERT
    :complain {word_of("Error(string)")} 0 MSTORE 32 4 MSTORE 2 36 MSTORE 0x{b"no".hex().ljust(64, "0")} 68 MSTORE
              100 0 REVERT
    :panic {word_of("Panic(uint256)")} 0 MSTORE 17 4 MSTORE 36 0 REVERT
    :burn INVALID
    :remember PREVRANDAO 0 SSTORE TIMESTAMP 1 SSTORE BASEFEE 2 SSTORE COINBASE 3 SSTORE CHAINID 4 SSTORE
              1 NUMBER SUB BLOCKHASH 5 SSTORE STOP
""")
BYTECODE = deployment(RUNTIME)


def _arguments(types: tuple[str, ...], names: str = "abcde") -> list[dict[str, object]]:
    return [{"name": name, "type": kind} for name, kind in zip(names, types, strict=False)]


READS = {"get", "see", "ancestor"}
ABI = [
    {
        "type": "function",
        "name": name,
        "inputs": _arguments(inputs),
        "outputs": _arguments(outputs),
        "stateMutability": "view" if name in READS else "payable",
    }
    for name, (inputs, outputs) in FUNCTIONS.items()
] + [
    {
        "type": "event",
        "name": "Stored",
        "anonymous": False,
        "inputs": [
            {"name": "slot", "type": WORD, "indexed": True},
            {"name": "value", "type": WORD, "indexed": False},
        ],
    },
    {"type": "error", "name": "Refused", "inputs": [{"name": "value", "type": WORD}]},
]
