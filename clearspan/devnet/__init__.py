"""A whole network in this process."""

from clearspan.devnet.config import DevnetConfig
from clearspan.devnet.core import DevnetCore
from clearspan.devnet.devnet import AsyncDevnet, Devnet

__all__ = ["AsyncDevnet", "Devnet", "DevnetConfig", "DevnetCore"]
