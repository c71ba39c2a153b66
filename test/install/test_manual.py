"""The manual page says what the header says: the same functions with the same arguments, nothing more and nothing less,
and its examples can be compiled and run."""

import pathlib
import re
import shutil
import subprocess
import sys

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / 'test' / 'support'))

from server import Server

PAGE = ROOT / 'src' / 'doc' / 'poolsend.3'
HEADER = (ROOT / 'include' / 'poolsend.h').read_text()
CODE = re.sub(r'/\*.*?\*/|//[^\n]*', '', HEADER, flags=re.DOTALL)
TEXT = PAGE.read_text()
SYNOPSIS = TEXT[TEXT.index('.Sh SYNOPSIS'):TEXT.index('.Sh DESCRIPTION')]


def squeezed(text):
    """Without the blanks that make no difference."""
    return re.sub(r'\s+', ' ', re.sub(r'\s*([*(),])\s*', r'\1', text)).strip()


def declared():
    """Every function and type of function that the header declares, without attributes."""
    found = re.findall(r'^(?:POOLSEND_API|static inline|(?=typedef))\s*([^;{}=]*?\))\s*[;{]', CODE, re.MULTILINE)
    return {squeezed(each) for each in found}


def documented():
    found = re.findall(r'^\.Ft (.*)\n\.Fo (\w+)\n((?:\.Fa .*\n)*)\.Fc$', SYNOPSIS, re.MULTILINE)
    return {squeezed(f'{kind} {name}({",".join(re.findall(r"^.Fa (.*)$", arguments, re.MULTILINE))})'.replace('"', ''))
            for kind, name, arguments in found}


def examples():
    part = TEXT[TEXT.index('.Sh EXAMPLES'):TEXT.index('.Sh ERRORS')]
    return [each.replace('\\e', '\\') for each in re.findall(r'^\.Bd -literal.*?\n(.*?)^\.Ed$', part,
                                                            re.MULTILINE | re.DOTALL)]


def test_prototypes_are_those_of_the_header():
    assert declared() and documented() == declared()


def test_every_function_has_more_than_its_prototype():
    words = set(re.findall(r'\w+', TEXT.replace(SYNOPSIS, '')))
    functions = set(re.findall(r'\b(poolsend_\w+)\(', ' '.join(declared())))
    assert functions
    assert functions - words == set()


@pytest.mark.parametrize('kind', ['struct', 'enum'])
def test_every_public_type_is_named(kind):
    types = set(re.findall(rf'^{kind} (poolsend_\w+)', CODE, re.MULTILINE))
    assert types
    assert types - set(re.findall(rf'{kind} (poolsend_\w+)', TEXT)) == set()


def test_every_reason_has_its_meaning():
    reasons = {name.lower() for name in re.findall(r'\bPOOLSEND_REASON_(\w+)', CODE)}
    assert reasons
    assert reasons - set(re.findall(r'^\.It Li (\w+)$', TEXT, re.MULTILINE)) == set()


def test_nothing_is_named_that_the_header_has_not():
    names = set(re.findall(r'\b(?:poolsend|POOLSEND)_\w*\w', TEXT)) - {'POOLSEND_REASON_'}
    assert names - set(re.findall(r'\w+', CODE)) == set()


def test_every_field_that_is_named_is_one():
    fields = set(re.findall(r'^\.(?:Va|Pq Va) (\w+)', TEXT, re.MULTILINE))
    assert fields
    assert fields - set(re.findall(r'\b(\w+)(?=[;,])', CODE)) == set()


@pytest.mark.skipif(not shutil.which('mandoc'), reason='there is no mandoc')
def test_nothing_is_wrong_with_its_markup():
    done = subprocess.run(['mandoc', '-T', 'lint', '-W', 'warning', PAGE], capture_output=True, text=True, check=False)
    assert (done.stdout, done.returncode) == ('', 0)


@pytest.fixture(scope='module')
def server():
    with Server() as running:
        yield running


@pytest.mark.parametrize('number, targets, said', [
    (0, ['/a', '/b'], 'delivered\nsettled after 1 attempts\n'),
    (0, ['/a?status=500', '/b'], 'delivered\nsettled after 2 attempts\n'),
    (1, ['/a?status=500', '/b'], '"outcome":"delivered","winner":2'),
    (2, [], 'not yet\ndone\n'),
])
def test_examples_run(installed, server, tmp_path, number, targets, said):
    source = tmp_path / 'example.c'
    source.write_text(examples()[number])
    program = installed.compile([source], tmp_path / 'example')
    done = subprocess.run([program, *map(server.url, targets)], capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0 and said in done.stdout, done


def test_there_is_no_other_example():
    assert len(examples()) == 3
