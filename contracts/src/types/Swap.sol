// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

/// @notice Everything a swap's key is the hash of, besides the chain and the contract.
/// @param locker gives the asset, and gets it back after the deadline
/// @param payee gets the asset, whoever brings the preimage
/// @param asset token, or `address(0)` for ether
/// @param amount base units of the asset
/// @param hashlock sha256 of the 32-byte preimage
/// @param safetyDeposit wei on top, for whoever finishes the swap
/// @param nonce tells apart two swaps that agree in everything else
struct Swap {
    address locker;
    address payee;
    address asset;
    uint128 amount;
    bytes32 hashlock;
    uint128 safetyDeposit;
    Timelocks timelocks;
    uint64 nonce;
}

/// @notice One swap of a batch of claims; the payee and the asset are the batch's, the hash is the preimage's.
struct BatchedClaim {
    address locker;
    uint128 amount;
    uint128 safetyDeposit;
    Timelocks timelocks;
    uint64 nonce;
    bytes32 preimage;
}

/// @notice Four times in seconds, 40 bits each, from the high end of the low 160 bits: claimFrom, publicClaimFrom,
/// refundFrom, publicRefundFrom. The rest is zero. A stage lasts from its time, included, to the next, excluded.
type Timelocks is uint256;

using {claimFrom, publicClaimFrom, refundFrom, publicRefundFrom} for Timelocks global;

/// @dev The payee may claim, and nothing can be locked any more.
function claimFrom(Timelocks timelocks) pure returns (uint256) {
    return Timelocks.unwrap(timelocks) >> 120;
}

/// @dev Anyone may claim for the payee.
function publicClaimFrom(Timelocks timelocks) pure returns (uint256) {
    return uint40(Timelocks.unwrap(timelocks) >> 80);
}

/// @dev Nobody may claim; the locker may take back.
function refundFrom(Timelocks timelocks) pure returns (uint256) {
    return uint40(Timelocks.unwrap(timelocks) >> 40);
}

/// @dev Anyone may give back to the locker.
function publicRefundFrom(Timelocks timelocks) pure returns (uint256) {
    return uint40(Timelocks.unwrap(timelocks));
}
