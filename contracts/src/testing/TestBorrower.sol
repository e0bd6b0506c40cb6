// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

/// @notice Runs other contracts' code on its own storage and balance, and calls them read-only. For tests only.
contract TestBorrower {
    receive() external payable {}

    function borrow(address code, bytes calldata call) external payable returns (bytes memory) {
        (bool success, bytes memory output) = code.delegatecall(call);
        return _result(success, output);
    }

    function write(uint256 slot, uint256 value) external {
        // Its own storage, as the caller likes.
        assembly ("memory-safe") {
            sstore(slot, value)
        }
    }

    function peek(address target, bytes calldata call) external view returns (bytes memory) {
        (bool success, bytes memory output) = target.staticcall(call);
        return _result(success, output);
    }

    function _result(bool success, bytes memory output) private pure returns (bytes memory) {
        if (success) return output;
        // Passes a revert on as it came.
        assembly ("memory-safe") {
            revert(add(output, 0x20), mload(output))
        }
    }
}
