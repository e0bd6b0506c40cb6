// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {Ownable} from "@openzeppelin/contracts/access/Ownable.sol";
import {Ownable2Step} from "@openzeppelin/contracts/access/Ownable2Step.sol";
import {IERC7786Recipient} from "@openzeppelin/contracts/interfaces/draft-IERC7786.sol";
import {Address} from "@openzeppelin/contracts/utils/Address.sol";
import {InteroperableAddress} from "@openzeppelin/contracts/utils/draft-InteroperableAddress.sol";
import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";
import {IChainLedger} from "../interfaces/IChainLedger.sol";
import {ChainState, IForcedQueue, Item, ItemKind} from "../interfaces/IForcedQueue.sol";
import {ClientStatus} from "../interfaces/ILightClient.sol";
import {IRouteBook} from "../interfaces/IRouteBook.sol";
import {PacketCodec} from "../libraries/PacketCodec.sol";

/// @title ForcedQueue
/// @notice See {IForcedQueue}.
contract ForcedQueue is IForcedQueue, Ownable2Step {
    /// @dev Sizes of the accounts, assets and locks trees of docs/protocol/state.md.
    uint32 private constant MAX_ACCOUNTS = 4 ** 12;
    uint16 private constant MAX_ASSETS = 4 ** 4;
    uint64 private constant MAX_LOCKS = 4 ** 16;
    uint256 private constant MAX_CHAIN_ASSETS = 16;

    address public immutable mailbox;
    IChainLedger public immutable ledger;
    uint64 public immutable delaySeconds;
    uint64 public immutable spacingSeconds;
    uint64 public immutable recoverySeconds;
    uint64 public immutable recoveryBlocks;
    uint256 public immutable override forcedFee;
    address public immutable override feeRecipient;

    mapping(uint64 chainId => address) public vaults;
    /// @dev Asset id plus one, so that none is 0.
    mapping(uint64 chainId => mapping(address token => uint32)) private _assets;
    mapping(uint16 asset => bool) private _assetTaken;
    mapping(uint64 chainId => uint16[]) private _assetsOf;
    mapping(uint64 chainId => ChainState) private _chains;
    /// @dev Account id plus one, so that none is 0.
    mapping(address owner => uint32) private _accounts;
    uint32 public accountCount;
    bytes32[] private _hashes;
    uint64[] private _deadlines;

    /// @param ledger_ counts deposits, and refuses those above a cap
    /// @param insuranceOwner owner of account 0
    /// @param delaySeconds_ from entry to deadline while the queue is short
    /// @param spacingSeconds_ between deadlines while it is long
    /// @param forcedFee_ wei for an item that is no deposit
    /// @param feeRecipient_ whom the fees are for
    /// @param recoverySeconds_ from when a sick chain is first found healthy to when it counts as such, together with
    /// @param recoveryBlocks_ as many blocks
    constructor(
        address mailbox_,
        IChainLedger ledger_,
        address owner_,
        address insuranceOwner,
        uint64 delaySeconds_,
        uint64 spacingSeconds_,
        uint256 forcedFee_,
        address feeRecipient_,
        uint64 recoverySeconds_,
        uint64 recoveryBlocks_
    ) Ownable(owner_) {
        require(mailbox_ != address(0) && address(ledger_) != address(0), ZeroAddress());
        require(insuranceOwner != address(0) && feeRecipient_ != address(0), ZeroAddress());
        require(delaySeconds_ != 0 && delaySeconds_ <= type(uint32).max, InvalidParameters());
        require(spacingSeconds_ != 0 && spacingSeconds_ <= delaySeconds_, InvalidParameters());
        require(recoverySeconds_ != 0 && recoverySeconds_ <= 365 days, InvalidParameters());
        require(recoveryBlocks_ != 0 && recoveryBlocks_ <= type(uint32).max, InvalidParameters());
        mailbox = mailbox_;
        ledger = ledger_;
        forcedFee = forcedFee_;
        feeRecipient = feeRecipient_;
        delaySeconds = delaySeconds_;
        spacingSeconds = spacingSeconds_;
        recoverySeconds = recoverySeconds_;
        recoveryBlocks = recoveryBlocks_;
        _accounts[insuranceOwner] = 1;
        accountCount = 1;
    }

    /// @inheritdoc IForcedQueue
    function registerVault(uint64 chainId, address vault) external override onlyOwner {
        require(chainId != 0 && vault != address(0), ZeroAddress());
        require(vaults[chainId] == address(0), AlreadyRegistered());
        vaults[chainId] = vault;
        emit VaultRegistered(chainId, vault);
    }

    /// @inheritdoc IForcedQueue
    function registerAsset(uint16 asset, uint64 chainId, address token) external override onlyOwner {
        require(asset < MAX_ASSETS, AssetOutOfRange(asset));
        require(!_assetTaken[asset] && _assets[chainId][token] == 0, AlreadyRegistered());
        require(!_chains[chainId].isSick, ChainIsSick(chainId));
        require(_assetsOf[chainId].length < MAX_CHAIN_ASSETS, TooManyAssets(chainId));
        _assetTaken[asset] = true;
        _assetsOf[chainId].push(asset);
        _assets[chainId][token] = uint32(asset) + 1;
        emit AssetRegistered(asset, chainId, token);
    }

    /// @inheritdoc IERC7786Recipient
    /// @dev Takes a deposit. Every refusal is an answer to the vault, which then refunds.
    function receiveMessage(bytes32 receiveId, bytes calldata sender, bytes calldata payload)
        external
        payable
        override
        returns (bytes4)
    {
        require(msg.sender == mailbox, OnlyMailbox(msg.sender));
        require(msg.value == 0, ValueNotSupported());
        uint64 chainId = _requireVault(sender);
        (address token, uint256 amount, address owner,) = PacketCodec.decodeDeposit(payload);
        require(owner != address(0), ZeroAddress());
        require(amount != 0 && amount <= type(uint96).max, AmountOutOfRange(amount));
        uint32 asset = _assets[chainId][token];
        require(asset != 0, UnknownAsset(chainId, token));
        ledger.credit(chainId, token, uint128(amount));
        _enqueue(
            Item({
                kind: ItemKind.Deposit,
                account: _openAccount(owner),
                owner: owner,
                asset: uint16(asset - 1),
                amount: uint128(amount),
                packetId: receiveId,
                enqueuedAt: uint64(block.timestamp)
            })
        );
        return IERC7786Recipient.receiveMessage.selector;
    }

    /// @inheritdoc IForcedQueue
    function enqueueSwapClaim(uint64 lockId, bytes32 preimage) external payable override {
        _enqueueSwap(ItemKind.SwapClaim, lockId, preimage);
    }

    /// @inheritdoc IForcedQueue
    function enqueueSwapRefund(uint64 lockId) external payable override {
        _enqueueSwap(ItemKind.SwapRefund, lockId, 0);
    }

    /// @inheritdoc IForcedQueue
    function reportHealth(uint64 chainId) external override {
        ChainState memory state = _chains[chainId];
        bool reachable = isReachable(chainId);
        if (!state.isSick) {
            require(!reachable, NothingToReport(chainId));
            _report(chainId, true);
        } else if (!reachable) {
            require(state.readyAt != 0, NothingToReport(chainId));
            _chains[chainId] = ChainState({isSick: true, readyAt: 0, readyBlock: 0});
            emit RecoveryBroken(chainId);
        } else if (state.readyAt == 0) {
            state.readyAt = uint64(block.timestamp) + recoverySeconds;
            state.readyBlock = uint64(block.number) + recoveryBlocks;
            _chains[chainId] = state;
            emit RecoveryBegun(chainId, state.readyAt, state.readyBlock);
        } else {
            require(block.timestamp >= state.readyAt, NotRecovered(state.readyAt, state.readyBlock));
            require(block.number >= state.readyBlock, NotRecovered(state.readyAt, state.readyBlock));
            _report(chainId, false);
        }
    }

    /// @inheritdoc IForcedQueue
    function withdrawFees() external override {
        Address.sendValue(payable(feeRecipient), address(this).balance);
    }

    /// @inheritdoc IForcedQueue
    function count() external view override returns (uint64) {
        return uint64(_hashes.length);
    }

    /// @inheritdoc IForcedQueue
    function itemHash(uint64 index) external view override returns (bytes32) {
        require(index < _hashes.length, UnknownItem(index));
        return _hashes[index];
    }

    /// @inheritdoc IForcedQueue
    function deadline(uint64 index) external view override returns (uint64) {
        require(index < _deadlines.length, UnknownItem(index));
        return _deadlines[index];
    }

    /// @inheritdoc IForcedQueue
    function accountOf(address owner) external view override returns (uint32) {
        uint32 account = _accounts[owner];
        require(account != 0, UnknownAccount(owner));
        return account - 1;
    }

    /// @inheritdoc IForcedQueue
    function chainState(uint64 chainId) external view override returns (ChainState memory) {
        return _chains[chainId];
    }

    /// @inheritdoc IForcedQueue
    function isReachable(uint64 chainId) public view override returns (bool) {
        require(vaults[chainId] != address(0), UnknownChain(chainId));
        IRouteBook routes = IRouteBook(mailbox);
        uint32 epoch = routes.latestEpoch(chainId);
        return routes.closesAt(chainId, epoch) == 0
            && routes.route(chainId, epoch).client.status() == ClientStatus.Active;
    }

    /// @dev All of the chain's assets in one call, so that none is left healthy for a while.
    function _report(uint64 chainId, bool isSick) private {
        _chains[chainId] = ChainState({isSick: isSick, readyAt: 0, readyBlock: 0});
        emit ChainReported(chainId, isSick);
        uint16[] memory assets = _assetsOf[chainId];
        for (uint256 i = 0; i < assets.length; ++i) {
            _enqueue(
                Item({
                    kind: ItemKind.ChainHealth,
                    account: 0,
                    owner: msg.sender,
                    asset: assets[i],
                    amount: isSick ? 1 : 0,
                    packetId: 0,
                    enqueuedAt: uint64(block.timestamp)
                })
            );
        }
    }

    function _enqueueSwap(ItemKind kind, uint64 lockId, bytes32 preimage) private {
        require(msg.value == forcedFee, WrongFee(msg.value, forcedFee));
        require(lockId < MAX_LOCKS, LockOutOfRange(lockId));
        _enqueue(
            Item({
                kind: kind,
                account: 0,
                owner: msg.sender,
                asset: 0,
                amount: lockId,
                packetId: preimage,
                enqueuedAt: uint64(block.timestamp)
            })
        );
    }

    function _enqueue(Item memory item) private {
        uint256 index = _hashes.length;
        uint256 due = uint256(item.enqueuedAt) + delaySeconds;
        if (index != 0) due = Math.max(due, uint256(_deadlines[index - 1]) + spacingSeconds);
        _hashes.push(keccak256(abi.encode(item)));
        _deadlines.push(uint64(due));
        emit ItemEnqueued(uint64(index), uint64(due), item);
    }

    function _openAccount(address owner) private returns (uint32 account) {
        account = _accounts[owner];
        if (account != 0) return account - 1;
        account = accountCount;
        require(account < MAX_ACCOUNTS, TooManyAccounts());
        accountCount = account + 1;
        _accounts[owner] = account + 1;
    }

    function _requireVault(bytes calldata sender) private view returns (uint64) {
        (bool valid, uint256 chainId, address vault) = InteroperableAddress.tryParseEvmV1Calldata(sender);
        require(valid && chainId <= type(uint64).max && vault != address(0), WrongPeer());
        require(vaults[uint64(chainId)] == vault, WrongPeer());
        return uint64(chainId);
    }
}
