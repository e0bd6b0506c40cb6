// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {Ownable} from "@openzeppelin/contracts/access/Ownable.sol";
import {Ownable2Step} from "@openzeppelin/contracts/access/Ownable2Step.sol";
import {RateLimiter} from "@openzeppelin/contracts/utils/RateLimiter.sol";
import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";
import {Caps, IChainLedger, Listing} from "../interfaces/IChainLedger.sol";
import {CreditBook} from "../libraries/CreditBook.sol";

/// @title ChainLedger
/// @notice See {IChainLedger}.
contract ChainLedger is IChainLedger, Ownable2Step {
    using CreditBook for CreditBook.Book;
    using RateLimiter for RateLimiter.SlidingWindow;

    struct Proposal {
        Caps caps;
        uint64 readyAt;
        uint64 readyBlock;
        uint64 expiresAt;
    }

    struct Account {
        CreditBook.Book book;
        RateLimiter.SlidingWindow window;
        Caps floor;
        Proposal proposal;
    }

    uint256 private constant PROPOSAL_LIFETIME = 14 days;
    uint128 private constant FLOOR_DIVISOR = 20;
    /// @dev The limiter's only entry: each token of each chain has a limiter of its own.
    bytes32 private constant ENTRY = 0;

    address public immutable queue;
    address public immutable outbox;
    uint48 public immutable windowSeconds;
    uint64 public immutable delaySeconds;
    uint64 public immutable delayBlocks;

    mapping(uint64 chainId => mapping(address token => Account)) private _accounts;

    modifier onlyOutbox() {
        require(msg.sender == outbox, OnlyOutbox(msg.sender));
        _;
    }

    /// @param queue_ the only one that credits
    /// @param outbox_ the only one that releases, settles and gives back
    /// @param delaySeconds_ before a cap rises, together with
    /// @param delayBlocks_ as many blocks
    constructor(
        address owner_,
        address queue_,
        address outbox_,
        uint48 windowSeconds_,
        uint64 delaySeconds_,
        uint64 delayBlocks_,
        Listing[] memory listings
    ) Ownable(owner_) {
        require(queue_ != address(0) && outbox_ != address(0) && queue_ != outbox_, InvalidParameters());
        require(windowSeconds_ != 0 && windowSeconds_ <= 365 days, InvalidParameters());
        require(delaySeconds_ != 0 && delaySeconds_ <= 365 days, InvalidParameters());
        require(delayBlocks_ != 0 && delayBlocks_ <= type(uint32).max, InvalidParameters());
        queue = queue_;
        outbox = outbox_;
        windowSeconds = windowSeconds_;
        delaySeconds = delaySeconds_;
        delayBlocks = delayBlocks_;
        for (uint256 i = 0; i < listings.length; ++i) {
            Listing memory one = listings[i];
            Account storage account = _accounts[one.chainId][one.token];
            require(account.book.cap == 0, AlreadyListed(one.chainId, one.token));
            _requireValid(one.caps);
            _setCaps(account, one.chainId, one.token, one.caps);
        }
    }

    /// @inheritdoc IChainLedger
    function credit(uint64 chainId, address token, uint128 amount) external override {
        require(msg.sender == queue, OnlyQueue(msg.sender));
        Account storage account = _accounts[chainId][token];
        account.book.credit(amount);
        require(account.window.tryConsume(ENTRY, amount), AboveWindowCap(account.window.available(ENTRY)));
    }

    /// @inheritdoc IChainLedger
    function release(uint64 chainId, address token, uint128 amount) external override onlyOutbox {
        _accounts[chainId][token].book.release(amount);
    }

    /// @inheritdoc IChainLedger
    function settle(uint64 chainId, address token, uint128 amount) external override onlyOutbox {
        _accounts[chainId][token].book.settle(amount);
    }

    /// @inheritdoc IChainLedger
    function giveBack(uint64 chainId, address token, uint128 amount) external override onlyOutbox {
        _accounts[chainId][token].book.giveBack(amount);
    }

    /// @inheritdoc IChainLedger
    function lowerCaps(uint64 chainId, address token, Caps calldata caps) external override onlyOwner {
        Account storage account = _accounts[chainId][token];
        Caps memory current = capsOf(chainId, token);
        require(current.net != 0, NotListed(chainId, token));
        require(caps.net <= current.net && caps.window <= current.window, CapsNotLower());
        _requireValid(caps);
        Caps memory floor = account.floor;
        require(caps.net >= floor.net && caps.window >= floor.window, BelowFloor(floor));
        delete account.proposal;
        _setCaps(account, chainId, token, caps);
    }

    /// @inheritdoc IChainLedger
    function proposeCaps(uint64 chainId, address token, Caps calldata caps) external override onlyOwner {
        _requireValid(caps);
        Account storage account = _accounts[chainId][token];
        Caps memory floor = account.floor;
        require(caps.net >= floor.net && caps.window >= floor.window, BelowFloor(floor));
        uint256 readyAt = block.timestamp + delaySeconds;
        Proposal memory proposal = Proposal({
            caps: caps,
            readyAt: uint64(readyAt),
            readyBlock: uint64(block.number + delayBlocks),
            expiresAt: uint64(readyAt + PROPOSAL_LIFETIME)
        });
        account.proposal = proposal;
        emit CapsProposed(chainId, token, caps, proposal.readyAt, proposal.readyBlock, proposal.expiresAt);
    }

    /// @inheritdoc IChainLedger
    function cancelCaps(uint64 chainId, address token) external override onlyOwner {
        Account storage account = _accounts[chainId][token];
        require(account.proposal.readyAt != 0, NotProposed(chainId, token));
        delete account.proposal;
        emit CapsCancelled(chainId, token);
    }

    /// @inheritdoc IChainLedger
    function activateCaps(uint64 chainId, address token) external override {
        Account storage account = _accounts[chainId][token];
        Proposal memory proposal = account.proposal;
        require(proposal.readyAt != 0, NotProposed(chainId, token));
        bool isReady = block.timestamp >= proposal.readyAt && block.number >= proposal.readyBlock;
        require(isReady, NotReady(proposal.readyAt, proposal.readyBlock));
        require(proposal.expiresAt > block.timestamp, ProposalExpired(proposal.expiresAt));
        delete account.proposal;
        _setCaps(account, chainId, token, proposal.caps);
    }

    /// @inheritdoc IChainLedger
    function maxLoss(uint64 chainId, address token) external view override returns (uint256) {
        CreditBook.Book storage book = _accounts[chainId][token].book;
        return Math.max(book.cap, book.netOf());
    }

    /// @inheritdoc IChainLedger
    function room(uint64 chainId, address token) external view override returns (uint256) {
        Account storage account = _accounts[chainId][token];
        return Math.min(account.book.roomOf(), account.window.available(ENTRY));
    }

    /// @inheritdoc IChainLedger
    function releasable(uint64 chainId, address token) external view override returns (uint256) {
        CreditBook.Book storage book = _accounts[chainId][token].book;
        return book.credited - book.released;
    }

    /// @inheritdoc IChainLedger
    function totals(uint64 chainId, address token) external view override returns (uint128, uint128, uint128) {
        CreditBook.Book memory book = _accounts[chainId][token].book;
        return (book.credited, book.released, book.settled);
    }

    /// @inheritdoc IChainLedger
    function capsOf(uint64 chainId, address token) public view override returns (Caps memory) {
        Account storage account = _accounts[chainId][token];
        return Caps({net: account.book.cap, window: uint128(account.window._limit)});
    }

    /// @inheritdoc IChainLedger
    function floorOf(uint64 chainId, address token) external view override returns (Caps memory) {
        return _accounts[chainId][token].floor;
    }

    /// @inheritdoc IChainLedger
    function proposals(uint64 chainId, address token)
        external
        view
        override
        returns (Caps memory, uint64, uint64, uint64)
    {
        Proposal memory proposal = _accounts[chainId][token].proposal;
        return (proposal.caps, proposal.readyAt, proposal.readyBlock, proposal.expiresAt);
    }

    /// @dev The first caps of a token fix its floor.
    function _setCaps(Account storage account, uint64 chainId, address token, Caps memory caps) private {
        if (account.book.cap == 0) account.floor = Caps(caps.net / FLOOR_DIVISOR, caps.window / FLOOR_DIVISOR);
        account.book.cap = caps.net;
        account.window.updateSettings(windowSeconds, caps.window);
        emit CapsChanged(chainId, token, caps);
    }

    function _requireValid(Caps memory caps) private pure {
        require(caps.window != 0 && caps.net >= caps.window, InvalidCaps());
    }
}
