// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

/// @notice What the prover lets a proof do to the machine it runs on; an address, not a contract.
interface Machine {
    function assume(bool condition) external pure;
    function warp(uint256 timestamp) external;
    function roll(uint256 number) external;
    function prank(address sender) external;
    function deal(address account, uint256 amount) external;
}

/// @notice A proof: each function `check_...` is run once with all arguments at the same time, and no `assert` may fail for any
/// of them. A revert is no failure: what is not possible is not wrong.
abstract contract Symbolic {
    Machine internal constant vm = Machine(address(uint160(uint256(keccak256("hevm cheat code")))));
}
