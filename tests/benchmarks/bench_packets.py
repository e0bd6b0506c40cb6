"""Packets between two chains: gas per call, packets per second and latency of a full round trip, waste of a race.

`python -m tests.benchmarks.bench_packets` prints the section "Messages" of docs/benchmarks.md, ready to be pasted;
`--into docs/benchmarks.md` puts it there. `--packets` is how many each run carries.
"""

import argparse
import math
import os
import platform
import re
import sys
from dataclasses import dataclass
from pathlib import Path

from relayers.batching import BATCHING
from tests.benchmarks.packet_gas import Call, measure, proof_depth
from tests.benchmarks.packet_race import BLOCK_SECONDS, RaceResult, race
from tests.benchmarks.published_gas import NOT_CONFIRMED, PUBLISHED

STEADY_PER_BLOCK = 4

GAS_NOTE = (
    "From the receipts of local chains (Prague, contracts as committed). The tries are small: {account_nodes} "
    "nodes to an account and {storage_nodes} or more to a word; each further node of a proof costs mostly its "
    "calldata. Messages carry 160 bytes to an account without code, so they show what the mailbox costs; deposits "
    "are ether going into a vault and the forced queue, with all callbacks. Updates carry the seals of all "
    "validators, except the live header, which has three of four. Receiving and acknowledging do not include the "
    "update, which all packets up to its height share."
)
PUBLISHED_NOTE = (
    "Read in the named places, not measured here. Chains, compilers and what a call includes differ; the last "
    "column but one decides what may be compared with what. The live header above is `updateHeight11` of their "
    "fixture `test/besu-bft/fixtures/qbft.json` as at 01104362; they may have recorded it anew since."
)
RACE_NOTE = (
    "{packets} packets of 32 bytes from a contract to a contract and their answers back, between two local chains "
    "of four validators with a block every {block} seconds. Virtual time is the chains' own: it counts blocks and "
    "no computing. Real time is that of one process which runs both chains and all relayers, sending and mining "
    "included. A relayer steps its daemons in turn and waits for none of its transactions; two of them see the "
    "same blocks and race for every packet. Steady is {steady} packets with every block, burst is all in one. "
    "Batching is how long packets wait for others to share a transaction with: {policies}. "
    "Latency is from the block of the sending to the block of the acknowledgement, p50 / p99."
)
WASTE_NOTE = (
    "What the relayers paid for it. A transaction is idle when it reverted or changed nothing because another "
    "relayer was first:"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class PacketBenchmark:
    """Everything measured; see `packet_gas` and `packet_race`."""

    calls: tuple[Call, ...]
    account_nodes: int
    storage_nodes: int
    races: tuple[RaceResult, ...]


def run(*, packets: int = 120, relayers=(1, 2), validators=(4, 7, 22, 50), batches=(1, 10, 50)) -> PacketBenchmark:
    """Measure gas, then each load with each number of relayers."""
    account_nodes, storage_nodes = proof_depth()
    loads = (("steady", STEADY_PER_BLOCK), ("burst", packets))
    return PacketBenchmark(
        calls=tuple(measure(validators=validators, batches=batches)),
        account_nodes=account_nodes,
        storage_nodes=storage_nodes,
        races=tuple(
            race(relayers=count, packets=packets, per_block=per_block, load=load, batching=batching)
            for load, per_block in loads
            for count in relayers
            for batching in (BATCHING if (load, count) == ("steady", 1) else ("prompt",))
        ),
    )


def percentile(ascending, share: float):
    """The least value that is not below this share of the values (nearest rank)."""
    return ascending[max(0, math.ceil(len(ascending) * share) - 1)]


def markdown(found: PacketBenchmark) -> str:
    """The section "Messages", from its heading to its end."""
    return "\n\n".join([*_gas_parts(found), *_published_parts(), *_race_parts(found)]) + "\n"


def _gas_parts(found: PacketBenchmark) -> list[str]:
    return [
        "## Messages",
        f"`python tests/benchmarks packets` measures all of this. Conditions: {conditions()}.",
        "### Gas per call",
        GAS_NOTE.format(account_nodes=found.account_nodes, storage_nodes=found.storage_nodes),
        _table(
            ("call", "gas", "per packet", "calldata, bytes"),
            [(call.name, _number(call.gas), _share(call), _number(call.calldata_bytes)) for call in found.calls],
        ),
    ]


def _published_parts() -> list[str]:
    return [
        "### Beside what others publish",
        PUBLISHED_NOTE,
        _table(
            ("system", "call", "gas", "includes", "read in"),
            [(row.system, row.call, _number(row.gas), row.what, row.source) for row in PUBLISHED],
        ),
        "Not confirmed:",
        "\n".join(f"- {line}" for line in NOT_CONFIRMED),
    ]


def _race_parts(found: PacketBenchmark) -> list[str]:
    speeds = [
        (
            result.load,
            result.batching,
            str(result.relayers),
            f"{result.packets / result.virtual_seconds:.2f}",
            f"{percentile(result.virtual_latencies, 0.5)} / {percentile(result.virtual_latencies, 0.99)}",
            f"{result.packets / result.real_seconds:.1f}",
            f"{percentile(result.real_latencies, 0.5):.2f} / {percentile(result.real_latencies, 0.99):.2f}",
        )
        for result in found.races
    ]
    costs = [
        (
            result.load,
            result.batching,
            str(result.relayers),
            _number(result.transactions),
            _number(result.idle_transactions),
            _number(result.gas // result.packets),
            f"{result.idle_gas / result.gas:.0%}",
        )
        for result in found.races
    ]
    return [
        "### Round trips",
        RACE_NOTE.format(
            packets=found.races[0].packets, block=BLOCK_SECONDS, steady=STEADY_PER_BLOCK, policies=_policies()
        ),
        _table(
            (
                "load",
                "batching",
                "relayers",
                "packets/s virtual",
                "latency virtual, s",
                "packets/s real",
                "latency real, s",
            ),
            speeds,
        ),
        WASTE_NOTE,
        _table(("load", "batching", "relayers", "transactions", "idle", "gas per packet", "of it idle"), costs),
    ]


def _policies() -> str:
    """What each name means, deliveries before acknowledgements."""
    return ", ".join(
        f"{name} "
        + " / ".join(
            f"{hold.seconds} s or {hold.packets} packets" if hold.seconds else "no time"
            for hold in (one.deliver, one.acknowledge)
        )
        for name, one in BATCHING.items()
    )


def conditions() -> str:
    """The machine, how busy it was, and the interpreter."""
    cpuinfo = Path("/proc/cpuinfo")
    lines = cpuinfo.read_text().splitlines() if cpuinfo.is_file() else []
    model = next((line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")), platform.machine())
    return f"{model}, {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}, Python {platform.python_version()}"


def put(section: str, text: str) -> str:
    """The document with its section "Messages" replaced, or added at the end."""
    pattern = re.compile(r"^## Messages\n.*?(?=^## |\Z)", re.MULTILINE | re.DOTALL)
    if pattern.search(text):
        return pattern.sub(lambda _: section + "\n", text).rstrip("\n") + "\n"
    return text.rstrip("\n") + "\n\n" + section


def _table(header, rows) -> str:
    lines = [header, tuple("---" for _ in header), *rows]
    return "\n".join("| " + " | ".join(cells) + " |" for cells in lines)


def _number(value: int) -> str:
    return f"{value:,}"


def _share(call: Call) -> str:
    return _number(call.per_packet) if call.packets > 1 else ""


def main(arguments=None) -> None:
    """Print the section, or put it into a document."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--packets", type=int, default=120)
    parser.add_argument("--into", type=Path)
    options = parser.parse_args(arguments if arguments is not None else [])
    section = markdown(run(packets=options.packets))
    if options.into is None:
        sys.stdout.write(section)
    else:
        text = options.into.read_text() if options.into.is_file() else "# Benchmarks\n"
        options.into.write_text(put(section, text))


if __name__ == "__main__":
    main(sys.argv[1:])
