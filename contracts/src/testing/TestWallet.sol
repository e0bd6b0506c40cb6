// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {IERC1271} from "@openzeppelin/contracts/interfaces/IERC1271.sol";

/// @notice A contract account that takes ether as it is told to, and does what anybody asks. For tests only.
contract TestWallet is IERC1271 {
    enum Mode {
        Accept,
        Refuse,
        ReturnBomb,
        BurnGas,
        Reenter // replay `call` into `target`
    }

    error Refused();

    Mode public mode;
    address public target;
    bytes public call;
    bool public reentered;
    bytes32 public agreed;

    receive() external payable {
        if (mode == Mode.Refuse) revert Refused();
        if (mode == Mode.ReturnBomb) {
            // Reverts with zeros from unused memory; nothing runs afterwards.
            assembly ("memory-safe") {
                revert(mload(0x40), 1000000)
            }
        }
        while (mode == Mode.BurnGas) {}
        if (mode == Mode.Reenter) {
            (bool success,) = target.call(call);
            // Written only on success: a refused call leaves no gas to spare for it.
            if (success) reentered = true;
        }
    }

    function configure(Mode mode_, address target_, bytes calldata call_) external {
        (mode, target, call) = (mode_, target_, call_);
    }

    function agree(bytes32 digest) external {
        agreed = digest;
    }

    function execute(address target_, uint256 value, bytes calldata call_) external payable {
        (bool success, bytes memory output) = target_.call{value: value}(call_);
        // Passes the callee's own revert data on.
        if (!success) {
            assembly ("memory-safe") {
                revert(add(output, 0x20), mload(output))
            }
        }
    }

    function isValidSignature(bytes32 digest, bytes calldata) external view override returns (bytes4) {
        return digest == agreed ? IERC1271.isValidSignature.selector : bytes4(0);
    }
}
