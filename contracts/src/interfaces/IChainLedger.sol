// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

/// @notice Limits of one token of one chain, in base units.
struct Caps {
    uint128 net; // credited and not yet paid out, at any time
    uint128 window; // credited in any `windowSeconds` seconds
}

/// @notice Caps of a token that the ledger is deployed with.
struct Listing {
    uint64 chainId;
    address token;
    Caps caps;
}

/// @notice Keeps per chain and token what deposits credited and withdrawals took, and so bounds what a chain can cost the
/// others when its validators are stolen: deposits they forge are credited up to the caps, and no further.
/// @dev Only the forced queue credits, only the outbox releases, settles and gives back. A release never takes more than was
/// credited. A release frees room for new credit only when it has been paid: one that comes back frees nothing.
/// Caps fall at once, not below their floors, and rise after a delay of seconds and of blocks. Nobody's cap and nobody's key
/// stands in the way of a withdrawal: the only thing that bounds a release is what its chain was credited.
/// The window bounds every span of `windowSeconds` consecutive seconds, wherever it begins; a halt of this chain passes time.
interface IChainLedger {
    error OnlyQueue(address caller);
    error OnlyOutbox(address caller);
    error InvalidParameters();
    /// @notice A net cap below the window's, or caps of zero.
    error InvalidCaps();
    /// @notice The token was listed at deployment already.
    error AlreadyListed(uint64 chainId, address token);
    error NotListed(uint64 chainId, address token);
    /// @notice The deposit is more than the window has left.
    error AboveWindowCap(uint256 room);
    /// @notice One of the caps would rise: propose it.
    error CapsNotLower();
    error BelowFloor(Caps floor);
    error NotProposed(uint64 chainId, address token);
    error NotReady(uint64 readyAt, uint64 readyBlock);
    error ProposalExpired(uint64 expiresAt);

    event CapsChanged(uint64 indexed chainId, address indexed token, Caps caps);
    event CapsProposed(
        uint64 indexed chainId, address indexed token, Caps caps, uint64 readyAt, uint64 readyBlock, uint64 expiresAt
    );
    event CapsCancelled(uint64 indexed chainId, address indexed token);

    /// @notice Counts a deposit; reverts with `AboveNetCap` or `AboveWindowCap` where it does not fit.
    function credit(uint64 chainId, address token, uint128 amount) external;

    /// @notice Counts a withdrawal that is sent to its vault; reverts with `AboveCredit` where more would be out than came in.
    function release(uint64 chainId, address token, uint128 amount) external;

    /// @notice The vault answered: the release is its debt now.
    function settle(uint64 chainId, address token, uint128 amount) external;

    /// @notice The release failed or expired; it may be sent again.
    function giveBack(uint64 chainId, address token, uint128 amount) external;

    /// @notice Lowers one cap or both, at once, and drops what was proposed. Only the owner.
    function lowerCaps(uint64 chainId, address token, Caps calldata caps) external;

    /// @notice Announces caps, of a token that may be new; they take effect by `activateCaps`. Only the owner.
    function proposeCaps(uint64 chainId, address token, Caps calldata caps) external;

    /// @notice Drops what was proposed. Only the owner.
    function cancelCaps(uint64 chainId, address token) external;

    /// @notice Makes proposed caps the caps, after the delay and within two weeks of it; anyone may call.
    function activateCaps(uint64 chainId, address token) external;

    /// @notice The most, in base units, that the vaults of all other chains together can lose through this token if this
    /// chain's validators are stolen: its net cap, or its net credit where a cap was lowered below that.
    function maxLoss(uint64 chainId, address token) external view returns (uint256);

    /// @notice The largest deposit that would be taken now.
    function room(uint64 chainId, address token) external view returns (uint256);

    /// @notice The largest withdrawal that the outbox could send now.
    function releasable(uint64 chainId, address token) external view returns (uint256);

    /// @notice Totals since deployment: deposits credited; withdrawals paid or out for payment; withdrawals paid.
    function totals(uint64 chainId, address token)
        external
        view
        returns (uint128 credited, uint128 released, uint128 settled);

    function capsOf(uint64 chainId, address token) external view returns (Caps memory);

    /// @notice What `lowerCaps` cannot go below: a twentieth of the caps that the token was listed with.
    function floorOf(uint64 chainId, address token) external view returns (Caps memory);

    /// @notice Caps that wait for their delay; zero times where none do.
    function proposals(uint64 chainId, address token)
        external
        view
        returns (Caps memory caps, uint64 readyAt, uint64 readyBlock, uint64 expiresAt);
}
