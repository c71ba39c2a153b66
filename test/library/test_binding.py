"""The binding of test/examples, which knows nothing of the library but the names and types of its functions."""

import ctypes
import os
import pathlib
import re
import sys

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / 'test' / 'support'), str(ROOT / 'test' / 'examples')]

import poolsend
from poolsend import Sender
from server import Server

LIBRARY = os.environ['LIBRARY']


@pytest.fixture
def server():
    with Server() as server:
        yield server


def test_message_is_delivered_and_the_slow_api_is_told_later(server):
    server.script('/slow', 'delay=0.5')
    sender = Sender(LIBRARY, [server.url('/slow'), server.url('/fast')], hedge_delay='10ms')
    account = sender.deliver('disk full')
    delivered, settled = account.delivered(0), account.settled()
    account.close()
    sender.close()
    assert (delivered['event'], delivered['url'], delivered['pending']) == ('delivered', server.url('/fast'), [1])
    assert (settled['outcome'], settled['winner'], settled['also_delivered']) == ('delivered', 2, [1])
    assert [request.body for request in server.requests if request.path == '/fast'] == [b'disk full']


def test_message_that_nobody_takes_has_no_winner(server):
    sender = Sender(LIBRARY, [server.url('/?status=500')])
    account = sender.deliver('x')
    assert account.delivered(0) is None
    assert account.settled(0)['outcome'] == 'undelivered'
    account.close()
    sender.close()


@pytest.mark.parametrize('options, words', [
    ({'hedge_dealy': '1s'}, 'did you mean hedge_delay?'),
    ({'settle': 'soon'}, "settle: 'soon' is not a time"),
])
def test_wrong_option_is_told_in_words(options, words):
    with pytest.raises(ValueError, match=re.escape(words)):
        Sender(LIBRARY, ['http://127.0.0.1:1/'], **options)


def test_binding_mirrors_no_struct():
    assert not [each for each in vars(poolsend).values() if isinstance(each, type) and issubclass(each, ctypes.Structure)]
    assert 'Structure' not in (ROOT / 'test' / 'examples' / 'poolsend.py').read_text()
