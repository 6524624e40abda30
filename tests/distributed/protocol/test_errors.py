import pytest

from minidask_distributed.protocol.errors import ProtocolError


def test_it_is_a_value_error():
    with pytest.raises(ValueError, match="bad frame"):
        raise ProtocolError("bad frame")
