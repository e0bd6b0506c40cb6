// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {ReentrancyGuardTransient} from "@openzeppelin/contracts/utils/ReentrancyGuardTransient.sol";
import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";
import {IPayoutQueue} from "../interfaces/IPayoutQueue.sol";
import {PushPayment} from "../libraries/PushPayment.sol";
import {Exit} from "../types/Exit.sol";
import {OutflowLimiter} from "./OutflowLimiter.sol";
import {VaultTimelock} from "./VaultTimelock.sol";

/// @title PayoutQueue
/// @notice See {IPayoutQueue}. The ledger of a vault and everything that takes from it.
abstract contract PayoutQueue is OutflowLimiter, VaultTimelock, ReentrancyGuardTransient {
    /// @dev The first word stays when all is paid: an id is good for one claim, ever.
    struct Claim {
        address asset;
        Exit exit;
        uint64 index;
        address recipient;
        uint96 amount; // unpaid; zero also for one withdrawn from the queue
    }

    struct Lane {
        uint64 head;
        uint64 tail;
        uint128 amount;
        mapping(uint64 index => bytes32) ids;
    }

    address internal constant ETHER = address(0);

    /// @dev With less than this no further claim is begun: a token's gas, a 64th kept, and the bookkeeping.
    uint256 private constant CLAIM_GAS = 500_000;

    mapping(address asset => uint256) public override holdings;
    mapping(address asset => uint256) public override reserved;
    mapping(address asset => uint256) public override totalCredits;
    mapping(address owner => mapping(address asset => uint256)) public override credits;
    mapping(bytes32 id => Claim) private _claims;
    mapping(Exit exit => mapping(address asset => Lane)) private _lanes;

    /// @inheritdoc IPayoutQueue
    function drain(address asset, uint256 maximum) external override nonReentrant whenNotPaused returns (uint256) {
        return _drain(Exit.Release, asset, maximum);
    }

    /// @inheritdoc IPayoutQueue
    function drainRefunds(address asset, uint256 maximum)
        external
        override
        nonReentrant
        whenNotPaused
        returns (uint256)
    {
        return _drain(Exit.Refund, asset, maximum);
    }

    /// @inheritdoc IPayoutQueue
    function withdraw(address owner, address asset) external override nonReentrant whenNotPaused {
        _withdraw(owner, asset, owner);
    }

    /// @inheritdoc IPayoutQueue
    function withdrawTo(address asset, address to) external override nonReentrant whenNotPaused {
        _withdraw(msg.sender, asset, to);
    }

    /// @inheritdoc IPayoutQueue
    function entitlements(bytes32 id) external view override returns (address, address, uint96) {
        Claim storage claim = _claims[id];
        if (claim.amount == 0) return (address(0), address(0), 0);
        return (claim.asset, claim.recipient, claim.amount);
    }

    /// @inheritdoc IPayoutQueue
    function placeOf(bytes32 id) external view override returns (bool isRefund, uint256 ahead) {
        Claim storage claim = _claims[id];
        if (claim.amount != 0) ahead = claim.index - _lanes[claim.exit][claim.asset].head;
        return (claim.exit == Exit.Refund, ahead);
    }

    /// @inheritdoc IPayoutQueue
    function queued(address asset, bool refunds) external view override returns (uint256 places, uint256 amount) {
        Lane storage lane = _lanes[refunds ? Exit.Refund : Exit.Release][asset];
        return (lane.tail - lane.head, lane.amount);
    }

    /// @dev Joins the end; nobody is called.
    function _enqueue(Exit exit, bytes32 id, address asset, address recipient, uint256 amount) internal {
        require(_claims[id].exit == Exit.None, ClaimExists(id));
        Lane storage lane = _lanes[exit][asset];
        uint64 index = lane.tail;
        _claims[id] = Claim(asset, exit, index, recipient, uint96(amount));
        lane.ids[index] = id;
        lane.tail = index + 1;
        lane.amount += uint128(amount);
        if (exit == Exit.Refund) emit RefundEntitled(id, asset, recipient, amount);
        else emit ReleaseEntitled(id, asset, recipient, amount);
    }

    /// @dev Leaves a gap in the queue, which {drain} steps over.
    function _leaveQueue(bytes32 id, address recipient) internal returns (address asset, uint256 amount) {
        Claim storage claim = _claims[id];
        (asset, amount) = (claim.asset, claim.amount);
        require(claim.exit == Exit.Release && amount != 0, NothingToPay(id));
        require(claim.recipient == recipient, NotRecipient(recipient));
        claim.amount = 0;
        _lanes[Exit.Release][asset].amount -= uint128(amount);
    }

    /// @dev Back to its place. Where the queue has moved past it, that is the head: everybody there came later.
    function _returnToQueue(bytes32 id, bytes32 packetId, uint256 amount) internal {
        Claim storage claim = _claims[id];
        Lane storage lane = _lanes[Exit.Release][claim.asset];
        if (claim.index < lane.head) {
            claim.index = --lane.head;
            lane.ids[claim.index] = id;
        }
        claim.amount = uint96(amount);
        lane.amount += uint128(amount);
        emit Returned(id, packetId, amount);
    }

    /// @dev Everything about a claim is written before it is sent; what a recipient does meanwhile can at most lengthen the
    /// queue.
    function _drain(Exit exit, address asset, uint256 maximum) private returns (uint256 taken) {
        Lane storage lane = _lanes[exit][asset];
        uint256 available = Math.min(_room(exit, asset), _inventory(exit, asset));
        while (taken < maximum && lane.head < lane.tail) {
            bytes32 id = lane.ids[lane.head];
            uint256 due = _claims[id].amount;
            uint256 amount = Math.min(due, available);
            if (due != 0 && amount == 0) break;
            if (taken != 0 && gasleft() < CLAIM_GAS) break;
            ++taken;
            if (amount == due) delete lane.ids[lane.head++];
            if (due == 0) continue;
            available -= amount;
            _pay(exit, id, asset, amount, due - amount);
        }
    }

    function _pay(Exit exit, bytes32 id, address asset, uint256 amount, uint256 left) private {
        Claim storage claim = _claims[id];
        address recipient = claim.recipient;
        claim.amount = uint96(left);
        _lanes[exit][asset].amount -= uint128(amount);
        holdings[asset] -= amount;
        if (exit == Exit.Refund) reserved[asset] -= amount;
        _spend(exit, asset, amount);
        emit Paid(id, asset, recipient, amount, left);
        uint256 kept = amount - _push(asset, recipient, amount);
        if (kept == 0) return;
        credits[recipient][asset] += kept;
        totalCredits[asset] += kept;
        emit Credited(id, asset, recipient, kept);
    }

    /// @return moved what left of the amount: a token that says it moved more than it did is not believed
    function _push(address asset, address to, uint256 amount) private returns (uint256 moved) {
        if (asset == ETHER) return PushPayment.sendEther(to, amount) ? amount : 0;
        uint256 before = IERC20(asset).balanceOf(address(this));
        if (!PushPayment.sendToken(asset, to, amount)) return 0;
        return Math.min(amount, Math.saturatingSub(before, IERC20(asset).balanceOf(address(this))));
    }

    function _withdraw(address owner, address asset, address to) private {
        uint256 amount = credits[owner][asset];
        require(amount != 0, NothingToWithdraw(owner, asset));
        delete credits[owner][asset];
        totalCredits[asset] -= amount;
        emit Withdrawn(owner, asset, amount, to);
        bool sent;
        if (asset == ETHER) (sent,) = to.call{value: amount}("");
        else sent = _push(asset, to, amount) == amount;
        require(sent, PaymentFailed(asset, to));
    }

    /// @dev What the books say, or the balance where a token has less; releases keep their hands off the depositors' part.
    function _inventory(Exit exit, address asset) private view returns (uint256 held) {
        uint256 balance = asset == ETHER ? address(this).balance : IERC20(asset).balanceOf(address(this));
        held = Math.min(holdings[asset], Math.saturatingSub(balance, totalCredits[asset]));
        if (exit == Exit.Release) held = Math.saturatingSub(held, reserved[asset]);
    }
}
