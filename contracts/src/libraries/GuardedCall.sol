// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {IMailbox} from "../interfaces/IMailbox.sol";

/// @notice A call that gets exactly its gas or does not happen, and of whose answer at most 256 bytes are copied.
library GuardedCall {
    uint256 internal constant MAX_OUTPUT = 256;

    /// @dev What is spent between the check and the call: the check itself, stack work, and a cold account (2,600).
    uint256 private constant CALL_COST = 4_000;

    /// @dev EIP-150 lets a call have all but one 64th of what is left and silently gives less than was asked for.
    function call(address target, uint256 gasLimit, bytes memory input)
        internal
        returns (bool success, bytes memory output)
    {
        uint256 left = gasleft();
        require(left - left / 64 >= gasLimit + CALL_COST, IMailbox.InsufficientGas(gasLimit));
        // Writes only behind the free memory pointer and moves it past what was written.
        assembly ("memory-safe") {
            success := call(gasLimit, target, 0, add(input, 0x20), mload(input), 0, 0)
            let size := returndatasize()
            if gt(size, MAX_OUTPUT) { size := MAX_OUTPUT }
            output := mload(0x40)
            mstore(output, size)
            returndatacopy(add(output, 0x20), 0, size)
            mstore(0x40, add(add(output, 0x20), and(add(size, 0x1f), not(0x1f))))
        }
    }
}
