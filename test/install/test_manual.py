"""The manual page says what the header says: the same functions with the same arguments and the same structs with the
same fields, nothing more and nothing less, and its examples can be compiled and run."""

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


def declared_fields():
    """Of every struct of the header that is not opaque, in order."""
    structs = re.findall(r'^struct (poolsend_\w+) {\n(.*?)^};', CODE, re.MULTILINE | re.DOTALL)
    return {name: re.findall(r'\b(\w+)(?:\[\w+\])?\s*[;,]', body) for name, body in structs}


def names_of_fields(markup):
    """What is marked up there as a field, in order; a line may have several."""
    lines = re.findall(r'^\.(?:\w\w )*Va (.*)', markup, re.MULTILINE)
    return [name for line in lines for name in re.findall(r'\w+', line)]


def documented_fields():
    """Of every struct that has a table: the one that was named last before it. A second table is one too many."""
    found = []
    for table in re.finditer(r'^\.Bl [^\n]*\n(\.It Va .*?)^\.El$', TEXT, re.MULTILINE | re.DOTALL):
        items = '\n'.join(re.findall(r'^\.It Va .*', table[1], re.MULTILINE))
        struct = re.findall(r'^\.Vt struct (\w+)', TEXT[:table.start()], re.MULTILINE)[-1]
        found.append((struct, names_of_fields(items)))
    assert len(found) == len(dict(found)), found
    return dict(found)


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


@pytest.mark.parametrize('name', declared_fields())
def test_fields_are_those_of_the_header(name):
    assert declared_fields()[name] and documented_fields().get(name) == declared_fields()[name]


def test_no_other_struct_has_a_table():
    assert len(declared_fields()) > 10
    assert documented_fields().keys() - declared_fields().keys() == set()


def test_every_field_that_is_named_is_one():
    fields = {field for fields in declared_fields().values() for field in fields}
    assert fields and names_of_fields(TEXT)
    assert set(names_of_fields(TEXT)) - fields == set()


def test_every_field_that_is_explained_has_words():
    empty = re.findall(r'^\.It Va (.*)\n\.(?:It|El)\b', TEXT, re.MULTILINE)
    assert empty == []


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
