// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {IERC7786Recipient} from "@openzeppelin/contracts/interfaces/draft-IERC7786.sol";
import {IPacketSender} from "./IMailbox.sol";

/// @notice Holds collateral of one chain. Tokens may take fees, return nothing, lie or call back: credit is the balance
/// delta seen, and the ledger, not the balance, says what may leave.
/// @dev Assumes tokens whose balances do not fall by themselves; a token that does can strand its own holders, nobody else.
/// A release is refused above `holdings - reserved`, so the settlement chain can never entitle to more than there is. What is
/// in flight is not reserved: if the settlement chain released more than it was credited, refunds wait for new holdings.
interface ICollateralVault is IERC7786Recipient, IPacketSender {
    error OnlyMailbox(address caller);
    /// @notice The message or the answer is not from, or not for, the vault's own peer.
    error WrongPeer();
    error ZeroAddress();
    /// @notice Zero, or 2^96 base units and more.
    error AmountOutOfRange(uint256 amount);
    /// @notice Ether sent is not the fees' escrow, plus the amount of an ether deposit.
    error WrongValue(uint256 value);
    error AssetWithoutCode(address asset);
    /// @notice More than the unreserved holdings of the asset.
    error AboveHoldings(address asset, uint256 amount);
    /// @notice Nobody is entitled to anything under this id, or it has been paid.
    error NothingToPay(bytes32 id);

    event Deposited(
        bytes32 indexed packetId, address indexed asset, address indexed owner, uint256 amount, address refundTo
    );
    event RefundEntitled(bytes32 indexed packetId, address indexed asset, address indexed refundTo, uint256 amount);
    event ReleaseEntitled(bytes32 indexed id, address indexed asset, address indexed recipient, uint256 amount);
    event Paid(bytes32 indexed id, address indexed asset, address indexed recipient, uint256 amount);

    /// @notice Locks `amount` of `asset` (`address(0)`: ether, with equal `msg.value`) for the exchange account of `owner`.
    /// @param timeoutTimestamp deadline of the deposit's packet; 0 for the route's longest
    /// @return packetId of the deposit packet
    function deposit(address asset, uint256 amount, address owner, uint64 timeoutTimestamp)
        external
        payable
        returns (bytes32 packetId);

    /// @notice The same with fee shares for whoever carries the packet, in wei, on top of the deposit: `msg.value` is
    /// `acknowledgeFee + max(deliverFee, expireFee)`, plus `amount` where the asset is ether. What is not earned is owed to
    /// the caller by the mailbox.
    function deposit(
        address asset,
        uint256 amount,
        address owner,
        uint64 timeoutTimestamp,
        uint96 deliverFee,
        uint96 acknowledgeFee,
        uint96 expireFee
    ) external payable returns (bytes32 packetId);

    /// @notice Pays what a release or a failed deposit entitled somebody to; anyone may call. `id` is the packet id.
    function pay(bytes32 id) external;

    /// @notice Base units of `asset` that deposits brought and payments have not taken.
    function holdings(address asset) external view returns (uint256);

    /// @notice Base units of `asset` that somebody is entitled to and has not been paid.
    function reserved(address asset) external view returns (uint256);

    function entitlements(bytes32 id) external view returns (address asset, address recipient, uint96 amount);
}
