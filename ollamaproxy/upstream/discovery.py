"""
What a gateway can be made to say of its models: which list to ask for, and which next.

LiteLLM is asked for what it knows; a key may be forbidden to, and other servers
have no such list.  Then ``/v1/models`` is all, and of two servers it is known
where else to look.
"""

from collections.abc import Callable
from typing import Final

from ollamaproxy.callers.caller import NOBODY, Caller
from ollamaproxy.errors import GatewayForbids, UpstreamError, UpstreamGarbled, UpstreamRefused
from ollamaproxy.models.discovered import marked, merge
from ollamaproxy.upstream.gateway import Gateway
from ollamaproxy.wire.model_lists import (
    FactsByName,
    decode_model_groups,
    decode_model_info,
    decode_models,
)
from ollamaproxy.wire.product_models import decode_llama_cpp, decode_lm_studio

_MODEL_INFO: Final = "/v1/model/info"
_MODEL_GROUPS: Final = "/model_group/info"
_MODELS: Final = "/v1/models"
#: Also lists the wildcards.  LiteLLM's own word; others may refuse it.
_MODELS_AND_WILDCARDS: Final = "/v1/models?return_wildcard_routes=true"

#: A list that is not to be had: there may be another.  A gateway that cannot be
#: reached has no other.
_NOT_TOLD: Final = (UpstreamRefused, UpstreamGarbled)


class Discovery:
    """Asks one gateway for the models of one caller's key."""

    def __init__(self, gateway: Gateway, caller: Caller = NOBODY) -> None:
        self._gateway = gateway
        self._caller = caller

    async def models(self) -> FactsByName:
        """
        Return all of the gateway's models, and what it says of each.

        Raises:
            UpstreamError: The gateway lists none to us; that of the last list asked for.
        """
        info = await self._told(_MODEL_INFO, decode_model_info)
        groups = {} if info else await self._told(_MODEL_GROUPS, decode_model_groups)
        if info or groups:
            self._gateway.is_litellm = True
        try:
            listed = await self._listed()
        except _NOT_TOLD:
            if not info and not groups:
                raise
            listed = {}
        if groups:
            return merge(marked(groups, listed), listed)
        merged = merge(info, listed)
        if self._gateway.is_litellm:
            return merged
        return await self._with_what_products_tell(merged)

    async def _told(self, path: str, decode: Callable[[bytes], FactsByName]) -> FactsByName:
        """Return one of LiteLLM's lists; empty if it is not to be had."""
        try:
            return decode(await self._get(path))
        except GatewayForbids:
            self._gateway.is_litellm = True  # others do not have the path
            return {}
        except _NOT_TOLD:
            return {}

    async def _listed(self) -> FactsByName:
        path = _MODELS_AND_WILDCARDS if self._gateway.is_litellm else _MODELS
        return decode_models(await self._get(path))

    async def _get(self, path: str) -> bytes:
        return await self._gateway.get(path, self._caller)

    async def _with_what_products_tell(self, listed: FactsByName) -> FactsByName:
        """Return the list with what llama.cpp's server or LM Studio tell elsewhere."""
        if any(facts.provider == "llamacpp" for facts in listed.values()):
            try:
                props = decode_llama_cpp(await self._get("/props"))
            except UpstreamError:
                return listed
            # It runs one model, whatever it is called.
            return {name: facts.completed_by(props) for name, facts in listed.items()}
        if any(facts.context_length for facts in listed.values()):
            return listed
        try:
            told = decode_lm_studio(await self._get("/api/v0/models"))
        except UpstreamError:
            return listed
        known = {name: facts for name, facts in told.items() if name in listed}
        return merge(known, listed)
