// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {ILightClient} from "./ILightClient.sol";

/// @notice What an `AttestationClient` is built with; all durations in seconds.
struct AttestationParameters {
    uint64 attestedChainId;
    address attestedContract; // the only account whose storage is proven
    uint64 trustingPeriod; // from the latest state to expiry
    uint64 maxClockDrift; // of a state ahead of this chain
    uint64 epochDelay; // from a rotation to its epoch's first moment
    uint64 retention; // from an epoch's successor's first moment to its own last
    uint64 maxApproval; // that an approval may be valid for
    bool smallQuorumAllowed; // fewer than four signers, or no majority of them: for tests and for one trusted party
}

/// @notice Who attests during an epoch. It is over `retention` after its successor's `activeFrom`.
struct SignerEpoch {
    bytes32 signersHash; // `keccak256(abi.encodePacked(signers))`
    uint64 activeFrom; // timestamp; 0 where there is no such epoch
    uint32 threshold;
}

/// @notice Light client of a chain whose states are attested by k of n signers.
/// @dev An update is `abi.encode(uint64 epoch, uint64 height, ConsensusState state, address[] signers, Approval[] approvals)` with
/// `Approval` the tuple `(uint64 expiry, bytes32 r, bytes32 s, uint8 v)`: the signers of the epoch, the approvals ascending by
/// who gave them. An approval is an EIP-712 signature of
/// `Attestation(uint64 epoch,uint64 height,bytes32 blockHash,bytes32 parentHash,bytes32 stateRoot,uint64 timestamp,uint64 expiry)`.
/// Its domain has this chain's id, this client's address and, as salt, `keccak256(abi.encode(attestedChainId, attestedContract))`.
/// Assumes that fewer than the threshold of an epoch's signers sign what they should not, until the epoch is over, and that they
/// sign only what is final. Older states than the latest are taken as well: it is the same signers' word, given today. A frozen
/// client stays frozen.
interface IAttestationClient is ILightClient {
    /// @notice A constructor argument is zero or out of range.
    error InvalidParameters();
    /// @notice Signers are none, too many, or not strictly ascending.
    error InvalidSigners();
    /// @notice A threshold that is zero, more than all, or without override no majority of at least four.
    error InvalidThreshold(uint256 threshold, uint256 signers);
    /// @notice There is no such epoch, it has not begun, or it is over.
    error EpochNotActive(uint64 epoch);
    /// @notice The given signers are not those of the epoch.
    error WrongSigners(uint64 epoch);
    /// @notice A rotation that was signed to be another than the next one.
    error WrongNonce(uint64 nonce, uint64 expected);
    error ApprovalExpired(uint256 index);
    /// @notice An approval that is valid for longer than any may be.
    error ApprovalTooLong(uint256 index);
    /// @notice A signature with a high s, or that recovers to nobody.
    error InvalidApproval(uint256 index);
    /// @notice Approvals are not strictly ascending by signer.
    error ApprovalsNotAscending(uint256 index);
    /// @notice Who signed is not among the epoch's signers.
    error ForeignSigner(address signer);
    error QuorumNotReached(uint256 approvals, uint256 required);
    /// @notice A state without a root or a timestamp: nothing is never believed.
    error EmptyState();
    error StateFromFuture(uint64 timestamp);
    /// @notice Storage of another account than the attested contract.
    error WrongAccount(address account);
    /// @notice The two attestations could both be honest.
    error NoConflict();

    /// @notice Signers were chosen for an epoch that has not begun; a later event for the same epoch replaces them.
    event EpochScheduled(uint64 indexed epoch, uint64 activeFrom, uint256 threshold, address[] signers);

    /// @notice Chooses the signers of the next epoch, by a quorum of the current one's and nobody else. Until the epoch begins,
    /// another rotation replaces it and its delay begins anew.
    /// @param rotation `abi.encode(uint64 nonce, uint64 threshold, address[] nextSigners, address[] signers, Approval[] approvals)`
    /// with approvals of `Rotation(uint64 nonce,uint64 epoch,uint64 threshold,address[] signers,uint64 expiry)`
    function rotate(bytes calldata rotation) external returns (uint64 epoch);

    /// @notice The epoch that has begun last.
    function currentEpoch() external view returns (uint64);

    function signerEpoch(uint64 epoch) external view returns (SignerEpoch memory);

    /// @notice Number of rotations so far, and nonce of the next.
    function rotations() external view returns (uint64);

    /// @notice Hash of the stored `ConsensusState`; 0 where none was attested.
    function consensusHash(uint64 height) external view returns (bytes32);

    function latestTimestamp() external view returns (uint64);

    function domainSeparator() external view returns (bytes32);
}
