"""Attestor and carrier as an operator configures them."""

import pytest
from eth_account import Account
from web3 import Web3

from bridge.clients import consensus_state
from chains.errors import Unavailable
from relayers.attesting import AttestedClient
from relayers.operating import keystores
from relayers.operating.errors import ConfigRejected
from relayers.operating.process import RelayerProcess
from tests.relayers.operating.conftest import EAST, PASSWORD, SETTLEMENT, eventually, running


@pytest.fixture
def attested(served):
    """A client on the settlement chain that believes one of one attestors about a contract on EAST."""
    key = Account.create()
    contract = served.deployment.vault(EAST).vault
    with served.servers[SETTLEMENT].lock, served.servers[EAST].lock:
        parameters = (EAST, contract, 86_400, 600, 7_200, 1_800, 3_600, True)
        client = served.chains[SETTLEMENT].deploy(
            "AttestationClient", [parameters, [Web3.to_checksum_address(key.address)], 1], served.owner
        )
    return key, client.address, contract


def configured(served, attested, directory):
    key, client, contract = attested
    keystores.create(directory / "keys" / "attestor.json", PASSWORD, role="attestor", key=bytes(key.key), rounds=2)
    one = f'{{ on = "settlement", client = "{client}", follows = "east", contract = "{contract}" }}'
    return served.write_files(
        directory,
        routes=(),
        extra=(
            f'[signers.attestor]\nkeystore = "keys/attestor.json"\npassword_file = "password"\n'
            f"[daemons.attestor]\nevery_seconds = 0.1\n[daemons.attestor.options]\n"
            f'record = "{directory}/signed.sqlite"\ninterval_seconds = 1\nclients = [{one}]\n'
            f'[daemons.carrier]\nsigner = "relayer"\nevery_seconds = 0.1\n'
            f"[daemons.carrier.options]\nclients = [{one}]\n"
        ),
    )


def test_an_attestor_signs_serves_and_is_carried_and_a_reload_keeps_its_record(served, attested, tmp_path):
    path = configured(served, attested, tmp_path)
    client = AttestedClient(served.chains[SETTLEMENT], attested[1])

    def height():
        with served.servers[SETTLEMENT].lock:
            return client.latest_height()

    with running(path) as relayer:
        first = eventually(height, 30)
        kept = eventually(lambda: relayer.get(f"/approvals/{attested[1]}").json()["approvals"])
        assert kept[-1]["signer"] == attested[0].address
        with served.servers[EAST].lock:
            true = consensus_state(served.chains[EAST].header(kept[-1]["height"]))
        assert kept[-1]["state_root"] == true.state_root.hex()
        second = tmp_path / "second.toml"
        second.write_text(path.read_text().replace("relayer.sqlite", "second.sqlite"))
        with pytest.raises(Unavailable, match="RecordInUse"):
            RelayerProcess(second)
        path.write_text(path.read_text().replace("interval_seconds = 1", "interval_seconds = 2"))
        assert relayer.reload()
        eventually(lambda: height() > first, 30)


def test_wrong_options_are_told_with_their_path(served, attested, tmp_path):
    path = configured(served, attested, tmp_path)
    path.write_text(path.read_text().replace("interval_seconds = 1", "interval_seconds = 0\ncolour = 1"))
    with pytest.raises(ConfigRejected) as caught:
        RelayerProcess(path)
    assert {problem.path for problem in caught.value.problems} == {
        "daemons.attestor.options.interval_seconds",
        "daemons.attestor.options.colour",
    }
