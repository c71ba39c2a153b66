"""poolsend-events(5) is made from the schema of the events: it has a word for each of them, and examples that are
events."""

import copy
import json
import pathlib
import re
import subprocess
import sys

import jsonschema
import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
SOURCE = ROOT / 'src' / 'json' / 'events.schema.json'
SCHEMA = json.loads(SOURCE.read_text())
DEFINITIONS = SCHEMA['definitions']
EVENTS = [each['$ref'].rpartition('/')[2] for each in SCHEMA['oneOf']]


def make(schema, directory):
    """What came of making the page, and the page."""
    source, page = directory / 'schema.json', directory / 'page'
    source.write_text(json.dumps(schema))
    done = subprocess.run([sys.executable, ROOT / 'src' / 'doc' / 'events.py', source, page], capture_output=True,
                          text=True, check=False)
    return done, page.read_text() if page.exists() else ''


@pytest.fixture(scope='module')
def page(tmp_path_factory):
    done, text = make(SCHEMA, tmp_path_factory.mktemp('page'))
    assert done.returncode == 0, done
    return text


def test_schema_is_one():
    jsonschema.Draft7Validator.check_schema(SCHEMA)


def test_every_event_and_every_member_has_its_place(page):
    assert re.findall(r'^\.Ss (\w+)$', page, re.MULTILINE) == EVENTS
    members = {name for part in DEFINITIONS.values() for name in part.get('properties', {})} - {'event'}
    assert members == set(re.findall(r'^\.It Ic (\w+)', page, re.MULTILINE))
    for name in EVENTS:
        part = page[page.index(f'.Ss {name}\n'):]
        listed = re.findall(r'^\.Ic (\w+)', part[:part.index(' .\n') + 3], re.MULTILINE)
        assert listed == list(DEFINITIONS[name]['properties'])


@pytest.mark.parametrize('name', ['fate', 'reason'])
def test_every_word_has_its_meaning(page, name):
    words = [each['const'] for each in DEFINITIONS[name]['oneOf']]
    found = re.findall(r'^\.It Ql (\w+)\n(?!\.)', page, re.MULTILINE)
    assert [word for word in words if word not in found] == []


@pytest.mark.parametrize('path', [['definitions', 'start'], ['definitions', 'url'], ['definitions', 'reason', 'oneOf', 3],
                                  ['definitions', 'settled', 'properties', 'outcome'], []])
def test_what_has_no_words_makes_no_page(tmp_path, path):
    schema = copy.deepcopy(SCHEMA)
    part = schema
    for step in path:
        part = part[step]
    del part['description']
    done, text = make(schema, tmp_path)
    assert done.returncode != 0 and 'has no description' in done.stderr and not text


@pytest.mark.parametrize('name', EVENTS)
def test_examples_are_events(page, name):
    examples = DEFINITIONS[name]['examples']
    assert examples
    for example in examples:
        jsonschema.Draft7Validator(SCHEMA).validate(example)
        assert re.sub(r'\s', '', json.dumps(example)) in re.sub(r'\s', '', page.replace('\\e', '\\'))


def test_no_character_means_anything_to_the_formatter(tmp_path):
    schema = copy.deepcopy(SCHEMA)
    schema['definitions']['url']['description'] = '.Sh is no heading here. It is a \\fBquote\\fP.'
    schema['definitions']['t']['description'] = "'tis no request. \"x\" \\"
    _, text = make(schema, tmp_path)
    assert '\n\\&.Sh is no heading here.\nIt is a \\efBquote\\efP.\n' in text
    assert '\n\\&\'tis no request. "x" \\e\n' in text
