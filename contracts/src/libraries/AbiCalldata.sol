// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

/// @notice Reads ABI-encoded dynamic values in place, with a typed error where `abi.decode` reverts without a word.
library AbiCalldata {
    /// @notice An offset or a length points outside of the encoding.
    error MalformedEncoding();

    function wordAt(bytes calldata encoding, uint256 position) internal pure returns (uint256 value) {
        require(position + 32 <= encoding.length, MalformedEncoding());
        // In bounds by the line above.
        assembly ("memory-safe") {
            value := calldataload(add(encoding.offset, position))
        }
    }

    /// @notice Elements of the array whose offset stands at `base + head`, relative to `base`: where the first word of the
    /// elements is, and how many there are.
    function arrayAt(bytes calldata encoding, uint256 base, uint256 head)
        internal
        pure
        returns (uint256 first, uint256 count)
    {
        uint256 position = _follow(encoding, base, head);
        count = wordAt(encoding, position);
        first = position + 32;
        require(count <= (encoding.length - first) / 32, MalformedEncoding());
    }

    /// @notice Byte string whose offset stands at `base + head`, relative to `base`.
    function bytesAt(bytes calldata encoding, uint256 base, uint256 head) internal pure returns (bytes calldata) {
        uint256 position = _follow(encoding, base, head);
        uint256 length = wordAt(encoding, position);
        uint256 start = position + 32;
        require(length <= encoding.length - start, MalformedEncoding());
        return encoding[start:start + length];
    }

    /// @notice Array of byte strings whose offset stands at `base + head`, copied to memory.
    function bytesArrayAt(bytes calldata encoding, uint256 base, uint256 head)
        internal
        pure
        returns (bytes[] memory values)
    {
        (uint256 first, uint256 count) = arrayAt(encoding, base, head);
        values = new bytes[](count);
        for (uint256 i = 0; i < count; ++i) {
            values[i] = bytesAt(encoding, first, 32 * i);
        }
    }

    function _follow(bytes calldata encoding, uint256 base, uint256 head) private pure returns (uint256) {
        uint256 offset = wordAt(encoding, base + head);
        require(offset <= encoding.length, MalformedEncoding());
        return base + offset;
    }
}
