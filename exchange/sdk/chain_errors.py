"""What chains and bridge raise, as the SDK's own errors."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from bridge.errors import Rejected as BridgeRejected
from bridge.errors import Unavailable as BridgeUnavailable
from bridge.swaps.errors import SwapRefused
from chains.errors import ChainError
from chains.errors import Rejected as ChainRejected
from exchange.sdk.errors import Rejected, Unavailable

T = TypeVar("T")


def on_chain(action: Callable[[], T]) -> T:
    """The action's answer; errors keep their reasons' names."""
    try:
        return action()
    except SwapRefused as error:
        raise Rejected(error.swap_reason.value, error.detail.partition(": ")[2]) from error
    except BridgeRejected as error:
        raise Rejected(error.reason.value, error.detail) from error
    except ChainRejected as error:
        raise Rejected(error.reason.value, error.message) from error
    except BridgeUnavailable as error:
        raise Unavailable(error.reason.value, error.detail) from error
    except ChainError as error:
        raise Unavailable(error.reason.value, error.message) from error
