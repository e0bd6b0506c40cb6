// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {IERC7786Recipient} from "@openzeppelin/contracts/interfaces/draft-IERC7786.sol";
import {IPacketSender} from "./IMailbox.sol";

/// @notice Holds collateral of one chain. Tokens may take fees, return nothing, lie or call back: credit is the balance
/// delta seen, and the ledger, not the balance, says what may leave.
interface ICollateralVault is IERC7786Recipient, IPacketSender {
    event Deposited(
        bytes32 indexed packetId, address indexed asset, address indexed owner, uint256 amount, address refundTo
    );
    event RefundEntitled(bytes32 indexed packetId, address indexed asset, address indexed refundTo, uint256 amount);
    event ReleaseEntitled(bytes32 indexed id, address indexed asset, address indexed recipient, uint256 amount);
    event Paid(bytes32 indexed id, address indexed asset, address indexed recipient, uint256 amount);

    /// @notice Locks `amount` of `asset` (`address(0)`: ether, with equal `msg.value`) for the exchange account of `owner`.
    /// @return packetId of the deposit packet
    function deposit(address asset, uint256 amount, address owner, uint64 timeoutTimestamp)
        external
        payable
        returns (bytes32 packetId);

    /// @notice Pays what a release or a failed deposit entitled somebody to; anyone may call. `id` is the packet id.
    function pay(bytes32 id) external;

    /// @notice Base units of `asset` that deposits brought and payments have not taken.
    function holdings(address asset) external view returns (uint256);

    function entitlements(bytes32 id) external view returns (address asset, address recipient, uint256 amount);
}
