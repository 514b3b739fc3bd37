"""What the status page is told, and how: in memory."""

import base64
import hashlib
import json
import re
from typing import Any

from twisted.internet.defer import fail
from twisted.internet.error import ConnectionRefusedError as TwistedRefused

from ollamaproxy.admin.audience import MAX_VIEWERS
from ollamaproxy.observing.report import MAX_RECENT
from ollamaproxy.wire.model_facts import ModelFacts
from tests.web.admin import AdminCase
from tests.web.case import CHAT
from tests.web.network import ClientConnection


class ThePage(AdminCase):
    def test_it_is_whole(self) -> None:
        """The page is one file: it names no other, on this host or elsewhere."""
        page = self.get("/").body.decode()
        self.assertIn("<title>ollamaproxy</title>", page)
        self.assertNotIn("/* page.", page)
        for loaded in re.findall(r'(?:src|href)="([^"]*)"', page):
            self.assertRegex(loaded, r"\A(data:|#|[a-z]+(\.json)?\Z)")
        for address in re.findall(r"https?:[^\s\"')]*", page):
            self.assertTrue(address.startswith("http://www.w3.org/2000/svg"), address)

    def test_its_script_is_the_only_one_that_may_run(self) -> None:
        """The policy has the hash of the page's script and of its style, and of nothing else."""
        response = self.get("/")
        page = response.body.decode()
        hashes = set()
        for tag in ("script", "style"):
            (content,) = re.findall(f"<{tag}>(.*?)</{tag}>", page, re.DOTALL)
            digest = base64.b64encode(hashlib.sha256(content.encode()).digest()).decode()
            hashes.add(f"'sha256-{digest}'")
        policy = response.headers["content-security-policy"]
        self.assertEqual(set(re.findall(r"'sha256-[^']*'", policy)), hashes)

    def test_it_makes_no_markup_of_text(self) -> None:
        """The script does not use what makes markup or code of a text."""
        page = self.get("/").body.decode()
        for way in (
            "innerHTML",
            "outerHTML",
            "insertAdjacent",
            "document.write",
            "eval(",
            "style=",
        ):
            self.assertNotIn(way, page)


class TheDocument(AdminCase):
    def test_a_running_request(self) -> None:
        """A request that runs is told with its model, age and client, and whether it answers."""
        self.chat()
        self.network.wait(3)
        (running,) = self.status()["running"]
        expected = {
            "method": "POST",
            "route": "/api/chat",
            "client": "192.168.1.7",
            "caller": "",
            "model": "m",
            "has_begun": False,
            "age_s": 3.0,
        }
        self.assertEqual(running, expected)
        self.network.gateway.begin_stream()
        self.network.gateway.token("x")
        self.network.flush()
        self.assertTrue(self.status()["running"][0]["has_begun"])
        self.network.gateway.end_stream()
        self.network.flush()
        self.assertEqual(self.status()["running"], [])

    def test_a_request_that_only_begins(self) -> None:
        """A request of which only a line has come is told without being known."""
        client = self.network.client()
        client.raw(b"POST /api/chat HTTP/1.1\r\n")
        self.network.flush()
        (running,) = self.status()["running"]
        self.assertEqual((running["method"], running["model"]), ("other", ""))

    def test_a_refused_request_does_not_run(self) -> None:
        """A request that was refused does not count as running while its connection lingers."""
        client = self.network.client()
        client.raw(b"GET / HTTP/1.1\r\nBad\x00: x\r\n\r\n")
        self.network.flush()
        self.assertEqual(self.status()["running"], [])

    def test_ended_requests(self) -> None:
        """The last requests are told newest first, and only so many."""
        for number in range(MAX_RECENT + 5):
            self.network.get(f"/nothing{number}")
        recent = self.status()["recent"]
        self.assertEqual(len(recent), MAX_RECENT)
        self.assertEqual(recent[0]["path"], f"/nothing{MAX_RECENT + 4}")
        self.assertEqual((recent[0]["fate"], recent[0]["reason"]), ("rejected", "not_found"))

    def test_a_chat(self) -> None:
        """A chat is told with all that it took and cost."""
        self.chat()
        self.network.wait(2)
        self.network.gateway.begin_stream()
        self.network.gateway.token("x")
        self.network.flush()
        self.network.wait(1)
        self.network.gateway.end_stream()
        self.network.flush()
        told = self.status()
        (ended,) = told["recent"]
        self.assertEqual((ended["first_byte_s"], ended["duration_s"]), (2.0, 3.0))
        self.assertEqual((ended["prompt_tokens"], ended["completion_tokens"]), (11, 7))
        self.assertEqual((ended["model"], ended["status"], ended["fate"]), ("m", 200, "answered"))
        self.assertEqual(told["totals"]["completion_tokens"], 7)
        self.assertGreater(told["curves"]["requests_per_s"][-1], 0)
        self.assertAlmostEqual(told["curves"]["first_byte_p50_s"][-1], 2.0, places=0)

    def test_a_gateway_that_is_down(self) -> None:
        """A gateway is told as down, with its faults and for how long."""
        self.network.connecting = lambda: fail(TwistedRefused())
        self.chat()
        self.network.wait(30)
        (gateway,) = self.status()["gateways"]
        self.assertEqual((gateway["is_up"], gateway["faults"]), (False, 1))
        self.assertEqual(gateway["for_s"], 30.0)

    def test_models(self) -> None:
        """Models are told with what they can do, as soon as the gateway has told them."""
        self.assertIsNone(self.status()["models"])
        self.network.models = {"m": ModelFacts(vision=True, context_length=1000)}
        self.network.get("/api/tags")
        self.assertEqual(
            self.status()["models"],
            [
                {
                    "name": "m",
                    "target": "m",
                    "capabilities": ["completion", "tools", "vision"],
                    "context_length": 1000,
                }
            ],
        )

    def test_endless_names(self) -> None:
        """A client's endless or odd name of a model is kept and told as a short readable one."""
        self.network.ask("/api/chat", {**CHAT, "model": "\u202e" + "x" * 500})
        self.network.gateway.reply(404, "application/json", "{}")
        self.network.flush()
        model = self.status()["recent"][0]["model"]
        self.assertTrue(model.startswith("\ufffdx"))
        self.assertLess(len(model), 200)


class Events(AdminCase):
    def news(self, viewer: ClientConnection) -> list[Any]:
        """Return the documents that a viewer has been sent, oldest first."""
        body = viewer.response().body.decode()
        return [json.loads(line[6:]) for line in body.splitlines() if line.startswith("data: ")]

    def test_news(self) -> None:
        """A viewer is told at once, and from then on once a second, what there is."""
        viewer = self.connect("/events")
        self.assertEqual(viewer.response().headers["content-type"], "text/event-stream")
        self.assertEqual(len(self.news(viewer)), 1)
        self.chat()
        for _ in range(3):
            self.network.wait(1)
        news = self.news(viewer)
        self.assertEqual(len(news), 4)
        self.assertEqual([len(it["running"]) for it in news], [0, 1, 1, 1])

    def test_nobody_looks(self) -> None:
        """Nothing is done while nobody looks: before the first viewer, and after the last."""
        self.assertEqual(self.network.clock.getDelayedCalls(), [])
        viewers = [self.connect("/events") for _ in range(2)]
        for viewer in viewers:
            viewer.leave()
        self.network.flush()
        self.assertEqual(self.network.clock.getDelayedCalls(), [])

    def test_models_are_told_when_they_change(self) -> None:
        """The list of models, which may be long, is only told to who does not know it."""
        viewer = self.connect("/events")
        for _ in range(3):
            self.network.wait(1)
        self.network.get("/api/tags")
        other = self.connect("/events")
        for _ in range(2):
            self.network.wait(1)
        told = [it["models"] for it in self.news(viewer) if "models" in it]
        self.assertEqual([models and models[0]["name"] for models in told[-2:]], [None, "m"])
        self.assertIn("models", self.news(other)[0])
        self.assertNotIn("models", self.news(other)[-1])

    def test_a_crowd(self) -> None:
        """More viewers than there may be are refused, until one has left."""
        viewers = [self.connect("/events") for _ in range(MAX_VIEWERS)]
        refused = self.connect("/events").response()
        self.assertEqual(refused.status, 503)
        self.assertIn(b"look at the status page already", refused.body)
        viewers[0].leave()
        self.network.flush()
        self.assertEqual(self.connect("/events").response().status, 200)

    def test_one_who_does_not_read(self) -> None:
        """A viewer that does not read gets no more news until it does: nothing piles up."""
        viewer = self.connect("/events")
        producer = self.network.daemon_side(viewer).producer
        producer.pauseProducing()
        for _ in range(5):
            self.network.wait(1)
        self.assertEqual(len(self.news(viewer)), 1)
        producer.resumeProducing()
        self.network.wait(1)
        self.assertEqual(len(self.news(viewer)), 2)

    def test_the_end(self) -> None:
        """When the daemon has stopped, those who look are not kept."""
        viewer = self.connect("/events")
        gone: list[None] = []
        self.admin_site.drain().addCallback(gone.append)
        self.admin_site.cut()
        self.admin_site.abort()
        self.network.flush()
        self.assertTrue(viewer.closed)
        self.assertEqual(gone, [None])
        self.assertEqual(self.network.clock.getDelayedCalls(), [])
