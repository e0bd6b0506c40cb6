"""What a process's node does wrong."""

from __future__ import annotations

import json
from abc import abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from random import Random
from typing import TYPE_CHECKING, Any, Self

import requests

from clearspan.lab.faults.base import Fault, Heal, fault
from clearspan.lab.faults.chain import any_chain
from clearspan.lab.link import Ask, Condition, Json

if TYPE_CHECKING:
    from clearspan.lab.world import World

BLOCK_TAGS = ("latest", "pending", "safe", "finalized")
Answer = Callable[[Ask, str, Sequence[Any]], Json]


def any_process(world: World, chance: Random) -> str:
    """A process's name by chance."""
    return chance.choice(sorted(world.processes))


def impose(world: World, process: str, chain_id: int, condition: Condition) -> Heal:
    """Put a condition on a link until healed."""
    conditions = world.processes[process].links[chain_id].conditions
    conditions.append(condition)

    def heal() -> None:
        conditions.remove(condition)

    return heal


@dataclass(frozen=True, slots=True)
class NodeFault(Fault):
    """Something wrong between one process and one chain, until healed."""

    process: str
    chain_id: int

    @classmethod
    def draw(cls, world: World, chance: Random) -> Self:
        """Any process, any chain."""
        return cls(any_process(world, chance), any_chain(world, chance))

    def inject(self, world: World) -> Heal:
        """Put the condition on the link."""
        return impose(world, self.process, self.chain_id, Wire(self.condition(world)))

    @abstractmethod
    def condition(self, world: World) -> Answer:
        """How the node answers from now on."""


class Wire:
    """A function as a condition."""

    def __init__(self, answer: Answer) -> None:
        self.answer = answer


@fault("rpc", "down")
@dataclass(frozen=True, slots=True)
class Down(NodeFault):
    """Nobody answers."""

    def condition(self, world: World) -> Answer:  # noqa: ARG002
        """As a transport without a peer."""

        def answer(_ask: Ask, method: str, _params: Sequence[Any]) -> Json:
            raise ConnectionRefusedError(method)

        return answer


@fault("rpc", "lag")
@dataclass(frozen=True, slots=True)
class Lag(NodeFault):
    """The node knows nothing newer than the block at which it fell asleep."""

    def condition(self, world: World) -> Answer:
        """Every tag means that block; newer blocks, receipts and logs are unknown."""
        frozen = world.chains[self.chain_id].finalized_header().number

        def answer(ask: Ask, method: str, params: Sequence[Any]) -> Json:
            if method == "eth_blockNumber":
                return {"result": hex(frozen)}
            if method == "eth_getTransactionReceipt":
                found = ask(method, params)
                receipt = found.get("result")
                is_old = not isinstance(receipt, dict) or int(receipt["blockNumber"], 16) <= frozen
                return found if is_old else {"result": None}
            if method == "eth_getLogs":
                wanted = {**params[0]}
                for bound in ("fromBlock", "toBlock"):
                    wanted[bound] = _not_after(wanted.get(bound, "latest"), frozen)
                return ask(method, [wanted])
            return ask(method, [_not_after(one, frozen) if one in BLOCK_TAGS else one for one in params])

        return answer


@fault("rpc", "stale-final")
@dataclass(frozen=True, slots=True)
class StaleFinal(NodeFault):
    """What the node calls final stands still while its head moves on."""

    def condition(self, world: World) -> Answer:
        """The tags of finality mean an old block."""
        frozen = world.chains[self.chain_id].finalized_header().number

        def answer(ask: Ask, method: str, params: Sequence[Any]) -> Json:
            return ask(method, [hex(frozen) if one in ("safe", "finalized") else one for one in params])

        return answer


@fault("rpc", "inconsistent")
@dataclass(frozen=True, slots=True)
class Inconsistent(NodeFault):
    """Several nodes behind one address: every other answer comes from one that is some blocks behind."""

    def condition(self, world: World) -> Answer:
        """Alternate between the head and three blocks before it."""
        chain = world.chains[self.chain_id]
        turn = iter(range(1 << 62))

        def answer(ask: Ask, method: str, params: Sequence[Any]) -> Json:
            if next(turn) % 2:
                return ask(method, params)
            behind = hex(max(0, chain.head().number - 3))
            return ask(method, [behind if one in ("latest", "pending") else one for one in params])

        return answer


@fault("rpc", "rate-limit")
@dataclass(frozen=True, slots=True)
class RateLimit(NodeFault):
    """Two of three requests are refused with 429."""

    def condition(self, world: World) -> Answer:  # noqa: ARG002
        """As HTTP servers do."""
        turn = iter(range(1 << 62))

        def answer(ask: Ask, method: str, params: Sequence[Any]) -> Json:
            if next(turn) % 3 == 0:
                return ask(method, params)
            refusal = requests.Response()
            refusal.status_code = 429
            raise requests.HTTPError(response=refusal)

        return answer


@fault("rpc", "wrong-chain-id")
@dataclass(frozen=True, slots=True)
class WrongChainId(NodeFault):
    """The address now leads to a node of another chain."""

    def condition(self, world: World) -> Answer:
        """Another of the world's chains answers."""
        others = [chain for number, chain in sorted(world.chains.items()) if number != self.chain_id]

        def answer(_ask: Ask, method: str, params: Sequence[Any]) -> Json:
            return others[0].api.respond(method, params)

        return answer


@fault("rpc", "missing-logs")
@dataclass(frozen=True, slots=True)
class MissingLogs(NodeFault):
    """Queries for logs find nothing."""

    def condition(self, world: World) -> Answer:  # noqa: ARG002
        """An empty list."""
        return _replacing("eth_getLogs", lambda _found: [])


@fault("rpc", "doubled-logs")
@dataclass(frozen=True, slots=True)
class DoubledLogs(NodeFault):
    """Every log is listed twice, once as removed."""

    def condition(self, world: World) -> Answer:  # noqa: ARG002
        """As a node in the middle of a reorganisation."""
        return _replacing("eth_getLogs", lambda found: [*({**log, "removed": True} for log in found), *found])


@fault("rpc", "late-receipts")
@dataclass(frozen=True, slots=True)
class LateReceipts(NodeFault):
    """The first three times it is asked for a receipt the node knows none."""

    def condition(self, world: World) -> Answer:  # noqa: ARG002
        """Count by transaction."""
        asked: dict[str, int] = {}

        def answer(ask: Ask, method: str, params: Sequence[Any]) -> Json:
            if method != "eth_getTransactionReceipt":
                return ask(method, params)
            key = json.dumps(params, default=str)
            asked[key] = asked.get(key, 0) + 1
            return {"result": None} if asked[key] <= 3 else ask(method, params)

        return answer


@fault("rpc", "reverts-as-success")
@dataclass(frozen=True, slots=True)
class RevertsAsSuccess(NodeFault):
    """Every receipt says that its transaction succeeded."""

    def condition(self, world: World) -> Answer:  # noqa: ARG002
        """A lie about the status."""
        return _replacing(
            "eth_getTransactionReceipt", lambda found: None if found is None else {**found, "status": "0x1"}
        )


@fault("rpc", "lies-about-storage")
@dataclass(frozen=True, slots=True)
class LiesAboutStorage(NodeFault):
    """Proofs come with a bit flipped in every word."""

    def condition(self, world: World) -> Answer:  # noqa: ARG002
        """Flip the lowest bit."""

        def lie(found: Any) -> Any:
            proofs = [{**one, "value": hex(int(one["value"], 16) ^ 1)} for one in found["storageProof"]]
            return {**found, "storageProof": proofs}

        return _replacing("eth_getProof", lie)


@fault("rpc", "lies-about-headers")
@dataclass(frozen=True, slots=True)
class LiesAboutHeaders(NodeFault):
    """Blocks come with another state root and the old hash."""

    def condition(self, world: World) -> Answer:  # noqa: ARG002
        """A root of ones."""
        return _replacing(
            "eth_getBlockByNumber", lambda found: None if found is None else {**found, "stateRoot": "0x" + "11" * 32}
        )


@fault("rpc", "huge-answers")
@dataclass(frozen=True, slots=True)
class HugeAnswers(NodeFault):
    """Strings of a megabyte in place of results."""

    def condition(self, world: World) -> Answer:  # noqa: ARG002
        """The same megabyte each time."""
        flood = "0x" + "ff" * 500_000
        return lambda _ask, _method, _params: {"result": flood}


def _replacing(method: str, change: Callable[[Any], Any]) -> Answer:
    """Changes the result of one method, unless another lie has already made something else of it."""

    def answer(ask: Ask, asked: str, params: Sequence[Any]) -> Json:
        found = ask(asked, params)
        is_whole = isinstance(found.get("result"), (dict, list))
        return {"result": change(found["result"])} if asked == method and is_whole else found

    return answer


def _not_after(tag: Any, height: int) -> str:
    return hex(min(int(tag, 16), height)) if isinstance(tag, str) and tag.startswith("0x") else hex(height)
