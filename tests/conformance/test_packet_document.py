"""docs/protocol/packets.md against the contract's interface and the Python codecs."""

import re
from pathlib import Path

import pytest
from eth_utils import keccak

import contracts
from bridge.packets import PACKET_TYPE, RECEIPT_DOMAIN, Status
from bridge.payloads import DepositMessage, ReleaseMessage

REPOSITORY = Path(__file__).resolve().parents[2]
DOCUMENT = (REPOSITORY / "docs" / "protocol" / "packets.md").read_text(encoding="utf-8")


def section(heading):
    (text,) = re.findall(rf"^## {heading}\n(.*?)(?=^## |\Z)", DOCUMENT, re.MULTILINE | re.DOTALL)
    return text


def rows(text):
    lines = [line for line in text.splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines[2:]]


def code(cell):
    return re.findall(r"`([^`]*)`", cell)[0]


def packet_components():
    (function,) = [entry for entry in contracts.load("Mailbox").abi if entry.get("name") == "receivePackets"]
    return function["inputs"][0]["components"]


def test_the_fields_are_those_of_the_contract_in_its_order():
    documented = [(code(name), code(kind)) for name, kind, _ in rows(section("Fields"))]
    components = [
        (component["name"], "Fees" if component["type"] == "tuple" else component["type"])
        for component in packet_components()
    ]
    assert documented == components


def test_the_fees_are_those_of_the_contract_in_its_order():
    (meaning,) = [meaning for name, _, meaning in rows(section("Fields")) if code(name) == "fees"]
    (fees,) = [component for component in packet_components() if component["name"] == "fees"]
    documented = [tuple(part.split()) for part in code(meaning).split(",")]
    assert documented == [(component["type"], component["name"]) for component in fees["components"]]


def test_python_encodes_the_same_types():
    kinds = [component["type"] for component in packet_components()]
    (fees,) = [component for component in packet_components() if component["name"] == "fees"]
    kinds[kinds.index("tuple")] = f"({','.join(component['type'] for component in fees['components'])})"
    assert f"({','.join(kinds)})" == PACKET_TYPE


def test_the_receipt_domain_is_the_same_in_words_python_and_bytecode():
    (preimage,) = re.findall(r'RECEIPT_DOMAIN = keccak256\("([^"]+)"\)', DOCUMENT)
    assert keccak(text=preimage) == RECEIPT_DOMAIN
    assert RECEIPT_DOMAIN in contracts.load("Mailbox").deployed_bytecode
    assert keccak(text=preimage + "x") not in contracts.load("Mailbox").deployed_bytecode


def test_the_statuses_have_their_numbers_everywhere():
    (line,) = re.findall(r"^Status: (.*?)\. ", DOCUMENT, re.MULTILINE)
    documented = {name.upper(): int(number) for number, name in re.findall(r"`(\d) (\w+)`", line)}
    assert documented == {status.name: int(status) for status in Status}
    source = (REPOSITORY / "contracts" / "src" / "types" / "Packet.sol").read_text(encoding="utf-8")
    (members,) = re.findall(r"enum Status \{(.*?)\}", source, re.DOTALL)
    names = re.findall(r"\w+", re.sub(r"//.*", "", members))
    assert {name.upper(): number for number, name in enumerate(names)} == documented


def test_the_words_in_storage_exist():
    layout = {entry["label"] for entry in contracts.load("Mailbox").storage_layout["storage"]}
    assert {code(mapping) for mapping, *_ in rows(section("Words in storage"))} <= layout


@pytest.mark.parametrize("message", [DepositMessage, ReleaseMessage])
def test_payloads_have_the_documented_fields(message):
    by_kind = {code(kind): code(fields) for kind, *_, fields in rows(section("Payloads of the clearinghouse"))}
    fields = [part.split() for part in by_kind[f"uint8 {message.KIND}"].split(",")]
    assert ("uint8", *(kind for kind, _ in fields)) == message.TYPES
    names = [re.sub(r"(?<!^)(?=[A-Z])", "_", name).lower() for _, name in fields]
    assert names == [name for name in message.__slots__ if name not in ("KIND", "TYPES")]
