// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {BatchedClaim, Swap, Timelocks} from "../types/Swap.sol";

/// @notice Hash-time-locked swaps: locked for a payee who can show a preimage before a deadline, or else given back.
///
/// A swap's life on the clock: lock, then from `claimFrom` the payee may claim, from `publicClaimFrom` anyone may claim
/// for the payee, from `refundFrom` only the locker may take back, from `publicRefundFrom` anyone may give back. Nothing
/// enters after `claimFrom` and nothing leaves before, so a key is used once although its slot is cleared at the end.
/// The safety deposit goes to whoever finishes the swap, the asset never to anyone but the payee or the locker.
/// @dev Assumes block timestamps that an honest majority keeps close to the time. Tokens: one that moves another amount
/// than asked for is refused at locking. One whose balances fall later leaves its last holders short, and nobody else.
/// One that refuses to pay somebody (paused, blacklisted, reverting hook), and a payee that refuses ether, does not stop
/// a claim or a refund: what could not be sent is credited, and pulled with `withdraw` when it can be.
interface ISwapEscrow {
    error OnlyLocker(address caller);
    /// @notice The payee is nobody, or this contract.
    error InvalidPayee(address payee);
    error ZeroAmount();
    error ZeroHashlock();
    /// @notice Not strictly ascending, beyond 40 bits, the first not after now, or the last too far away.
    error InvalidTimelocks(Timelocks timelocks);
    /// @notice Ether sent is not the safety deposit, plus the amount of an ether swap.
    error WrongValue(uint256 value);
    error AssetWithoutCode(address asset);
    /// @notice The token moved another amount than it was asked to.
    error WrongAmountMoved(uint256 moved);
    error AlreadyLocked(bytes32 id);
    /// @notice Nothing is locked under this key: it never was, or was claimed or refunded.
    error NotLocked(bytes32 id);
    error WrongPreimage(bytes32 hashlock);
    /// @notice The stage in which this caller may do this has not begun.
    error TooEarly(uint256 from);
    /// @notice The deadline has passed.
    error TooLate(uint256 deadline);
    /// @notice None of the batch can be claimed by the caller now.
    error NothingClaimable();
    error InvalidSignature();
    error NothingToWithdraw(address owner, address asset);

    event Locked(
        bytes32 indexed id,
        address indexed locker,
        address indexed payee,
        address asset,
        uint256 amount,
        bytes32 hashlock,
        uint256 safetyDeposit,
        Timelocks timelocks,
        uint64 nonce
    );
    event Claimed(bytes32 indexed id, bytes32 preimage);
    /// @param early by the payee's consent, not by the passing of the deadline
    event Refunded(bytes32 indexed id, bool early);
    /// @notice What could not be sent to `owner`, who may pull it.
    event Credited(address indexed owner, address indexed asset, uint256 amount);
    event Withdrawn(address indexed owner, address indexed asset, uint256 amount, address to);

    /// @notice Locks the caller's `swap.amount`, with `swap.safetyDeposit` wei on top.
    /// @return id of the swap, see {swapId}
    function lock(Swap calldata swap) external payable returns (bytes32 id);

    /// @notice Pays the payee; the caller gets the safety deposit. For the payee alone until `publicClaimFrom`.
    function claim(Swap calldata swap, bytes32 preimage) external;

    /// @notice Claims several swaps of one payee and asset with one payment; what cannot be claimed is passed over.
    /// @return claimed how many were
    function claimBatch(address payee, address asset, BatchedClaim[] calldata claims)
        external
        returns (uint256 claimed);

    /// @notice Pays the locker back after the deadline; the caller gets the safety deposit. For the locker alone until
    /// `publicRefundFrom`.
    function refund(Swap calldata swap) external;

    /// @notice Pays the locker back, with the safety deposit, any time from `claimFrom` on, if the payee agrees.
    /// @param signature of the payee (EIP-712 or ERC-1271) over EarlyRefund; not looked at when the payee itself calls
    function refundEarly(Swap calldata swap, bytes calldata signature) external;

    /// @notice Sends `owner` what could not be sent before; anyone may call.
    function withdraw(address owner, address asset) external;

    /// @notice Sends what could not be sent to the caller to another address.
    function withdrawTo(address to, address asset) external;

    /// @notice Base units of `asset` that could not be sent to `owner`.
    function credits(address owner, address asset) external view returns (uint256);

    function isLocked(bytes32 id) external view returns (bool);

    /// @notice keccak256(abi.encode(keccak256("clearspan.swap.v1"), chain id, this contract, swap)).
    function swapId(Swap calldata swap) external view returns (bytes32);
}
