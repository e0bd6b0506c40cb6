"""Makes everybody's keccak-256 the fast one, whoever imported it first.

eth-hash settles on a backend at its first hash, which other imports may already have made: pycryptodome then, which is
six times slower than pysha3.
"""

import os

from eth_hash.auto import keccak
from eth_hash.utils import load_backend

backend = load_backend(os.environ.setdefault("ETH_HASH_BACKEND", "pysha3"))
keccak.hasher, keccak.preimage = backend.keccak256, backend.preimage
