// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

/// @notice Keeps what senders set aside for carrying their packets and owes it to whoever carried them. A packet's escrow is
/// `acknowledge + max(deliver, expire)`, there while its commitment is. The balance covers all escrows and all that is owed;
/// ether that was forced in on top of that stays for ever.
interface IFeeEscrow {
    /// @notice `msg.value` is not the packet's escrow, which is zero without the `fees` attribute.
    error WrongFee(uint256 value, uint256 escrow);
    /// @notice Nothing is owed to this payee.
    error NothingOwed(address payee);
    /// @notice The payee takes no ether; what is owed to it stays owed.
    error PayeeRefused(address payee);

    /// @notice How a packet's escrow was shared out. `answerPayee` is the payee of the receipt, `answerShare` the share for
    /// delivering or expiring; a payee of zero leaves its share to `refundTo`.
    event FeesShared(
        bytes32 indexed packetId,
        address indexed answerPayee,
        uint256 answerShare,
        address indexed acknowledgePayee,
        uint256 acknowledgeShare,
        address refundTo,
        uint256 refund
    );
    event FeesWithdrawn(address indexed payee, uint256 amount);

    /// @notice Pays a payee all it is owed; anyone may call.
    function withdrawFees(address payee) external;

    /// @notice Wei that a payee can be paid.
    function owed(address payee) external view returns (uint256);
}
