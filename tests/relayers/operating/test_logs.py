"""Lines a machine can read, a person can read, and that hold no secret, whatever is logged."""

import io
import json
import logging
import traceback

import pytest
import structlog

from relayers.operating.logs import HIDDEN, Redactor, configure_logs, redactor
from relayers.operating.metrics import Metrics
from relayers.operating.observing import ATTEMPTS, Observer
from relayers.operating.process import RelayerProcess
from relayers.operating.tallies import Tallies
from relayers.reports import Action, Did, StepReport, Wait, WaitsFor
from tests.relayers.operating.conftest import PASSWORD, eventually, log_lines, running

KEY = bytes(range(1, 33))
PACKET = "0x" + "ab" * 32


@pytest.fixture
def stream():
    """Where logs go in this test."""
    target = io.StringIO()
    configure_logs(target, layout="json", level="debug")
    yield target
    structlog.reset_defaults()
    logging.basicConfig(handlers=[logging.NullHandler()], force=True)


def test_a_redactor_takes_out_every_form_of_a_secret():
    clean = Redactor()
    clean.hide(KEY)
    clean.hide("http://node/key", "<east-1>")
    event = {
        "event": f"signing with 0x{KEY.hex()} and {KEY.hex().upper()}",
        "deep": {"list": [KEY, [KEY.hex()]], "password": "anything"},
        "number": int.from_bytes(KEY, "big"),
        "error": ValueError("at http://node/key/v1"),
        "password": "anything",
        "count": 3,
    }
    told = clean(None, "info", {**event, "number": str(event["number"])})
    assert told == {
        "event": f"signing with 0x{HIDDEN} and {HIDDEN}",
        "deep": {"list": [f"0x{HIDDEN}", [HIDDEN]], "password": HIDDEN},
        "number": HIDDEN,
        "error": "at <east-1>/v1",
        "password": HIDDEN,
        "count": 3,
    }


def test_the_twin_that_does_not_redact_tells_the_key(stream, monkeypatch):
    redactor.hide(KEY)
    structlog.get_logger().info("key", leaked=KEY.hex())
    assert KEY.hex() not in stream.getvalue()
    monkeypatch.setattr(Redactor, "clean", lambda _, text: text)
    structlog.get_logger().info("key", leaked=KEY.hex())
    assert KEY.hex() in stream.getvalue()


def test_tracebacks_and_foreign_loggers_are_redacted_too(stream):
    redactor.hide(KEY)
    try:
        int(f"bad key {KEY.hex()}")
    except ValueError as error:
        structlog.get_logger().error("failed", exc_info=error)
        logging.getLogger("web3").warning("sent %s", KEY.hex())
    assert KEY.hex() not in stream.getvalue()
    assert stream.getvalue().count(HIDDEN) >= 2
    assert all(json.loads(line) for line in stream.getvalue().splitlines())


def test_i16_no_secret_is_in_the_logs_of_a_whole_run(served, tmp_path, stream):
    path = served.write_files(tmp_path)
    packet = served.deposit()
    process = RelayerProcess(path)
    with running(path) as relayer:
        eventually(lambda: '"acknowledged"' in stream.getvalue())
        path.write_text(path.read_text() + "bad = 1\n")
        relayer.reload()
        served_texts = [relayer.get(where).text for where in ("/metrics", "/status", "/ready")]
    secrets = [bytes(served.signer.key).hex(), PASSWORD, served.servers[101].url]
    told = [stream.getvalue(), *served_texts, repr(process), repr(vars(process)), repr(process._assembly)]
    for secret in secrets:
        assert not [text for text in told if secret in text]
    about = [line for line in log_lines(stream.getvalue()) if line.get("packet_id") == "0x" + packet.hex()]
    assert [line["event"] for line in about if line["level"] == "info"][-1] == "acknowledged"
    assert all(line["daemon"] == "relayer east->settlement" for line in about)


def test_an_error_that_names_a_key_does_not_reach_the_terminal(served, tmp_path):
    path = served.write_files(tmp_path)
    (tmp_path / "password").write_text("not the password")
    try:
        RelayerProcess(path)
    except Exception:  # noqa: BLE001 - whatever it is
        told = traceback.format_exc()
    assert "not the password" not in told


def test_a_pretty_traceback_shows_no_local_variable():
    target = io.StringIO()
    configure_logs(target, layout="pretty")
    try:
        secret_local = KEY.hex()[::-1]
        int(f"not a number {len(secret_local)}")
    except ValueError as error:
        structlog.get_logger().error("failed", exc_info=error)
    structlog.reset_defaults()
    assert "ValueError" in target.getvalue()
    assert secret_local not in target.getvalue()


def test_pretty_is_not_json():
    target = io.StringIO()
    configure_logs(target, layout="pretty")
    structlog.get_logger().info("hello", packet_id=PACKET)
    structlog.reset_defaults()
    assert "hello" in target.getvalue()
    assert PACKET in target.getvalue()
    assert not target.getvalue().startswith("{")


class TestObserver:
    @pytest.fixture
    def observer(self, stream):
        self.metrics = Metrics(Tallies("sqlite://"))
        return Observer(self.metrics, monotonic=lambda: 0.0)

    def see(self, observer, *actions, waiting=()):
        observer.seen("relayer a->b", StepReport(actions=actions, waiting=waiting))

    def test_every_line_about_a_packet_names_it(self, observer, stream):
        every = [Action(did=did, subject=PACKET, detail="TransactionReverted: Why()") for did in Did]
        self.see(observer, *every, waiting=[Wait(waits_for=WaitsFor.RETRY, subject=PACKET)])
        lines = log_lines(stream.getvalue())
        assert len(lines) == len(Did) + 1
        assert all(line["packet_id"] == PACKET for line in lines)

    def test_an_attempt_is_told_as_one_and_a_failure_as_a_warning(self, observer, stream):
        self.see(observer, *(Action(did=did, subject=PACKET, detail="Why") for did in ATTEMPTS))
        lines = {line["event"]: line["level"] for line in log_lines(stream.getvalue())}
        assert lines == {
            "transaction sent": "info",
            "delivery sent": "info",
            "expiry sent": "info",
            "attempt failed": "warning",
        }
        assert "relayed" not in stream.getvalue()
        assert "delivered" not in stream.getvalue()

    def test_failures_are_counted_by_reason(self, observer):
        self.see(observer, Action(did=Did.FAILED, subject=PACKET, detail="TransactionReverted: Why()"))
        text = self.metrics.render().decode()
        assert 'clearspan_relayer_retries_total{daemon="relayer",reason="TransactionReverted"} 1.0' in text

    def test_a_wait_is_told_once(self, observer, stream):
        for _ in range(5):
            self.see(observer, waiting=[Wait(waits_for=WaitsFor.CHAIN, subject="a->b", detail="down")])
        assert len(log_lines(stream.getvalue())) == 1
