"""The manual page that is made of the header says what the header says: every declaration, in the header's own sections, and
the text of its opening; and the example in that can be compiled and run."""

import pathlib
import re
import shutil
import subprocess
import sys

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / 'test' / 'support'))

from server import Server

HEADER = (ROOT / 'include' / 'poolsend.h').read_text()
CODE = re.sub(r'/\*.*?\*/|//[^\n]*', '', HEADER, flags=re.DOTALL)


@pytest.fixture(scope='module')
def page(installed):
    return installed.prefix / 'share' / 'man' / 'man3' / 'poolsend.3'


def squeezed(text):
    """Without the blanks and the marks that make no difference."""
    return re.sub(r'\s+', ' ', text.replace('\\&', '').replace('\\-', '-').replace('\\e', '\\')).strip()


def declared():
    """Every function and type of function, as the header declares it, without attributes."""
    return re.findall(r'^(?:POOLSEND_API|static inline|(?=typedef)) ?([^;{}=]*?\))\s*[;{]', CODE, re.MULTILINE)


def test_every_declaration_stands_in_a_display(page):
    shown = [squeezed(each) for each in re.findall(r'^\.Bd -literal\n(.*?)^\.Ed$', page.read_text(),
                                                   re.MULTILINE | re.DOTALL)]
    missing = [each for each in declared() if not any(squeezed(each) + ';' in display for display in shown)]
    assert len(declared()) > 40 and not missing


def test_every_name_of_the_header_is_there(page):
    names = set(re.findall(r'\b(?:poolsend|POOLSEND)_\w+', CODE)) - {'POOLSEND_API', 'POOLSEND_H'}
    assert len(names) > 100
    assert names - set(re.findall(r'\w+', page.read_text())) == set()


def test_its_sections_are_those_of_the_header(page):
    sections = [name.upper() for name in re.findall(r'^/\* -+ (.*?) -+ \*/$', HEADER, re.MULTILINE)]
    assert len(sections) > 5
    found = re.findall(r'^\.Sh (.*)$', page.read_text(), re.MULTILINE)
    start = found.index('DESCRIPTION') + 1
    assert [squeezed(name) for name in found[start:start + len(sections)]] == sections


def test_nothing_of_the_headers_opening_is_lost(page):
    opening = HEADER[:HEADER.index('*/')]
    words = re.findall(r'\w+', opening.replace('@file poolsend.h', ''))
    description = page.read_text().split('.Sh DESCRIPTION')[1].split('.Sh ')[0]
    said = re.findall(r'\w+', re.sub(r'^\.(Pp|Ss|Bd -literal|Ed)\b', '', squeezed_lines(description), flags=re.MULTILINE))
    assert len(said) > 500 and words[-len(said):] == said


def squeezed_lines(text):
    return '\n'.join(squeezed(line) for line in text.splitlines())


@pytest.mark.skipif(not shutil.which('mandoc'), reason='there is no mandoc')
def test_nothing_is_wrong_with_its_markup(page):
    done = subprocess.run(['mandoc', '-T', 'lint', page], capture_output=True, text=True, check=False)
    # Which other pages a machine has is not the page's fault.
    assert [line for line in done.stdout.splitlines() if 'referenced manual not found' not in line] == []


@pytest.mark.parametrize('first, said', [('/a', ' has it\nAPIs: 1 got it, 0 may have\n'),
                                         ('/a?status=500', ' has it\nAPIs: 1 got it, 0 may have\n'),
                                         ('/a?close=after', ' has it\nAPIs: 1 got it, 1 may have\n')])
def test_example_at_the_head_of_the_header_runs(installed, tmp_path, first, said):
    example = re.findall(r'^ \*     (.*)$|^ \*$', HEADER[:HEADER.index('*/')], re.MULTILINE)
    with Server() as server:
        body = '\n'.join(example).replace('https://a.example/', server.url(first)).replace(
            'https://b.example/', server.url('/b'))
        source = tmp_path / 'example.c'
        source.write_text(f'#include <poolsend.h>\n#include <stdio.h>\nint main(void)\n{{\n{body}\nreturn 0;\n}}\n')
        program = installed.compile([source], tmp_path / 'example')
        done = subprocess.run([program], capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, done.stderr) == (0, '') and done.stdout.endswith(said), done
