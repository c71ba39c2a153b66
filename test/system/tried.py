"""What a suite of many cells tells at its end: how many were tried, by kind (conftest.py prints it)."""

from collections import Counter

_counts = Counter()


def count(what, number=1):
    _counts[what] += number


def lines():
    return [f'{number} {what}' for what, number in _counts.items()]
