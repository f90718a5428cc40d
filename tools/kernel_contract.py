"""The import-linter contract for the lowest of the three layers.

A module named `*_kernels` may import, of this package, only other kernels and what `allowed`
names. This is more than taste: the cache of compiled kernels is keyed by the text of the kernel
modules (`perilune.jit`), so a kernel that read a number elsewhere could outlive a change to it.
import-linter's own wildcards stand for whole module names, which is why this contract exists.
"""

from __future__ import annotations

from typing import Any

from grimp import ImportGraph
from importlinter import Contract, ContractCheck, fields, output


class KernelContract(Contract):
    """No kernel imports a module of the package that is not a kernel."""

    type_name = "kernels"
    allowed: Any = fields.SetField(subfield=fields.StringField(), required=False, default=set())

    def check(self, graph: ImportGraph, verbose: bool) -> ContractCheck:
        """Collect every import from a kernel to a module that is neither kernel nor allowed."""
        root = self.session_options["root_packages"][0]
        broken = [
            (kernel, imported)
            for kernel in sorted(m for m in graph.modules if m.endswith("_kernels"))
            for imported in sorted(graph.find_modules_directly_imported_by(kernel))
            if imported.split(".")[0] == root
            and not imported.endswith("_kernels")
            and imported not in self.allowed
        ]
        return ContractCheck(kept=not broken, metadata={"broken": broken})

    def render_broken_contract(self, check: ContractCheck) -> None:
        """Name each import that must go."""
        for kernel, imported in check.metadata["broken"]:
            output.print_error(f"{kernel} imports {imported}, which is not a kernel.")
