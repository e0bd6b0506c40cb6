// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {IERC7786GatewaySource} from "@openzeppelin/contracts/interfaces/draft-IERC7786.sol";
import {IMailbox} from "../interfaces/IMailbox.sol";
import {Fees} from "../types/Packet.sol";

/// @notice The ERC-7786 attributes a mailbox knows: a selector and the ABI encoding of its values, each at most once.
library SendAttributes {
    bytes4 internal constant GAS_LIMIT = bytes4(keccak256("gasLimit(uint64)"));
    bytes4 internal constant TIMEOUT_TIMESTAMP = bytes4(keccak256("timeoutTimestamp(uint64)"));
    bytes4 internal constant FEES = bytes4(keccak256("fees(uint96,uint96,uint96,address)"));

    function supported(bytes4 selector) internal pure returns (bool) {
        return selector == GAS_LIMIT || selector == TIMEOUT_TIMESTAMP || selector == FEES;
    }

    /// @notice Gas limit, deadline and fees; zero where not given, for none of them can be given as zero.
    function read(bytes[] calldata attributes)
        internal
        pure
        returns (uint64 gasLimit, uint64 timeoutTimestamp, Fees memory fees)
    {
        for (uint256 i = 0; i < attributes.length; ++i) {
            bytes calldata attribute = attributes[i];
            bytes4 selector = bytes4(attribute);
            if (selector == GAS_LIMIT) {
                require(gasLimit == 0, IMailbox.InvalidAttribute(selector));
                gasLimit = _uint64(attribute);
            } else if (selector == TIMEOUT_TIMESTAMP) {
                require(timeoutTimestamp == 0, IMailbox.InvalidAttribute(selector));
                timeoutTimestamp = _uint64(attribute);
            } else if (selector == FEES) {
                require(fees.refundTo == address(0), IMailbox.InvalidAttribute(selector));
                fees = _fees(attribute);
            } else {
                revert IERC7786GatewaySource.UnsupportedAttribute(selector);
            }
        }
    }

    function encodeGasLimit(uint64 gasLimit) internal pure returns (bytes memory) {
        return abi.encodeWithSelector(GAS_LIMIT, gasLimit);
    }

    function encodeTimeout(uint64 timeoutTimestamp) internal pure returns (bytes memory) {
        return abi.encodeWithSelector(TIMEOUT_TIMESTAMP, timeoutTimestamp);
    }

    function encodeFees(Fees memory fees) internal pure returns (bytes memory) {
        return abi.encodeWithSelector(FEES, fees);
    }

    function _uint64(bytes calldata attribute) private pure returns (uint64) {
        uint256 value = attribute.length == 36 ? uint256(bytes32(attribute[4:])) : 0;
        require(value != 0 && value <= type(uint64).max, IMailbox.InvalidAttribute(bytes4(attribute)));
        return uint64(value);
    }

    function _fees(bytes calldata attribute) private pure returns (Fees memory) {
        require(attribute.length == 132, IMailbox.InvalidAttribute(FEES));
        uint256 deliver = uint256(bytes32(attribute[4:36]));
        uint256 acknowledge = uint256(bytes32(attribute[36:68]));
        uint256 expire = uint256(bytes32(attribute[68:100]));
        uint256 refundTo = uint256(bytes32(attribute[100:132]));
        require((deliver | acknowledge | expire) >> 96 == 0, IMailbox.InvalidAttribute(FEES));
        require(refundTo != 0 && refundTo >> 160 == 0, IMailbox.InvalidAttribute(FEES));
        return Fees(uint96(deliver), uint96(acknowledge), uint96(expire), address(uint160(refundTo)));
    }
}
