"""A server that speaks HTTP/2 over TLS, and answers every request with an empty 200. One connection at a time."""

import socket
import ssl
import threading

from h2.config import H2Configuration
from h2.connection import H2Connection
from h2.events import RequestReceived, StreamEnded


class Http2Server:
    """`heads` has the headers of each request."""

    def __init__(self, certificate):
        self.heads = []
        self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._context.load_cert_chain(certificate.cert, certificate.key)
        self._context.set_alpn_protocols(['h2'])
        self._listener = socket.create_server(('127.0.0.1', 0))
        self.port = self._listener.getsockname()[1]
        self._thread = threading.Thread(target=self._serve_all, daemon=True)

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._listener.shutdown(socket.SHUT_RDWR)
        self._thread.join()
        self._listener.close()

    def _serve_all(self):
        while True:
            try:
                sock, _ = self._listener.accept()
            except OSError:
                return
            with sock:
                self._serve(sock)

    def _serve(self, sock):
        try:
            with self._context.wrap_socket(sock, server_side=True) as tls:
                connection = H2Connection(H2Configuration(client_side=False))
                connection.initiate_connection()
                tls.sendall(connection.data_to_send())
                while data := tls.recv(65536):
                    for event in connection.receive_data(data):
                        self._treat(connection, event)
                    tls.sendall(connection.data_to_send())
        except OSError:
            pass  # the peer is gone

    def _treat(self, connection, event):
        if isinstance(event, RequestReceived):
            self.heads.append(event.headers)
        if isinstance(event, StreamEnded):
            connection.send_headers(event.stream_id, [(':status', '200')], end_stream=True)
