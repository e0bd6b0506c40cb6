// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {IERC7786Recipient} from "@openzeppelin/contracts/interfaces/draft-IERC7786.sol";

enum ItemKind {
    None,
    Deposit,
    SwapClaim, // of the exchange's lock `amount`, with the preimage in the place of `packetId`
    SwapRefund // of the exchange's lock `amount`
}

/// @notice One entry of the forced queue. `abi.encode` of it is what the item hash commits to. Claims and refunds are judged
/// at `enqueuedAt`, however late a batch takes them; `owner` is who paid for them, and has no other part in them.
struct Item {
    ItemKind kind;
    uint32 account;
    address owner;
    uint16 asset;
    uint128 amount; // base units, or a lock's id
    bytes32 packetId;
    uint64 enqueuedAt;
}

/// @notice Inputs the rollup must take in order and in time.
interface IForcedQueue is IERC7786Recipient {
    error OnlyMailbox(address caller);
    /// @notice Ether came with a message.
    error ValueNotSupported();
    /// @notice The message is not from the vault registered for its source chain.
    error WrongPeer();
    error ZeroAddress();
    error AmountOutOfRange(uint256 amount);
    error UnknownAsset(uint64 chainId, address token);
    error UnknownAccount(address owner);
    error UnknownItem(uint64 index);
    /// @notice All account ids are taken.
    error TooManyAccounts();
    error AssetOutOfRange(uint16 asset);
    /// @notice The chain's vault, the asset id, or the token is registered already.
    error AlreadyRegistered();
    /// @notice A zero delay or spacing.
    error InvalidParameters();
    error WrongFee(uint256 value, uint256 fee);
    error LockOutOfRange(uint64 lockId);

    event ItemEnqueued(uint64 indexed index, uint64 deadline, Item item);
    event AssetRegistered(uint16 indexed asset, uint64 indexed chainId, address indexed token);
    event VaultRegistered(uint64 indexed chainId, address vault);

    /// @notice Names the vault whose deposits are taken from a chain, once, by the owner.
    function registerVault(uint64 chainId, address vault) external;

    /// @notice Names the asset id of a chain's token, once, by the owner.
    function registerAsset(uint16 asset, uint64 chainId, address token) external;

    /// @notice Has the rollup claim a hash-locked transfer, should the sequencer not; anyone may, for `forcedFee`. Whether the
    /// lock is open, in time and opened by the preimage is judged by the rollup.
    function enqueueSwapClaim(uint64 lockId, bytes32 preimage) external payable;

    /// @notice Has the rollup refund a hash-locked transfer; anyone may, for `forcedFee`.
    function enqueueSwapRefund(uint64 lockId) external payable;

    /// @notice Sends the fees to their recipient; anyone may call.
    function withdrawFees() external;

    /// @notice Wei that a claim or a refund costs, exactly. It bounds how fast anyone can move later deadlines away.
    function forcedFee() external view returns (uint256);

    function feeRecipient() external view returns (address);

    function count() external view returns (uint64);

    /// @notice `keccak256(abi.encode(item))`.
    function itemHash(uint64 index) external view returns (bytes32);

    /// @notice Timestamp by which a batch must have taken the item: the later of its entry and the delay, and the deadline
    /// before it and the spacing.
    function deadline(uint64 index) external view returns (uint64);

    /// @notice Dense account id of `owner`; reverts if it has none. Id 0 is the insurance fund.
    function accountOf(address owner) external view returns (uint32);
}
