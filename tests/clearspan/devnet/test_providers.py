"""A provider's limits, and what a customer does not take from one."""

from dataclasses import replace

import pytest
import requests

from bridge.swaps.guarantees import Guarantee, SwapKind
from bridge.swaps.quote_file import QuoteRequest, dump_quote
from bridge.swaps.terms import hashlock_of
from clearspan import Rejected
from clearspan.devnet.swapping import provider_terms
from exchange.sdk.errors import Unavailable
from exchange.sdk.json_http import JsonClient, JsonServer
from exchange.sdk.quote_http import HttpQuotes, questions_of
from exchange.sdk.quoting import Offered, gather, require_good, take
from exchange.sdk.swap_verbs import side_of
from tests.clearspan.devnet.swapping import Stage

DOLLAR = 10**8


@pytest.fixture(name="stage", scope="module")
def _stage(tmp_path_factory):
    with Stage(tmp_path_factory.mktemp("stage")) as stage:
        stage.sleep("alice")
        yield stage


@pytest.fixture(autouse=True)
def _fresh(stage, tmp_path):
    """A book of Lucy's own for every test, and nobody who settles."""
    stage.book = tmp_path / "lucy.sqlite"
    stage.start()
    stage.sleep("lucy")


def request(stage, amount="1000", guarantee=Guarantee.POSTED, give=("exchange", "USD"), get=("beta", "USDC")):
    desk = stage.alice.swaps
    gives, takes = side_of(desk, *give, amount), side_of(desk, *get, None)
    kind = SwapKind.EXIT if gives.is_cash else SwapKind.ENTRY if takes.is_cash else SwapKind.SWAP
    return QuoteRequest(customer=desk.address, kind=kind, guarantee=guarantee, gives=gives, takes=takes)


def limited(stage, **changed):
    """Lucy with other limits."""
    terms = provider_terms(stage.core.network, valid_seconds=10)
    provider = stage.start(terms=replace(terms, limits=replace(terms.limits, **changed)))
    stage.sleep("lucy")
    return provider


def agree(provider, quote, number=1):
    return provider.accept(quote, hashlock_of(bytes([number]) * 32))


def test_no_quote_beyond_a_limit(stage):
    assert limited(stage, per_swap_e8=1_000 * DOLLAR).quote(request(stage)).takes.amount < 1_000 * 10**6
    for changed, reason in (
        ({"per_swap_e8": 900 * DOLLAR}, "AbovePerSwapLimit"),
        ({"total_e8": 900 * DOLLAR}, "AboveTotalLimit"),
        ({"assets": {}}, "AboveAssetLimit"),
        ({"open": 0}, "TooManySwaps"),
    ):
        with pytest.raises(Rejected, match=reason):
            limited(stage, **changed).quote(request(stage))


def test_the_operators_word_is_capped_and_what_is_posted_is_not(stage):
    provider = limited(stage, soft_e8=900 * DOLLAR)
    with pytest.raises(Rejected, match="AboveSoftLimit"):
        provider.quote(request(stage, guarantee=Guarantee.SOFT))
    provider.quote(request(stage, guarantee=Guarantee.POSTED))
    entry = request(stage, "1000", Guarantee.SOFT, ("beta", "USDC"), ("exchange", "USD"))
    provider.quote(entry)  # there it is the customer who relies on it


def test_what_is_agreed_counts_until_it_is_over(stage):
    provider = limited(stage, total_e8=2_500 * DOLLAR, per_customer=2)
    quotes = [provider.quote(request(stage)) for _ in range(3)]
    for number, quote in enumerate(quotes[:2]):
        agree(provider, quote, number + 1)
    with pytest.raises(Rejected, match=r"AboveTotalLimit|TooManySwaps"):
        agree(provider, quotes[2], 3)
    assert provider.status()["open_swaps"] == 2
    (row,) = [row for row in provider.status()["inventory"] if row["committed"] != "0"]
    assert int(row["committed"]) == quotes[0].takes.amount + quotes[1].takes.amount


def test_nothing_is_promised_that_is_not_there(stage):
    held = stage.tokens(stage.lucy)
    chain = stage.core.network.vaults[1]
    token = chain.contract("TestToken", stage.core.network.deployment.asset_of(chain.chain_id, "USDC").token)
    wallet = stage.lucy.swaps.wallet
    chain.transact(token.functions.transfer(stage.alice.address, held - 1_500 * 10**6), wallet)
    try:
        quotes = [stage.provider.quote(request(stage)) for _ in range(2)]
        agree(stage.provider, quotes[0], 1)
        with pytest.raises(Rejected, match="InventoryShort"):
            agree(stage.provider, quotes[1], 2)
        with pytest.raises(Rejected, match="InventoryShort"):
            stage.provider.quote(request(stage))
    finally:
        chain.transact(token.functions.transfer(wallet.address, held - 1_500 * 10**6), stage.alice.swaps.wallet)


def test_asking_twice_agrees_once(stage):
    quote = stage.provider.quote(request(stage))
    assert agree(stage.provider, quote) == agree(stage.provider, quote)
    with pytest.raises(Rejected, match="QuoteUsed"):
        agree(stage.provider, quote, 2)
    with pytest.raises(Rejected, match="HashUsed"):
        agree(stage.provider, stage.provider.quote(request(stage)))


def test_what_is_not_its_own_quote_is_nothing_to_a_provider(stage):
    quote = stage.provider.quote(request(stage))
    better = replace(quote, takes=replace(quote.takes, amount=quote.takes.amount + 1))
    for wrong in (better, better.signed(stage.alice.swaps.wallet), replace(quote, signature=bytes(65))):
        with pytest.raises(Rejected, match="NotMyQuote"):
            agree(stage.provider, wrong)
    with pytest.raises(Rejected, match="BadHashlock"):
        stage.provider.accept(quote, None)
    stage.core.clock.advance(11)
    with pytest.raises(Rejected, match="QuoteExpired"):
        agree(stage.provider, quote)
    foreign = request(stage)
    for odd in (
        replace(foreign, takes=replace(foreign.takes, escrow=foreign.takes.asset)),
        replace(foreign, kind=SwapKind.SWAP),
        replace(foreign, customer=stage.lucy.address),
    ):
        with pytest.raises(Rejected):
            stage.provider.quote(odd)


class Odd:
    """A source that changes what Lucy says."""

    name = "odd"

    def __init__(self, provider, change=lambda quote: quote, agreement=lambda agreement: agreement):
        self.provider, self.change, self.agreement = provider, change, agreement

    def quote(self, asked):
        return self.change(self.provider.quote(asked))

    def accept(self, quote, hashlock):
        return self.agreement(self.provider.accept(quote, hashlock))


def test_the_best_good_quote_is_taken_and_the_others_are_told_apart(stage):
    desk, lucy = stage.alice.swaps, stage.lucy.swaps.wallet

    def signed(**changed):
        return lambda quote: replace(quote, **changed).signed(lucy)

    def worse(quote):
        return replace(quote, takes=replace(quote.takes, amount=quote.takes.amount - 5)).signed(lucy)

    class Away:
        name = "away"

        def quote(self, asked):
            raise Unavailable("NoAnswer")

    def short(quote):
        """A second less than what it takes to force a claim after the last reveal."""
        policy = desk.policy
        need = policy.bounds(quote.takes.chain_id).known_seconds + policy.reaction_seconds
        refund = quote.schedule.short.refund_from + need + policy.cash_bounds(quote.guarantee).landing_seconds - 1
        times = replace(quote.schedule.long, public_claim_from=refund - 1, refund_from=refund)
        return replace(quote, schedule=replace(quote.schedule, long=times)).signed(lucy)

    bad = {
        "did not sign": Odd(stage.provider, lambda quote: replace(quote, nonce=1)),
        "OtherQuote": Odd(stage.provider, signed(customer=stage.lucy.address)),
        "QuoteExpired": Odd(stage.provider, signed(expiry=1)),
        "TooDear": Odd(stage.provider, lambda quote: signed(price=replace(quote.price, spread=10**9))(quote)),
        "DepositTooHigh": Odd(stage.provider, signed(safety_deposit=10**18)),
        "NoRoomToClaim": Odd(stage.provider, short),
        "NoAnswer": Away(),
    }
    good = [Odd(stage.provider, worse), stage.provider]
    offers = gather(desk, request(stage), [*bad.values(), *good])
    assert [offered.source for offered in offers.offers] == [stage.provider, good[0]]
    assert len(offers.refusals) == len(bad)
    for (_, why), expected in zip(offers.refusals, bad, strict=True):
        assert expected in why
    with pytest.raises(Rejected, match="NoQuote"):
        _ = gather(desk, request(stage), list(bad.values())).best


def test_a_provider_that_agrees_to_something_else_than_it_quoted_is_left(stage):
    desk = stage.alice.swaps

    def less(agreement):
        return replace(agreement, short=replace(agreement.short, amount=agreement.short.amount - 1))

    odd = Odd(stage.provider, agreement=less)
    quote = odd.quote(request(stage))
    require_good(desk, request(stage), quote)
    before = len(desk.book.all())
    with pytest.raises(Rejected, match="OtherQuote"):
        take(desk, Offered(quote=quote, source=odd))
    assert len(desk.book.all()) == before


def test_quotes_over_http_and_what_is_no_question(stage):
    with JsonServer(questions_of(stage.provider)) as server:
        source = HttpQuotes(server.url)
        quote = source.quote(request(stage))
        require_good(stage.alice.swaps, request(stage), quote)
        assert source.accept(quote, hashlock_of(b"\7" * 32)) == quote.agreement(hashlock_of(b"\7" * 32))
        with pytest.raises(Rejected, match="QuoteUsed"):
            source.accept(quote, hashlock_of(b"\6" * 32))
        with pytest.raises(Rejected, match="AbovePerSwapLimit"):
            source.quote(request(stage, "1000000"))
        json = {"Content-Type": "application/json"}
        for body in (b"", b"{}", b"[" * 60_000, b"\xff", b'{"request": 1}', b'{"request": "{}"}', b'{"quote": null}'):
            for path in ("quote", "accept"):
                answer = requests.post(f"{server.url}/{path}", data=body, headers=json, timeout=5)
                assert answer.status_code in (409, 411), (body[:20], answer.text)
        assert requests.post(f"{server.url}/else", data=b"{}", headers=json, timeout=5).status_code == 404
        assert requests.post(f"{server.url}/quote", data=b"{}", timeout=5).status_code == 415
        assert requests.post(f"{server.url}/quote", data=b"1" * 70_000, headers=json, timeout=5).status_code == 413
        evil = {**json, "Host": "evil.example"}
        assert requests.post(f"{server.url}/quote", data=b"{}", headers=evil, timeout=5).status_code == 403
        assert requests.get(f"{server.url}/quote", timeout=5).status_code == 501
        assert source.quote(request(stage)).provider == stage.lucy.address
    with pytest.raises(Unavailable, match="NoAnswer"):
        source.quote(request(stage))
    with pytest.raises(Rejected, match="BadUrl"):
        JsonClient("file:///etc/passwd")
    assert dump_quote(quote)


def test_a_wallet_may_swap_on_two_chains_with_a_provider_too(stage):
    asked = request(stage, "2", Guarantee.FINAL, ("alpha", "ETH"), ("beta", "USDC"))
    quote = stage.provider.quote(asked)
    assert quote.takes.amount + quote.price.total == 5_000 * 10**6
    assert quote.price.option_premium > 0
    require_good(stage.alice.swaps, asked, quote)
