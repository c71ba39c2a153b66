"""What the program is made to do while things fail: one message and short streams, with all that may come of them.

Each scenario asks for the same every time, but for the name of the run, which stands in every path and every id.
"""

from contextlib import nullcontext
from itertools import count
import json

from certs import make_ca
from runs import RecordingServer, Run

QUICK = ['--settle', '2s', '--answer-wait', '2s']
PATIENT = ['--settle', '300ms', '--answer-wait', '300ms', '--hedge-delay', 'none']
ALL_EVENTS = ['--events', 'start,finish,delivered,settled']


def rotated(items, turn):
    return items[turn or 0:] + items[:turn or 0]


class Scenario:
    """A command, and what is learned of it from runs in which nothing fails."""

    endpoints = 1
    lines = 0
    in_words = False

    def __init__(self, directory):
        self.directory = directory
        self._numbers = count(1)
        self.requests, self.paths, self.left, self.code = set(), {}, 0, None

    def next_number(self):
        return next(self._numbers)

    def serving(self, server):
        """The server that it needs, for a while: the tests' own."""
        return nullcontext(server)

    def learn(self, server):
        """What it does undisturbed. For the requests each endpoint is the first once, with room for all messages at a
        time and nobody in a hurry, so that all that may be asked for is asked for."""
        for turn in range(self.endpoints):
            self.requests |= Run(self, server, turn=turn).asked()
        run = Run(self, server)
        assert run.code in (0, 1), run
        self.requests |= run.asked()
        self.left, self.code = run.left, run.code
        return self

    def calls(self, server, kind_and_callers):
        return Run(self, server, f'{kind_and_callers}:0').calls


class Message(Scenario):
    """One message: refused by the first API, hung at the second until after the third has won."""

    endpoints = 3

    def command(self, run, server, turn):
        urls = [server.url(f'/{run}/{path}') for path in ('a?status=500', 'b?delay=0.06', 'c')]
        names = ['127.0.0.1:%d' % server.port + suffix for suffix in ('', '-2', '-3')]
        self.paths[run] = dict(zip(names, (f'/{run}/{path}' for path in 'abc')))
        hurry = [*QUICK, '--hedge-delay', '20ms'] if turn is None else PATIENT
        return ['--format', 'json', *ALL_EVENTS, *hurry, '--id', run, '-A', 'tortured',
                '-u', 'me:secret', '-H', 'X-Trace: ab', '-H', 'X-Empty;', '--json', '{"order": 7}',
                *rotated(urls, turn)], '', {}


class Words(Scenario):
    """One message in words, by way of a proxy, tried again, traced, with its answer in a file."""

    in_words = True

    def command(self, run, server, turn):
        return [*ALL_EVENTS, *QUICK, '-v', '--retry', '1', '--retry-delay', '1ms', '--id', run, '-x', server.url(),
                '--noproxy', 'elsewhere.invalid', '--resolve', 'elsewhere.invalid:80:127.0.0.9', '-X', 'PUT',
                '-o', str(self.directory / run), '-d', 'plain=text', '--success', '200,/ok=true', '--cacert', __file__,
                f'http://api.invalid/{run}/a?status=503'], '', {}


class Envelopes(Scenario):
    """A stream of envelopes and a configuration: a hedge, a late answer, a refusal, templates, bodies of their own."""

    endpoints = 2
    lines = 6

    def _config(self, run, server):
        return [
            {'name': 'a', 'url': server.url(f'/{run}/a?delay={{{{/delay}}}}&status={{{{/status}}}}'),
             'headers': {'X-Trace': '{{/text}}', 'X-Key': {'env': 'KEY'}},
             'success': {'status': '200', 'json': {'/ok': True}}},
            {'name': 'b', 'url': server.url(f'/{run}/b'), 'method': 'PATCH', 'user_agent': 'tortured',
             'body': {'text': 'line {{/text}}', 'again': '{{/delay}}'}},
        ]

    def _envelopes(self, run):
        bodies = [{'delay': 0, 'status': 200, 'text': 'one'}, {'delay': 0.06, 'status': 200, 'text': 'late'},
                  {'delay': 0, 'status': 500, 'text': 'refused'}, {'text': 'no template'}]
        lines = [{'id': f'{run}-{number}', 'body': body} for number, body in enumerate(bodies)]
        lines[0]['headers'] = {'X-More': 'of it'}
        lines[2]['bodies'] = {'b': 'for b alone'}
        return [json.dumps(line) for line in lines] + ['{"id": "no envelope"', '']

    def command(self, run, server, turn):
        path = self.directory / f'{run}.json'
        path.write_text(json.dumps({
            'hedge_delay': '20ms' if turn is None else 'none', 'settle': '2s', 'answer_wait': '2s',
            'workers': 4 if turn is None else 16,
            'defaults': {'headers': {'Content-Type': 'application/json'}},
            'endpoints': rotated(self._config(run, server), turn)}))
        self.paths[run] = {name: f'/{run}/{name}' for name in 'ab'}
        return (['stream', '--format', 'json', *ALL_EVENTS, '--input-format', 'envelopes', '--config', str(path)],
                '\n'.join(self._envelopes(run)) + '\n', {'KEY': 'secret'})


class Lines(Scenario):
    """A stream of lines, one at a time, to an API that closes its connections and another that takes what it gets."""

    endpoints = 2
    lines = 4

    def command(self, run, server, turn):
        urls = [server.url(f'/{run}/{path}') for path in ('a?close=after', 'b')]
        names = ['127.0.0.1:%d' % server.port + suffix for suffix in ('', '-2')]
        self.paths[run] = dict(zip(names, (f'/{run}/{path}' for path in 'ab')))
        return (['stream', '--format', 'json', *QUICK, '--workers', '2', '--in-order', '-H', 'X-Trace: ab',
                 *rotated(urls, turn)], 'one\ntwo\nthree\nfour', {})


class Named(Scenario):
    """One message to an API whose name has to be looked up."""

    def command(self, run, server, turn):
        self.paths[run] = {'api.test': f'/{run}/a'}
        return (['--format', 'json', *QUICK, '--id', run, '-d', 'text', f'http://api.test:{server.port}/{run}/a'],
                '', {'NAMES': 'api.test=127.0.0.1'})


class Secure(Scenario):
    """One message over TLS, to an API that shows a certificate of the user's own authority."""

    def __init__(self, directory):
        super().__init__(directory)
        self.ca = make_ca(directory)

    def serving(self, server):
        return RecordingServer(tls=self.ca.issue(['127.0.0.1']))

    def command(self, run, server, turn):
        self.paths[run] = {'127.0.0.1': f'/{run}/a'}
        return (['--format', 'json', *QUICK, '--id', run, '--cacert', str(self.ca.cert), '--oauth2-bearer', 'secret',
                 '-d', 'text', server.url(f'/{run}/a')], '', {})


class Hung(Scenario):
    """A stream to an API that never answers, one that refuses, and one that takes what it gets."""

    endpoints = 3
    lines = 6

    def command(self, run, server, turn):
        urls = [server.url(f'/{run}/{path}') for path in ('a?hang=request', 'b?status=500', 'c')]
        names = ['127.0.0.1:%d' % server.port + suffix for suffix in ('', '-2', '-3')]
        self.paths[run] = dict(zip(names, (f'/{run}/{path}' for path in 'abc')))
        hurry = ['--settle', '300ms', '--answer-wait', '2s', '--hedge-delay', '20ms', '--workers', '6']
        return (['stream', '--format', 'json', *(hurry if turn is None else [*PATIENT, '--workers', '36']),
                 *rotated(urls, turn)], 'one\ntwo\nthree\nfour\nfive\nsix\n', {})
