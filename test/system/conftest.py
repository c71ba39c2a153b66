"""The report at the end of a suite that counts what it tries."""

import tried


def pytest_terminal_summary(terminalreporter):
    for line in tried.lines():
        terminalreporter.write_line(line)
