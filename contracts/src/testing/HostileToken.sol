// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {ERC20} from "@openzeppelin/contracts/token/ERC20/ERC20.sol";

/// @notice A token whose transfers do harm, and which, like wrapped ether, swallows any call it does not know: a permit
/// "succeeds" and does nothing. For tests only.
contract HostileToken is ERC20 {
    enum Harm {
        None,
        ReturnBomb, // succeeds and returns many zeros
        RevertBomb, // fails with them
        BurnGas,
        Lie, // returns true and moves nothing
        MoveHalf
    }

    Harm public harm;

    constructor() ERC20("Hostile", "HST") {}

    fallback() external {}

    function mint(address to, uint256 amount) external {
        _mint(to, amount);
    }

    function turn(Harm harm_) external {
        harm = harm_;
    }

    function transfer(address to, uint256 amount) public override returns (bool) {
        if (harm == Harm.Lie) return true;
        if (harm == Harm.ReturnBomb) {
            super.transfer(to, amount);
            // Ends the call; what is returned is unused memory, and the word in front of it is true.
            assembly ("memory-safe") {
                mstore(0, 1)
                return(0, 100000)
            }
        }
        if (harm == Harm.RevertBomb) {
            // Ends the call.
            assembly ("memory-safe") {
                revert(mload(0x40), 100000)
            }
        }
        while (harm == Harm.BurnGas) {}
        return super.transfer(to, harm == Harm.MoveHalf ? amount / 2 : amount);
    }
}
