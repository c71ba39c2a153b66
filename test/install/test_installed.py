"""What is installed, where, and what of it can be seen from outside."""

import re

import pytest

from conftest import files_below, needed_by, run


def defined_symbols(*nm):
    """Names and kinds, as nm has them."""
    return dict(reversed(found) for found in re.findall(r'^[0-9a-f]+ (\w) (\S+)$', run('nm', *nm).stdout, re.MULTILINE))


def declared_functions(header):
    return set(re.findall(r'^POOLSEND_API [^;(]*?\b(\w+)\(', header.read_text(), re.MULTILINE))


def test_everything_is_where_it_belongs_and_nothing_else_is_there(installed):
    version, = installed.pkg_config('--modversion')
    assert files_below(installed.prefix) == {
        'bin/poolsend',
        'include/poolsend.h',
        'lib/libpoolsend.a', 'lib/libpoolsend.so', 'lib/libpoolsend.so.0.2', f'lib/libpoolsend.so.{version}',
        'lib/pkgconfig/poolsend.pc',
        'share/man/man1/poolsend.1', 'share/man/man3/poolsend.3', 'share/man/man5/poolsend-config.5',
        'share/man/man5/poolsend-events.5', 'share/bash-completion/completions/poolsend',
        'share/fish/vendor_completions.d/poolsend.fish', 'share/zsh/site-functions/_poolsend',
        'share/poolsend/config.schema.json', 'share/poolsend/events.schema.json'}


def test_the_names_of_the_shared_library_lead_to_its_version(installed):
    version, = installed.pkg_config('--modversion')
    assert installed.shared.resolve().name == f'libpoolsend.so.{version}'
    assert installed.shared.with_name('libpoolsend.so.0.2').resolve() == installed.shared.resolve()
    assert 'soname: [libpoolsend.so.0.2]' in run('readelf', '-dW', installed.shared).stdout


def test_the_program_runs_and_needs_no_shared_poolsend(installed):
    assert run(installed.program, '--version').stdout.startswith('poolsend ')
    assert 'libpoolsend.so.0.2' not in needed_by(installed.program)


def test_the_program_shares_its_json_c_with_the_system(installed):
    assert [name for name in needed_by(installed.program) if name.startswith('libjson-c.')]


def test_the_shared_library_shows_the_declared_functions_and_no_more(installed):
    declared = declared_functions(installed.header)
    shown = defined_symbols('-D', '--defined-only', installed.shared)
    assert declared and set(shown) == declared
    assert set(shown.values()) == {'T'}


def test_every_symbol_of_the_archive_carries_a_prefix_of_ours(installed):
    names = defined_symbols('--defined-only', '--extern-only', installed.archive)
    assert names.keys() >= declared_functions(installed.header)
    assert not [name for name in names if not name.startswith(('poolsend_', 'ps_'))]


def test_the_shared_library_names_every_library_that_it_needs(installed):
    needed = {name.partition('.so')[0] for name in needed_by(installed.shared)}
    assert {'libcurl', 'libjson-c'} <= needed


@pytest.mark.parametrize('binary', ['shared', 'program'])
def test_what_runs_is_hardened(installed, binary):
    path = getattr(installed, binary)
    dynamic = run('readelf', '-dW', path).stdout
    segments = run('readelf', '-lW', path).stdout
    symbols = run('nm', '-D', path).stdout
    assert re.search(r'\bBIND_NOW\b|\bNOW\b', dynamic)
    assert not re.search(r'\((RPATH|RUNPATH)\)', dynamic)
    assert 'GNU_RELRO' in segments
    assert re.search(r'GNU_STACK .* RW +0x', segments)
    assert 'TEXTREL' not in dynamic
    assert re.search(r'Type:\s+DYN', run('readelf', '-hW', path).stdout)
    assert '__stack_chk_fail' in symbols
    assert re.search(r'__v?snprintf_chk\b|__fprintf_chk\b', symbols), 'without _FORTIFY_SOURCE'
