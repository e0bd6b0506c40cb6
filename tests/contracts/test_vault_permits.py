"""Deposits by permit and by Permit2: whatever a permit claims to have done, the vault looks afterwards."""

import pytest
from eth_account import Account
from eth_account.messages import encode_typed_data

from bridge.payloads import DepositMessage
from tests.contracts.harness import FAR, OWNER, STRANGER, TRADER, ZERO, deploy, new_house, refused
from tests.contracts.vaulting import AMOUNT, accept, ledger

NO_FEES = (0, 0, 0, ZERO)
FOREVER = 2**48
PERMIT = {
    "Permit": [
        {"name": "owner", "type": "address"},
        {"name": "spender", "type": "address"},
        {"name": "value", "type": "uint256"},
        {"name": "nonce", "type": "uint256"},
        {"name": "deadline", "type": "uint256"},
    ]
}
PERMIT_TRANSFER = {
    "PermitTransferFrom": [
        {"name": "permitted", "type": "TokenPermissions"},
        {"name": "spender", "type": "address"},
        {"name": "nonce", "type": "uint256"},
        {"name": "deadline", "type": "uint256"},
    ],
    "TokenPermissions": [{"name": "token", "type": "address"}, {"name": "amount", "type": "uint256"}],
}


def permit_house(name="TestPermitToken"):
    house = new_house()
    token = deploy(house.link.far, name)
    house.link.far.transact(token.functions.mint(TRADER.address, 10**12), OWNER)
    accept(house, token)
    return house, token


def sign_permit(house, token, amount=AMOUNT, *, signer=TRADER, owner=TRADER, deadline=FOREVER, nonce=0):
    domain = {"name": "Permit", "version": "1", "chainId": FAR, "verifyingContract": token.address}
    message = {
        "owner": owner.address,
        "spender": house.vault.address,
        "value": amount,
        "nonce": nonce,
        "deadline": deadline,
    }
    signed = Account.sign_message(encode_typed_data(domain, PERMIT, message), signer.key)
    return (deadline, signed.v, signed.r.to_bytes(32, "big"), signed.s.to_bytes(32, "big"))


def by_permit(house, token, permit, amount=AMOUNT, owner=TRADER.address):
    return house.vault.functions.depositWithPermit(token.address, amount, owner, 0, NO_FEES, permit)


def sent_by(house, call, sender=TRADER, value=0):
    (packet,) = house.link.sent(house.link.far, house.link.far.transact(call, sender, value=value))
    return DepositMessage.decode(packet.payload)


def test_a_deposit_with_a_permit_needs_no_approval():
    house, token = permit_house()
    message = sent_by(house, by_permit(house, token, sign_permit(house, token)))
    assert (message.amount, message.owner, message.refund_to) == (AMOUNT, TRADER.address, TRADER.address)
    assert ledger(house, token.address) == (AMOUNT, AMOUNT)


def test_a_permit_that_somebody_used_first_does_no_harm():
    house, token = permit_house()
    deadline, v, r, s = sign_permit(house, token)
    used = token.functions.permit(TRADER.address, house.vault.address, AMOUNT, deadline, v, r, s)
    house.link.far.transact(used, STRANGER)
    assert sent_by(house, by_permit(house, token, (deadline, v, r, s))).amount == AMOUNT


@pytest.mark.parametrize("changed", [{"deadline": 1}, {"signer": STRANGER}, {"nonce": 1}, {"amount": AMOUNT - 1}])
def test_a_permit_that_does_nothing_is_noticed(changed):
    house, token = permit_house()
    call = by_permit(house, token, sign_permit(house, token, **changed))
    refused(house.link.far, call, f"AllowanceTooLow({token.address}, 0)", sender=TRADER)


def test_incident_47_a_token_that_swallows_permits_gives_nobody_credit():
    """As with wrapped ether: `permit` meets a fallback and succeeds."""
    house, token = permit_house("HostileToken")
    refused(
        house.link.far,
        by_permit(house, token, sign_permit(house, token)),
        f"AllowanceTooLow({token.address}, 0)",
        sender=TRADER,
    )
    # TRADER's approval for ever is his own: nobody else's permit deposit can use it.
    house.link.far.transact(token.functions.approve(house.vault.address, 2**256 - 1), TRADER)
    call = by_permit(house, token, sign_permit(house, token))
    refused(house.link.far, call, f"AllowanceTooLow({token.address}, 0)", sender=STRANGER)
    assert ledger(house, token.address) == (0, 0)


def test_permits_are_for_tokens_and_ether_is_for_fees():
    house, token = permit_house()
    permit = sign_permit(house, token)
    for asset in (ZERO, STRANGER.address):
        call = house.vault.functions.depositWithPermit(asset, AMOUNT, TRADER.address, 0, NO_FEES, permit)
        refused(house.link.far, call, f"AssetWithoutCode({asset})", sender=TRADER, value=0)
    refused(house.link.far, by_permit(house, token, permit), "WrongValue(1)", sender=TRADER, value=1)
    call = house.vault.functions.depositWithPermit(
        token.address, AMOUNT, TRADER.address, 0, (3, 4, 5, STRANGER.address), permit
    )
    assert sent_by(house, call, value=9).amount == AMOUNT


def permit2_house(twin=None):
    """A house with Permit2, which TRADER has approved for ever, as people do."""
    house = new_house(twins=twin and {"CollateralVault": twin}, vault_terms={"permit2": "TestPermit2"})
    permit2 = house.link.far.call(house.vault.functions.permit2())
    house.link.far.transact(house.token.functions.approve(permit2, 2**256 - 1), TRADER)
    house.link.far.transact(house.token.functions.approve(house.vault.address, 0), TRADER)
    return house, permit2


def sign_transfer(house, permit2, *, signer=TRADER, nonce=7, deadline=FOREVER, **changed):
    domain = {"name": "Permit2", "chainId": FAR, "verifyingContract": permit2}
    message = {
        "permitted": {"token": house.token.address, "amount": changed.get("amount", AMOUNT)},
        "spender": changed.get("spender", house.vault.address),
        "nonce": nonce,
        "deadline": deadline,
    }
    return Account.sign_message(encode_typed_data(domain, PERMIT_TRANSFER, message), signer.key).signature


def by_permit2(house, signature, *, asset=None, amount=AMOUNT, owner=TRADER.address, nonce=7, deadline=FOREVER):
    return house.vault.functions.depositWithPermit2(
        asset or house.token.address, amount, owner, 0, NO_FEES, nonce, deadline, signature
    )


def test_a_deposit_by_permit2_is_credited_once():
    house, permit2 = permit2_house()
    call = by_permit2(house, sign_transfer(house, permit2), owner=STRANGER.address)
    message = sent_by(house, call)
    assert (message.amount, message.owner, message.refund_to) == (AMOUNT, STRANGER.address, TRADER.address)
    assert ledger(house) == (AMOUNT, AMOUNT)
    refused(house.link.far, call, "InvalidNonce", sender=TRADER)


@pytest.mark.parametrize(
    ("changed", "error"),
    [
        ({"signer": STRANGER}, "InvalidSigner"),
        ({"spender": STRANGER.address}, "InvalidSigner"),
        ({"amount": AMOUNT + 1}, "InvalidSigner"),
        ({"nonce": 8}, "InvalidSigner"),
    ],
)
def test_a_signature_for_something_else_is_refused(changed, error):
    house, permit2 = permit2_house()
    refused(house.link.far, by_permit2(house, sign_transfer(house, permit2, **changed)), error, sender=TRADER)
    late = by_permit2(house, sign_transfer(house, permit2, deadline=1), deadline=1)
    refused(house.link.far, late, "SignatureExpired(1)", sender=TRADER)
    assert ledger(house) == (0, 0)


def steal_signature(twin):
    """A stranger sees TRADER's signature in the pool and uses it for a deposit that would be refunded to himself."""
    house, permit2 = permit2_house(twin)
    return house, by_permit2(house, sign_transfer(house, permit2))


def test_a_permit2_signature_serves_its_signer_alone():
    house, call = steal_signature(None)
    refused(house.link.far, call, "InvalidSigner", sender=STRANGER)
    house, call = steal_signature("vault-permit2-for-owner")
    assert sent_by(house, call, STRANGER).refund_to == STRANGER.address


def test_permit2_is_for_accepted_tokens_and_there_may_be_none():
    house, permit2 = permit2_house()
    signature = sign_transfer(house, permit2)
    refused(house.link.far, by_permit2(house, signature, asset=ZERO), f"AssetWithoutCode({ZERO})", sender=TRADER)
    call = by_permit2(house, signature, asset=permit2)
    refused(house.link.far, call, f"AssetNotAccepted({permit2})", sender=TRADER)
    refused(house.link.far, by_permit2(house, signature), "WrongValue(1)", sender=TRADER, value=1)
    house = new_house()
    refused(house.link.far, by_permit2(house, signature), "Permit2Unavailable()", sender=TRADER)
