"""What a gateway said of its models in several lists, as one."""

from attrs import evolve

from ollamaproxy.models.rules import Pattern
from ollamaproxy.wire.model_facts import ModelFacts
from ollamaproxy.wire.model_lists import FactsByName


def merge(told: FactsByName, listed: FactsByName) -> FactsByName:
    """
    Return everything that is known, in the order of the list of names.

    Args:
        told: What one of LiteLLM's own lists says; counts more.
        listed: What ``/v1/models`` says, with the wildcards, should the
            gateway list them.
    """
    wildcards = [Pattern(name) for name in (*listed, *told) if "*" in name]
    merged: dict[str, ModelFacts] = {}
    for name in (*listed, *told):
        if name in told and name in listed:
            merged[name] = told[name].completed_by(listed[name])
        elif name in told:
            merged[name] = told[name]
        elif any(pattern.matches(name) for pattern in wildcards):
            merged[name] = evolve(listed[name], from_wildcard=True)
        else:
            merged[name] = listed[name]
    return merged


def marked(told: FactsByName, listed: FactsByName) -> FactsByName:
    """
    Return what is told, with a mark on what a wildcard among the listed names covers.

    For a list that does not tell by itself what was configured and what
    expanded; a name of both kinds is taken for the second.
    """
    wildcards = [Pattern(name) for name in listed if "*" in name]
    return {
        name: evolve(
            facts,
            from_wildcard=facts.from_wildcard
            or any(wildcard.matches(name) for wildcard in wildcards),
        )
        for name, facts in told.items()
    }
