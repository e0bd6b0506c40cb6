// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

enum UpdateResult {
    Updated,
    NoOp,
    Misbehaviour
}

enum ClientStatus {
    Active,
    Expired,
    Frozen
}

/// @notice Follows another chain's consensus and proves words of its storage.
interface ILightClient {
    /// @notice The client is expired or frozen.
    error ClientNotActive(ClientStatus status);
    /// @notice No header of this height was accepted.
    error UnknownHeight(uint64 height);
    /// @notice `verifyStorage` with no slots, or not one value and one proof for each.
    error LengthMismatch();
    /// @notice Zero is a word's absence, and absence is never proven.
    error ZeroValue(bytes32 slot);
    /// @notice The slot holds another value than claimed.
    error ValueMismatch(bytes32 slot);

    event ClientUpdated(uint64 indexed height, bytes32 consensusHash);
    event ClientFrozen(uint64 indexed height, bytes32 evidence);

    /// @notice Takes a newer header. Conflicting evidence freezes the client and returns `Misbehaviour` without reverting.
    function update(bytes calldata header) external returns (UpdateResult);

    /// @notice Freezes the client when the evidence shows two sealed headers that cannot both be honest; reverts otherwise.
    function misbehaviour(bytes calldata evidence) external;

    /// @notice Reverts unless every slot of `account` had its value at `height`; returns that header's timestamp.
    function verifyStorage(
        uint64 height,
        address account,
        bytes32[] calldata slots,
        bytes32[] calldata values,
        bytes calldata proof
    ) external view returns (uint64 timestamp);

    function status() external view returns (ClientStatus);

    function latestHeight() external view returns (uint64);
}
