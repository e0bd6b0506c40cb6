"""One HTML file with a picture of a run: lanes per chain and process, faults as bands, packets as lines."""

from __future__ import annotations

import html
import re
from collections.abc import Iterable
from dataclasses import dataclass, field

from clearspan.lab.runs import RunResult
from clearspan.lab.trace import Happening

WIDTH = 1400
LEFT = 130
LANE = 46
TOP = 40
FAULT_ROW = 16
QUIET = frozenset({"block", "published", "submitted"})
"""Too frequent to be drawn one by one."""
FAULT_COLOURS = {
    "chain": "#c2410c", "rpc": "#7c3aed", "network": "#2563eb", "relayer": "#b91c1c", "validators": "#a16207",
    "oracle": "#0f766e", "sequencer": "#be185d", "users": "#4d7c0f", "operator": "#475569",
}  # fmt: skip
OUTCOME_COLOURS = {"success": "#15803d", "failure": "#b45309", "expired": "#6b7280"}
UNANSWERED_COLOUR = "#dc2626"
STAGES = ("sent", "answered", "acknowledged")
STYLE = """
body{font:14px/1.5 system-ui,sans-serif;margin:24px;color:#111;background:#fff}
svg{border:1px solid #ddd;background:#fafafa}
.ok{color:#15803d}.broken{color:#b91c1c}
table{border-collapse:collapse}td,th{padding:2px 12px 2px 0;text-align:left;vertical-align:top}
code{font-size:12px}
"""


@dataclass(slots=True)
class _Way:
    """Where one packet was when: (time, lane) points."""

    points: list[tuple[int, str]] = field(default_factory=list)
    outcome: str = ""


def render(result: RunResult) -> str:
    """The page of a run that was kept. It loads nothing."""
    happenings = result.happenings
    lanes = _lanes(happenings)
    begin = min(one.time for one in happenings)
    end = _end(result)
    faults = _faults(happenings, end)
    picture = _Picture(lanes=lanes, begin=begin, end=end, fault_rows=len(faults))
    body = "".join(
        (
            *_axis(picture),
            *_bands(picture, faults),
            *_lane_lines(picture, happenings),
            *_ways(picture, happenings),
            *_failures(picture, result),
        )
    )
    verdict = '<b class="ok">clean</b>' if result.clean else '<b class="broken">broken</b>'
    rest = "never" if result.rested_after is None else f"after {result.rested_after} s"
    violations = "".join(f"<li><code>{html.escape(str(one))}</code></li>" for one in result.violations)
    return (
        f'<!doctype html><html lang="en"><meta charset="utf-8"><title>Seed {result.seed}</title><style>{STYLE}</style>'
        f"<h1>Seed {result.seed}: {verdict}</h1>"
        f"<p>{result.packets} packets, {len(result.plan)} faults, {result.simulated_seconds} simulated seconds, "
        f"at rest {rest} the last fault healed. Trace <code>{result.digest}</code></p>"
        f"{f'<ul>{violations}</ul>' if violations else ''}"
        f'<svg width="{WIDTH}" height="{picture.height}" role="img" aria-label="Lanes over time">{body}</svg>'
        f"{_legend()}<h2>Faults</h2><table>{_plan_rows(result)}</table>"
        f"<h2>Packets</h2><p>Seconds after the beginning, by final blocks.</p><table>"
        f"<tr><th>packet</th><th>sent</th><th>answered</th><th>acknowledged</th><th>outcome</th></tr>"
        f"{_packet_rows(picture, happenings)}</table></html>\n"
    )


def _end(result: RunResult) -> int:
    """When to end the picture: soon after the last packet, fault and failure, however long nothing happened then."""
    shown = [one.time for one in result.happenings if one.lane == "faults" or one.what.partition(" ")[0] in STAGES]
    broken = [one.time for one in result.violations if one.chain != "all"]
    return max([*shown, *broken, min(one.time for one in result.happenings)]) + 20


def _failures(picture: _Picture, result: RunResult) -> Iterable[str]:
    """A red line where each promise was broken; what broke over the whole run is at the right."""
    for number, violation in enumerate(result.violations):
        x = picture.x(min(violation.time, picture.end))
        yield (
            f'<g><title>{html.escape(str(violation))}</title><line x1="{x}" y1="24" x2="{x}" y2="{picture.height}" '
            f'stroke="#dc2626" stroke-width="2" stroke-dasharray="6 3"/><text x="{x - 4}" y="{36 + number % 6 * 13}" '
            f'font-size="12" font-weight="bold" text-anchor="end" fill="#dc2626">{violation.invariant}</text></g>'
        )


def _legend() -> str:
    def line(colour: str, text: str) -> str:
        return f'<span style="white-space:nowrap"><b style="color:{colour}">━━</b> {text}</span> &nbsp; '

    faults = "".join(
        f'<span style="white-space:nowrap"><b style="color:{colour}">■</b> {domain}</span> &nbsp; '
        for domain, colour in FAULT_COLOURS.items()
    )
    return (
        "<p>Packets, from where they were sent to where they were answered and back: "
        + line(OUTCOME_COLOURS["success"], "taken")
        + line(OUTCOME_COLOURS["failure"], "refused, refunded")
        + line(OUTCOME_COLOURS["expired"], "expired, refunded")
        + line(UNANSWERED_COLOUR, "no answer")
        + "<br>Faults: "
        + faults
        + '<br><b style="color:#b91c1c">●</b> something died, failed or was reorganised &nbsp; '
        '<b style="color:#dc2626">┆</b> a promise was broken. Hover for details.</p>'
    )


def _packet_rows(picture: _Picture, happenings: Iterable[Happening]) -> str:
    rows: dict[str, dict[str, str]] = {}
    for one in happenings:
        if not re.fullmatch(r"[0-9a-f]{64}", one.subject) or one.lane not in picture.lanes:
            continue
        stage = one.what.partition(" ")[0]
        if stage in STAGES:
            row = rows.setdefault(one.subject, {})
            row[stage] = f"{one.time - picture.begin} s on {one.lane}"
            if stage == "answered":
                row["outcome"] = one.what.removeprefix("answered ")
    return "".join(
        f"<tr><td><code>{identifier[:16]}</code></td>"
        + "".join(f"<td>{html.escape(row.get(name, 'never'))}</td>" for name in STAGES)
        + f'<td style="color:{OUTCOME_COLOURS.get(row.get("outcome", ""), UNANSWERED_COLOUR)}">'
        f"{row.get('outcome', 'no answer')}</td></tr>"
        for identifier, row in rows.items()
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Picture:
    lanes: tuple[str, ...]
    begin: int
    end: int
    fault_rows: int

    @property
    def first_lane(self) -> int:
        return TOP + self.fault_rows * FAULT_ROW + 24

    @property
    def height(self) -> int:
        return self.first_lane + len(self.lanes) * LANE

    def x(self, time: int) -> float:
        time = min(time, self.end)
        return round(LEFT + (WIDTH - LEFT - 20) * (time - self.begin) / (self.end - self.begin), 1)

    def y(self, lane: str) -> int:
        return self.first_lane + self.lanes.index(lane) * LANE + LANE // 2


def _lanes(happenings: Iterable[Happening]) -> tuple[str, ...]:
    """Chains first, then processes, then people."""
    order = {"block": 0, "starts": 1}
    ranks: dict[str, int] = {}
    for one in happenings:
        if one.lane not in {"faults", "judge"}:
            ranks[one.lane] = min(ranks.get(one.lane, 2), order.get(one.what, 2))
    return tuple(sorted(ranks, key=lambda lane: (ranks[lane], lane)))


def _faults(happenings: Iterable[Happening], end: int) -> list[tuple[int, int, str, str]]:
    """Begin, end, word and description of every fault that was injected."""
    open_faults: dict[str, Happening] = {}
    found = []
    for one in happenings:
        if one.lane != "faults":
            continue
        if one.what == "begins":
            open_faults[one.subject] = one
        elif one.subject in open_faults:
            begun = open_faults.pop(one.subject)
            found.append((begun.time, one.time, one.detail, begun.detail))
    found += [(one.time, end, "", one.detail) for one in open_faults.values()]
    return sorted(found)


def _axis(picture: _Picture) -> Iterable[str]:
    step = max(10, (picture.end - picture.begin) // 12 // 10 * 10)
    for seconds in range(0, picture.end - picture.begin, step):
        x = picture.x(picture.begin + seconds)
        yield f'<line x1="{x}" y1="24" x2="{x}" y2="{picture.height}" stroke="#e5e5e5"/>'
        yield f'<text x="{x}" y="18" font-size="11" fill="#666">{seconds} s</text>'


def _bands(picture: _Picture, faults: list[tuple[int, int, str, str]]) -> Iterable[str]:
    for row, (begin, end, word, description) in enumerate(faults):
        x, width = picture.x(begin), max(3.0, picture.x(end) - picture.x(begin))
        y = TOP + row * FAULT_ROW
        colour = FAULT_COLOURS.get(word.partition(":")[0], "#475569")
        yield (
            f"<g><title>{html.escape(description)}</title>"
            f'<rect x="{x}" y="{y}" width="{width:.1f}" height="{FAULT_ROW - 4}" '
            f'fill="{colour}" opacity="0.75"/><rect x="{x}" y="{y}" width="{width:.1f}" height="{picture.height - y}" '
            f'fill="{colour}" opacity="0.05"/><text x="{LEFT - 6}" y="{y + 10}" font-size="10" text-anchor="end" '
            f'fill="{colour}">{html.escape(word)}</text></g>'
        )


def _lane_lines(picture: _Picture, happenings: Iterable[Happening]) -> Iterable[str]:
    for lane in picture.lanes:
        y = picture.y(lane)
        yield f'<line x1="{LEFT}" y1="{y}" x2="{WIDTH - 20}" y2="{y}" stroke="#bbb"/>'
        yield f'<text x="{LEFT - 6}" y="{y + 4}" font-size="12" text-anchor="end">{html.escape(lane)}</text>'
    for one in happenings:
        if one.lane not in picture.lanes or one.what in QUIET:
            continue
        loud = one.what in {"dies", "reorganised", "makes no block", "failed"}
        yield (
            f'<circle cx="{picture.x(one.time)}" cy="{picture.y(one.lane)}" r="{5 if loud else 2.2}" '
            f'fill="{"#b91c1c" if loud else "#334155"}"><title>{html.escape(str(one))}</title></circle>'
        )


def _ways(picture: _Picture, happenings: Iterable[Happening]) -> Iterable[str]:
    ways: dict[str, _Way] = {}
    for one in happenings:
        if not re.fullmatch(r"[0-9a-f]{64}", one.subject) or one.lane not in picture.lanes:
            continue
        if one.what == "sent" or one.what.startswith("answered ") or one.what == "acknowledged":
            way = ways.setdefault(one.subject, _Way())
            way.points.append((one.time, one.lane))
            way.outcome = one.what.removeprefix("answered ") if one.what.startswith("answered ") else way.outcome
    for identifier, way in ways.items():
        points = " ".join(f"{picture.x(time)},{picture.y(lane)}" for time, lane in way.points)
        colour = OUTCOME_COLOURS.get(way.outcome, UNANSWERED_COLOUR)
        yield (
            f'<polyline points="{points}" fill="none" stroke="{colour}" stroke-width="1.4" opacity="0.7">'
            f"<title>packet {identifier}: {way.outcome or 'no answer'}</title></polyline>"
        )


def _plan_rows(result: RunResult) -> str:
    return "".join(
        f"<tr><td>at {planned.start} s</td><td>for {planned.seconds} s</td>"
        f"<td><code>{html.escape(str(planned.fault))}</code></td></tr>"
        for planned in result.plan
    )
