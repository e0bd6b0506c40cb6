// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {AbiCalldata} from "./AbiCalldata.sol";

/// @notice Proves values in a Merkle-Patricia trie from its nodes, read in place. Only presence can be proven: whatever else a
/// proof shows, it reverts.
/// @dev Every node must be canonical RLP to its last byte and hash to what its parent says. Nodes under 32 bytes stand inside
/// of their parent and nowhere else, so that one sequence of keys has one proof. Positions are absolute in calldata and below
/// 2^32, lengths below 2^24, so no sum of them overflows.
library TrieCalldata {
    using AbiCalldata for bytes;

    /// @notice The path leads to another key or to nothing.
    error Absent();
    /// @notice A node does not hash to what its parent, or the root, says.
    error HashMismatch();
    /// @notice A node is not canonical RLP of a leaf, an extension or a branch.
    error MalformedNode();
    /// @notice The path goes on, the proof does not.
    error Truncated();
    /// @notice The proof goes on, the path does not.
    error UnusedNode();

    uint256 private constant EMPTY = 0x80; // the empty string
    uint256 private constant HASH = 0xa0; // prefix of a string of 32 bytes
    uint256 private constant LIST = 0xc0; // prefixes from here on are lists
    uint256 private constant MIN_HASHED = 32; // bytes of a node that is not inlined

    uint256 private constant BRANCH_VALUE = 16; // index of a branch's value, after its children
    uint256 private constant FULL_BRANCH = 529; // bytes of 16 hashes and no value

    /// @dev Bit p is set where p may be the prefix of a child: nothing, a hash, or a list of 2 to 31 bytes in all.
    uint256 private constant CHILD_PREFIXES = 1 << EMPTY | 1 << HASH | ((1 << 0xdf) - (1 << 0xc1));

    /// @dev The root and 64 nodes below it: every node consumes at least one of 64 nibbles.
    uint256 private constant MAX_NODES = 65;

    /// @notice The way to the key proven last, for the next one to start from where the two part.
    struct Path {
        bytes32 root;
        bytes32 key;
        uint256 count;
        uint256[] nodes; // of each listed node on the way: begin of its items << 64 | end << 8 | nibbles before it
    }

    function start(bytes32 root) internal pure returns (Path memory path) {
        path.root = root;
        path.nodes = new uint256[](MAX_NODES);
    }

    /// @notice Bounds of the value of `key`.
    /// @param path a new one, or that of an earlier key; becomes the path of this key
    /// @param nibbles of the key, from its left, at most 64
    /// @param proof where `bytes[]` stands at `base + head`, relative to `base`: the nodes from the root down without those that
    /// are already on `path`
    function find(Path memory path, bytes32 key, uint256 nibbles, bytes calldata proof, uint256 base, uint256 head)
        internal
        pure
        returns (uint256 valueBegin, uint256 valueEnd)
    {
        (uint256 first, uint256 listed) = proof.arrayAt(base, head);
        unchecked {
            uint256 used = 0;
            (uint256 begin, uint256 end, uint256 depth) = _shared(path, key);
            bytes32 expected = path.root;
            path.key = key;
            while (true) {
                if (begin == 0) {
                    require(used < listed, Truncated());
                    (begin, end) = _take(proof, first, used++, expected);
                    require(end - begin >= MIN_HASHED - 1 || depth == 0, MalformedNode());
                    path.nodes[path.count++] = begin << 64 | end << 8 | depth;
                }
                uint256 item;
                (item, depth, valueEnd) = _step(begin, end, uint256(key), depth, nibbles);
                if (valueEnd != 0) {
                    require(used == listed, UnusedNode());
                    return (item, valueEnd);
                }
                uint256 prefix = _byte(item);
                if (prefix == HASH) {
                    (begin, expected) = (0, bytes32(_load(item + 1)));
                } else {
                    require(prefix != EMPTY, Absent());
                    require(prefix >= LIST && CHILD_PREFIXES >> prefix & 1 != 0, MalformedNode());
                    (begin, end) = (item + 1, item + 1 + prefix - LIST);
                }
            }
        }
    }

    /// @dev The deepest node that is on the way to both keys; forgets those below it. Zeros on a new path.
    function _shared(Path memory path, bytes32 key) private pure returns (uint256 begin, uint256 end, uint256 depth) {
        unchecked {
            uint256 difference = uint256(path.key ^ key);
            for (uint256 count = path.count; count != 0; --count) {
                uint256 entry = path.nodes[count - 1];
                depth = entry & 0xff;
                // What is left are the nibbles before the node, none before the root.
                if (difference >> (256 - 4 * depth) == 0) {
                    path.count = count;
                    return (entry >> 64, entry >> 8 & type(uint56).max, depth);
                }
            }
        }
    }

    /// @dev Bounds of the items of a listed node, which must hash to `expected` and be one list.
    function _take(bytes calldata proof, uint256 first, uint256 index, bytes32 expected)
        private
        pure
        returns (uint256 begin, uint256 end)
    {
        unchecked {
            uint256 position;
            uint256 limit;
            // Only takes the position and the end of the argument.
            assembly ("memory-safe") {
                position := add(proof.offset, first)
                limit := add(proof.offset, proof.length)
            }
            uint256 offset = _load(position + 32 * index);
            require(offset <= proof.length, AbiCalldata.MalformedEncoding());
            position += offset;
            uint256 length = _load(position);
            position += 32;
            require(length <= proof.length && position + length <= limit, AbiCalldata.MalformedEncoding());
            bytes32 hash;
            // Hashes a copy behind the free memory pointer, which stays where it is.
            assembly ("memory-safe") {
                let scratch := mload(0x40)
                calldatacopy(scratch, position, length)
                hash := keccak256(scratch, length)
            }
            require(hash == expected, HashMismatch());
            (begin, end) = _list(position);
            require(end == position + length, MalformedNode());
        }
    }

    /// @dev Follows the key through one node: to the item of a child, with `valueEnd` 0, or to the bounds of the value.
    function _step(uint256 begin, uint256 end, uint256 key, uint256 depth, uint256 nibbles)
        private
        pure
        returns (uint256 item, uint256 nextDepth, uint256 valueEnd)
    {
        unchecked {
            if (_isBranch(begin, end)) {
                if (depth == nibbles) return _value(_child(begin, end, BRANCH_VALUE), end);
                return (_child(begin, end, key << (4 * depth) >> 252), depth + 1, 0);
            }
            (bool leaf, uint256 length, uint256 bits, uint256 next) = _hexPrefix(begin);
            uint256 left = nibbles - depth;
            require(leaf ? length == left : length <= left, Absent());
            // Shifts by 256 give 0, as a path of no nibbles should.
            require(key << (4 * depth) >> (256 - 4 * length) == bits >> (256 - 4 * length), Absent());
            if (leaf) return _value(next, end);
            require(_next(next) == end, MalformedNode());
            return (next, depth + length, 0);
        }
    }

    /// @dev A leaf or an extension is two items of which the first is a path, which is a string and never empty; a first item of
    /// 32 bytes may be either's.
    function _isBranch(uint256 begin, uint256 end) private pure returns (bool) {
        unchecked {
            uint256 prefix = _byte(begin);
            if (prefix == HASH) return end - begin >= FULL_BRANCH || _next(begin + 33) != end;
            return prefix == EMPTY || prefix >= LIST;
        }
    }

    /// @dev Position of one of a branch's items; checks that 16 children and a value fill it.
    function _child(uint256 begin, uint256 end, uint256 index) private pure returns (uint256 item) {
        unchecked {
            if (end - begin == FULL_BRANCH && _isFull(begin)) return begin + 33 * index;
            uint256 position;
            bool wellFormed;
            uint256 allowed = CHILD_PREFIXES;
            // Only reads calldata; beyond its end are zeros, and zero is no child's prefix.
            assembly ("memory-safe") {
                function skip(from, count, prefixes) -> to, valid {
                    to := from
                    valid := 1
                    for {} count { count := sub(count, 1) } {
                        let prefix := byte(0, calldataload(to))
                        valid := and(valid, shr(prefix, prefixes))
                        // A string's length is its prefix less 0x80, a list's less 0xc0.
                        to := add(to, sub(sub(prefix, 0x7f), shl(6, gt(prefix, 0xbf))))
                    }
                }
                item, wellFormed := skip(begin, index, allowed)
                let valid
                position, valid := skip(item, sub(BRANCH_VALUE, index), allowed)
                wellFormed := and(wellFormed, valid)
            }
            require(wellFormed, MalformedNode());
            (, uint256 last) = _text(position);
            require(last == end, MalformedNode());
        }
    }

    /// @dev Whether 16 hashes and an empty value stand where those of a full branch do. Nodes near the root all are, and this is
    /// a third of the cost of walking through them.
    function _isFull(uint256 begin) private pure returns (bool full) {
        // Only reads calldata.
        assembly ("memory-safe") {
            function difference(position) -> bits {
                bits := or(
                    or(xor(0xa0, byte(0, calldataload(position))), xor(0xa0, byte(0, calldataload(add(position, 33))))),
                    or(
                        xor(0xa0, byte(0, calldataload(add(position, 66)))),
                        xor(0xa0, byte(0, calldataload(add(position, 99))))
                    )
                )
            }
            full := iszero(
                or(
                    or(
                        or(difference(begin), difference(add(begin, 132))),
                        or(difference(add(begin, 264)), difference(add(begin, 396)))
                    ),
                    xor(0x80, byte(0, calldataload(add(begin, 528))))
                )
            )
        }
    }

    /// @dev Bounds of the value at `item`, the last of its node.
    function _value(uint256 item, uint256 end) private pure returns (uint256 begin, uint256 depth, uint256 valueEnd) {
        (begin, valueEnd) = _text(item);
        require(valueEnd == end, MalformedNode());
        require(begin != end, Absent());
        return (begin, 0, valueEnd);
    }

    /// @dev Path of a leaf or an extension: its nibbles from the left of `bits`. Only a leaf's may be empty.
    function _hexPrefix(uint256 position)
        private
        pure
        returns (bool leaf, uint256 nibbles, uint256 bits, uint256 next)
    {
        unchecked {
            (uint256 begin, uint256 end) = _text(position);
            uint256 flags = _byte(begin);
            require(flags < 0x40 && end - begin <= 33, MalformedNode());
            leaf = flags >= 0x20;
            if (flags & 0x10 != 0) {
                // 65 nibbles lose one here, but no key has as many.
                (nibbles, bits) = (2 * (end - begin) - 1, _load(begin) << 4);
            } else {
                require(flags & 0x0f == 0, MalformedNode());
                (nibbles, bits) = (2 * (end - begin) - 2, _load(begin + 1));
                require(leaf || nibbles != 0, MalformedNode());
            }
            return (leaf, nibbles, bits, end);
        }
    }

    /// @dev End of the item at `position`.
    function _next(uint256 position) private pure returns (uint256 end) {
        (, end) = _byte(position) < LIST ? _text(position) : _list(position);
    }

    function _text(uint256 position) private pure returns (uint256 begin, uint256 end) {
        unchecked {
            uint256 head = _load(position);
            uint256 prefix = head >> 248;
            if (prefix < EMPTY) return (position, position + 1);
            require(prefix < LIST, MalformedNode());
            (begin, end) = _contents(position, head, prefix - EMPTY);
            // A byte below 0x80 stands for itself.
            require(prefix != 0x81 || _byte(begin) >= EMPTY, MalformedNode());
        }
    }

    function _list(uint256 position) private pure returns (uint256 begin, uint256 end) {
        unchecked {
            uint256 head = _load(position);
            uint256 prefix = head >> 248;
            require(prefix >= LIST, MalformedNode());
            return _contents(position, head, prefix - LIST);
        }
    }

    /// @dev `kind` is the prefix without its base: the length up to 55, above that 55 and the length of the length.
    function _contents(uint256 position, uint256 head, uint256 kind)
        private
        pure
        returns (uint256 begin, uint256 end)
    {
        unchecked {
            if (kind <= 55) return (position + 1, position + 1 + kind);
            uint256 width = kind - 55;
            require(width <= 3, MalformedNode());
            uint256 length = head << 8 >> (256 - 8 * width);
            require(length > 55 && length >> (8 * (width - 1)) != 0, MalformedNode());
            begin = position + 1 + width;
            return (begin, begin + length);
        }
    }

    function _byte(uint256 position) private pure returns (uint256) {
        return _load(position) >> 248;
    }

    function _load(uint256 position) private pure returns (uint256 value) {
        // Reading calldata has no side effects, and gives zeros beyond its end.
        assembly ("memory-safe") {
            value := calldataload(position)
        }
    }
}
