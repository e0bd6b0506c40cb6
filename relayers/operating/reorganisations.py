"""How deep a chain was reorganised, as one reader of its heads sees it."""

from collections.abc import Callable

from chains.headers import SealedHeader

REMEMBERED_BLOCKS = 256


class ReorganisationWatch:
    """Remembers the heads it was shown and compares them with the chain the next one lies on."""

    def __init__(self) -> None:
        self._seen: dict[int, bytes] = {}

    def depth(self, head: SealedHeader, header_at: Callable[[int], SealedHeader]) -> int:
        """Blocks taken out since the last look, from the highest one seen down; 0 for none.

        A head below what was seen (a node that lags) tells nothing about the blocks above it.
        """
        gone: list[int] = []
        common = -1
        for number in sorted((seen for seen in self._seen if seen <= head.number), reverse=True):
            found = head if number == head.number else header_at(number)
            if bytes(found.hash) == self._seen[number]:
                common = number
                break
            gone.append(number)
        for number in gone:
            del self._seen[number]
        self._seen[head.number] = bytes(head.hash)
        for number in sorted(self._seen)[:-REMEMBERED_BLOCKS]:
            del self._seen[number]
        if not gone:
            return 0
        return gone[0] - common if common >= 0 else len(gone)
