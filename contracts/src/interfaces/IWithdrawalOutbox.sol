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
    event WithdrawalReleased(uint64 indexed id, bytes32 indexed packetId, uint64 indexed chainId);
    event WithdrawalReturned(uint64 indexed id, bytes32 indexed packetId);
    event VaultRegistered(uint64 indexed chainId, address vault);

    function registerVault(uint64 chainId, address vault) external;

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
