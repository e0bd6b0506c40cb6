// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {Ownable} from "@openzeppelin/contracts/access/Ownable.sol";
import {IERC7786GatewaySource, IERC7786Recipient} from "@openzeppelin/contracts/interfaces/draft-IERC7786.sol";
import {ReentrancyGuardTransient} from "@openzeppelin/contracts/utils/ReentrancyGuardTransient.sol";
import {SlotDerivation} from "@openzeppelin/contracts/utils/SlotDerivation.sol";
import {InteroperableAddress} from "@openzeppelin/contracts/utils/draft-InteroperableAddress.sol";
import {IMailbox, IPacketSender} from "../interfaces/IMailbox.sol";
import {GuardedCall} from "../libraries/GuardedCall.sol";
import {PacketCodec} from "../libraries/PacketCodec.sol";
import {SendAttributes} from "../libraries/SendAttributes.sol";
import {Answer, Fees, Packet, Status} from "../types/Packet.sol";
import {FeeEscrow} from "./FeeEscrow.sol";
import {RouteBook} from "./RouteBook.sol";

/// @title Mailbox
/// @notice See {IMailbox}.
/// @dev A peer is another instance of this code: its storage layout is taken to be the same.
contract Mailbox is IMailbox, RouteBook, FeeEscrow, ReentrancyGuardTransient {
    uint8 private constant VERSION = 1;
    uint256 private constant CALLBACK_GAS = 200_000;

    /// @dev Stands for the receipt while its recipient is being called; never outlives the transaction.
    bytes32 private constant PENDING = bytes32(uint256(1));

    mapping(bytes32 packetId => bytes32) public override commitments;
    mapping(bytes32 packetId => bytes32) public override receipts;
    uint64 public nonce;

    /// @param guardian_ may disable routes; nobody if zero
    /// @param routeDelayBlocks_ blocks from a route's proposal to its activation, besides the seconds
    constructor(address owner_, address guardian_, uint64 routeDelayBlocks_)
        Ownable(owner_)
        RouteBook(guardian_, routeDelayBlocks_)
    {}

    /// @inheritdoc IERC7786GatewaySource
    function sendMessage(bytes calldata recipient, bytes calldata payload, bytes[] calldata attributes)
        external
        payable
        override
        returns (bytes32 packetId)
    {
        (uint64 chainId, address target) = _parseRecipient(recipient);
        (uint32 epoch, Path storage path) = _outgoing(chainId);
        require(payload.length <= path.maxPayload, PayloadTooLong(payload.length, path.maxPayload));
        (uint64 gasLimit, uint64 timeoutTimestamp, Fees memory fees) = SendAttributes.read(attributes);
        _requireEscrow(fees);

        Packet memory packet = Packet({
            version: VERSION,
            sourceChain: uint64(block.chainid),
            sourceMailbox: address(this),
            destinationChain: chainId,
            destinationMailbox: path.peer,
            routeEpoch: epoch,
            nonce: nonce++,
            sender: msg.sender,
            recipient: target,
            timeoutTimestamp: _deadline(timeoutTimestamp, path),
            gasLimit: _gasLimit(gasLimit, path),
            fees: fees,
            payload: payload
        });
        packetId = PacketCodec.packetId(packet);
        commitments[packetId] = packetId;
        emit PacketSent(
            packetId,
            chainId,
            packet.destinationMailbox,
            epoch,
            packet.nonce,
            packet.timeoutTimestamp,
            packet.gasLimit
        );
        emit MessageSent(
            packetId, InteroperableAddress.formatEvmV1(block.chainid, msg.sender), recipient, payload, 0, attributes
        );
    }

    /// @inheritdoc IMailbox
    function receivePackets(Packet[] calldata packets, bytes calldata proof, address payee)
        external
        override
        nonReentrant
    {
        require(packets.length != 0, EmptyBatch());
        (uint64 chainId, uint32 epoch) = (packets[0].sourceChain, packets[0].routeEpoch);
        Path storage path = _incoming(chainId, epoch);
        bytes32[] memory ids = new bytes32[](packets.length);
        bytes32[] memory slots = new bytes32[](packets.length);
        bool useful = false;
        for (uint256 i = 0; i < packets.length; ++i) {
            ids[i] = _requireInbound(packets[i], chainId, epoch, path.peer);
            slots[i] = SlotDerivation.deriveMapping(_commitmentsSlot(), ids[i]);
            useful = useful || _receivable(packets[i], ids[i]);
        }
        if (!useful) return;
        _verify(path, slots, ids, proof);
        for (uint256 i = 0; i < packets.length; ++i) {
            if (_receivable(packets[i], ids[i])) _execute(packets[i], ids[i], payee);
        }
    }

    /// @inheritdoc IMailbox
    function acknowledge(Answer[] calldata answers, bytes calldata proof, address payee)
        external
        override
        nonReentrant
    {
        require(answers.length != 0, EmptyBatch());
        (uint64 chainId, uint32 epoch) = (answers[0].packet.destinationChain, answers[0].packet.routeEpoch);
        Path storage path = _pathOf(chainId, epoch);
        bytes32[] memory ids = new bytes32[](answers.length);
        bytes32[] memory slots = new bytes32[](answers.length);
        bytes32[] memory values = new bytes32[](answers.length);
        bool useful = false;
        for (uint256 i = 0; i < answers.length; ++i) {
            Answer calldata answer = answers[i];
            ids[i] = _requireOutbound(answer.packet, chainId, epoch, path.peer);
            require(answer.status != Status.None, InvalidStatus(ids[i]));
            slots[i] = SlotDerivation.deriveMapping(_receiptsSlot(), ids[i]);
            values[i] = PacketCodec.receiptHash(ids[i], answer.status, answer.ack, answer.payee);
            useful = useful || commitments[ids[i]] == ids[i];
        }
        if (!useful) return;
        _verify(path, slots, values, proof);
        for (uint256 i = 0; i < answers.length; ++i) {
            if (commitments[ids[i]] == ids[i]) _settle(answers[i], ids[i], payee);
        }
    }

    /// @inheritdoc IMailbox
    function expire(Packet[] calldata packets, address payee) external override nonReentrant {
        require(packets.length != 0, EmptyBatch());
        for (uint256 i = 0; i < packets.length; ++i) {
            Packet calldata packet = packets[i];
            (uint64 chainId, uint32 epoch) = (packet.sourceChain, packet.routeEpoch);
            bytes32 id = _requireInbound(packet, chainId, epoch, _pathOf(chainId, epoch).peer);
            require(block.timestamp >= packet.timeoutTimestamp, NotYetExpired(id));
            if (receipts[id] == 0) _answer(id, Status.Expired, "", payee);
        }
    }

    /// @inheritdoc IERC7786GatewaySource
    function supportsAttribute(bytes4 selector) external pure override returns (bool) {
        return SendAttributes.supported(selector);
    }

    /// @dev Calls the recipient once. The receipt is there before the call, so nothing the recipient does finds it absent.
    function _execute(Packet calldata packet, bytes32 id, address payee) private {
        receipts[id] = PENDING;
        Status status = Status.Failure;
        bytes memory ack = "";
        if (packet.recipient.code.length != 0 && packet.recipient != address(this)) {
            bytes memory call = abi.encodeCall(
                IERC7786Recipient.receiveMessage,
                (id, InteroperableAddress.formatEvmV1(packet.sourceChain, packet.sender), packet.payload)
            );
            (bool success, bytes memory output) = GuardedCall.call(packet.recipient, packet.gasLimit, call);
            if (!success) ack = output;
            else if (_accepted(output)) status = Status.Success;
        }
        _answer(id, status, ack, payee);
    }

    function _answer(bytes32 id, Status status, bytes memory ack, address payee) private {
        receipts[id] = PacketCodec.receiptHash(id, status, ack, payee);
        emit PacketAnswered(id, status, ack, payee);
    }

    /// @dev Clears the commitment and shares out the fees, then tells the sender, which may fail without consequence.
    function _settle(Answer calldata answer, bytes32 id, address payee) private {
        delete commitments[id];
        _shareOut(id, answer.packet.fees, answer.status, answer.payee, payee);
        bool told = false;
        address sender = answer.packet.sender;
        if (sender.code.length != 0) {
            bytes memory call =
                abi.encodeCall(IPacketSender.onPacketAnswered, (answer.packet, answer.status, answer.ack));
            (told,) = GuardedCall.call(sender, CALLBACK_GAS, call);
        }
        emit PacketAcknowledged(id, answer.status, told);
    }

    function _receivable(Packet calldata packet, bytes32 id) private view returns (bool) {
        return receipts[id] == 0 && block.timestamp < packet.timeoutTimestamp;
    }

    function _requireInbound(Packet calldata packet, uint64 chainId, uint32 epoch, address peer)
        private
        view
        returns (bytes32 id)
    {
        id = PacketCodec.packetIdCalldata(packet);
        require(packet.version == VERSION && packet.routeEpoch == epoch, WrongPacket(id));
        require(packet.sourceChain == chainId && packet.sourceMailbox == peer, WrongPacket(id));
        require(packet.destinationChain == block.chainid, WrongPacket(id));
        require(packet.destinationMailbox == address(this), WrongPacket(id));
    }

    function _requireOutbound(Packet calldata packet, uint64 chainId, uint32 epoch, address peer)
        private
        view
        returns (bytes32 id)
    {
        id = PacketCodec.packetIdCalldata(packet);
        require(packet.version == VERSION && packet.routeEpoch == epoch, WrongPacket(id));
        require(packet.sourceChain == block.chainid && packet.sourceMailbox == address(this), WrongPacket(id));
        require(packet.destinationChain == chainId, WrongPacket(id));
        require(packet.destinationMailbox == peer, WrongPacket(id));
    }

    /// @dev The route's longest where none is asked for, never beyond it, never in the past.
    function _deadline(uint64 asked, Path storage path) private view returns (uint64) {
        uint64 latest = uint64(block.timestamp + path.maxTimeout);
        if (asked == 0) return latest;
        require(asked > block.timestamp && asked <= latest, TimeoutOutOfRange(asked));
        return asked;
    }

    function _gasLimit(uint64 asked, Path storage path) private view returns (uint64) {
        uint64 maximum = path.maxGasLimit;
        if (asked == 0) return maximum;
        require(asked <= maximum, GasLimitOutOfRange(asked, maximum));
        return asked;
    }

    function _parseRecipient(bytes calldata recipient) private pure returns (uint64 chainId, address target) {
        uint256 id;
        bool valid;
        (valid, id, target) = InteroperableAddress.tryParseEvmV1Calldata(recipient);
        require(valid && id <= type(uint64).max && target != address(0), InvalidRecipient(recipient));
        // One address has one encoding: the parser would ignore trailing bytes and leading zeros.
        bytes memory canonical = InteroperableAddress.formatEvmV1(id, target);
        require(keccak256(canonical) == keccak256(recipient), InvalidRecipient(recipient));
        return (uint64(id), target);
    }

    function _accepted(bytes memory output) private pure returns (bool) {
        return output.length >= 32 && bytes4(output) == IERC7786Recipient.receiveMessage.selector;
    }

    function _commitmentsSlot() private pure returns (bytes32 slot) {
        // Only names the variable's slot.
        assembly ("memory-safe") {
            slot := commitments.slot
        }
    }

    function _receiptsSlot() private pure returns (bytes32 slot) {
        // Only names the variable's slot.
        assembly ("memory-safe") {
            slot := receipts.slot
        }
    }
}
