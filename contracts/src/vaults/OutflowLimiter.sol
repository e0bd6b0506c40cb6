// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {RateLimiter} from "@openzeppelin/contracts/utils/RateLimiter.sol";
import {IPayoutQueue} from "../interfaces/IPayoutQueue.sol";
import {Exit} from "../types/Exit.sol";

/// @title OutflowLimiter
/// @notice A sliding window per asset and way out: what was spent in the `windowSeconds` that end now never exceeds the cap.
/// It is exact, for every payment is a checkpoint; what comes in gives no room, so that nobody makes room for himself.
abstract contract OutflowLimiter is IPayoutQueue {
    using RateLimiter for RateLimiter.SlidingWindow;

    bytes32 private constant OUTFLOW = 0;

    /// @dev Never changes: a longer window could not know what it has forgotten, a shorter one would forget too early.
    uint48 public immutable override windowSeconds;

    mapping(Exit exit => mapping(address asset => RateLimiter.SlidingWindow)) private _windows;

    constructor(uint48 windowSeconds_) {
        require(windowSeconds_ != 0, InvalidWindow());
        windowSeconds = windowSeconds_;
    }

    /// @inheritdoc IPayoutQueue
    function room(address asset, bool refunds) external view override returns (uint256) {
        return _room(refunds ? Exit.Refund : Exit.Release, asset);
    }

    function _setCap(Exit exit, address asset, uint96 cap) internal {
        _windows[exit][asset].updateSettings(windowSeconds, cap);
    }

    function _spend(Exit exit, address asset, uint256 amount) internal {
        _windows[exit][asset].consume(OUTFLOW, amount);
    }

    function _room(Exit exit, address asset) internal view returns (uint256) {
        return _windows[exit][asset].available(OUTFLOW);
    }
}
