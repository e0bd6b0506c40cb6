// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";
import {ICollateralVault} from "../interfaces/ICollateralVault.sol";
import {AssetLimits, Exit} from "../types/Exit.sol";
import {PayoutQueue} from "./PayoutQueue.sol";

/// @title AssetBook
/// @notice Which assets a vault takes, how much it holds at most and how much may leave. Capacity and caps are tied: what
/// is held can leave within `MAX_EXIT_WINDOWS` windows, by either way out, whatever the limits are set to.
abstract contract AssetBook is ICollateralVault, PayoutQueue {
    struct Listing {
        bool isKnown;
        bool isAccepted;
        uint96 capacity;
    }

    uint256 public constant override MAX_EXIT_WINDOWS = 30;

    mapping(address asset => Listing) public override assetOf;

    /// @dev Deposits that no window could let out again in time are not taken.
    function _requireRoomFor(address asset, uint256 amount) internal view {
        Listing memory listing = assetOf[asset];
        require(listing.isAccepted, AssetNotAccepted(asset));
        require(holdings[asset] + amount <= listing.capacity, AboveCapacity(asset, listing.capacity));
    }

    function _setLimits(AssetLimits memory limits) internal {
        address asset = limits.asset;
        require(asset == ETHER || asset.code.length != 0, AssetWithoutCode(asset));
        uint256 lowest = Math.min(limits.releaseCap, limits.refundCap);
        uint256 floor = Math.max(1, Math.ceilDiv(holdings[asset], MAX_EXIT_WINDOWS));
        require(lowest >= floor, LimitBelowFloor(asset, floor));
        uint256 capacity = Math.min(lowest * MAX_EXIT_WINDOWS, type(uint96).max);
        assetOf[asset] = Listing({isKnown: true, isAccepted: true, capacity: uint96(capacity)});
        _setCap(Exit.Release, asset, limits.releaseCap);
        _setCap(Exit.Refund, asset, limits.refundCap);
        emit LimitsChanged(asset, limits.releaseCap, limits.refundCap);
    }

    function _retire(address asset) internal {
        require(assetOf[asset].isKnown, UnknownAsset(asset));
        assetOf[asset].isAccepted = false;
        emit AssetRetired(asset);
    }
}
