// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";
import {MessageHashUtils} from "@openzeppelin/contracts/utils/cryptography/MessageHashUtils.sol";
import {ClientStatus} from "../interfaces/ILightClient.sol";
import {ClientParameters, IQbftLightClient, Recovery} from "../interfaces/IQbftLightClient.sol";
import {AbiCalldata} from "../libraries/AbiCalldata.sol";
import {CommitSeals} from "../libraries/CommitSeals.sol";
import {QbftHeader} from "../libraries/QbftHeader.sol";
import {QbftTrust} from "./QbftTrust.sol";

/// @title QbftRecovery
/// @notice How an expired or frozen {IQbftLightClient} continues: by those it trusted last, after a delay, and by no admin.
abstract contract QbftRecovery is QbftTrust {
    using AbiCalldata for bytes;

    bytes32 public constant RECOVERY_TYPEHASH =
        keccak256("Recovery(uint64 epoch,bytes32 headerDigest,uint64 conflictHeight)");
    bytes32 private constant DOMAIN_NAME = keccak256("Clearspan QbftLightClient");
    bytes32 private constant DOMAIN_VERSION = keccak256("1");
    bytes1 private constant DOMAIN_FIELDS = 0x0f; // name, version, chain id, contract

    uint64 public immutable recoveryDelaySeconds;
    uint64 public immutable recoveryDelayBlocks;
    uint64 public immutable attestorThreshold;
    bytes32 public immutable attestorsHash;

    mapping(bytes32 id => Recovery) private _recoveries;

    constructor(ClientParameters memory parameters, address[] memory validators) {
        (uint256 delay, address[] memory attestors) = (parameters.recoveryDelaySeconds, parameters.attestors);
        require(delay != 0 && delay < parameters.trustingPeriodSeconds, InvalidParameters());
        require(parameters.recoveryDelayBlocks != 0, InvalidParameters());
        uint256 threshold = parameters.attestorThreshold;
        bool isMajority = threshold <= attestors.length && 2 * threshold > attestors.length;
        require(isMajority || (threshold == 0 && attestors.length == 0), InvalidParameters());
        _requireAscending(attestors);
        _requireDisjoint(attestors, validators);
        recoveryDelaySeconds = parameters.recoveryDelaySeconds;
        recoveryDelayBlocks = parameters.recoveryDelayBlocks;
        attestorThreshold = parameters.attestorThreshold;
        attestorsHash = _hashOf(attestors);
    }

    /// @inheritdoc IQbftLightClient
    function proposeRecovery(bytes calldata header, bytes calldata attestation) external override returns (bytes32 id) {
        ClientStatus current = status();
        require(current != ClientStatus.Active, ClientStillActive());
        QbftHeader.Header memory next = QbftHeader.parse(header.bytesAt(0, 0), isIbft2);
        _requireTwoThirds(header, next);
        _requireRecent(next.timestamp);
        _requireNotFuture(next.timestamp);
        uint64 firstVoid = 0;
        if (current == ClientStatus.Frozen) {
            firstVoid = _attested(attestation, next.digest);
            bool isSound = firstVoid != 0 && firstVoid <= conflictHeight && firstVoid <= next.number;
            require(isSound, WrongConflictHeight(firstVoid, conflictHeight));
        } else {
            require(next.number > latestHeight, HeightNotGreater(next.number, latestHeight));
            require(next.timestamp > latestTimestamp, TimeNotAscending(next.timestamp));
        }
        Recovery memory proposal = Recovery({
            consensusHash: _consensusHash(next),
            validatorsHash: _hashOf(next.validators),
            height: next.number,
            timestamp: next.timestamp,
            conflictHeight: firstVoid,
            readyTime: uint64(block.timestamp) + recoveryDelaySeconds,
            readyBlock: uint64(block.number) + recoveryDelayBlocks,
            isCancelled: false
        });
        id = _idOf(proposal);
        if (_recoveries[id].readyTime != 0) return id;
        _recoveries[id] = proposal;
        emit RecoveryProposed(
            id, proposal.height, proposal.consensusHash, firstVoid, proposal.readyTime, proposal.readyBlock
        );
    }

    /// @inheritdoc IQbftLightClient
    function executeRecovery(bytes32 id) external override {
        Recovery memory proposal = _pending(id);
        ClientStatus current = status();
        bool isFreeze = proposal.conflictHeight != 0;
        require(current == (isFreeze ? ClientStatus.Frozen : ClientStatus.Expired), NoRecovery(id));
        bool isReady = block.timestamp >= proposal.readyTime && block.number >= proposal.readyBlock;
        require(isReady, RecoveryNotReady(proposal.readyTime, proposal.readyBlock));
        _requireRecent(proposal.timestamp);
        if (isFreeze) {
            bool isSound = proposal.conflictHeight <= conflictHeight;
            require(isSound, WrongConflictHeight(proposal.conflictHeight, conflictHeight));
            _startEpoch(proposal.conflictHeight, proposal.height);
        }
        _accept(proposal.height, proposal.timestamp, proposal.consensusHash, proposal.validatorsHash);
        emit ClientRecovered(epoch, proposal.height, proposal.conflictHeight);
    }

    /// @inheritdoc IQbftLightClient
    function recovery(bytes32 id) external view override returns (Recovery memory) {
        return _recoveries[id];
    }

    /// @inheritdoc IQbftLightClient
    function recoveryDigest(bytes32 headerDigest, uint64 firstVoid) public view override returns (bytes32) {
        bytes32 domain = MessageHashUtils.toDomainSeparator(
            DOMAIN_FIELDS, DOMAIN_NAME, DOMAIN_VERSION, block.chainid, address(this), bytes32(0)
        );
        bytes32 content = keccak256(abi.encode(RECOVERY_TYPEHASH, epoch, headerDigest, firstVoid));
        return MessageHashUtils.toTypedDataHash(domain, content);
    }

    /// @dev A proposal that nothing was shown against and after which the client did not move on: its id holds the epoch and the
    /// latest height it was made at.
    function _pending(bytes32 id) internal view returns (Recovery memory proposal) {
        proposal = _recoveries[id];
        bool isPending = proposal.readyTime != 0 && !proposal.isCancelled;
        require(isPending && id == _idOf(proposal), NoRecovery(id));
    }

    function _cancelRecovery(bytes32 id, bytes32 evidence) internal {
        _recoveries[id].isCancelled = true;
        emit RecoveryCancelled(id, evidence);
    }

    /// @dev The first void height that enough attestors signed together with the header.
    function _attested(bytes calldata attestation, bytes32 headerDigest) private view returns (uint64 firstVoid) {
        uint256 word = attestation.wordAt(0);
        firstVoid = uint64(Math.min(word, type(uint64).max));
        (address[] memory attestors, bytes32 hash) = CommitSeals.set(attestation, 64);
        require(attestors.length != 0 && hash == attestorsHash, WrongAttestors());
        bytes32 digest = recoveryDigest(headerDigest, firstVoid);
        (uint256 signers,) = CommitSeals.count(digest, attestation, 32, attestors, new address[](0));
        require(signers >= attestorThreshold, QuorumNotReached(signers, attestorThreshold));
    }

    function _idOf(Recovery memory proposal) private view returns (bytes32) {
        return keccak256(
            abi.encode(epoch, latestHeight, proposal.height, proposal.consensusHash, proposal.conflictHeight)
        );
    }

    function _requireDisjoint(address[] memory first, address[] memory second) private pure {
        for (uint256 i = 0; i < first.length; ++i) {
            for (uint256 j = 0; j < second.length; ++j) {
                require(first[i] != second[j], InvalidParameters());
            }
        }
    }
}
