// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {RLP} from "@openzeppelin/contracts/utils/RLP.sol";
import {RlpCalldata} from "./RlpCalldata.sol";

/// @notice A block header in Besu's QBFT format, as its validators sign it: with the true round and without seals.
/// @dev Difficulty, mix hash and nonce are read and ignored; Besu and other nodes differ there and nothing rests on them.
library QbftHeader {
    struct Header {
        bytes32 digest; // what commit seals sign
        bytes32 blockHash; // the chain's own hash: round 0, no seals
        bytes32 parentHash;
        bytes32 stateRoot;
        uint64 number;
        uint64 timestamp;
        address[] validators; // strictly ascending
    }

    /// @notice The header is not RLP of the expected fields to its last byte.
    error MalformedHeader();
    /// @notice No validators, or not strictly ascending ones.
    error MalformedValidators();

    uint256 private constant BLOOM_BYTES = 256;
    uint256 private constant EMPTY_LIST = 0xc0;

    /// @notice Reads a header of 20 fields (Cancun) or 21 (Prague).
    function parse(bytes calldata rlp) internal pure returns (Header memory header) {
        uint256 begin;
        // Only takes the position of the argument.
        assembly ("memory-safe") {
            begin := rlp.offset
        }
        (uint256 position, uint256 end) = RlpCalldata.list(begin);
        require(end == begin + rlp.length, MalformedHeader());

        (header.parentHash, position) = RlpCalldata.word(position);
        (, position) = RlpCalldata.word(position); // ommers hash
        (, position) = RlpCalldata.account(position); // coinbase
        (header.stateRoot, position) = RlpCalldata.word(position);
        (, position) = RlpCalldata.word(position); // transactions root
        (, position) = RlpCalldata.word(position); // receipts root
        position = _skip(position, BLOOM_BYTES);
        uint256 value;
        (, position) = RlpCalldata.integer(position, 32); // difficulty
        (value, position) = RlpCalldata.integer(position, 8);
        header.number = uint64(value);
        (, position) = RlpCalldata.integer(position, 32); // gas limit
        (, position) = RlpCalldata.integer(position, 32); // gas used
        (value, position) = RlpCalldata.integer(position, 8);
        header.timestamp = uint64(value);

        (uint256 extraStart, uint256 extraEnd) = RlpCalldata.text(position);
        uint256 roundStart;
        uint256 roundEnd;
        (header.validators, roundStart, roundEnd) = _extraData(extraStart, extraEnd);

        (, uint256 next) = RlpCalldata.word(extraEnd); // mix hash
        next = _skip(next, 8); // nonce
        (, next) = RlpCalldata.integer(next, 32); // base fee
        (, next) = RlpCalldata.word(next); // withdrawals root
        (, next) = RlpCalldata.integer(next, 32); // blob gas used
        (, next) = RlpCalldata.integer(next, 32); // excess blob gas
        (, next) = RlpCalldata.word(next); // parent beacon block root
        if (next != end) (, next) = RlpCalldata.word(next); // requests hash
        require(next == end, MalformedHeader());

        header.digest = keccak256(rlp);
        header.blockHash = RlpCalldata.byteAt(roundStart) == 0x80
            ? header.digest
            : _hashWithoutRound(rlp, position - begin, extraStart - begin, extraEnd - begin, roundStart - begin, roundEnd - begin);
    }

    /// @dev `[vanity, [validator...], vote, round, []]` between `start` and `end`.
    function _extraData(uint256 start, uint256 end)
        private
        pure
        returns (address[] memory validators, uint256 roundStart, uint256 roundEnd)
    {
        (uint256 position, uint256 listEnd) = RlpCalldata.list(start);
        require(listEnd == end, MalformedHeader());
        (, position) = RlpCalldata.word(position); // vanity
        (validators, position) = _validators(position);
        roundStart = _skipVote(position);
        (, roundEnd) = RlpCalldata.integer(roundStart, 4);
        require(RlpCalldata.byteAt(roundEnd) == EMPTY_LIST && roundEnd + 1 == end, MalformedHeader());
    }

    function _validators(uint256 position) private pure returns (address[] memory validators, uint256 end) {
        (position, end) = RlpCalldata.list(position);
        uint256 count = (end - position) / 21;
        require(count > 0 && count * 21 == end - position, MalformedValidators());
        validators = new address[](count);
        address last = address(0);
        for (uint256 i = 0; i < count; ++i) {
            address validator;
            (validator, position) = RlpCalldata.account(position);
            require(validator > last, MalformedValidators());
            validators[i] = validator;
            last = validator;
        }
    }

    /// @dev Nothing, or `[recipient, 0xff]` to add a validator and `[recipient, 0x00]` (or an empty string) to drop one.
    function _skipVote(uint256 position) private pure returns (uint256 end) {
        (position, end) = RlpCalldata.list(position);
        if (position == end) return end;
        (, position) = RlpCalldata.account(position);
        uint256 head = RlpCalldata.load(position);
        if (head >> 240 == 0x81ff) position += 2;
        else if (head >> 248 == 0x00 || head >> 248 == 0x80) position += 1;
        require(position == end, MalformedHeader());
    }

    /// @dev A byte string of a fixed length of two bytes or more.
    function _skip(uint256 position, uint256 length) private pure returns (uint256) {
        (uint256 start, uint256 end) = RlpCalldata.text(position);
        require(end - start == length, MalformedHeader());
        return end;
    }

    /// @dev The same header with the round encoded as 0. Rounds above 0 are rare, so this is not made cheap.
    function _hashWithoutRound(
        bytes calldata rlp,
        uint256 extraPosition,
        uint256 extraStart,
        uint256 extraEnd,
        uint256 roundStart,
        uint256 roundEnd
    ) private pure returns (bytes32) {
        bytes[] memory items = new bytes[](3);
        (uint256 extraItems,) = RlpCalldata.list(_absolute(rlp, extraStart));
        items[0] = rlp[extraItems - _absolute(rlp, 0):roundStart];
        items[1] = hex"80";
        items[2] = rlp[roundEnd:extraEnd];
        bytes memory extra = RLP.encode(items);

        (uint256 fields,) = RlpCalldata.list(_absolute(rlp, 0));
        items[0] = rlp[fields - _absolute(rlp, 0):extraPosition];
        items[1] = RLP.encode(extra);
        items[2] = rlp[extraEnd:];
        return keccak256(RLP.encode(items));
    }

    function _absolute(bytes calldata rlp, uint256 position) private pure returns (uint256 absolute) {
        // Only takes the position of the argument.
        assembly ("memory-safe") {
            absolute := add(rlp.offset, position)
        }
    }
}
