"""What a configuration file may say, and how each mistake in it is told."""

import tomllib

import pytest

from relayers.operating import config_rules
from relayers.operating.config import RelayerConfig
from relayers.operating.config_template import TEMPLATE
from relayers.operating.errors import ConfigRejected, Problem, Reason, Rejected

URL = "http://127.0.0.1:1"


@pytest.fixture
def path(served, tmp_path):
    return served.write_files(tmp_path)


def problems(path, text):
    path.write_text(text)
    with pytest.raises(ConfigRejected) as caught:
        config_rules.load(path)
    return set(caught.value.problems)


def problem(where, message):
    return Problem(path=where, message=message)


def test_a_file_is_read_and_its_paths_are_anchored(path):
    config = config_rules.load(path)
    assert [route.name for route in config.routes] == ["east->settlement", "settlement->east"]
    assert config.signers["relayer"].keystore == path.parent / "keys" / "relayer.json"
    assert config.store.url.get_secret_value() == f"sqlite:///{path.parent}/relayer.sqlite"
    assert config.listen.host == "127.0.0.1"


def test_the_template_has_every_section_and_no_other(path):
    tables = tomllib.loads(TEMPLATE)
    assert tables.keys() == RelayerConfig.model_fields.keys()
    text = TEMPLATE.replace("412001", "100").replace("412002", "101").replace("alpha", "east")
    config = config_rules.parse(text, path.parent)
    assert set(config.daemons) == {"relayer", "updater", "payer"}


@pytest.mark.parametrize(
    ("old", "new", "where", "message"),
    [
        ('deployment = "deployment.json"', "", "deployment", "Field required"),
        ("[listen]", "[lissen]", "lissen", "unknown key"),
        ("port = 0", "port = 70000", "listen.port", "Input should be less than or equal to 65535"),
        ("chain_id = 101", "chain_id = 7", "chains.east.chain_id", "the deployment has no chain 7"),
        ("chain_id = 101", "chain_id = 100", "chains.east.chain_id", "chains.settlement has the same id"),
        ("chain_id = 101", "quorum = 2\nchain_id = 101", "chains.east.quorum", "2 of 1 endpoints is no majority"),
        ('policy = "qbft"', 'policy = "hope"', "chains.settlement.finality.policy",
         "Input should be 'qbft', 'depth' or 'tag'"),
        ('source = "east"', 'source = "west"', "routes.0.source", "no chain is named west"),
        ('source = "east"', 'source = "settlement"', "routes.0", "a route has two ends"),
        ('signer = "relayer"', 'signer = "ghost"', "daemons.relayer.signer", "no signer is named ghost"),
        ("[listen]", '[exchange]\ngenesis = "deployment.json"\nurl = "ftp://x"\n[listen]', "exchange.url",
         "an http or https URL is needed"),
        ("[listen]", '[exchange]\ngenesis = "deployment.json"\noperators_url = "http://127.0.0.1:9470"\n[listen]',
         "exchange.operators_url", "traders must not reach what operators do"),
        ("every_seconds = 0.1", "every_seconds = 0", "daemons.relayer.every_seconds", "Input should be greater than 0"),
        ('password_file = "password"', 'password_file = "password"\npassword_env = "X"', "signers.relayer",
         "name a password file or a variable, not both"),
        ('id = "east-1", url = "http:', 'id = "east-1", url = "ftp:', "chains.east.endpoints.0.url",
         "an http or https URL is needed"),
        ('id = "east-1", url = "', 'id = "east-1", url = "${NO_SUCH_NAME}', "chains.east.endpoints.0.url",
         "${NO_SUCH_NAME} is not set"),
    ],
)  # fmt: skip
def test_each_mistake_is_named_with_its_path(path, old, new, where, message):
    text = path.read_text()
    assert old in text
    assert problem(where, message) in problems(path, text.replace(old, new, 1))


def test_all_mistakes_are_told_at_once(path):
    text = path.read_text().replace("port = 0", "port = -1").replace("[store]", "[store]\ncolour = 1")
    told = problems(path, text)
    assert {found.path for found in told} == {"listen.port", "store.colour"}


def test_one_node_does_not_vouch_for_itself_twice(path):
    text = path.read_text()
    start = text.index("endpoints = [")
    line = text[start : text.index("\n", start)]
    entry = line.removeprefix("endpoints = [").removesuffix("]")
    twice = f"endpoints = [{entry}, {entry}]"
    told = problems(path, text.replace(line, twice, 1))
    assert told == {
        problem("chains.settlement.endpoints.1.id", "settlement-1 is listed twice"),
        problem("chains.settlement.endpoints.1.url", "one node cannot vouch for itself: this URL is listed twice"),
    }


def test_urls_come_from_the_environment_and_are_in_no_representation(path, monkeypatch):
    monkeypatch.setenv("NODE_KEY", "0123secret4567")
    text = path.read_text().replace('id = "east-1", url = "', 'id = "east-1", url = "http://h/${NODE_KEY}?', 1)
    path.write_text(text)
    config = config_rules.load(path)
    assert config.chains["east"].endpoints[0].expanded().startswith("http://h/0123secret4567?")
    assert "0123secret4567" not in f"{config!r} {config}"
    assert "http://h" not in repr(config)


def test_a_missing_file(tmp_path):
    with pytest.raises(Rejected) as caught:
        config_rules.load(tmp_path / "none.toml")
    assert caught.value.reason is Reason.FILE_MISSING
