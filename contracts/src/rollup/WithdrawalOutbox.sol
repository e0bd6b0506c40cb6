// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {Ownable} from "@openzeppelin/contracts/access/Ownable.sol";
import {Ownable2Step} from "@openzeppelin/contracts/access/Ownable2Step.sol";
import {InteroperableAddress} from "@openzeppelin/contracts/utils/draft-InteroperableAddress.sol";
import {BitMaps} from "@openzeppelin/contracts/utils/structs/BitMaps.sol";
import {IChainLedger} from "../interfaces/IChainLedger.sol";
import {IMailbox, IPacketSender} from "../interfaces/IMailbox.sol";
import {IRollup} from "../interfaces/IRollup.sol";
import {IWithdrawalOutbox, Withdrawal} from "../interfaces/IWithdrawalOutbox.sol";
import {PacketCodec} from "../libraries/PacketCodec.sol";
import {SendAttributes} from "../libraries/SendAttributes.sol";
import {StateTree} from "../libraries/StateTree.sol";
import {Packet, Status} from "../types/Packet.sol";

/// @title WithdrawalOutbox
/// @notice See {IWithdrawalOutbox}.
contract WithdrawalOutbox is IWithdrawalOutbox, Ownable2Step {
    using BitMaps for BitMaps.BitMap;

    uint64 private constant RELEASE_GAS = 200_000;

    IMailbox public immutable mailbox;
    IRollup public immutable rollup;
    IChainLedger public immutable ledger;

    mapping(uint64 chainId => address) public vaults;
    /// @notice The packet that is out for a withdrawal; only its answer can make the withdrawal releasable again.
    mapping(uint64 id => bytes32) public packetOf;
    BitMaps.BitMap private _spent;

    /// @param ledger_ counts releases, and refuses those above what their chain was credited
    constructor(IMailbox mailbox_, IRollup rollup_, IChainLedger ledger_, address owner_) Ownable(owner_) {
        require(address(mailbox_) != address(0) && address(rollup_) != address(0), InvalidVault());
        require(address(ledger_) != address(0), InvalidVault());
        mailbox = mailbox_;
        rollup = rollup_;
        ledger = ledger_;
    }

    /// @inheritdoc IWithdrawalOutbox
    function registerVault(uint64 chainId, address vault) external override onlyOwner {
        require(chainId != 0 && vault != address(0) && vaults[chainId] == address(0), InvalidVault());
        vaults[chainId] = vault;
        emit VaultRegistered(chainId, vault);
    }

    /// @inheritdoc IWithdrawalOutbox
    function release(
        uint64 batchIndex,
        Withdrawal calldata withdrawal,
        bytes32[] calldata withdrawalProof,
        bytes32[] calldata rootProof
    ) external override returns (bytes32 packetId) {
        uint64 id = withdrawal.id;
        require(rollup.isFinal(batchIndex), BatchNotFinal(batchIndex));
        require(!_spent.get(id), AlreadySpent(id));
        _requireProven(batchIndex, withdrawal, withdrawalProof, rootProof);
        address vault = vaults[withdrawal.chainId];
        require(vault != address(0), UnknownVault(withdrawal.chainId));

        _spent.set(id);
        ledger.release(withdrawal.chainId, withdrawal.token, withdrawal.amount);
        bytes[] memory attributes = new bytes[](1);
        attributes[0] = SendAttributes.encodeGasLimit(RELEASE_GAS);
        packetId = mailbox.sendMessage(
            InteroperableAddress.formatEvmV1(withdrawal.chainId, vault),
            PacketCodec.encodeRelease(id, withdrawal.token, withdrawal.amount, withdrawal.recipient),
            attributes
        );
        packetOf[id] = packetId;
        emit WithdrawalReleased(id, packetId, withdrawal.chainId);
    }

    /// @inheritdoc IPacketSender
    /// @dev A vault that refused, or was not reached in time, has recorded nothing: the withdrawal is open again.
    function onPacketAnswered(Packet calldata packet, Status status, bytes calldata) external override {
        require(msg.sender == address(mailbox), OnlyMailbox(msg.sender));
        bytes32 packetId = PacketCodec.packetIdCalldata(packet);
        (uint64 id, address token, uint256 amount,) = PacketCodec.decodeRelease(packet.payload);
        require(packet.sender == address(this) && packetOf[id] == packetId, WrongPacket(packetId));
        delete packetOf[id];
        if (status == Status.Success) {
            ledger.settle(packet.destinationChain, token, uint128(amount));
            return;
        }
        _spent.unset(id);
        ledger.giveBack(packet.destinationChain, token, uint128(amount));
        emit WithdrawalReturned(id, packetId);
    }

    /// @inheritdoc IWithdrawalOutbox
    function isSpent(uint64 id) external view override returns (bool) {
        return _spent.get(id);
    }

    function _requireProven(
        uint64 batchIndex,
        Withdrawal calldata withdrawal,
        bytes32[] calldata withdrawalProof,
        bytes32[] calldata rootProof
    ) private view {
        bytes32 leaf = StateTree.withdrawalLeaf(withdrawal);
        bytes32 tree = StateTree.climb(leaf, withdrawal.id, StateTree.WITHDRAWALS_DEPTH, withdrawalProof);
        bytes32 root = StateTree.climb(tree, StateTree.WITHDRAWALS_POSITION, StateTree.ROOT_DEPTH, rootProof);
        require(root == rollup.batch(batchIndex).stateRoot, InvalidWithdrawalProof());
    }
}
