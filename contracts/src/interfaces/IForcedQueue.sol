// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {IERC7786Recipient} from "@openzeppelin/contracts/interfaces/draft-IERC7786.sol";

enum ItemKind {
    None,
    Deposit,
    SwapClaim, // of the exchange's lock `amount`, with the preimage in the place of `packetId`
    SwapRefund, // of the exchange's lock `amount`
    ChainHealth // of the chain of `asset`: `amount` is 1 from when it was found sick, 0 from when it has recovered
}

/// @notice One entry of the forced queue. `abi.encode` of it is what the item hash commits to. Claims and refunds are judged
/// at `enqueuedAt`, however late a batch takes them; `owner` is who paid for or reported them, and has no other part in them.
struct Item {
    ItemKind kind;
    uint32 account;
    address owner;
    uint16 asset;
    uint128 amount; // base units, a lock's id, or a chain's health
    bytes32 packetId;
    uint64 enqueuedAt;
}

/// @notice What the queue knows of a chain. `readyAt` and `readyBlock` are 0 until a sick chain's recovery has begun.
struct ChainState {
    bool isSick;
    uint64 readyAt;
    uint64 readyBlock;
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
    /// @notice No vault is registered for the chain.
    error UnknownChain(uint64 chainId);
    /// @notice The chain has as many assets as one report can carry.
    error TooManyAssets(uint64 chainId);
    /// @notice A sick chain gets no new asset: it would be taken for a healthy one.
    error ChainIsSick(uint64 chainId);
    /// @notice The queue knows already what the chain's client says.
    error NothingToReport(uint64 chainId);
    /// @notice The chain is healthy again from this time and this block on, not before both.
    error NotRecovered(uint64 readyAt, uint64 readyBlock);

    event ItemEnqueued(uint64 indexed index, uint64 deadline, Item item);
    event AssetRegistered(uint16 indexed asset, uint64 indexed chainId, address indexed token);
    event VaultRegistered(uint64 indexed chainId, address vault);
    event ChainReported(uint64 indexed chainId, bool isSick);
    event RecoveryBegun(uint64 indexed chainId, uint64 readyAt, uint64 readyBlock);
    event RecoveryBroken(uint64 indexed chainId);

    /// @notice Names the vault whose deposits are taken from a chain, once, by the owner.
    function registerVault(uint64 chainId, address vault) external;

    /// @notice Names the asset id of a chain's token, once, by the owner.
    function registerAsset(uint16 asset, uint64 chainId, address token) external;

    /// @notice Has the rollup claim a hash-locked transfer, should the sequencer not; anyone may, for `forcedFee`. Whether the
    /// lock is open, in time and opened by the preimage is judged by the rollup.
    function enqueueSwapClaim(uint64 lockId, bytes32 preimage) external payable;

    /// @notice Has the rollup refund a hash-locked transfer; anyone may, for `forcedFee`.
    function enqueueSwapRefund(uint64 lockId) external payable;

    /// @notice Tells the exchange, by an item for each of the chain's assets, whether the chain can be relied on; anyone may
    /// call, nothing is theirs to say: a chain is sick while the client of its newest route is not active or that route is
    /// disabled. It is sick at once. It is healthy again by two reports, `recoverySeconds` and `recoveryBlocks` apart, both,
    /// and any report in between that finds it sick breaks that off.
    function reportHealth(uint64 chainId) external;

    /// @notice Whether a chain is reported sick, and from when it can be reported healthy.
    function chainState(uint64 chainId) external view returns (ChainState memory);

    /// @notice Whether the chain's client is active and its newest route open, now.
    function isReachable(uint64 chainId) external view returns (bool);

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
