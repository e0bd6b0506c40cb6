"""What a validator wrote down outlives its process, its crash and, where somebody else remembers, its own file."""

import shutil
import subprocess
import sys
from contextlib import suppress

import pytest

from chains import Reason, Rejected, Unavailable, Validator
from chains.keys import derive_key
from chains.sign_record import MemorySignRecord, SqliteSignRecord

KEY = derive_key("recorded")
ONE, TWO = b"\x01" * 32, b"\x02" * 32


@pytest.fixture(params=["memory", "file", "witnessed"])
def record(request, tmp_path):
    if request.param == "memory":
        yield MemorySignRecord()
        return
    witness = tmp_path / "elsewhere" if request.param == "witnessed" else None
    record = SqliteSignRecord(tmp_path / "signed.db", witness=witness)
    yield record
    record.close()


@pytest.fixture
def reopen(tmp_path):
    """Opens one record again and again, each time letting go of it before."""
    opened = []

    def open_again(*, witnessed=True):
        for earlier in opened:
            earlier.close()
        opened.append(SqliteSignRecord(tmp_path / "signed.db", witness=tmp_path / "witness" if witnessed else None))
        return opened[-1]

    yield open_again
    for record in opened:
        record.close()


def refusal(action):
    with pytest.raises((Rejected, Unavailable)) as caught:
        action()
    return caught.value.reason


def test_one_digest_at_a_height_and_round(record):
    record.claim(5, 0, ONE)
    record.claim(5, 0, ONE)
    record.claim(5, 1, TWO)
    record.claim(6, 0, TWO)
    assert refusal(lambda: record.claim(5, 0, TWO)) is Reason.DOUBLE_SIGN
    assert refusal(lambda: record.claim(5, 1, ONE)) is Reason.DOUBLE_SIGN
    assert [record.remembered(5, 0), record.remembered(5, 1), record.remembered(7, 0)] == [ONE, TWO, None]


@pytest.mark.parametrize("witnessed", [False, True])
def test_it_holds_after_a_restart(reopen, witnessed):
    for height in range(1, 4):
        reopen(witnessed=witnessed).claim(height, 0, ONE)
    record = reopen(witnessed=witnessed)
    for height in range(1, 4):
        assert refusal(lambda height=height: record.claim(height, 0, TWO)) is Reason.DOUBLE_SIGN
        record.claim(height, 0, ONE)


def test_it_holds_after_the_process_dies_with_the_signature_out(tmp_path):
    program = f"""
import os
from pathlib import Path
from chains import Validator
from chains.sign_record import SqliteSignRecord
record = SqliteSignRecord(Path({str(tmp_path)!r}) / "signed.db", witness=Path({str(tmp_path)!r}) / "witness")
print(Validator({KEY!r}, record=record).sign(7, 0, {ONE!r}).hex(), flush=True)
os._exit(9)
"""
    died = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=False)
    assert died.returncode == 9
    record = SqliteSignRecord(tmp_path / "signed.db", witness=tmp_path / "witness")
    validator = Validator(KEY, record=record)
    assert refusal(lambda: validator.sign(7, 0, TWO)) is Reason.DOUBLE_SIGN
    assert validator.sign(7, 0, ONE).hex() == died.stdout.strip()
    record.close()


def test_every_claim_is_synced(reopen):
    """EXTRA also syncs the folder after the journal is gone, without which a power cut may bring the journal back."""
    connection = reopen()._connection
    assert connection.execute("PRAGMA synchronous").fetchone() == (3,)
    assert connection.execute("PRAGMA journal_mode").fetchone() == ("delete",)


def test_nothing_is_signed_that_cannot_be_written_down(reopen):
    record = reopen()
    validator = Validator(KEY, record=record)
    validator.sign(1, 0, ONE)
    pages = record._connection.execute("PRAGMA page_count").fetchone()[0]
    record._connection.execute(f"PRAGMA max_page_count={pages}")
    height = 1
    while record.remembered(height, 0) is not None:
        height += 1
        with suppress(Unavailable):
            validator.sign(height, 0, ONE)
    assert 1 < height < 500
    assert refusal(lambda: validator.sign(height, 0, ONE)) is Reason.RECORD_UNWRITABLE
    again = reopen()
    assert [again.remembered(earlier, 0) for earlier in range(1, height)] == [ONE] * (height - 1)
    assert again.remembered(height, 0) is None


def test_nothing_is_signed_that_the_witness_did_not_see(reopen, tmp_path):
    record = reopen()
    validator = Validator(KEY, record=record)
    validator.sign(1, 0, ONE)
    blocker = tmp_path / "witness.draft"
    blocker.mkdir()
    for _ in range(2):
        assert refusal(lambda: validator.sign(2, 0, ONE)) is Reason.RECORD_UNWRITABLE
    blocker.rmdir()
    assert len(validator.sign(2, 0, ONE)) == 65
    assert reopen().remembered(2, 0) == ONE


def test_one_process_at_a_time(tmp_path):
    first = SqliteSignRecord(tmp_path / "signed.db")
    assert refusal(lambda: SqliteSignRecord(tmp_path / "signed.db")) is Reason.RECORD_IN_USE
    first.close()
    SqliteSignRecord(tmp_path / "signed.db").close()


def test_what_is_no_record_is_not_opened(tmp_path):
    (tmp_path / "signed.db").write_bytes(b"not a database" * 100)
    assert refusal(lambda: SqliteSignRecord(tmp_path / "signed.db")) is Reason.RECORD_UNWRITABLE
    assert refusal(lambda: SqliteSignRecord(tmp_path / "no" / "folder.db")) is Reason.RECORD_UNWRITABLE


class TestRolledBack:
    @pytest.fixture
    def restored(self, reopen, tmp_path):
        """A record put back to the copy that was taken after its first claim, three claims later."""
        record = reopen()
        record.claim(1, 0, ONE)
        record.close()
        shutil.copy(tmp_path / "signed.db", tmp_path / "backup")
        record = reopen()
        for height in (2, 3, 4):
            record.claim(height, 0, ONE)
        record.close()
        shutil.copy(tmp_path / "backup", tmp_path / "signed.db")

    def test_the_witness_knows_better(self, restored, reopen):
        assert refusal(reopen) is Reason.RECORD_ROLLED_BACK

    def test_without_one_the_signatures_would_be_given_again(self, restored, reopen):
        """What the witness is for."""
        record = reopen(witnessed=False)
        record.claim(3, 0, TWO)
        assert record.remembered(3, 0) == TWO

    def test_it_does_not_help_to_sign_on(self, restored, reopen):
        record = reopen(witnessed=False)
        for height in (2, 3, 4, 5):
            record.claim(height, 0, TWO)
        assert refusal(reopen) is Reason.RECORD_ROLLED_BACK

    def test_nor_to_lose_the_witness(self, restored, reopen, tmp_path):
        (tmp_path / "witness").unlink()
        assert refusal(reopen) is Reason.RECORD_ROLLED_BACK
        (tmp_path / "witness").write_text("what?")
        assert refusal(reopen) is Reason.RECORD_ROLLED_BACK

    def test_nor_to_begin_anew(self, reopen, tmp_path):
        reopen().claim(1, 0, ONE)
        reopen().close()
        (tmp_path / "signed.db").unlink()
        assert refusal(reopen) is Reason.RECORD_ROLLED_BACK

    def test_a_crash_between_record_and_witness_is_no_rollback(self, reopen, tmp_path):
        reopen().claim(1, 0, ONE)
        shutil.copy(tmp_path / "witness", tmp_path / "kept")
        reopen().claim(2, 0, ONE)
        (tmp_path / "kept").replace(tmp_path / "witness")
        assert reopen().remembered(2, 0) == ONE
        assert (tmp_path / "witness").read_text().startswith("2 ")

    @pytest.mark.parametrize(
        "edit",
        [
            "DELETE FROM signed WHERE height = 2",
            "UPDATE signed SET digest = zeroblob(32) WHERE height = 2",
            "UPDATE signed SET height = 9 WHERE height = 3",
            "UPDATE signed SET sequence = 9 WHERE height = 3",
        ],
    )
    def test_entries_cannot_be_taken_out_or_changed(self, reopen, edit):
        record = reopen(witnessed=False)
        for height in (1, 2, 3):
            record.claim(height, 0, ONE)
        record._connection.execute(edit)
        assert refusal(lambda: reopen(witnessed=False)) is Reason.RECORD_ROLLED_BACK

    def test_others_remember_what_a_lost_record_does_not(self, local):
        """Both files gone with their machine: the chain still bears the seals."""
        members = [Validator(derive_key("member", index)) for index in range(4)]
        local.rotate(members)
        header = local.mine()
        members[0].check_record(header)
        restored = Validator(derive_key("member", 0))
        assert refusal(lambda: restored.check_record(header)) is Reason.RECORD_ROLLED_BACK
        Validator(derive_key("stranger")).check_record(header)
        rival = header.altered(state_root=ONE).sealed_by([derive_key("member", 0)])
        assert refusal(lambda: members[0].check_record(rival)) is Reason.RECORD_ROLLED_BACK
