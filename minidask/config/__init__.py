"""The settings of minidask: typed, documented, from defaults, YAML files, environment variables and `set`.

Place in the flow: the lowest layer; it imports `minidask.units` and nothing else of the package. `get` is called at the
edges (a `compute` call, a constructor) and what it says is passed inwards as arguments.

Where what is: `settings` declares every setting; `kinds` has their types; `schema` judges names and values;
`sources` reads files and the environment; `store` keeps what is in force; `change` is `set`; `lifecycle` fills,
extends and hands on; `tree` handles nested dictionaries; `reference` writes the table of the user guide.

Invariants: a value of the wrong type never gets in through `set`, a file or a variable. Importing this costs no import
of YAML unless there is a file.
"""

from minidask.config.change import set  # noqa: A004 - the name that users of the field know
from minidask.config.lifecycle import child_environment, declare, refresh, rename, update_defaults
from minidask.config.settings import Setting
from minidask.config.sources import (
    PATH,
    collect,
    collect_env,
    collect_yaml,
    deserialize,
    ensure_file,
    interpret_value,
    paths,
    paths_containing_key,
    portable,
    serialize,
)
from minidask.config.store import config, config_lock, defaults, deprecations, effective, get, global_config, pop
from minidask.config.tree import canonical_name, expand_environment_variables, merge, no_default, update

__all__ = [
    "PATH",
    "Setting",
    "canonical_name",
    "child_environment",
    "collect",
    "collect_env",
    "collect_yaml",
    "config",
    "config_lock",
    "declare",
    "defaults",
    "deprecations",
    "deserialize",
    "effective",
    "ensure_file",
    "expand_environment_variables",
    "get",
    "global_config",
    "interpret_value",
    "merge",
    "no_default",
    "paths",
    "paths_containing_key",
    "pop",
    "portable",
    "refresh",
    "rename",
    "serialize",
    "set",
    "update",
    "update_defaults",
]
