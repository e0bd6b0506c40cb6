"""Gas of the vault's calls beside deposits and first payments, in one fixed scenario."""

from bridge.packets import packet_id
from tests.contracts.harness import GUARDIAN, OWNER, RELAYER, STRANGER, TRADER, ZERO, deploy
from tests.contracts.swapping import REFUSE
from tests.contracts.test_vault_permits import by_permit, by_permit2, permit_house, sign_permit, sign_transfer
from tests.contracts.vault_terms import VAULT_BLOCKS, VAULT_DELAY, limits
from tests.contracts.vaulting import acknowledged_deposit, commanded_house, drain, pass_time, released


def measure_vault(meter):
    """`meter.run(name, chain, call, sender)` for each."""
    house = commanded_house(permit2="TestPermit2")
    far, functions, token = house.link.far, house.vault.functions, house.token.address
    acknowledged_deposit(house, amount=10**9)
    acknowledged_deposit(house, ZERO, 10**18, value=10**18)

    released(house, 10**6, 10**6, 10**6, 10**6)
    meter.run("CollateralVault.drain, 4 claims", far, drain(house))
    (packet,) = released(house, 10**6, first=9)
    meter.run("CollateralVault.redirect", far, functions.redirect(packet_id(packet), TRADER.address, 0), STRANGER)

    wallet = deploy(far, "TestWallet")
    far.transact(wallet.functions.configure(REFUSE, ZERO, b""), OWNER)
    released(house, 10**6, asset=ZERO, recipients=[wallet.address], first=10)
    meter.run("CollateralVault.drain, ether, credited", far, drain(house, ZERO))
    far.transact(wallet.functions.configure(0, ZERO, b""), OWNER)
    meter.run("CollateralVault.withdraw, ether", far, functions.withdraw(wallet.address, ZERO), RELAYER)

    permit2 = far.call(functions.permit2())
    far.transact(house.token.functions.approve(permit2, 2**256 - 1), TRADER)
    meter.run("CollateralVault.depositWithPermit2", far, by_permit2(house, sign_transfer(house, permit2)), TRADER)

    change = limits(token, 10**12)
    meter.run("CollateralVault.propose", far, functions.propose(change), OWNER)
    meter.run("CollateralVault.cancel", far, functions.cancel(change), GUARDIAN)
    far.transact(functions.propose(change), OWNER)
    pass_time(house, VAULT_DELAY, VAULT_BLOCKS)
    meter.run("CollateralVault.activate, limits", far, functions.activate(change), STRANGER)
    meter.run("CollateralVault.pause", far, functions.pause(60), GUARDIAN)
    meter.run("CollateralVault.unpause", far, functions.unpause(), GUARDIAN)

    house, permitted = permit_house()
    call = by_permit(house, permitted, sign_permit(house, permitted))
    meter.run("CollateralVault.depositWithPermit, first", house.link.far, call, TRADER)
