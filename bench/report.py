"""The page that the benchmark writes: every figure, with its target and whether this run met it."""

from collections.abc import Mapping, Sequence
from statistics import median
from typing import Final, NamedTuple

type Spent = Mapping[str, Sequence[float]]

_MEGABYTE: Final = 1_000_000


class Row(NamedTuple):
    """One line of a table.

    Attributes:
        name: of the figure among those measured.
        text: what was measured, for the reader.
        reference: name of the figure that this one is divided by.
        targets: what was aimed at, and whether it was met.
    """

    name: str
    text: str
    reference: str
    targets: Sequence[str] = ()


def p99(values: Sequence[float]) -> float:
    """Return what 99 of 100 values do not exceed; with fewer than 100 values, the largest."""
    return sorted(values)[(len(values) * 99 - 1) // 100 if len(values) >= 100 else -1]


def ratio(spent: Spent, name: str, reference: str) -> float | None:
    """Return the ratio of two medians, or None when one was not measured."""
    return median(spent[name]) / median(spent[reference]) if name in spent and reference in spent else None


def target(sentence: str, figure: float | None, bound: float) -> str:
    """Return a target and whether it was met.

    Args:
        sentence: the target.
        figure: what was measured, or None.
        bound: what it must not exceed.
    """
    if figure is None:
        return f"{sentence}: not measured"
    return f"{sentence}: {'met' if figure <= bound else '**missed**'} ({figure:.2f})"


def table(head: Sequence[str], lines: Sequence[Sequence[str]]) -> str:
    """Return a Markdown table."""
    return "".join(f"| {' | '.join(line)} |\n" for line in [head, ["---"] * len(head), *lines])


def figures(unit: str, divided_by: str, rows: Sequence[Row], spent: Spent, not_measured: str) -> str:
    """Return a table of durations.

    Args:
        unit: of the durations.
        divided_by: what the ratios are to.
        rows: the lines.
        spent: durations by name.
        not_measured: why figures are missing.
    """
    digits = 2 if unit == "ms" else 1
    lines = []
    for row in rows:
        quotient = ratio(spent, row.name, row.reference)
        if row.name in spent:
            values = spent[row.name]
            cells = [f"{median(values):.{digits}f}", f"{p99(values):.{digits}f}"]
        else:
            cells = [not_measured, ""]
        lines.append([row.text, *cells, f"{quotient:.2f}" if quotient else "", "; ".join(row.targets)])
    return table(["", f"p50, {unit}", f"p99, {unit}", f"ratio to {divided_by}", "Target"], lines)


def verification(spent: Spent, not_measured: str) -> str:
    """Return the table on one check of a token, from microseconds by contender."""
    bare = "bare_rsa"
    rows = [
        Row(bare, "The RSA check alone: `cryptography`, key and bytes at hand", bare),
        Row("first_seen", "Poolhouse, a token not seen before", bare, [
            target("at most 2.0", ratio(spent, "first_seen", bare), 2.0),
            target("below aws-jwt-verify", ratio(spent, "first_seen", "aws_jwt_verify"), 1.0),
        ]),
        Row("repeated", "Poolhouse, a token seen before", bare, [
            target("at most 0.15", ratio(spent, "repeated", bare), 0.15)
        ]),
        Row("aws_jwt_verify", "aws-jwt-verify under Node.js, `verifySync`; it does not remember tokens", bare),
        Row("joserfc", "joserfc, key set read once", bare),
        Row("pyjwt", "PyJWT `decode`, `PyJWK` made once", bare),
        Row("pyjwk_client", "PyJWT `decode`, `PyJWKClient` made once", bare),
        Row("powertools", "Powertools `auth_alpha`; its token has `aud`, which it asks for", bare),
    ]  # fmt: skip
    return figures("µs", "the RSA check", rows, spent, not_measured)


def start(spent: Spent) -> str:
    """Return the table on the start of a process, from milliseconds by contender."""
    rsa = "rsa"
    rows = [
        Row("nothing", "The interpreter alone", rsa),
        Row(rsa, "`cryptography`: import and one RSA check", rsa),
        Row("ours", "Poolhouse", rsa, [
            target("at most 1.5", ratio(spent, "ours", rsa), 1.5),
            target("at most 0.5 x PyJWT", ratio(spent, "ours", "pyjwt"), 0.5),
        ]),
        Row("pyjwt", "`import jwt` and `decode`", rsa),
        Row("usual", "The usual function", rsa),
        Row("ours:fetch", "Poolhouse, keys fetched", rsa, [
            target("at most 0.5 x PyJWT", ratio(spent, "ours:fetch", "pyjwt:fetch"), 0.5)
        ]),
        Row("pyjwt:fetch", "`import jwt`, `PyJWKClient` and `decode`, keys fetched", rsa),
        Row("usual:fetch", "The usual function, keys fetched", rsa),
    ]  # fmt: skip
    return figures("ms", "`cryptography`", rows, spent, "")


def authorizer(spent: Spent, not_measured: str) -> str:
    """Return the table on whole authorizers, from milliseconds by authorizer."""
    rows = []
    for suffix, text in (("", "start"), (":fetch", "start, keys fetched")):
        ours, node, usual = f"ours{suffix}", f"node{suffix}", f"usual{suffix}"
        rows += [
            Row(ours, f"Poolhouse, {text}", node, [
                target("at most 1.25 x Node.js", ratio(spent, ours, node), 1.25),
                target("at most 0.15 x the usual function", ratio(spent, ours, usual), 0.15),
            ]),
            Row(node, f"aws-jwt-verify under Node.js, {text}", node),
            Row(usual, f"The usual function, {text}", node),
        ]  # fmt: skip
    rows += [
        Row("ours:warm", "Poolhouse, warm", "node:warm", [
            target("below Node.js", ratio(spent, "ours:warm", "node:warm"), 1.0)
        ]),
        Row("node:warm", "aws-jwt-verify under Node.js, warm", "node:warm"),
        Row("usual:warm", "The usual function, warm", "node:warm"),
    ]  # fmt: skip
    return figures("ms", "Node.js", rows, spent, not_measured)


def triggers(names: Sequence[str], spent: Spent, not_measured: str) -> str:
    """Return the table on the start of the functions of triggers, from milliseconds by function."""
    rows = [Row("empty", "A function that does nothing", "empty")]
    rows += [Row(name, f"`{name}`", "empty", [_in_time(spent.get(name))]) for name in names]
    return figures("ms", "the empty function", rows, spent, not_measured)


def _in_time(spent: Sequence[float] | None) -> str:
    return target("slowest well inside 5 s: at most 2 s", max(spent) / 1000 if spent else None, 2.0)


def profile_api(spent: Spent, a_second: Mapping[str, float], inits: Spent, not_measured: str) -> str:
    """Return the tables on the profile API: its requests, and its start."""
    requests = [
        Row(
            "bare", _and_rate("A route with a function that does nothing, no authorizer", a_second.get("bare")), "bare"
        ),
        Row("profile", _and_rate("`GET /profile`, authorizer included", a_second.get("profile")), "bare"),
    ]
    starts = [
        Row("boto3", "`import boto3` and a DynamoDB client, in a function of its own", "boto3"),
        Row("profile_api", "`profile_api`", "boto3"),
    ]
    return (
        figures("ms", "the bare route", requests, spent, not_measured)
        + "\n"
        + figures("ms", "boto3", starts, inits, not_measured)
    )


def _and_rate(text: str, a_second: float | None) -> str:
    return f"{text}: {a_second:.0f} requests a second" if a_second else text


def memory(resident: Mapping[str, int], cache: Mapping[str, int], not_measured: str) -> str:
    """Return the table on memory, from bytes."""
    bound = cache["bound"]
    lines = [
        [text, f"{resident[name] / _MEGABYTE:.1f}" if name in resident else not_measured, ""]
        for name, text in (
            ("ours", "Poolhouse's authorizer, resident after the warm invocations"),
            ("node", "The same with aws-jwt-verify under Node.js"),
            ("usual", "The usual function"),
        )
    ]
    for name, text in (
        ("usual", f"Poolhouse's token cache when it is full: {cache['usual_tokens']} usual tokens"),
        ("large", f"The same, {cache['large_tokens']} tokens with 100 groups each"),
    ):
        aim = target("at most 4", cache[name] / _MEGABYTE, bound / _MEGABYTE)
        lines.append([text, f"{cache[name] / _MEGABYTE:.1f}", aim])
    return table(["", "MB", "Target"], lines)
