// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

/// @notice Reads canonical RLP in place. Positions are absolute in calldata and only grow; the caller compares the last one
/// with the end of its input, which bounds all of them.
/// @dev OpenZeppelin's RLP accepts leading zeros in integers and builds lists in memory; a header needs neither.
library RlpCalldata {
    /// @notice The bytes are not the one canonical encoding of what is expected here.
    error MalformedRlp();

    /// @notice Bounds of the contents of the list at `position`.
    function list(uint256 position) internal pure returns (uint256 start, uint256 end) {
        return _contents(position, 0xc0);
    }

    /// @notice Bounds of the contents of the byte string of two bytes or more at `position`.
    function text(uint256 position) internal pure returns (uint256 start, uint256 end) {
        return _contents(position, 0x80);
    }

    /// @notice The 32-byte string at `position`.
    function word(uint256 position) internal pure returns (bytes32 value, uint256 next) {
        require(byteAt(position) == 0xa0, MalformedRlp());
        unchecked {
            return (bytes32(load(position + 1)), position + 33);
        }
    }

    /// @notice The 20-byte string at `position`.
    function account(uint256 position) internal pure returns (address value, uint256 next) {
        uint256 raw = load(position);
        require(raw >> 248 == 0x94, MalformedRlp());
        unchecked {
            return (address(uint160(raw >> 88)), position + 21);
        }
    }

    /// @notice The integer of at most `maxBytes` (up to 32) bytes at `position`.
    function integer(uint256 position, uint256 maxBytes) internal pure returns (uint256 value, uint256 next) {
        unchecked {
            uint256 head = load(position);
            uint256 prefix = head >> 248;
            if (prefix < 0x80) {
                require(prefix != 0, MalformedRlp());
                return (prefix, position + 1);
            }
            uint256 length = prefix - 0x80;
            require(length <= maxBytes, MalformedRlp());
            if (length == 0) return (0, position + 1);
            value = load(position + 1) >> (256 - 8 * length);
            require(value >> (8 * (length - 1)) != 0 && value >= 0x80, MalformedRlp());
            return (value, position + 1 + length);
        }
    }

    function byteAt(uint256 position) internal pure returns (uint256) {
        return load(position) >> 248;
    }

    function load(uint256 position) internal pure returns (uint256 value) {
        // Reading calldata has no side effects, and gives zeros beyond its end.
        assembly ("memory-safe") {
            value := calldataload(position)
        }
    }

    /// @dev `base` is 0x80 for byte strings, 0xc0 for lists. Lengths stay below 2^24, so positions cannot overflow.
    function _contents(uint256 position, uint256 base) private pure returns (uint256 start, uint256 end) {
        unchecked {
            uint256 head = load(position);
            uint256 prefix = head >> 248;
            require(prefix >= base && prefix <= base + 58, MalformedRlp());
            uint256 length = prefix - base;
            if (length <= 55) return (position + 1, position + 1 + length);
            uint256 lengthBytes = length - 55;
            length = (head << 8) >> (256 - 8 * lengthBytes);
            require(length > 55 && length >> (8 * (lengthBytes - 1)) != 0, MalformedRlp());
            start = position + 1 + lengthBytes;
            return (start, start + length);
        }
    }
}
