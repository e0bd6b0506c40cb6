// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {IERC7786Recipient} from "@openzeppelin/contracts/interfaces/draft-IERC7786.sol";

/// @notice Accepts every message and does nothing with it, so that what is measured is the mailbox. For tests only.
contract TestSink is IERC7786Recipient {
    /// @inheritdoc IERC7786Recipient
    function receiveMessage(bytes32, bytes calldata, bytes calldata) external payable override returns (bytes4) {
        return IERC7786Recipient.receiveMessage.selector;
    }
}
