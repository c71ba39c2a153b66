"""What the log of `meson test` tells, a JSON object a test.

    testlog.py counts LOG            passes and failures
    testlog.py reports LOG SUITE...  what these suites printed of what they tried and found

What counts is a case of cmocka or pytest where a test tells of its cases, else the test. A test that crashed is a
failure, whatever else was counted.
"""

import json
import re
import sys

NOISE = re.compile(r'\[ ?[-=A-Z ]+\]|[.sFExX]+ *\[ *\d+%\]$|[.sFExX]+$|MESON_TEST|$')
SUMMARY = re.compile(r'\d+ \w+.* in [\d.]+s')


def numbers(pattern, text):
    return sum(int(number) for number in re.findall(pattern, text, re.MULTILINE))


def cases(test):
    """Those of the test that passed and failed, as far as it tells."""
    text = test.get('stdout', '') + '\n' + test.get('stderr', '')
    passed = numbers(r'^\[  PASSED  \] (\d+) test\(s\)', text)
    failed = numbers(r'^ ?(\d+) FAILED TEST\(S\)', text)
    summary = test.get('stdout', '').strip().rpartition('\n')[2]
    if SUMMARY.search(summary):
        passed += numbers(r'(\d+) passed', summary)
        failed += numbers(r'(\d+) (?:failed|error)', summary)
    return passed, failed


def count(test):
    passed, failed = cases(test)
    if test['result'] == 'SKIP':
        return 0, 0
    if test['result'] not in ('OK', 'EXPECTEDFAIL'):
        return passed, max(failed, 1)
    return (passed, failed) if passed + failed else (1, 0)


def report(test):
    """What it printed, without what the test's framework says of its progress."""
    lines = test.get('stdout', '').splitlines()
    return [line for line in lines if not NOISE.match(line) and not SUMMARY.search(line)]


def suites(test):
    """Of `poolsend:unit+sim / heap` they are unit and sim."""
    return set(re.sub(r'^[^:]*:| / .*', '', test['name']).split('+'))


def main(what, path, *wanted):
    with open(path, encoding='utf-8') as log:
        tests = [json.loads(line) for line in log]
    if what == 'counts':
        print(*map(sum, zip((0, 0), *map(count, tests))))
    for test in tests if what == 'reports' else []:
        lines = report(test) if suites(test) & set(wanted) else []
        if lines:
            print(f'-- {test["name"]}', *lines, sep='\n')


main(*sys.argv[1:])
