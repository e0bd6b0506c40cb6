// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {IERC7786GatewaySource} from "@openzeppelin/contracts/interfaces/draft-IERC7786.sol";
import {Answer, Packet, Status} from "../types/Packet.sol";
import {IFeeEscrow} from "./IFeeEscrow.sol";
import {IRouteBook} from "./IRouteBook.sol";

/// @notice Sends, receives and answers packets. Assumes nothing of senders and recipients: their calls may revert, re-enter
/// or return anything.
interface IMailbox is IERC7786GatewaySource, IRouteBook, IFeeEscrow {
    /// @notice The recipient is not the canonical ERC-7930 form of an `eip155` contract.
    error InvalidRecipient(bytes recipient);
    /// @notice An attribute is not the one encoding of its values, or is given twice.
    error InvalidAttribute(bytes4 selector);
    error PayloadTooLong(uint256 length, uint256 maximum);
    error GasLimitOutOfRange(uint64 gasLimit, uint64 maximum);
    /// @notice The deadline has passed or lies further away than the route allows.
    error TimeoutOutOfRange(uint64 timeoutTimestamp);
    error EmptyBatch();
    /// @notice A packet of another version, route, chain or mailbox.
    error WrongPacket(bytes32 packetId);
    error InvalidStatus(bytes32 packetId);
    /// @notice The relayer supplied too little for the call to get exactly `gasLimit`.
    error InsufficientGas(uint256 gasLimit);
    /// @notice `expire` before the packet's deadline.
    error NotYetExpired(bytes32 packetId);

    event PacketSent(
        bytes32 indexed packetId,
        uint64 indexed destinationChain,
        address destinationMailbox,
        uint32 routeEpoch,
        uint64 nonce,
        uint64 timeoutTimestamp,
        uint64 gasLimit
    );
    event PacketAnswered(bytes32 indexed packetId, Status status, bytes ack, address payee);
    event PacketAcknowledged(bytes32 indexed packetId, Status status, bool senderTold);

    /// @notice Proves the packets' commitments, calls each recipient with exactly its gas limit and records how it went.
    /// @dev All packets are of one source chain and route epoch, which must be open. Those with a receipt and those past their deadline are
    /// skipped. A recipient without code, one that reverts, and one that returns anything but the ERC-7786 selector is
    /// answered `Failure`; in the last case it keeps its own state changes.
    /// @param proof `abi.encode(uint64 height, bytes clientProof)` of the source mailbox's commitments of all of them
    /// @param payee named in the receipts; whom to pay for the delivery
    function receivePackets(Packet[] calldata packets, bytes calldata proof, address payee) external;

    /// @notice Proves the packets' receipts, clears their commitments, shares out their fees and tells their senders. Answers
    /// of packets that are not outstanding are skipped.
    /// @param payee whom to pay for the acknowledgement
    function acknowledge(Answer[] calldata answers, bytes calldata proof, address payee) external;

    /// @notice Answers packets whose deadline has passed without a receipt; needs no proof, since only the source can have
    /// use of the receipt and it knows what it sent.
    function expire(Packet[] calldata packets, address payee) external;

    /// @notice `packetId` while the packet is unanswered here, at its source.
    function commitments(bytes32 packetId) external view returns (bytes32);

    /// @notice Hash of the answer once there is one here, at the destination.
    function receipts(bytes32 packetId) external view returns (bytes32);
}

/// @notice What a sender implements to be told how its packet was answered.
interface IPacketSender {
    /// @dev Called by the mailbox once per packet; must check `msg.sender`.
    function onPacketAnswered(Packet calldata packet, Status status, bytes calldata ack) external;
}
