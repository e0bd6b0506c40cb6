"""What a run's page shows at a glance."""

from collections import Counter

from clearspan.lab.oracle.violations import Invariant, Violation
from clearspan.lab.picture import render
from clearspan.lab.runs import RunResult
from clearspan.lab.trace import Happening

PACKET, LOST = "ab" * 32, "cd" * 32
HAPPENINGS = (
    Happening(100, "alpha", "block", "1"),
    Happening(100, "settlement", "block", "1"),
    Happening(101, "alpha", "sent", PACKET),
    Happening(103, "faults", "begins", "1", "Halt(1)"),
    Happening(104, "settlement", "answered success", PACKET),
    Happening(106, "alpha", "acknowledged", PACKET),
    Happening(107, "alpha", "sent", LOST),
    Happening(110, "faults", "ends", "1", "chain:halt"),
    Happening(900, "venue", "released", "7"),
)


def page(*violations):
    return render(
        RunResult(
            seed=7,
            digest="00" * 32,
            plan=(),
            violations=violations,
            met=Counter(),
            packets=2,
            simulated_seconds=800,
            rested_after=None,
            happenings=HAPPENINGS,
        )
    )


def test_each_packets_way_is_told_in_seconds_after_the_beginning():
    told = page()
    assert "<td>1 s on alpha</td><td>4 s on settlement</td><td>6 s on alpha</td>" in told
    assert "<td>7 s on alpha</td><td>never</td><td>never</td>" in told
    assert "no answer</td>" in told


def test_the_moment_of_a_failure_is_marked_and_a_clean_run_has_no_mark():
    broken = Violation(invariant=Invariant.ONCE, time=104, chain="settlement", subject=PACKET, detail="twice")
    assert 'stroke-dasharray="6 3"' in page(broken)
    assert ">I2</text>" in page(broken)
    assert "stroke-dasharray" not in page()


def test_the_picture_ends_when_nothing_happens_any_more():
    assert "20 s</text>" in page()
    assert "200 s</text>" not in page()


def test_the_page_loads_nothing():
    assert "http" not in page().replace("http-equiv", "")
    assert "<script" not in page()
