// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {RlpCalldata} from "./RlpCalldata.sol";

/// @notice A block header in Besu's QBFT or IBFT2 format, as its validators sign it: with the true round and without seals.
/// @dev Difficulty, mix hash and nonce are read and ignored; Besu and other nodes differ there and nothing rests on them.
library QbftHeader {
    struct Header {
        bytes32 digest; // what commit seals sign
        bytes32 blockHash; // the chain's own hash: no seals, and round 0 (QBFT) or none (IBFT2)
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
    uint256 private constant EMPTY_STRING = 0x80;
    uint256 private constant IBFT2_ROUND_BYTES = 4;

    /// @notice Reads a header of 20 fields (Cancun) or 21 (Prague).
    function parse(bytes calldata rlp, bool isIbft2) internal pure returns (Header memory header) {
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
        (header.validators, roundStart, roundEnd) = _extraData(extraStart, extraEnd, isIbft2);

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
        bool isRoundZero = !isIbft2 && RlpCalldata.byteAt(roundStart) == 0x80;
        header.blockHash = isRoundZero
            ? header.digest
            : _hashWithRound(
                rlp,
                isIbft2 ? bytes("") : bytes(hex"80"),
                [position - begin, extraStart - begin, extraEnd - begin, roundStart - begin, roundEnd - begin]
            );
    }

    /// @dev Between `start` and `end`, `[vanity, [validator...], vote, round, []]`, or with IBFT2 the same without the last item.
    function _extraData(uint256 start, uint256 end, bool isIbft2)
        private
        pure
        returns (address[] memory validators, uint256 roundStart, uint256 roundEnd)
    {
        (uint256 position, uint256 listEnd) = RlpCalldata.list(start);
        require(listEnd == end, MalformedHeader());
        (, position) = RlpCalldata.word(position); // vanity
        (validators, position) = _validators(position);
        roundStart = _skipVote(position, isIbft2);
        if (isIbft2) {
            roundEnd = _skip(roundStart, IBFT2_ROUND_BYTES);
            require(roundEnd == end, MalformedHeader());
        } else {
            (, roundEnd) = RlpCalldata.integer(roundStart, 4);
            require(RlpCalldata.byteAt(roundEnd) == EMPTY_LIST && roundEnd + 1 == end, MalformedHeader());
        }
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

    /// @dev No vote is an empty list, with IBFT2 an empty string. A vote is `[recipient, 0xff]` to add a validator and
    /// `[recipient, 0x00]` to drop one, where QBFT may also write an empty string.
    function _skipVote(uint256 position, bool isIbft2) private pure returns (uint256 end) {
        if (isIbft2 && RlpCalldata.byteAt(position) == EMPTY_STRING) return position + 1;
        (position, end) = RlpCalldata.list(position);
        if (position == end) {
            require(!isIbft2, MalformedHeader());
            return end;
        }
        (, position) = RlpCalldata.account(position);
        uint256 head = RlpCalldata.load(position);
        bool isDrop = head >> 248 == 0x00 || (!isIbft2 && head >> 248 == EMPTY_STRING);
        require(head >> 240 == 0x81ff || isDrop, MalformedHeader());
        position += isDrop ? 1 : 2;
        require(position == end, MalformedHeader());
    }

    /// @dev A byte string of a fixed length of two bytes or more.
    function _skip(uint256 position, uint256 length) private pure returns (uint256) {
        (uint256 start, uint256 end) = RlpCalldata.text(position);
        require(end - start == length, MalformedHeader());
        return end;
    }

    /// @dev Hash of the same header with its round encoded as `round`: zero, or nothing at all.
    /// @param positions in `rlp` of the extraData field, of its contents' start and end, of the round's start and end
    function _hashWithRound(bytes calldata rlp, bytes memory round, uint256[5] memory positions) private pure returns (bytes32) {
        (uint256 position, uint256 start, uint256 end) = (positions[0], positions[1], positions[2]);
        uint256 offset;
        // Only takes the position of the argument.
        assembly ("memory-safe") {
            offset := rlp.offset
        }
        (uint256 extraItems,) = RlpCalldata.list(offset + start);
        (uint256 fields,) = RlpCalldata.list(offset);
        bytes memory extra = bytes.concat(rlp[extraItems - offset:positions[3]], round, rlp[positions[4]:end]);
        extra = bytes.concat(_prefix(extra.length, 0xc0), extra);
        bytes memory content =
            bytes.concat(rlp[fields - offset:position], _prefix(extra.length, 0x80), extra, rlp[end:]);
        return keccak256(bytes.concat(_prefix(content.length, 0xc0), content));
    }

    /// @dev RLP prefix of a list (0xc0) or of a string of two bytes or more (0x80); headers stay far below 2^24 bytes.
    function _prefix(uint256 length, uint256 base) private pure returns (bytes memory) {
        if (length < 56) return abi.encodePacked(uint8(base + length));
        if (length < 1 << 8) return abi.encodePacked(uint8(base + 56), uint8(length));
        if (length < 1 << 16) return abi.encodePacked(uint8(base + 57), uint16(length));
        return abi.encodePacked(uint8(base + 58), uint24(length));
    }
}
