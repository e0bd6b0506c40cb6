"""Runs whose chains are sound and whose operator is not: only re-execution finds them out."""

from dataclasses import replace

import pytest

from clearspan import Devnet
from clearspan.verify import verify_directory


class Liar:
    """A batch source between the sequencer and the poster that changes what is claimed."""

    def __init__(self, sequencer, change):
        self._sequencer = sequencer
        self._change = change
        self._claimed = {}

    @property
    def posted_batches(self):
        return self._sequencer.posted_batches

    @property
    def backlog_bytes(self):
        return self._sequencer.backlog_bytes

    def next_batch(self):
        batch = self._sequencer.next_batch()
        if batch is None:
            return None
        self._claimed[batch.index] = batch.commitment()
        return self._change(batch)

    def confirm_posted(self, index, commitment):
        self._sequencer.confirm_posted(index, self._claimed[index])


def wrong_root(batch):
    return replace(batch, roots=(*batch.roots[:-1], bytes(31) + b"\x01"))


def left_out_step(batch):
    segments = batch.segments()
    assert segments[0].steps
    body = segments[0]
    shorter = replace(body, steps=(*body.steps[:-1], b"\x06\xff\xff"))
    return replace(batch, data=b"".join(segment.encode() for segment in (shorter, *segments[1:])))


@pytest.mark.parametrize("change", [wrong_root, left_out_step])
def test_a_claim_that_does_not_follow_is_found(tmp_path, change):
    with Devnet(directory=tmp_path) as net:
        poster = net.core.daemons["batch poster"]
        poster._source = Liar(net.core.sequencer, change)
        net.core.set_price("BTC", "60000")
        net.step()
        rollup = poster._rollup
        assert rollup.batch_count() == 1, "the contract takes roots on trust until fraud can be proven"
    answer = verify_directory(tmp_path)
    assert [row.name for row in answer.checks if not row.ok] == ["state roots"]
    assert "StateRoot at batch 0, segment 0" in answer.reason


def test_the_same_run_with_an_honest_poster_is_verified(tmp_path):
    with Devnet(directory=tmp_path) as net:
        net.core.set_price("BTC", "60000")
        net.step()
    assert verify_directory(tmp_path).ok
