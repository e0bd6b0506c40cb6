// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {IERC7786GatewaySource, IERC7786Recipient} from "@openzeppelin/contracts/interfaces/draft-IERC7786.sol";
import {InteroperableAddress} from "@openzeppelin/contracts/utils/draft-InteroperableAddress.sol";

/// @notice An ERC-7786 gateway as one is easily written: what a relayer's key says has arrived. Weak on purpose: nothing is
/// proven, nothing remembered, nobody asks for which chain a message is, and what fails never comes back. For tests only.
contract WeakGateway is IERC7786GatewaySource {
    address public immutable relayer;
    uint256 private _sent;

    error OnlyRelayer(address caller);
    error ValueNotSupported();
    error NotTaken();

    constructor(address relayer_) {
        relayer = relayer_;
    }

    /// @inheritdoc IERC7786GatewaySource
    function supportsAttribute(bytes4) external pure override returns (bool) {
        return false;
    }

    /// @inheritdoc IERC7786GatewaySource
    function sendMessage(bytes calldata recipient, bytes calldata payload, bytes[] calldata attributes)
        external
        payable
        override
        returns (bytes32 sendId)
    {
        require(msg.value == 0, ValueNotSupported());
        if (attributes.length != 0) revert UnsupportedAttribute(bytes4(attributes[0]));
        sendId = keccak256(abi.encode(block.chainid, address(this), ++_sent));
        bytes memory sender = InteroperableAddress.formatEvmV1(block.chainid, msg.sender);
        emit MessageSent(sendId, sender, recipient, payload, 0, attributes);
    }

    /// @notice Hands a message to its recipient; the relayer alone decides what a message is.
    function deliver(bytes32 receiveId, bytes calldata sender, bytes calldata recipient, bytes calldata payload) external {
        require(msg.sender == relayer, OnlyRelayer(msg.sender));
        (, address to) = InteroperableAddress.parseEvmV1(recipient);
        bytes4 answer = IERC7786Recipient(to).receiveMessage(receiveId, sender, payload);
        require(answer == IERC7786Recipient.receiveMessage.selector, NotTaken());
    }
}
