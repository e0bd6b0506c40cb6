// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {ILightClient} from "./ILightClient.sol";

/// @notice Light client that believes what a majority of other clients of the same chain believes, say a header client and
/// attestors. All of them are given the same proof.
/// @dev Members may revert, return anything or burn their gas: such a member does not count and harms nobody else. A proof is
/// put to each with an equal share of the remaining gas. Members are no aggregates themselves. An update and evidence are `abi.encode(uint256 member, bytes memberBytes)` and go to
/// that member; members take them directly as well.
interface IAggregateClient is ILightClient {
    /// @notice Fewer than two members or too many, without code or not strictly ascending, or a number of them to require that
    /// is below two, above all or no majority.
    error InvalidMembers();
    error UnknownMember(uint256 member);
    /// @notice Too few members verified the storage at the same timestamp.
    error MembersNotReached(uint256 verified, uint256 required);

    /// @notice The caller supplied too little for the members to answer.
    error InsufficientGas(uint256 gasLimit);

    /// @notice How many members must agree.
    function required() external view returns (uint256);

    function members() external view returns (ILightClient[] memory);
}
