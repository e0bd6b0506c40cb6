"""A few lines of EVM assembly, so that the chains' tests need no compiler and no contract of the house."""

OPCODES = {
    "STOP": 0x00, "SUB": 0x03, "EQ": 0x14, "ISZERO": 0x15, "SHR": 0x1C, "CALLDATALOAD": 0x35, "CALLDATASIZE": 0x36,
    "CALLDATACOPY": 0x37, "BLOCKHASH": 0x40, "COINBASE": 0x41, "TIMESTAMP": 0x42, "NUMBER": 0x43, "PREVRANDAO": 0x44,
    "CHAINID": 0x46, "BASEFEE": 0x48, "MSTORE": 0x52, "SLOAD": 0x54, "SSTORE": 0x55, "JUMP": 0x56, "JUMPI": 0x57,
    "GAS": 0x5A, "JUMPDEST": 0x5B, "DUP1": 0x80, "SWAP1": 0x90, "LOG2": 0xA2, "CALL": 0xF1, "RETURN": 0xF3,
    "REVERT": 0xFD, "INVALID": 0xFE,
}  # fmt: skip


def assemble(source: str) -> bytes:
    """Words are opcodes, `0x..` or decimal pushes, `:label` definitions and `@label` uses (two bytes)."""
    code, labels, uses = bytearray(), {}, []
    for word in source.split():
        if word.startswith(":"):
            labels[word[1:]] = len(code)
            code.append(OPCODES["JUMPDEST"])
        elif word.startswith("@"):
            uses.append((len(code) + 1, word[1:]))
            code += b"\x61\x00\x00"
        elif word in OPCODES:
            code.append(OPCODES[word])
        else:
            value = bytes.fromhex(word[2:]) if word.startswith("0x") else _minimal(int(word))
            code += bytes([0x5F + len(value)]) + value
    for position, label in uses:
        code[position : position + 2] = labels[label].to_bytes(2, "big")
    return bytes(code)


def deployment(runtime: bytes) -> bytes:
    """Creation code that leaves this runtime."""
    prefix_length = 14
    prefix = b"\x61" + len(runtime).to_bytes(2, "big") + b"\x60" + bytes([prefix_length])
    prefix += b"\x5f\x39\x61" + len(runtime).to_bytes(2, "big") + b"\x5f\xf3"
    return prefix.ljust(prefix_length, b"\x00") + runtime


def _minimal(value: int) -> bytes:
    return value.to_bytes(max(1, (value.bit_length() + 7) // 8), "big")
