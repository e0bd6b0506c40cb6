// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {IERC7786Recipient} from "@openzeppelin/contracts/interfaces/draft-IERC7786.sol";
import {IMailbox, IPacketSender} from "../interfaces/IMailbox.sol";
import {Packet, Status} from "../types/Packet.sol";

/// @notice Sends and receives messages and misbehaves on demand. For tests only.
contract TestRecipient is IERC7786Recipient, IPacketSender {
    enum Mode {
        Accept,
        Fail, // revert with a long reason
        ReturnBomb, // revert with a megabyte
        WrongSelector,
        BurnGas,
        Reenter, // replay `call` into the caller
        ReenterAndFail // the same, and revert
    }

    error Refused(bytes reason);

    Mode public mode;
    bytes public call;
    uint256 public received;
    uint256 public answered;
    uint256 public gasSeen;
    bool public reentered;
    bytes32 public lastId;
    bytes public lastSender;
    bytes public lastPayload;
    Status public lastStatus;
    bytes public lastAck;

    function configure(Mode mode_, bytes calldata call_) external {
        mode = mode_;
        call = call_;
    }

    function send(IMailbox mailbox, bytes calldata recipient, bytes calldata payload, bytes[] calldata attributes)
        external
        payable
        returns (bytes32)
    {
        return mailbox.sendMessage{value: msg.value}(recipient, payload, attributes);
    }

    function receiveMessage(bytes32 receiveId, bytes calldata sender, bytes calldata payload)
        external
        payable
        override
        returns (bytes4)
    {
        gasSeen = gasleft();
        _misbehave();
        ++received;
        (lastId, lastSender, lastPayload) = (receiveId, sender, payload);
        return mode == Mode.WrongSelector ? bytes4(0xdeadbeef) : IERC7786Recipient.receiveMessage.selector;
    }

    function onPacketAnswered(Packet calldata packet, Status status, bytes calldata ack) external override {
        gasSeen = gasleft();
        _misbehave();
        ++answered;
        (lastId, lastStatus, lastAck) = (keccak256(abi.encode(packet)), status, ack);
    }

    function _misbehave() private {
        if (mode == Mode.Fail) revert Refused(new bytes(1000));
        if (mode == Mode.ReturnBomb) {
            // Reverts with zeros from unused memory; nothing runs afterwards.
            assembly ("memory-safe") {
                revert(mload(0x40), 1000000)
            }
        }
        if (mode == Mode.BurnGas) while (true) ++gasSeen;
        if (mode == Mode.Reenter || mode == Mode.ReenterAndFail) (reentered,) = msg.sender.call(call);
        if (mode == Mode.ReenterAndFail) revert Refused("");
    }
}
