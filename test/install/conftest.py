"""Builds the tree as a distribution would, installs it below a temporary directory, and compiles programs against that.

What is tested here sees nothing of the source tree: it asks pkg-config, as any other project does. (The versions are
the exception: they have to be the same everywhere.)
"""

import os
import pathlib
import shutil
import subprocess

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
PATIENCE = 600

COMPILERS = {'c': os.environ.get('CC', 'cc').split(), 'c++': os.environ.get('CXX', 'c++').split()}


def environment(**extra):
    """Where DESTDIR says to install to is for whoever runs the tests, not for what they install."""
    return {**{name: value for name, value in os.environ.items() if name != 'DESTDIR'}, **extra}


def run(*command, check=True, **options):
    """Runs a command to its end; what it said is in the failure if it fails."""
    done = subprocess.run([*map(str, command)], capture_output=True, text=True, timeout=PATIENCE, check=False,
                          **{'env': environment(), **options})
    if check and done.returncode:
        pytest.fail(f'{" ".join(map(str, command))}: exit {done.returncode}\n{done.stdout}{done.stderr}', pytrace=False)
    return done


def files_below(directory):
    """The names of all files and links there, relative to it."""
    return {str(path.relative_to(directory)) for path in directory.rglob('*') if path.is_symlink() or path.is_file()}


def needed_by(binary):
    """The shared libraries that it names itself."""
    return {line.partition('[')[2].rstrip(']') for line in run('readelf', '-dW', binary).stdout.splitlines()
            if '(NEEDED)' in line}


class Installed:
    """An installed poolsend: both libraries in `prefix`; `archive_prefix` is a copy without the shared one, which the
    linker would prefer."""

    def __init__(self, prefix, archive_prefix):
        self.prefix, self.archive_prefix = prefix, archive_prefix
        self.header = prefix / 'include' / 'poolsend.h'
        self.shared = prefix / 'lib' / 'libpoolsend.so'
        self.archive = prefix / 'lib' / 'libpoolsend.a'
        self.program = prefix / 'bin' / 'poolsend'

    def pkg_config(self, *arguments, linkage='shared'):
        """What pkg-config says, as a list of words."""
        prefix = self.archive_prefix if linkage == 'static' else self.prefix
        return run('pkg-config', f'--define-variable=prefix={prefix}', *arguments, 'poolsend',
                   env=environment(PKG_CONFIG_PATH=str(prefix / 'lib' / 'pkgconfig'))).stdout.split()

    def compile(self, sources, out, language='c', linkage='shared', flags=()):
        """Compiles and links a program from these sources ('c', 'c++'; 'static', 'shared'), with warnings as errors. It
        runs as it is, wherever it is. Its path."""
        if linkage == 'static':
            libraries = self.pkg_config('--static', '--libs', linkage='static')
        else:
            libraries = [f'-Wl,-rpath,{self.shared.parent}', *self.pkg_config('--libs')]
        run(*COMPILERS[language], '-Wall', '-Wextra', '-Werror', *flags, *self.pkg_config('--cflags'), *sources,
            '-o', out, *libraries)
        return out


@pytest.fixture(scope='session')
def installed(tmp_path_factory):
    """Built and installed once for all tests."""
    top = tmp_path_factory.mktemp('install')
    run('meson', 'setup', top / 'build', ROOT, '--prefix', top / 'prefix', '--libdir', 'lib', '--buildtype',
        'debugoptimized', '-Ddefault_library=both', '-Dtests=false')
    run('meson', 'compile', '-C', top / 'build')
    run('meson', 'install', '-C', top / 'build', '--no-rebuild')
    shutil.rmtree(top / 'build')

    shutil.copytree(top / 'prefix', top / 'archive', symlinks=True)
    for shared in (top / 'archive' / 'lib').glob('*.so*'):
        shared.unlink()
    return Installed(top / 'prefix', top / 'archive')
