// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {TrieCalldata} from "clearspan/libraries/TrieCalldata.sol";
import {Symbolic} from "./Symbolic.sol";

/// @notice One step of a trie proof: a node that is taken for a key is the one encoding of that key and its value, so no byte
/// of it is free.
contract TrieProof is Symbolic {
    using TrieCalldata for TrieCalldata.Path;

    /// @dev A leaf at the root of a trie of one-byte keys, with 32 bytes of value: 37 bytes, all of which may be anything but
    /// the second, which says that a path of two bytes follows: the prover cannot read at a place that depends on a symbol.
    function check_aLeafHasNoFreeByte(bytes32 root, bytes1 key, bytes1 list, bytes3 path, bytes32 head) external view {
        bytes memory node = abi.encodePacked(list, hex"82", path, head);
        bytes[] memory nodes = new bytes[](1);
        nodes[0] = node;
        bytes32 value = this.find(root, key, abi.encode(nodes));
        assert(keccak256(node) == root);
        bytes memory canonical = abi.encodePacked(hex"e48220", key, hex"a0", value);
        assert(keccak256(node) == keccak256(canonical));
    }

    function find(bytes32 root, bytes1 key, bytes calldata proof) external pure returns (bytes32 value) {
        (uint256 begin, uint256 end) = TrieCalldata.start(root).find(bytes32(key), 2, proof, 0, 0);
        require(end - begin == 32);
        // Reads the value.
        assembly ("memory-safe") {
            value := calldataload(begin)
        }
    }
}
