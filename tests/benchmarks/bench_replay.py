"""A recorded market on the whole system, and the same steps executed again from the sequencer's log alone.

The first figure includes three chains, the relayers and the reading of the recording, all in one process; the second is
what recovery after a crash does: every signature, match, margin check and commit of the run, on one core.
"""

from __future__ import annotations

import tempfile
from pathlib import Path
from time import perf_counter

from clearspan.listing import genesis_inputs, genesis_state
from clearspan.progress import Silent
from clearspan.replay.recording import recording_of
from clearspan.replay.run import replay, replay_devnet
from exchange.sequencer import MemoryLog, OperatorKey, Sequencer

DATA = Path(__file__).resolve().parents[3] / "shared" / "data"
FILES = ("binance-usdm-btcusdt-20240808.jsonl.gz", "binance-usdm-ethusdt-20240808.jsonl.gz")


def run(lines: int = 6_000) -> list[str]:
    """Lines to print."""
    recordings = [recording_of(DATA / name) for name in FILES]
    with tempfile.TemporaryDirectory() as folder, replay_devnet(recordings, seed=1, directory=Path(folder)) as net:
        outcome = replay(net, recordings, Silent(), lines)
        core = net.core
        entries = [entry.payload for entry in core.sequencer.log.read()]
        state = genesis_state(core.network.listing, genesis_inputs(core.network.deployment, core.network.listing))
        log = MemoryLog(state.root)
        log.append(entries)
        key = OperatorKey(bytes(core.network.keys.operator.key), state.domain)
        started = perf_counter()
        Sequencer(state, log, key, core.clock)
        again = perf_counter() - started
        if state.root != core.sequencer.state.root:
            raise RuntimeError("the same log led to another root")
    orders, cancels = outcome.orders, outcome.cancels
    return [
        f"replay: {outcome.lines:,} lines of both recorded perpetuals: {orders:,} orders, {cancels:,} cancels",
        *(
            f"  {name:<14} {orders / seconds:>9,.0f} orders/s {(orders + cancels) / seconds:>9,.0f} signed steps/s"
            for name, seconds in {"whole system": outcome.seconds, "from the log": again}.items()
        ),
    ]


def main() -> None:
    """Print both figures; says so where the recordings are not there."""
    if not (DATA / FILES[0]).exists():
        print("replay: no recorded data beside the repository")
        return
    for line in run():
        print(line)


if __name__ == "__main__":
    main()
