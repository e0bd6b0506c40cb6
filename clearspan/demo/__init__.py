"""The whole way, once: deposit on one chain, trade, withdraw on another."""
