"""A whole relayer process over chains on ports: what it carries, what it tells, how it reloads and ends."""

import pytest

from chains import ChainServer
from tests.relayers.operating.conftest import eventually, running


def test_it_carries_packets_and_says_so(served, tmp_path):
    packet = served.deposit()
    with running(served.write_files(tmp_path)) as relayer:
        eventually(lambda: served.is_acknowledged(packet))
        eventually(lambda: relayer.get("/ready").status_code == 200)
        assert relayer.get("/ready").json() == {"ready": True, "reasons": []}
        expected = (
            'clearspan_relayer_actions_total{daemon="relayer",did="acknowledged"}',
            'clearspan_relayer_client_expiry_seconds{client="east@settlement"}',
        )
        metrics = eventually(lambda: set(expected) <= (found := relayer.metrics()).keys() and found)
    assert metrics["clearspan_relayer_ready"] == 1
    assert metrics["clearspan_relayer_config_valid"] == 1
    assert metrics['clearspan_relayer_client_expiry_seconds{client="east@settlement"}'] > 86_400
    assert metrics['clearspan_relayer_wallet_balance_wei{chain="east",signer="relayer"}'] > 10**18


def test_counters_survive_a_restart(served, tmp_path):
    path = served.write_files(tmp_path)
    name = 'clearspan_relayer_actions_total{daemon="relayer",did="acknowledged"}'
    packet = served.deposit()
    with running(path) as relayer:
        eventually(lambda: served.is_acknowledged(packet) and relayer.metrics().get(name, 0) >= 1)
        before = relayer.metrics()[name]
    with running(path) as relayer:
        assert relayer.metrics()[name] == before


def test_a_chain_that_is_gone_makes_it_not_ready_until_it_is_back(served, tmp_path):
    path = served.write_files(tmp_path, extra="[readiness]\nstalled_seconds = 1.0")
    with running(path) as relayer:
        eventually(lambda: relayer.get("/ready").status_code == 200)
        with served.east_down():
            eventually(lambda: relayer.get("/ready").status_code == 503)
            eventually(lambda: "relayer east->settlement is blocked" in relayer.get("/ready").text)
            assert relayer.get("/live").status_code == 200
            assert relayer.metrics()["clearspan_relayer_ready"] == 0
        eventually(lambda: relayer.get("/ready").status_code == 200)


def test_routes_are_reloaded_without_a_restart(served, tmp_path):
    path = served.write_files(tmp_path, routes=[("settlement", "east")])
    with running(path) as relayer:
        eventually(lambda: relayer.get("/ready").status_code == 200)
        packet = served.deposit()
        assert "relayer east->settlement" not in relayer.get("/status").json()["workers"]
        served.write_files(tmp_path)
        assert relayer.reload()
        assert "relayer east->settlement" in relayer.get("/status").json()["workers"]
        eventually(lambda: served.is_acknowledged(packet))
        assert relayer.metrics()['clearspan_relayer_config_reloads_total{outcome="applied"}'] == 1


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (lambda text: text.replace('source = "east"', 'source = "atlantis"'), "no chain is named atlantis"),
        (lambda text: text + "surprise = 1\n", "surprise: unknown key"),
        (lambda text: text.replace("chain_id = 101", "chain_id = 100"), "has the same id"),
        (lambda text: text.replace("[listen]", "[listen"), "not TOML"),
        (lambda text: text.replace("[listen]\nport = 0", "[listen]\nport = 7"), "listen: takes a restart"),
        (lambda text: text + "[daemons.nobody]\n", "UnknownDaemon: nobody"),
    ],
)
def test_a_reload_is_refused_whole_and_the_old_configuration_goes_on(served, tmp_path, change, told):
    path = served.write_files(tmp_path)
    with running(path) as relayer:
        eventually(lambda: relayer.get("/ready").status_code == 200)
        workers = set(relayer.get("/status").json()["workers"])
        path.write_text(change(path.read_text()))
        assert not relayer.reload()
        status = relayer.get("/status").json()
        assert told in status["config_error"]
        assert set(status["workers"]) == workers
        metrics = relayer.metrics()
        assert metrics["clearspan_relayer_config_valid"] == 0
        assert metrics['clearspan_relayer_config_reloads_total{outcome="refused"}'] == 1
        packet = served.deposit()
        eventually(lambda: served.is_acknowledged(packet))


def test_an_endpoint_that_lies_is_named_and_relaying_goes_on(served, tmp_path):
    """Three endpoints of one chain, one of which serves a fork of it."""
    path = served.write_files(tmp_path)
    with served.servers[101].lock:
        forged = served.chains[101].fork(served.clock)
    with ChainServer(forged) as liar:
        entry = f'endpoints = [{{ id = "east-1", url = "{served.servers[101].url}" }}]'
        text = path.read_text()
        assert entry in text
        three = [served.servers[101].url, served.servers[101].url + "/two", liar.url]
        listed = ", ".join(f'{{ id = "east-{number}", url = "{url}" }}' for number, url in enumerate(three, 1))
        path.write_text(text.replace(entry, f"endpoints = [{listed}]"))
        with running(path) as relayer:
            packet = served.deposit()
            forged.mine()
            eventually(lambda: served.is_acknowledged(packet), 60)
            named = eventually(
                lambda: [
                    name
                    for name in relayer.metrics()
                    if "endpoint_disagreements_total{" in name and 'kind="slow"' not in name  # a busy machine
                ]
            )
            metrics = relayer.metrics()
    assert all('endpoint="east-3"' in name for name in named)
    assert metrics['clearspan_relayer_endpoints_needed{chain="east"}'] == 2


def test_a_newer_process_of_the_same_name_takes_over_and_the_older_one_ends(served, tmp_path):
    path = served.write_files(tmp_path)
    with running(path) as older:
        eventually(lambda: older.get("/ready").status_code == 200)
        with running(path) as newer:
            packet = served.deposit()
            eventually(lambda: served.is_acknowledged(packet), 60)
            eventually(lambda: not older.is_alive, 120)
            assert older.result is False
            assert newer.is_alive
