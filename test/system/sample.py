"""How much of a long table is tried: conftest.py takes the hook from here.

ONE_IN=N     one row in N, for builds that take their time
SEED         which ones: 1, if it is not given
LENGTH=full  all of them
"""

from collections import defaultdict
import os
import random

LONG = 12


def one_in():
    return 1 if os.environ.get('LENGTH') == 'full' else int(os.environ.get('ONE_IN', 1))


def pytest_collection_modifyitems(config, items):
    tables = defaultdict(list)
    for item in items:
        tables[item.function].append(item)
    chosen = random.Random(int(os.environ.get('SEED') or 1))
    kept = set()
    for rows in tables.values():
        kept.update(chosen.sample(rows, -(-len(rows) // one_in())) if len(rows) >= LONG else rows)
    config.hook.pytest_deselected(items=[item for item in items if item not in kept])
    items[:] = [item for item in items if item in kept]
