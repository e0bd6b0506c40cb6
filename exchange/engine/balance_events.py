"""What steps did to balances: deposits, withdrawals, transfers, locks, rebalancing. Units as in `events`."""

from __future__ import annotations

from msgspec import Struct


class CashLocked(Struct, frozen=True, tag=True, gc=False):
    """Cash of `account` was set aside for `payee`."""

    id: int
    account: int
    payee: int
    amount: int
    hash: bytes
    deadline: int


class LockClaimed(Struct, frozen=True, tag=True, gc=False):
    """The payee has the cash, and everybody the preimage."""

    id: int
    payee: int
    amount: int
    preimage: bytes


class LockRefunded(Struct, frozen=True, tag=True, gc=False):
    """The locker has the cash back."""

    id: int
    account: int
    amount: int


class WithdrawalWaiting(Struct, frozen=True, tag=True, gc=False):
    """A withdrawal waits for its asset's inventory; `amount` will leave, `fee` has gone to the asset's pool."""

    id: int
    account: int
    asset: int
    amount: int
    fee: int
    recipient: bytes


class QueueLeft(Struct, frozen=True, tag=True, gc=False):
    """The owner of a waiting withdrawal has its amount as cash again; the fee stays."""

    id: int
    account: int
    asset: int
    amount: int


class RebalanceReserved(Struct, frozen=True, tag=True, gc=False):
    """`amount + rebate` of the long asset is set aside until `deadline` for who brings `amount` of the short one."""

    account: int
    short: int
    long: int
    amount: int
    rebate: int
    bond: int
    deadline: int


class Rebalanced(Struct, frozen=True, tag=True, gc=False):
    """The deposit came in time: the bond is back, withdrawal `withdrawal` carries amount and rebate."""

    account: int
    short: int
    long: int
    amount: int
    rebate: int
    withdrawal: int


class ReservationLapsed(Struct, frozen=True, tag=True, gc=False):
    """No deposit came in time: what was set aside is free again, the bond is the insurance fund's."""

    account: int
    short: int
    long: int
    amount: int
    bond: int


class SubAccountOpened(Struct, frozen=True, tag=True, gc=False):
    """A further account of an owner."""

    account: int
    owner: bytes


class Transferred(Struct, frozen=True, tag=True, gc=False):
    """Cash or collateral moved between accounts of one owner."""

    account: int
    to: int
    asset: int
    amount: int


class AccountOpened(Struct, frozen=True, tag=True, gc=False):
    """The first item for an owner."""

    account: int
    owner: bytes


class Deposited(Struct, frozen=True, tag=True, gc=False):
    """A forced deposit was credited."""

    account: int
    owner: bytes
    asset: int
    amount: int
    packet_id: bytes


class WithdrawalQueued(Struct, frozen=True, tag=True, gc=False):
    """A withdrawal leaf was written."""

    id: int
    account: int
    asset: int
    amount: int
    recipient: bytes
    chain_id: int
    token: bytes
