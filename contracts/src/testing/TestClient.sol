// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

/// @notice A verifier that believes everything, as an attacker would bring one. For tests only.
contract TestClient {
    function verifyStorage(uint64, address, bytes32[] calldata, bytes32[] calldata, bytes calldata)
        external
        view
        returns (uint64)
    {
        return uint64(block.timestamp);
    }
}
