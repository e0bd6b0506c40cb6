// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {InteroperableAddress} from "@openzeppelin/contracts/utils/draft-InteroperableAddress.sol";
import {VaultParameters} from "clearspan/interfaces/ICollateralVault.sol";
import {IMailbox} from "clearspan/interfaces/IMailbox.sol";
import {IPermit2} from "clearspan/interfaces/IPermit2.sol";
import {PacketCodec} from "clearspan/libraries/PacketCodec.sol";
import {AssetLimits} from "clearspan/types/Exit.sol";
import {Packet, Status} from "clearspan/types/Packet.sol";
import {CollateralVault} from "clearspan/vaults/CollateralVault.sol";
import {Symbolic} from "./Symbolic.sol";

/// @notice The vault with a deposit of ether, its answer and releases, all of any amounts, the proof being its mailbox.
contract VaultProof is Symbolic {
    uint64 private constant SETTLEMENT = 1;
    address private constant ETHER = address(0);
    address private constant OUTBOX = address(0x7001);
    address private constant DEPOSITOR = address(0x7002);
    address private constant FIRST = address(0x7003);
    address private constant SECOND = address(0x7004);

    CollateralVault private immutable _vault;

    constructor() {
        AssetLimits[] memory assets = new AssetLimits[](1);
        assets[0] = AssetLimits(ETHER, type(uint96).max, type(uint96).max);
        VaultParameters memory parameters;
        parameters.mailbox = IMailbox(address(this));
        parameters.settlementChain = SETTLEMENT;
        parameters.forcedQueue = parameters.outbox = OUTBOX;
        parameters.owner = parameters.guardian = address(this);
        parameters.permit2 = IPermit2(address(0));
        parameters.windowSeconds = 1 days;
        parameters.delaySeconds = 1 days;
        parameters.delayBlocks = 1;
        parameters.longestPauseSeconds = 1 days;
        parameters.pauseBudgetSeconds = 2 days;
        parameters.pauseRefillSeconds = 30 days;
        _vault = new CollateralVault(parameters, assets);
    }

    /// @notice What the vault asks of its mailbox.
    function sendMessage(bytes calldata, bytes calldata, bytes[] calldata) external payable returns (bytes32) {
        return keccak256("packet");
    }

    function check_aPendingDepositPaysNobody(uint96 deposited, uint96 first) external {
        _deposit(deposited);
        _release("first", FIRST, first);
        _vault.drain(ETHER, 1);
        assert(FIRST.balance == 0);
        _requireConserved(deposited);
    }

    function check_releasesPayWhatIsDue(uint96 deposited, uint96 first, uint96 second) external {
        _deposit(deposited);
        _answer(deposited, Status.Success);
        _release("first", FIRST, first);
        _release("second", SECOND, second);
        _vault.drain(ETHER, 2);
        assert(FIRST.balance <= first && SECOND.balance <= second);
        // First come, first served.
        assert(SECOND.balance == 0 || FIRST.balance == first);
        _requireConserved(deposited);
    }

    /// @dev What the first deposit leaves unpaid, the second pays, and no more, though others wait behind.
    function check_nobodyIsPaidTwice(uint96 deposited, uint96 again, uint96 first, uint96 second) external {
        _deposit(deposited);
        _answer(deposited, Status.Success);
        _release("first", FIRST, first);
        _release("second", SECOND, second);
        _vault.drain(ETHER, 1);
        _deposit(again);
        _answer(again, Status.Success);
        _vault.drain(ETHER, 1);
        assert(FIRST.balance <= first);
        _requireConserved(uint256(deposited) + again);
    }

    function check_aRefundIsTheDeposit(uint96 deposited, uint96 first) external {
        _deposit(deposited);
        _answer(deposited, Status.Failure);
        _release("first", FIRST, first);
        _vault.drain(ETHER, 1);
        _vault.drainRefunds(ETHER, 1);
        assert(FIRST.balance == 0 && DEPOSITOR.balance == deposited);
        _requireConserved(deposited);
    }

    function _requireConserved(uint256 deposited) private view {
        uint256 held = address(_vault).balance;
        assert(FIRST.balance + SECOND.balance + DEPOSITOR.balance + held == deposited);
        assert(_vault.holdings(ETHER) + _vault.totalCredits(ETHER) == held);
    }

    function _deposit(uint96 amount) private {
        vm.warp(2 days);
        vm.roll(10);
        vm.deal(DEPOSITOR, amount);
        vm.prank(DEPOSITOR);
        _vault.deposit{value: amount}(ETHER, amount, FIRST, 0);
    }

    function _answer(uint96 amount, Status status) private {
        Packet memory packet;
        packet.sender = address(_vault);
        packet.payload = PacketCodec.encodeDeposit(ETHER, amount, FIRST, DEPOSITOR);
        _vault.onPacketAnswered(packet, status, "");
    }

    function _release(bytes32 id, address recipient, uint96 amount) private {
        bytes memory payload = PacketCodec.encodeRelease(1, ETHER, amount, recipient);
        _vault.receiveMessage(id, InteroperableAddress.formatEvmV1(SETTLEMENT, OUTBOX), payload);
    }
}
