// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {Ownable} from "@openzeppelin/contracts/access/Ownable.sol";
import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {IERC20Permit} from "@openzeppelin/contracts/token/ERC20/extensions/IERC20Permit.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {IERC7786Recipient} from "@openzeppelin/contracts/interfaces/draft-IERC7786.sol";
import {InteroperableAddress} from "@openzeppelin/contracts/utils/draft-InteroperableAddress.sol";
import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";
import {ICollateralVault, TokenPermit, VaultParameters} from "../interfaces/ICollateralVault.sol";
import {IMailbox, IPacketSender} from "../interfaces/IMailbox.sol";
import {IPermit2} from "../interfaces/IPermit2.sol";
import {PacketCodec} from "../libraries/PacketCodec.sol";
import {SendAttributes} from "../libraries/SendAttributes.sol";
import {AssetLimits, Change, ChangeKind, Exit} from "../types/Exit.sol";
import {Fees, Packet, Status} from "../types/Packet.sol";
import {AssetBook} from "./AssetBook.sol";
import {OutflowLimiter} from "./OutflowLimiter.sol";
import {PauseBudget} from "./PauseBudget.sol";
import {VaultTimelock} from "./VaultTimelock.sol";

/// @title CollateralVault
/// @notice See {ICollateralVault}.
contract CollateralVault is AssetBook {
    using SafeERC20 for IERC20;

    uint64 private constant DEPOSIT_GAS = 300_000;

    IMailbox public immutable mailbox;
    uint64 public immutable settlementChain;
    IPermit2 public immutable permit2;

    address public forcedQueue;
    address public outbox;
    /// @dev The queued claim that a packet carries instead of a deposit.
    mapping(bytes32 packetId => bytes32 id) private _redirected;

    /// @param assets accepted from the start
    constructor(VaultParameters memory parameters, AssetLimits[] memory assets)
        Ownable(parameters.owner)
        PauseBudget(
            parameters.guardian,
            parameters.longestPauseSeconds,
            parameters.pauseBudgetSeconds,
            parameters.pauseRefillSeconds
        )
        VaultTimelock(parameters.delaySeconds, parameters.delayBlocks)
        OutflowLimiter(parameters.windowSeconds)
    {
        require(address(parameters.mailbox) != address(0) && parameters.settlementChain != 0, ZeroAddress());
        mailbox = parameters.mailbox;
        settlementChain = parameters.settlementChain;
        permit2 = parameters.permit2;
        _setPeers(parameters.forcedQueue, parameters.outbox);
        for (uint256 i = 0; i < assets.length; ++i) {
            _setLimits(assets[i]);
        }
    }

    /// @inheritdoc ICollateralVault
    function deposit(address asset, uint256 amount, address owner, uint64 timeoutTimestamp)
        external
        payable
        override
        nonReentrant
        whenNotPaused
        returns (bytes32 packetId)
    {
        return _deposit(asset, amount, owner, timeoutTimestamp, Fees(0, 0, 0, address(0)));
    }

    /// @inheritdoc ICollateralVault
    function deposit(
        address asset,
        uint256 amount,
        address owner,
        uint64 timeoutTimestamp,
        uint96 deliverFee,
        uint96 acknowledgeFee,
        uint96 expireFee
    ) external payable override nonReentrant whenNotPaused returns (bytes32 packetId) {
        Fees memory fees = Fees(deliverFee, acknowledgeFee, expireFee, msg.sender);
        return _deposit(asset, amount, owner, timeoutTimestamp, fees);
    }

    /// @inheritdoc ICollateralVault
    function depositWithPermit(
        address asset,
        uint256 amount,
        address owner,
        uint64 timeoutTimestamp,
        Fees calldata fees,
        TokenPermit calldata permit
    ) external payable override nonReentrant whenNotPaused returns (bytes32 packetId) {
        require(asset.code.length != 0, AssetWithoutCode(asset));
        try IERC20Permit(asset).permit(
            msg.sender, address(this), amount, permit.deadline, permit.v, permit.r, permit.s
        ) {} catch {}
        uint256 allowance = IERC20(asset).allowance(msg.sender, address(this));
        require(allowance >= amount, AllowanceTooLow(asset, allowance));
        return _deposit(asset, amount, owner, timeoutTimestamp, fees);
    }

    /// @inheritdoc ICollateralVault
    function depositWithPermit2(
        address asset,
        uint256 amount,
        address owner,
        uint64 timeoutTimestamp,
        Fees calldata fees,
        uint256 nonce,
        uint256 deadline,
        bytes calldata signature
    ) external payable override nonReentrant whenNotPaused returns (bytes32 packetId) {
        require(address(permit2) != address(0), Permit2Unavailable());
        uint256 before = _balanceBefore(asset, fees);
        permit2.permitTransferFrom(
            IPermit2.PermitTransferFrom(IPermit2.TokenPermissions(asset, amount), nonce, deadline),
            IPermit2.SignatureTransferDetails(address(this), amount),
            msg.sender,
            signature
        );
        return _send(asset, _creditSince(asset, before), owner, timeoutTimestamp, fees);
    }

    /// @inheritdoc ICollateralVault
    function redirect(bytes32 id, address owner, uint64 timeoutTimestamp)
        external
        override
        nonReentrant
        whenNotPaused
        returns (bytes32 packetId)
    {
        require(owner != address(0), ZeroAddress());
        (address asset, uint256 amount) = _leaveQueue(id, msg.sender);
        packetId = _sendDeposit(asset, amount, owner, timeoutTimestamp, Fees(0, 0, 0, address(0)));
        _redirected[packetId] = id;
        emit Redirected(id, packetId, asset, owner, amount, msg.sender);
    }

    /// @inheritdoc IERC7786Recipient
    /// @dev Takes a release: records who may be paid what, and calls nobody. Paused or not, so that nothing is lost.
    function receiveMessage(bytes32 receiveId, bytes calldata sender, bytes calldata payload)
        external
        payable
        override
        returns (bytes4)
    {
        require(msg.sender == address(mailbox), OnlyMailbox(msg.sender));
        require(msg.value == 0, WrongValue(msg.value));
        require(keccak256(sender) == keccak256(_peer(outbox)), WrongPeer());
        (, address asset, uint256 amount, address recipient) = PacketCodec.decodeRelease(payload);
        require(recipient != address(0) && recipient != address(this), ZeroAddress());
        _requireAmount(amount);
        require(assetOf[asset].isKnown, UnknownAsset(asset));
        _enqueue(Exit.Release, receiveId, asset, recipient, amount);
        return IERC7786Recipient.receiveMessage.selector;
    }

    /// @inheritdoc IPacketSender
    /// @dev A deposit that was refused or expired becomes a refund to its depositor; a redirected claim gets its place back.
    /// Never reverts for an answer of the vault's own packet: the mailbox tells it once.
    function onPacketAnswered(Packet calldata packet, Status status, bytes calldata) external override {
        require(msg.sender == address(mailbox), OnlyMailbox(msg.sender));
        require(packet.sender == address(this), WrongPeer());
        (address asset, uint256 amount,, address refundTo) = PacketCodec.decodeDeposit(packet.payload);
        bytes32 packetId = PacketCodec.packetIdCalldata(packet);
        bytes32 claim = _redirected[packetId];
        if (claim != 0) {
            delete _redirected[packetId];
            if (status != Status.Success) _returnToQueue(claim, packetId, amount);
        } else if (status == Status.Success) {
            reserved[asset] -= amount;
        } else {
            _enqueue(Exit.Refund, packetId, asset, refundTo, amount);
        }
    }

    function _deposit(address asset, uint256 amount, address owner, uint64 timeoutTimestamp, Fees memory fees)
        private
        returns (bytes32 packetId)
    {
        if (asset == ETHER) {
            uint256 escrow = _escrowOf(fees);
            require(msg.value >= escrow && msg.value - escrow == amount, WrongValue(msg.value));
            return _send(asset, amount, owner, timeoutTimestamp, fees);
        }
        uint256 before = _balanceBefore(asset, fees);
        IERC20(asset).safeTransferFrom(msg.sender, address(this), amount);
        return _send(asset, _creditSince(asset, before), owner, timeoutTimestamp, fees);
    }

    /// @dev Of a token, for whose deposit the only ether is the fees' escrow.
    function _balanceBefore(address asset, Fees memory fees) private view returns (uint256) {
        require(msg.value == _escrowOf(fees), WrongValue(msg.value));
        require(asset.code.length != 0, AssetWithoutCode(asset));
        require(assetOf[asset].isAccepted, AssetNotAccepted(asset));
        return IERC20(asset).balanceOf(address(this));
    }

    /// @dev Credit is what the balance grew by, whatever the token says of it.
    function _creditSince(address asset, uint256 before) private view returns (uint256) {
        return IERC20(asset).balanceOf(address(this)) - before;
    }

    function _send(address asset, uint256 credited, address owner, uint64 timeoutTimestamp, Fees memory fees)
        private
        returns (bytes32 packetId)
    {
        require(owner != address(0), ZeroAddress());
        _requireAmount(credited);
        _requireRoomFor(asset, credited);
        holdings[asset] += credited;
        reserved[asset] += credited;
        packetId = _sendDeposit(asset, credited, owner, timeoutTimestamp, fees);
        emit Deposited(packetId, asset, owner, credited, msg.sender);
    }

    function _sendDeposit(address asset, uint256 amount, address owner, uint64 timeoutTimestamp, Fees memory fees)
        private
        returns (bytes32 packetId)
    {
        return mailbox.sendMessage{value: _escrowOf(fees)}(
            _peer(forcedQueue),
            PacketCodec.encodeDeposit(asset, amount, owner, msg.sender),
            _attributes(timeoutTimestamp, fees)
        );
    }

    /// @inheritdoc VaultTimelock
    function _requireValid(Change calldata change) internal pure override {
        ChangeKind kind = change.kind;
        bool isValid = kind == ChangeKind.Limits;
        if (kind == ChangeKind.Peers) isValid = change.first != address(0) && change.second != address(0);
        else if (kind == ChangeKind.Retire || kind == ChangeKind.Guardian) isValid = change.second == address(0);
        require(isValid, InvalidChange());
    }

    /// @inheritdoc VaultTimelock
    function _apply(Change calldata change) internal override {
        if (change.kind == ChangeKind.Limits) {
            _setLimits(AssetLimits(change.first, change.releaseCap, change.refundCap));
        } else if (change.kind == ChangeKind.Retire) {
            _retire(change.first);
        } else if (change.kind == ChangeKind.Peers) {
            _setPeers(change.first, change.second);
        } else {
            _setGuardian(change.first);
        }
    }

    function _setPeers(address forcedQueue_, address outbox_) private {
        require(forcedQueue_ != address(0) && outbox_ != address(0), ZeroAddress());
        (forcedQueue, outbox) = (forcedQueue_, outbox_);
        emit PeersChanged(forcedQueue_, outbox_);
    }

    function _peer(address there) private view returns (bytes memory) {
        return InteroperableAddress.formatEvmV1(settlementChain, there);
    }

    function _escrowOf(Fees memory fees) private pure returns (uint256) {
        return uint256(fees.acknowledge) + Math.max(fees.deliver, fees.expire);
    }

    function _attributes(uint64 timeoutTimestamp, Fees memory fees) private pure returns (bytes[] memory attributes) {
        (bool timed, bool paid) = (timeoutTimestamp != 0, fees.refundTo != address(0));
        attributes = new bytes[](1 + (timed ? 1 : 0) + (paid ? 1 : 0));
        attributes[0] = SendAttributes.encodeGasLimit(DEPOSIT_GAS);
        if (timed) attributes[1] = SendAttributes.encodeTimeout(timeoutTimestamp);
        if (paid) attributes[attributes.length - 1] = SendAttributes.encodeFees(fees);
    }

    function _requireAmount(uint256 amount) private pure {
        require(amount != 0 && amount <= type(uint96).max, AmountOutOfRange(amount));
    }
}
