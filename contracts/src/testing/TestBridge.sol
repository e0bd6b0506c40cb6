// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {CrosschainLinked} from "@openzeppelin/contracts/crosschain/CrosschainLinked.sol";
import {BridgeERC20, IERC20} from "@openzeppelin/contracts/crosschain/bridges/BridgeERC20.sol";

/// @notice OpenZeppelin's ERC-20 bridge, with nothing of ours but a way to link it. For tests only.
contract TestBridge is BridgeERC20 {
    constructor(IERC20 token_) BridgeERC20(token_) CrosschainLinked(new Link[](0)) {}

    function link(address gateway, bytes calldata counterpart) external {
        _setLink(gateway, counterpart, false);
    }
}
