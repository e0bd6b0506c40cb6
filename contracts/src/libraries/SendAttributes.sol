// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {IERC7786GatewaySource} from "@openzeppelin/contracts/interfaces/draft-IERC7786.sol";
import {IMailbox, Route} from "../interfaces/IMailbox.sol";

/// @notice The ERC-7786 attributes a mailbox knows, each a selector and one uint64.
library SendAttributes {
    bytes4 internal constant GAS_LIMIT = bytes4(keccak256("gasLimit(uint64)"));
    bytes4 internal constant TIMEOUT_TIMESTAMP = bytes4(keccak256("timeoutTimestamp(uint64)"));

    function supported(bytes4 selector) internal pure returns (bool) {
        return selector == GAS_LIMIT || selector == TIMEOUT_TIMESTAMP;
    }

    /// @notice Gas limit and deadline, the route's maxima where not given, never above them.
    function read(bytes[] calldata attributes, Route storage path)
        internal
        view
        returns (uint64 gasLimit, uint64 timeoutTimestamp)
    {
        for (uint256 i = 0; i < attributes.length; ++i) {
            bytes4 selector = bytes4(attributes[i]);
            require(supported(selector), IERC7786GatewaySource.UnsupportedAttribute(selector));
            require(attributes[i].length == 36, IMailbox.InvalidAttribute(selector));
            uint256 value = uint256(bytes32(attributes[i][4:]));
            require(value != 0 && value <= type(uint64).max, IMailbox.InvalidAttribute(selector));
            if (selector == GAS_LIMIT) {
                require(gasLimit == 0, IMailbox.InvalidAttribute(selector));
                gasLimit = uint64(value);
            } else {
                require(timeoutTimestamp == 0, IMailbox.InvalidAttribute(selector));
                timeoutTimestamp = uint64(value);
            }
        }
        uint64 latest = uint64(block.timestamp + path.maxTimeout);
        if (gasLimit == 0) gasLimit = path.maxGasLimit;
        if (timeoutTimestamp == 0) timeoutTimestamp = latest;
        require(gasLimit <= path.maxGasLimit, IMailbox.GasLimitOutOfRange(gasLimit, path.maxGasLimit));
        require(
            timeoutTimestamp > block.timestamp && timeoutTimestamp <= latest,
            IMailbox.TimeoutOutOfRange(timeoutTimestamp)
        );
    }

    function encodeGasLimit(uint64 gasLimit) internal pure returns (bytes memory) {
        return abi.encodeWithSelector(GAS_LIMIT, gasLimit);
    }

    function encodeTimeout(uint64 timeoutTimestamp) internal pure returns (bytes memory) {
        return abi.encodeWithSelector(TIMEOUT_TIMESTAMP, timeoutTimestamp);
    }
}
