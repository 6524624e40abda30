"""How objects travel: bytes for keys, calls, values, errors and whole batches of messages, and types' own ways to bytes.

Place in the flow: above the messages, below the connections and everything that sends. Decoding messages never unpickles:
users' objects stay opaque payloads until somebody who may read them asks for that.

These are the names for users who teach their own types to travel, or serialise by hand; the other modules are for this package's
neighbours.
"""

from minidask_distributed.protocol.errors import ProtocolError
from minidask_distributed.protocol.payload import Payload, pack, unpack
from minidask_distributed.protocol.registry import dask_deserialize, dask_serialize, register_generic
from minidask_distributed.protocol.wrappers import (
    Serialize,
    Serialized,
    ToPickle,
    deserialize,
    deserialize_bytes,
    serialize,
    serialize_bytes,
    to_serialize,
)

__all__ = [
    "Payload",
    "ProtocolError",
    "Serialize",
    "Serialized",
    "ToPickle",
    "dask_deserialize",
    "dask_serialize",
    "deserialize",
    "deserialize_bytes",
    "pack",
    "register_generic",
    "serialize",
    "serialize_bytes",
    "to_serialize",
    "unpack",
]
