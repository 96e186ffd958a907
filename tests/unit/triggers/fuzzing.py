"""Trigger events that are not as they should be: what a function meets by mistake, or from a Cognito yet to come."""

from copy import deepcopy
from typing import Any

from hypothesis import strategies as st
from poolhouse.testing.events import event

Path = tuple[str | int, ...]

_TEXT = st.text(st.characters(exclude_categories=()), max_size=5)  # lone surrogates too: JSON can name them
# A few values of every type, rather than any: what breaks a function is a type, or nothing at all in it.
_JSON = _TEXT | st.sampled_from(
    [
        *(True, False, 0, -1, 2, 1.5, 1e308, 10**400),
        *("", "0", "true", "\x00", "\ud800", "{####}", "ada", "a@b", "x" * 100_000),
        *([], [None], [[]], [""], ["openid", 1], [{}], ["x"] * 100),
        *({}, {"": None}, {"sub": {}}, {"email": []}, {"S": "a"}, {"a": {"b": {"c": [1]}}}),
    ]
)


@st.composite
def broken_events(draw: st.DrawFn, /, source: str, **members: Any) -> dict[str, Any]:
    """An event of the source with up to four members missing, null, of another type, or that nobody has heard of.

    Any member may be the broken one, so the source and the version can be unknown ones as well. What comes out is what
    JSON can say: a Lambda function receives nothing else.

    Args:
        source: The ``triggerSource`` of the event that is broken.
        **members: What `event` makes it of, before it is broken.
    """
    version = draw(st.sampled_from(["1", "2", "3"])) if source.startswith("TokenGeneration") else None
    broken = event(source, version="3" if source == "TokenGeneration_ClientCredentials" else version, **members)
    for _ in range(draw(st.integers(1, 4))):
        *parents, last = draw(st.sampled_from(_paths(broken)))
        holder: Any = broken
        for parent in parents:
            holder = holder[parent]
        match draw(st.sampled_from(["missing", "null", "other", "new", "unknown"])):
            case "missing":
                del holder[last]
            case "null":
                holder[last] = None
            case "new" if isinstance(holder, dict):
                holder[draw(_TEXT)] = deepcopy(draw(_JSON))
            case "unknown" if isinstance(holder[last], str):
                holder[last] += draw(st.sampled_from(["_Tomorrow", "2", " "]))
            case _:
                holder[last] = deepcopy(draw(_JSON))
        if not broken:
            break
    return broken


def _paths(value: Any, path: Path = ()) -> list[Path]:
    if isinstance(value, dict):
        members: Any = value.items()
    elif isinstance(value, list):
        members = enumerate(value)
    else:
        members = ()
    return [deeper for name, member in members for deeper in ((*path, name), *_paths(member, (*path, name)))]
