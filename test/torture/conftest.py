import sys
import pathlib

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))

import pytest  # noqa: E402
import runs  # noqa: E402


@pytest.fixture(scope='module')
def server():
    with runs.RecordingServer() as running:
        yield running


def pytest_terminal_summary(terminalreporter):
    """What was tried, before the last line."""
    terminalreporter.write_line(f'seed {runs.SEED}')
    for summary in runs.summaries:
        terminalreporter.write_line(str(summary))
    terminalreporter.write_line(str(runs.Summary('together').add_all(runs.summaries)))
