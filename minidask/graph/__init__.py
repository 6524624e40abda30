"""Task graphs: tasks, the layers that describe many of them, and walks over both. Pure: no input, output, clock or thread.

Place in the flow: collections build layers, ``minidask.optimize`` rewrites them, ``LayeredGraph.lower`` writes out tasks,
``order`` says in which order they are best run, ``minidask.schedulers`` runs them. This package imports none of these.
"""

from minidask.graph.annotations import annotate, get_annotations
from minidask.graph.blockwise import BlockId, Blockwise, Parts, blockwise, source
from minidask.graph.convert import Literal, check_key, convert, nested_keys, quote
from minidask.graph.layer import Layer, MaterializedLayer, SingleLayer
from minidask.graph.layered import LayeredGraph
from minidask.graph.order import order
from minidask.graph.program import Program, ProgramBuilder
from minidask.graph.reduction import TreeReduction, tree_reduction
from minidask.graph.task import Key, Task, TaskRef, alias, fetched, func_name, held, identity, literal
from minidask.graph.traverse import CycleError, dependencies, find_cycle, reverse_dependencies, toposort

__all__ = [
    "BlockId",
    "Blockwise",
    "CycleError",
    "Key",
    "Layer",
    "LayeredGraph",
    "Literal",
    "MaterializedLayer",
    "Parts",
    "Program",
    "ProgramBuilder",
    "SingleLayer",
    "Task",
    "TaskRef",
    "TreeReduction",
    "alias",
    "annotate",
    "blockwise",
    "check_key",
    "convert",
    "dependencies",
    "find_cycle",
    "fetched",
    "func_name",
    "get_annotations",
    "held",
    "identity",
    "literal",
    "nested_keys",
    "order",
    "quote",
    "reverse_dependencies",
    "source",
    "toposort",
    "tree_reduction",
]
