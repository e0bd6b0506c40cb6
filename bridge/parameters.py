"""The numbers a network is deployed with, with safe defaults."""

from dataclasses import dataclass
from typing import ClassVar

from eth_typing import ChecksumAddress
from pydantic import ConfigDict

from bridge.errors import Reason, Rejected

MINUTE = 60
HOUR = 60 * MINUTE
DAY = 24 * HOUR


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenParameters:
    """A test token deployed on every vault chain; caps of its credit, and of what leaves a vault, in whole tokens."""

    __pydantic_config__: ClassVar[ConfigDict] = ConfigDict(extra="forbid")

    name: str = "USD Coin"
    symbol: str = "USDC"
    decimals: int = 6
    credit_cap: int = 10_000_000
    credit_window_cap: int = 2_500_000
    vault_cap: int = 10_000_000


USDC = TokenParameters()


@dataclass(frozen=True, slots=True, kw_only=True)
class NetworkParameters:
    """What every contract of a network is constructed with; raises `Rejected(UNSAFE_PARAMETER)` outside safe bounds.

    Times in seconds, caps of credit in whole tokens per chain. A route's timeout and proof age together lie within its
    clients' trusting period, so that whatever was sent can be proven back.
    """

    __pydantic_config__: ClassVar[ConfigDict] = ConfigDict(extra="forbid")

    trusting_period_seconds: int = 14 * DAY
    max_clock_drift_seconds: int = 30
    trust_numerator: int = 2
    trust_denominator: int = 3

    recovery_delay_seconds: int = 2 * DAY
    recovery_delay_blocks: int = 50
    attestors: tuple[ChecksumAddress, ...] = ()
    attestor_threshold: int = 0

    route_epoch: int = 1
    route_delay_blocks: int = 100
    max_timeout_seconds: int = 2 * DAY
    max_proof_age_seconds: int = 1 * DAY
    max_gas_limit: int = 1_000_000
    max_payload_bytes: int = 4_096

    inclusion_delay_seconds: int = 12 * HOUR
    inclusion_spacing_seconds: int = 1
    forced_fee_wei: int = 10**15
    health_recovery_seconds: int = 1 * HOUR
    health_recovery_blocks: int = 20

    vault_window_seconds: int = 1 * DAY
    vault_delay_seconds: int = 9 * DAY
    vault_delay_blocks: int = 100
    longest_pause_seconds: int = 2 * DAY
    pause_budget_seconds: int = 7 * DAY
    pause_refill_seconds: int = 180 * DAY
    ether_vault_cap: int = 10_000

    challenge_seconds: int = 7 * DAY
    challenge_blocks: int = 50
    max_clock_lag_seconds: int = 1 * HOUR

    tokens: tuple[TokenParameters, ...] = (USDC,)
    ether_credit_cap: int = 4_000
    ether_credit_window_cap: int = 1_000
    credit_window_seconds: int = 1 * DAY
    caps_delay_seconds: int = 3 * DAY
    caps_delay_blocks: int = 100

    def __post_init__(self) -> None:
        rules = {
            "the trusting period is positive": self.trusting_period_seconds > 0,
            "the trust level lies in [1/3, 1]": 0 < self.trust_denominator <= 3 * self.trust_numerator
            and self.trust_numerator <= self.trust_denominator,
            "a drift bound is not negative": self.max_clock_drift_seconds >= 0,
            "a recovery can be objected to, and ends within the trusting period": (
                0 < self.recovery_delay_seconds < self.trusting_period_seconds and self.recovery_delay_blocks > 0
            ),
            "attestors decide by majority": (
                len(self.attestors) // 2 < self.attestor_threshold <= len(self.attestors)
                if self.attestors
                else self.attestor_threshold == 0
            ),
            "attestors ascend": list(self.attestors) == sorted(set(self.attestors), key=lambda one: int(one, 16)),
            "timeout and proof age are positive": min(self.max_timeout_seconds, self.max_proof_age_seconds) > 0,
            "timeout and proof age fit into the trusting period": (
                self.max_timeout_seconds + self.max_proof_age_seconds < self.trusting_period_seconds
            ),
            "a route is not replaced within a block": self.route_delay_blocks > 0,
            "gas and payload have room": self.max_gas_limit >= 100_000 and self.max_payload_bytes >= 160,
            "a vault's window lasts": self.vault_window_seconds > 0,
            "who objects to a change of a vault can leave before it": (
                self.vault_delay_seconds > self.challenge_seconds + self.inclusion_delay_seconds
                and self.vault_delay_blocks > 0
            ),
            "pauses are paid from a budget": (
                0 < self.longest_pause_seconds <= self.pause_budget_seconds < self.pause_refill_seconds // 2
            ),
            "a vault lets something out": all(
                cap > 0 for cap in (self.ether_vault_cap, *(token.vault_cap for token in self.tokens))
            ),
            "inclusion takes some time": min(self.inclusion_delay_seconds, self.inclusion_spacing_seconds) > 0,
            "the challenge period is positive in seconds and blocks": min(self.challenge_seconds, self.challenge_blocks)
            > 0,
            "the clock may lag": self.max_clock_lag_seconds > 0,
            "a forced item costs something": self.forced_fee_wei > 0,
            "a sick chain is watched for a while, of at most a year, before it counts as healthy": (
                0 < self.health_recovery_seconds <= 365 * DAY and 0 < self.health_recovery_blocks < 1 << 32
            ),
            "no window takes more credit than the net cap": all(
                0 < window <= net
                for net, window in (
                    *((token.credit_cap, token.credit_window_cap) for token in self.tokens),
                    (self.ether_credit_cap, self.ether_credit_window_cap),
                )
            ),
            "the credit window is at most a year": 0 < self.credit_window_seconds <= 365 * DAY,
            "caps rise after a delay of at most a year": 0 < self.caps_delay_seconds <= 365 * DAY
            and 0 < self.caps_delay_blocks < 1 << 32,
        }
        broken = [rule for rule, holds in rules.items() if not holds]
        if broken:
            raise Rejected(Reason.UNSAFE_PARAMETER, "; ".join(broken))
