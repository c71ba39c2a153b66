#!/usr/bin/env python3
"""poolsend-events(5) from the JSON Schema of the events: events.py SCHEMA PAGE.

What the page says of an event or a member is its `description` in the schema, or that of the definition that it refers
to; types, order, and what may be missing are taken from the schema too. A part without a description is an error, so
that nothing can be added without words.
"""

import json
import re
import sys
import textwrap

WIDTH = 78

HEAD = '''\
.\\" Made by events.py from events.schema.json.
.Dd November 28, 2026
.Dt POOLSEND-EVENTS 5
.Os
.Sh NAME
.Nm poolsend-events
.Nd events of poolsend, as lines of JSON
'''

FILES = '''\
.Sh FILES
.Bl -tag -width Ds
.It Pa share/poolsend/events.schema.json
The JSON Schema of the events, installed with the program.
.El
'''

FOOT = '''\
.Sh SEE ALSO
.Xr poolsend 1 ,
.Xr poolsend 3 ,
.Xr poolsend-config 5
'''


def escaped(line):
    """A line of text: no character of it means anything to the formatter."""
    line = line.replace('\\', '\\e')
    return '\\&' + line if line[:1] in ('.', "'") else line


def prose(text):
    """Text as lines, each sentence on lines of its own."""
    sentences = re.split(r'(?<=[.?!]) (?=[A-Z])', text)
    return ''.join(f'{escaped(line)}\n' for sentence in sentences for line in textwrap.wrap(
        sentence, WIDTH, break_long_words=False, break_on_hyphens=False))


class Page:
    def __init__(self, schema):
        self.schema, self.definitions = schema, schema['definitions']
        self.objects = [part for part in self.definitions.values() if part.get('type') == 'object']
        # What several refer to without a word of their own is described once.
        references = [(name, part['$ref']) for shape in self.objects for name, part in shape['properties'].items()
                      if set(part) == {'$ref'}]
        self.shared = {name: {'$ref': where} for name, where in references if references.count((name, where)) > 1}

    def is_shared(self, name, part):
        return part == self.shared.get(name)

    def resolved(self, part):
        """The part with what it refers to; what it says itself counts."""
        name = part.get('$ref', '').removeprefix('#/definitions/')
        return {**self.resolved(self.definitions[name]), **part} if name else part

    def described(self, part, what):
        words = self.resolved(part).get('description')
        if not words:
            raise SystemExit(f'events.py: {what} has no description')
        return words

    def kind(self, part):
        """What sort of value it is, in words; '' where the description says it all."""
        part = self.resolved(part)
        if 'const' in part:
            return json.dumps(part['const'])
        if 'enum' in part:
            return ' or '.join(json.dumps(each) for each in part['enum'])
        if 'oneOf' in part:
            kinds = [self.kind(each) for each in part['oneOf']]
            return 'word' if all('const' in each for each in part['oneOf']) else ' or '.join(kinds)
        if part.get('type') == 'array':
            items = {'integer': 'numbers', 'string': 'strings', 'object': 'objects'}
            return f'array of {items[self.resolved(part["items"])["type"]]}'
        types = part.get('type', [])
        return ' or '.join([types] if isinstance(types, str) else types)

    def entry(self, name, part, optional=False):
        marks = [self.kind(part)] if self.kind(part) else []
        if optional:
            marks.append('may be missing')
        note = ' Pq ' + escaped(', '.join(marks)).replace('"', '\\(dq') if marks else ''
        return f'.It Ic {name}{note}\n{prose(self.described(part, name))}'

    def members(self, shape):
        """All in order, then in words those that are this object's own."""
        names = [f'.Ic {name}' for name in shape['properties']]
        out = 'Its members are, in order,\n' + ' ,\n'.join(names) + ' .\n'
        own = {name: part for name, part in shape['properties'].items()
               if name != 'event' and not self.is_shared(name, part)}
        if own:
            out += '.Bl -tag -width Ds\n'
            out += ''.join(self.entry(name, part, name not in shape['required']) for name, part in own.items())
            out += '.El\n'
        return out

    def section(self, title, name):
        shape = self.definitions[name]
        return f'.Sh {title}\n{prose(self.described(shape, name))}{self.members(shape)}'

    def common(self):
        out = '.Sh MEMBERS OF SEVERAL OBJECTS\n.Bl -tag -width Ds\n'
        for name, part in self.shared.items():
            optional = any(shape['properties'].get(name) == part and name not in shape['required']
                           for shape in self.objects)
            out += self.entry(name, part, optional)
        return out + '.El\n'

    def events(self):
        out = '.Sh EVENTS\nThe member\n.Ic event\nsays which of these an object is.\n'
        for each in self.schema['oneOf']:
            shape = self.resolved(each)
            name = shape['properties']['event']['const']
            out += f'.Ss {name}\n{prose(self.described(shape, name))}{self.members(shape)}'
        return out

    def words(self, title, name):
        out = f'.Sh {title}\n{prose(self.described(self.definitions[name], name))}.Bl -tag -width unreached\n'
        for each in self.definitions[name]['oneOf']:
            out += f'.It Ql {each["const"]}\n{prose(self.described(each, each["const"]))}'
        return out + '.El\n'

    def examples(self):
        out = '.Sh EXAMPLES\nEach event is one line; here they are folded.\n.Bd -literal -offset indent\n'
        for each in self.schema['oneOf']:
            for example in self.resolved(each)['examples']:
                text = json.dumps(example, separators=(',', ':'), ensure_ascii=True)
                lines = textwrap.wrap(re.sub(r',(?=["{])', ', ', text), WIDTH - 8, subsequent_indent=' ',
                                      break_long_words=False, break_on_hyphens=False)
                out += ''.join(f'{escaped(line)}\n' for line in lines)
        return out + '.Ed\n'

    def __str__(self):
        return (HEAD + f'.Sh DESCRIPTION\n{prose(self.described(self.schema, "the schema"))}' + self.events() +
                self.section('ATTEMPTS', 'attempt') + self.section('TIMINGS', 'timings') + self.common() +
                self.words('THE FATES', 'fate') + self.words('THE REASONS', 'reason') + FILES + self.examples() +
                FOOT)


def main(schema, page):
    with open(schema, encoding='utf-8') as file:
        text = str(Page(json.load(file)))
    with open(page, 'w', encoding='utf-8') as file:
        file.write(text)


if __name__ == '__main__':
    main(*sys.argv[1:])
