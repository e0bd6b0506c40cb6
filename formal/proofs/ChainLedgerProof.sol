// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {Caps, Listing} from "clearspan/interfaces/IChainLedger.sol";
import {ChainLedger} from "clearspan/rollup/ChainLedger.sol";
import {Symbolic} from "./Symbolic.sol";

/// @notice The ledger as deployed, with one token listed: who may change its accounts, its window, what it publishes.
contract ChainLedgerProof is Symbolic {
    uint48 private constant WINDOW = 1 days;
    uint64 private constant CHAIN = 1;
    address private constant TOKEN = address(0x7001);
    address private constant QUEUE = address(0x7002);
    address private constant OUTBOX = address(0x7003);

    /// @dev A fresh ledger with any caps.
    function _ledger(Caps memory caps) private returns (ChainLedger) {
        Listing[] memory listings = new Listing[](1);
        listings[0] = Listing(CHAIN, TOKEN, caps);
        return new ChainLedger(address(this), QUEUE, OUTBOX, WINDOW, 1 days, 10, listings);
    }

    function check_onlyQueueAndOutboxKeepAccounts(Caps memory caps, address caller, uint8 step, uint128 amount) external {
        ChainLedger ledger = _ledger(caps);
        vm.prank(QUEUE);
        ledger.credit(CHAIN, TOKEN, caps.window);
        vm.prank(OUTBOX);
        ledger.release(CHAIN, TOKEN, caps.window / 2);
        vm.assume(caller != (step == 0 ? QUEUE : OUTBOX));
        bytes4 selector = step == 0
            ? ledger.credit.selector
            : step == 1 ? ledger.release.selector : step == 2 ? ledger.settle.selector : ledger.giveBack.selector;
        vm.prank(caller);
        bool changed = _try(ledger, abi.encodeWithSelector(selector, CHAIN, TOKEN, amount));
        assert(!changed);
    }

    function check_noWindowTakesMoreThanItsCap(uint64[2] memory amounts, uint32[2] memory times) external {
        ChainLedger ledger = _ledger(Caps(1e15, 1e12));
        for (uint256 i = 0; i < 2; ++i) {
            vm.assume(times[i] >= (i == 0 ? WINDOW : times[i - 1]));
            vm.warp(times[i]);
            vm.prank(QUEUE);
            ledger.credit(CHAIN, TOKEN, amounts[i]);
            assert(amounts[i] <= 1e12);
        }
        if (times[1] - times[0] < WINDOW) assert(uint256(amounts[0]) + amounts[1] <= 1e12);
    }

    function check_thePublishedLossIsNeverTooLow(Caps memory caps, Caps memory lower, uint128 credited, uint128 released) external {
        ChainLedger ledger = _ledger(caps);
        vm.prank(QUEUE);
        ledger.credit(CHAIN, TOKEN, credited);
        ledger.lowerCaps(CHAIN, TOKEN, lower);
        vm.prank(OUTBOX);
        ledger.release(CHAIN, TOKEN, released);
        uint256 owed = uint256(credited);
        assert(ledger.maxLoss(CHAIN, TOKEN) >= owed);
        assert(ledger.maxLoss(CHAIN, TOKEN) >= lower.net);
        vm.prank(OUTBOX);
        ledger.settle(CHAIN, TOKEN, released);
        assert(ledger.maxLoss(CHAIN, TOKEN) >= owed - released);
    }

    function check_capsRiseOnlyAfterTheirDelay(Caps memory caps, Caps memory next, uint64 time, uint64 height) external {
        ChainLedger ledger = _ledger(caps);
        vm.warp(1);
        vm.roll(1);
        bool proposed = _try(ledger, abi.encodeCall(ledger.proposeCaps, (CHAIN, TOKEN, next)));
        vm.assume(time >= 1 && height >= 1);
        vm.warp(time);
        vm.roll(height);
        bool lowered = _try(ledger, abi.encodeCall(ledger.lowerCaps, (CHAIN, TOKEN, next)));
        bool activated = _try(ledger, abi.encodeCall(ledger.activateCaps, (CHAIN, TOKEN)));
        Caps memory now_ = ledger.capsOf(CHAIN, TOKEN);
        if (now_.net > caps.net || now_.window > caps.window) {
            assert(proposed && activated && !lowered && time > 1 days && height > 10);
        }
        // Nothing lowers them below a twentieth.
        assert(now_.net >= caps.net / 20 && now_.window >= caps.window / 20);
    }

    function _try(ChainLedger ledger, bytes memory call) private returns (bool success) {
        (success,) = address(ledger).call(call);
    }
}
