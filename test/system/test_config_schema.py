"""The schema of the configuration file takes what the program takes, and refuses what it refuses: every key, at each
place where it can stand, is tried with both."""

import json
import os
import pathlib

import jsonschema
import pytest

from harness import run

SCHEMA = json.loads(pathlib.Path(os.environ['CONFIG_SCHEMA']).read_text())
VALIDATOR = jsonschema.Draft7Validator(SCHEMA)
TOP = SCHEMA['properties']
ENDPOINT = SCHEMA['definitions']['endpoint']['properties']

TIMES = ['250ms', '1s', '2m', '1h', '.5', '1.', 0, 1, 0.25], [
    '5 parsecs', '', '1d', '-1s', '1e3', -1, 36000001, True, None, [], {}]
SIZES = ['4096', '64K', '1m', '2G', 4096], ['1X', '', '-1', '1.5K', -1, 1.5, True, None]
FLAGS = [True, False], ['true', 1, 0, None, [], {}]
TEXTS = ['a', ''], ['a\nb', 'a\rb', 5, True, None, [], {}]
FILES = ['there'], ['', 'a\nb', 5, True, None, [], {}]
SECRETS = ['a', {'env': 'SECRET'}, {'file': 'there'}], ['a\nb', 5, None, [], {}, {'env': 'SECRET', 'file': 'there'},
                                                        {'evn': 'SECRET'}, {'env': ''}, {'env': 5}, {'file': None}]


def many(count):
    return [f'/a{number}' for number in range(count)]


def counts(least, most):
    return [least, most], [least - 1, most + 1, 1.5, '1', True, None, []]


# By key: values that are taken, and values that are not.
VALUES = {
    '$schema': (['', 'config.schema.json'], [5, None, {}]),
    'hedge_delay': ([*TIMES[0], 'none', 'p50', 'p95', 'p99.9'], [*TIMES[1], 'p49', 'p100', 'p99.99', 'None']),
    'hedge_budget': (['10%', '2.5%', '0%', '100%', 'none'], ['110%', '10', '', 10, 0.1, '-1%', None]),
    'settle': TIMES,
    'answer_wait': TIMES,
    'max_time': ([0, '1h', 36000], TIMES[1]),
    'attempt_timeout': TIMES,
    'retry': (counts(0, 1000)[0], [-1, 1001, 1.5, '1', True, None, []]),
    'retry_delay': TIMES,
    'retry_max_time': TIMES,
    'workers': ([1, 64], counts(1, 100000)[1]),
    'max_pending': counts(1, 1000000),
    'in_order': FLAGS,
    'breaker': FLAGS,
    'rate': (['100/s', '30/m', '2/h', '5/d', '10', 'none', 10, 0.5], ['100/w', '', '/s', 0, -1, 1000001, True, None]),
    'fatal_status': (['401', '401,403', '400-499', '401,500-599'], ['600', '', '401,', '4xx', 401, [401], None]),
    'idempotency_key': FLAGS,
    'max_body': SIZES,
    'max_response': SIZES,
    'name': (['eu', 'a b'], ['', 'a\nb', 5, None, {}]),
    'url': (['http://127.0.0.1:1/', 'https://a.example/{{/x}}'], ['', 'a\nb', 5, None, {}]),
    'method': (['PUT', 'FOO'], ['', 'a\nb', 5, None]),
    'headers': ([{}, {'A': 'b'}, {'A': ''}, {'A': None}, {'A': {'env': 'SECRET'}, 'B': {'file': 'there'}},
                 {'A': '{{/x}}'}, {name[1:]: '' for name in many(1000)}],
                [[], 'A: b', None, {'A B': 'c'}, {'': 'c'}, {'A': 'b\nEvil: c'}, {'A': 5}, {'A': {'evn': 'B'}},
                 {name[1:]: '' for name in many(1001)}]),
    'user': (['name:password', ':', {'env': 'USER_AND_PASSWORD'}], ['alone', *SECRETS[1]]),
    'oauth2_bearer': SECRETS,
    'user_agent': TEXTS,
    'insecure': FLAGS,
    'cacert': FILES,
    'capath': (['.'], FILES[1]),
    'cert': FILES,
    'key': FILES,
    'key_password': SECRETS,
    'proxy': (['', 'http://127.0.0.1:1', 'socks5h://127.0.0.1:1', {'env': 'PROXY'}], SECRETS[1]),
    'noproxy': (['', '*', 'a.example,b.example'], TEXTS[1]),
    'location': FLAGS,
    'unix_socket': FILES,
    'resolve': ([[], ['a.example:1:127.0.0.1'], ['a.example:1:127.0.0.1'] * 1000],
                ['a.example:1:127.0.0.1', {}, 5, None, [5], [None], ['a\nb'], ['a.example:1:127.0.0.1'] * 1001]),
    'connect_to': ([[], ['a.example:1:b.example:2', '::b.example:2'], ['::b.example:2'] * 1000],
                   ['a:1:b:2', {}, 5, None, [5], [None], ['a\nb'], ['::b.example:2'] * 1001]),
    'ipv4': FLAGS,
    'ipv6': FLAGS,
    'connect_timeout': TIMES,
    'http2': FLAGS,
    'compressed': FLAGS,
    'max_in_flight': ([1, 4], counts(1, 100000)[1]),
    'success': (['204', '200-299,409', '/accepted=true', '200,/a=1', {'status': '204'}, {'json': {'/a': 1}},
                 {'status': '200-299', 'json': {'/a': 1, '/b~1c': [None]}}, {'json': dict.fromkeys(many(1000))}],
                ['', 'accepted', '600', 'a\nb', 200, None, [], {}, {'json': {'accepted': True}}, {'json': {}},
                 {'status': 200}, {'status': '200', 'more': 1}, {'json': dict.fromkeys(many(1001))}]),
    'body': ([None, 5, 'text', '{{/x}}', [], {}, {'to': '{{/x}}'}, {'file': 'template'}, {'file': 5}], []),
}

PLACES = [*(('top', key) for key in TOP if key in VALUES),
          *(('defaults', key) for key in TOP['defaults']['properties']),
          *(('endpoint', key) for key in ENDPOINT)]


@pytest.fixture(autouse=True)
def somewhere(tmp_path, monkeypatch):
    """A working directory with the files that the values name."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / 'there').write_text('x')
    (tmp_path / 'template').write_text('{"a": "{{/x}}"}')


def document(place, key, value):
    config = {'endpoints': [{'url': 'http://127.0.0.1:1/'}]}
    places = {'top': config, 'defaults': config.setdefault('defaults', {}), 'endpoint': config['endpoints'][0]}
    places[place][key] = value
    return config


def is_taken(config):
    """By the program, which sends nothing; it says where the fault is."""
    pathlib.Path('config.json').write_text(json.dumps(config))
    result = run('--dry-run', '--config', 'config.json', '-d', '{"x": "y"}',
                 env={'SECRET': 'x', 'USER_AND_PASSWORD': 'a:b', 'PROXY': 'http://127.0.0.1:1'})
    assert result.code in (0, 2), result
    assert result.code == 0 or 'config.json: line 1: ' in result.err, result
    return result.code == 0


def agree(config, expected):
    assert (VALIDATOR.is_valid(config), is_taken(config)) == (expected, expected), config


def test_every_key_is_tried():
    assert set(VALUES) == set(TOP) - {'defaults', 'endpoints'} | set(ENDPOINT)


def test_a_key_of_an_endpoint_that_is_not_its_own_can_stand_for_all():
    shared = set(ENDPOINT) - {'url', 'name'}
    assert set(TOP['defaults']['properties']) == shared
    assert shared < set(TOP)


@pytest.mark.parametrize('place, key', PLACES)
def test_schema_and_program_agree_on_a_key(place, key):
    good, bad = VALUES[key]
    shared = place != 'endpoint' and key in ENDPOINT  # every value of these is tried where it is an endpoint's own
    for value in good[:1] if shared else good:
        agree(document(place, key, value), True)
    for value in bad[:1] if shared else bad:
        agree(document(place, key, value), False)


@pytest.mark.parametrize('config, expected', [
    ({'endpoints': [{'url': 'http://a/'}], 'hedge_dealy': '1s'}, False),
    ({'endpoints': [{'url': 'http://a/'}], 'url': 'http://a/'}, False),
    ({'endpoints': [{'url': 'http://a/'}], 'name': 'a'}, False),
    ({'endpoints': [{'url': 'http://a/'}], 'defaults': {'url': 'http://a/'}}, False),
    ({'endpoints': [{'url': 'http://a/'}], 'defaults': {'workers': 1}}, False),
    ({'endpoints': [{'url': 'http://a/'}], 'defaults': []}, False),
    ({'endpoints': [{'url': 'http://a/', 'workers': 1}]}, False),
    ({'endpoints': [{'url': 'http://a/', 'URL': 'http://b/'}]}, False),
    ({'endpoints': [{}]}, False),
    ({'endpoints': [{'name': 'a'}]}, False),
    ({'endpoints': ['http://a/']}, False),
    ({'endpoints': {'url': 'http://a/'}}, False),
    ([], False),
    ({'hedge_delay': '1s', 'settle': '60s', 'workers': 64,
      'defaults': {'method': 'POST', 'headers': {'Content-Type': 'application/json'}},
      'endpoints': [{'name': 'eu', 'url': 'https://eu.example/', 'headers': {'Authorization': {'env': 'SECRET'}},
                     'hedge_delay': '500ms', 'attempt_timeout': '10s', 'max_in_flight': 16,
                     'success': {'status': '200-299,409', 'json': {'/accepted': True}},
                     'body': {'to': '{{/x}}', 'text': 'Order {{/x}} is late'}}]}, True),
], ids=str)
def test_schema_and_program_agree_on_a_file(config, expected):
    agree(config, expected)


def test_file_without_endpoints_is_one():
    for config in ({}, {'endpoints': []}):
        VALIDATOR.validate(config)
        pathlib.Path('config.json').write_text(json.dumps(config))
        assert run('--dry-run', '--config', 'config.json', 'http://127.0.0.1:1/').code == 0


def objects(schema):
    """Every part of the schema that describes the members of an object."""
    if isinstance(schema, dict):
        if schema.get('type') == 'object':
            yield schema
        for part in schema.values():
            yield from objects(part)
    elif isinstance(schema, list):
        for part in schema:
            yield from objects(part)


def test_schema_is_one_and_leaves_no_object_open():
    jsonschema.Draft7Validator.check_schema(SCHEMA)
    for part in objects(SCHEMA):
        assert 'additionalProperties' in part or 'propertyNames' in part
        assert part.get('additionalProperties') is not True


def references(schema):
    if isinstance(schema, dict):
        if '$ref' in schema:
            yield schema['$ref']
        for part in schema.values():
            yield from references(part)
    elif isinstance(schema, list):
        for part in schema:
            yield from references(part)


def test_schema_defines_what_it_refers_to_and_refers_to_what_it_defines():
    definitions = {f'#/definitions/{name}' for name in SCHEMA['definitions']}
    properties = {f'#/definitions/endpoint/properties/{name}' for name in ENDPOINT}
    found = set(references(SCHEMA))
    assert found <= definitions | properties
    assert definitions <= found
