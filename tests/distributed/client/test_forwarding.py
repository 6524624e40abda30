"""Log records of workers, handled in a client's process."""

import copy
import logging
import pickle

import pytest

from minidask_distributed.client.forwarding import LoggingForwarder, handle_forwarded


class Worker:
    """The two things that a forwarder wants of its worker."""

    address = "tcp://127.0.0.1:4000"

    def __init__(self):
        self.notices = []

    def notify(self, topic, content):
        self.notices.append((topic, content))


@pytest.fixture
def logger():
    made = logging.getLogger("minidask_test_forwarding")
    made.setLevel(logging.DEBUG)
    made.propagate = False
    yield made
    made.setLevel(logging.NOTSET)
    made.propagate = True
    assert not any(type(handler).__module__.startswith("minidask") for handler in made.handlers)


def elsewhere(forwarder):
    """Return a forwarder as it arrives in another process."""
    there = copy.copy(pickle.loads(pickle.dumps(forwarder)))
    there.process = "another process"
    return there


def test_records_travel(logger):
    forwarder = elsewhere(LoggingForwarder(logger.name, logging.INFO, "topic"))
    worker = Worker()
    forwarder.setup(worker)
    logger.debug("too quiet")
    logger.info("%d percent", 100)
    try:
        1 / 0
    except ZeroDivisionError:
        logger.exception("that went wrong")
    forwarder.teardown(worker)
    logger.info("nobody hears this")
    (topic, first), (_, second) = worker.notices
    assert topic == "topic"
    assert (first["msg"], first["levelname"], first["worker"]) == ("100 percent", "INFO", worker.address)
    assert "ZeroDivisionError" in second["exc_text"]

    heard = []
    handler = logging.Handler()
    handler.emit = heard.append
    logger.addHandler(handler)
    for _, content in worker.notices:
        handle_forwarded((1.0, content))
    logger.setLevel(logging.ERROR)
    handle_forwarded((1.0, first))  # the level here counts, too
    logger.removeHandler(handler)
    assert [record.getMessage() for record in heard] == ["100 percent", "that went wrong"]
    assert heard[0].worker == worker.address
    assert heard[0].lineno == first["lineno"]
    assert "ZeroDivisionError" in logging.Formatter().format(heard[1])


def test_a_worker_in_the_same_process_forwards_nothing(logger):
    forwarder = LoggingForwarder(logger.name, logging.INFO, "topic")
    worker = Worker()
    forwarder.setup(worker)
    logger.info("heard already")
    forwarder.teardown(worker)
    assert worker.notices == []
