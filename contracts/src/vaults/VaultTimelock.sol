// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {IVaultTimelock} from "../interfaces/IVaultTimelock.sol";
import {Change} from "../types/Exit.sol";
import {PauseBudget} from "./PauseBudget.sol";

/// @title VaultTimelock
/// @notice See {IVaultTimelock}.
abstract contract VaultTimelock is IVaultTimelock, PauseBudget {
    struct Proposal {
        uint64 readyAt;
        uint64 readyBlock;
        uint64 expiresAt;
    }

    /// @dev On the clock that stands still while paused.
    uint64 private constant PROPOSAL_LIFETIME = 14 days;

    uint64 public immutable override delaySeconds;
    uint64 public immutable override delayBlocks;

    mapping(bytes32 id => Proposal) public override proposals;

    constructor(uint64 delaySeconds_, uint64 delayBlocks_) {
        require(delaySeconds_ != 0 && delaySeconds_ <= type(uint32).max, InvalidDelay());
        require(delayBlocks_ != 0 && delayBlocks_ <= type(uint32).max, InvalidDelay());
        delaySeconds = delaySeconds_;
        delayBlocks = delayBlocks_;
    }

    /// @inheritdoc IVaultTimelock
    function propose(Change calldata change) external override onlyOwner {
        _requireValid(change);
        bytes32 id = _idOf(change);
        require(unpausedTime() >= proposals[id].expiresAt, ProposalPending(id));
        uint64 readyAt = unpausedTime() + delaySeconds;
        Proposal memory proposal = Proposal({
            readyAt: readyAt,
            readyBlock: uint64(block.number) + delayBlocks,
            expiresAt: readyAt + PROPOSAL_LIFETIME
        });
        proposals[id] = proposal;
        emit ChangeProposed(id, change, proposal.readyAt, proposal.readyBlock, proposal.expiresAt);
    }

    /// @inheritdoc IVaultTimelock
    function cancel(Change calldata change) external override {
        if (msg.sender != guardian) _checkOwner();
        bytes32 id = _idOf(change);
        require(proposals[id].readyAt != 0, NotProposed(id));
        delete proposals[id];
        emit ChangeCancelled(id);
    }

    /// @inheritdoc IVaultTimelock
    function activate(Change calldata change) external override whenNotPaused {
        bytes32 id = _idOf(change);
        Proposal memory proposal = proposals[id];
        require(proposal.readyAt != 0, NotProposed(id));
        (uint64 readyAt, uint64 readyBlock) = (proposal.readyAt, proposal.readyBlock);
        require(unpausedTime() >= readyAt, NotReady(readyAt, readyBlock));
        require(block.number >= readyBlock, NotReady(readyAt, readyBlock));
        require(unpausedTime() < proposal.expiresAt, ProposalExpired(proposal.expiresAt));
        delete proposals[id];
        emit ChangeActivated(id, change);
        _apply(change);
    }

    function _idOf(Change calldata change) private pure returns (bytes32) {
        return keccak256(abi.encode(change));
    }

    /// @dev Reverts for a change that could never be applied.
    function _requireValid(Change calldata change) internal view virtual;

    function _apply(Change calldata change) internal virtual;
}
