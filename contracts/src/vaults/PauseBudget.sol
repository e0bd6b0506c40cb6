// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {Ownable2Step} from "@openzeppelin/contracts/access/Ownable2Step.sol";
import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";
import {IPauseBudget} from "../interfaces/IPauseBudget.sol";

/// @title PauseBudget
/// @notice See {IPauseBudget}.
abstract contract PauseBudget is IPauseBudget, Ownable2Step {
    uint64 public immutable longestPauseSeconds;
    uint64 public immutable pauseBudgetSeconds;
    uint64 public immutable pauseRefillSeconds;

    address public override guardian;
    /// @dev Start of the latest pause, and the seconds of those before it.
    uint64 private _pausedFrom;
    uint64 private _pausedBefore;
    uint64 public override pausedUntil;
    /// @dev What of the budget was spent when a pause was last declared.
    uint64 private _spentSeconds;
    uint64 private _spentAt;

    modifier whenNotPaused() {
        require(!isPaused(), IsPaused(pausedUntil));
        _;
    }

    constructor(address guardian_, uint64 longestPauseSeconds_, uint64 budgetSeconds, uint64 refillSeconds) {
        require(longestPauseSeconds_ != 0 && longestPauseSeconds_ <= budgetSeconds, InvalidPauseParameters());
        // Less than half of all time can be paused in the long run.
        require(budgetSeconds < refillSeconds / 2 && refillSeconds <= type(uint32).max, InvalidPauseParameters());
        longestPauseSeconds = longestPauseSeconds_;
        pauseBudgetSeconds = budgetSeconds;
        pauseRefillSeconds = refillSeconds;
        _setGuardian(guardian_);
    }

    /// @inheritdoc IPauseBudget
    function pause(uint64 duration) external override {
        require(msg.sender == guardian, OnlyGuardian(msg.sender));
        require(duration != 0 && duration <= longestPauseSeconds, PauseOutOfRange(duration));
        uint64 current = uint64(block.timestamp);
        uint64 until = current + duration;
        require(until > pausedUntil, PauseNotLonger(pausedUntil));
        uint64 added = duration;
        if (isPaused()) {
            added = until - pausedUntil;
        } else {
            _pausedBefore += pausedUntil - _pausedFrom;
            _pausedFrom = current;
        }
        uint256 left = pauseBudget();
        require(added <= left, PauseBudgetSpent(left));
        (_spentSeconds, _spentAt) = (uint64(pauseBudgetSeconds - left) + added, current);
        pausedUntil = until;
        emit Paused(until);
    }

    /// @inheritdoc IPauseBudget
    function unpause() external override {
        if (msg.sender != guardian) _checkOwner();
        require(isPaused(), NotPaused());
        pausedUntil = uint64(block.timestamp);
        emit Unpaused();
    }

    /// @inheritdoc IPauseBudget
    function isPaused() public view override returns (bool) {
        return block.timestamp < pausedUntil;
    }

    /// @inheritdoc IPauseBudget
    function pauseBudget() public view override returns (uint256) {
        uint256 refilled = (block.timestamp - _spentAt) * pauseBudgetSeconds / pauseRefillSeconds;
        return pauseBudgetSeconds - Math.saturatingSub(_spentSeconds, refilled);
    }

    /// @inheritdoc IPauseBudget
    function unpausedTime() public view override returns (uint64) {
        uint64 end = isPaused() ? uint64(block.timestamp) : pausedUntil;
        return uint64(block.timestamp) - _pausedBefore - (end - _pausedFrom);
    }

    function _setGuardian(address guardian_) internal {
        guardian = guardian_;
        emit GuardianChanged(guardian_);
    }
}
