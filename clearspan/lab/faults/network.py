"""What the network between processes and nodes does. A request may be carried out though its answer never comes."""

from __future__ import annotations

import json
from abc import abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from random import Random
from typing import TYPE_CHECKING, Any, Self

import requests

from clearspan.lab.faults.base import Fault, Heal, fault
from clearspan.lab.faults.chain import any_chain
from clearspan.lab.faults.rpc import Answer, NodeFault, Wire, any_process, impose
from clearspan.lab.link import Ask, Json

if TYPE_CHECKING:
    from clearspan.lab.world import World

Carried = Callable[[], Json]
WAITS_MAX = 8
"""Of so many requests a fault makes its process wait: while one waits, no other process moves."""


def cut(_ask: Ask, method: str, _params: Sequence[Any]) -> Json:
    """Nobody is reached."""
    raise ConnectionRefusedError(method)


def mute(ask: Ask, method: str, params: Sequence[Any]) -> Json:
    """The request arrives and is carried out; the answer does not."""
    ask(method, params)
    raise requests.ReadTimeout(method)


@dataclass(frozen=True, slots=True)
class Partition(Fault):
    """Links that carry nothing, as pairs of a process and a chain, until healed."""

    links: tuple[tuple[str, int], ...]

    @classmethod
    def draw(cls, world: World, chance: Random) -> Self:
        """By kind."""
        return cls(tuple(cls.pick(world, chance)))

    @classmethod
    @abstractmethod
    def pick(cls, world: World, chance: Random) -> list[tuple[str, int]]:
        """Which links."""

    def answer(self) -> Answer:
        """What happens on them."""
        return cut

    def inject(self, world: World) -> Heal:
        """On every link at once."""
        heals = [impose(world, process, chain_id, Wire(self.answer())) for process, chain_id in self.links]

        def heal() -> None:
            for undo in heals:
                undo()

        return heal


@fault("network", "partition")
@dataclass(frozen=True, slots=True)
class Symmetric(Partition):
    """Some processes and some chains do not reach each other."""

    @classmethod
    def pick(cls, world: World, chance: Random) -> list[tuple[str, int]]:
        """At least one of each."""
        processes, chains = sorted(world.processes), sorted(world.chains)
        few = chance.sample(processes, chance.randint(1, len(processes)))
        return [(one, chain) for one in few for chain in chance.sample(chains, chance.randint(1, len(chains)))]


@fault("network", "partition-one-way")
@dataclass(frozen=True, slots=True)
class Asymmetric(Partition):
    """One process speaks to every chain and hears nothing."""

    @classmethod
    def pick(cls, world: World, chance: Random) -> list[tuple[str, int]]:
        """All links of one process."""
        process = chance.choice(sorted(world.processes))
        return [(process, chain_id) for chain_id in sorted(world.chains)]

    def answer(self) -> Answer:
        """Carried out in silence."""
        return mute


@fault("network", "partition-ring")
@dataclass(frozen=True, slots=True)
class Ring(Partition):
    """Every process misses one chain, each the next one, so that nobody sees them all."""

    @classmethod
    def pick(cls, world: World, chance: Random) -> list[tuple[str, int]]:
        """From any chain on."""
        chains, first = sorted(world.chains), chance.randrange(len(world.chains))
        return [(name, chains[(first + place) % len(chains)]) for place, name in enumerate(sorted(world.processes))]


@dataclass(frozen=True, slots=True)
class Lottery(NodeFault):
    """Something that happens to some requests, as `seed` has it."""

    seed: int

    @classmethod
    def draw(cls, world: World, chance: Random) -> Self:
        """Any process, any chain."""
        return cls(any_process(world, chance), any_chain(world, chance), chance.getrandbits(32))

    def condition(self, world: World) -> Answer:
        """One draw for each request."""
        chance = Random(self.seed)

        def answer(ask: Ask, method: str, params: Sequence[Any]) -> Json:
            return self.carry(world, chance, partial(ask, method, params))

        return answer

    @abstractmethod
    def carry(self, world: World, chance: Random, ask: Carried) -> Json:
        """What becomes of one request, which `ask` carries out."""


@fault("network", "drop")
@dataclass(frozen=True, slots=True)
class Drop(Lottery):
    """Every third message is lost: requests before they arrive, answers after they were given."""

    def carry(self, world: World, chance: Random, ask: Carried) -> Json:  # noqa: ARG002
        """Lost one way, the other, or not."""
        if chance.random() < 1 / 3:
            raise requests.ConnectTimeout
        answer = ask()
        if chance.random() < 1 / 3:
            raise requests.ReadTimeout
        return answer


@fault("network", "duplicate")
@dataclass(frozen=True, slots=True)
class Duplicate(Lottery):
    """Half of the requests arrive twice, and the second answer is what comes back."""

    def carry(self, world: World, chance: Random, ask: Carried) -> Json:  # noqa: ARG002
        """Once or twice."""
        if chance.random() < 0.5:
            ask()
        return ask()


@fault("network", "corrupt")
@dataclass(frozen=True, slots=True)
class Corrupt(Lottery):
    """One bit of every third answer is flipped: what is no JSON then is noticed by whoever reads it."""

    def carry(self, world: World, chance: Random, ask: Carried) -> Json:  # noqa: ARG002
        """A bit of the text."""
        answer = ask()
        if chance.random() > 1 / 3:
            return answer
        text = bytearray(json.dumps(answer, sort_keys=True), "ascii")
        text[chance.randrange(len(text))] ^= 1 << chance.randrange(7)
        return _parsed(text.decode("ascii"))


@fault("network", "truncate")
@dataclass(frozen=True, slots=True)
class Truncate(Lottery):
    """Every third answer ends in the middle."""

    def carry(self, world: World, chance: Random, ask: Carried) -> Json:  # noqa: ARG002
        """The text up to anywhere."""
        answer = ask()
        if chance.random() > 1 / 3:
            return answer
        text = json.dumps(answer, sort_keys=True)
        return _parsed(text[: chance.randrange(len(text))])


@fault("network", "reset")
@dataclass(frozen=True, slots=True)
class Reset(Lottery):
    """Connections are reset, half of them after the request was carried out."""

    def carry(self, world: World, chance: Random, ask: Carried) -> Json:  # noqa: ARG002
        """Reset or not."""
        draw = chance.random()
        if draw < 0.25:
            raise ConnectionResetError
        answer = ask()
        if draw < 0.5:
            raise ConnectionResetError
        return answer


@dataclass(frozen=True, slots=True)
class Slow(Lottery):
    """A few requests take their time; `WAITS_MAX` of them, since the whole process waits."""

    def condition(self, world: World) -> Answer:
        """Counts what waited."""
        chance = Random(self.seed)
        left = iter(range(WAITS_MAX))

        def answer(ask: Ask, method: str, params: Sequence[Any]) -> Json:
            if chance.random() < 0.5 or next(left, None) is None:
                return ask(method, params)
            return self.carry(world, chance, partial(ask, method, params))

        return answer


@fault("network", "delay")
@dataclass(frozen=True, slots=True)
class Delay(Slow):
    """Requests arrive two seconds late."""

    def carry(self, world: World, chance: Random, ask: Carried) -> Json:  # noqa: ARG002
        """Late, and answered as things are then."""
        world.scheduler.let_pass(2)
        return ask()


@fault("network", "jitter")
@dataclass(frozen=True, slots=True)
class Jitter(Slow):
    """Requests and answers take up to three seconds each, every time others."""

    def carry(self, world: World, chance: Random, ask: Carried) -> Json:
        """The answer is old when it arrives."""
        world.scheduler.let_pass(chance.randint(1, 3))
        answer = ask()
        world.scheduler.let_pass(chance.randint(1, 3))
        return answer


@fault("network", "slow-drip")
@dataclass(frozen=True, slots=True)
class SlowDrip(Slow):
    """Answers come a byte at a time until patience ends."""

    def carry(self, world: World, chance: Random, ask: Carried) -> Json:  # noqa: ARG002
        """Carried out, never read to the end."""
        ask()
        world.scheduler.let_pass(10)
        raise requests.ReadTimeout


@fault("network", "reorder")
@dataclass(frozen=True, slots=True)
class Reorder(NodeFault):
    """A transaction on its way is overtaken by whatever is asked next, three requests at most."""

    def condition(self, world: World) -> Answer:  # noqa: ARG002
        """Its sender hears nothing; it arrives later."""
        held: list[tuple[int, str, Sequence[Any]]] = []

        def answer(ask: Ask, method: str, params: Sequence[Any]) -> Json:
            if method == "eth_sendRawTransaction" and not held:
                held.append((3, method, params))
                raise requests.ReadTimeout(method)
            answered = ask(method, params)
            if held:
                left, late_method, late_params = held.pop()
                if left == 1 or method == "eth_sendRawTransaction":
                    ask(late_method, late_params)
                else:
                    held.append((left - 1, late_method, late_params))
            return answered

        return answer


@fault("network", "swizzle-clog")
@dataclass(frozen=True, slots=True)
class SwizzleClog(Fault):
    """Links are clogged one after another, and opened again one after another in another order."""

    seed: int

    @classmethod
    def draw(cls, world: World, chance: Random) -> Self:  # noqa: ARG003
        """Everything follows from the seed."""
        return cls(chance.getrandbits(32))

    def inject(self, world: World) -> Heal:
        """Half of all links, one every two seconds; healed, all are open at once."""
        chance = Random(self.seed)
        links = [(name, chain_id) for name in sorted(world.processes) for chain_id in sorted(world.chains)]
        chosen = chance.sample(links, -(-len(links) // 2))
        closed: dict[tuple[str, int], Heal] = {}
        is_over: list[bool] = []

        def close(link: tuple[str, int]) -> None:
            if not is_over:
                closed[link] = impose(world, *link, Wire(cut))

        def open_(link: tuple[str, int]) -> None:
            if link in closed:
                closed.pop(link)()

        now = world.clock.now()
        for place, link in enumerate(chosen):
            world.scheduler.at(now + 2 * place, partial(close, link))
        for place, link in enumerate(chance.sample(chosen, len(chosen)), len(chosen)):
            world.scheduler.at(now + 2 * place + 2, partial(open_, link))

        def heal() -> None:
            is_over.append(True)
            for link in list(closed):
                open_(link)

        return heal


def _parsed(text: str) -> Json:
    """As a transport reads an answer; raises ValueError for what is no JSON, or no object."""
    found = json.loads(text)
    if not isinstance(found, dict):
        raise requests.exceptions.JSONDecodeError("no object", text, 0)
    return found
