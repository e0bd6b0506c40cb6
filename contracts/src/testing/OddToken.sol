// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {ERC20} from "@openzeppelin/contracts/token/ERC20/ERC20.sol";

/// @notice A token with one of the habits found in the wild. For tests only.
contract OddToken is ERC20 {
    enum Habit {
        None,
        FeeOnTransfer, // 1 % vanishes
        ReturnsFalse, // and moves nothing
        ReturnsNothing, // like the oldest tokens
        CallsBack // replays `call` into `target` while it moves
    }

    Habit public habit;
    address public target;
    bytes public call;
    bool public reentered;

    constructor() ERC20("Odd", "ODD") {}

    function configure(Habit habit_, address target_, bytes calldata call_) external {
        (habit, target, call) = (habit_, target_, call_);
    }

    function mint(address to, uint256 amount) external {
        _mint(to, amount);
    }

    function transfer(address to, uint256 amount) public override returns (bool) {
        return _move(msg.sender, to, amount);
    }

    function transferFrom(address from, address to, uint256 amount) public override returns (bool) {
        _spendAllowance(from, msg.sender, amount);
        return _move(from, to, amount);
    }

    function _move(address from, address to, uint256 amount) private returns (bool) {
        if (habit == Habit.ReturnsFalse) return false;
        if (habit == Habit.CallsBack) (reentered,) = target.call(call);
        if (habit == Habit.FeeOnTransfer) {
            _burn(from, amount / 100);
            amount -= amount / 100;
        }
        _transfer(from, to, amount);
        if (habit == Habit.ReturnsNothing) {
            // Ends the call without a return value; nothing is left to do.
            assembly ("memory-safe") {
                return(0, 0)
            }
        }
        return true;
    }
}
