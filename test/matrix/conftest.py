"""The tools of the system's tests are these tests' too; and the report at the end."""

import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).parent))
sys.path.insert(0, str(pathlib.Path(__file__).parents[1] / 'system'))
import harness  # noqa: E402, F401: it adds test/support
import report  # noqa: E402
from sample import pytest_collection_modifyitems  # noqa: E402, F401


def pytest_terminal_summary(terminalreporter):
    for line in report.lines:
        terminalreporter.write_line(line)
