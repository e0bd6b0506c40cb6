"""I10: over any window no more leaves a vault, and no more is credited to a chain, than the caps allow."""

from __future__ import annotations

from collections import defaultdict, deque

from bridge.deployment import Deployment
from bridge.packets import Status
from bridge.settlement import ItemKind
from clearspan.lab.oracle.book import Accuse, Book
from clearspan.lab.oracle.conservation import Conservation, Way
from clearspan.lab.oracle.entitlement import Entitlement
from clearspan.lab.oracle.final_events import Event
from clearspan.lab.oracle.violations import Invariant


class Window:
    """What went through in the seconds that end now; amounts in base units."""

    def __init__(self, seconds: int) -> None:
        self._seconds = seconds
        self._spent: deque[tuple[int, int]] = deque()
        self._sum = 0

    def add(self, time: int, amount: int) -> int:
        """The sum of the window that ends with this amount."""
        self._spent.append((time, amount))
        self._sum += amount
        while self._spent[0][0] <= time - self._seconds:
            self._sum -= self._spent.popleft()[1]
        return self._sum


class Limiter(Book):
    """Caps as events tell of them. Reads claims and withdrawals from the books that keep them."""

    READS = frozenset({"CollateralVault", "ForcedQueue", "ChainLedger", "Mailbox"})

    def __init__(
        self, accuse: Accuse, network: Deployment, conservation: Conservation, entitlement: Entitlement
    ) -> None:
        super().__init__(accuse)
        self._conservation = conservation
        self._entitlement = entitlement
        self._settlement = network.settlement.chain_id
        self._assets = {asset.asset: (asset.chain_id, asset.token.lower()) for asset in network.assets}
        limits = network.parameters
        self._out: defaultdict[tuple[int, str, Way], Window] = defaultdict(lambda: Window(limits.vault_window_seconds))
        self._in: defaultdict[tuple[int, str], Window] = defaultdict(lambda: Window(limits.credit_window_seconds))
        self._net: defaultdict[tuple[int, str], int] = defaultdict(int)
        self._out_caps: dict[tuple[int, str, Way], int] = {}
        self._in_caps: dict[tuple[int, str], tuple[int, int]] = {}
        self._settled: set[bytes] = set()

    def take(self, event: Event) -> None:
        """A cap, a payment, a credit, or the answer to a release."""
        told = event.arguments
        if event.name == "LimitsChanged":
            self._out_caps[event.chain_id, told["asset"], Way.RELEASE] = told["releaseCap"]
            self._out_caps[event.chain_id, told["asset"], Way.REFUND] = told["refundCap"]
        elif event.name == "CapsChanged":
            self._in_caps[told["chainId"], told["token"]] = told["caps"]
        elif event.name == "Paid":
            self._paid(event)
        elif event.name == "ItemEnqueued" and told["item"][0] == ItemKind.DEPOSIT:
            self._credited(event)
        elif event.name == "PacketAcknowledged" and event.chain_id == self._settlement:
            self._acknowledged(event)

    def _paid(self, event: Event) -> None:
        claim = self._conservation.vaults[event.chain_id].claims.get(bytes(event.arguments["id"]))
        if claim is None:
            return
        key = (event.chain_id, claim.asset, claim.way)
        spent, cap = self._out[key].add(event.time, int(event.arguments["amount"])), self._out_caps.get(key, 0)
        if spent > cap:
            self.accuse(Invariant.LIMITER, event, claim.asset, f"{claim.way}s of {spent} in one window of {cap}")

    def _credited(self, event: Event) -> None:
        asset, amount = event.arguments["item"][3:5]
        key = self._assets[asset]
        net_cap, window_cap = self._in_caps.get(key, (0, 0))
        self._net[key] += amount
        credited = self._in[key].add(event.time, amount)
        if credited > window_cap:
            self.accuse(Invariant.LIMITER, event, key[1], f"credits of {credited} in one window of {window_cap}")
        if self._net[key] > net_cap:
            self.accuse(Invariant.LIMITER, event, key[1], f"a net credit of {self._net[key]}, the cap is {net_cap}")

    def _acknowledged(self, event: Event) -> None:
        """A release that was taken lowers the net credit, once."""
        identifier = bytes(event.arguments["packetId"])
        withdrawal = self._entitlement.withdrawals.get(self._entitlement.released.get(identifier, -1))
        if withdrawal is None or identifier in self._settled or event.arguments["status"] != Status.SUCCESS:
            return
        self._settled.add(identifier)
        self._net[self._assets[withdrawal.asset]] -= withdrawal.amount
