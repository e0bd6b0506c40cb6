// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {ECDSA} from "@openzeppelin/contracts/utils/cryptography/ECDSA.sol";
import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";
import {ClientStatus, ILightClient, UpdateResult} from "../interfaces/ILightClient.sol";
import {ConsensusState, IQbftLightClient} from "../interfaces/IQbftLightClient.sol";
import {AbiCalldata} from "../libraries/AbiCalldata.sol";
import {QbftHeader} from "../libraries/QbftHeader.sol";
import {StateProof} from "../libraries/StateProof.sol";

/// @title QbftLightClient
/// @notice See {IQbftLightClient}.
contract QbftLightClient is IQbftLightClient {
    using AbiCalldata for bytes;

    uint64 public immutable override chainId;
    uint64 public immutable trustingPeriodSeconds;
    uint64 public immutable maxClockDriftSeconds;
    uint64 public immutable trustNumerator;
    uint64 public immutable trustDenominator;

    uint64 public override latestHeight;
    uint64 public override latestTimestamp;
    bool private _frozen;
    bytes32 public override trustedValidatorsHash;
    mapping(uint64 height => bytes32) public override consensusHash;

    /// @param chainId_ EIP-155 id of the followed chain
    /// @param state trusted state of the header at `height`, checked by whoever deploys
    /// @param validators of that header
    /// @param trustNumerator_ with the denominator, the share of the latest validators that must have signed: 1/3 to 1
    constructor(
        uint64 chainId_,
        uint64 height,
        ConsensusState memory state,
        address[] memory validators,
        uint64 trustingPeriodSeconds_,
        uint64 maxClockDriftSeconds_,
        uint64 trustNumerator_,
        uint64 trustDenominator_
    ) {
        require(chainId_ != 0 && trustingPeriodSeconds_ != 0, InvalidParameters());
        require(state.blockHash != 0 && state.stateRoot != 0 && state.timestamp != 0, InvalidParameters());
        require(trustNumerator_ <= trustDenominator_, InvalidParameters());
        require(trustDenominator_ != 0 && 3 * uint256(trustNumerator_) >= trustDenominator_, InvalidParameters());
        require(validators.length != 0, InvalidParameters());
        address last = address(0);
        for (uint256 i = 0; i < validators.length; ++i) {
            require(validators[i] > last, InvalidParameters());
            last = validators[i];
        }
        chainId = chainId_;
        trustingPeriodSeconds = trustingPeriodSeconds_;
        maxClockDriftSeconds = maxClockDriftSeconds_;
        trustNumerator = trustNumerator_;
        trustDenominator = trustDenominator_;
        latestHeight = height;
        latestTimestamp = state.timestamp;
        trustedValidatorsHash = keccak256(abi.encodePacked(validators));
        consensusHash[height] = keccak256(abi.encode(state));
        emit ClientUpdated(height, keccak256(abi.encode(state)));
    }

    /// @inheritdoc ILightClient
    function update(bytes calldata header) external override returns (UpdateResult) {
        _requireActive();
        QbftHeader.Header memory next = QbftHeader.parse(header.bytesAt(0, 0));
        bytes32 hash = _consensusHash(next);
        bytes32 stored = consensusHash[next.number];
        if (stored == hash) return UpdateResult.NoOp;
        (uint64 height, uint64 timestamp) = (latestHeight, latestTimestamp);
        require(next.number > height || stored != 0, HeightNotGreater(next.number, height));
        _verifySeals(header, next);

        if (stored != 0 || next.timestamp <= timestamp) {
            _freeze(next.number, next.blockHash);
            return UpdateResult.Misbehaviour;
        }
        require(next.timestamp <= block.timestamp + maxClockDriftSeconds, HeaderFromFuture(next.timestamp));

        latestHeight = next.number;
        latestTimestamp = next.timestamp;
        consensusHash[next.number] = hash;
        bytes32 validatorsHash = keccak256(abi.encodePacked(next.validators));
        if (validatorsHash != trustedValidatorsHash) trustedValidatorsHash = validatorsHash;
        emit ClientUpdated(next.number, hash);
        return UpdateResult.Updated;
    }

    /// @inheritdoc ILightClient
    /// @param evidence `abi.encode(bytes first, bytes second)`, two updates against the latest validators: different headers of
    /// one height, or a higher one with a timestamp not above the other's
    function misbehaviour(bytes calldata evidence) external override {
        _requireActive();
        bytes calldata firstUpdate = evidence.bytesAt(0, 0);
        bytes calldata secondUpdate = evidence.bytesAt(0, 32);
        QbftHeader.Header memory first = QbftHeader.parse(firstUpdate.bytesAt(0, 0));
        QbftHeader.Header memory second = QbftHeader.parse(secondUpdate.bytesAt(0, 0));
        if (first.number == second.number) {
            require(first.blockHash != second.blockHash, NoConflict());
        } else {
            (QbftHeader.Header memory low, QbftHeader.Header memory high) =
                first.number < second.number ? (first, second) : (second, first);
            require(high.timestamp <= low.timestamp, NoConflict());
        }
        _verifySeals(firstUpdate, first);
        _verifySeals(secondUpdate, second);
        _freeze(second.number, second.blockHash);
    }

    /// @inheritdoc ILightClient
    /// @param proof see {StateProof}
    function verifyStorage(
        uint64 height,
        address account,
        bytes32[] calldata slots,
        bytes32[] calldata values,
        bytes calldata proof
    ) external view override returns (uint64 timestamp) {
        _requireActive();
        return StateProof.verify(consensusHash[height], height, account, slots, values, proof);
    }

    /// @inheritdoc ILightClient
    function status() public view override returns (ClientStatus) {
        if (_frozen) return ClientStatus.Frozen;
        bool expired = block.timestamp >= uint256(latestTimestamp) + trustingPeriodSeconds;
        return expired ? ClientStatus.Expired : ClientStatus.Active;
    }

    function _requireActive() private view {
        ClientStatus current = status();
        require(current == ClientStatus.Active, ClientNotActive(current));
    }

    function _freeze(uint64 height, bytes32 evidence) private {
        _frozen = true;
        emit ClientFrozen(height, evidence);
    }

    function _consensusHash(QbftHeader.Header memory header) private pure returns (bytes32) {
        return keccak256(
            abi.encode(ConsensusState(header.blockHash, header.parentHash, header.stateRoot, header.timestamp))
        );
    }

    /// @dev Reverts unless the update's seals are a quorum of the header's own validators and enough of the trusted ones.
    /// Signers and both sets ascend, so one pass finds each signer in both.
    function _verifySeals(bytes calldata encoded, QbftHeader.Header memory header) private view {
        address[] memory trusted = _trustedValidators(encoded);
        address[] memory validators = header.validators;
        (uint256 first, uint256 count) = encoded.arrayAt(0, 32);
        address last = address(0);
        uint256 overlap = 0;
        uint256 v = 0;
        uint256 t = 0;
        for (uint256 i = 0; i < count; ++i) {
            address signer = _recover(header.digest, encoded.bytesAt(first, 32 * i), i);
            require(signer > last, SealsNotAscending(i));
            last = signer;
            while (v < validators.length && validators[v] < signer) ++v;
            require(v < validators.length && validators[v] == signer, ForeignSigner(signer));
            while (t < trusted.length && trusted[t] < signer) ++t;
            if (t < trusted.length && trusted[t] == signer) ++overlap;
        }
        uint256 quorum = Math.ceilDiv(2 * validators.length, 3);
        require(count >= quorum, QuorumNotReached(count, quorum));
        uint256 needed = Math.ceilDiv(trusted.length * trustNumerator, trustDenominator);
        require(overlap >= needed, OverlapNotReached(overlap, needed));
    }

    function _trustedValidators(bytes calldata encoded) private view returns (address[] memory trusted) {
        (uint256 first, uint256 count) = encoded.arrayAt(0, 64);
        require(keccak256(encoded[first:first + 32 * count]) == trustedValidatorsHash, WrongTrustedValidators());
        trusted = new address[](count);
        // Copies `count` words, inside of `encoded` by `arrayAt`, over the array just allocated for them; they are clean
        // addresses because their hash is that of clean addresses.
        assembly ("memory-safe") {
            calldatacopy(add(trusted, 0x20), add(encoded.offset, first), mul(count, 0x20))
        }
    }

    function _recover(bytes32 digest, bytes calldata seal, uint256 index) private pure returns (address signer) {
        require(seal.length == 65, InvalidSeal(index));
        uint8 v = uint8(seal[64]);
        if (v < 27) v += 27;
        ECDSA.RecoverError failure;
        (signer, failure,) = ECDSA.tryRecover(digest, v, bytes32(seal[:32]), bytes32(seal[32:64]));
        require(failure == ECDSA.RecoverError.NoError, InvalidSeal(index));
    }
}
