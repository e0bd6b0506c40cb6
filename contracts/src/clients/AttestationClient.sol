// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {ECDSA} from "@openzeppelin/contracts/utils/cryptography/ECDSA.sol";
import {MessageHashUtils} from "@openzeppelin/contracts/utils/cryptography/MessageHashUtils.sol";
import {AttestationParameters, IAttestationClient, SignerEpoch} from "../interfaces/IAttestationClient.sol";
import {ClientStatus, ILightClient, UpdateResult} from "../interfaces/ILightClient.sol";
import {AbiCalldata} from "../libraries/AbiCalldata.sol";
import {StateProof} from "../libraries/StateProof.sol";

/// @title AttestationClient
/// @notice See {IAttestationClient}. Nobody has a privilege here: states and signers change by signatures alone.
contract AttestationClient is IAttestationClient {
    using AbiCalldata for bytes;

    bytes32 private constant DOMAIN_TYPE = keccak256(
        "EIP712Domain(string name,string version,uint256 chainId,address verifyingContract,bytes32 salt)"
    );
    bytes32 private constant ATTESTATION_TYPE = keccak256(
        "Attestation(uint64 epoch,uint64 height,bytes32 blockHash,bytes32 parentHash,bytes32 stateRoot,uint64 timestamp,uint64 expiry)"
    );
    bytes32 private constant ROTATION_TYPE =
        keccak256("Rotation(uint64 nonce,uint64 epoch,uint64 threshold,address[] signers,uint64 expiry)");
    bytes32 private constant NAME = keccak256("Clearspan Attestation");
    bytes32 private constant VERSION = keccak256("1");

    uint64 private constant FIRST_EPOCH = 1;
    uint256 private constant MIN_SIGNERS = 4;
    uint256 private constant MAX_SIGNERS = 128; // so that a rotation fits into a block
    uint256 private constant APPROVAL_BYTES = 128;

    // Where things stand in an update and in a rotation.
    uint256 private constant STATE = 64;
    uint256 private constant STATE_BYTES = 128;
    uint256 private constant STATE_ROOT = 128;
    uint256 private constant STATE_TIMESTAMP = 160;
    uint256 private constant ATTESTED_BYTES = 192; // epoch, height and state
    uint256 private constant UPDATE_SIGNERS = 192;
    uint256 private constant ROTATION_NEXT = 64;
    uint256 private constant ROTATION_SIGNERS = 96;

    uint64 public immutable attestedChainId;
    address public immutable attestedContract;
    uint64 public immutable trustingPeriod;
    uint64 public immutable maxClockDrift;
    uint64 public immutable epochDelay;
    uint64 public immutable retention;
    uint64 public immutable maxApproval;
    bool public immutable smallQuorumAllowed;

    uint64 public override latestHeight;
    uint64 public override latestTimestamp;
    uint64 private _latestEpoch; // the current one, or the one after it
    bool private _conflicted;
    uint64 public override rotations;
    mapping(uint64 epoch => SignerEpoch) private _epochs;
    mapping(uint64 height => bytes32) public override consensusHash;

    constructor(AttestationParameters memory parameters, address[] memory signers, uint256 threshold) {
        require(parameters.attestedChainId != 0 && parameters.attestedChainId != block.chainid, InvalidParameters());
        require(parameters.attestedContract != address(0), InvalidParameters());
        require(parameters.trustingPeriod != 0 && parameters.epochDelay != 0, InvalidParameters());
        require(parameters.maxApproval != 0, InvalidParameters());
        attestedChainId = parameters.attestedChainId;
        attestedContract = parameters.attestedContract;
        trustingPeriod = parameters.trustingPeriod;
        maxClockDrift = parameters.maxClockDrift;
        epochDelay = parameters.epochDelay;
        retention = parameters.retention;
        maxApproval = parameters.maxApproval;
        smallQuorumAllowed = parameters.smallQuorumAllowed;
        _schedule(FIRST_EPOCH, uint64(block.timestamp), signers, threshold, parameters.smallQuorumAllowed);
    }

    /// @inheritdoc ILightClient
    function update(bytes calldata attestation) external override returns (UpdateResult) {
        _requireUnconflicted();
        (uint64 height, uint64 timestamp, bytes32 hash) = _attested(attestation);
        bytes32 stored = consensusHash[height];
        if (stored == hash) return UpdateResult.NoOp;
        _verifyAttestation(attestation, true);

        if (stored != 0 || _contradict(height, timestamp, latestHeight, latestTimestamp)) {
            _freeze(height, hash);
            return UpdateResult.Misbehaviour;
        }
        require(timestamp <= block.timestamp + maxClockDrift, StateFromFuture(timestamp));
        consensusHash[height] = hash;
        if (height > latestHeight) (latestHeight, latestTimestamp) = (height, timestamp);
        emit ClientUpdated(height, hash);
        return UpdateResult.Updated;
    }

    /// @inheritdoc ILightClient
    /// @param evidence `abi.encode(bytes first, bytes second)`, two updates by signers of epochs that are not over: different
    /// states of one height, or a higher one with a timestamp not above the other's. That an approval has expired does not
    /// excuse whoever gave it.
    function misbehaviour(bytes calldata evidence) external override {
        _requireUnconflicted();
        bytes calldata first = evidence.bytesAt(0, 0);
        bytes calldata second = evidence.bytesAt(0, 32);
        (uint64 height, uint64 timestamp, bytes32 hash) = _attested(first);
        (uint64 otherHeight, uint64 otherTimestamp, bytes32 otherHash) = _attested(second);
        require(
            height == otherHeight ? hash != otherHash : _contradict(height, timestamp, otherHeight, otherTimestamp),
            NoConflict()
        );
        _verifyAttestation(first, false);
        _verifyAttestation(second, false);
        _freeze(otherHeight, otherHash);
    }

    /// @inheritdoc IAttestationClient
    function rotate(bytes calldata rotation) external override returns (uint64 epoch) {
        _requireUnconflicted();
        uint64 nonce = _uint64At(rotation, 0);
        require(nonce == rotations, WrongNonce(nonce, rotations));
        uint64 current = currentEpoch();
        epoch = current + 1;
        uint64 threshold = _uint64At(rotation, 32);
        address[] memory signers = _addresses(rotation, ROTATION_NEXT);
        bytes32 signersHash = keccak256(abi.encodePacked(signers));
        bytes memory message = abi.encode(ROTATION_TYPE, nonce, epoch, threshold, signersHash, uint256(0));
        _verifyApprovals(rotation, ROTATION_SIGNERS, current, message, true);

        rotations = nonce + 1;
        _schedule(epoch, uint64(block.timestamp) + epochDelay, signers, threshold, smallQuorumAllowed);
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
        ClientStatus current = status();
        require(current == ClientStatus.Active, ClientNotActive(current));
        require(account == attestedContract, WrongAccount(account));
        return StateProof.verify(consensusHash[height], height, account, slots, values, proof);
    }

    /// @inheritdoc ILightClient
    /// @dev Expired until the first update, and again while none comes; an update ends it, since approvals are never old.
    function status() public view override returns (ClientStatus) {
        if (_conflicted) return ClientStatus.Frozen;
        bool fresh = block.timestamp < uint256(latestTimestamp) + trustingPeriod;
        return fresh ? ClientStatus.Active : ClientStatus.Expired;
    }

    /// @inheritdoc IAttestationClient
    function currentEpoch() public view override returns (uint64) {
        uint64 latest = _latestEpoch;
        return block.timestamp >= _epochs[latest].activeFrom ? latest : latest - 1;
    }

    /// @inheritdoc IAttestationClient
    function signerEpoch(uint64 epoch) external view override returns (SignerEpoch memory) {
        return _epochs[epoch];
    }

    /// @inheritdoc IAttestationClient
    function domainSeparator() public view override returns (bytes32) {
        bytes32 salt = keccak256(abi.encode(attestedChainId, attestedContract));
        return keccak256(abi.encode(DOMAIN_TYPE, NAME, VERSION, block.chainid, address(this), salt));
    }

    function _requireUnconflicted() private view {
        require(!_conflicted, ClientNotActive(ClientStatus.Frozen));
    }

    function _freeze(uint64 height, bytes32 evidence) private {
        _conflicted = true;
        emit ClientFrozen(height, evidence);
    }

    function _schedule(
        uint64 epoch,
        uint64 activeFrom,
        address[] memory signers,
        uint256 threshold,
        bool anyQuorum
    ) private {
        require(signers.length != 0 && signers.length <= MAX_SIGNERS, InvalidSigners());
        address last = address(0);
        for (uint256 i = 0; i < signers.length; ++i) {
            require(signers[i] > last, InvalidSigners());
            last = signers[i];
        }
        require(_isQuorum(signers.length, threshold), InvalidThreshold(threshold, signers.length));
        bool majority = 2 * threshold > signers.length && signers.length >= MIN_SIGNERS;
        require(majority || anyQuorum, InvalidThreshold(threshold, signers.length));
        _latestEpoch = epoch;
        _epochs[epoch] = SignerEpoch(keccak256(abi.encodePacked(signers)), activeFrom, uint32(threshold));
        emit EpochScheduled(epoch, activeFrom, threshold, signers);
    }

    /// @dev Nothing is never a quorum, not even of nothing.
    function _isQuorum(uint256 weight, uint256 threshold) private pure returns (bool) {
        return threshold != 0 && weight >= threshold;
    }

    /// @dev An epoch counts from its first moment until it has outlived its successor's by the retention.
    function _isActive(uint64 epoch) private view returns (bool) {
        uint64 activeFrom = _epochs[epoch].activeFrom;
        if (activeFrom == 0 || block.timestamp < activeFrom) return false;
        uint64 succeededFrom = _epochs[epoch + 1].activeFrom;
        return succeededFrom == 0 || block.timestamp < uint256(succeededFrom) + retention;
    }

    /// @dev Whether time goes backwards between two heights. No state has timestamp 0, so that is none to contradict.
    function _contradict(uint64 height, uint64 timestamp, uint64 otherHeight, uint64 otherTimestamp)
        private
        pure
        returns (bool)
    {
        if (otherTimestamp == 0) return false;
        return height > otherHeight ? timestamp <= otherTimestamp : timestamp >= otherTimestamp;
    }

    function _attested(bytes calldata attestation)
        private
        pure
        returns (uint64 height, uint64 timestamp, bytes32 hash)
    {
        height = _uint64At(attestation, 32);
        timestamp = _uint64At(attestation, STATE_TIMESTAMP);
        require(timestamp != 0 && attestation.wordAt(STATE_ROOT) != 0, EmptyState());
        hash = keccak256(attestation[STATE:STATE + STATE_BYTES]);
    }

    function _verifyAttestation(bytes calldata attestation, bool alive) private view {
        uint64 epoch = _uint64At(attestation, 0);
        require(_isActive(epoch), EpochNotActive(epoch));
        bytes memory message = abi.encodePacked(ATTESTATION_TYPE, attestation[:ATTESTED_BYTES], uint256(0));
        _verifyApprovals(attestation, UPDATE_SIGNERS, epoch, message, alive);
    }

    /// @dev Reverts unless enough of the epoch's signers approved. Signers and approvals ascend, so one pass finds each.
    /// @param head where the offsets of the epoch's signers and of the approvals stand, one after the other
    /// @param message the encoded struct, with its last word, the expiry, to be filled in
    function _verifyApprovals(
        bytes calldata encoded,
        uint256 head,
        uint64 epoch,
        bytes memory message,
        bool alive
    ) private view {
        (uint256 first, uint256 members) = encoded.arrayAt(0, head);
        require(keccak256(encoded[first:first + 32 * members]) == _epochs[epoch].signersHash, WrongSigners(epoch));
        (uint256 approval, uint256 count) = encoded.arrayAt(0, head + 32);
        bytes32 domain = domainSeparator();
        address last = address(0);
        uint256 member = 0;
        for (uint256 i = 0; i < count; ++i) {
            uint64 expiry = _uint64At(encoded, approval);
            require(!alive || block.timestamp < expiry, ApprovalExpired(i));
            require(!alive || expiry <= block.timestamp + maxApproval, ApprovalTooLong(i));
            address signer = _recover(_digest(domain, message, expiry), encoded, approval, i);
            require(signer > last, ApprovalsNotAscending(i));
            last = signer;
            while (member < members && encoded.wordAt(first + 32 * member) < uint160(signer)) ++member;
            require(
                member < members && encoded.wordAt(first + 32 * member) == uint160(signer), ForeignSigner(signer)
            );
            approval += APPROVAL_BYTES;
        }
        uint256 threshold = _epochs[epoch].threshold;
        require(_isQuorum(count, threshold), QuorumNotReached(count, threshold));
    }

    function _digest(bytes32 domain, bytes memory message, uint64 expiry) private pure returns (bytes32) {
        // Overwrites the last word of `message`.
        assembly ("memory-safe") {
            mstore(add(message, mload(message)), expiry)
        }
        return MessageHashUtils.toTypedDataHash(domain, keccak256(message));
    }

    function _recover(bytes32 digest, bytes calldata encoded, uint256 approval, uint256 index)
        private
        pure
        returns (address signer)
    {
        uint256 v = encoded.wordAt(approval + 96);
        bytes32 r = bytes32(encoded.wordAt(approval + 32));
        bytes32 s = bytes32(encoded.wordAt(approval + 64));
        require(v == 27 || v == 28, InvalidApproval(index));
        ECDSA.RecoverError failure;
        (signer, failure,) = ECDSA.tryRecover(digest, uint8(v), r, s);
        require(failure == ECDSA.RecoverError.NoError, InvalidApproval(index));
    }

    function _addresses(bytes calldata encoded, uint256 head) private pure returns (address[] memory values) {
        (uint256 first, uint256 count) = encoded.arrayAt(0, head);
        require(count <= MAX_SIGNERS, InvalidSigners());
        values = new address[](count);
        for (uint256 i = 0; i < count; ++i) {
            uint256 word = encoded.wordAt(first + 32 * i);
            require(word <= type(uint160).max, AbiCalldata.MalformedEncoding());
            values[i] = address(uint160(word));
        }
    }

    function _uint64At(bytes calldata encoded, uint256 position) private pure returns (uint64) {
        uint256 word = encoded.wordAt(position);
        require(word <= type(uint64).max, AbiCalldata.MalformedEncoding());
        return uint64(word);
    }
}
