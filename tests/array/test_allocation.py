import os
import subprocess
import sys

import pytest

from minidask import config
from minidask.array import allocation

# The pages that are found anew for temporaries of 8 MB, made a few times in a thread, before and after.
PROGRAM = """
import resource, sys, threading
import numpy as np
from minidask import config
from minidask.array.allocation import keep_freed_memory

def faults():
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt

found = []
def work():
    for _ in range(8):
        before = faults()
        ones = [np.ones(999_999) for _ in range(3)]
        ones.clear()
        found.append(faults() - before)

config.set({"array.keep-freed-memory": sys.argv[1] == "on"})
keep_freed_memory()
thread = threading.Thread(target=work)
thread.start()
thread.join()
print(sum(found[-3:]))
"""


def pages(setting):
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("MALLOC_", "GLIBC_"))}
    done = subprocess.run([sys.executable, "-c", PROGRAM, setting], capture_output=True, text=True, env=environment)
    assert not done.stderr
    return int(done.stdout)


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="glibc's allocator is meant")
def test_freed_memory_is_used_again():
    assert pages("on") < 100
    assert pages("off") > 1000


def test_once_a_process_and_not_where_it_is_off(monkeypatch):
    made = []
    monkeypatch.setattr(allocation, "_taught", [])
    monkeypatch.setattr(allocation.np, "empty", lambda *args: made.append(args))
    with config.set({"array.keep-freed-memory": False}):
        allocation.keep_freed_memory()
    assert not made
    for _ in range(2):
        allocation.keep_freed_memory()
    assert len(made) == 1
