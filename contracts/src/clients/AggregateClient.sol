// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {IAggregateClient} from "../interfaces/IAggregateClient.sol";
import {ClientStatus, ILightClient, UpdateResult} from "../interfaces/ILightClient.sol";
import {AbiCalldata} from "../libraries/AbiCalldata.sol";

/// @title AggregateClient
/// @notice See {IAggregateClient}. Has no state but its members, which are those it was built with.
contract AggregateClient is IAggregateClient {
    using AbiCalldata for bytes;

    uint256 private constant MIN_MEMBERS = 2;
    uint256 private constant MAX_MEMBERS = 8;
    uint256 private constant VIEW_GAS = 100_000; // far more than a member's status or height takes
    uint256 private constant CALL_COST = 4_000; // of a cold account and what stands between check and call

    uint256 public immutable override required;
    ILightClient[] private _members;

    constructor(ILightClient[] memory members_, uint256 required_) {
        uint256 count = members_.length;
        require(count >= MIN_MEMBERS && count <= MAX_MEMBERS, InvalidMembers());
        // A majority, so that no two answers can both be the members'.
        require(required_ >= MIN_MEMBERS && required_ <= count && 2 * required_ > count, InvalidMembers());
        address last = address(0);
        for (uint256 i = 0; i < count; ++i) {
            address member = address(members_[i]);
            require(member > last && member.code.length != 0, InvalidMembers());
            last = member;
        }
        required = required_;
        _members = members_;
    }

    /// @inheritdoc ILightClient
    function update(bytes calldata header) external override returns (UpdateResult) {
        return _member(header).update(header.bytesAt(0, 32));
    }

    /// @inheritdoc ILightClient
    function misbehaviour(bytes calldata evidence) external override {
        _member(evidence).misbehaviour(evidence.bytesAt(0, 32));
    }

    /// @inheritdoc ILightClient
    function verifyStorage(
        uint64 height,
        address account,
        bytes32[] calldata slots,
        bytes32[] calldata values,
        bytes calldata proof
    ) external view override returns (uint64 timestamp) {
        bytes memory question = abi.encodeCall(ILightClient.verifyStorage, (height, account, slots, values, proof));
        ILightClient[] memory all = _members;
        uint256[] memory answers = new uint256[](all.length);
        uint256 given = 0;
        uint256 most = 0;
        for (uint256 i = 0; i < all.length; ++i) {
            // Whoever supplies too little gas makes members fail, and a failure proves nothing.
            (bool verified, uint256 answer) = _ask(all[i], question, gasleft() / (all.length - i));
            if (!verified || answer > type(uint64).max) continue;
            uint256 votes = 1;
            for (uint256 j = 0; j < given; ++j) {
                if (answers[j] == answer) ++votes;
            }
            if (votes == required) return uint64(answer);
            if (votes > most) most = votes;
            answers[given++] = answer;
        }
        revert MembersNotReached(most, required);
    }

    /// @inheritdoc ILightClient
    /// @dev Active while enough members are, frozen when too few are left that can be again; a broken one counts as frozen.
    function status() external view override returns (ClientStatus) {
        ILightClient[] memory all = _members;
        uint256 active = 0;
        uint256 lost = 0;
        for (uint256 i = 0; i < all.length; ++i) {
            (bool answered, uint256 answer) = _askCheaply(all[i], abi.encodeCall(ILightClient.status, ()));
            if (answered && answer == uint256(ClientStatus.Active)) ++active;
            else if (!answered || answer != uint256(ClientStatus.Expired)) ++lost;
        }
        if (active >= required) return ClientStatus.Active;
        return lost > all.length - required ? ClientStatus.Frozen : ClientStatus.Expired;
    }

    /// @inheritdoc ILightClient
    /// @dev The greatest that enough members have reached, though not that each of them has a state of it.
    function latestHeight() external view override returns (uint64) {
        ILightClient[] memory all = _members;
        uint256[] memory descending = new uint256[](all.length);
        for (uint256 i = 0; i < all.length; ++i) {
            (bool answered, uint256 height) = _askCheaply(all[i], abi.encodeCall(ILightClient.latestHeight, ()));
            if (!answered || height > type(uint64).max) continue;
            uint256 place = i;
            for (; place != 0 && descending[place - 1] < height; --place) {
                descending[place] = descending[place - 1];
            }
            descending[place] = height;
        }
        return uint64(descending[required - 1]);
    }

    /// @inheritdoc IAggregateClient
    function members() external view override returns (ILightClient[] memory) {
        return _members;
    }

    /// @dev Asks with gas enough for an honest member, so that a failure is the member's own and not the caller's doing.
    function _askCheaply(ILightClient member, bytes memory question) private view returns (bool, uint256) {
        require(gasleft() - gasleft() / 64 >= VIEW_GAS + CALL_COST, InsufficientGas(VIEW_GAS));
        return _ask(member, question, VIEW_GAS);
    }

    /// @dev One word is copied of whatever the member returns.
    function _ask(ILightClient member, bytes memory question, uint256 gasLimit)
        private
        view
        returns (bool answered, uint256 answer)
    {
        // Writes to scratch space only.
        assembly ("memory-safe") {
            answered := staticcall(gasLimit, member, add(question, 0x20), mload(question), 0, 0x20)
            answered := and(answered, eq(returndatasize(), 0x20))
            answer := mload(0)
        }
    }

    function _member(bytes calldata routed) private view returns (ILightClient) {
        uint256 member = routed.wordAt(0);
        require(member < _members.length, UnknownMember(member));
        return _members[member];
    }
}
