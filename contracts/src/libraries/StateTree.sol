// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {Withdrawal} from "../interfaces/IWithdrawalOutbox.sol";

/// @notice The 4-ary tree of docs/protocol/state.md.
library StateTree {
    /// @notice Not three siblings a level, or an id beyond the tree.
    error MalformedPath();

    uint256 internal constant WITHDRAWALS_DEPTH = 16;
    uint256 internal constant WITHDRAWALS_POSITION = 8;
    uint256 internal constant ROOT_DEPTH = 2;

    uint8 private constant LEAF_TAG = 0x00;
    uint8 private constant NODE_TAG = 0x01;
    uint8 private constant WITHDRAWAL_KIND = 9;

    function withdrawalLeaf(Withdrawal calldata w) internal pure returns (bytes32) {
        return keccak256(
            abi.encodePacked(
                LEAF_TAG, WITHDRAWAL_KIND, w.id, w.account, w.recipient, w.asset, w.chainId, w.token, w.amount
            )
        );
    }

    /// @notice Four zero children make a zero node.
    function node(bytes32 c0, bytes32 c1, bytes32 c2, bytes32 c3) internal pure returns (bytes32) {
        if (c0 | c1 | c2 | c3 == 0) return 0;
        return keccak256(abi.encodePacked(NODE_TAG, c0, c1, c2, c3));
    }

    /// @notice Root over `child` at `index` of a tree of `depth`, with three siblings a level from the child up, each level in
    /// order of child index without its own.
    function climb(bytes32 child, uint256 index, uint256 depth, bytes32[] calldata siblings)
        internal
        pure
        returns (bytes32)
    {
        require(siblings.length == 3 * depth && index >> (2 * depth) == 0, MalformedPath());
        for (uint256 i = 0; i < siblings.length; i += 3) {
            (bytes32 a, bytes32 b, bytes32 c) = (siblings[i], siblings[i + 1], siblings[i + 2]);
            uint256 position = index & 3;
            if (position == 0) child = node(child, a, b, c);
            else if (position == 1) child = node(a, child, b, c);
            else if (position == 2) child = node(a, b, child, c);
            else child = node(a, b, c, child);
            index >>= 2;
        }
        return child;
    }
}
