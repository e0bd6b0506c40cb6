"""What a log entry says: one kind byte and a fixed body. Segments and batches have explicit ends, so they are durable.

| kind | record | body |
|---|---|---|
| 1 | SegmentOpened | clock u64 |
| 2 | ForcedTaken | index u64, item |
| 3 | StepTaken | step |
| 4 | SegmentClosed | state root |
| 5 | BatchSealed | index u64, commitment |
| 6 | BatchPosted | index u64 |
| 7 | BatchesRecut | index u64, clock u64 |
| 8 | StepUndone | keccak-256 of the step, reason |
| 9 | RecutMade | steps whose result is another, u32 |
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class SegmentOpened:
    """A segment begins; the state's clock becomes its clock."""

    clock: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ForcedTaken:
    """The item of the forced queue was executed."""

    index: int
    item: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class StepTaken:
    """The step was executed and had an effect."""

    step: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class SegmentClosed:
    """The segment ended in this state root."""

    root: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchSealed:
    """The segments since the last batch are batch `index` and no other."""

    index: int
    commitment: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchPosted:
    """The settlement chain has the batch, beyond reorganisation."""

    index: int


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchesRecut:
    """Everything from batch `index` on, sealed or not, is given up; what follows up to the next cut replaces it."""

    index: int
    clock: int


@dataclass(frozen=True, slots=True, kw_only=True)
class StepUndone:
    """A step that was given up is refused now, for `reason`."""

    step_hash: bytes
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RecutMade:
    """All that was given up is done again, or undone; `changed` confirmed steps came out differently."""

    changed: int


Record = (
    SegmentOpened
    | ForcedTaken
    | StepTaken
    | SegmentClosed
    | BatchSealed
    | BatchPosted
    | BatchesRecut
    | StepUndone
    | RecutMade
)


def encode_record(record: Record) -> bytes:  # noqa: PLR0911 - one for each kind
    """The bytes of a record."""
    match record:
        case SegmentOpened(clock=clock):
            return b"\x01" + clock.to_bytes(8)
        case ForcedTaken(index=index, item=item):
            return b"\x02" + index.to_bytes(8) + item
        case StepTaken(step=step):
            return b"\x03" + step
        case SegmentClosed(root=root):
            return b"\x04" + root
        case BatchSealed(index=index, commitment=commitment):
            return b"\x05" + index.to_bytes(8) + commitment
        case BatchPosted(index=index):
            return b"\x06" + index.to_bytes(8)
        case BatchesRecut(index=index, clock=clock):
            return b"\x07" + index.to_bytes(8) + clock.to_bytes(8)
        case StepUndone(step_hash=step_hash, reason=reason):
            return b"\x08" + step_hash + reason.encode()
        case RecutMade(changed=changed):
            return b"\x09" + changed.to_bytes(4)


def decode_record(payload: bytes) -> Record:  # noqa: PLR0911 - one for each kind
    """Read a record to its last byte. Raises `ValueError` for anything else than `encode_record` writes."""
    kind, body = payload[:1], payload[1:]
    number = int.from_bytes(body[:8])
    match kind[0] if kind else 0, len(body):
        case 1, 8:
            return SegmentOpened(clock=number)
        case 2, length if length >= 8:
            return ForcedTaken(index=number, item=body[8:])
        case 3, _:
            return StepTaken(step=body)
        case 4, 32:
            return SegmentClosed(root=body)
        case 5, 40:
            return BatchSealed(index=number, commitment=body[8:])
        case 6, 8:
            return BatchPosted(index=number)
        case 7, 16:
            return BatchesRecut(index=number, clock=int.from_bytes(body[8:]))
        case 8, length if length > 32 and body[32:].isascii():
            return StepUndone(step_hash=body[:32], reason=body[32:].decode())
        case 9, 4:
            return RecutMade(changed=number)
    raise ValueError("not a record")
