// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {RateLimiter} from "@openzeppelin/contracts/utils/RateLimiter.sol";
import {Symbolic} from "./Symbolic.sol";

/// @notice OpenZeppelin's sliding window, on which the ledger rests: three amounts at any times, the shortest history in
/// which one window ends while another begins.
contract WindowProof is Symbolic {
    using RateLimiter for RateLimiter.SlidingWindow;

    uint48 private constant WINDOW = 1 days;
    RateLimiter.SlidingWindow private _window;

    function check_threeAmounts(uint32[3] memory amounts, uint32[3] memory times) external {
        _window.updateSettings(WINDOW, 1e6);
        for (uint256 i = 0; i < 3; ++i) {
            vm.assume(times[i] >= (i == 0 ? WINDOW : times[i - 1]));
            vm.warp(times[i]);
            _window.consume(0, amounts[i]);
        }
        uint256 first = uint256(amounts[0]) + amounts[1];
        if (times[1] - times[0] < WINDOW) assert(first <= 1e6);
        if (times[2] - times[1] < WINDOW) assert(uint256(amounts[1]) + amounts[2] <= 1e6);
        if (times[2] - times[0] < WINDOW) assert(first + amounts[2] <= 1e6);
    }
}
