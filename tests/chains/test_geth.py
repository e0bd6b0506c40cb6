"""What a live geth says, beside what we take it to mean; skipped where geth is not installed."""

import time

import pytest
from eth_account import Account

from chains import Depth, Reason, RpcChain, Unavailable
from chains.node_errors import ALREADY_KNOWN, machine_failure, message_of, refusal_reason, revert_output
from tests.chains.conftest import ALICE, BALANCES, BOB, PAUPER, patience_that
from tests.chains.geth import Geth

CHAIN_ID = 4_242
GWEI = 10**9


@pytest.fixture(scope="module", name="geth")
def _geth(tmp_path_factory):
    node = Geth(CHAIN_ID, tmp_path_factory.mktemp("geth"), BALANCES)
    yield node
    node.stop()


def signed(account=ALICE, **changes):
    fields = {
        "type": 2, "chainId": CHAIN_ID, "nonce": 0, "gas": 30_000, "maxFeePerGas": 5 * GWEI,
        "maxPriorityFeePerGas": GWEI, "to": BOB.address, "value": 1, "data": b"",
    }  # fmt: skip
    return account.sign_transaction({name: value for name, value in (fields | changes).items() if value is not None})


def refused(geth, raw):
    return geth.respond("eth_sendRawTransaction", raw if isinstance(raw, str) else "0x" + raw.raw_transaction.hex())[
        "error"
    ]


def test_refusals_mean_what_we_take_them_for(geth):
    first = signed()
    geth.ask("eth_sendRawTransaction", "0x" + first.raw_transaction.hex())
    assert ALREADY_KNOWN.search(message_of(refused(geth, first)))
    assert refusal_reason(refused(geth, signed(value=2))) is Reason.NONCE_TOO_LOW  # another has this one
    while int(geth.ask("eth_getTransactionCount", ALICE.address, "latest"), 16) == 0:
        time.sleep(0.1)
    dear = {"nonce": 1, "gas": 30_000_000, "maxFeePerGas": 10**12}
    legacy = {"type": None, "maxFeePerGas": None, "maxPriorityFeePerGas": None, "gasPrice": GWEI, "chainId": None}
    told = {
        "nonce": refused(geth, signed(value=3)),
        "chain": refused(geth, signed(chainId=1)),
        "unprotected": refused(geth, signed(**legacy)),
        "funds": refused(geth, signed(PAUPER)),
        "much gas": refused(geth, signed(nonce=1, gas=70_000_000)),
        "little gas": refused(geth, signed(nonce=1, gas=20_000)),
        "tip": refused(geth, signed(nonce=1, maxPriorityFeePerGas=0)),
        "type": refused(geth, "0x7fc0"),
        "rlp": refused(geth, "0x02c0"),
        "short": refused(geth, "0x"),
        "dear": refused(geth, signed(**dear)),
    }
    assert {name: refusal_reason(error) for name, error in told.items()} == {
        "nonce": Reason.NONCE_TOO_LOW,
        "chain": Reason.WRONG_CHAIN_ID,
        "unprotected": Reason.WRONG_CHAIN_ID,
        "funds": Reason.INSUFFICIENT_FUNDS,
        "much gas": Reason.GAS_LIMIT_TOO_HIGH,
        "little gas": Reason.GAS_LIMIT_TOO_LOW,
        "tip": Reason.FEE_TOO_LOW,
        "type": Reason.UNSUPPORTED_TRANSACTION,
        "rlp": Reason.MALFORMED_TRANSACTION,
        "short": Reason.MALFORMED_TRANSACTION,
        "dear": Reason.NODE_REFUSED,  # --rpc.txfeecap: more ether than the node lets anybody spend
    }, told


@pytest.mark.parametrize(
    ("code", "name"),
    [
        ("0xfe", "InvalidInstruction"),
        ("0x0c", "InvalidInstruction"),
        ("0x60ff56", "InvalidJumpDestination"),
        ("0x01", "InsufficientStack"),
        ("0x5b600056", "OutOfGas"),
    ],
)
def test_the_machines_failures_have_their_names(geth, code, name):
    error = geth.respond("eth_call", {"data": code, "gas": "0xffff"}, "latest")["error"]
    assert machine_failure(message_of(error)) == name
    assert revert_output(error) is None


@pytest.mark.parametrize(("code", "output"), [("0x60006000fd", b""), ("0x602a60005260206000fd", b"\0" * 31 + b"\x2a")])
def test_reverts_come_with_their_bytes(geth, code, output):
    error = geth.respond("eth_call", {"data": code}, "latest")["error"]
    assert (machine_failure(message_of(error)), revert_output(error)) == (None, output)


def test_headers_and_proofs_are_read_and_checked(geth):
    chain = RpcChain.connect(
        geth.url, chain_id=CHAIN_ID, finality=Depth(1), patience=patience_that(lambda: time.sleep(1.1))
    )
    while chain.head().number < 2:
        time.sleep(0.2)
    final = chain.finalized_header()
    assert final.number == chain.header(final.number).number > 0
    assert chain.get_proof(BOB.address, [0], final.number).balance >= BALANCES[BOB.address]


def test_a_transaction_that_is_not_found_while_geth_indexes_is_not_believed_absent(link, local):
    """It says so for a moment after it was started on a chain that it has."""
    message = "transaction indexing is in progress"
    link.changes["eth_getTransactionReceipt"] = lambda _answer, _params: {
        "error": {"code": -32_000, "message": message, "data": message}
    }
    far = RpcChain(link, chain_id=local.chain_id)
    with pytest.raises(Unavailable, match="indexing"):
        far.receipt(Account.create().key)
