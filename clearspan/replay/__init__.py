"""Recorded market data as a source of quotes, orders and index prices."""
