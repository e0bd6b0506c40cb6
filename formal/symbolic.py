"""Starts halmos 0.3.3 with its sha256 repaired: it declares the input's width in bytes where bits are meant."""

import sys
from typing import Any

from halmos import sevm
from halmos.__main__ import main
from z3 import BitVecSort, Function

HASHES = ("f_sha256_", "f_ripemd160_")


def function(name: str, *sorts: Any) -> Any:
    """`z3.Function`, with as many bits of input as a hash's name says bytes."""
    if name.startswith(HASHES):
        sorts = (BitVecSort(8 * int(name.rsplit("_", 1)[1])), *sorts[1:])
    return Function(name, *sorts)


if __name__ == "__main__":
    sevm.Function = function
    sys.exit(main())
