"""Knowing a notebook from other programs; `test_progress` runs a real kernel."""

import subprocess
import sys

from minidask.diagnostics.notebook import in_notebook


def test_a_plain_program_is_no_notebook():
    assert not in_notebook()


def test_ipython_is_not_imported():
    program = (
        "import sys; from minidask.diagnostics.notebook import *; in_notebook(); sys.exit('IPython' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0
