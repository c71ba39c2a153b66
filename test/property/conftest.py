"""Where the tests find what they share with others."""

import pathlib
import sys

TEST = pathlib.Path(__file__).resolve().parents[1]
sys.path[:0] = [str(TEST / 'system'), str(TEST / 'support')]

from reporting import pytest_terminal_summary, report, seed  # noqa: E402,F401
