"""What the curl tool and poolsend send for the same arguments, recorded by the same server.

Requests are compared whole: method, target, every header in its order, and the body. Three headers are poolsend's
own business and left out, unless a test asks for them: User-Agent, Idempotency-Key and Expect.
"""

from harness import environment, run

import hashlib
import shutil
import subprocess

import pytest

CURL = shutil.which('curl')
CURL_VERSION = tuple(map(int, subprocess.run([CURL, '--version'], capture_output=True, text=True,
                                             check=True).stdout.split()[1].split('.')[:2]))
OWN = {'user-agent', 'idempotency-key', 'expect'}
LONG = 4096

# What curl means by some arguments has moved. They mean here what they meant before; a newer curl is given the
# arguments by which it still sends that. From 8.6 on nothing, joined to something, is joined without an &; from 8.13 on
# a carriage return at the end of a line of -H @file is sent.
MOVED = [
    ((8, 6), ('-d', '', '-d', 'b'), ('-d', '&b')),
    ((8, 6), ('-d', '@empty', '-d', 'b'), ('-d', '&b')),
    ((8, 13), ('-H', '@headers-crlf'), ('-H', '@headers')),
    ((8, 13), ('-H', '@-'), ('-H', '@headers')),
]


def digest(body):
    """A long body by its hash: the difference of two of them is of no use to a reader."""
    return body if len(body) <= LONG else (len(body), hashlib.sha256(body).hexdigest())


def described(request, including=()):
    left_out = OWN - {name.lower() for name in including}
    headers = [(name, value) for name, value in request.headers if name.lower() not in left_out]
    return request.method, request.target, headers, digest(request.body)


def recorded(server, send):
    """The requests that `send` makes."""
    before = server.count()
    send()
    return server.requests[before:]


def skip_what_curl_does_not_know(arguments):
    """Older tools lack --json, and networks in --noproxy."""
    if '--json' in arguments and CURL_VERSION < (7, 82):
        pytest.skip('this curl has no --json')
    if any(str(argument).endswith('.0/8') for argument in arguments) and CURL_VERSION < (7, 86):
        pytest.skip('this curl knows no networks in --noproxy')


def in_words_of_this_curl(arguments):
    for since, before, now in MOVED:
        if CURL_VERSION >= since and arguments[:len(before)] == before:
            return now + arguments[len(before):]
    return arguments


def run_curl(*arguments, stdin=b'', env=None):
    skip_what_curl_does_not_know(arguments)
    return subprocess.run([CURL, '-q', '-s', '-o', '/dev/null', *map(str, arguments)], input=stdin,
                          capture_output=True, env=environment(env), timeout=30, check=False)


def sent_by_curl(server, *arguments, **options):
    return recorded(server, lambda: run_curl(*arguments, **options))


def sent_by_poolsend(server, *arguments, stdin=b'', env=None):
    return recorded(server, lambda: run(*arguments, stdin=stdin, env=env, text=False))


def assert_same(server, *arguments, curl=None, including=(), stdin=b'', env=None):
    """poolsend sends for `arguments` what curl does for them, or for those of `curl`. Returns its requests."""
    curl = in_words_of_this_curl(arguments) if curl is None else curl
    wanted = sent_by_curl(server, *curl, stdin=stdin, env=env)
    assert wanted, 'curl sent nothing: there is nothing to compare with'
    got = sent_by_poolsend(server, *arguments, stdin=stdin, env=env)
    wanted = [described(each, including) for each in wanted]
    shown = [described(each, including) for each in got]
    assert shown == wanted, f'curl sends     {wanted}\npoolsend sends {shown}'
    return got
