"""Approvals as they are kept, served and collected. Whoever collects them trusts nobody: each is checked again."""

from collections.abc import Sequence
from typing import Any, Protocol

import msgspec
import requests
from eth_keys.datatypes import Signature
from eth_keys.exceptions import BadSignature
from eth_utils.address import to_checksum_address

from bridge.abi import require_address
from bridge.attestations import Approval, Attestation, AttestationDomain
from bridge.clients import ConsensusState
from chains.errors import Reason, Unavailable
from relayers.store import Store
from relayers.tables import TaskRow
from relayers.task_store import Task, TaskStore

KEPT_HEIGHTS = 64
ANSWER_BYTES_MAX = 1 << 20
V_OFFSET = 27


class KeptApproval(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One signer's word about one height; bytes in hexadecimal."""

    epoch: int
    height: int
    block_hash: str
    parent_hash: str
    state_root: str
    timestamp: int
    signer: str
    expiry: int
    r: str
    s: str
    v: int

    @classmethod
    def of(cls, attestation: Attestation, approval: Approval) -> "KeptApproval":
        """An attestation and its approval in one."""
        state = attestation.state
        return cls(
            epoch=attestation.epoch,
            height=attestation.height,
            block_hash=state.block_hash.hex(),
            parent_hash=state.parent_hash.hex(),
            state_root=state.state_root.hex(),
            timestamp=state.timestamp,
            signer=approval.signer,
            expiry=approval.expiry,
            r=f"{approval.r:064x}",
            s=f"{approval.s:064x}",
            v=approval.v,
        )

    @property
    def attestation(self) -> Attestation:
        """What was approved; raises ValueError for what is no hexadecimal."""
        state = ConsensusState(
            block_hash=bytes.fromhex(self.block_hash),
            parent_hash=bytes.fromhex(self.parent_hash),
            state_root=bytes.fromhex(self.state_root),
            timestamp=self.timestamp,
        )
        return Attestation(epoch=self.epoch, height=self.height, state=state)

    @property
    def approval(self) -> Approval:
        """Who approved; raises ValueError."""
        return Approval(
            signer=require_address(self.signer), expiry=self.expiry, r=int(self.r, 16), s=int(self.s, 16), v=self.v
        )

    def is_signed(self, domain: AttestationDomain) -> bool:
        """Whether the signature is the signer's, for this client."""
        try:
            digest = domain.digest(self.attestation.struct_hash(self.expiry))
            signature = Signature(vrs=(self.v - V_OFFSET, int(self.r, 16), int(self.s, 16)))
            recovered = signature.recover_public_key_from_msg_hash(digest).to_checksum_address()
        except (BadSignature, ValueError, TypeError, OverflowError):
            return False
        return str(recovered) == self.signer


class ApprovalSource(Protocol):
    """Where approvals come from."""

    def approvals(self) -> Sequence[KeptApproval]:
        """Those of recent heights; raises Unavailable."""
        ...


class ApprovalBook:
    """Approvals of one client in the relayers' database."""

    def __init__(self, store: Store, client_key: str) -> None:
        self._store = store
        self._queue = f"approvals {client_key}"
        self._tasks = TaskStore(store, self._queue)

    def put(self, kept: KeptApproval) -> None:
        """Keep one."""
        key = kept.height.to_bytes(8, "big") + kept.expiry.to_bytes(8, "big") + bytes.fromhex(kept.signer[2:])
        body = msgspec.json.encode(kept)
        self._tasks.record([Task(key=key, position=kept.height, body=body)], kept.height + 1)
        oldest = max(0, kept.height - KEPT_HEIGHTS)
        with self._store.transaction() as session:
            stale = session.query(TaskRow).where(TaskRow.queue == self._queue, TaskRow.position < oldest)
            stale.delete(synchronize_session=False)

    @property
    def next_height(self) -> int:
        """The first height nothing was kept for."""
        return self._tasks.cursor(0)

    def approvals(self) -> Sequence[KeptApproval]:
        """See ApprovalSource."""
        tasks = self._tasks.unfinished((1 << 31) - 1)
        return [msgspec.json.decode(task.body, type=KeptApproval) for task in tasks]

    def served(self) -> dict[str, Any]:
        """What is put on the network."""
        return {"approvals": msgspec.to_builtins(list(self.approvals()))}


class HttpApprovals:
    """Another attestor's book over HTTP: `GET url` answers what `ApprovalBook.served` gives."""

    def __init__(self, url: str, *, timeout_seconds: float = 5.0) -> None:
        self._url = url
        self._timeout_seconds = timeout_seconds

    def approvals(self) -> Sequence[KeptApproval]:
        """See ApprovalSource; what is malformed counts as nothing."""
        try:
            with requests.get(self._url, timeout=self._timeout_seconds, stream=True, allow_redirects=False) as answer:
                answer.raise_for_status()
                body = answer.raw.read(ANSWER_BYTES_MAX, decode_content=True)
        except OSError as error:
            raise Unavailable(Reason.NODE_UNREACHABLE, type(error).__name__) from None
        try:
            found = msgspec.json.decode(body, type=dict[str, list[KeptApproval]])
        except msgspec.MsgspecError:
            return []
        return [kept for kept in found.get("approvals", []) if to_checksum_address(kept.signer) == kept.signer]
