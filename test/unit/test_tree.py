"""The shape of the tree: layers include downward only, the header is described, nothing else stands at the top.

What can be seen of the symbols is tested where the library is installed.
"""

import pathlib
import re
import shutil
import subprocess

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
LAYERS = ['base', 'core', 'net', 'store', 'engine', 'json', 'options', 'cli']
SOURCES = sorted((ROOT / 'src').rglob('*.[ch]'))


def includes(path):
    return re.findall(r'^#include "([^"]+)"', path.read_text(), re.MULTILINE)


@pytest.mark.parametrize('path', SOURCES, ids=lambda path: str(path.relative_to(ROOT)))
def test_includes_run_downward_only(path):
    layer = path.parent.name
    for name in includes(path):
        if name == 'poolsend.h':
            continue
        other = name.split('/')[0]
        assert LAYERS.index(other) <= LAYERS.index(layer), f'{layer} includes {name}'
        # What poolsend does, the program sees through poolsend.h alone. Texts, values, buffers and clocks are no part of
        # that contract: they are the same tools for the program and for the library.
        assert layer != 'cli' or other in ('cli', 'options', 'base'), f'the program sees the library through poolsend.h, not {name}'


def test_core_knows_no_threads_no_clock_and_no_transport():
    for path in (ROOT / 'src' / 'core').glob('*.[ch]'):
        text = path.read_text()
        for word in ('pthread', 'ps_now', 'curl', 'json', '<time.h>'):
            assert f'#include <{word}' not in text and f'{word}(' not in text, f'{path.name}: {word}'


# What these say or read goes by the locale, which is the caller's and may be any: in a Turkish one I is no upper case of
# i, and a German one has a comma in its numbers. base/ascii.h has what compares, base/values.h what reads numbers.
OF_THE_LOCALE = re.compile(
    r'\b((str|wcs)n?casecmp(_l)?|strcasestr|strn?coll|strxfrm|to(upper|lower|ascii)|isw?'
    r'(alnum|alpha|ascii|blank|cntrl|digit|graph|lower|print|punct|space|upper|xdigit)|strto(f|d|ld)|atof|\w*scanf'
    r'|strfmon|strftime|strptime|nl_langinfo|localeconv|mb\w*towcs?|wcs?\w*tombs?|iconv\w*|fnmatch|regcomp)\s*\(')


# What of it is free of the locale all the same.
FREE_OF_IT = {'jsonequal.c': 'strtod(text, NULL)'}  # digits and an exponent, without a point


def test_nothing_asks_the_locale_what_a_name_or_a_number_is():
    for path in SOURCES:
        text = path.read_text()
        code = re.sub(r'/\*.*?\*/', '', text, flags=re.DOTALL).replace(FREE_OF_IT.get(path.name, '\0'), '')
        assert not OF_THE_LOCALE.search(code), f'{path.name}: {OF_THE_LOCALE.search(code)[0]}'
        for header in ('ctype.h', 'locale.h', 'strings.h', 'wchar.h', 'wctype.h'):
            assert f'#include <{header}>' not in text, f'{path.name}: {header}'


# The program sets no locale; a program that uses the library may have one.
FRACTION = re.compile(r'%[-+ #0]*[\d*]*(\.[\d*]*)?L?[aefgAEFG]')


def test_library_prints_no_fraction_but_by_ps_decimal():
    for path in SOURCES:
        if path.parent.name == 'cli' or path.name == 'values.c':
            continue
        strings = re.findall(r'"(?:[^"\\\n]|\\.)*"', re.sub(r'/\*.*?\*/', '', path.read_text(), flags=re.DOTALL))
        found = [text for text in strings if FRACTION.search(text) and text != '"%2e"']
        assert not found, f'{path.name}: {found}'


def test_engine_reads_no_clock():
    assert 'ps_now(' not in (ROOT / 'src' / 'engine' / 'engine.c').read_text()


def test_public_header_is_a_leaf():
    header = (ROOT / 'include' / 'poolsend.h').read_text()
    assert set(re.findall(r'#include (\S+)', header)) == {'<stdbool.h>', '<stddef.h>', '<stdint.h>'}


def test_every_public_function_is_described_directly_before_it():
    lines = (ROOT / 'include' / 'poolsend.h').read_text().splitlines()
    functions = [number for number, line in enumerate(lines) if re.match(r'(POOLSEND_API|static inline) ', line)]
    assert functions
    bare = [lines[number] for number in functions if not described(lines[:number])]
    assert not bare


def described(before):
    """Whether the last of these lines ends a comment made for Doxygen."""
    start = max((number for number, line in enumerate(before) if line.startswith('/**')), default=None)
    if start is None or not before[-1].endswith('*/'):
        return False
    return not any(line.endswith('*/') for line in before[start:-1])


def test_nothing_else_is_visible_at_the_top():
    if not shutil.which('git'):
        pytest.skip('there is no git')
    tracked = subprocess.run(['git', '-C', str(ROOT), 'ls-files'], capture_output=True, text=True, check=False)
    if tracked.returncode:
        pytest.skip('not a git checkout')
    top = {name.split('/')[0] for name in tracked.stdout.splitlines()}
    visible = {name for name in top if not name.startswith('.')}
    assert visible <= {'src', 'include', 'test', 'meson.build', 'meson_options.txt', 'README.md', 'LICENSE'}


def test_sanitizers_are_asked_for_in_one_place():
    """Each compiler names them in its own way: whoever asks alone forgets one."""
    files = [path for folder in ('src', 'test') for path in (ROOT / folder).rglob('*.[ch]')]
    asking = [path.name for path in files if re.search(r'__SANITIZE_|__has_feature', path.read_text())]
    assert asking == ['sanitizers.h']
