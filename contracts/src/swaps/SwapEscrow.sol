// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {Address} from "@openzeppelin/contracts/utils/Address.sol";
import {ReentrancyGuardTransient} from "@openzeppelin/contracts/utils/ReentrancyGuardTransient.sol";
import {EIP712} from "@openzeppelin/contracts/utils/cryptography/EIP712.sol";
import {SignatureChecker} from "@openzeppelin/contracts/utils/cryptography/SignatureChecker.sol";
import {ISwapEscrow} from "../interfaces/ISwapEscrow.sol";
import {BatchedClaim, Swap, Timelocks} from "../types/Swap.sol";

/// @title SwapEscrow
/// @notice See {ISwapEscrow}.
contract SwapEscrow is ISwapEscrow, EIP712, ReentrancyGuardTransient {
    using SafeERC20 for IERC20;

    struct Slot {
        uint256 state;
    }

    bytes32 private constant SWAP_DOMAIN = keccak256("clearspan.swap.v1");
    bytes32 private constant EARLY_REFUND_TYPEHASH =
        keccak256("EarlyRefund(bytes32 id,address locker,address asset,uint256 amount)");
    address private constant ETHER = address(0);
    uint256 private constant LONGEST_SECONDS = 30 days;
    uint256 private constant LOCKED = 1;

    // Words of a key, in their places.
    uint256 private constant KEY_WORDS = 11;
    uint256 private constant LOCKER = 3;
    uint256 private constant PAYEE = 4;
    uint256 private constant ASSET = 5;
    uint256 private constant AMOUNT = 6;
    uint256 private constant HASHLOCK = 7;
    uint256 private constant SAFETY_DEPOSIT = 8;
    uint256 private constant TIMELOCKS = 9;
    uint256 private constant NONCE = 10;

    /// @dev Enough for a wallet contract, too little to hurt. Less cannot reach the recipient unnoticed: what EIP-150 keeps
    /// back of so little gas does not pay for writing the credit.
    uint256 private constant PUSH_GAS = 50_000;

    mapping(bytes32 id => Slot) private _slots;
    mapping(address owner => mapping(address asset => uint256)) public override credits;

    constructor() EIP712("Clearspan SwapEscrow", "1") {}

    /// @inheritdoc ISwapEscrow
    function lock(Swap calldata swap) external payable override nonReentrant returns (bytes32 id) {
        require(swap.locker == msg.sender, OnlyLocker(msg.sender));
        require(swap.payee != address(0) && swap.payee != address(this), InvalidPayee(swap.payee));
        require(swap.amount != 0, ZeroAmount());
        require(swap.hashlock != 0, ZeroHashlock());
        _requireOrder(swap.timelocks);
        bool isEther = swap.asset == ETHER;
        uint256 due = uint256(swap.safetyDeposit) + (isEther ? swap.amount : 0);
        require(msg.value == due, WrongValue(msg.value));

        id = _id(swap);
        Slot storage slot = _slots[id];
        require(slot.state != LOCKED, AlreadyLocked(id));
        slot.state = LOCKED;
        emit Locked(
            id,
            swap.locker,
            swap.payee,
            swap.asset,
            swap.amount,
            swap.hashlock,
            swap.safetyDeposit,
            swap.timelocks,
            swap.nonce
        );
        if (!isEther) _take(IERC20(swap.asset), swap.amount);
    }

    /// @inheritdoc ISwapEscrow
    function claim(Swap calldata swap, bytes32 preimage) external override nonReentrant {
        require(_hash(preimage) == swap.hashlock, WrongPreimage(swap.hashlock));
        require(block.timestamp < swap.timelocks.refundFrom(), TooLate(swap.timelocks.refundFrom()));
        uint256 from = _claimableFrom(swap.timelocks, swap.payee);
        require(block.timestamp >= from, TooEarly(from));
        bytes32 id = _id(swap);
        _close(id);
        emit Claimed(id, preimage);
        _pay(swap.asset, swap.payee, swap.amount, swap.safetyDeposit);
    }

    /// @inheritdoc ISwapEscrow
    function claimBatch(address payee, address asset, BatchedClaim[] calldata claims)
        external
        override
        nonReentrant
        returns (uint256 claimed)
    {
        uint256 amount;
        uint256 deposits;
        uint256[KEY_WORDS] memory key = _keyOf(payee, asset);
        for (uint256 i; i < claims.length; ++i) {
            if (!_closeBatched(claims[i], payee, key)) continue;
            // No block has room for the 2^128 swaps that it would take.
            unchecked {
                amount += key[AMOUNT];
                deposits += key[SAFETY_DEPOSIT];
                ++claimed;
            }
        }
        require(claimed != 0, NothingClaimable());
        _pay(asset, payee, amount, deposits);
    }

    /// @inheritdoc ISwapEscrow
    function refund(Swap calldata swap) external override nonReentrant {
        bool isLocker = msg.sender == swap.locker;
        uint256 from = isLocker ? swap.timelocks.refundFrom() : swap.timelocks.publicRefundFrom();
        require(block.timestamp >= from, TooEarly(from));
        bytes32 id = _id(swap);
        _close(id);
        emit Refunded(id, false);
        _pay(swap.asset, swap.locker, swap.amount, swap.safetyDeposit);
    }

    /// @inheritdoc ISwapEscrow
    function refundEarly(Swap calldata swap, bytes calldata signature) external override nonReentrant {
        uint256 from = swap.timelocks.claimFrom();
        require(block.timestamp >= from, TooEarly(from));
        bytes32 id = _id(swap);
        if (msg.sender != swap.payee) {
            bytes32 agreed = keccak256(abi.encode(EARLY_REFUND_TYPEHASH, id, swap.locker, swap.asset, swap.amount));
            bytes32 digest = _hashTypedDataV4(agreed);
            require(SignatureChecker.isValidSignatureNowCalldata(swap.payee, digest, signature), InvalidSignature());
        }
        _close(id);
        emit Refunded(id, true);
        _push(swap.asset, swap.locker, swap.amount);
        _push(ETHER, swap.locker, swap.safetyDeposit);
    }

    /// @inheritdoc ISwapEscrow
    function withdraw(address owner, address asset) external override nonReentrant {
        _withdraw(owner, asset, owner);
    }

    /// @inheritdoc ISwapEscrow
    function withdrawTo(address to, address asset) external override nonReentrant {
        _withdraw(msg.sender, asset, to);
    }

    /// @inheritdoc ISwapEscrow
    function isLocked(bytes32 id) external view override returns (bool) {
        return _slots[id].state == LOCKED;
    }

    /// @inheritdoc ISwapEscrow
    function swapId(Swap calldata swap) external view override returns (bytes32) {
        return _id(swap);
    }

    /// @dev Closes one swap of a batch if it can be claimed; its amounts are in `key` then.
    function _closeBatched(BatchedClaim calldata entry, address payee, uint256[KEY_WORDS] memory key)
        private
        returns (bool)
    {
        Timelocks timelocks = entry.timelocks;
        if (block.timestamp < _claimableFrom(timelocks, payee)) return false;
        if (block.timestamp >= timelocks.refundFrom()) return false;
        bytes32 preimage = entry.preimage;
        key[LOCKER] = uint160(entry.locker);
        key[AMOUNT] = entry.amount;
        key[HASHLOCK] = uint256(_hash(preimage));
        key[SAFETY_DEPOSIT] = entry.safetyDeposit;
        key[TIMELOCKS] = Timelocks.unwrap(timelocks);
        key[NONCE] = entry.nonce;
        bytes32 id = _hashKey(key);
        Slot storage slot = _slots[id];
        if (slot.state != LOCKED) return false;
        slot.state = 0;
        emit Claimed(id, preimage);
        return true;
    }

    function _close(bytes32 id) private {
        Slot storage slot = _slots[id];
        require(slot.state == LOCKED, NotLocked(id));
        slot.state = 0;
    }

    function _take(IERC20 token, uint256 amount) private {
        require(address(token).code.length != 0, AssetWithoutCode(address(token)));
        uint256 before = token.balanceOf(address(this));
        token.safeTransferFrom(msg.sender, address(this), amount);
        uint256 moved = token.balanceOf(address(this)) - before;
        require(moved == amount, WrongAmountMoved(moved));
    }

    /// @dev The asset to the one it belongs to, the safety deposit to the caller, in one call where that can be.
    function _pay(address asset, address to, uint256 amount, uint256 deposit) private {
        if (asset == ETHER && to == msg.sender) return _push(asset, to, amount + deposit);
        _push(asset, to, amount);
        _push(ETHER, msg.sender, deposit);
    }

    /// @dev Sends, or credits what cannot be sent.
    function _push(address asset, address to, uint256 amount) private {
        if (amount == 0) return;
        bool sent;
        if (asset == ETHER) {
            // Reads and writes no memory: whatever the recipient returns is left where it is.
            assembly ("memory-safe") {
                sent := call(PUSH_GAS, to, amount, 0, 0, 0, 0)
            }
        } else {
            sent = IERC20(asset).trySafeTransfer(to, amount);
        }
        if (sent) return;
        credits[to][asset] += amount;
        emit Credited(to, asset, amount);
    }

    function _withdraw(address owner, address asset, address to) private {
        uint256 amount = credits[owner][asset];
        require(amount != 0, NothingToWithdraw(owner, asset));
        delete credits[owner][asset];
        emit Withdrawn(owner, asset, amount, to);
        if (asset == ETHER) Address.sendValue(payable(to), amount);
        else IERC20(asset).safeTransfer(to, amount);
    }

    /// @dev Until a swap is public, only its payee can claim it.
    function _claimableFrom(Timelocks timelocks, address payee) private view returns (uint256) {
        return msg.sender == payee ? timelocks.claimFrom() : timelocks.publicClaimFrom();
    }

    function _requireOrder(Timelocks timelocks) private view {
        uint256 first = timelocks.claimFrom();
        uint256 last = timelocks.publicRefundFrom();
        bool isAscending = first < timelocks.publicClaimFrom()
            && timelocks.publicClaimFrom() < timelocks.refundFrom() && timelocks.refundFrom() < last;
        // `first` keeps all the bits above, so with any of them set it lies beyond every `last`.
        require(
            block.timestamp < first && isAscending && last <= block.timestamp + LONGEST_SECONDS,
            InvalidTimelocks(timelocks)
        );
    }

    function _id(Swap calldata swap) private view returns (bytes32) {
        return keccak256(abi.encode(SWAP_DOMAIN, block.chainid, address(this), swap));
    }

    /// @dev The words of {_id} that a batch shares, in their places.
    function _keyOf(address payee, address asset) private view returns (uint256[KEY_WORDS] memory key) {
        key[0] = uint256(SWAP_DOMAIN);
        key[1] = block.chainid;
        key[2] = uint160(address(this));
        key[PAYEE] = uint160(payee);
        key[ASSET] = uint160(asset);
    }

    function _hashKey(uint256[KEY_WORDS] memory key) private pure returns (bytes32 id) {
        // Reads what is allocated and no more; the words are the ABI encoding already.
        assembly ("memory-safe") {
            id := keccak256(key, mul(KEY_WORDS, 0x20))
        }
    }

    function _hash(bytes32 preimage) private view returns (bytes32 digest) {
        // Uses the scratch space alone. The precompile takes what it is given and answers 32 bytes; without gas for it
        // the old content, the preimage, would be taken for the hash, so a failure must not go on.
        assembly ("memory-safe") {
            mstore(0, preimage)
            if iszero(staticcall(gas(), 2, 0, 0x20, 0, 0x20)) { revert(0, 0) }
            digest := mload(0)
        }
    }
}
