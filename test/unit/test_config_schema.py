"""The schema of configuration files says what their reader takes: the same keys, with the same limits."""

import json
import pathlib
import re

import jsonschema
import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
SCHEMA = json.loads((ROOT / 'src' / 'json' / 'config.schema.json').read_text())
VALIDATOR = jsonschema.Draft7Validator(SCHEMA)
ENDPOINT = SCHEMA['definitions']['endpoint']
SUCCESS = ENDPOINT['properties']['success']['oneOf'][1]
SOURCE = {name: value for branch in SCHEMA['definitions']['source']['oneOf']
          for name, value in branch['properties'].items()}


def sources():
    paths = [ROOT / 'src' / 'base' / 'values.h', *sorted((ROOT / 'src' / 'json').glob('config*.c'))]
    return ''.join(path.read_text() for path in paths)


def table(name):
    """The rows of one of the reader's tables: by key, the function that takes it and the last two columns."""
    rows = re.search(r'ps_config_key ' + name + r'\[\] = \{\n(.*?)^ *\};', sources(), re.DOTALL | re.MULTILINE).group(1)
    found = re.findall(r'\{"(\w+)", (\w+), .*?, (\w+), (\w+)\}', rows)
    assert len(found) == rows.count('{"'), 'a row that cannot be understood'
    return {key: (take, value_of(least), value_of(most)) for key, take, least, most in found}


def value_of(word):
    """A number of the tables, or a macro for one."""
    return int(word) if word.isdigit() else int(re.search(r'#define ' + word + r'\s+(\d+)', sources()).group(1))


@pytest.mark.parametrize('name, properties', [
    ('file_keys', SCHEMA['properties']),
    ('endpoint_keys', ENDPOINT['properties']),
    ('success_keys', SUCCESS['properties']),
    ('secret_keys', SOURCE),
])
def test_reader_and_schema_know_the_same_keys(name, properties):
    assert set(table(name)) == set(properties)


def test_defaults_have_the_keys_of_an_endpoint_that_are_not_its_own():
    own = {key for key, (take, _, _) in table('endpoint_keys').items() if take in ('take_name', 'take_url')}
    assert own == {'name', 'url'}
    expected = {key: {'$ref': f'#/definitions/endpoint/properties/{key}'}
                for key in ENDPOINT['properties'] if key not in own}
    assert SCHEMA['properties']['defaults']['properties'] == expected


@pytest.mark.parametrize('name, properties', [
    ('file_keys', SCHEMA['properties']),
    ('endpoint_keys', ENDPOINT['properties']),
])
def test_whole_numbers_have_the_same_limits(name, properties):
    limits = {key: (least, most) for key, (take, least, most) in table(name).items() if take == 'ps_config_take_count'}
    described = {key: (value['minimum'], value['maximum'])
                 for key, value in properties.items() if value.get('type') == 'integer'}
    assert limits and limits == described


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


def with_endpoint(**members):
    return {'endpoints': [{'url': 'http://a/', **members}]}


GOOD = [
    {},
    {'endpoints': []},
    {'hedge_delay': '1s', 'settle': '60s', 'workers': 64,
     'defaults': {'method': 'POST', 'headers': {'Content-Type': 'application/json'}},
     'endpoints': [{'name': 'eu', 'url': 'https://eu.example/', 'headers': {'Authorization': {'env': 'EU_TOKEN'}},
                    'hedge_delay': '500ms', 'attempt_timeout': '10s', 'max_in_flight': 16,
                    'success': {'status': '200-299,409', 'json': {'/accepted': True}},
                    'body': {'to': '{{/phone}}', 'text': 'Order {{/id}} is late'}}]},
    {'hedge_delay': 'p97.5', 'hedge_budget': '2.5%', 'rate': '30/m', 'max_body': '64K', 'settle': 0.25},
    {'hedge_delay': 'none', 'hedge_budget': 'none', 'rate': 'none', 'max_body': 65536, 'retry': 3.0},
    with_endpoint(user={'file': 'secret'}, proxy='', resolve=['a:1:2'], headers={'A': None, 'B': ''}),
    with_endpoint(body=None, success='204'),
]

BAD = [
    [],
    {'hedge_dealy': '1s'},
    {'hedge_delay': 'p49'},
    {'hedge_budget': '110%'},
    {'settle': '5 parsecs'},
    {'settle': -1},
    {'workers': 0},
    {'workers': 1.5},
    {'workers': '64'},
    {'rate': 0},
    {'max_body': '1X'},
    {'in_order': 1},
    {'fatal_status': '600'},
    {'defaults': {'url': 'http://a/'}},
    {'endpoints': [{}]},
    {'endpoints': [{'url': None}]},
    with_endpoint(URL='http://b/'),
    with_endpoint(user='alone'),
    with_endpoint(user={'env': 'A', 'file': 'b'}),
    with_endpoint(user={}),
    with_endpoint(oauth2_bearer=5),
    with_endpoint(headers={'A': {'evn': 'B'}}),
    with_endpoint(headers={'A B': 'c'}),
    with_endpoint(headers={'A': 'b\nEvil: c'}),
    with_endpoint(success={}),
    with_endpoint(success={'json': {'accepted': True}}),
    with_endpoint(success={'json': {}}),
]


@pytest.mark.parametrize('document', GOOD, ids=str)
def test_schema_takes_a_good_document(document):
    VALIDATOR.validate(document)


@pytest.mark.parametrize('document', BAD, ids=str)
def test_schema_refuses_a_bad_document(document):
    assert not VALIDATOR.is_valid(document)
