// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";
import {ILightClient, UpdateResult} from "../interfaces/ILightClient.sol";
import {ClientParameters, ConsensusState, IQbftLightClient, Recovery} from "../interfaces/IQbftLightClient.sol";
import {AbiCalldata} from "../libraries/AbiCalldata.sol";
import {QbftHeader} from "../libraries/QbftHeader.sol";
import {StateProof} from "../libraries/StateProof.sol";
import {QbftRecovery} from "./QbftRecovery.sol";
import {QbftTrust} from "./QbftTrust.sol";

/// @title QbftLightClient
/// @notice See {IQbftLightClient}.
contract QbftLightClient is QbftRecovery {
    using AbiCalldata for bytes;

    uint256 private constant KNOWN_BYTES = 192;

    /// @dev One of the two headers of evidence.
    struct Witness {
        uint64 height;
        uint64 timestamp;
        bytes32 blockHash;
        bytes32 parentHash;
        bytes32 recoveryId; // of the proposal that it is, if it is one
    }

    /// @param state trusted state of the header at `height`, checked by whoever deploys
    /// @param validators of that header
    constructor(
        ClientParameters memory parameters,
        uint64 height,
        ConsensusState memory state,
        address[] memory validators
    ) QbftTrust(parameters, height, state, validators) QbftRecovery(parameters, validators) {}

    /// @inheritdoc ILightClient
    function update(bytes calldata header) external override returns (UpdateResult) {
        _requireActive();
        QbftHeader.Header memory next = QbftHeader.parse(header.bytesAt(0, 0), isIbft2);
        bytes32 hash = _consensusHash(next);
        bytes32 known = consensusHash(next.number);
        if (known == hash) return UpdateResult.NoOp;
        (uint64 height, uint64 timestamp) = (latestHeight, latestTimestamp);
        bool isLater = next.number > height;
        bool isBackwards = isLater ? next.timestamp <= timestamp : next.timestamp >= timestamp;
        if (known != 0 || isBackwards) return _accuse(header, next, height);

        require(isLater, HeightNotGreater(next.number, height));
        _requireTrusted(header, next);
        _requireNotFuture(next.timestamp);
        _accept(next.number, next.timestamp, hash, _hashOf(next.validators));
        return UpdateResult.Updated;
    }

    /// @inheritdoc IQbftLightClient
    function fill(uint64 height, ConsensusState calldata known, bytes[] calldata headers)
        external
        override
        returns (UpdateResult result)
    {
        _requireActive();
        require(consensusHash(height) == keccak256(abi.encode(known)), UnknownHeight(height));
        result = UpdateResult.NoOp;
        (bytes32 parentHash, uint64 timestamp) = (known.parentHash, known.timestamp);
        for (uint256 i = 0; i < headers.length; ++i) {
            QbftHeader.Header memory parent = QbftHeader.parse(headers[i], isIbft2);
            require(parent.blockHash == parentHash && parent.number + 1 == height, NotLinked(i));
            require(parent.timestamp < timestamp, TimeNotAscending(parent.timestamp));
            (height, timestamp, parentHash) = (parent.number, parent.timestamp, parent.parentHash);
            (bytes32 hash, bytes32 kept) = (_consensusHash(parent), consensusHash(height));
            if (kept == hash) continue;
            if (kept != 0) {
                _requireRecent(timestamp);
                _freeze(height, parent.blockHash);
                return UpdateResult.Misbehaviour;
            }
            _store(height, hash);
            result = UpdateResult.Updated;
        }
    }

    /// @inheritdoc ILightClient
    /// @param evidence `abi.encode(bytes first, bytes second)`: an update, and another one or
    /// `abi.encode(uint64 height, ConsensusState state, bytes32 recoveryId)` for what is stored (id 0) or proposed. They conflict
    /// as different headers of one height, as a higher one with a timestamp not above the other's, and as a header that does not
    /// name the one before it as its parent. Shown while frozen, it can cancel the proposal it is about, or lower the conflict.
    function misbehaviour(bytes calldata evidence) external override {
        Witness memory first = _sealed(evidence.bytesAt(0, 0));
        bytes calldata other = evidence.bytesAt(0, 32);
        Witness memory second = other.length == KNOWN_BYTES ? _known(other) : _sealed(other);
        (Witness memory low, Witness memory high) = first.height < second.height ? (first, second) : (second, first);
        require(_isConflict(low, high), NoConflict());
        _requireRecent(uint64(Math.max(low.timestamp, high.timestamp)));

        if (second.recoveryId != 0) _cancelRecovery(second.recoveryId, first.blockHash);
        if (!_frozen) {
            _freeze(low.height, first.blockHash);
        } else if (second.recoveryId == 0) {
            require(low.height < conflictHeight, ClientNotActive(status()));
            conflictHeight = low.height;
            emit ConflictLowered(low.height, first.blockHash);
        }
    }

    /// @inheritdoc ILightClient
    /// @param proof `abi.encode(ConsensusState state, bytes[] accountProof, bytes[][] storageProofs)`, see {StateProof}
    function verifyStorage(
        uint64 height,
        address account,
        bytes32[] calldata slots,
        bytes32[] calldata values,
        bytes calldata proof
    ) external view override returns (uint64 timestamp) {
        _requireActive();
        return StateProof.verify(consensusHash(height), height, account, slots, values, proof);
    }

    /// @dev Freezes on a header that contradicts what is stored. Nothing after its checks reverts: that would undo the freeze.
    function _accuse(bytes calldata encoded, QbftHeader.Header memory header, uint64 latest)
        private
        returns (UpdateResult)
    {
        require(header.number > settledHeight, NoConflict());
        _requireAccusable(encoded, header);
        // Evidence is as old as the younger of two headers. Of an older stored one the time is not known here.
        if (header.number < latest) _requireRecent(header.timestamp);
        _freeze(header.number < latest ? header.number : latest, header.blockHash);
        return UpdateResult.Misbehaviour;
    }

    function _isConflict(Witness memory low, Witness memory high) private pure returns (bool) {
        if (low.height == high.height) return low.blockHash != high.blockHash;
        bool isNext = low.height + 1 == high.height;
        return high.timestamp <= low.timestamp || (isNext && high.parentHash != low.blockHash);
    }

    function _sealed(bytes calldata encoded) private view returns (Witness memory) {
        QbftHeader.Header memory header = QbftHeader.parse(encoded.bytesAt(0, 0), isIbft2);
        require(header.number > settledHeight, NoConflict());
        _requireAccusable(encoded, header);
        return Witness(header.number, header.timestamp, header.blockHash, header.parentHash, 0);
    }

    function _known(bytes calldata encoded) private view returns (Witness memory) {
        (uint64 height, ConsensusState memory state, bytes32 id) =
            abi.decode(encoded, (uint64, ConsensusState, bytes32));
        bytes32 hash = consensusHash(height);
        if (id != 0) {
            Recovery memory proposal = _pending(id);
            hash = proposal.height == height ? proposal.consensusHash : bytes32(0);
        }
        require(hash == keccak256(abi.encode(state)), UnknownHeight(height));
        return Witness(height, state.timestamp, state.blockHash, state.parentHash, id);
    }
}
