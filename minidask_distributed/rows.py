"""Messages as rows of plain values: the base class, and the table of all kinds.

Place in the flow: below `messages`, which declares each kind as a class with annotated fields; `protocol.wire` sends
``row()`` and makes messages again with `from_row`.

Invariants: every kind has a number of its own; instances have slots, and no methods but these. (They could be dataclasses,
but making fifty of those takes 18 ms of every process's start, and this 5.)
"""

from __future__ import annotations

from inspect import get_annotations
from typing import Any, ClassVar, Literal, TypeAlias, TypeVar, dataclass_transform

Role: TypeAlias = Literal["client", "scheduler", "worker", "nanny", "any"]


class Message:
    """Base of all messages: equal if kind and fields are."""

    __slots__ = ()

    OP: ClassVar[int]
    SENDER: ClassVar[Role]
    RECEIVER: ClassVar[Role]
    ANSWERED_BY: ClassVar[tuple[str, ...]]
    FIELDS: ClassVar[tuple[str, ...]]

    def row(self) -> list[Any]:
        """Return the message as a list of plain values, the number of its kind first."""
        return [self.OP, *[getattr(self, name) for name in self.FIELDS]]

    def __eq__(self, other: object) -> bool:
        return type(other) is type(self) and self.row() == other.row()

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        fields = ", ".join(f"{name}={getattr(self, name)!r}" for name in self.FIELDS)
        return f"{type(self).__name__}({fields})"


MessageType = TypeVar("MessageType", bound=type)

KINDS: dict[int, type[Message]] = {}
"""{OP: class} of every message."""


@dataclass_transform(eq_default=True)
def message(op: int, sender: Role, receiver: Role, answered_by: tuple[str, ...] = ()) -> Any:
    """Make a class of annotated fields a kind of message, and enter it into `KINDS`.

    Raises ValueError if the number is taken.
    """

    def decorate(cls: MessageType) -> MessageType:
        if op in KINDS:
            raise ValueError(f"messages {KINDS[op].__name__} and {cls.__name__} share the number {op}")
        names = tuple(get_annotations(cls))
        body = {key: value for key, value in cls.__dict__.items() if key not in ("__dict__", "__weakref__")}
        body.update(__slots__=names, __init__=_initializer(names), OP=op, SENDER=sender, RECEIVER=receiver)
        body.update(ANSWERED_BY=answered_by, FIELDS=names, __match_args__=names)
        made: Any = type(cls.__name__, (Message,), body)
        KINDS[op] = made
        return made

    return decorate


def _initializer(names: tuple[str, ...]) -> Any:
    """Return an ``__init__`` that takes the fields by position or name, as fast as one written by hand."""
    lines = [f"def __init__({', '.join(('self', *names))}):", *[f"    self.{name} = {name}" for name in names]]
    made: dict[str, Any] = {}
    exec("\n".join(lines) if names else "def __init__(self): pass", made)
    return made["__init__"]


def from_row(row: list[Any]) -> Message:
    """Return the message that a row stands for.

    Raises
    ------
    ValueError
        If the row is no list, names no known kind, or has too few or too many fields.

    Examples
    --------
    >>> from minidask_distributed.messages import Free
    >>> from_row(Free([1, 2]).row())
    Free(tasks=[1, 2])
    """
    if type(row) is not list or not row:
        raise ValueError(f"a message is a list that begins with its kind, got {row!r:.80}")
    kind = KINDS.get(row[0]) if type(row[0]) is int else None
    if kind is None:
        raise ValueError(f"unknown kind of message {row[0]!r:.80}")
    try:
        return kind(*row[1:])
    except TypeError:
        fields = ", ".join(kind.FIELDS)
        raise ValueError(f"{kind.__name__} has the fields {fields}, got {len(row) - 1} values") from None
