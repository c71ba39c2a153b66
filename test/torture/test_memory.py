"""Every allocation fails in turn, of our own code, of libcurl, and of the C library on behalf of both; and so do all
from each of them on.

Left out are those of libraries that do not survive it: json-c crashes, or takes one text for another; OpenSSL 3.0
crashes where it had no memory for a lock when it began, and survives the rest."""

import pytest

from runs import MODULE, sample, torture
from scenarios import Envelopes, Lines, Message, Named, Secure, Words

# One in so many is taken, but in the long form.
TABLE = [
    (Message, 'own', '', 1), (Message, 'curl', '', 11), (Message, 'libc', '', 3), (Message, 'own', '+', 6),
    (Words, 'own', '', 3), (Words, 'curl', '', 11), (Words, 'libc', '', 7), (Words, 'own,libc', '+', 13),
    (Envelopes, 'own', '', 1), (Envelopes, 'curl', '', 31), (Envelopes, 'libc', '', 5),
    (Envelopes, 'own,libc', '+', 17),
    (Lines, 'own', '', 3), (Lines, 'curl', '', 31), (Lines, 'libc', '', 5), (Lines, 'own,curl', '+', 37),
    (Secure, 'own', '', 4), (Secure, 'curl', '', 11), (Secure, 'own,curl', '+', 17),
]
if MODULE:
    TABLE += [(Named, 'own', '', 4), (Named, 'curl', '', 11), (Named, 'own,curl,libc', '+', 17)]


@pytest.mark.parametrize('kind,callers,later,every', TABLE)
def test_memory_that_runs_out_loses_nothing(server, tmp_path, kind, callers, later, every):
    scenario = kind(tmp_path)
    with scenario.serving(server) as its_server:
        calls = scenario.learn(its_server).calls(its_server, f'memory:{callers}')
        orders = [f'memory:{callers}:{number}{later}' for number in sample(calls, every)]
        torture(f'{kind.__name__}, memory of {callers}{later}, {calls} calls', scenario, its_server, orders)
