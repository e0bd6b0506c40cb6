"""Other bridges under the lab's attacks: five ports, our own bridge behind them, and a weak one."""

from clearspan.lab.adapters.ports import Bridge, Chain, Ledger, Message, Messenger, Relayer, Vault

__all__ = ["Bridge", "Chain", "Ledger", "Message", "Messenger", "Relayer", "Vault"]
