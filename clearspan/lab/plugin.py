"""The lab in pytest: fixtures `world`, `chain`, `faults`, `invariants`, and `@chaos(seeds=..., duration=...)`.

    from clearspan.lab import chaos

    @chaos(seeds=20, duration=60)
    def test_a_deposit_is_never_lost(world, invariants):
        world.users[0].deposit(0, 10**9)

Each seed is a test of its own. The body runs in a world in which the seed's faults begin; then the world goes on for
`duration` seconds, is healed, and must come to rest with every promise kept. `--lab-seed N` runs one seed, `--lab-seeds
A..B` these, `--lab-replay N` one seed with everything that happened printed.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator
from typing import TYPE_CHECKING, Any, cast

import pytest

if TYPE_CHECKING:
    from chains.local import LocalChain
    from clearspan.lab.chaos import Injector
    from clearspan.lab.oracle import Judge
    from clearspan.lab.world import World

DEFAULT_SEEDS = 5
DEFAULT_SECONDS = 60
DEFAULT_FAULTS = 8
REST_SECONDS = 900


def pytest_addoption(parser: pytest.Parser) -> None:
    """Which seeds to run."""
    group = parser.getgroup("clearspan lab")
    group.addoption("--lab-seed", type=int, default=None, help="run chaos tests with this seed only")
    group.addoption("--lab-seeds", default=None, metavar="A..B", help="run chaos tests with these seeds, both included")
    group.addoption("--lab-replay", type=int, default=None, help="run this seed and print everything that happened")


def pytest_configure(config: pytest.Config) -> None:
    """Name the marker."""
    config.addinivalue_line(
        "markers", "chaos(seeds=5, duration=60, faults=8): run under random faults, once per seed, until at rest"
    )


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """One test per seed."""
    marker = metafunc.definition.get_closest_marker("chaos")
    if marker is not None:
        metafunc.fixturenames += [name for name in ("lab_seed", "world") if name not in metafunc.fixturenames]
        metafunc.parametrize("lab_seed", _seeds(metafunc.config, marker.kwargs.get("seeds", DEFAULT_SEEDS)))


def _seeds(config: pytest.Config, count: int) -> range:
    one = config.getoption("--lab-replay")
    one = config.getoption("--lab-seed") if one is None else one
    if one is not None:
        return range(one, one + 1)
    text = config.getoption("--lab-seeds")
    if text is None:
        return range(1, count + 1)
    first, _, last = text.partition("..")
    if not first.isdecimal() or (last and not last.isdecimal()):
        raise pytest.UsageError(f"--lab-seeds {text}: seeds are A..B, both included, or one number")
    return range(int(first), int(last or first) + 1)


@pytest.fixture
def lab_seed(request: pytest.FixtureRequest) -> int:
    """The seed of the test's world; `chaos` gives each its own."""
    chosen = request.config.getoption("--lab-seed")
    return 1 if chosen is None else int(chosen)


@pytest.fixture
def world(lab_seed: int) -> Iterator[World]:
    """A world of that seed, in which nobody acts by chance."""
    from clearspan.lab.world import World  # noqa: PLC0415 - pytest loads this file in every session

    with World(lab_seed) as made:
        made.people_act = False
        yield made


@pytest.fixture
def chain(world: World) -> LocalChain:
    """The first vault chain of the world."""
    return world.chains[world.deployment.vaults[0].chain_id]


@pytest.fixture
def invariants(world: World) -> Judge:
    """The lab's own books of the world; `violations` is what it found."""
    return _judge(world)


@pytest.fixture
def faults(world: World) -> Iterator[Injector]:
    """Injects faults into the world; what is still wrong at the end is healed."""
    from clearspan.lab.chaos import Injector  # noqa: PLC0415

    injector = Injector(world)
    yield injector
    injector.heal_all()


@pytest.hookimpl(wrapper=True)
def pytest_pyfunc_call(pyfuncitem: pytest.Function) -> Generator[None, Any, Any]:
    """Around the body of a chaos test: faults begin with it, and end before the promises are checked."""
    marker = pyfuncitem.get_closest_marker("chaos")
    if marker is None:
        return (yield)
    from clearspan.lab.chaos import Injector, draw_plan  # noqa: PLC0415
    from clearspan.lab.runs import restless  # noqa: PLC0415

    world = cast("World", pyfuncitem.funcargs["world"])
    judge = _judge(world)
    seconds = int(marker.kwargs.get("duration", DEFAULT_SECONDS))
    plan = draw_plan(world, seconds=seconds, faults=int(marker.kwargs.get("faults", DEFAULT_FAULTS)))
    injector = Injector(world)
    injector.schedule(plan)
    try:
        outcome = yield
        world.run(seconds)
        injector.heal_all()
        end = world.clock.now() + REST_SECONDS
        while restless(world, judge) and world.clock.now() < end:
            world.run(10)
        waiting = restless(world, judge)
        judge.look_back()
    finally:
        _tell(pyfuncitem, world, [f"at {one.start} s for {one.seconds} s: {one.fault}" for one in plan])
    broken = [str(violation) for violation in judge.violations]
    if waiting:
        broken.append(f"not at rest after {REST_SECONDS} s: {waiting}")
    if broken:
        raise AssertionError(f"seed {world.seed}, trace {world.trace.digest}:\n  " + "\n  ".join(broken))
    return outcome


def _judge(world: World) -> Judge:
    """The world's judge, one for the plugin and the test."""
    from clearspan.lab.oracle import Judge  # noqa: PLC0415

    return world.judge or Judge(world)


def _tell(item: pytest.Function, world: World, plan: list[str]) -> None:
    item.add_report_section("call", "lab plan", "\n".join((f"seed {world.seed}", *plan)))
    if item.config.getoption("--lab-replay") is not None:
        item.add_report_section("call", "lab run", "\n".join(map(str, world.trace.happenings)))
    else:
        item.add_report_section("call", "packets", "\n".join(_timelines(world)))


def _timelines(world: World) -> Iterator[str]:
    """Each packet's way across chains, as final blocks tell it."""
    ways: dict[str, list[str]] = {}
    for one in world.trace.happenings:
        if one.what == "sent" or one.what.startswith("answered ") or one.what == "acknowledged":
            ways.setdefault(one.subject, []).append(f"{one.time} {one.lane} {one.what}")
    for identifier, points in ways.items():
        yield f"{identifier[:16]}  " + "  ->  ".join(points)
