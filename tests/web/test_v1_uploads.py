"""Uploads to OpenAI's routes."""

from tests.web.network import ClientConnection
from tests.web.v1 import V1Case


class Uploads(V1Case):
    BODY = (
        b'--AaB\r\nContent-Disposition: form-data; name="model"\r\n\r\nllama3\r\n'
        b'--AaB\r\nContent-Disposition: form-data; name="file"; filename="a.wav"\r\n'
        b"Content-Type: audio/wav\r\n\r\n\x00RIFF\r\n--AaX\r\n"
        b'--AaB\r\nContent-Disposition: form-data; name="language"\r\n\r\nde\r\n--AaB--\r\n'
    )
    TYPE = "Content-Type: multipart/form-data; boundary=AaB\r\n"

    def upload(self, body: bytes, headers: str = TYPE) -> ClientConnection:
        return self.network.ask("/v1/audio/transcriptions", body, headers)

    def test_rebuilt(self) -> None:
        """An upload goes on with the gateway's name of the model, and all else as it is."""
        client = self.upload(self.BODY)
        request = self.network.gateway.request
        kind, _equals, boundary = request.headers["content-type"].partition("; boundary=")
        self.assertEqual(kind, "multipart/form-data")
        self.assertEqual(int(request.headers["content-length"]), len(request.body))
        expected = self.BODY.replace(b"llama3", b"azure/gpt-4o").replace(
            b"--AaB", b"--" + boundary.encode()
        )
        self.assertEqual(request.body, expected)
        self.network.gateway.reply(200, "application/json", '{"text":"Hallo"}')
        self.network.flush()
        self.assertEqual(client.response().json, {"text": "Hallo"})

    def test_a_text_reply(self) -> None:
        """A transcription may be plain text."""
        client = self.upload(self.BODY)
        self.network.gateway.reply(200, "text/plain; charset=utf-8", "Grüße")
        self.network.flush()
        self.assertEqual(client.response().body.decode(), "Grüße")
        self.assertEqual(client.response().headers["content-type"], "text/plain; charset=utf-8")

    def test_in_pieces(self) -> None:
        """A long upload arrives whole, though it is written as the gateway takes it."""
        long = self.BODY.replace(b"RIFF", bytes(range(256)) * 350)
        self.upload(long)
        self.assertIn(bytes(range(256)) * 350, self.network.gateway.request.body)

    def test_refused(self) -> None:
        """What is no upload, or lacks something, is refused."""
        for body, headers, message in (
            (b"{}", "", "failed to parse multipart form"),
            (self.BODY[:-20], self.TYPE, "failed to parse multipart form"),
            (self.BODY.replace(b'"model"', b'"x"'), self.TYPE, "model is required"),
            (self.BODY.replace(b'"file"', b'"x"'), self.TYPE, "file is required"),
        ):
            response = self.upload(body, headers).response()
            self.assertEqual(response.status, 400)
            self.assertIn(message, response.json["error"]["message"])
