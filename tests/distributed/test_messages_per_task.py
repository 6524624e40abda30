"""The count on which the cluster's speed rests: how many messages the scheduler exchanges for a task."""

from __future__ import annotations

import operator

import pytest

from benchmarks.clusters import count_messages, local

TASKS = 5000
MOST = 0.1  # of one worker's or the client's, in either direction, a task


@pytest.mark.slow
@pytest.mark.network
@pytest.mark.parametrize("processes", [False, True])
def test_a_mapped_task_costs_a_tenth_of_a_message_at_most(processes):
    with local("minidask", processes) as client:
        client.gather(client.map(operator.neg, range(500)))  # the workers know how long the function takes
        with count_messages(client.cluster.scheduler) as counted:
            results = client.gather(client.map(operator.neg, range(1000, 1000 + TASKS)))
        assert results == [-i for i in range(1000, 1000 + TASKS)]
        assert min(counted.taken, counted.given) > 0
        assert (counted.taken + counted.given) / TASKS <= MOST
