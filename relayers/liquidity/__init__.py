"""Liquidity for swaps: who quotes, within which limits, and settles what was agreed."""
