"""Gas that others publish for what our calls do, each with the place it was read at."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Published:
    """One figure. `what` it includes decides what it can be compared with."""

    system: str
    call: str
    gas: int
    what: str
    source: str


_IBC = "cosmos/ibc-contracts `ibc-solidity/benchmarks/README.md` at 01001c53"
_SIMULATED = "cosmos/ibc-contracts `ibc-solidity/benchmarks/snapshots/BesuQBFTSim.json` at 286bd287"
_OLDER = "cosmos/ibc-contracts `ibc-solidity/benchmarks/README.md` at 8f33f351"
_YUI = "hyperledger-labs/yui-ibc-solidity pull request 289 (July 2024)"
_CCIP = "smartcontractkit/chainlink `contracts/gas-snapshots/ccip.gas-snapshot` at 018930cc"
_ISM = "hyperlane-xyz/hyperlane-monorepo `solidity/gas/StaticMultisigIsm.json` at 8aa65721"
_ISM_QUOTED = "hyperlane-xyz/hyperlane-monorepo `typescript/sdk/src/consts/multisigIsmVerifyCosts.ts` at 8a5afb68"


def _figure(system: str, call: str, gas: int, what: str, source: str) -> Published:
    return Published(system=system, call=call, gas=gas, what=what, source=source)


PUBLISHED = (
    _figure("Besu client", "update", 233_562, "header of a live network, 4 validators, called directly", _IBC),
    _figure("Besu client", "update", 370_620, "as above, an earlier version", _OLDER),
    _figure("Besu client", "update, 4 validators", 191_077, "simulated header, called directly", _SIMULATED),
    _figure("Besu client", "update, 7 validators", 235_821, "simulated header", _SIMULATED),
    _figure("Besu client", "update, 16 validators", 396_492, "simulated header", _SIMULATED),
    _figure("Besu client", "update, 32 validators", 779_323, "simulated header", _SIMULATED),
    _figure("Besu client", "update, 64 validators", 1_917_690, "simulated header", _SIMULATED),
    _figure("Besu client", "prove one word", 74_543, "live fixture, called directly", _IBC),
    _figure("IBC v2, SP1 Groth16", "send", 164_812, "an ERC-20 transfer, mean of 50", _IBC),
    _figure("IBC v2, SP1 Groth16", "receive, 1", 553_223, "client update, proof and ERC-20 callback in one", _IBC),
    _figure("IBC v2, SP1 Groth16", "receive, each of 50", 174_979, "as above", _IBC),
    _figure("IBC v2, SP1 Groth16", "acknowledge, 1", 446_341, "client update, proof and callback in one", _IBC),
    _figure("IBC v2, SP1 Groth16", "acknowledge, each of 50", 104_915, "as above", _IBC),
    _figure("IBC v2, SP1 Groth16", "timeout, 1", 503_660, "client update, proof of absence, refund", _IBC),
    _figure("yui-ibc-solidity", "update", 150_703, "mock client through the handler: nothing is verified", _YUI),
    _figure("yui-ibc-solidity", "send", 96_524, "mock client", _YUI),
    _figure("yui-ibc-solidity", "receive, 1", 158_121, "mock client", _YUI),
    _figure("yui-ibc-solidity", "acknowledge, 1", 100_109, "mock client", _YUI),
    _figure("Hyperlane", "verify, 3 of 4", 74_656, "the ISM alone, Foundry, 2023; no update, no acknowledgement", _ISM),
    _figure("Hyperlane", "verify, 3 of 4", 166_460, "what its SDK charges for verification", _ISM_QUOTED),
    _figure("CCIP 1.6", "send", 131_531, "fee in LINK, no token; Foundry test, without the transaction itself", _CCIP),
    _figure("CCIP 1.6", "commit a root", 140_923, "for a batch of messages; Foundry test", _CCIP),
    _figure("CCIP 1.6", "execute, 1", 141_570, "one message, no token; Foundry test; no acknowledgement", _CCIP),
)

NOT_CONFIRMED = (
    (
        "403,564 gas per update (4 validators, 3 seals) and 75,070 per membership proof are also quoted for the Besu "
        "client of cosmos/ibc-contracts. No version of its benchmarks that could be read has these numbers; those that "
        "could are above."
    ),
    "For Hyperlane's `dispatch` and `process` no published figure was found, only what verification costs.",
    "For yui-ibc-solidity no figure with a client that verifies a Besu header was found, only with its mock client.",
    "CCIP's figures are of Foundry tests: they leave out the 21,000 gas and the calldata of a transaction.",
)
