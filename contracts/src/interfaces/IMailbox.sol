// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {IERC7786GatewaySource} from "@openzeppelin/contracts/interfaces/draft-IERC7786.sol";
import {Answer, Packet, Status} from "../types/Packet.sol";
import {ILightClient} from "./ILightClient.sol";

/// @notice How packets of one remote chain are proven and bounded.
struct Route {
    ILightClient client;
    address peer;
    uint32 epoch;
    uint32 maxTimeout; // seconds from sending to deadline, also the default
    uint32 maxProofAge; // seconds from the proven header to now
    uint64 maxGasLimit; // gas of a recipient's call, also the default
    uint32 maxPayload; // bytes
}

/// @notice Sends, receives and answers packets. Assumes nothing of senders and recipients: their calls may revert, re-enter
/// or return anything.
interface IMailbox is IERC7786GatewaySource {
    /// @notice A message carries no ether.
    error ValueNotSupported();
    /// @notice The recipient is not the canonical ERC-7930 form of an `eip155` contract.
    error InvalidRecipient(bytes recipient);
    /// @notice There is no route to or from this chain in this epoch.
    error UnknownRoute(uint64 chainId, uint32 epoch);
    /// @notice An attribute is not the encoding of one uint64, or is given twice.
    error InvalidAttribute(bytes4 selector);
    error PayloadTooLong(uint256 length, uint256 maximum);
    error GasLimitOutOfRange(uint64 gasLimit, uint64 maximum);
    /// @notice The deadline has passed or lies further away than the route allows.
    error TimeoutOutOfRange(uint64 timeoutTimestamp);
    error EmptyBatch();
    /// @notice A packet of another version, route, chain or mailbox.
    error WrongPacket(bytes32 packetId);
    error InvalidStatus(bytes32 packetId);
    /// @notice The proven header is older than the route allows.
    error ProofTooOld(uint64 timestamp);
    /// @notice The relayer supplied too little for the call to get exactly `gasLimit`.
    error InsufficientGas(uint256 gasLimit);
    /// @notice `expire` before the packet's deadline.
    error NotYetExpired(bytes32 packetId);
    /// @notice A route with a zero or self-referring field, or another epoch than the next.
    error InvalidRoute();
    /// @notice The chain already has a route; this version cannot replace one.
    error RouteExists(uint64 chainId);

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
    event RouteAdded(uint64 indexed chainId, uint32 indexed epoch, Route route);

    /// @notice Proves the packets' commitments, calls each recipient with exactly its gas limit and records how it went.
    /// @dev All packets are of one source chain and route epoch. Those with a receipt and those past their deadline are
    /// skipped. A recipient without code, one that reverts, and one that returns anything but the ERC-7786 selector is
    /// answered `Failure`; in the last case it keeps its own state changes.
    /// @param proof `abi.encode(uint64 height, bytes clientProof)` of the source mailbox's commitments of all of them
    /// @param payee named in the receipts; whom to pay for the delivery
    function receivePackets(Packet[] calldata packets, bytes calldata proof, address payee) external;

    /// @notice Proves the packets' receipts, clears their commitments and tells their senders. Answers of packets that are
    /// not outstanding are skipped.
    function acknowledge(Answer[] calldata answers, bytes calldata proof) external;

    /// @notice Answers packets whose deadline has passed without a receipt; needs no proof, since only the source can have
    /// use of the receipt and it knows what it sent.
    function expire(Packet[] calldata packets, address payee) external;

    /// @notice Opens the route to a chain, by the owner. Its epoch is 1. This version cannot replace a route: a chain that has
    /// one keeps it.
    function addRoute(uint64 chainId, Route calldata route) external;

    /// @notice All zero where there is no such route.
    function route(uint64 chainId, uint32 epoch) external view returns (Route memory);

    /// @notice Epoch new packets to the chain are sent in; 0 while there is no route.
    function latestEpoch(uint64 chainId) external view returns (uint32);

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
