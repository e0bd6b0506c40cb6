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

    function receivePackets(Packet[] calldata packets, bytes calldata proof, address payee) external;

    function acknowledge(Answer[] calldata answers, bytes calldata proof) external;

    function expire(Packet[] calldata packets, address payee) external;

    function addRoute(uint64 chainId, Route calldata route) external;

    function route(uint64 chainId, uint32 epoch) external view returns (Route memory);

    function commitments(bytes32 packetId) external view returns (bytes32);

    function receipts(bytes32 packetId) external view returns (bytes32);
}

/// @notice What a sender implements to be told how its packet was answered.
interface IPacketSender {
    /// @dev Called by the mailbox once per packet; must check `msg.sender`.
    function onPacketAnswered(Packet calldata packet, Status status, bytes calldata ack) external;
}
