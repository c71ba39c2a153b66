"""What tests that are random have in common: a seed, and a report of what was tried and found.

A conftest.py takes the fixtures and the hook from here by their names.
"""

import os
import random

import pytest

REPORT = []


@pytest.fixture(scope='session')
def report():
    """A list of lines, to be added to; printed at the end, before the summary."""
    return REPORT


@pytest.fixture(scope='session')
def seed():
    """From the environment variable SEED, or a new one."""
    return os.environ.get('SEED') or str(random.SystemRandom().randrange(1 << 32))


def pytest_terminal_summary(terminalreporter):
    for line in REPORT:
        terminalreporter.write_line(line)
