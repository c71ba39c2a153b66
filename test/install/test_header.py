"""The header alone: every dialect takes it, and it brings in nothing of others."""

import re

import pytest

from conftest import COMPILERS, run


@pytest.mark.parametrize('language, standard', [
    ('c', 'c99'), ('c', 'c11'), ('c', 'c17'), ('c', 'gnu11'), ('c++', 'c++11'), ('c++', 'c++17'), ('c++', 'c++20')])
def test_it_compiles_alone_and_twice(installed, tmp_path, language, standard):
    source = tmp_path / 'twice.source'
    source.write_text('#include <poolsend.h>\n#include <poolsend.h>\nextern int something_of_its_own;\n')
    run(*COMPILERS[language], '-x', language, f'-std={standard}', '-pedantic', '-Wall', '-Wextra', '-Wshadow',
        '-Wundef', '-Wconversion', '-Werror', *installed.pkg_config('--cflags'), '-c', source, '-o', tmp_path / 'o')


def test_it_includes_three_headers_of_the_language(installed):
    included = re.findall(r'^\s*#\s*include\s*(\S+)', installed.header.read_text(), re.MULTILINE)
    assert set(included) == {'<stdbool.h>', '<stddef.h>', '<stdint.h>'}


def test_it_has_no_types_of_the_libraries_below(installed):
    code = re.sub(r'/\*.*?\*/', '', installed.header.read_text(), flags=re.DOTALL)
    assert 'struct poolsend_sender' in code
    assert not re.findall(r'\b(?:CURL\w*|curl_\w+|json_object\w*|sqlite3\w*|pthread_\w+)\b', code)


def test_no_struct_of_it_has_fields(installed):
    """Everything is a handle: a program that was compiled with it knows no size and no offset of ours."""
    code = re.sub(r'/\*.*?\*/', '', installed.header.read_text(), flags=re.DOTALL)
    structs = re.findall(r'^struct (\w+)(.*)$', code, re.MULTILINE)
    assert ('poolsend_config', ';') in structs
    assert not [name for name, rest in structs if rest != ';' and '(' not in rest]
    assert not re.findall(r'\b(?:struct|union)\s*\w*\s*\{', code)


def test_it_defines_nothing_without_its_prefix(installed, tmp_path):
    """Macros, functions, types and constants: whatever is there with it and not without it."""
    three = tmp_path / 'three.c'
    three.write_text('#include <stdbool.h>\n#include <stddef.h>\n#include <stdint.h>\n')
    ours = tmp_path / 'ours.c'
    ours.write_text('#include <poolsend.h>\n')
    flags = '-dM', '-E', *installed.pkg_config('--cflags')
    macros = [set(re.findall(r'^#define (\w+)', run(*COMPILERS['c'], *flags, path).stdout, re.MULTILINE))
              for path in (three, ours)]
    added = macros[1] - macros[0]
    assert added and not [name for name in added if not name.startswith('POOLSEND_')]
