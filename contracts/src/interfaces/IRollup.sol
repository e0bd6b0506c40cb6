// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

/// @notice What is kept of a batch.
struct Batch {
    bytes32 commitment; // tree over (bytes, root) of each segment
    bytes32 stateRoot; // claimed after the last segment
    uint64 postedAt;
    uint64 postedBlock;
    uint64 queueCursor; // forced items taken up to and with this batch
    uint64 clock; // timestamp of the last segment
}

/// @notice Takes batches, derives their commitment from calldata, finalises their roots after a period.
interface IRollup {
    event BatchPosted(
        uint64 indexed index, bytes32 indexed commitment, bytes32 stateRoot, uint64 queueCursor, uint64 clock, uint32 segments
    );

    /// @param index of the batch, must be the next one
    /// @param parentRoot state root the batch starts from, must be the last claimed one
    /// @param roots claimed state root after each segment
    /// @param data segments, see docs/protocol/batches.md
    function postBatch(uint64 index, bytes32 parentRoot, bytes32[] calldata roots, bytes calldata data) external;

    function batch(uint64 index) external view returns (Batch memory);

    function batchCount() external view returns (uint64);

    /// @notice True once the challenge period passed in seconds and in blocks.
    function isFinal(uint64 index) external view returns (bool);
}
