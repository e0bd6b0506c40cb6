"""Everything a node can lie about is either found out or not believed in the first place."""

import pytest

from chains import DishonestNode, Reason, Unavailable, WrongChainId, verify_account, verify_storage


def lie_about_blocks(**fields):
    return lambda answer, _: {**answer, "result": {**answer["result"], **fields}}


class TestLies:
    @pytest.mark.parametrize(
        ("field", "value"),
        [
            ("stateRoot", f"0x{'ab' * 32}"),
            ("parentHash", f"0x{'ab' * 32}"),
            ("hash", f"0x{'ab' * 32}"),
            ("timestamp", "0x1"),
            ("number", "0x7"),
            ("extraData", "0x"),
            ("requestsHash", None),
        ],
    )
    def test_a_header_that_does_not_hash_to_its_hash(self, far, link, local, field, value):
        local.mine()
        assert far.header(1) == local.header(1)
        link.changes["eth_getBlockByNumber"] = lie_about_blocks(**{field: value})
        for read in (far.head, lambda: far.header(1), far.finalized_header):
            with pytest.raises(DishonestNode) as caught:
                read()
            assert caught.value.reason is Reason.FALSE_HEADER

    def test_another_block_than_the_one_asked_for(self, far, link, local):
        local.mine()
        block = local.api.respond("eth_getBlockByNumber", ["0x0"])["result"]
        link.changes["eth_getBlockByNumber"] = lambda answer, _: {**answer, "result": block}
        with pytest.raises(DishonestNode) as caught:
            far.header(1)
        assert caught.value.reason is Reason.FALSE_HEADER
        assert far.header(0).number == 0

    @pytest.mark.parametrize("seals", ["too few", "a stranger's"])
    def test_a_final_header_needs_a_quorum(self, far, link, local, seals):
        header = local.mine()
        kept = list(header.seals[:2])
        if seals == "a stranger's":
            kept = [*header.seals, header.sealed_by([b"\x07" * 32]).seals[0]]
        forged = header.with_seals(kept)
        link.changes["eth_getBlockByNumber"] = lie_about_blocks(extraData=f"0x{forged.extra.encode().hex()}")
        assert far.head() == forged
        with pytest.raises(Unavailable) as caught:
            far.finalized_header()
        assert caught.value.reason is Reason.NOT_SEALED
        link.changes.clear()
        assert far.finalized_header() == header

    def test_a_seal_that_is_none(self, far, link, local):
        forged = local.mine().with_seals([bytes(65)] * 3)
        link.changes["eth_getBlockByNumber"] = lie_about_blocks(extraData=f"0x{forged.extra.encode().hex()}")
        with pytest.raises(DishonestNode) as caught:
            far.finalized_header()
        assert caught.value.reason is Reason.INVALID_SEAL

    def test_final_blocks_stay(self, far, link, local, make_local):
        local.mine()
        first = far.finalized_header()
        other = make_local()
        other.clock.advance(50)
        for _ in range(3):
            other.mine()
        link._api = other.api
        with pytest.raises(DishonestNode) as caught:
            far.finalized_header()
        assert caught.value.reason is Reason.FINALITY_VIOLATED
        link._api = local.api
        assert far.finalized_header() == first
        local.mine()
        assert far.finalized_header().number == 2

    def test_a_node_that_lags_takes_nothing_back(self, far, link, local):
        for _ in range(3):
            local.mine()
        newest = far.finalized_header()
        link.changes["eth_getBlockByNumber"] = lambda answer, params: (
            local_answer(local, "0x1") if params[0] == "latest" else answer
        )
        assert far.head().number == 1
        assert far.finalized_header() == newest

    @pytest.mark.parametrize(
        "answer",
        [
            {"jsonrpc": "2.0", "id": 1},
            {"result": "0x1"},
            {"result": {}},
            {"result": []},
            {"result": {"hash": 3}},
            [],
            "what",
        ],
    )
    def test_answers_of_no_shape(self, far, link, answer):
        link.changes["eth_getBlockByNumber"] = lambda _answer, _params: answer
        with pytest.raises(DishonestNode) as caught:
            far.head()
        assert caught.value.reason is Reason.MALFORMED_ANSWER


def local_answer(chain, tag):
    return {"jsonrpc": "2.0", "id": 1, **chain.api.respond("eth_getBlockByNumber", [tag])}


class TestProofs:
    @pytest.fixture
    def kept(self, local, deploy_probe, alice):
        """A contract with two words, and the height at which it has them."""
        probe = deploy_probe(local)
        local.transact(probe.functions.set(3, 14), alice)
        return probe.address, local.transact(probe.functions.set(5, 1), alice)["blockNumber"]

    def test_a_true_one_is_the_local_one(self, far, local, kept):
        address, number = kept
        proof = far.get_proof(address, [3, 5], number)
        assert proof == local.get_proof(address, [3, 5], number)
        root = verify_account(far.header(number).state_root, proof).storage_hash
        assert [verify_storage(root, storage) for storage in proof.storage] == [14, 1]

    def test_inlined_nodes_may_be_listed(self, far, link, local, kept):
        def pad(answer, _):
            answer["result"]["storageProof"][0]["proof"].append("0xc22001")
            return answer

        link.changes["eth_getProof"] = pad
        assert far.get_proof(kept[0], [3], kept[1]) == local.get_proof(kept[0], [3], kept[1])

    def test_every_lie_in_a_proof_is_found(self, far, link, local, kept):
        address, number = kept
        far.get_proof(address, [3, 4], number)

        def lies(proof):
            yield {**proof, "balance": "0x1"}
            yield {**proof, "nonce": "0x7"}
            yield {**proof, "codeHash": f"0x{'11' * 32}"}
            yield {**proof, "storageHash": f"0x{'11' * 32}"}
            yield {**proof, "accountProof": proof["accountProof"][:-1]}
            yield {**proof, "accountProof": [*proof["accountProof"], proof["accountProof"][-1]]}
            yield {**proof, "accountProof": []}
            true, absent = proof["storageProof"]
            for value in ("0x0", "0xf"):
                yield {**proof, "storageProof": [{**true, "value": value}, absent]}
            yield {**proof, "storageProof": [{**true, "proof": true["proof"][:-1]}, absent]}
            yield {**proof, "storageProof": [{**true, "value": "0x0", "proof": []}, absent]}
            yield {**proof, "storageProof": [true, {**absent, "value": "0x1"}]}
            yield {**proof, "storageProof": [true, {**absent, "proof": []}]}

        true = local.api.respond("eth_getProof", [address, ["0x3", "0x4"], hex(number)])["result"]
        for lie in lies(true):
            link.changes["eth_getProof"] = lambda answer, _, lie=lie: {**answer, "result": lie}
            with pytest.raises(DishonestNode) as caught:
                far.get_proof(address, [3, 4], number)
            assert caught.value.reason is Reason.INVALID_PROOF

    def test_flipping_any_bit_is_found(self, far, link, local, kept):
        address, number = kept
        true = local.api.respond("eth_getProof", [address, ["0x3"], hex(number)])["result"]
        node = bytes.fromhex(true["storageProof"][0]["proof"][0][2:])
        for position in range(0, len(node) * 8, 5):
            flipped = bytearray(node)
            flipped[position // 8] ^= 1 << position % 8
            entry = {**true["storageProof"][0], "proof": [f"0x{flipped.hex()}", *true["storageProof"][0]["proof"][1:]]}
            lie = {**true, "storageProof": [entry]}
            link.changes["eth_getProof"] = lambda answer, _, lie=lie: {**answer, "result": lie}
            with pytest.raises(DishonestNode):
                far.get_proof(address, [3], number)

    def test_a_hidden_account_is_found(self, far, link, local, kept):
        address, number = kept
        stranger = local.api.respond("eth_getProof", [f"0x{'77' * 20}", ["0x3"], hex(number)])["result"]
        link.changes["eth_getProof"] = lambda answer, _: {**answer, "result": stranger}
        with pytest.raises(DishonestNode):
            far.get_proof(address, [3], number)
        proof = far.get_proof(f"0x{'77' * 20}", [3], number)
        assert (proof.balance, proof.storage[0].value) == (0, 0)
        claims = {**stranger, "balance": "0x1"}
        link.changes["eth_getProof"] = lambda answer, _: {**answer, "result": claims}
        with pytest.raises(DishonestNode):
            far.get_proof(f"0x{'77' * 20}", [3], number)

    def test_other_slots_than_those_asked_for(self, far, link, local, kept):
        address, number = kept
        other = local.api.respond("eth_getProof", [address, ["0x5"], hex(number)])["result"]
        link.changes["eth_getProof"] = lambda answer, _: {**answer, "result": other}
        for slots in ([3], [3, 5], []):
            with pytest.raises(DishonestNode) as caught:
                far.get_proof(address, slots, number)
            assert caught.value.reason is Reason.MALFORMED_ANSWER
        assert far.get_proof(address, [5], number).storage[0].value == 1

    def test_a_block_that_is_replaced_meanwhile_is_no_lie(self, far, link, local, make_local, kept):
        address, number = kept
        other = make_local()
        other.clock.advance(50)
        while other.head().number < number:
            other.mine()

        def reorganise(answer, params):
            link._api = other.api
            return {"jsonrpc": "2.0", "id": 1, **other.api.respond("eth_getProof", params)}

        link.changes["eth_getProof"] = reorganise
        with pytest.raises(Unavailable) as caught:
            far.get_proof(address, [3], number)
        assert caught.value.reason is Reason.REORGANISED


def test_an_answer_that_is_none_of_the_functions_is_a_typed_error(far, link, local, alice):
    token = local.deploy("TestToken", ["Token", "TOK", 6], alice)
    view = far.contract("TestToken", token.address).functions.decimals()
    assert far.call(view) == 6
    for answer in ("0x", "0x" + "ff" * 32, "0x" + "ff" * 1_000):
        link.changes["eth_call"] = lambda _answer, _params, said=answer: {"jsonrpc": "2.0", "id": 1, "result": said}
        with pytest.raises(DishonestNode) as caught:
            far.call(view)
        assert caught.value.reason is Reason.MALFORMED_ANSWER


def test_the_first_final_header_is_not_taken_from_a_node_of_another_chain(far, link, local):
    local.mine()
    link.changes["eth_chainId"] = lambda answer, _: {**answer, "result": "0x1"}
    with pytest.raises(WrongChainId):
        far.finalized_header()
    link.changes.clear()
    assert far.finalized_header() == local.finalized_header()
    assert link.asked.count("eth_chainId") == 2
    far.finalized_header()
    assert link.asked.count("eth_chainId") == 2


@pytest.mark.parametrize("answered", ["0x" + "ff" * 500_000, "-0x1", "0x" + "1" * 65])
def test_a_chain_id_that_is_no_number_of_a_chain(far, link, answered):
    link.changes["eth_chainId"] = lambda answer, _: {**answer, "result": answered}
    with pytest.raises(DishonestNode) as caught:
        far.check()
    assert caught.value.reason is Reason.MALFORMED_ANSWER
    assert len(str(caught.value)) < 200
