// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {ECDSA} from "@openzeppelin/contracts/utils/cryptography/ECDSA.sol";
import {IQbftLightClient} from "../interfaces/IQbftLightClient.sol";
import {AbiCalldata} from "./AbiCalldata.sol";

/// @notice Counts the signers of a digest in sets of addresses that ascend strictly.
library CommitSeals {
    using AbiCalldata for bytes;

    /// @notice How many members signed, and how many of them are trusted too. Reverts for a seal of anybody else, for a second
    /// one of a signer and for a second form of one.
    /// @param head where in `encoded` the offset of the seals stands; they ascend by signer, so one pass finds each in both sets
    function count(bytes32 digest, bytes calldata encoded, uint256 head, address[] memory members, address[] memory trusted)
        internal
        pure
        returns (uint256 signers, uint256 overlap)
    {
        uint256 first;
        (first, signers) = encoded.arrayAt(0, head);
        address last = address(0);
        uint256 m = 0;
        uint256 t = 0;
        for (uint256 i = 0; i < signers; ++i) {
            address signer = _recover(digest, encoded.bytesAt(first, 32 * i), i);
            require(signer > last, IQbftLightClient.SealsNotAscending(i));
            last = signer;
            while (m < members.length && members[m] < signer) ++m;
            require(m < members.length && members[m] == signer, IQbftLightClient.ForeignSigner(signer));
            while (t < trusted.length && trusted[t] < signer) ++t;
            if (t < trusted.length && trusted[t] == signer) ++overlap;
        }
    }

    /// @notice The addresses whose array's offset stands at `head`, and the hash of their words.
    function set(bytes calldata encoded, uint256 head) internal pure returns (address[] memory members, bytes32 hash) {
        (uint256 first, uint256 size) = encoded.arrayAt(0, head);
        hash = keccak256(encoded[first:first + 32 * size]);
        members = new address[](size);
        // Copies `size` words, inside of `encoded` by `arrayAt`, over the array just allocated for them. The caller compares
        // their hash with that of clean addresses before it uses them.
        assembly ("memory-safe") {
            calldatacopy(add(members, 0x20), add(encoded.offset, first), mul(size, 0x20))
        }
    }

    function _recover(bytes32 digest, bytes calldata seal, uint256 index) private pure returns (address signer) {
        require(seal.length == 65, IQbftLightClient.InvalidSeal(index));
        uint8 v = uint8(seal[64]);
        if (v < 27) v += 27;
        ECDSA.RecoverError failure;
        (signer, failure,) = ECDSA.tryRecover(digest, v, bytes32(seal[:32]), bytes32(seal[32:64]));
        require(failure == ECDSA.RecoverError.NoError, IQbftLightClient.InvalidSeal(index));
    }
}
