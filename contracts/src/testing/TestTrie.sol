// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {TrieProof} from "@openzeppelin/contracts/utils/cryptography/TrieProof.sol";
import {AbiCalldata} from "../libraries/AbiCalldata.sol";
import {TrieCalldata} from "../libraries/TrieCalldata.sol";

/// @notice Our trie proofs beside OpenZeppelin's, with the gas each takes. For tests only.
contract TestTrie {
    using AbiCalldata for bytes;
    using TrieCalldata for TrieCalldata.Path;

    error KeyTooLong();

    /// @param proof `abi.encode(bytes[] nodes)`
    function find(bytes32 root, bytes calldata key, bytes calldata proof)
        external
        view
        returns (bytes memory value, uint256 gasUsed)
    {
        require(key.length <= 32, KeyTooLong());
        gasUsed = gasleft();
        (uint256 start, uint256 end) = TrieCalldata.start(root).find(bytes32(key), 2 * key.length, proof, 0, 0);
        gasUsed -= gasleft();
        value = _copy(start, end);
    }

    /// @param proofs `abi.encode(bytes[][] nodes)`, of each key those that are not on the path of the key before
    function findAll(bytes32 root, bytes32[] calldata keys, bytes calldata proofs)
        external
        view
        returns (bytes[] memory values, uint256 gasUsed)
    {
        values = new bytes[](keys.length);
        gasUsed = gasleft();
        TrieCalldata.Path memory path = TrieCalldata.start(root);
        (uint256 first, uint256 count) = proofs.arrayAt(0, 0);
        require(count == keys.length, AbiCalldata.MalformedEncoding());
        for (uint256 i = 0; i < count; ++i) {
            (uint256 start, uint256 end) = path.find(keys[i], 64, proofs, first, 32 * i);
            values[i] = _copy(start, end);
        }
        gasUsed -= gasleft();
    }

    function findWithOpenZeppelin(bytes32 root, bytes calldata key, bytes calldata proof)
        external
        view
        returns (bytes memory value, uint256 gasUsed)
    {
        gasUsed = gasleft();
        value = TrieProof.traverse(root, key, proof.bytesArrayAt(0, 0));
        gasUsed -= gasleft();
    }

    function _copy(uint256 start, uint256 end) private pure returns (bytes memory value) {
        value = new bytes(end - start);
        // Fills the array just allocated.
        assembly ("memory-safe") {
            calldatacopy(add(value, 0x20), start, mload(value))
        }
    }
}
