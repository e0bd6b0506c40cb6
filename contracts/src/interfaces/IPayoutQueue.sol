// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

/// @notice What a vault owes, in two queues per asset: releases and refunds. Claims are paid in the order in which they
/// came, as far as the window and the inventory go, the first one in parts if need be. A payment that cannot be sent
/// becomes a credit that its owner pulls, so that nobody stands in the way of those behind.
/// @dev In any `windowSeconds` a queue pays out, or credits, at most the cap in force at the last payment among them.
interface IPayoutQueue {
    error NothingToPay(bytes32 id);
    error NothingToWithdraw(address owner, address asset);
    error ClaimExists(bytes32 id);
    /// @notice Only the recipient of a claim decides to be paid elsewhere.
    error NotRecipient(address caller);
    /// @notice The token did not move the amount; the credit stays.
    error PaymentFailed(address asset, address to);
    error InvalidWindow();

    event ReleaseEntitled(bytes32 indexed id, address indexed asset, address indexed recipient, uint256 amount);
    event RefundEntitled(bytes32 indexed packetId, address indexed asset, address indexed refundTo, uint256 amount);
    /// @notice A payment of a claim, `left` of which is still unpaid.
    event Paid(bytes32 indexed id, address indexed asset, address indexed recipient, uint256 amount, uint256 left);
    /// @notice The part of a payment that could not be sent; it is in the amount of `Paid`.
    event Credited(bytes32 indexed id, address indexed asset, address indexed owner, uint256 amount);
    /// @notice A claim that had left the queue by packet has its place again.
    event Returned(bytes32 indexed id, bytes32 indexed packetId, uint256 amount);
    event Withdrawn(address indexed owner, address indexed asset, uint256 amount, address to);

    /// @notice Pays releases of an asset from the head of their queue; anyone may call.
    /// @param maximum claims to take up at most
    /// @return taken claims taken up; fewer if window, inventory, queue or gas ended first
    function drain(address asset, uint256 maximum) external returns (uint256 taken);

    /// @notice The same for refunds.
    function drainRefunds(address asset, uint256 maximum) external returns (uint256 taken);

    /// @notice Pays an owner all credits of an asset; anyone may call.
    function withdraw(address owner, address asset) external;

    /// @notice Pays the caller's credits of an asset to somebody else.
    function withdrawTo(address asset, address to) external;

    /// @notice Base units of `asset` that deposits brought and payments have not taken.
    function holdings(address asset) external view returns (uint256);

    /// @notice Those of the holdings that belong to depositors: in flight, or to be refunded. No release is paid from them.
    function reserved(address asset) external view returns (uint256);

    /// @notice Base units credited to somebody and not withdrawn; no part of the holdings.
    function totalCredits(address asset) external view returns (uint256);

    function credits(address owner, address asset) external view returns (uint256);

    /// @notice What is unpaid of a claim; all zero once nothing is.
    function entitlements(bytes32 id) external view returns (address asset, address recipient, uint96 amount);

    /// @notice Whether a claim is a refund, and how many places of its queue are before it; of one that is paid or was
    /// withdrawn from the queue, zero.
    function placeOf(bytes32 id) external view returns (bool isRefund, uint256 ahead);

    /// @notice Places in a queue, gaps included, and base units unpaid in it.
    function queued(address asset, bool refunds) external view returns (uint256 places, uint256 amount);

    /// @notice Base units that the window would let out now.
    function room(address asset, bool refunds) external view returns (uint256);

    function windowSeconds() external view returns (uint48);
}
