"""What other projects are told by pkg-config: flags, libraries, the version."""

import re

import pytest

from conftest import ROOT, environment, needed_by, run

PROGRAM = r'''
#include <poolsend.h>
#include <stdio.h>

int main(void)
{
  struct ps_endpoint_settings endpoint = {0};
  struct ps_sender_settings config;
  struct poolsend_sender *sender;

  endpoint.url = "http://127.0.0.1/";
  poolsend_config_init(&config);
  config.endpoints = &endpoint;
  config.endpoint_count = 1;
  if (poolsend_new(&sender, &config, NULL))
    return 1;
  poolsend_free(sender);
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
    assert 'libpoolsend.so.0' in needed
    assert not [name for name in needed if name.startswith(('libcurl', 'libjson-c'))]
    run(program)


def test_a_program_is_linked_with_the_archive(installed, tmp_path, source):
    program = installed.compile([source], tmp_path / 'program', linkage='static')
    assert not [name for name in needed_by(program) if name.startswith('libpoolsend')]
    run(program)


def test_libidn2_is_asked_for_where_the_library_uses_it(installed):
    uses = 'idn2_' in run('nm', '-u', installed.archive).stdout
    assert ('-lidn2' in installed.pkg_config('--static', '--libs', linkage='static')) == uses
    assert bool([name for name in needed_by(installed.shared) if name.startswith('libidn2')]) == uses


def test_where_the_archive_is_all_there_is_nothing_special_is_asked_for(tmp_path):
    run('meson', 'setup', tmp_path / 'build', ROOT, '-Dtests=false', '-Dcli=false')
    told = run('pkg-config', '--libs', 'poolsend',
               env=environment(PKG_CONFIG_PATH=str(tmp_path / 'build' / 'meson-private'))).stdout.split()
    assert {'-lpoolsend', '-lcurl', '-ljson-c'} <= set(told)


def test_there_is_one_version(installed, tmp_path, source):
    version, = installed.pkg_config('--modversion')
    assert f"  version: '{version}'," in (ROOT / 'meson.build').read_text()
    header = installed.header.read_text()
    number = sum(int(part) << shift for part, shift in zip(version.split('.'), (16, 8, 0)))
    assert re.search(rf'^#define POOLSEND_VERSION +"{re.escape(version)}"', header, re.MULTILINE)
    assert re.search(rf'^#define POOLSEND_VERSION_NUMBER +0x{number:06x}$', header, re.MULTILINE)
    assert run(installed.compile([source], tmp_path / 'program')).stdout == f'{version} {version}\n'
    assert run(installed.program, '--version').stdout.split()[:2] == ['poolsend', version]
