"""Health, readiness and who may ask: the admin pages in memory."""

import json
from typing import Any

from attrs import evolve
from twisted.internet.defer import fail
from twisted.internet.error import ConnectionRefusedError as TwistedRefused

from tests.web.admin import PATHS, AdminCase
from tests.web.case import CHAT
from tests.web.network import KEY


class Health(AdminCase):
    def test_alive(self) -> None:
        """A daemon that answers is alive, whatever the gateway does."""
        self.network.connecting = lambda: fail(TwistedRefused())
        response = self.get("/healthz")
        self.assertEqual((response.status, response.body), (200, b"ok\n"))

    def test_it_is_alive_while_it_stops(self) -> None:
        """A daemon that is about to stop is still alive: nobody should kill it."""
        self.readiness.withdraw()
        self.assertEqual(self.get("/healthz").status, 200)


class Ready(AdminCase):
    def ready(self) -> tuple[int, Any]:
        response = self.get("/readyz")
        return response.status, json.loads(response.body)

    def lose_gateway(self) -> None:
        self.network.connecting = lambda: fail(TwistedRefused())
        self.network.ask("/api/chat", CHAT)

    def test_ready(self) -> None:
        """A daemon wants requests from the start, and tells how its gateways are."""
        status, told = self.ready()
        self.assertEqual(status, 200)
        gateway = {"base_url": "http://gateway.test:4000", "is_up": True, "faults": 0}
        self.assertEqual(told, {"ready": True, "reason": None, "gateways": [gateway]})

    def test_not_when_it_stops(self) -> None:
        """A daemon that is about to stop says so."""
        self.readiness.withdraw()
        status, told = self.ready()
        self.assertEqual(status, 503)
        self.assertEqual((told["ready"], told["reason"]), (False, "the daemon is about to stop"))

    def test_a_gateway_that_is_down_is_a_detail(self) -> None:
        """A gateway that is down is told, and is no reason to take the daemon out."""
        self.lose_gateway()
        status, told = self.ready()
        self.assertEqual(status, 200)
        self.assertEqual((told["gateways"][0]["is_up"], told["gateways"][0]["faults"]), (False, 1))

    def test_unless_the_operator_says_so(self) -> None:
        """With --ready-needs-gateway it is one, until the gateway has answered again."""
        self.with_settings(ready_needs_gateway=True)
        self.assertEqual(self.ready()[0], 200)
        self.lose_gateway()
        status, told = self.ready()
        self.assertEqual((status, told["reason"]), (503, "no gateway is up"))
        self.network.connecting = None
        self.network.ask("/api/chat", CHAT)
        self.network.gateway.reply(400, "application/json", "{}")
        self.network.flush()
        self.assertEqual(self.ready()[0], 200)

    def test_it_finds_out_by_itself(self) -> None:
        """A daemon that gets no requests for want of a gateway asks it now and then."""
        self.with_settings(ready_needs_gateway=True)
        self.admin.watch.start()
        self.network.wait(10)
        self.assertEqual(self.network.times_discovered, 0)
        self.lose_gateway()
        discovered = self.network.times_discovered
        self.network.wait(10)
        self.assertEqual(self.network.times_discovered, discovered + 1)
        self.admin.watch.stop()


class WhoMayAsk(AdminCase):
    def test_only_reading(self) -> None:
        """Nothing can be done here but read, by GET or HEAD."""
        for path in PATHS:
            self.assertEqual(self.get(path, method="HEAD").body, b"")
            for method in ("POST", "PUT", "DELETE", "OPTIONS", "BREW"):
                response = self.get(path, "Content-Length: 0\r\n", method)
                self.assertEqual((response.status, response.headers["allow"]), (405, "HEAD, GET"))

    def test_no_bodies(self) -> None:
        """Nobody waits for a body: who announces one is answered, and the connection closed."""
        client = self.connect("/metrics", "Content-Length: 1000000\r\n")
        self.assertEqual(client.response().status, 200)
        self.assertEqual(client.response().headers["connection"], "close")

    def test_hosts(self) -> None:
        """Only who asks for this machine, an address or a declared name is answered."""
        self.with_settings(host_names=("ai.example.com",))
        for host, status in (
            ("localhost", 200),
            ("localhost:11435", 200),
            ("127.0.0.1:11435", 200),
            ("[::1]:11435", 200),
            ("10.1.2.3", 200),
            ("ai.example.com:80", 200),
            ("evil.example.com:11435", 403),
            ("ai.example.com.evil.example", 403),
            ("localhost.evil.example", 403),
        ):
            for path in ("/healthz", "/metrics", "/status.json", "/nothing"):
                response = self.get(path, f"Host: {host}\r\n")
                found = 404 if path == "/nothing" and status == 200 else status
                self.assertEqual(response.status, found, f"{host} {path}")
        refused = self.get("/events", "Host: evil.example.com\r\n")
        self.assertIn(b"--host-name", refused.body)

    def test_without_a_host(self) -> None:
        """A load balancer's check in HTTP/1.0 has no Host, and is no browser's."""
        client = self.network.client(self.admin_site)
        client.raw(b"GET /readyz HTTP/1.0\r\n\r\n")
        self.network.flush()
        self.assertEqual(client.response().status, 200)

    def test_pages_of_others(self) -> None:
        """A page of another site gets nothing; a link to the page, and the page itself, do."""
        for headers, status in (
            ("Origin: http://evil.example.com\r\n", 403),
            ("Origin: null\r\n", 403),
            ("Origin: http://localhost:3000\r\n", 403),
            ("Origin: http://localhost:11435\r\n", 200),
            ("Sec-Fetch-Site: cross-site\r\nSec-Fetch-Mode: cors\r\n", 403),
            ("Sec-Fetch-Site: same-site\r\nSec-Fetch-Mode: no-cors\r\n", 403),
            ("Sec-Fetch-Site: cross-site\r\nSec-Fetch-Mode: navigate\r\n", 403),
            (
                "Sec-Fetch-Site: cross-site\r\nSec-Fetch-Mode: navigate\r\n"
                "Sec-Fetch-Dest: iframe\r\n",
                403,
            ),
            (
                "Sec-Fetch-Site: cross-site\r\nSec-Fetch-Mode: navigate\r\n"
                "Sec-Fetch-Dest: document\r\n",
                200,
            ),
            ("Sec-Fetch-Site: same-origin\r\nSec-Fetch-Mode: cors\r\n", 200),
            ("Sec-Fetch-Site: none\r\nSec-Fetch-Mode: navigate\r\n", 200),
        ):
            self.assertEqual(self.get("/", headers).status, status, headers)

    def test_new_names(self) -> None:
        """Names that are declared while the daemon runs count from then on."""
        asked = "Host: new.example.com\r\n"
        self.assertEqual(self.get("/healthz", asked).status, 403)
        self.admin_site.follow(evolve(self.network.settings, host_names=("new.example.com",)))
        self.assertEqual(self.get("/healthz", asked).status, 200)

    def test_every_answer_is_guarded(self) -> None:
        """Every answer, errors too, forbids to be kept, to be framed and to be taken for else."""
        answers = [self.get(path, method="HEAD") for path in (*PATHS, "/nothing")]
        answers += [self.get("/", "Host: evil.example\r\n"), self.get("/", "", "BREW")]
        for response in answers:
            self.assertEqual(response.headers["cache-control"], "no-store")
            self.assertEqual(response.headers["x-content-type-options"], "nosniff")
            policy = response.headers["content-security-policy"]
            self.assertIn("default-src 'none'", policy)
            self.assertIn("frame-ancestors 'none'", policy)
            self.assertIn("require-trusted-types-for 'script'", policy)
            self.assertNotIn("unsafe", policy)
            self.assertNotIn("access-control-allow-origin", response.headers)

    def test_a_preflight_gets_nothing(self) -> None:
        """A page of another site does not even hear which methods there are."""
        response = self.get(
            "/",
            "Origin: http://localhost\r\nAccess-Control-Request-Method: GET\r\n",
            "OPTIONS",
        )
        self.assertEqual(response.status, 403)


class WhatItCosts(AdminCase):
    def test_nobody_is_asked(self) -> None:
        """Nothing that is asked here makes the daemon ask the gateway."""
        self.network.connecting = lambda: self.fail("it asks the gateway")
        for path in PATHS:
            self.connect(path)
        self.assertEqual(self.network.times_discovered, 0)

    def test_it_is_not_recorded(self) -> None:
        """Probes every second are not in the access log, nor among the daemon's requests."""
        for path in PATHS:
            self.connect(path)
        self.assertEqual(self.network.records, [])
        self.assertEqual(self.status()["totals"]["requests"], 0)

    def test_no_prompt_no_reply_no_key(self) -> None:
        """Neither prompts nor replies nor keys appear anywhere, also not when something failed."""
        message = {"role": "user", "content": "canary-prompt"}
        for ending in ("good", "refused", "cut"):
            client = self.network.ask("/api/chat", {"model": "m", "messages": [message]})
            gateway = self.network.gateway
            if ending == "refused":
                gateway.reply(400, "application/json", json.dumps({"error": f"canary-error {KEY}"}))
            else:
                gateway.begin_stream()
                gateway.token("canary-reply")
                self.network.flush()
                gateway.end_stream() if ending == "good" else gateway.cut()
            self.network.flush()
            self.assertIn(b"canary", client.received)
        self.network.ask("/api/chat?key=canary-query", {"model": "m", "messages": [message]})
        told = b"".join(self.connect(path).received for path in PATHS)
        self.assertIn(b"/api/chat", told)
        self.assertNotIn(b"canary", told)
        self.assertNotIn(KEY.encode(), told)


class Lag(AdminCase):
    def test_a_late_loop_is_seen(self) -> None:
        """How late the event loop is called, that is the lag; an early one is none."""
        late_s = [0.0]
        clocks = evolve(
            self.network.clocks, monotonic_s=lambda: self.network.clock.seconds() + late_s[0]
        )
        lag = type(self.admin.lag)(clocks)
        lag.start()
        self.network.wait(0.5)
        late_s[0] = 0.3
        self.network.wait(0.5)
        lag.stop()
        ((_labels, (counts, total)),) = lag.counts()["reactor_lag_seconds"]
        self.assertEqual(sum(counts), 2)
        self.assertAlmostEqual(total, 0.3)
