"""poolsend for Python by ctypes: all that a binding takes where no layout is part of the library's contract.

    sender = Sender('libpoolsend.so', ['https://a.example/', 'https://b.example/'], settle='10s')
    account = sender.deliver('disk full')  # returns at the win, or when nobody took it
    account.delivered()                    # the event as a dict; None: nobody took it
    account.settled()                      # waits for the attempts that were left behind
"""

import ctypes
import json

NEVER = 2**63 - 1
FUNCTIONS = """config_new:p config_free:vp config_set:ipss config_add:pps config_error:sp open:pp free:vp
    message_new:psn message_free:vp message_error:sp strerror:si deliver:ippta report_free:vp report_delivered:ipta
    report_settled:ipta event_json:pp"""
TYPES = {'p': ctypes.c_void_p, 's': ctypes.c_char_p, 'i': ctypes.c_int, 'n': ctypes.c_size_t, 't': ctypes.c_int64,
         'a': ctypes.POINTER(ctypes.c_void_p), 'v': None}


class Sender:
    def __init__(self, path, urls, **options):
        self._library = library = ctypes.CDLL(path)
        for name, (result, *arguments) in (function.split(':') for function in FUNCTIONS.split()):
            function = library[f'poolsend_{name}']
            function.restype, function.argtypes = TYPES[result], [TYPES[argument] for argument in arguments]
            setattr(self, f'_{name}', function)
        config = self._config_new()
        for name, value in options.items():
            self._config_set(config, name.encode(), value.encode())
        for url in urls:
            self._config_add(config, url.encode())
        self._sender = self._open(config)
        words = self._config_error(config).decode()
        self._config_free(config)
        if not self._sender:
            raise ValueError(words)

    def deliver(self, body, timeout=NEVER):
        message, report = self._message_new(body.encode(), len(body.encode())), ctypes.c_void_p()
        result = self._deliver(self._sender, message, timeout, ctypes.byref(report))
        words = self._message_error(message) or self._strerror(result)
        self._message_free(message)
        if not report:
            raise ValueError(words.decode())
        return Account(self, report)

    def close(self):
        self._free(self._sender)


class Account:
    def __init__(self, sender, report):
        self._sender, self._report = sender, report

    def _event(self, await_it, timeout):
        event = ctypes.c_void_p()
        if await_it(self._report, timeout, ctypes.byref(event)):
            return None
        text = self._sender._event_json(event)
        event = json.loads(ctypes.string_at(text))
        ctypes.CDLL(None).free(ctypes.c_void_p(text))
        return event

    def delivered(self, timeout=NEVER):
        return self._event(self._sender._report_delivered, timeout)

    def settled(self, timeout=NEVER):
        return self._event(self._sender._report_settled, timeout)

    def close(self):
        self._sender._report_free(self._report)
