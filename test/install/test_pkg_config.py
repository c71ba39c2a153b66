"""What other projects are told by pkg-config: flags, libraries, the version."""

import re

import pytest

from conftest import ROOT, environment, needed_by, run

PROGRAM = r'''
#include <poolsend.h>
#include <stdio.h>

int main(void)
{
  struct poolsend_config *config = poolsend_config_new();
  struct poolsend_sender *sender;

  poolsend_config_add(config, "http://127.0.0.1/");
  sender = poolsend_open(config);
  if (!sender)
    return 1;
  poolsend_free(sender);
  poolsend_config_free(config);
  printf("%s %s\n", POOLSEND_VERSION, poolsend_version());
  return 0;
}
'''


@pytest.fixture
def source(tmp_path):
    path = tmp_path / 'program.c'
    path.write_text(PROGRAM)
    return path


def test_a_user_of_the_shared_library_is_told_to_link_nothing_else(installed):
    assert installed.pkg_config('--cflags')[0] == f'-I{installed.prefix}/include'
    assert installed.pkg_config('--libs') == [f'-L{installed.prefix}/lib', '-lpoolsend']


def test_a_program_is_linked_with_the_shared_library(installed, tmp_path, source):
    program = installed.compile([source], tmp_path / 'program', linkage='shared')
    needed = needed_by(program)
    assert 'libpoolsend.so.0.2' in needed
    assert not [name for name in needed if name.startswith(('libcurl', 'libjson-c'))]
    run(program)


def test_a_program_is_linked_with_the_archive(installed, tmp_path, source):
    program = installed.compile([source], tmp_path / 'program', linkage='static')
    assert not [name for name in needed_by(program) if name.startswith('libpoolsend')]
    run(program)


def test_libidn2_is_asked_for_where_the_library_uses_it(installed):
    uses = 'idn2_' in run('nm', '-u', installed.archive).stdout
    assert ('-lidn2' in installed.pkg_config('--libs', linkage='static')) == uses
    assert bool([name for name in needed_by(installed.shared) if name.startswith('libidn2')]) == uses


def test_where_the_archive_is_all_there_is_a_program_gets_what_it_needs_without_asking(installed):
    told = installed.pkg_config('--libs', linkage='static')
    assert {'-lpoolsend', '-lcurl', '-ljson-c'} <= set(told)
    assert set(told) <= {f'-L{installed.archive_prefix}/lib', '-lpoolsend', '-lcurl', '-ljson-c', '-lidn2', '-pthread'}


@pytest.mark.parametrize('linkage, asked', [('shared', '--print-requires-private'), ('static', '--print-requires')])
def test_the_packages_below_are_named_with_their_least_versions(installed, linkage, asked):
    needed = set(' '.join(installed.pkg_config(asked, linkage=linkage)).replace(' >= ', '>=').split())
    assert {'libcurl>=7.80', 'json-c>=0.15'} <= needed <= {'libcurl>=7.80', 'json-c>=0.15', 'libidn2>=2.0'}


@pytest.mark.parametrize('linkage', ['shared', 'static'])
def test_what_libcurl_was_linked_with_is_asked_for_by_static_alone(installed, tmp_path, linkage):
    (tmp_path / 'libcurl.pc').write_text(
        'Name: libcurl\nDescription: another\nVersion: 9.0\nLibs: -lcurl\nLibs.private: -lbelow_curl\n')
    prefix = installed.archive_prefix if linkage == 'static' else installed.prefix
    path = environment(PKG_CONFIG_PATH=f'{tmp_path}:{prefix}/lib/pkgconfig')
    plain, static = (run('pkg-config', *asked, '--libs', 'poolsend', env=path).stdout.split()
                     for asked in ([], ['--static']))
    assert '-lbelow_curl' not in plain
    assert {'-lpoolsend', '-lcurl', '-lbelow_curl'} <= set(static)


def test_no_folder_is_named_but_its_own(installed):
    for prefix in (installed.prefix, installed.archive_prefix):
        text = (prefix / 'lib' / 'pkgconfig' / 'poolsend.pc').read_text()
        assert re.findall(r'-[LI](\S+)', text) == ['${libdir}', '${includedir}']
        assert 'URL:' not in text


def test_there_is_one_version(installed, tmp_path, source):
    version, = installed.pkg_config('--modversion')
    assert f"  version: '{version}'," in (ROOT / 'meson.build').read_text()
    header = installed.header.read_text()
    number = sum(int(part) << shift for part, shift in zip(version.split('.'), (16, 8, 0)))
    assert re.search(rf'^#define POOLSEND_VERSION +"{re.escape(version)}"', header, re.MULTILINE)
    assert re.search(rf'^#define POOLSEND_VERSION_NUMBER +0x{number:06x}$', header, re.MULTILINE)
    assert run(installed.compile([source], tmp_path / 'program')).stdout == f'{version} {version}\n'
    assert run(installed.program, '--version').stdout.split()[:2] == ['poolsend', version]
