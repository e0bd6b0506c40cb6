// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {ILightClient} from "./ILightClient.sol";

/// @notice What is kept of a header, as `keccak256(abi.encode(state))`.
struct ConsensusState {
    bytes32 blockHash;
    bytes32 parentHash;
    bytes32 stateRoot;
    uint64 timestamp;
}

/// @notice Light client of a chain sealed by Besu's QBFT.
/// @dev An update is `abi.encode(bytes headerRlp, bytes[] seals, address[] trustedValidators)`: the header with its true round
/// and an empty seal list (so its hash is what validators sign), the seals `r ‖ s ‖ v` in ascending order of their signers, and
/// the validators of the latest accepted header. Assumes that fewer than a third of the validators of any header sign what they
/// should not, for as long as the trusting period, and that they sign only what is final.
interface IQbftLightClient is ILightClient {
    /// @notice A constructor argument is zero or out of range, or the validators are not strictly ascending.
    error InvalidParameters();
    /// @notice The given validators are not those of the latest header.
    error WrongTrustedValidators();
    /// @notice Neither a new height nor evidence against a stored one.
    error HeightNotGreater(uint64 height, uint64 latest);
    error HeaderFromFuture(uint64 timestamp);
    /// @notice A seal that is not 65 bytes, has a high s, or recovers to nobody.
    error InvalidSeal(uint256 index);
    /// @notice Signers are not strictly ascending.
    error SealsNotAscending(uint256 index);
    /// @notice The signer is not among the header's validators.
    error ForeignSigner(address signer);
    error QuorumNotReached(uint256 seals, uint256 required);
    /// @notice Too few of the signers are among the latest trusted validators.
    error OverlapNotReached(uint256 overlap, uint256 required);
    /// @notice The two headers could both be honest.
    error NoConflict();

    function chainId() external view returns (uint64);

    /// @notice Hash of the stored `ConsensusState`; 0 where no header was accepted.
    function consensusHash(uint64 height) external view returns (bytes32);

    /// @notice `keccak256(abi.encodePacked(validators))` of the latest header's validators.
    function trustedValidatorsHash() external view returns (bytes32);

    function latestTimestamp() external view returns (uint64);
}
