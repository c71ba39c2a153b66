"""Locales of a test's own, made by localedef into a folder of the test's.

    environment = make_locale(directory, 'tr_TR')

is what a program runs with whose locale is Turkish, in UTF-8. The test is skipped where localedef or the description of
the locale is not there (Debian's package `locales` has it), and fails where the locale was made and cannot be used.
"""

import os
import pathlib
import shutil
import subprocess
import sys

import pytest

SOURCES = pathlib.Path('/usr/share/i18n/locales')


def without_glibcs_leak(directory):
    """newlocale(), which OpenSSL calls, loses its copy of LOCPATH: for programs that are built to look for leaks."""
    path = directory / 'leaks'
    path.write_text('leak:argz_add_sep\n')
    return ':'.join(filter(None, [os.environ.get('LSAN_OPTIONS'), f'suppressions={path}', 'print_suppressions=0']))


def make_locale(directory, name, charset='UTF-8'):
    if not shutil.which('localedef') or not (SOURCES / name).exists():
        pytest.skip(f'there is no localedef, or no description of {name}')
    # It ends with 1 for a mere warning about the description.
    subprocess.run(['localedef', '-c', '-i', name, '-f', charset, str(directory / f'{name}.{charset}')],
                   capture_output=True, check=False)
    made = {'LOCPATH': str(directory), 'LC_ALL': f'{name}.{charset}', 'LSAN_OPTIONS': without_glibcs_leak(directory)}
    subprocess.run([sys.executable, '-c', 'import locale; locale.setlocale(locale.LC_ALL, "")'], check=True,
                   env={**os.environ, **made})
    return made
