// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {IERC7786Recipient} from "@openzeppelin/contracts/interfaces/draft-IERC7786.sol";
import {Address} from "@openzeppelin/contracts/utils/Address.sol";
import {ReentrancyGuardTransient} from "@openzeppelin/contracts/utils/ReentrancyGuardTransient.sol";
import {InteroperableAddress} from "@openzeppelin/contracts/utils/draft-InteroperableAddress.sol";
import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";
import {ICollateralVault} from "../interfaces/ICollateralVault.sol";
import {IMailbox, IPacketSender} from "../interfaces/IMailbox.sol";
import {PacketCodec} from "../libraries/PacketCodec.sol";
import {SendAttributes} from "../libraries/SendAttributes.sol";
import {Fees, Packet, Status} from "../types/Packet.sol";

/// @title CollateralVault
/// @notice See {ICollateralVault}.
contract CollateralVault is ICollateralVault, ReentrancyGuardTransient {
    using SafeERC20 for IERC20;

    struct Entitlement {
        address asset;
        address recipient;
        uint96 amount;
    }

    uint64 private constant DEPOSIT_GAS = 300_000;
    address private constant ETHER = address(0);

    IMailbox public immutable mailbox;
    uint64 public immutable settlementChain;
    address public immutable forcedQueue;
    address public immutable outbox;

    mapping(address asset => uint256) public override holdings;
    mapping(address asset => uint256) public override reserved;
    mapping(bytes32 id => Entitlement) public override entitlements;

    /// @param forcedQueue_ on the settlement chain, takes deposits
    /// @param outbox_ on the settlement chain, the only one whose releases count
    constructor(IMailbox mailbox_, uint64 settlementChain_, address forcedQueue_, address outbox_) {
        require(address(mailbox_) != address(0) && settlementChain_ != 0, ZeroAddress());
        require(forcedQueue_ != address(0) && outbox_ != address(0), ZeroAddress());
        mailbox = mailbox_;
        settlementChain = settlementChain_;
        forcedQueue = forcedQueue_;
        outbox = outbox_;
    }

    /// @inheritdoc ICollateralVault
    function deposit(address asset, uint256 amount, address owner, uint64 timeoutTimestamp)
        external
        payable
        override
        nonReentrant
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
    ) external payable override nonReentrant returns (bytes32 packetId) {
        Fees memory fees = Fees(deliverFee, acknowledgeFee, expireFee, msg.sender);
        return _deposit(asset, amount, owner, timeoutTimestamp, fees);
    }

    /// @inheritdoc ICollateralVault
    function pay(bytes32 id) external override nonReentrant {
        Entitlement memory due = entitlements[id];
        require(due.amount != 0, NothingToPay(id));
        require(holdings[due.asset] >= due.amount, AboveHoldings(due.asset, due.amount));
        delete entitlements[id];
        holdings[due.asset] -= due.amount;
        reserved[due.asset] -= due.amount;
        emit Paid(id, due.asset, due.recipient, due.amount);
        if (due.asset == ETHER) Address.sendValue(payable(due.recipient), due.amount);
        else IERC20(due.asset).safeTransfer(due.recipient, due.amount);
    }

    /// @inheritdoc IERC7786Recipient
    /// @dev Takes a release: records who may be paid what, and calls nobody.
    function receiveMessage(bytes32 receiveId, bytes calldata sender, bytes calldata payload)
        external
        payable
        override
        returns (bytes4)
    {
        require(msg.sender == address(mailbox), OnlyMailbox(msg.sender));
        require(msg.value == 0, WrongValue(msg.value));
        bytes memory peer = InteroperableAddress.formatEvmV1(settlementChain, outbox);
        require(keccak256(sender) == keccak256(peer), WrongPeer());
        (, address asset, uint256 amount, address recipient) = PacketCodec.decodeRelease(payload);
        require(recipient != address(0) && recipient != address(this), ZeroAddress());
        _requireAmount(amount);
        require(reserved[asset] + amount <= holdings[asset], AboveHoldings(asset, amount));
        _entitle(receiveId, asset, recipient, amount);
        emit ReleaseEntitled(receiveId, asset, recipient, amount);
        return IERC7786Recipient.receiveMessage.selector;
    }

    /// @inheritdoc IPacketSender
    /// @dev A deposit that was refused or expired becomes a refund to its depositor.
    function onPacketAnswered(Packet calldata packet, Status status, bytes calldata) external override {
        require(msg.sender == address(mailbox), OnlyMailbox(msg.sender));
        require(packet.sender == address(this), WrongPeer());
        if (status == Status.Success) return;
        (address asset, uint256 amount,, address refundTo) = PacketCodec.decodeDeposit(packet.payload);
        bytes32 id = PacketCodec.packetIdCalldata(packet);
        _entitle(id, asset, refundTo, amount);
        emit RefundEntitled(id, asset, refundTo, amount);
    }

    function _deposit(address asset, uint256 amount, address owner, uint64 timeoutTimestamp, Fees memory fees)
        private
        returns (bytes32 packetId)
    {
        require(owner != address(0), ZeroAddress());
        uint256 escrow = uint256(fees.acknowledge) + Math.max(fees.deliver, fees.expire);
        uint256 credited = _take(asset, amount, escrow);
        _requireAmount(credited);
        holdings[asset] += credited;
        packetId = mailbox.sendMessage{value: escrow}(
            InteroperableAddress.formatEvmV1(settlementChain, forcedQueue),
            PacketCodec.encodeDeposit(asset, credited, owner, msg.sender),
            _attributes(timeoutTimestamp, fees)
        );
        emit Deposited(packetId, asset, owner, credited, msg.sender);
    }

    /// @dev Credit is what the balance grew by, whatever the token says of it; the fees' ether is nobody's credit.
    function _take(address asset, uint256 amount, uint256 escrow) private returns (uint256) {
        if (asset == ETHER) {
            require(msg.value >= escrow && msg.value - escrow == amount, WrongValue(msg.value));
            return amount;
        }
        require(msg.value == escrow, WrongValue(msg.value));
        require(asset.code.length != 0, AssetWithoutCode(asset));
        uint256 before = IERC20(asset).balanceOf(address(this));
        IERC20(asset).safeTransferFrom(msg.sender, address(this), amount);
        return IERC20(asset).balanceOf(address(this)) - before;
    }

    function _attributes(uint64 timeoutTimestamp, Fees memory fees) private pure returns (bytes[] memory attributes) {
        (bool timed, bool paid) = (timeoutTimestamp != 0, fees.refundTo != address(0));
        attributes = new bytes[](1 + (timed ? 1 : 0) + (paid ? 1 : 0));
        attributes[0] = SendAttributes.encodeGasLimit(DEPOSIT_GAS);
        if (timed) attributes[1] = SendAttributes.encodeTimeout(timeoutTimestamp);
        if (paid) attributes[attributes.length - 1] = SendAttributes.encodeFees(fees);
    }

    function _entitle(bytes32 id, address asset, address recipient, uint256 amount) private {
        entitlements[id] = Entitlement(asset, recipient, uint96(amount));
        reserved[asset] += amount;
    }

    function _requireAmount(uint256 amount) private pure {
        require(amount != 0 && amount <= type(uint96).max, AmountOutOfRange(amount));
    }
}
