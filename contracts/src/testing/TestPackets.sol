// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {PacketCodec} from "../libraries/PacketCodec.sol";
import {Packet, Status} from "../types/Packet.sol";

/// @notice The hashes of packets, however they are computed. For tests only.
contract TestPackets {
    function plain(Packet memory packet) external pure returns (bytes memory encoding, bytes32 id) {
        return (abi.encode(packet), PacketCodec.packetId(packet));
    }

    function inPlace(Packet calldata packet) external pure returns (bytes32) {
        return PacketCodec.packetIdCalldata(packet);
    }

    function receipt(bytes32 id, Status status, bytes calldata ack, address payee) external pure returns (bytes32) {
        return PacketCodec.receiptHash(id, status, ack, payee);
    }
}
