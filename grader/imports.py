"""What each module of the project imports, read from its text and not by running it.

Every import counts: those within functions, those for type checkers, and names given to `import_module`.
"""

from __future__ import annotations

import ast
from collections.abc import Container, Iterator
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Imports:
    """What each module of a project imports, by full names, and what it says, parsed.

    Modules of other projects stand among the imports as they are named.
    """

    of: dict[str, set[str]]
    trees: dict[str, ast.Module]

    def closure(self, *prefixes: str, without: tuple[str, str] = ("", "")) -> set[str]:
        """The modules below the prefixes and what they import, directly or not, but for one import of one of them."""
        found: set[str] = set()
        waiting = [name for name in self.of if any(below(name, prefix) for prefix in prefixes)]
        while waiting:
            name = waiting.pop()
            if name not in found:
                found.add(name)
                waiting += [one for one in self.of.get(name, ()) if name != without[0] or not below(one, without[1])]
        return found


def read(root: Path) -> Imports:
    """The imports of everything in `grader/` and `tests/`, but not of the tests of the grader; raises SyntaxError."""
    paths = [path for top in ("grader", "tests") for path in (root / top).rglob("*.py")]
    files = {path: path.relative_to(root) for path in paths}  # the root may have any name
    modules = {
        ".".join(file.with_suffix("").parts).removesuffix(".__init__"): path
        for path, file in files.items()
        if file.parts[:2] != ("grader", "tests")
    }
    trees = {name: ast.parse(path.read_text("utf-8")) for name, path in modules.items()}
    packages = {name for name, path in modules.items() if path.name == "__init__.py"}
    named = {name: set(_imported(name, name in packages, tree, modules)) for name, tree in trees.items()}
    return Imports({name: imported - {name} for name, imported in named.items()}, trees)


def _imported(name: str, is_package: bool, tree: ast.Module, modules: Container[str]) -> Iterator[str]:
    package = name if is_package else name.rpartition(".")[0]
    for node in ast.walk(tree):
        match node:
            case ast.Import(names=names):
                named = [alias.name for alias in names]
            case ast.ImportFrom(module=module, names=names, level=level):
                above = ".".join(package.split(".")[: len(package.split(".")) - level + 1]) if level else ""
                base = ".".join(filter(None, [above, module]))
                named = [base, *(f"{base}.{alias.name}" for alias in names if f"{base}.{alias.name}" in modules)]
            case ast.Call(func=ast.Attribute(attr="import_module"), args=[ast.Constant(value=str(module)), *_]):
                named = [module]
            case _:
                continue
        for one in named:
            parts = one.split(".")
            yield from (".".join(parts[: k + 1]) for k in range(len(parts)))  # a package runs before what is in it


def below(name: str, prefix: str) -> bool:
    """Whether a module is the one of this name, or in the package of this name."""
    return name == prefix or name.startswith(f"{prefix}.")
