// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";
import {IFeeEscrow} from "../interfaces/IFeeEscrow.sol";
import {Fees, Status} from "../types/Packet.sol";

/// @title FeeEscrow
/// @notice See {IFeeEscrow}.
abstract contract FeeEscrow is IFeeEscrow {
    mapping(address payee => uint256) public override owed;

    /// @inheritdoc IFeeEscrow
    function withdrawFees(address payee) external override {
        uint256 amount = owed[payee];
        require(amount != 0, NothingOwed(payee));
        owed[payee] = 0;
        emit FeesWithdrawn(payee, amount);
        (bool success,) = payee.call{value: amount}("");
        require(success, PayeeRefused(payee));
    }

    /// @dev The escrow needs no record of its own: the packet's id fixes it, its commitment says that it is there.
    function _requireEscrow(Fees memory fees) internal view {
        uint256 escrow = _escrowOf(fees);
        require(msg.value == escrow, WrongFee(msg.value, escrow));
    }

    /// @dev To be called once per packet, when its commitment is cleared.
    function _shareOut(bytes32 id, Fees calldata fees, Status status, address answerPayee, address acknowledgePayee)
        internal
    {
        uint256 escrow = _escrowOf(fees);
        if (escrow == 0) return;
        uint256 answerShare = status == Status.Expired ? fees.expire : fees.deliver;
        if (answerPayee == address(0)) answerShare = 0;
        uint256 acknowledgeShare = acknowledgePayee == address(0) ? 0 : fees.acknowledge;
        uint256 refund = escrow - answerShare - acknowledgeShare;
        _credit(answerPayee, answerShare);
        _credit(acknowledgePayee, acknowledgeShare);
        _credit(fees.refundTo, refund);
        emit FeesShared(id, answerPayee, answerShare, acknowledgePayee, acknowledgeShare, fees.refundTo, refund);
    }

    function _credit(address payee, uint256 amount) private {
        if (amount != 0) owed[payee] += amount;
    }

    function _escrowOf(Fees memory fees) private pure returns (uint256) {
        return uint256(fees.acknowledge) + Math.max(fees.deliver, fees.expire);
    }
}
