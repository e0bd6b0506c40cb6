// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

/// @notice A light client that answers what it is told to, or misbehaves. For tests only.
contract TestMember {
    enum Mode {
        Answer,
        Fail,
        BurnGas,
        ReturnBomb, // answer with a megabyte
        Costly // take 80,000 gas to answer
    }

    error Refused();

    Mode public mode;
    mapping(bytes4 selector => bytes) private _answers;

    function configure(Mode mode_) external {
        mode = mode_;
    }

    function answer(bytes4 selector, bytes calldata output) external {
        _answers[selector] = output;
    }

    fallback(bytes calldata) external returns (bytes memory) {
        require(mode != Mode.Fail, Refused());
        if (mode == Mode.BurnGas) {
            // Takes all gas it was given.
            assembly ("memory-safe") {
                invalid()
            }
        }
        if (mode == Mode.ReturnBomb) {
            // Ends the call, whatever it does to memory.
            assembly ("memory-safe") {
                return(0, 1000000)
            }
        }
        if (mode == Mode.Costly) {
            uint256 before = gasleft();
            while (before - gasleft() < 80_000) {}
        }
        return _answers[msg.sig];
    }
}
