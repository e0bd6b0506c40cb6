// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {IPacketSender} from "./IMailbox.sol";

/// @notice Leaf of the withdrawals tree, see docs/protocol/state.md.
struct Withdrawal {
    uint64 id;
    uint32 account;
    address recipient;
    uint16 asset;
    uint64 chainId;
    address token;
    uint128 amount; // base units
}

/// @notice Sends finalised withdrawals to the vault of their chain, each once.
interface IWithdrawalOutbox is IPacketSender {
    error OnlyMailbox(address caller);
    /// @notice The answer is not of a packet that is out for its withdrawal.
    error WrongPacket(bytes32 packetId);
    error BatchNotFinal(uint64 batchIndex);
    error AlreadySpent(uint64 id);
    /// @notice The siblings do not lead from the leaf to the batch's state root.
    error InvalidWithdrawalProof();
    error UnknownVault(uint64 chainId);
    /// @notice The chain's vault is registered already, or an address is zero.
    error InvalidVault();

    event WithdrawalReleased(uint64 indexed id, bytes32 indexed packetId, uint64 indexed chainId);
    event WithdrawalReturned(uint64 indexed id, bytes32 indexed packetId);
    event VaultRegistered(uint64 indexed chainId, address vault);

    /// @notice Names the vault that pays on a chain, once, by the owner.
    function registerVault(uint64 chainId, address vault) external;

    /// @notice Sends the vault of the withdrawal's chain its release; anyone may call. A release that is answered with a
    /// failure or expires becomes releasable again. One that its chain has not been credited for stays open: it reverts with
    /// the ledger's error.
    /// @param batchIndex a final batch
    /// @param withdrawal the leaf
    /// @param withdrawalProof siblings of the leaf in the withdrawals tree, three per level from the leaf up
    /// @param rootProof siblings of the withdrawals root under the state root, three per level
    function release(
        uint64 batchIndex,
        Withdrawal calldata withdrawal,
        bytes32[] calldata withdrawalProof,
        bytes32[] calldata rootProof
    ) external returns (bytes32 packetId);

    function isSpent(uint64 id) external view returns (bool);
}
