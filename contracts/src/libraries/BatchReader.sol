// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {IRollup} from "../interfaces/IRollup.sol";
import {StateTree} from "./StateTree.sol";

/// @notice Reads a batch's segments and derives its commitment; see docs/protocol/batches.md.
library BatchReader {
    uint256 internal constant MAX_DATA = 120_000;

    uint256 private constant LENGTH_BYTES = 3;
    uint256 private constant FIXED_BYTES = 10; // clock, forced count, step count
    uint256 private constant MAX_STEPS = 32;
    uint256 private constant MAX_STEP_BYTES = 4_096;
    uint8 private constant SEGMENT_TAG = 0x02;
    uint8 private constant BATCH_TAG = 0x03;

    struct Bounds {
        uint256 clock; // not below
        uint256 earliest; // not below, for the lag
        uint256 latest; // not above
    }

    /// @return commitment over the segments' bytes and roots
    /// @return forced items taken
    /// @return clock of the last segment
    function read(bytes calldata segments, bytes32[] calldata roots, Bounds memory bounds)
        internal
        pure
        returns (bytes32 commitment, uint256 forced, uint64 clock)
    {
        uint256 length = segments.length;
        require(length != 0 && length <= MAX_DATA, IRollup.DataSize(length));
        bytes32[] memory leaves = new bytes32[](_powerOfFour(roots.length));
        uint256 position = 0;
        uint256 index = 0;
        while (position < length) {
            require(index < roots.length, IRollup.RootCount(index + 1));
            uint256 end;
            uint256 taken;
            (end, taken, bounds.clock) = _segment(segments, position, index, bounds);
            forced += taken;
            bytes32 body = keccak256(segments[position + LENGTH_BYTES:end]);
            leaves[index] = keccak256(abi.encodePacked(SEGMENT_TAG, body, roots[index]));
            position = end;
            ++index;
        }
        require(index == roots.length, IRollup.RootCount(index));
        commitment = keccak256(abi.encodePacked(BATCH_TAG, uint32(index), _reduce(leaves)));
        clock = uint64(bounds.clock);
    }

    /// @dev Checks one segment and says where it ends.
    function _segment(bytes calldata segments, uint256 position, uint256 index, Bounds memory bounds)
        private
        pure
        returns (uint256 end, uint256 forced, uint256 clock)
    {
        uint256 head = _load(segments, position);
        end = position + LENGTH_BYTES + (head >> 232);
        position += LENGTH_BYTES + FIXED_BYTES;
        require(position <= end && end <= segments.length, IRollup.SegmentLength(index));
        clock = uint64(head >> 168);
        forced = uint8(head >> 160);
        uint256 steps = uint8(head >> 152);
        require(forced + steps != 0 && forced + steps <= MAX_STEPS, IRollup.SegmentCount(index));
        require(clock >= bounds.clock, IRollup.ClockFalls(index));
        require(clock <= bounds.latest, IRollup.ClockAhead(index));
        require(clock >= bounds.earliest, IRollup.ClockLags(index));
        for (; steps != 0; --steps) {
            uint256 stepBytes = _load(segments, position) >> 240;
            require(stepBytes <= MAX_STEP_BYTES, IRollup.StepLength(index));
            position += 2 + stepBytes;
        }
        require(position == end, IRollup.SegmentTrailing(index));
    }

    function _load(bytes calldata segments, uint256 position) private pure returns (uint256 value) {
        // Reading calldata has no side effects; what lies beyond the segments is caught by comparing ends.
        assembly ("memory-safe") {
            value := calldataload(add(segments.offset, position))
        }
    }

    /// @dev Root of a full tree over the leaves, level by level in their own memory.
    function _reduce(bytes32[] memory level) private pure returns (bytes32) {
        for (uint256 width = level.length; width > 1; width /= 4) {
            for (uint256 i = 0; i < width; i += 4) {
                level[i / 4] = StateTree.node(level[i], level[i + 1], level[i + 2], level[i + 3]);
            }
        }
        return level[0];
    }

    function _powerOfFour(uint256 atLeast) private pure returns (uint256 power) {
        power = 1;
        while (power < atLeast) power *= 4;
    }
}
