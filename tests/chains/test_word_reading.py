"""Many words in one call, on every kind of chain."""

import pytest
from eth_hash.auto import keccak

from chains import DishonestNode, TransactionReverted
from chains.word_reading import WORDS_MAX, read_words
from tests.chains.conftest import ALICE

GET, REFUSE = (keccak(name)[:4] for name in (b"get(uint256)", b"refuse(uint256)"))


def word(number):
    return number.to_bytes(32, "big")


@pytest.mark.parametrize("count", [1, 3, WORDS_MAX, WORDS_MAX + 1])
def test_each_word_is_what_a_call_of_its_own_answers(chain, probe, count):
    odd = (0xEF << 248) + 5  # as no contract's code may begin
    chain.transact(probe.functions.set(1, odd), ALICE)
    chain.transact(probe.functions.set(3, 14), ALICE)
    found = read_words(chain.w3, probe.address, GET, [word(1 + key) for key in range(count)], block="latest")
    assert found == [word({1: odd, 3: 14}.get(1 + key, 0)) for key in range(count)]


def test_words_of_an_older_block_and_of_what_is_pending(chain, probe):
    chain.transact(probe.functions.set(1, 7), ALICE)
    height = chain.head().number
    chain.transact(probe.functions.set(1, 8), ALICE)
    assert read_words(chain.w3, probe.address, GET, [word(1)], block=height) == [word(7)]
    assert read_words(chain.w3, probe.address, GET, [word(1)], block="pending") == [word(8)]


def test_no_keys_ask_nobody(chain, probe):
    assert read_words(chain.w3, probe.address, GET, [], block="latest") == []


def test_one_that_reverts_spoils_all(chain, probe):
    with pytest.raises(TransactionReverted):
        read_words(chain.w3, probe.address, REFUSE, [word(1)], block="latest")


def test_an_answer_of_another_length_is_the_nodes_fault(far, link, deploy_probe, local):
    probe = deploy_probe(local)
    link.changes["eth_call"] = lambda answer, _: {**answer, "result": "0x00"}
    with pytest.raises(DishonestNode, match="1 bytes in answer to 2 words"):
        read_words(far.w3, probe.address, GET, [word(1), word(2)], block="latest")
