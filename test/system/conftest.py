"""The report at the end of a suite that counts what it tries."""

from sample import pytest_collection_modifyitems  # noqa: F401
import tried


def pytest_terminal_summary(terminalreporter):
    for line in tried.lines():
        terminalreporter.write_line(line)
