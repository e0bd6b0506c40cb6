// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {ILightClient} from "../interfaces/ILightClient.sol";
import {AbiCalldata} from "./AbiCalldata.sol";
import {RlpCalldata} from "./RlpCalldata.sol";
import {TrieCalldata} from "./TrieCalldata.sol";

/// @notice Proves words of storage under a consensus state of which only the hash is kept; see docs/protocol/packets.md.
/// @dev Shared by the clients, so that one proof serves all of them.
library StateProof {
    using AbiCalldata for bytes;
    using TrieCalldata for TrieCalldata.Path;

    uint256 private constant STATE_BYTES = 128;
    uint256 private constant TIMESTAMP = 96;
    uint256 private constant STATE_ROOT = 64;
    uint256 private constant HASH_NIBBLES = 64;
    uint256 private constant NONCE_BYTES = 8;

    /// @notice Reverts unless every slot of `account` held its value; returns the state's timestamp.
    /// @param stored hash of the consensus state at `height`, 0 where there is none
    /// @param proof `abi.encode(ConsensusState state, bytes[] accountProof, bytes[][] storageProofs)`; the nodes of each storage
    /// proof are those that are not on the path of the slot before
    function verify(
        bytes32 stored,
        uint64 height,
        address account,
        bytes32[] calldata slots,
        bytes32[] calldata values,
        bytes calldata proof
    ) internal pure returns (uint64 timestamp) {
        require(stored != 0 && proof.length >= STATE_BYTES, ILightClient.UnknownHeight(height));
        require(keccak256(proof[:STATE_BYTES]) == stored, ILightClient.UnknownHeight(height));
        (uint256 first, uint256 count) = proof.arrayAt(0, STATE_BYTES + 32);
        require(count != 0 && count == slots.length && count == values.length, ILightClient.LengthMismatch());

        TrieCalldata.Path memory path = TrieCalldata.start(bytes32(proof.wordAt(STATE_ROOT)));
        path.root = _storageRoot(path, account, proof);
        path.count = 0;
        for (uint256 i = 0; i < count; ++i) {
            bytes32 slot = slots[i];
            bytes32 value = values[i];
            require(value != 0, ILightClient.ZeroValue(slot));
            (uint256 start, uint256 end) =
                path.find(keccak256(abi.encode(slot)), HASH_NIBBLES, proof, first, 32 * i);
            (uint256 word, uint256 next) = RlpCalldata.integer(start, 32);
            require(word == uint256(value) && next == end, ILightClient.ValueMismatch(slot));
        }
        return uint64(proof.wordAt(TIMESTAMP));
    }

    /// @dev An account is `[nonce, balance, storage root, code hash]`.
    function _storageRoot(TrieCalldata.Path memory path, address account, bytes calldata proof)
        private
        pure
        returns (bytes32 root)
    {
        (uint256 position, uint256 end) =
            path.find(keccak256(abi.encodePacked(account)), HASH_NIBBLES, proof, 0, STATE_BYTES);
        uint256 listEnd;
        (position, listEnd) = RlpCalldata.list(position);
        (, position) = RlpCalldata.integer(position, NONCE_BYTES);
        (, position) = RlpCalldata.integer(position, 32);
        (root, position) = RlpCalldata.word(position);
        (, position) = RlpCalldata.word(position);
        require(position == listEnd && position == end, RlpCalldata.MalformedRlp());
    }
}
