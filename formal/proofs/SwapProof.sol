// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {SwapEscrow} from "clearspan/swaps/SwapEscrow.sol";
import {BatchedClaim, Swap} from "clearspan/types/Swap.sol";
import {Symbolic} from "./Symbolic.sol";

/// @notice Swaps of ether between accounts without code: which ends they have, when, and who gets what.
contract SwapProof is Symbolic {
    enum End {
        Claim,
        BatchClaim,
        Refund,
        EarlyRefund
    }

    struct Attempt {
        uint8 end;
        address caller;
        uint256 time;
        bytes32 preimage;
    }

    SwapEscrow private immutable _escrow = new SwapEscrow();

    function check_aSwapEndsOnce(Swap memory swap, uint256 lockedAt, Attempt memory first, Attempt memory second) external {
        _lock(swap, lockedAt);
        vm.assume(lockedAt <= first.time && first.time <= second.time);
        bool firstEnded = _end(swap, first);
        bool secondEnded = _end(swap, second);
        assert(!(firstEnded && secondEnded));
    }

    function check_claimsAndRefundsShareNoSecond(Swap memory swap, uint256 lockedAt, Attempt memory attempt) external {
        _lock(swap, lockedAt);
        vm.assume(lockedAt <= attempt.time);
        if (!_end(swap, attempt)) return;
        uint256 deadline = swap.timelocks.refundFrom();
        if (_isClaim(attempt.end)) {
            assert(attempt.time < deadline && attempt.time >= swap.timelocks.claimFrom());
            assert(sha256(abi.encode(attempt.preimage)) == swap.hashlock);
        } else if (attempt.end == uint8(End.Refund)) {
            assert(attempt.time >= deadline);
        } else {
            assert(attempt.caller == swap.payee);
        }
    }

    function check_allOrNothing(Swap memory swap, uint256 lockedAt, Attempt memory attempt) external {
        _lock(swap, lockedAt);
        vm.assume(lockedAt <= attempt.time && attempt.caller != swap.payee && attempt.caller != swap.locker);
        (uint256 payee, uint256 locker, uint256 escrow) = _holdings(swap);
        bool ended = _end(swap, attempt);
        (uint256 payeeAfter, uint256 lockerAfter, uint256 escrowAfter) = _holdings(swap);
        if (!ended) {
            assert(payeeAfter == payee && lockerAfter == locker && escrowAfter == escrow);
            return;
        }
        bool isClaim = _isClaim(attempt.end);
        assert(payeeAfter - payee == (isClaim ? swap.amount : 0));
        assert(lockerAfter - locker == (isClaim ? 0 : swap.amount));
        assert(_escrow.isLocked(_escrow.swapId(swap)) == false);
    }

    function check_aKeyIsUsedOnce(Swap memory swap, uint256 lockedAt, Attempt memory attempt, uint256 again) external {
        _lock(swap, lockedAt);
        vm.assume(lockedAt <= attempt.time && attempt.time <= again);
        if (!_end(swap, attempt)) return;
        vm.warp(again);
        uint256 due = uint256(swap.amount) + swap.safetyDeposit;
        vm.deal(swap.locker, due);
        vm.prank(swap.locker);
        (bool locked,) = address(_escrow).call{value: due}(
            abi.encodeCall(_escrow.lock, (swap))
        );
        assert(!locked);
    }

    function _lock(Swap memory swap, uint256 time) private {
        swap.asset = address(0);
        vm.assume(swap.locker != swap.payee && swap.locker.code.length == 0 && swap.payee.code.length == 0);
        vm.assume(uint160(swap.locker) > 0xff && uint160(swap.payee) > 0xff);
        vm.warp(time);
        uint256 due = uint256(swap.amount) + swap.safetyDeposit;
        vm.deal(swap.locker, due);
        vm.prank(swap.locker);
        _escrow.lock{value: due}(swap);
    }

    function _end(Swap memory swap, Attempt memory attempt) private returns (bool ended) {
        vm.assume(attempt.caller.code.length == 0 && uint160(attempt.caller) > 0xff);
        vm.warp(attempt.time);
        bytes memory call;
        if (attempt.end == uint8(End.Claim)) call = abi.encodeCall(_escrow.claim, (swap, attempt.preimage));
        else if (attempt.end == uint8(End.BatchClaim)) call = _batch(swap, attempt.preimage);
        else if (attempt.end == uint8(End.Refund)) call = abi.encodeCall(_escrow.refund, (swap));
        else call = abi.encodeCall(_escrow.refundEarly, (swap, ""));
        vm.prank(attempt.caller);
        (ended,) = address(_escrow).call(call);
    }

    function _batch(Swap memory swap, bytes32 preimage) private view returns (bytes memory) {
        BatchedClaim[] memory claims = new BatchedClaim[](1);
        claims[0] = BatchedClaim(swap.locker, swap.amount, swap.safetyDeposit, swap.timelocks, swap.nonce, preimage);
        return abi.encodeCall(_escrow.claimBatch, (swap.payee, swap.asset, claims));
    }

    function _isClaim(uint8 end) private pure returns (bool) {
        return end <= uint8(End.BatchClaim);
    }

    /// @dev What they have, sent or credited; and what the escrow has that is nobody's credit.
    function _holdings(Swap memory swap) private view returns (uint256 payee, uint256 locker, uint256 escrow) {
        uint256 payeeCredit = _escrow.credits(swap.payee, address(0));
        uint256 lockerCredit = _escrow.credits(swap.locker, address(0));
        payee = swap.payee.balance + payeeCredit;
        locker = swap.locker.balance + lockerCredit;
        escrow = address(_escrow).balance - payeeCredit - lockerCredit;
    }
}
