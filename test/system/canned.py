"""A server that answers every request with the same bytes and ends the connection, for answers that the scripted server
would not send."""

from contextlib import suppress
import socket
import threading

from server import RECEIVE, Reader, parse_head, server_context

HEAD_MAX = 1 << 20


class Canned:
    """`requests` has those that were read. A body is read before the answer is sent."""

    def __init__(self, answer, tls=None):
        self.requests = []
        self._answer = answer
        self._context = server_context(tls) if tls else None
        self._listener = socket.create_server(('127.0.0.1', 0))
        self._thread = threading.Thread(target=self._serve_all, daemon=True)

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._listener.shutdown(socket.SHUT_RDWR)
        self._thread.join()
        self._listener.close()

    def url(self, target='/'):
        host, port = self._listener.getsockname()
        return f'{"https" if self._context else "http"}://{host}:{port}{target}'

    def _serve_all(self):
        while True:
            try:
                sock, _ = self._listener.accept()
            except OSError:
                return
            with sock, suppress(EOFError, OSError):
                self._serve(sock)

    def _serve(self, sock):
        if self._context:
            sock = self._context.wrap_socket(sock, server_side=True)
        with sock:
            reader = Reader(sock.recv)
            request = parse_head(reader.until(b'\r\n\r\n', HEAD_MAX), len(self.requests) + 1)
            self.requests.append(request)
            request.body = b''.join(reader.exactly(request.length))
            sock.sendall(self._answer)
            sock.shutdown(socket.SHUT_WR)
            while sock.recv(RECEIVE):
                pass
