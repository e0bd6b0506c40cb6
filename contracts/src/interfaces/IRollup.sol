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
    error NotPoster(address caller);
    error WrongIndex(uint64 expected);
    error WrongParent(bytes32 expected);
    error DataSize(uint256 length);
    /// @notice Not one root for each segment.
    error RootCount(uint256 segments);
    /// @notice The segment's length exceeds the data, or is too short for its fixed fields.
    error SegmentLength(uint256 segment);
    /// @notice Not 1 to 32 forced items and steps.
    error SegmentCount(uint256 segment);
    error StepLength(uint256 segment);
    /// @notice The steps do not end where the segment does.
    error SegmentTrailing(uint256 segment);
    /// @notice The clock falls, within the batch or from the last one.
    error ClockFalls(uint256 segment);
    error ClockAhead(uint256 segment);
    error ClockLags(uint256 segment);
    /// @notice More forced items taken than the queue has.
    error QueueExceeded(uint256 cursor);
    /// @notice The oldest item not taken is past its deadline.
    error QueueOverdue(uint64 item);
    error UnknownBatch(uint64 index);
    /// @notice A zero genesis root or period, or a queue without code.
    error InvalidParameters();

    event PosterSet(address indexed poster, bool allowed);
    event BatchPosted(
        uint64 indexed index, bytes32 indexed commitment, bytes32 stateRoot, uint64 queueCursor, uint64 clock, uint32 segments
    );

    /// @param index of the batch, must be the next one; the first is 0
    /// @param parentRoot state root the batch starts from, must be the last claimed one
    /// @param roots claimed state root after each segment
    /// @param data segments, see docs/protocol/batches.md
    function postBatch(uint64 index, bytes32 parentRoot, bytes32[] calldata roots, bytes calldata data) external;

    /// @notice Allows or disallows an address to post, by the owner.
    function setPoster(address poster, bool allowed) external;

    function isPoster(address poster) external view returns (bool);

    /// @notice Root claimed last; the genesis root before the first batch.
    function latestRoot() external view returns (bytes32);

    function batch(uint64 index) external view returns (Batch memory);

    function batchCount() external view returns (uint64);

    /// @notice True once the challenge period passed in seconds and in blocks.
    function isFinal(uint64 index) external view returns (bool);
}
