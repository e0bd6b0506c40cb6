"""Ready means relaying: each way not to be makes it answer so, and says which."""

from types import SimpleNamespace

import pytest

from chains import VirtualClock
from relayers.operating.config import ReadinessSection
from relayers.operating.observing import WorkerHealth
from relayers.operating.readiness import why_not_ready
from relayers.operating.reorganisations import ReorganisationWatch
from relayers.operating.survey import Look

CONFIG = SimpleNamespace(readiness=ReadinessSection(stalled_seconds=60, head_age_seconds=30), chains={"a": 1, "b": 2})
NOW = 1_000.0
HEALTHY = WorkerHealth(stepped_at=NOW - 5, unblocked_at=NOW - 5)
LOOK = {
    "at": NOW - 2,
    "read_at": {"a": NOW - 2, "b": NOW - 2},
    "head_age_seconds": {"a": 3, "b": 3},
    "client_expiry_seconds": {"a@b": 500},
    "nonce_stuck_seconds": {("a", "relayer"): 0},
}


def reasons(*, health=HEALTHY, paused=(), **look):
    workers = {} if health is None else {"relayer a->b": health}
    return why_not_ready(
        CONFIG, workers=["relayer a->b"], health=workers, look=Look(**{**LOOK, **look}), now=NOW, paused=paused
    )


def test_ready():
    assert reasons() == []


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"health": None}, "relayer a->b has not started"),
        (
            {"health": WorkerHealth(stepped_at=NOW - 61, unblocked_at=NOW - 61)},
            "relayer a->b has not ended a step for 61 s",
        ),
        (
            {"health": WorkerHealth(stepped_at=NOW, unblocked_at=NOW - 61, blocked_by="a frozen client")},
            "relayer a->b is blocked for 61 s by a frozen client",
        ),
        ({"at": float("-inf")}, "the database was not read yet"),
        ({"at": NOW - 61}, "the database was not read for 61 s"),
        ({"read_at": {"a": NOW - 2, "b": NOW - 61}}, "b was not read for 61 s"),
        ({"head_age_seconds": {"a": 3}}, "b does not answer"),
        ({"head_age_seconds": {"a": 3, "b": 31}}, "the head of b is 31 s old"),
        ({"client_expiry_seconds": {"a@b": 0}}, "the client a@b has expired"),
        ({"nonce_stuck_seconds": {("a", "relayer"): 61}}, "relayer on a waits 61 s for its oldest transaction"),
        ({"paused": ["a->b"]}, "a->b is paused"),
    ],
)
def test_not_ready(change, reason):
    assert reasons(**change) == [reason]


class TestReorganisations:
    def look(self, watch, chain):
        return watch.depth(chain.head(), chain.header)

    @pytest.mark.parametrize("depth", [1, 3, 5])
    def test_its_depth_is_told_once(self, depth, make_forkable):
        chain = make_forkable()
        watch = ReorganisationWatch()
        for _ in range(8):
            chain.mine()
            assert self.look(watch, chain) == 0
        chain.reorganise(depth)
        while chain.head().number <= 8:
            chain.mine()
        assert self.look(watch, chain) == depth
        assert self.look(watch, chain) == 0

    def test_a_node_that_lags_is_no_reorganisation(self, make_forkable):
        chain = make_forkable()
        watch = ReorganisationWatch()
        for _ in range(5):
            chain.mine()
            self.look(watch, chain)
        assert watch.depth(chain.header(2), chain.header) == 0
        assert self.look(watch, chain) == 0


@pytest.fixture
def make_forkable():
    from chains import Depth, LocalChain  # noqa: PLC0415

    return lambda: LocalChain(chain_id=9, clock=VirtualClock(), finality=Depth(7))
