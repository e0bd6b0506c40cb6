// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {GuardedCall} from "./GuardedCall.sol";

/// @notice Sends an asset with a bounded amount of gas and reports failure instead of reverting. At least the bound is
/// forwarded or the call reverts, so that nobody makes a good payment fail by calling with little gas.
library PushPayment {
    uint256 internal constant ETHER_GAS = 50_000;
    uint256 internal constant TOKEN_GAS = 300_000;

    /// @dev What the check and a call with value to a new account cost (EIP-150, EIP-2929: 2,600 + 9,000 + 25,000).
    uint256 private constant VALUE_CALL_COST = 40_000;

    /// @notice Not enough gas to give the recipient its share.
    error TooLittleGas();

    /// @dev Nothing that the recipient returns is copied.
    function sendEther(address to, uint256 amount) internal returns (bool sent) {
        uint256 left = gasleft();
        require(left - left / 64 >= ETHER_GAS + VALUE_CALL_COST, TooLittleGas());
        // Reads and writes no memory.
        assembly ("memory-safe") {
            sent := call(ETHER_GAS, to, amount, 0, 0, 0, 0)
        }
    }

    /// @dev Tokens answer true, or nothing; of what they answer at most 256 bytes are copied.
    function sendToken(address token, address to, uint256 amount) internal returns (bool sent) {
        bytes memory output;
        (sent, output) = GuardedCall.call(token, TOKEN_GAS, abi.encodeCall(IERC20.transfer, (to, amount)));
        if (!sent) return false;
        if (output.length == 0) return token.code.length != 0;
        return output.length >= 32 && uint256(bytes32(output)) == 1;
    }
}
