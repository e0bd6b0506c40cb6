// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {ERC20} from "@openzeppelin/contracts/token/ERC20/ERC20.sol";

/// @notice A token that changes its mind after it was deposited: pauses, blocks people, shrinks, begins to take fees,
/// calls somebody once in the middle of a transfer. For tests only.
contract FickleToken is ERC20 {
    error Paused();
    error Blocked(address who);

    bool public isPaused;
    uint256 public feePercent;
    mapping(address who => bool) public isBlocked;
    address public target;
    bytes public call;

    constructor() ERC20("Fickle", "FCK") {}

    function mint(address to, uint256 amount) external {
        _mint(to, amount);
    }

    function pause(bool isPaused_) external {
        isPaused = isPaused_;
    }

    function block_(address who, bool isBlocked_) external {
        isBlocked[who] = isBlocked_;
    }

    function takeFee(uint256 percent) external {
        feePercent = percent;
    }

    function callOnce(address target_, bytes calldata call_) external {
        (target, call) = (target_, call_);
    }

    /// @dev A negative rebase, for one holder.
    function shrink(address holder, uint256 amount) external {
        super._update(holder, address(0), amount);
    }

    function _update(address from, address to, uint256 amount) internal override {
        require(!isPaused, Paused());
        require(!isBlocked[from], Blocked(from));
        require(!isBlocked[to], Blocked(to));
        if (target != address(0)) {
            address once = target;
            target = address(0);
            (bool success,) = once.call(call);
            success; // whatever it did, the transfer goes on
        }
        if (from != address(0) && feePercent != 0) {
            uint256 fee = amount * feePercent / 100;
            super._update(from, address(0), fee);
            amount -= fee;
        }
        super._update(from, to, amount);
    }
}
