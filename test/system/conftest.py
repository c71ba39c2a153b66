"""The report at the end of a suite that counts what it tries; and how much of it is tried.

ONE_IN=N     of a long table one row in N, for builds that take their time
SEED         which ones: 1, if it is not given
LENGTH=full  all of them
"""

from collections import defaultdict
import os

import tried

LONG = 12


def pytest_collection_modifyitems(config, items):
    one_in = int(os.environ.get('ONE_IN', 1)) if os.environ.get('LENGTH') != 'full' else 1
    first = int(os.environ.get('SEED') or 1) % one_in
    tables = defaultdict(list)
    for item in items:
        tables[item.function].append(item)
    skipped = {row for rows in tables.values() if len(rows) >= LONG
               for number, row in enumerate(rows) if number % one_in != first}
    config.hook.pytest_deselected(items=[item for item in items if item in skipped])
    items[:] = [item for item in items if item not in skipped]


def pytest_terminal_summary(terminalreporter):
    for line in tried.lines():
        terminalreporter.write_line(line)
