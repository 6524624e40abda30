"""Who may take part in a cluster: tokens, certificates, scheduler files.

Place in the flow: below `comm`, which proves and checks what stands here, and above `protocol`. `token` makes, finds
and checks the secret of a cluster; `security` holds it together with the certificates of TLS; `certificates` makes
temporary ones; `scheduler_file` hands an address and its token on; `private_file` keeps secrets on disk.
"""

from minidask_distributed.security.scheduler_file import (
    read_scheduler_file,
    scheduler_file_appears,
    write_scheduler_file,
)
from minidask_distributed.security.security import Security
from minidask_distributed.security.token import derived_token, find_token, make_token_file, new_token, read_token_file

__all__ = [
    "Security",
    "derived_token",
    "find_token",
    "make_token_file",
    "new_token",
    "read_scheduler_file",
    "read_token_file",
    "scheduler_file_appears",
    "write_scheduler_file",
]
