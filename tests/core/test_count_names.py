"""Names to count under: few, whatever clients make up."""

from ollamaproxy.observing.names import (
    MAX_MODELS,
    OTHER,
    ModelNames,
    Routes,
    method_name,
    readable,
)
from tests.case import Case

ROUTES = Routes(["/", "/api/chat", "/v1/models"], ["/v1/models", "/api/blobs"])


class RouteNames(Case):
    def test_routes(self) -> None:
        """A path is counted as the route that answers it, however it is spelled."""
        for path, name in (
            (b"/api/chat", "/api/chat"),
            (b"/", "/"),
            (b"//api//chat/", "/api/chat"),
            (b"/api/./ch%61t", "/api/chat"),
            (b"/v1/models", "/v1/models"),
            (b"/v1/models/a/b", "/v1/models/*"),
            (b"/api/blobs/sha256:00", "/api/blobs/*"),
            (b"/api/blobs", OTHER),
            (b"/api/chat/more", OTHER),
            (b"/API/CHAT", OTHER),
            (b"/v1/modelsx", OTHER),
            (b"", "/"),
            (b"\xff%zz%", OTHER),
        ):
            self.assertEqual(ROUTES.name(path), name, path)

    def test_methods(self) -> None:
        """A method that HTTP does not have is another one."""
        self.assertEqual(method_name(b"POST"), "POST")
        for made_up in (b"BREW", b"post", b"", b"\xff" * 1000):
            self.assertEqual(method_name(made_up), OTHER)


class Models(Case):
    def test_only_listed_ones_have_a_name(self) -> None:
        """A model is counted by the name in the list, one that is not listed is another one."""
        names = ModelNames({"gpt": "openai/gpt", "gpt:latest": "openai/gpt"}.get)
        self.assertEqual(names.name("gpt"), "openai/gpt")
        self.assertEqual(names.name("gpt:latest"), "openai/gpt")
        self.assertEqual(names.name("made-up"), OTHER)

    def test_there_are_only_so_many(self) -> None:
        """A gateway with endlessly many models gets no more counts than the limit."""
        names = ModelNames(lambda name: name)
        for number in range(MAX_MODELS):
            self.assertEqual(names.name(f"m{number}"), f"m{number}")
        self.assertEqual(names.name("one-more"), OTHER)
        self.assertEqual(names.name("m0"), "m0")

    def test_a_name_is_fit_to_be_shown(self) -> None:
        """A gateway's name with characters that cannot be sent is counted under a readable one."""
        names = ModelNames(lambda name: name)
        self.assertEqual(names.name("a\ud800b"), "a\ufffdb")


class Readable(Case):
    def test_texts(self) -> None:
        """A client's text is cut, and has nothing that moves, hides or breaks the others."""
        for text, shown in (
            ("plain <b>model</b>", "plain <b>model</b>"),
            ("größer", "größer"),
            ("größer".encode(), "größer"),
            (b"\xff\x00\n", "\ufffd\ufffd\ufffd"),
            ("a\u202eb\u200bc\x1b[0m", "a\ufffdb\ufffdc\ufffd[0m"),
            ("x" * 120, "x" * 120),
            ("x" * 121, "x" * 120 + "…"),
            (b"x" * 9999, "x" * 120 + "…"),
            ("", ""),
        ):
            self.assertEqual(readable(text), shown)
