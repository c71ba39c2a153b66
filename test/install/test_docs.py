"""The pages that Doxygen makes of the header."""

import re
import shutil

import pytest

from conftest import ROOT, run


@pytest.fixture(scope='module')
def pages(tmp_path_factory):
    """Where the pages were installed; a warning of Doxygen's fails the build."""
    if not shutil.which('doxygen'):
        pytest.skip('there is no doxygen')
    top = tmp_path_factory.mktemp('docs')
    run('meson', 'setup', top / 'build', ROOT, '--prefix', top / 'prefix', '-Ddocs=true', '-Dtests=disabled',
        '-Dcli=false')
    built = run('meson', 'compile', '-C', top / 'build', 'docs')
    assert 'warning' not in built.stdout + built.stderr
    run('meson', 'install', '-C', top / 'build', '--no-rebuild', '--tags', 'doc')
    return top / 'prefix' / 'share' / 'doc' / 'poolsend' / 'html'


def test_the_first_page_is_the_opening_of_the_header(pages):
    page = (pages / 'index.html').read_text()
    assert '<b>Ownership.</b>' in page
    assert 'class="fragment"' in page, 'its example is not set as code'


def test_every_function_and_every_struct_has_its_place(pages):
    header = (ROOT / 'include' / 'poolsend.h').read_text()
    reference = (pages / 'poolsend_8h.html').read_text()
    functions = re.findall(r'^(?:POOLSEND_API|static inline) [^;(]*?\b(\w+)\(', header, re.MULTILINE)
    structs = set(re.findall(r'^struct (\w+)(?: \{|;)', header, re.MULTILINE))
    assert functions and structs
    assert not [name for name in functions if f'</span>{name}()' not in reference]
    assert not [name for name in structs if not (pages / f'struct{name.replace("_", "__")}.html').exists()]
