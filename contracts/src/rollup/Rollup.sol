// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {Ownable} from "@openzeppelin/contracts/access/Ownable.sol";
import {Ownable2Step} from "@openzeppelin/contracts/access/Ownable2Step.sol";
import {IForcedQueue} from "../interfaces/IForcedQueue.sol";
import {Batch, IRollup} from "../interfaces/IRollup.sol";
import {BatchReader} from "../libraries/BatchReader.sol";

/// @title Rollup
/// @notice See {IRollup}.
contract Rollup is IRollup, Ownable2Step {
    IForcedQueue public immutable queue;
    bytes32 public immutable genesisRoot;
    uint64 public immutable challengeSeconds;
    uint64 public immutable challengeBlocks;
    uint64 public immutable maxClockLag;

    mapping(address poster => bool) public override isPoster;
    Batch[] private _batches;

    /// @param challengeSeconds_ from posting to finality, together with
    /// @param challengeBlocks_ as many blocks
    /// @param maxClockLag_ seconds a segment's clock may be behind the block that takes it
    constructor(
        address owner_,
        IForcedQueue queue_,
        bytes32 genesisRoot_,
        uint64 challengeSeconds_,
        uint64 challengeBlocks_,
        uint64 maxClockLag_,
        address poster
    ) Ownable(owner_) {
        require(address(queue_).code.length != 0 && genesisRoot_ != 0, InvalidParameters());
        require(challengeSeconds_ != 0 && challengeBlocks_ != 0 && maxClockLag_ != 0, InvalidParameters());
        queue = queue_;
        genesisRoot = genesisRoot_;
        challengeSeconds = challengeSeconds_;
        challengeBlocks = challengeBlocks_;
        maxClockLag = maxClockLag_;
        isPoster[poster] = true;
        emit PosterSet(poster, true);
    }

    /// @inheritdoc IRollup
    function postBatch(uint64 index, bytes32 parentRoot, bytes32[] calldata roots, bytes calldata data)
        external
        override
    {
        require(isPoster[msg.sender], NotPoster(msg.sender));
        require(index == _batches.length, WrongIndex(uint64(_batches.length)));
        require(parentRoot == latestRoot(), WrongParent(latestRoot()));
        (uint64 lastClock, uint64 lastCursor) = _last();
        (bytes32 commitment, uint256 forced, uint64 clock) = BatchReader.read(
            data,
            roots,
            BatchReader.Bounds({
                clock: lastClock,
                earliest: block.timestamp > maxClockLag ? block.timestamp - maxClockLag : 0,
                latest: block.timestamp
            })
        );
        uint64 cursor = _takeForced(lastCursor, forced);
        bytes32 stateRoot = roots[roots.length - 1];
        _batches.push(
            Batch({
                commitment: commitment,
                stateRoot: stateRoot,
                postedAt: uint64(block.timestamp),
                postedBlock: uint64(block.number),
                queueCursor: cursor,
                clock: clock
            })
        );
        emit BatchPosted(index, commitment, stateRoot, cursor, clock, uint32(roots.length));
    }

    /// @inheritdoc IRollup
    function setPoster(address poster, bool allowed) external override onlyOwner {
        isPoster[poster] = allowed;
        emit PosterSet(poster, allowed);
    }

    /// @inheritdoc IRollup
    function batch(uint64 index) external view override returns (Batch memory) {
        require(index < _batches.length, UnknownBatch(index));
        return _batches[index];
    }

    /// @inheritdoc IRollup
    function batchCount() external view override returns (uint64) {
        return uint64(_batches.length);
    }

    /// @inheritdoc IRollup
    function isFinal(uint64 index) external view override returns (bool) {
        if (index >= _batches.length) return false;
        Batch storage posted = _batches[index];
        return block.timestamp >= uint256(posted.postedAt) + challengeSeconds
            && block.number >= uint256(posted.postedBlock) + challengeBlocks;
    }

    /// @inheritdoc IRollup
    function latestRoot() public view override returns (bytes32) {
        uint256 length = _batches.length;
        return length == 0 ? genesisRoot : _batches[length - 1].stateRoot;
    }

    function _last() private view returns (uint64 clock, uint64 cursor) {
        uint256 length = _batches.length;
        if (length == 0) return (0, 0);
        Batch storage posted = _batches[length - 1];
        return (posted.clock, posted.queueCursor);
    }

    function _takeForced(uint64 last, uint256 forced) private view returns (uint64 cursor) {
        uint64 available = queue.count();
        require(last + forced <= available, QueueExceeded(last + forced));
        cursor = uint64(last + forced);
        require(cursor == available || block.timestamp <= queue.deadline(cursor), QueueOverdue(cursor));
    }
}
