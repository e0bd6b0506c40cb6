// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

/// @notice Makes a call again and again with one bit of it flipped. For tests only.
contract TestFlipper {
    /// @notice The bits from `first` to before `end`, every `stride`th from the left of the call, that may be flipped without a
    /// revert, and what the call then returns.
    function survivors(address target, bytes memory call, uint256 first, uint256 end, uint256 stride)
        external
        view
        returns (uint256[] memory bits, bytes[] memory outputs)
    {
        bits = new uint256[](end - first);
        outputs = new bytes[](end - first);
        uint256 count = 0;
        for (uint256 bit = first; bit < end; bit += stride) {
            bytes1 mask = bytes1(uint8(0x80 >> (bit % 8)));
            call[bit / 8] ^= mask;
            (bool success, bytes memory output) = target.staticcall(call);
            call[bit / 8] ^= mask;
            if (!success) continue;
            (bits[count], outputs[count]) = (bit, output);
            ++count;
        }
        // Shortens both arrays to what was filled.
        assembly ("memory-safe") {
            mstore(bits, count)
            mstore(outputs, count)
        }
    }
}
