"""Storage proofs of several slots made one: each node is carried once."""

from collections.abc import Sequence
from itertools import takewhile


def without_shared(proofs: Sequence[Sequence[bytes]]) -> list[list[bytes]]:
    """Of each proof the nodes that are not on the path of the one before, as `verifyStorage` takes them.

    Nodes go from the root down. Equal nodes are taken to stand at one place of the trie, which holds where keys are
    hashed. Least is left of proofs in the order of their hashed keys.
    """
    previous: Sequence[bytes] = ()
    shortened = []
    for nodes in proofs:
        shared = sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(previous, nodes, strict=False)))
        shortened.append(list(nodes[shared:]))
        previous = nodes
    return shortened
