"""What LiteLLM knows of its models."""

import json

from ollamaproxy.errors import UpstreamGarbled
from ollamaproxy.wire.model_info import ModelFacts, decode_model_info
from tests.case import Case


def entry(name: str, **info: object) -> dict[str, object]:
    return {"model_name": name, "model_info": info}


class Facts(Case):
    def test_known_and_not(self) -> None:
        """True and false are facts, null is not, and efforts count only if true."""
        for info, facts in (
            ({}, ModelFacts()),
            ({"mode": None, "supports_reasoning": None}, ModelFacts()),
            (
                {"mode": "chat", "supports_function_calling": True, "supports_reasoning": False},
                ModelFacts(mode="chat", tools=True, thinking=False),
            ),
            (
                {"supports_none_reasoning_effort": True, "supports_max_reasoning_effort": False},
                ModelFacts(efforts=frozenset({"none"})),
            ),
        ):
            body = json.dumps({"data": [entry("m", **info)]}).encode()
            self.assertEqual(decode_model_info(body), {"m": facts}, str(info))

    def test_several_deployments(self) -> None:
        """Of a name that comes several times the first counts."""
        data = [entry("m", mode="chat"), entry("m", mode="embedding"), {"model_name": "n"}]
        facts = decode_model_info(json.dumps({"data": data}).encode())
        self.assertEqual(facts, {"m": ModelFacts(mode="chat"), "n": ModelFacts()})

    def test_garbled(self) -> None:
        """What is no such list is garbled."""
        for body in (b"", b"[]", b"{}", b'{"data":[1]}', b'{"data":[{}]}', b'{"data":5}'):
            with self.assertRaises(UpstreamGarbled, msg=body):
                decode_model_info(body)
