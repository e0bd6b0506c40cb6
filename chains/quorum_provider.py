"""One provider over several nodes: what money depends on is what a quorum of them says."""

from collections import OrderedDict, deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import count
from threading import Lock
from typing import Any, cast

from eth_hash.auto import keccak
from eth_utils.address import to_canonical_address
from web3.providers import BaseProvider
from web3.types import RPCEndpoint, RPCResponse

from chains.agreement import MOVING_TAGS, RULES, TAG_POSITION, Rule, essence, height_of, middle, number, reached
from chains.endpoints import EndpointEvent, EndpointNode, Fault, fault_of
from chains.errors import ChainError, DishonestNode, Reason, Rejected, Unavailable
from chains.headers import SealedHeader
from chains.http_link import RateLimited
from chains.rpc_objects import quantity
from chains.rpc_reading import read_header, read_proof

EVENTS_KEPT = 1_000
HEADERS_KEPT = 64
LAG_BLOCKS_MAX = 10
NOTHING = -1


@dataclass(frozen=True, slots=True, kw_only=True)
class _Answer:
    endpoint: EndpointNode
    response: Mapping[str, Any]
    essence: Any


class QuorumProvider(BaseProvider):
    """Asks several endpoints and answers what `quorum` of them agree on.

    Losing endpoints costs liveness: with fewer than `quorum` the answer is Unavailable(QUORUM_LOST), never the word of
    those that are left. quorum: more than half of the endpoints. final_height: up to which height blocks are final.
    """

    def __init__(
        self,
        endpoints: Sequence[EndpointNode],
        *,
        quorum: int,
        lag_blocks_max: int = LAG_BLOCKS_MAX,
        on_event: Callable[[EndpointEvent], None] = lambda _: None,
    ) -> None:
        super().__init__()
        if not len(endpoints) // 2 < quorum <= len(endpoints):
            raise Rejected(Reason.INVALID_PARAMETERS, f"{quorum} of {len(endpoints)} endpoints is no majority")
        self.endpoints = tuple(endpoints)
        self.quorum = quorum
        self.lag_blocks_max = lag_blocks_max
        self.events: deque[EndpointEvent] = deque(maxlen=EVENTS_KEPT)
        self.final_height: Callable[[], int] = lambda: NOTHING
        self._on_event = on_event
        self._turns = count()
        self._headers: OrderedDict[int, SealedHeader] = OrderedDict()
        self._lock = Lock()
        self._threads = ThreadPoolExecutor(max_workers=4 * len(endpoints), thread_name_prefix="endpoint")

    def make_request(self, method: RPCEndpoint, params: Any) -> RPCResponse:
        """See BaseProvider; raises Unavailable(QUORUM_LOST)."""
        return cast("RPCResponse", {"jsonrpc": "2.0", "id": 1, **self._respond(str(method), list(params))})

    def usable(self) -> list[EndpointNode]:
        """Endpoints that are asked now, beginning with another one each time."""
        turn = next(self._turns) % len(self.endpoints)
        turned = self.endpoints[turn:] + self.endpoints[:turn]
        return [endpoint for endpoint in turned if endpoint.is_usable]

    def _respond(self, method: str, params: list[Any]) -> Mapping[str, Any]:
        params = _with_tag(method, params)
        rule = RULES.get(method, Rule.ANY)
        tag = params[TAG_POSITION[method]] if method in TAG_POSITION else None
        if tag == "pending":
            rule = Rule.REACHED if method == "eth_getTransactionCount" else Rule.ANY if rule is Rule.SAME else rule
        elif tag in MOVING_TAGS:
            height = self._height(tag)
            if height == NOTHING:
                return {"result": None}
            params[TAG_POSITION[method]] = quantity(height)
        elif method == "eth_getLogs":
            params = [self._with_heights(params[0])]
        match rule:
            case Rule.SAME:
                return self._same(method, params)
            case Rule.REACHED:
                return {"result": quantity(reached(self._numbers(method, params), self.quorum))}
            case Rule.MIDDLE:
                return self._middle(method, params)
            case Rule.EVERYONE:
                return self._everyone(method, params)
            case Rule.ANY:
                return self._any(method, params)

    # The five rules

    def _same(self, method: str, params: list[Any]) -> Mapping[str, Any]:
        """Ask as many as have to agree; where they do not, the others too."""
        waiting, answers = self.usable(), list[_Answer]()
        while len(waiting) + len(answers) >= self.quorum and waiting:
            asked = max(1, self.quorum - _most(answers))
            now, waiting = waiting[:asked], waiting[asked:]
            answers += self._valid(method, params, self._ask(now, method, params))
            for answer in answers:
                if sum(other.essence == answer.essence for other in answers) >= self.quorum:
                    self._name_minority(method, params, answers, answer)
                    return answer.response
        return self._without_agreement(method, answers)

    def _numbers(self, method: str, params: list[Any]) -> list[int]:
        found = self._numbered(self._ask(self.usable(), method, params))
        if len(found) < self.quorum:
            raise self._lost(method, len(found))
        return [value for _, value in found]

    def _middle(self, method: str, params: list[Any]) -> Mapping[str, Any]:
        answers = self._ask(self.usable(), method, params)
        found = self._numbered([answer for answer in answers if answer[1].get("error") is None])
        if len(found) >= self.quorum:
            return {"result": quantity(middle([value for _, value in found]))}
        refused = [response for _, response in answers if response.get("error") is not None]
        if len(refused) >= self.quorum:
            return refused[0]
        raise self._lost(method, len(answers))

    def _everyone(self, method: str, params: list[Any]) -> Mapping[str, Any]:
        """Whoever takes the transaction is enough; a refusal counts only where all refuse."""
        expected = f"0x{keccak(bytes.fromhex(params[0][2:])).hex()}"
        refused: list[Mapping[str, Any]] = []
        taken: Mapping[str, Any] | None = None
        for endpoint, response in self._ask(self.usable(), method, params):
            if response.get("error") is not None:
                refused.append(response)
            elif response.get("result") == expected:
                taken = response
            else:
                self._bench(endpoint, Fault.LYING, f"{method}: another hash")
        if taken is not None:
            return taken
        if refused:
            return refused[0]
        raise self._lost(method, 0)

    def _any(self, method: str, params: list[Any]) -> Mapping[str, Any]:
        for endpoint in self.usable():
            for _, response in self._ask([endpoint], method, params):
                return response
        raise self._lost(method, 0)

    # What they are made of

    def _ask(
        self, endpoints: Sequence[EndpointNode], method: str, params: list[Any]
    ) -> list[tuple[EndpointNode, Mapping[str, Any]]]:
        """The responses of those that answer at all, in the order asked; the others are benched."""

        def ask(endpoint: EndpointNode) -> Mapping[str, Any] | ChainError:
            try:
                endpoint.admit()
                response: Mapping[str, Any] = cast("Mapping[str, Any]", endpoint.node.request(method, params))
            except ChainError as error:
                return error
            return response

        outcomes = [ask(endpoints[0])] if len(endpoints) == 1 else list(self._threads.map(ask, endpoints))
        answered = []
        for endpoint, outcome in zip(endpoints, outcomes, strict=True):
            if isinstance(outcome, ChainError):
                self._blame(endpoint, outcome)
            else:
                answered.append((endpoint, outcome))
        return answered

    def _valid(
        self, method: str, params: list[Any], answers: Sequence[tuple[EndpointNode, Mapping[str, Any]]]
    ) -> Iterator[_Answer]:
        """Those that do not contradict themselves."""
        for endpoint, response in answers:
            try:
                self._verify(endpoint, method, params, response.get("result"))
                found = essence(method, response)
            except DishonestNode as error:
                self._blame(endpoint, error)
            else:
                yield _Answer(endpoint=endpoint, response=response, essence=found)

    def _verify(self, endpoint: EndpointNode, method: str, params: list[Any], result: Any) -> None:
        if result is None:
            return
        if method == "eth_getBlockByNumber":
            header = read_header(result)
            if header.number != int(params[0], 16):
                raise DishonestNode(Reason.FALSE_HEADER, f"block {params[0]} asked for, {header.number} served")
            if not endpoint.is_consistent(header.number, bytes(header.hash), self.final_height()):
                message = f"block {header.number} was another one before"
                raise DishonestNode(Reason.FINALITY_VIOLATED, message)
        elif method == "eth_getProof":
            self._verify_proof(params, result)

    def _verify_proof(self, params: list[Any], result: Any) -> None:
        height, address = int(params[2], 16), to_canonical_address(params[0])
        slots = [int(slot, 16) for slot in params[1]]
        try:
            read_proof(result, self._agreed_header(height), address, slots)
        except DishonestNode as error:
            if error.reason is not Reason.INVALID_PROOF:
                raise
            with self._lock:
                self._headers.pop(height, None)  # perhaps the block was replaced
            read_proof(result, self._agreed_header(height), address, slots)

    def _agreed_header(self, height: int) -> SealedHeader:
        known = self._headers.get(height)
        if known is not None:
            return known
        block = self._same("eth_getBlockByNumber", [quantity(height), False]).get("result")
        if block is None:
            raise Unavailable(Reason.REORGANISED, f"block {height} is not there any more")
        header = read_header(block)
        with self._lock:
            self._headers[height] = header
            while len(self._headers) > HEADERS_KEPT:
                self._headers.popitem(last=False)
        return header

    def _numbered(self, answers: Sequence[tuple[EndpointNode, Mapping[str, Any]]]) -> list[tuple[EndpointNode, int]]:
        found = []
        for endpoint, response in answers:
            try:
                found.append((endpoint, number(response)))
            except DishonestNode as error:
                self._blame(endpoint, error)
        return found

    def _height(self, tag: str) -> int:
        """The height that a quorum has reached, NOTHING where a quorum calls none final."""
        if tag == "latest":
            found = self._numbered(self._ask(self.usable(), "eth_blockNumber", []))
        else:
            found = []
            for endpoint, response in self._ask(self.usable(), "eth_getBlockByNumber", [tag, False]):
                block = response.get("result")
                served = {"result": block.get("number")} if isinstance(block, Mapping) else None
                found += [(endpoint, NOTHING)] if served is None else self._numbered([(endpoint, served)])
        if len(found) < self.quorum:
            raise self._lost(f"the {tag} block", len(found))
        height = reached([value for _, value in found], self.quorum)
        for endpoint, value in found:
            if tag == "latest" and value < height - self.lag_blocks_max:
                self._bench(endpoint, Fault.LAGGING, f"at {value}, the others at {height}")
        return height

    def _with_heights(self, criteria: Any) -> Any:
        if not isinstance(criteria, Mapping) or "blockHash" in criteria:
            return criteria
        ends = {end: criteria.get(end, "latest") for end in ("fromBlock", "toBlock")}
        return {
            **criteria,
            **{end: quantity(self._height(tag)) if tag in MOVING_TAGS else tag for end, tag in ends.items()},
        }

    def _name_minority(self, method: str, params: list[Any], answers: Sequence[_Answer], agreed: _Answer) -> None:
        for answer in answers:
            if answer.essence == agreed.essence:
                answer.endpoint.good()
            elif not _knows_nothing(answer.essence) and not self._is_elsewhere(method, params, answer, agreed):
                self._bench(answer.endpoint, Fault.DISAGREES, method)

    def _is_elsewhere(self, method: str, params: list[Any], answer: _Answer, agreed: _Answer) -> bool:
        """Whether an endpoint answered from another end of the chain than the others, which is nobody's fault.

        Above what is final blocks are replaced, and one node is a moment behind another: there it is a lie only if the
        endpoint says it again and has the same block as the others.
        """
        if method == "eth_getTransactionByHash":
            return None in (answer.essence[1], agreed.essence[1])  # waiting, or mined a moment ago
        heights = [height_of(method, params, one.response) for one in (agreed, answer)]
        height = next((found for found in heights if found is not None), None)
        if height is None or height <= self.final_height():
            return False
        try:
            again, agreed_again = (
                essence(method, one.endpoint.node.request(method, params)) for one in (answer, agreed)
            )
            blocks = [
                read_header(one.endpoint.node.request("eth_getBlockByNumber", [quantity(height), False]).get("result"))
                for one in (answer, agreed)
            ]
        except DishonestNode:
            return False
        except ChainError:
            return True
        has_moved = again == agreed.essence or agreed_again != agreed.essence
        return has_moved or blocks[0].hash != blocks[1].hash

    def _without_agreement(self, method: str, answers: Sequence[_Answer]) -> Mapping[str, Any]:
        if len(answers) >= self.quorum:
            if method == "eth_getTransactionReceipt":
                return {"result": None}  # mined in the eyes of some: not yet
            known = [answer.response["result"] for answer in answers if answer.response.get("result") is not None]
            if method == "eth_getTransactionByHash" and known:
                return {"result": {**known[0], "blockHash": None, "blockNumber": None, "transactionIndex": None}}
        raise self._lost(method, _most(answers))

    def _lost(self, what: str, agreeing: int) -> Unavailable:
        message = f"{what}: {agreeing} of {len(self.endpoints)} endpoints agree, {self.quorum} have to"
        return Unavailable(Reason.QUORUM_LOST, message)

    def _blame(self, endpoint: EndpointNode, error: ChainError) -> None:
        fault = fault_of(error)
        if fault is not None:
            wished = error.retry_after_seconds or 0.0 if isinstance(error, RateLimited) else 0.0
            self._bench(endpoint, fault, error.message, at_least_seconds=wished)

    def _bench(self, endpoint: EndpointNode, fault: Fault, detail: str, *, at_least_seconds: float = 0.0) -> None:
        event = endpoint.bench(fault, detail, at_least_seconds=at_least_seconds)
        self.events.append(event)
        self._on_event(event)


def _with_tag(method: str, params: list[Any]) -> list[Any]:
    """The parameters with their block tag spelt out."""
    position = TAG_POSITION.get(method)
    return [*params, "latest"] if position is not None and len(params) == position else list(params)


def _most(answers: Sequence[_Answer]) -> int:
    return max((sum(other.essence == answer.essence for other in answers) for answer in answers), default=0)


def _knows_nothing(found: Any) -> bool:
    """Null, or an error that is no outcome of the machine: what a node says that has not got there yet."""
    return found is None or found == ("error", None, None)
