// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

/// @notice Fee shares in wei, fixed and escrowed when the packet is sent; what is not earned goes to `refundTo`.
struct Fees {
    uint96 deliver;
    uint96 acknowledge;
    uint96 expire;
    address refundTo;
}

/// @notice One cross-chain message; see docs/protocol/packets.md.
struct Packet {
    uint8 version;
    uint64 sourceChain;
    address sourceMailbox;
    uint64 destinationChain;
    address destinationMailbox;
    uint32 routeEpoch;
    uint64 nonce;
    address sender;
    address recipient;
    uint64 timeoutTimestamp;
    uint64 gasLimit;
    Fees fees;
    bytes payload;
}

/// @notice How a packet was answered at its destination.
enum Status {
    None,
    Success,
    Failure,
    Expired
}

/// @notice What `acknowledge` carries back: the packet and the parts of its receipt.
struct Answer {
    Packet packet;
    Status status;
    bytes ack;
    address payee;
}
