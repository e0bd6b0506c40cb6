"""What an account may have executed; and that nobody else can use it up."""

import pytest

from exchange.sdk.errors import Rejected, Unavailable
from exchange.serving.desk import OwnDesk
from exchange.serving.questions import Questions
from exchange.serving.rates import AccountRates
from tests.exchange.sequencer.venue import Venue


class Intake:
    def __init__(self, *, per_second=1, burst=3):
        self.venue, self.seconds = Venue().ready(), [0.0]
        self.rates = AccountRates(per_second=per_second, burst=burst, monotonic=lambda: self.seconds[0])
        questions = Questions(
            OwnDesk(self.venue.sequencer), self.venue.clock.now, self.venue.signer.address, None, rates=self.rates
        )
        self.ask = questions.public["submit"]

    def send(self, step):
        return self.ask({"step": "0x" + step.hex()})


def test_a_burst_then_so_many_a_second_and_others_are_not_held_up():
    intake = Intake()
    for number in range(3):
        intake.send(intake.venue.buy(1, 50_000 + number, 1))
    with pytest.raises(Unavailable, match="RateLimited"):
        intake.send(intake.venue.buy(1, 50_010, 1))
    intake.send(intake.venue.buy(2, 50_000, 1))
    intake.seconds[0] = 1.0
    intake.send(intake.venue.buy(1, 50_010, 1))
    with pytest.raises(Unavailable, match="RateLimited"):
        intake.send(intake.venue.buy(1, 50_011, 1))
    intake.seconds[0] = 100.0
    for number in range(3):
        intake.send(intake.venue.buy(1, 50_020 + number, 1))
    with pytest.raises(Unavailable, match="RateLimited"):
        intake.send(intake.venue.buy(1, 50_030, 1))


def test_who_is_limited_can_still_cancel_and_withdraw():
    intake = Intake(burst=1)
    intake.send(intake.venue.buy(1, 50_000, 1))
    intake.send(intake.venue.cancel_all(1))
    intake.send(intake.venue.withdraw(1, 10**6))


def test_steps_in_an_accounts_name_that_it_did_not_sign_use_up_nothing():
    """On a twin that counts what is sent, a stranger would shut an account out."""
    intake = Intake()
    forged = bytearray(intake.venue.buy(1, 50_000, 1))
    forged[-40] ^= 1
    for _ in range(10):
        with pytest.raises(Rejected):
            intake.send(bytes(forged))
    mine = intake.venue.buy(1, 50_000, 1)
    for _ in range(10):
        intake.send(mine)  # it is in the log for everybody to send again
    intake.send(intake.venue.buy(1, 50_001, 1))
    intake.send(intake.venue.buy(1, 50_002, 1))
    broken = Intake()
    broken.rates.require = broken.rates.executed
    for _ in range(10):
        with pytest.raises(Rejected):
            broken.send(bytes(forged))
    broken.rates.require = type(broken.rates).require.__get__(broken.rates)
    with pytest.raises(Unavailable, match="RateLimited"):
        broken.send(broken.venue.buy(1, 50_000, 1))
