"""What can go wrong, as values: one file per domain, every word of the vocabulary once.

A fault is drawn by chance or written down by a scenario, injected into a world, and healed. Adding one is one class
with `@fault("domain", "word")` in the file of its domain.
"""

from clearspan.lab.faults.base import VOCABULARY, Fault, Heal, fault

from clearspan.lab.faults import (  # isort: skip  # they enter themselves into the vocabulary, in this order
    chain,
    blocks,
    network,
    rpc,
    relayer,
    databases,
    money,
    validators,
    oracle,
    sequencer,
    operator,
)

DOMAINS = (chain, blocks, network, rpc, relayer, databases, money, validators, oracle, sequencer, operator)
"""The files of the vocabulary."""

__all__ = ["DOMAINS", "VOCABULARY", "Fault", "Heal", "fault"]
