// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {PacketCodec} from "clearspan/libraries/PacketCodec.sol";
import {Packet, Status} from "clearspan/types/Packet.sol";
import {Symbolic} from "./Symbolic.sol";

/// @notice Ids, receipts and payloads: two that are equal are of equal contents.
contract PacketProof is Symbolic {
    function check_anIdIsOfOnePacket(Packet memory one, Packet memory other) external pure {
        if (PacketCodec.packetId(one) != PacketCodec.packetId(other)) return;
        assert(one.version == other.version && one.sourceChain == other.sourceChain);
        assert(one.sourceMailbox == other.sourceMailbox && one.destinationChain == other.destinationChain);
        assert(one.destinationMailbox == other.destinationMailbox && one.routeEpoch == other.routeEpoch);
        assert(one.nonce == other.nonce && one.sender == other.sender && one.recipient == other.recipient);
        assert(one.timeoutTimestamp == other.timeoutTimestamp && one.gasLimit == other.gasLimit);
        assert(one.fees.deliver == other.fees.deliver && one.fees.acknowledge == other.fees.acknowledge);
        assert(one.fees.expire == other.fees.expire && one.fees.refundTo == other.fees.refundTo);
        assert(keccak256(one.payload) == keccak256(other.payload));
    }

    function check_aReceiptIsOfOneAnswer(
        bytes32 id,
        uint8 status,
        bytes memory ack,
        address payee,
        bytes32 otherId,
        uint8 otherStatus,
        bytes memory otherAck,
        address otherPayee
    ) external pure {
        vm.assume(status <= uint8(Status.Expired) && otherStatus <= uint8(Status.Expired));
        bytes32 one = PacketCodec.receiptHash(id, Status(status), ack, payee);
        bytes32 other = PacketCodec.receiptHash(otherId, Status(otherStatus), otherAck, otherPayee);
        if (one != other) return;
        assert(id == otherId && status == otherStatus && payee == otherPayee && keccak256(ack) == keccak256(otherAck));
    }

    function check_aDepositIsNoRelease(address asset, uint256 amount, address owner, address refundTo) external view {
        bytes memory payload = PacketCodec.encodeDeposit(asset, amount, owner, refundTo);
        (address a, uint256 b, address c, address d) = this.decodeDeposit(payload);
        assert(a == asset && b == amount && c == owner && d == refundTo);
        try this.decodeRelease(payload) {
            assert(false);
        } catch {}
    }

    function decodeDeposit(bytes calldata payload) external pure returns (address, uint256, address, address) {
        return PacketCodec.decodeDeposit(payload);
    }

    function decodeRelease(bytes calldata payload) external pure returns (uint64, address, uint256, address) {
        return PacketCodec.decodeRelease(payload);
    }
}
