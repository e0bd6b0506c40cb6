// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {CrosschainLinked} from "@openzeppelin/contracts/crosschain/CrosschainLinked.sol";
import {ERC20} from "@openzeppelin/contracts/token/ERC20/ERC20.sol";
import {ERC20Crosschain} from "@openzeppelin/contracts/token/ERC20/extensions/ERC20Crosschain.sol";

/// @notice OpenZeppelin's cross-chain token as it is, with a supply for whoever deploys it. For tests only.
contract TestCrosschainToken is ERC20Crosschain {
    constructor(uint256 supply) ERC20("Crosschain", "XC") CrosschainLinked(new Link[](0)) {
        _mint(msg.sender, supply);
    }

    function link(address gateway, bytes calldata counterpart) external {
        _setLink(gateway, counterpart, false);
    }
}
