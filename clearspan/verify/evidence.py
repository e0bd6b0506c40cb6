"""What the settlement chain says happened: batches from calldata, forced items from events, both against storage."""

from __future__ import annotations

from eth_utils.address import to_canonical_address

from bridge.deployment import Deployment
from bridge.settlement import ForcedQueue, QueueItem, Rollup
from chains import LocalChain
from clearspan.verify.words import proven_array
from contracts import storage_slot
from exchange.engine import ForcedItem
from exchange.rollup import Batch
from exchange.sdk.errors import Rejected

BATCH_WORDS = 3


def posted_batches(chain: LocalChain, network: Deployment) -> list[Batch]:
    """Every accepted batch, decoded from the call that posted it and held against the rollup's storage.

    Raises Rejected(BatchMissing or BatchDiffers).
    """
    header = chain.finalized_header()
    address = network.settlement.rollup
    kept = proven_array(chain, address, storage_slot("Rollup", "_batches"), header, width=BATCH_WORDS, words=2)
    contract = Rollup(chain, address).contract
    found = []
    for log in chain.logs(contract.events.BatchPosted(), network.settlement.deployed_at, header.number):
        call = chain.w3.eth.get_transaction(log["transactionHash"])
        function, arguments = contract.decode_function_input(call["input"])
        if call.get("to") != address or function.fn_name != "postBatch":
            raise Rejected("BatchMissing", f"batch {log['args']['index']} was not posted by a call to the rollup")
        batch = Batch(
            index=arguments["index"],
            parent_root=bytes(arguments["parentRoot"]),
            roots=tuple(map(bytes, arguments["roots"])),
            data=bytes(arguments["data"]),
        )
        _hold_against(batch, log["args"], kept)
        found.append(batch)
    if [batch.index for batch in found] != list(range(len(kept))):
        raise Rejected("BatchMissing", f"the rollup has {len(kept)} batches, {len(found)} were found")
    return found


def _hold_against(batch: Batch, event: dict[str, object], kept: list[tuple[bytes, ...]]) -> None:
    claims = (batch.commitment(), batch.state_root)
    stored = kept[batch.index] if batch.index < len(kept) else None
    if stored != claims or (event["commitment"], event["stateRoot"]) != claims:
        raise Rejected("BatchDiffers", f"batch {batch.index} is not the one the rollup committed to")


def queue_items(chain: LocalChain, network: Deployment) -> list[QueueItem]:
    """Every item of the forced queue, item `i` at index `i`, each held against its proven hash.

    Raises Rejected(ItemMissing or ItemDiffers).
    """
    header = chain.finalized_header()
    address = network.settlement.forced_queue
    hashes = proven_array(chain, address, storage_slot("ForcedQueue", "_hashes"), header)
    items = ForcedQueue(chain, address).items(network.settlement.deployed_at, header.number)
    if [item.index for item in items] != list(range(len(hashes))):
        raise Rejected("ItemMissing", f"the queue has {len(hashes)} items, {len(items)} were found")
    for item, (digest,) in zip(items, hashes, strict=True):
        if item.digest != digest:
            raise Rejected("ItemDiffers", f"item {item.index} is not the one the queue committed to")
    return items


def forced_item(item: QueueItem) -> ForcedItem:
    """The item as the engine takes it."""
    return ForcedItem(
        kind=int(item.kind),
        account=item.account,
        owner=to_canonical_address(item.owner),
        asset=item.asset,
        amount=item.amount,
        packet_id=item.packet_id,
        enqueued_at=item.enqueued_at,
    )
