// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {ILightClient, UpdateResult} from "./ILightClient.sol";

/// @notice What is kept of a header, as `keccak256(abi.encode(state))`.
struct ConsensusState {
    bytes32 blockHash;
    bytes32 parentHash;
    bytes32 stateRoot;
    uint64 timestamp;
}

/// @notice What a client is built with and never changes; see docs/protocol/light-clients.md.
/// @param chainId EIP-155 id of the followed chain
/// @param isIbft2 whether that chain writes Besu's older IBFT2 headers instead of QBFT's
/// @param trustNumerator with the denominator, the share of the latest validators that must have signed: 1/3 to 1
/// @param recoveryDelaySeconds with the blocks, how long a recovery can be objected to; below the trusting period
/// @param attestorThreshold how many attestors it takes to recover from a freeze: more than half; 0 with no attestors
/// @param attestors strictly ascending, none of them among the first validators; none at all rules recovery from a freeze out
struct ClientParameters {
    uint64 chainId;
    bool isIbft2;
    uint64 trustingPeriodSeconds;
    uint64 maxClockDriftSeconds;
    uint64 trustNumerator;
    uint64 trustDenominator;
    uint64 recoveryDelaySeconds;
    uint64 recoveryDelayBlocks;
    uint64 attestorThreshold;
    address[] attestors;
}

/// @notice A header that waits to bring the client back.
/// @param conflictHeight first height that it voids; 0 when it recovers from expiry, which voids nothing
/// @param readyTime when it may be executed, together with `readyBlock`; 0 where nothing was proposed
struct Recovery {
    bytes32 consensusHash;
    bytes32 validatorsHash;
    uint64 height;
    uint64 timestamp;
    uint64 conflictHeight;
    uint64 readyTime;
    uint64 readyBlock;
    bool isCancelled;
}

/// @notice Light client of a chain sealed by Besu's QBFT or IBFT2.
/// @dev An update is `abi.encode(bytes headerRlp, bytes[] seals, address[] trustedValidators)`: the header as its validators sign
/// it (true round; QBFT with an empty seal list, IBFT2 without one), the seals `r ‖ s ‖ v` in ascending order of their signers,
/// and the validators of the latest accepted header. Assumes that fewer than a third of the validators of any header sign what
/// they should not, for as long as the trusting period, and that they sign only what is final.
interface IQbftLightClient is ILightClient {
    /// @notice A constructor argument is zero or out of range, or a set is not strictly ascending.
    error InvalidParameters();
    /// @notice The given validators are not those of the latest header.
    error WrongTrustedValidators();
    /// @notice Neither a new height nor evidence against a stored one.
    error HeightNotGreater(uint64 height, uint64 latest);
    /// @notice A header whose time is not between its neighbours'.
    error TimeNotAscending(uint64 timestamp);
    error HeaderFromFuture(uint64 timestamp);
    /// @notice What is shown lies further back than the trusting period.
    error TooOld(uint64 timestamp);
    /// @notice A seal that is not 65 bytes, has a high s, or recovers to nobody.
    error InvalidSeal(uint256 index);
    /// @notice Signers are not strictly ascending.
    error SealsNotAscending(uint256 index);
    /// @notice The signer is not a member of the set that has to sign: the header's validators, or the attestors.
    error ForeignSigner(address signer);
    error QuorumNotReached(uint256 seals, uint256 required);
    /// @notice Too few of the signers are among the latest trusted validators.
    error OverlapNotReached(uint256 overlap, uint256 required);
    /// @notice The two headers could both be honest, or are settled by a recovery.
    error NoConflict();
    /// @notice The header is not the parent of the one before it.
    error NotLinked(uint256 index);
    /// @notice The given attestors are not the client's, or it has none.
    error WrongAttestors();
    /// @notice The client needs no recovery.
    error ClientStillActive();
    /// @notice The attested first void height is 0, above the header, or above the conflict that is known.
    error WrongConflictHeight(uint64 attested, uint64 known);
    /// @notice Nothing of this id was proposed, or evidence cancelled it, or the client moved on since.
    error NoRecovery(bytes32 id);
    error RecoveryNotReady(uint64 readyTime, uint64 readyBlock);

    event RecoveryProposed(
        bytes32 indexed id, uint64 indexed height, bytes32 consensusHash, uint64 conflictHeight, uint64 readyTime, uint64 readyBlock
    );
    event RecoveryCancelled(bytes32 indexed id, bytes32 evidence);
    /// @notice While frozen, evidence showed that the histories part at a lower height.
    event ConflictLowered(uint64 indexed height, bytes32 evidence);
    event ClientRecovered(uint64 indexed epoch, uint64 indexed height, uint64 conflictHeight);

    /// @notice Stores headers below a stored one: each must be the parent, by hash, of the one before. Needs no signatures, and
    /// takes none. A stored height that turns out to be of another history freezes the client.
    /// @param known what is stored at `height`
    /// @param headers of `height - 1` and downwards, without seals; the round may be any
    function fill(uint64 height, ConsensusState calldata known, bytes[] calldata headers) external returns (UpdateResult);

    /// @notice Starts the delay after which an expired or frozen client continues from this header. Proposing twice changes nothing.
    /// @param header an update, sealed by two thirds of the latest trusted validators
    /// @param attestation from a freeze `abi.encode(uint64 conflictHeight, bytes[] signatures, address[] attestors)`, else unused
    function proposeRecovery(bytes calldata header, bytes calldata attestation) external returns (bytes32 id);

    /// @notice Continues from a proposed header once its delay is over and nothing was shown against it.
    function executeRecovery(bytes32 id) external;

    function recovery(bytes32 id) external view returns (Recovery memory);

    /// @notice What attestors sign (EIP-712) so that a frozen client of this epoch continues from a header.
    function recoveryDigest(bytes32 headerDigest, uint64 conflictHeight) external view returns (bytes32);

    function chainId() external view returns (uint64);

    function isIbft2() external view returns (bool);

    /// @notice Hash of the stored `ConsensusState`; 0 where no header was accepted or a recovery voided it.
    function consensusHash(uint64 height) external view returns (bytes32);

    /// @notice `keccak256(abi.encodePacked(validators))` of the latest header's validators.
    function trustedValidatorsHash() external view returns (bytes32);

    function latestTimestamp() external view returns (uint64);

    /// @notice Starts at 1; each recovery from a freeze starts the next one.
    function epoch() external view returns (uint64);

    /// @notice Lowest height at which histories are known to part; 0 unless frozen.
    function conflictHeight() external view returns (uint64);

    /// @notice Signed headers up to this height are evidence no more; the last recovery from a freeze dealt with them.
    function settledHeight() external view returns (uint64);
}
