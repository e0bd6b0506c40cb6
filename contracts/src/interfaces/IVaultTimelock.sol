// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {Change} from "../types/Exit.sol";

/// @notice Changes of limits, assets, peers and guardian: the owner proposes, the owner or the guardian may cancel, and after
/// the delay anyone may activate. The delay is in seconds that were not paused, and in blocks, so that a halt does not eat it.
interface IVaultTimelock {
    error InvalidDelay();
    error ProposalPending(bytes32 change);
    error NotProposed(bytes32 change);
    /// @notice `readyAt` on the clock of {IPauseBudget-unpausedTime}.
    error NotReady(uint64 readyAt, uint64 readyBlock);
    error ProposalExpired(uint64 expiresAt);

    event ChangeProposed(bytes32 indexed id, Change change, uint64 readyAt, uint64 readyBlock, uint64 expiresAt);
    event ChangeCancelled(bytes32 indexed id);
    event ChangeActivated(bytes32 indexed id, Change change);

    function propose(Change calldata change) external;
    function cancel(Change calldata change) external;
    function activate(Change calldata change) external;

    function delaySeconds() external view returns (uint64);
    function delayBlocks() external view returns (uint64);

    /// @param id `keccak256(abi.encode(change))`
    function proposals(bytes32 id) external view returns (uint64 readyAt, uint64 readyBlock, uint64 expiresAt);
}
