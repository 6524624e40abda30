from minidask_distributed.dashboard.feeds import ALL
from minidask_distributed.dashboard.feeds.profile import FETCHED


def test_what_is_fetched_is_no_feed():
    assert not FETCHED.keys() & ALL.keys()
