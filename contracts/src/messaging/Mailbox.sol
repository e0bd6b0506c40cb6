// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {Ownable} from "@openzeppelin/contracts/access/Ownable.sol";
import {Ownable2Step} from "@openzeppelin/contracts/access/Ownable2Step.sol";
import {IERC7786GatewaySource, IERC7786Recipient} from "@openzeppelin/contracts/interfaces/draft-IERC7786.sol";
import {ReentrancyGuardTransient} from "@openzeppelin/contracts/utils/ReentrancyGuardTransient.sol";
import {SlotDerivation} from "@openzeppelin/contracts/utils/SlotDerivation.sol";
import {InteroperableAddress} from "@openzeppelin/contracts/utils/draft-InteroperableAddress.sol";
import {IMailbox, IPacketSender, Route} from "../interfaces/IMailbox.sol";
import {AbiCalldata} from "../libraries/AbiCalldata.sol";
import {GuardedCall} from "../libraries/GuardedCall.sol";
import {PacketCodec} from "../libraries/PacketCodec.sol";
import {SendAttributes} from "../libraries/SendAttributes.sol";
import {Answer, Fees, Packet, Status} from "../types/Packet.sol";

/// @title Mailbox
/// @notice See {IMailbox}.
/// @dev A peer is another instance of this code: its storage layout is taken to be the same.
contract Mailbox is IMailbox, Ownable2Step, ReentrancyGuardTransient {
    using AbiCalldata for bytes;

    uint8 private constant VERSION = 1;
    uint256 private constant CALLBACK_GAS = 200_000;
    uint32 private constant FIRST_EPOCH = 1;

    /// @dev Stands for the receipt while its recipient is being called; never outlives the transaction.
    bytes32 private constant PENDING = bytes32(uint256(1));

    mapping(bytes32 packetId => bytes32) public override commitments;
    mapping(bytes32 packetId => bytes32) public override receipts;
    mapping(uint64 chainId => uint32) public override latestEpoch;
    mapping(uint64 chainId => mapping(uint32 epoch => Route)) private _routes;
    uint64 public nonce;

    constructor(address owner_) Ownable(owner_) {}

    /// @inheritdoc IERC7786GatewaySource
    function sendMessage(bytes calldata recipient, bytes calldata payload, bytes[] calldata attributes)
        external
        payable
        override
        returns (bytes32 packetId)
    {
        require(msg.value == 0, ValueNotSupported());
        (uint64 chainId, address target) = _parseRecipient(recipient);
        Route storage path = _route(chainId, latestEpoch[chainId]);
        require(payload.length <= path.maxPayload, PayloadTooLong(payload.length, path.maxPayload));
        (uint64 gasLimit, uint64 timeoutTimestamp) = SendAttributes.read(attributes, path);

        Packet memory packet = Packet({
            version: VERSION,
            sourceChain: uint64(block.chainid),
            sourceMailbox: address(this),
            destinationChain: chainId,
            destinationMailbox: path.peer,
            routeEpoch: path.epoch,
            nonce: nonce++,
            sender: msg.sender,
            recipient: target,
            timeoutTimestamp: timeoutTimestamp,
            gasLimit: gasLimit,
            fees: Fees(0, 0, 0),
            payload: payload
        });
        packetId = PacketCodec.packetId(packet);
        commitments[packetId] = packetId;
        emit PacketSent(packetId, chainId, path.peer, path.epoch, packet.nonce, timeoutTimestamp, gasLimit);
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
        Route storage path = _route(packets[0].sourceChain, packets[0].routeEpoch);
        bytes32[] memory ids = new bytes32[](packets.length);
        bytes32[] memory slots = new bytes32[](packets.length);
        bool useful = false;
        for (uint256 i = 0; i < packets.length; ++i) {
            ids[i] = _requireInbound(packets[i], packets[0].sourceChain, path);
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
    function acknowledge(Answer[] calldata answers, bytes calldata proof) external override nonReentrant {
        require(answers.length != 0, EmptyBatch());
        uint64 chainId = answers[0].packet.destinationChain;
        Route storage path = _route(chainId, answers[0].packet.routeEpoch);
        bytes32[] memory ids = new bytes32[](answers.length);
        bytes32[] memory slots = new bytes32[](answers.length);
        bytes32[] memory values = new bytes32[](answers.length);
        bool useful = false;
        for (uint256 i = 0; i < answers.length; ++i) {
            Answer calldata answer = answers[i];
            ids[i] = _requireOutbound(answer.packet, chainId, path);
            require(answer.status != Status.None, InvalidStatus(ids[i]));
            slots[i] = SlotDerivation.deriveMapping(_receiptsSlot(), ids[i]);
            values[i] = PacketCodec.receiptHash(ids[i], answer.status, answer.ack, answer.payee);
            useful = useful || commitments[ids[i]] == ids[i];
        }
        if (!useful) return;
        _verify(path, slots, values, proof);
        for (uint256 i = 0; i < answers.length; ++i) {
            if (commitments[ids[i]] == ids[i]) _settle(answers[i], ids[i]);
        }
    }

    /// @inheritdoc IMailbox
    function expire(Packet[] calldata packets, address payee) external override nonReentrant {
        require(packets.length != 0, EmptyBatch());
        for (uint256 i = 0; i < packets.length; ++i) {
            Packet calldata packet = packets[i];
            bytes32 id =
                _requireInbound(packet, packet.sourceChain, _route(packet.sourceChain, packet.routeEpoch));
            require(block.timestamp >= packet.timeoutTimestamp, NotYetExpired(id));
            if (receipts[id] == 0) _answer(id, Status.Expired, "", payee);
        }
    }

    /// @inheritdoc IMailbox
    function addRoute(uint64 chainId, Route calldata route_) external override onlyOwner {
        require(latestEpoch[chainId] == 0, RouteExists(chainId));
        require(chainId != 0 && chainId != block.chainid && route_.epoch == FIRST_EPOCH, InvalidRoute());
        require(address(route_.client).code.length != 0 && route_.peer != address(0), InvalidRoute());
        require(route_.maxTimeout != 0 && route_.maxProofAge != 0, InvalidRoute());
        require(route_.maxGasLimit != 0 && route_.maxPayload != 0, InvalidRoute());
        latestEpoch[chainId] = route_.epoch;
        _routes[chainId][route_.epoch] = route_;
        emit RouteAdded(chainId, route_.epoch, route_);
    }

    /// @inheritdoc IMailbox
    function route(uint64 chainId, uint32 epoch) external view override returns (Route memory) {
        return _routes[chainId][epoch];
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

    /// @dev Clears the commitment, then tells the sender, which may fail without consequence.
    function _settle(Answer calldata answer, bytes32 id) private {
        delete commitments[id];
        bool told = false;
        address sender = answer.packet.sender;
        if (sender.code.length != 0) {
            bytes memory call =
                abi.encodeCall(IPacketSender.onPacketAnswered, (answer.packet, answer.status, answer.ack));
            (told,) = GuardedCall.call(sender, CALLBACK_GAS, call);
        }
        emit PacketAcknowledged(id, answer.status, told);
    }

    /// @dev The route's client decides; nothing of the caller's choosing takes part but the proof.
    function _verify(Route storage path, bytes32[] memory slots, bytes32[] memory values, bytes calldata proof)
        private
        view
    {
        uint256 height = proof.wordAt(0);
        require(height <= type(uint64).max, AbiCalldata.MalformedEncoding());
        uint64 timestamp = path.client.verifyStorage(uint64(height), path.peer, slots, values, proof.bytesAt(0, 32));
        require(uint256(timestamp) + path.maxProofAge >= block.timestamp, ProofTooOld(timestamp));
    }

    function _receivable(Packet calldata packet, bytes32 id) private view returns (bool) {
        return receipts[id] == 0 && block.timestamp < packet.timeoutTimestamp;
    }

    function _requireInbound(Packet calldata packet, uint64 chainId, Route storage path)
        private
        view
        returns (bytes32 id)
    {
        id = PacketCodec.packetId(packet);
        require(packet.version == VERSION && packet.routeEpoch == path.epoch, WrongPacket(id));
        require(packet.sourceChain == chainId && packet.sourceMailbox == path.peer, WrongPacket(id));
        require(packet.destinationChain == block.chainid, WrongPacket(id));
        require(packet.destinationMailbox == address(this), WrongPacket(id));
    }

    function _requireOutbound(Packet calldata packet, uint64 chainId, Route storage path)
        private
        view
        returns (bytes32 id)
    {
        id = PacketCodec.packetId(packet);
        require(packet.version == VERSION && packet.routeEpoch == path.epoch, WrongPacket(id));
        require(packet.sourceChain == block.chainid && packet.sourceMailbox == address(this), WrongPacket(id));
        require(packet.destinationChain == chainId, WrongPacket(id));
        require(packet.destinationMailbox == path.peer, WrongPacket(id));
    }

    function _route(uint64 chainId, uint32 epoch) private view returns (Route storage path) {
        path = _routes[chainId][epoch];
        require(path.epoch != 0, UnknownRoute(chainId, epoch));
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
