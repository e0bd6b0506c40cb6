// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";
import {ClientStatus, ILightClient} from "../interfaces/ILightClient.sol";
import {ClientParameters, ConsensusState, IQbftLightClient} from "../interfaces/IQbftLightClient.sol";
import {AbiCalldata} from "../libraries/AbiCalldata.sol";
import {CommitSeals} from "../libraries/CommitSeals.sol";
import {QbftHeader} from "../libraries/QbftHeader.sol";

/// @title QbftTrust
/// @notice What a {IQbftLightClient} knows and whom it believes.
abstract contract QbftTrust is IQbftLightClient {
    using AbiCalldata for bytes;

    uint64 public immutable override chainId;
    bool public immutable override isIbft2;
    uint64 public immutable trustingPeriodSeconds;
    uint64 public immutable maxClockDriftSeconds;
    uint64 public immutable trustNumerator;
    uint64 public immutable trustDenominator;

    uint64 public override latestHeight;
    uint64 public override latestTimestamp;
    uint64 public override epoch = 1;
    bool internal _frozen;
    uint64 public override conflictHeight;
    uint64 public override settledHeight;
    bytes32 public override trustedValidatorsHash;

    mapping(uint64 epoch => mapping(uint64 height => bytes32)) private _stored;
    /// @dev By epoch, the height from which on everything stored in earlier epochs is void.
    mapping(uint64 epoch => uint64) private _voidFrom;

    constructor(
        ClientParameters memory parameters,
        uint64 height,
        ConsensusState memory state,
        address[] memory validators
    ) {
        require(parameters.chainId != 0 && parameters.trustingPeriodSeconds != 0, InvalidParameters());
        require(state.blockHash != 0 && state.stateRoot != 0 && state.timestamp != 0, InvalidParameters());
        (uint256 numerator, uint256 denominator) = (parameters.trustNumerator, parameters.trustDenominator);
        require(denominator != 0 && numerator <= denominator && 3 * numerator >= denominator, InvalidParameters());
        require(validators.length != 0, InvalidParameters());
        _requireAscending(validators);
        chainId = parameters.chainId;
        isIbft2 = parameters.isIbft2;
        trustingPeriodSeconds = parameters.trustingPeriodSeconds;
        maxClockDriftSeconds = parameters.maxClockDriftSeconds;
        trustNumerator = parameters.trustNumerator;
        trustDenominator = parameters.trustDenominator;
        _accept(height, state.timestamp, keccak256(abi.encode(state)), _hashOf(validators));
    }

    /// @inheritdoc ILightClient
    function status() public view override returns (ClientStatus) {
        if (_frozen) return ClientStatus.Frozen;
        return _isRecent(latestTimestamp) ? ClientStatus.Active : ClientStatus.Expired;
    }

    /// @inheritdoc IQbftLightClient
    function consensusHash(uint64 height) public view override returns (bytes32 hash) {
        uint64 from = epoch;
        hash = _stored[from][height];
        // Rarely more than one round: epochs begin with a recovery from a freeze.
        for (; hash == 0 && from > 1 && height < _voidFrom[from]; --from) {
            hash = _stored[from - 1][height];
        }
    }

    function _requireActive() internal view {
        ClientStatus current = status();
        require(current == ClientStatus.Active, ClientNotActive(current));
    }

    function _requireRecent(uint64 timestamp) internal view {
        require(_isRecent(timestamp), TooOld(timestamp));
    }

    function _isRecent(uint64 timestamp) private view returns (bool) {
        return block.timestamp < uint256(timestamp) + trustingPeriodSeconds;
    }

    function _requireNotFuture(uint64 timestamp) internal view {
        require(timestamp <= block.timestamp + maxClockDriftSeconds, HeaderFromFuture(timestamp));
    }

    function _store(uint64 height, bytes32 hash) internal {
        _stored[epoch][height] = hash;
        emit ClientUpdated(height, hash);
    }

    /// @dev Makes a header the latest one.
    function _accept(uint64 height, uint64 timestamp, bytes32 hash, bytes32 validatorsHash) internal {
        latestHeight = height;
        latestTimestamp = timestamp;
        if (validatorsHash != trustedValidatorsHash) trustedValidatorsHash = validatorsHash;
        _store(height, hash);
    }

    function _freeze(uint64 height, bytes32 evidence) internal {
        _frozen = true;
        conflictHeight = height;
        emit ClientFrozen(height, evidence);
    }

    /// @dev Unfreezes into a new epoch, in which nothing stored from `firstVoid` on counts any more.
    function _startEpoch(uint64 firstVoid, uint64 settled) internal {
        _voidFrom[++epoch] = firstVoid;
        _frozen = false;
        conflictHeight = 0;
        if (settled > settledHeight) settledHeight = settled;
    }

    /// @dev Reverts unless the update's seals are a quorum of the header's own validators; says how many of the trusted ones
    /// are among the signers, and how many there are.
    function _countSeals(bytes calldata encoded, QbftHeader.Header memory header)
        internal
        view
        returns (uint256 overlap, uint256 trusted)
    {
        (address[] memory set, bytes32 hash) = CommitSeals.set(encoded, 64);
        require(hash == trustedValidatorsHash, WrongTrustedValidators());
        uint256 signers;
        (signers, overlap) = CommitSeals.count(header.digest, encoded, 32, header.validators, set);
        uint256 quorum = Math.ceilDiv(2 * header.validators.length, 3);
        require(signers >= quorum, QuorumNotReached(signers, quorum));
        return (overlap, set.length);
    }

    /// @dev What an update takes: the trust level.
    function _requireTrusted(bytes calldata encoded, QbftHeader.Header memory header) internal view {
        (uint256 overlap, uint256 trusted) = _countSeals(encoded, header);
        _requireOverlap(overlap, _trustOf(trusted));
    }

    /// @dev What a recovery takes: two thirds of the trusted validators.
    function _requireTwoThirds(bytes calldata encoded, QbftHeader.Header memory header) internal view {
        (uint256 overlap, uint256 trusted) = _countSeals(encoded, header);
        _requireOverlap(overlap, _twoThirdsOf(trusted));
    }

    /// @dev What evidence takes: no more than whatever could be accepted, be it as an update or as a recovery.
    function _requireAccusable(bytes calldata encoded, QbftHeader.Header memory header) internal view {
        (uint256 overlap, uint256 trusted) = _countSeals(encoded, header);
        _requireOverlap(overlap, Math.min(_trustOf(trusted), _twoThirdsOf(trusted)));
    }

    function _requireOverlap(uint256 overlap, uint256 needed) private pure {
        require(overlap >= needed, OverlapNotReached(overlap, needed));
    }

    function _trustOf(uint256 trusted) private view returns (uint256) {
        return Math.ceilDiv(trusted * trustNumerator, trustDenominator);
    }

    function _twoThirdsOf(uint256 trusted) private pure returns (uint256) {
        return Math.ceilDiv(trusted * 2, 3);
    }

    function _consensusHash(QbftHeader.Header memory header) internal pure returns (bytes32) {
        return keccak256(
            abi.encode(ConsensusState(header.blockHash, header.parentHash, header.stateRoot, header.timestamp))
        );
    }

    function _hashOf(address[] memory set) internal pure returns (bytes32) {
        return keccak256(abi.encodePacked(set));
    }

    function _requireAscending(address[] memory set) internal pure {
        address last = address(0);
        for (uint256 i = 0; i < set.length; ++i) {
            require(set[i] > last, InvalidParameters());
            last = set[i];
        }
    }
}
