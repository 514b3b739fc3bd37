"""The order in which things are looked at, and what makes the rest of them senseless."""

from collections.abc import Awaitable, Callable, Sequence
from typing import Final

from attrs import evolve, frozen

from ollamaproxy.callers.rules import ClientAuth
from ollamaproxy.clocks import Clocks
from ollamaproxy.doctor.diagnoses.address import (
    address_finding,
    browsers_finding,
    client_url,
    clients_finding,
    endpoints_findings,
)
from ollamaproxy.doctor.diagnoses.interface import (
    API,
    KEY,
    MODELS_PATH,
    Product,
    api_finding,
    is_about_the_key,
    key_finding,
    no_answer_finding,
    product,
)
from ollamaproxy.doctor.diagnoses.models import (
    DETAILS,
    MODELS,
    TOKEN,
    ModelRow,
    details_finding,
    model_rows,
    model_to_ask,
    models_finding,
    no_list_finding,
    no_model_finding,
    token_finding,
)
from ollamaproxy.doctor.diagnoses.way import (
    CERTIFICATE,
    CONNECTION,
    NAME,
    certificate_finding,
    connection_finding,
    name_finding,
)
from ollamaproxy.doctor.facts import Answer
from ollamaproxy.doctor.findings import Finding, Verdict
from ollamaproxy.doctor.interfaces import GatewayProbes, LocalProbes
from ollamaproxy.doctor.probes.names import NoAnswer
from ollamaproxy.errors import ProxyError, UpstreamError
from ollamaproxy.models.listing import ModelList
from ollamaproxy.server.browsers import BrowserRules
from ollamaproxy.settings import Settings

_NS_PER_S: Final = 1_000_000_000

#: Where LiteLLM says that it is alive, to anybody and at no cost.
_ALIVE: Final = "/health/liveliness"
_READY: Final = "/health/readiness"


@frozen(kw_only=True)
class Wishes:
    """
    What the person wants to know.

    Attributes:
        asks_token: A model is asked, which costs a few tokens.
        model: Which; ``None`` leaves the choice here.
    """

    asks_token: bool = True
    model: str | None = None


class Examination:
    """
    Looks at everything once.

    Attributes:
        findings: All, in order.
        rows: The models as an IDE will see them.
    """

    def __init__(
        self,
        settings: Settings,
        wishes: Wishes,
        clocks: Clocks,
        *,
        gateways: Sequence[GatewayProbes],
        here: LocalProbes,
        say: Callable[[Finding], None],
    ) -> None:
        """
        Prepare.

        Args:
            settings: The daemon's.
            wishes: What the person wants to know.
            clocks: The calendar.
            gateways: Each one's probes, in the operator's order.
            here: This machine's.
            say: Is told each finding as soon as it is there.
        """
        self._settings = settings
        self._wishes = wishes
        self._clocks = clocks
        self._gateways = gateways
        self._here = here
        self._say = say
        self.findings: list[Finding] = []
        self.rows: tuple[ModelRow, ...] = ()

    def tell(self, finding: Finding) -> None:
        """Add a finding."""
        self.findings.append(finding)
        self._say(finding)

    async def run(self) -> None:
        """Look at everything."""
        for probes in self._gateways:
            visit = _Visit(probes, self._settings, self._clocks, self.tell)
            await visit.run()
            if visit.models is not None and not self.rows:
                self.rows = model_rows(visit.models.published)
                await self._models(probes, visit.models)
        await self._own_address()

    async def _models(self, probes: GatewayProbes, models: ModelList) -> None:
        """Tell of the models of the first gateway that has some: all must have the same."""
        tell = _for_gateway(self.tell, probes.base_url)
        tell(await self._token(probes, models))
        tell(details_finding(self.rows))

    async def _token(self, probes: GatewayProbes, models: ModelList) -> Finding:
        wanted = self._wishes.model
        if not self._wishes.asks_token:
            return Finding.skipped(TOKEN, "--no-token leaves it out")
        model = model_to_ask(models, wanted, self._settings.models.default_model)
        if model is None:
            return no_model_finding(wanted)
        try:
            return token_finding(model.name, await probes.first_token(model))
        except ProxyError as error:
            return token_finding(model.name, error)

    async def _own_address(self) -> None:
        settings = self._settings
        listening = settings.listening
        if listening.endpoints:
            for finding in endpoints_findings(listening.endpoints):
                self.tell(finding)
            return
        host, port = listening.host, listening.port
        scheme = "http" if listening.certificate is None else "https"
        found = await self._here.look(client_url(scheme, host, port))
        where = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
        self.tell(address_finding(found.listener, where, found.problem))
        asks_for_key = settings.client_auth is not ClientAuth.NONE
        self.tell(clients_finding(scheme, host, port, asks_for_key=asks_for_key))
        rules = BrowserRules(settings.origins, settings.host_names)
        self.tell(browsers_finding(rules, host, port, self._here.machine))


def _for_gateway(tell: Callable[[Finding], None], base_url: str) -> Callable[[Finding], None]:
    return lambda finding: tell(evolve(finding, gateway=base_url))


def _may_go_on(finding: Finding) -> bool:
    """Whether the steps behind this one make sense."""
    without_key = finding.check == KEY and finding.verdict is Verdict.SKIPPED
    return finding.verdict is not Verdict.FAILED and not without_key


class _Visit:
    """
    Goes to one gateway, step by step, as far as it comes.

    Attributes:
        models: What clients see of it; ``None`` if nothing.
    """

    def __init__(
        self,
        probes: GatewayProbes,
        settings: Settings,
        clocks: Clocks,
        tell: Callable[[Finding], None],
    ) -> None:
        self._probes = probes
        self._settings = settings
        self._clocks = clocks
        self._tell = _for_gateway(tell, probes.base_url)
        self._answer: Answer | None = None
        self.models: ModelList | None = None

    async def run(self) -> None:
        steps: tuple[tuple[str, Callable[[], Awaitable[Finding]]], ...] = (
            (NAME, self._name),
            (CONNECTION, self._connection),
            (CERTIFICATE, self._certificate),
            (API, self._api),
            (KEY, self._key),
            (MODELS, self._models),
        )
        stopped_by: str | None = None
        for check, step in steps:
            if stopped_by is None:
                finding = await step()
                stopped_by = None if _may_go_on(finding) else check
            else:
                finding = Finding.skipped(check, f"needs the {stopped_by} in order")
            self._tell(finding)
        if self.models is None:
            for check in (TOKEN, DETAILS):
                self._tell(Finding.skipped(check, f"needs the {stopped_by or MODELS} in order"))

    async def _name(self) -> Finding:
        host, proxy = self._probes.host, self._probes.proxy
        if proxy:
            return Finding.skipped(NAME, f"the proxy {proxy} is told the name, and looks it up")
        try:
            return name_finding(host, await self._probes.addresses(), None)
        except NoAnswer:
            return name_finding(host, (), self._settings.deadlines.connect_s)

    async def _connection(self) -> Finding:
        return connection_finding(await self._probes.plain_connection())

    async def _certificate(self) -> Finding:
        if not self._probes.is_secure:
            return Finding.skipped(CERTIFICATE, "http:// has none; the key travels in the open")
        now_s = self._clocks.wall_ns() / _NS_PER_S
        return certificate_finding(await self._probes.secure_connection(), now_s)

    async def _api(self) -> Finding:
        try:
            self._answer = await self._probes.ask(MODELS_PATH)
        except UpstreamError as error:
            return no_answer_finding(error, speaks_tls=await self._was_to_be_secure())
        what = await self._product()
        # As web servers answer whoever forgets TLS.  Others may take their time to
        # find out that they do not speak it.
        speaks_tls = self._answer.status == 400 and await self._was_to_be_secure()
        return api_finding(self._answer, what, speaks_tls=speaks_tls)

    async def _was_to_be_secure(self) -> bool:
        return not self._probes.is_secure and await self._probes.speaks_tls()

    async def _product(self) -> Product:
        alive = await self._asked(_ALIVE)
        if not product(alive, None).is_litellm:
            return Product()
        return product(alive, await self._asked(_READY))

    async def _asked(self, path: str) -> Answer | None:
        try:
            return await self._probes.ask(path)
        except UpstreamError:
            return None

    async def _key(self) -> Finding:
        assert self._answer is not None  # noqa: S101 - the step before saw to it
        settings = self._settings
        has_key = settings.api_key is not None
        if (
            settings.client_auth is ClientAuth.PASSTHROUGH
            and not has_key
            and is_about_the_key(self._answer)
        ):
            return Finding.skipped(
                KEY,
                "clients show their own (--client-auth passthrough); to try one, put it into the"
                " environment variable OLLAMAPROXY_API_KEY",
            )
        return key_finding(self._answer, has_key=has_key)

    async def _models(self) -> Finding:
        rules = self._settings.models
        try:
            told = await self._probes.models()
        except UpstreamError as error:
            return no_list_finding(error)
        models = ModelList(told, rules)
        if models.published:
            self.models = models
        return models_finding(told, models, rules)
