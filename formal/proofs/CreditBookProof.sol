// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {CreditBook} from "clearspan/libraries/CreditBook.sol";
import {Symbolic} from "./Symbolic.sol";

/// @notice The accounts of the ledger, from any state in which the invariant holds: every step keeps it, so all do.
contract CreditBookProof is Symbolic {
    using CreditBook for CreditBook.Book;

    CreditBook.Book private _book;

    function check_everyStepKeepsTheBook(CreditBook.Book memory book, uint8 step, uint128 amount) external {
        vm.assume(book.settled <= book.released && book.released <= book.credited);
        // A cap that was lowered may be below the net credit: then nothing is credited.
        uint128 net = book.credited - book.settled;
        _book = book;
        if (step == 0) _book.credit(amount);
        else if (step == 1) _book.release(amount);
        else if (step == 2) _book.settle(amount);
        else _book.giveBack(amount);
        assert(_book.settled <= _book.released && _book.released <= _book.credited);
        uint128 netAfter = _book.credited - _book.settled;
        assert(netAfter <= book.cap || netAfter <= net);
        assert(_book.cap == book.cap);
    }
}
