"""How many requests the gateway is given at a time."""

from ollamaproxy.settings import Deadlines, Limits, Settings
from tests.web.case import NetworkCase
from tests.web.network import ClientConnection


class Admission(NetworkCase):
    settings = Settings(
        base_url="http://gateway.test:4000",
        limits=Limits(max_in_flight=2, max_waiting=2),
        deadlines=Deadlines(queue_s=30),
    )

    def asking(self) -> int:
        """Return how many chats are at the gateway, unanswered."""
        peers = self.network.gateway_connections
        return sum(b"POST" in peer.received and peer.waits and not peer.closed for peer in peers)

    def finish(self, number: int) -> None:
        gateway = self.network.gateway_connections[number]
        gateway.begin_stream()
        gateway.end_stream()
        self.network.flush()

    def statuses(self, clients: list[ClientConnection]) -> list[int | None]:
        return [client.response().status if client.received else None for client in clients]

    def test_a_turn_for_each(self) -> None:
        """What is too much waits, in order, and goes on as soon as there is a place."""
        clients = [self.chat() for _ in range(4)]
        self.assertEqual(self.asking(), 2)
        for number in (0, 1, 0, 1):  # the connections are used again
            self.finish(number)
        self.assertEqual(self.statuses(clients), [200] * 4)

    def test_a_full_line(self) -> None:
        """What is too much even for the line is refused at once; what runs is not touched."""
        clients = [self.chat() for _ in range(5)]
        self.assertEqual(self.statuses(clients), [None, None, None, None, 503])
        response = clients[4].response()
        self.assertEqual(
            response.json,
            {"error": "server busy, please try again.  maximum pending requests exceeded"},
        )
        self.assertEqual(response.headers["retry-after"], "1")
        self.assertEqual(self.network.records[0].outcome, "overloaded")

    def test_all_endpoints(self) -> None:
        """All endpoints for which the gateway works share the places."""
        self.chat()
        self.chat()
        self.chat()
        self.chat()
        for path, body in (
            ("/api/generate", {"model": "m", "prompt": "x"}),
            ("/api/embed", {"model": "m", "input": "x"}),
            ("/v1/completions", {"model": "m", "prompt": "x"}),
        ):
            self.assertEqual(self.network.ask(path, body).response().status, 503, path)
        self.assertEqual(self.network.get("/api/tags").status, 200)

    def test_a_client_that_leaves_the_line(self) -> None:
        """A client that leaves while it waits makes room in the line."""
        clients = [self.chat() for _ in range(4)]
        clients[2].leave()
        self.network.flush()
        clients.append(self.chat())
        self.assertEqual(self.statuses(clients[3:]), [None, None])
        self.finish(0)
        self.assertEqual(self.asking(), 2)

    def test_a_client_that_leaves_its_place(self) -> None:
        """A client that leaves while it is answered lets the next one in."""
        clients = [self.chat() for _ in range(3)]
        clients[0].leave()
        self.network.flush()
        self.assertEqual(self.asking(), 2)

    def test_a_long_wait(self) -> None:
        """Who has waited too long is refused."""
        clients = [self.chat() for _ in range(3)]
        self.network.wait(31)
        self.assertEqual(self.statuses(clients), [None, None, 503])
