// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

/// @notice What one token of one chain brought in and took out, in base units, kept so that always
/// `settled <= released <= credited`, and so that a credit never lifts `credited - settled` above `cap`.
library CreditBook {
    /// @notice Deposits are refused that would lift the net credit above the cap.
    error AboveNetCap(uint256 room);
    /// @notice More would be out than was ever credited.
    error AboveCredit(uint256 room);
    /// @notice Less is out for payment than would be settled or taken back.
    error NotOut(uint256 out);

    struct Book {
        uint128 credited;
        uint128 released; // paid or out for payment
        uint128 settled; // paid, as the chain has answered
        uint128 cap;
    }

    function credit(Book storage book, uint128 amount) internal {
        uint256 room = roomOf(book);
        require(amount <= room, AboveNetCap(room));
        book.credited += amount;
    }

    function release(Book storage book, uint128 amount) internal {
        uint128 room = book.credited - book.released;
        require(amount <= room, AboveCredit(room));
        book.released += amount;
    }

    function settle(Book storage book, uint128 amount) internal {
        _requireOut(book, amount);
        book.settled += amount;
    }

    function giveBack(Book storage book, uint128 amount) internal {
        _requireOut(book, amount);
        book.released -= amount;
    }

    /// @notice Credit nothing has been paid for yet. A release counts once its answer is in: one that comes back could
    /// otherwise lift this above the cap.
    function netOf(Book storage book) internal view returns (uint256) {
        return book.credited - book.settled;
    }

    function roomOf(Book storage book) internal view returns (uint256) {
        uint256 net = netOf(book);
        return net < book.cap ? book.cap - net : 0;
    }

    function _requireOut(Book storage book, uint128 amount) private view {
        uint128 out = book.released - book.settled;
        require(amount <= out, NotOut(out));
    }
}
