import io

from clearspan.progress import PlainLines, progress_on


def test_without_a_terminal_progress_is_plain_lines():
    stream = io.StringIO()
    with progress_on(stream) as progress:
        progress.stage("Deploying")
        progress.tick("half way")
        progress.note("three chains")
    assert isinstance(progress, PlainLines)
    assert stream.getvalue() == "Deploying\n  three chains\n"
