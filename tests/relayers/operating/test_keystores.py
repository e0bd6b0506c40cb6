"""Keys at rest: encrypted, private, one per role, and never one that everybody knows."""

import json
import os

import pytest
from eth_account import Account

from clearspan.devnet.config import INSURANCE_NAME, ORACLE_NAMES
from clearspan.devnet.wallets import wallet
from relayers.operating import keystores
from relayers.operating.config import DEVELOPMENT_CHAIN_IDS, SignerSection
from relayers.operating.development_keys import ANVIL, is_development_key
from relayers.operating.errors import Reason, Rejected
from relayers.operating.process import RelayerProcess
from tests.relayers.operating.conftest import PASSWORD

KEY = bytes.fromhex("4c0883a69102937d6231471b5dbb6204fe5129617082792ae468d01a3f362318")
ANVIL_KEY = bytes.fromhex("ac0974bec39a17e36ba4a6b4d238ff944bacb478cbed5efcae784d7bf4f2ff80")


def reason_of(act):
    with pytest.raises(Rejected) as caught:
        act()
    return caught.value.reason


@pytest.fixture
def path(tmp_path):
    path = tmp_path / "keys" / "poster.json"
    keystores.create(path, "open sesame", role="poster", key=KEY, rounds=2)
    return path


def test_a_key_comes_back_with_its_password_alone(path):
    assert bytes(keystores.unlock(path, "open sesame").key) == KEY
    assert reason_of(lambda: keystores.unlock(path, "open barley")) is Reason.WRONG_PASSWORD
    assert keystores.read_entry(path).address == Account.from_key(KEY).address
    assert keystores.read_entry(path).role == "poster"


def test_the_file_is_for_its_owner_and_holds_no_key(path):
    assert path.stat().st_mode & 0o777 == 0o600
    text = path.read_text()
    assert KEY.hex() not in text.lower()
    assert json.loads(text)["crypto"]["kdf"] == "scrypt"


def test_a_keystore_is_never_replaced(path):
    before = path.read_bytes()
    assert reason_of(lambda: keystores.create(path, "x", role="poster")) is Reason.FILE_EXISTS
    assert path.read_bytes() == before


def test_an_empty_password_protects_nothing(tmp_path):
    assert reason_of(lambda: keystores.create(tmp_path / "a.json", "", role="a")) is Reason.NO_PASSWORD


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620, 0o602, 0o666])
def test_a_file_that_others_can_touch_is_not_opened(path, mode):
    path.chmod(mode)
    assert reason_of(lambda: keystores.unlock(path, "open sesame")) is Reason.EXPOSED_FILE
    path.chmod(0o400)
    assert bytes(keystores.unlock(path, "open sesame").key) == KEY


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"address": "00"}', "what"])
def test_what_is_no_keystore(path, text):
    path.write_text(text)
    assert reason_of(lambda: keystores.unlock(path, "open sesame")) is Reason.KEYSTORE_MALFORMED


def test_where_a_password_comes_from(tmp_path, monkeypatch):
    secret = tmp_path / "secret"
    secret.touch(mode=0o600)
    secret.write_text("from a file\n")
    keystore = tmp_path / "k.json"
    assert keystores.password_of(SignerSection(keystore=keystore, password_file=secret)) == "from a file"
    secret.chmod(0o644)
    exposed = SignerSection(keystore=keystore, password_file=secret)
    assert reason_of(lambda: keystores.password_of(exposed)) is Reason.EXPOSED_FILE
    monkeypatch.setenv("SECRET", "from the environment")
    named = SignerSection(keystore=keystore, password_env="SECRET")
    assert keystores.password_of(named) == "from the environment"
    monkeypatch.delenv("SECRET")
    assert reason_of(lambda: keystores.password_of(named)) is Reason.NO_PASSWORD
    plain = SignerSection(keystore=keystore)
    assert keystores.password_of(plain, lambda: "typed") == "typed"
    assert reason_of(lambda: keystores.password_of(plain)) is Reason.NO_PASSWORD


class TestDevelopmentKeys:
    def test_anvils_are_those_of_its_phrase(self):
        Account.enable_unaudited_hdwallet_features()
        phrase = " ".join(["test"] * 11 + ["junk"])
        derived = [Account.from_mnemonic(phrase, account_path=f"m/44'/60'/0'/0/{n}").address for n in range(20)]
        assert tuple(derived) == ANVIL

    def test_those_of_our_devnet_and_numbers_a_person_would_type(self):
        names = ("owner", "relayer", "poster", "faucet", "operator", INSURANCE_NAME, *ORACLE_NAMES)
        for address in [wallet(seed, name).address for seed in (0, 1, 9) for name in names]:
            assert is_development_key(address)
        assert is_development_key(Account.from_key(bytes([0x33]) * 32).address)
        assert is_development_key(Account.from_key((1).to_bytes(32, "big")).address)
        assert not is_development_key(Account.from_key(KEY).address)

    @pytest.mark.parametrize("key", [ANVIL_KEY, bytes(wallet(1, "relayer").key), bytes([0x33]) * 32])
    def test_incident_10_boot_refuses_a_key_that_everybody_knows(self, served, tmp_path, key):
        path = served.write_files(tmp_path)
        keystore = tmp_path / "keys" / "relayer.json"
        keystore.unlink()
        keystores.create(keystore, PASSWORD, role="relayer", key=key, rounds=2)
        assert reason_of(lambda: RelayerProcess(path)) is Reason.DEVELOPMENT_KEY

    def test_incident_10_the_twin_that_does_not_ask_starts(self, served, tmp_path, monkeypatch):
        path = served.write_files(tmp_path)
        keystore = tmp_path / "keys" / "relayer.json"
        keystore.unlink()
        keystores.create(keystore, PASSWORD, role="relayer", key=ANVIL_KEY, rounds=2)
        monkeypatch.setattr(keystores, "require_no_development_key", lambda *_: None)
        assert RelayerProcess(path).metrics

    def test_on_development_chains_they_are_what_they_are_for(self):
        keystores.require_no_development_key(ANVIL[0], DEVELOPMENT_CHAIN_IDS)
        assert reason_of(lambda: keystores.require_no_development_key(ANVIL[0], {31_337, 1})) is Reason.DEVELOPMENT_KEY

    def test_incident_10_an_exposed_keystore_does_not_boot_either(self, served, tmp_path):
        path = served.write_files(tmp_path)
        os.chmod(tmp_path / "keys" / "relayer.json", 0o644)  # noqa: PTH101
        assert reason_of(lambda: RelayerProcess(path)) is Reason.EXPOSED_FILE
