// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {IERC7786Recipient} from "@openzeppelin/contracts/interfaces/draft-IERC7786.sol";
import {AssetLimits} from "../types/Exit.sol";
import {Fees} from "../types/Packet.sol";
import {IMailbox, IPacketSender} from "./IMailbox.sol";
import {IPauseBudget} from "./IPauseBudget.sol";
import {IPayoutQueue} from "./IPayoutQueue.sol";
import {IPermit2} from "./IPermit2.sol";
import {IVaultTimelock} from "./IVaultTimelock.sol";

/// @notice What a vault is constructed with. `permit2` may be zero: then there are no deposits by it.
struct VaultParameters {
    IMailbox mailbox;
    uint64 settlementChain;
    address forcedQueue; // there, takes deposits
    address outbox; // there, the only one whose releases count
    address owner;
    address guardian;
    IPermit2 permit2;
    uint48 windowSeconds;
    uint64 delaySeconds;
    uint64 delayBlocks;
    uint64 longestPauseSeconds;
    uint64 pauseBudgetSeconds;
    uint64 pauseRefillSeconds;
}

/// @notice An EIP-2612 permit of the caller for the vault.
struct TokenPermit {
    uint256 deadline;
    uint8 v;
    bytes32 r;
    bytes32 s;
}

/// @notice Holds collateral of one chain; see docs/protocol/vaults.md. Tokens may take fees, return nothing, lie or call back:
/// credit is the balance delta seen, and the ledger, not the balance, says what may leave.
/// @dev Assumes that accepted tokens report their balances truly. One whose balances fall by themselves leaves its own
/// claims waiting, in order, and touches no other asset.
interface ICollateralVault is IERC7786Recipient, IPacketSender, IPayoutQueue, IVaultTimelock, IPauseBudget {
    error OnlyMailbox(address caller);
    /// @notice The message or the answer is not from, or not for, the vault's own peer.
    error WrongPeer();
    error ZeroAddress();
    /// @notice Zero, or 2^96 base units and more.
    error AmountOutOfRange(uint256 amount);
    /// @notice Ether sent is not the fees' escrow, plus the amount of an ether deposit.
    error WrongValue(uint256 value);
    error AssetWithoutCode(address asset);
    /// @notice Its deposits are not accepted, or not any more.
    error AssetNotAccepted(address asset);
    /// @notice The asset was never accepted here, so nothing of it can be owed.
    error UnknownAsset(address asset);
    /// @notice More than can leave within {MAX_EXIT_WINDOWS} windows.
    error AboveCapacity(address asset, uint256 capacity);
    /// @notice Caps that would keep what is held for longer than {MAX_EXIT_WINDOWS} windows, or are zero.
    error LimitBelowFloor(address asset, uint256 floor);
    error InvalidChange();
    /// @notice Whatever the permit call did, the vault may not take the amount.
    error AllowanceTooLow(address asset, uint256 allowance);
    error Permit2Unavailable();

    event Deposited(
        bytes32 indexed packetId, address indexed asset, address indexed owner, uint256 amount, address refundTo
    );
    /// @notice The unpaid part of a claim left the queue and travels back to the exchange.
    event Redirected(
        bytes32 indexed id, bytes32 indexed packetId, address indexed asset, address owner, uint256 amount, address by
    );
    event LimitsChanged(address indexed asset, uint96 releaseCap, uint96 refundCap);
    event AssetRetired(address indexed asset);
    event PeersChanged(address forcedQueue, address outbox);

    /// @notice Locks `amount` of `asset` (`address(0)`: ether, with equal `msg.value`) for the exchange account of `owner`.
    /// @param timeoutTimestamp deadline of the deposit's packet; 0 for the route's longest
    /// @return packetId of the deposit packet
    function deposit(address asset, uint256 amount, address owner, uint64 timeoutTimestamp)
        external
        payable
        returns (bytes32 packetId);

    /// @notice The same with fee shares for whoever carries the packet, in wei, on top of the deposit: `msg.value` is
    /// `acknowledgeFee + max(deliverFee, expireFee)`, plus `amount` where the asset is ether. What is not earned is owed to
    /// the caller by the mailbox.
    function deposit(
        address asset,
        uint256 amount,
        address owner,
        uint64 timeoutTimestamp,
        uint96 deliverFee,
        uint96 acknowledgeFee,
        uint96 expireFee
    ) external payable returns (bytes32 packetId);

    /// @notice A token deposit with the caller's own permit. Whether the permit did anything is not believed: the allowance
    /// is read afterwards, so that a permit that somebody else has used already does no harm and one that does nothing fails.
    /// @param fees all zero, or the shares with whom to refund
    function depositWithPermit(
        address asset,
        uint256 amount,
        address owner,
        uint64 timeoutTimestamp,
        Fees calldata fees,
        TokenPermit calldata permit
    ) external payable returns (bytes32 packetId);

    /// @notice A token deposit by the caller's own Permit2 signature for this vault.
    function depositWithPermit2(
        address asset,
        uint256 amount,
        address owner,
        uint64 timeoutTimestamp,
        Fees calldata fees,
        uint256 nonce,
        uint256 deadline,
        bytes calldata signature
    ) external payable returns (bytes32 packetId);

    /// @notice Takes what is unpaid of the caller's queued release out of the queue and sends it back to the exchange, to the
    /// account of `owner`, as a deposit does; from there it can be withdrawn on another chain. If the exchange does not take
    /// it, the claim gets its place in the queue back.
    function redirect(bytes32 id, address owner, uint64 timeoutTimestamp) external returns (bytes32 packetId);

    /// @notice Whether deposits of an asset are accepted, and how much of it the vault holds at most.
    function assetOf(address asset) external view returns (bool isKnown, bool isAccepted, uint96 capacity);

    /// @notice What is held can always leave within this many windows.
    function MAX_EXIT_WINDOWS() external view returns (uint256);
}
