"""Relayer processes on three anvils: packets per second, time to delivery, and a backlog beside new traffic.

`python -m tests.benchmarks.bench_relayers` prints the section "Relayers" of docs/benchmarks.md; `--into
docs/benchmarks.md` puts it there. `--only rates` or `--only backlog` measures one of its parts and leaves the other.
"""

import argparse
import re
import sys
import tempfile
import threading
import time
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from tests.benchmarks.bench_packets import conditions, percentile
from tests.relayers.postgres import Postgres
from tests.soak.network import EAST, NAMES, SETTLEMENT, Network
from tests.soak.replicas import Replica, write_config

STEADY_PER_SECOND = 4
STEADY_SECONDS = 12
BURST = 300
BACKLOG = 20_000
BACKLOG_STEP = 1_000
NEW_EVERY_SECONDS = 5.0
BLOCK_SECONDS = 0.5
QUIET_SECONDS = 4.0
"""For a process to start, lead and bring its clients up to date before anything is measured."""
RATES = "### Rates"
BACKLOGS = "### A backlog"

RATES_NOTE = (
    "Processes as operators start them (`clearspan relayer start`), each with four routes, payers and carriers, over "
    "three anvils, each asked through three endpoints of which two have to agree; a block every {block} s, final under "
    "four others; clients of attestors, who sign every final block. Messages of 4 bytes from a contract to a contract. "
    "Burst: {burst} packets in two blocks, packets per second until the last is answered at its destination, and until "
    "the last is acknowledged at its source. Steady: {steady} packets a second for {seconds} s, from the block of the "
    "sending to the block of the answer, p50 / p99; {finality} s of it are the finality of the source. Everything, "
    "nodes included, runs on these two cores, which one replica keeps busy: the bottleneck is the processor, and more "
    "replicas show that they share and waste nothing, not that they are faster. SQLite is one file, which only "
    "processes of one machine may share."
)
BACKLOG_NOTE = (
    "{packets} packets are on the source chain before {replicas} replica(s) on PostgreSQL begin; every {every:g} s 10 "
    "new ones are sent behind the backlog and 10 in the other direction. The bottleneck is the processor."
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Rates:
    """Of one number of replicas on one database."""

    replicas: int
    database: str
    delivered_per_second: float
    settled_per_second: float
    latencies: tuple[float, ...]
    wasted: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Backlog:
    """How a backlog went down, and what new packets waited meanwhile, in seconds."""

    packets: int
    replicas: int
    delivered_seconds: float
    settled_seconds: float
    sent_behind: tuple[float, ...]
    sent_beside: tuple[float, ...]
    is_complete: bool


class Watch:
    """When each chain had which height, and which packets were sent, answered and settled in which block."""

    def __init__(self, network):
        self._network = network
        self._times = {number: {} for number in NAMES}
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._look, daemon=True)
        self._thread.start()

    def _look(self):
        while not self._stop.wait(0.05):
            for number, node in self._network.nodes.items():
                height = int(node.ask("eth_blockNumber"), 16)
                self._times[number].setdefault(height, time.monotonic())

    def stop(self):
        self._stop.set()
        self._thread.join()

    def at(self, number, height):
        """When the block was first seen, or a later one where it was missed."""
        times = self._times[number]
        return min((seen for found, seen in times.items() if found >= height), default=time.monotonic())

    def latencies(self, source, destination, since=0):
        """From sending to answer of every answered packet that was sent from block `since` on, ascending."""
        head = self._network.chains[source].head().number
        sent = {item.packet_id: item.block for item in self._network.mailbox(source).sent(since, head)}
        answers = self._network.mailbox(destination).answered(0, self._network.chains[destination].head().number)
        return tuple(
            sorted(
                max(0.0, self.at(destination, answer.block) - self.at(source, sent[answer.packet_id]))
                for answer in answers
                if answer.packet_id in sent
            )
        )


class Bench:
    """One network, its processes and its watch; each is ended at the end."""

    def __init__(self, stack, store, replicas):
        self.network = Network(block_seconds=BLOCK_SECONDS)
        stack.callback(self.network.stop)
        self.watch = Watch(self.network)
        stack.callback(self.watch.stop)
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="clearspan-bench-")))
        url = store(folder)
        configs = [
            write_config(self.network, folder, store=url, replica=f"replica-{number}") for number in range(replicas)
        ]
        self.replicas = [Replica(config) for config in configs]

    def start(self, stack):
        for replica in self.replicas:
            replica.start()
            stack.callback(replica.kill)
        while not all(replica.url for replica in self.replicas):
            time.sleep(0.1)
        time.sleep(QUIET_SECONDS)

    def counts(self, source, destination):
        """Answered at the destination and settled at the source, since the beginning."""
        chains, mailbox = self.network.chains, self.network.mailbox
        answered = len(mailbox(destination).answered(0, chains[destination].head().number))
        return answered, len(mailbox(source).acknowledged(0, chains[source].head().number))

    def until(self, counted, source, destination, seconds):
        """Seconds until so many more are answered, and until they are settled; infinity where it takes longer."""
        began, times = time.monotonic(), [float("inf"), float("inf")]
        while time.monotonic() - began < seconds and times[1] == float("inf"):
            for place, (found, wanted) in enumerate(zip(self.counts(source, destination), counted, strict=True)):
                if found >= wanted and times[place] == float("inf"):
                    times[place] = time.monotonic() - began
            time.sleep(0.2)
        return times


def rates(replicas, database, store):
    """Steady first, then a burst."""
    with ExitStack() as stack:
        bench = Bench(stack, store, replicas)
        bench.start(stack)
        network, began, sent = bench.network, time.monotonic(), 0
        while sent < STEADY_PER_SECOND * STEADY_SECONDS:
            network.spray(EAST, SETTLEMENT, STEADY_PER_SECOND // 2)
            sent += STEADY_PER_SECOND // 2
            time.sleep(max(0, began + sent / STEADY_PER_SECOND - time.monotonic()))
        bench.until((sent, sent), EAST, SETTLEMENT, 60)
        latencies = bench.watch.latencies(EAST, SETTLEMENT)
        network.spray(EAST, SETTLEMENT, BURST // 2)
        network.spray(EAST, SETTLEMENT, BURST // 2)
        delivered, settled = bench.until((sent + BURST, sent + BURST), EAST, SETTLEMENT, 120)
        return Rates(
            replicas=replicas,
            database=database,
            delivered_per_second=BURST / delivered,
            settled_per_second=BURST / settled,
            latencies=latencies,
            wasted=wasted(network),
        )


def wasted(network):
    """Transactions of the relayers that reverted or changed nothing."""
    from tests.soak.verdict import judge  # noqa: PLC0415 - needs a network that is settled

    return len(judge(network, relayers=[network.signer]).wasted)


def backlog(packets, replicas, store, *, seconds):
    """A backlog from EAST, new packets behind it and against it."""
    with ExitStack() as stack:
        bench = Bench(stack, store, replicas)
        network = bench.network
        for _ in range(packets // BACKLOG_STEP):
            network.spray(EAST, SETTLEMENT, BACKLOG_STEP)
        behind = network.chains[EAST].head().number + 1
        bench.start(stack)
        began, new, times = time.monotonic(), 0, [float("inf"), float("inf")]
        due = began
        while time.monotonic() - began < seconds and times[1] == float("inf"):
            if time.monotonic() >= due:
                network.spray(EAST, SETTLEMENT, 10)
                network.spray(SETTLEMENT, EAST, 10)
                new, due = new + 10, due + NEW_EVERY_SECONDS
            answered, settled = bench.counts(EAST, SETTLEMENT)
            for place, count in enumerate((answered, settled)):
                if count >= packets + new and times[place] == float("inf"):
                    times[place] = time.monotonic() - began + QUIET_SECONDS
            sys.stderr.write(f"{time.monotonic() - began:6.0f} s: {answered} answered, {settled} settled, {new} new\n")
            time.sleep(1)
        return Backlog(
            packets=packets,
            replicas=replicas,
            delivered_seconds=times[0],
            settled_seconds=times[1],
            sent_behind=bench.watch.latencies(EAST, SETTLEMENT, behind),
            sent_beside=bench.watch.latencies(SETTLEMENT, EAST),
            is_complete=times[1] < float("inf"),
        )


def two(values):
    """p50 / p99 in seconds."""
    return f"{percentile(values, 0.5):.1f} / {percentile(values, 0.99):.1f}" if values else "-"


def rates_part(found):
    rows = [
        (
            one.database,
            str(one.replicas),
            f"{one.delivered_per_second:.1f}",
            f"{one.settled_per_second:.1f}",
            two(one.latencies),
            str(one.wasted),
        )
        for one in found
    ]
    note = RATES_NOTE.format(
        block=BLOCK_SECONDS,
        burst=BURST,
        steady=STEADY_PER_SECOND,
        seconds=STEADY_SECONDS,
        finality=5 * BLOCK_SECONDS,
    )
    header = ("database", "replicas", "delivered/s", "settled/s", "delivery, s", "wasted transactions")
    return part(RATES, note, header, rows)


def backlog_part(found):
    note = BACKLOG_NOTE.format(
        packets=f"{found[0].packets:,}",
        replicas=found[0].replicas,
        every=NEW_EVERY_SECONDS,
    )
    header = ("replicas", "all answered, s", "all settled, s", "packets/s", "new behind it, s", "new beside it, s")
    rows = [
        (
            str(one.replicas),
            f"{one.delivered_seconds:.0f}",
            f"{one.settled_seconds:.0f}",
            f"{one.packets / one.settled_seconds:.1f}",
            two(one.sent_behind),
            two(one.sent_beside),
        )
        for one in found
    ]
    return part(BACKLOGS, note, header, rows)


def part(heading, note, header, rows):
    lines = [header, tuple("---" for _ in header), *rows]
    table = "\n".join("| " + " | ".join(cells) + " |" for cells in lines)
    return f"{heading}\n\nConditions: {conditions()}. {note}\n\n{table}\n"


SECTION = re.compile(r"^## Relayers\n.*?(?=^## |\Z)", re.MULTILINE | re.DOTALL)
PARTS = re.compile(r"^(### [^\n]+)\n(.*?)(?=^### |\Z)", re.MULTILINE | re.DOTALL)


def put(parts, text):
    """The document with these parts of its section replaced or added; the others stay."""
    section = SECTION.search(text)
    kept = {} if section is None else {heading: f"{heading}\n{body}" for heading, body in PARTS.findall(section[0])}
    whole = kept | parts
    ordered = "\n".join(whole[heading].rstrip("\n") + "\n" for heading in (RATES, BACKLOGS) if heading in whole)
    rest = text if section is None else text[: section.start()] + text[section.end() :]
    return rest.rstrip("\n") + f"\n\n## Relayers\n\n`python tests/benchmarks relayers` measures this.\n\n{ordered}"


def main(arguments=None):
    """Print the section, or put it into a document."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", choices=("rates", "backlog"))
    parser.add_argument("--replicas", type=int, nargs="*", default=[1, 2, 4])
    parser.add_argument("--backlog", type=int, default=BACKLOG)
    parser.add_argument("--seconds", type=float, default=3_600.0)
    parser.add_argument("--into", type=Path)
    options = parser.parse_args(arguments if arguments is not None else [])
    parts = {}
    with tempfile.TemporaryDirectory(prefix="clearspan-postgres-") as folder:
        Path(folder).chmod(0o755)
        server = Postgres(Path(folder))
        stores = {
            "SQLite": lambda at: f"sqlite:///{at}/relayer.sqlite",
            "PostgreSQL": lambda _: server.new_url(),
        }
        if options.only != "backlog":
            found = []
            for name, store in stores.items():
                for count in options.replicas:
                    found.append(rates(count, name, store))
                    sys.stderr.write(f"{found[-1]}\n"[:300] + "\n")
            parts[RATES] = rates_part(found)
        if options.only != "rates":
            runs = [backlog(options.backlog, options.replicas[0], stores["PostgreSQL"], seconds=options.seconds)]
            parts[BACKLOGS] = backlog_part(runs)
        server.stop()
    if options.into is None:
        sys.stdout.write("\n".join(parts.values()))
    else:
        text = options.into.read_text() if options.into.is_file() else "# Benchmarks\n"
        options.into.write_text(put(parts, text))


if __name__ == "__main__":
    main(sys.argv[1:])
