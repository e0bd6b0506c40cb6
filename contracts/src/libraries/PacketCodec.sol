// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {Packet, Status} from "../types/Packet.sol";

/// @notice Hashes of packets and receipts, and the payloads of the clearinghouse; see docs/protocol/packets.md.
library PacketCodec {
    /// @notice Not the one encoding of a payload of the expected kind.
    error MalformedPayload();

    bytes32 internal constant RECEIPT_DOMAIN = keccak256("clearspan.receipt.v1");
    uint8 internal constant KIND_DEPOSIT = 1;
    uint8 internal constant KIND_RELEASE = 2;

    uint256 private constant PAYLOAD_BYTES = 160;

    /// @dev Where the payload's offset stands in a packet's encoding, and what it must be: right behind the fixed fields.
    uint256 private constant PAYLOAD_OFFSET_AT = 480;
    uint256 private constant PAYLOAD_OFFSET = 512;

    /// @notice Not the one encoding of a packet: its payload lies elsewhere.
    error MalformedPacket();

    /// @notice `keccak256(abi.encode(packet))`.
    function packetId(Packet memory packet) internal pure returns (bytes32) {
        return keccak256(abi.encode(packet));
    }

    /// @notice The same of a packet in calldata, hashed as it stands there. Bytes that are no canonical encoding get a hash
    /// that is no packet's id, so nothing is committed under it.
    function packetIdCalldata(Packet calldata packet) internal pure returns (bytes32 id) {
        uint256 offset;
        // The fixed fields of a struct in calldata are in bounds.
        assembly ("memory-safe") {
            offset := calldataload(add(packet, PAYLOAD_OFFSET_AT))
        }
        require(offset == PAYLOAD_OFFSET, MalformedPacket());
        uint256 length = PAYLOAD_OFFSET + 32 + (packet.payload.length + 31) / 32 * 32;
        // Writes only behind the free memory pointer; bytes behind the calldata's end are zero.
        assembly ("memory-safe") {
            let free := mload(0x40)
            mstore(free, 0x20)
            calldatacopy(add(free, 0x20), packet, length)
            id := keccak256(free, add(length, 0x20))
        }
    }

    function receiptHash(bytes32 id, Status status, bytes memory ack, address payee) internal pure returns (bytes32) {
        return keccak256(abi.encode(RECEIPT_DOMAIN, id, uint8(status), keccak256(ack), payee));
    }

    function encodeDeposit(address asset, uint256 amount, address owner, address refundTo)
        internal
        pure
        returns (bytes memory)
    {
        return abi.encode(KIND_DEPOSIT, asset, amount, owner, refundTo);
    }

    function decodeDeposit(bytes calldata payload)
        internal
        pure
        returns (address asset, uint256 amount, address owner, address refundTo)
    {
        _require(payload, KIND_DEPOSIT);
        return (_account(payload, 1), _word(payload, 2), _account(payload, 3), _account(payload, 4));
    }

    function encodeRelease(uint64 withdrawalId, address asset, uint256 amount, address recipient)
        internal
        pure
        returns (bytes memory)
    {
        return abi.encode(KIND_RELEASE, withdrawalId, asset, amount, recipient);
    }

    function decodeRelease(bytes calldata payload)
        internal
        pure
        returns (uint64 withdrawalId, address asset, uint256 amount, address recipient)
    {
        _require(payload, KIND_RELEASE);
        uint256 id = _word(payload, 1);
        require(id <= type(uint64).max, MalformedPayload());
        return (uint64(id), _account(payload, 2), _word(payload, 3), _account(payload, 4));
    }

    function _require(bytes calldata payload, uint8 kind) private pure {
        require(payload.length == PAYLOAD_BYTES && _word(payload, 0) == kind, MalformedPayload());
    }

    function _account(bytes calldata payload, uint256 index) private pure returns (address) {
        uint256 value = _word(payload, index);
        require(value <= type(uint160).max, MalformedPayload());
        return address(uint160(value));
    }

    function _word(bytes calldata payload, uint256 index) private pure returns (uint256) {
        return uint256(bytes32(payload[32 * index:32 * index + 32]));
    }
}
