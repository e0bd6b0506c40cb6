"""Independent streams of chance from one seed."""

from __future__ import annotations

import random
from hashlib import sha256


def stream(seed: int, *names: object) -> random.Random:
    """A generator that depends on the seed and its names alone, so that a new consumer disturbs no other."""
    text = "/".join(("clearspan.lab", str(seed), *(str(name) for name in names)))
    return random.Random(sha256(text.encode()).digest())
