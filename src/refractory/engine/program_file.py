"""The program as a file: plain data in JSON, named by the hash of ontology, rules and compiler.

The wheel carries the program of the shipped knowledge. Elsewhere a program is compiled when first needed, and kept in
the user's cache folder where that can be written. A changed file of the knowledge changes the hash, and so the name.
"""

from __future__ import annotations

import hashlib
import json
import os
import tempfile
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

from pyoxigraph import BlankNode, Literal, NamedNode, Triple

from refractory.engine.clauses import Clause, Expression, Pattern, Term, Var
from refractory.engine.program import FORMAT, Program
from refractory.knowledge.files import digest
from refractory.knowledge.knowledge import Knowledge

_SHIPPED = Path(__file__).resolve().parent.parent / "_data"


def load_program(knowledge: Knowledge) -> Program:
    """Return the program of a knowledge: shipped, from the cache, or compiled now.

    Raises:
        RuleError: A rule is outside the stated part of SPARQL, or absences go in a circle.
        KnowledgeError: An axiom is not understood.
    """
    name = file_name(knowledge)
    for folder in (_SHIPPED, cache_folder()):
        try:
            content = (folder / name).read_bytes()
        except OSError:
            continue
        program = _read(content)
        if program is not None:
            return program
    from refractory.engine.program import compile_program

    program = compile_program(knowledge)
    _keep(cache_folder() / name, write_program_file(program))
    return program


def file_name(knowledge: Knowledge) -> str:
    """Return the name of the file that holds the program of a knowledge."""
    together = hashlib.sha256(f"{FORMAT} {knowledge.hash} {_compiler_hash()} {_content_hash(knowledge)}".encode())
    return f"program-{together.hexdigest()[:32]}.json"


def cache_folder() -> Path:
    """Return the folder in which programs are kept for this user."""
    base = os.environ.get("XDG_CACHE_HOME") or os.environ.get("LOCALAPPDATA")
    return (Path(base) if base else Path.home() / ".cache") / "refractory"


@cache
def _compiler_hash() -> str:
    """Return the hash of all that makes a program of a knowledge."""
    here = Path(__file__).resolve().parent
    names = ("axioms.py", "clauses.py", "program.py", "program_file.py", "rules.py", "strata.py")
    return digest({name: (here / name).read_bytes() for name in names})


def _content_hash(knowledge: Knowledge) -> str:
    """Return the hash of logic and rules as they were loaded: a knowledge may be changed after it was read."""
    total = hashlib.sha256()
    # A blank node has another name at each reading, so it is called by what is said of it.
    said: dict[object, list[Triple]] = {}
    for triple in knowledge.logic:
        said.setdefault(triple.subject, []).append(triple)

    def name(term: object) -> str:
        if not isinstance(term, BlankNode):
            return str(term)
        return "[" + " ; ".join(sorted(f"{t.predicate} {name(t.object)}" for t in said.get(term, ()))) + "]"

    for line in sorted(f"{name(t.subject)} {t.predicate} {name(t.object)}" for t in knowledge.logic):
        total.update(line.encode())
    for rule in knowledge.rules:
        total.update(rule.text.encode())
    return total.hexdigest()


def keep_program(knowledge: Knowledge, name: str, content: bytes) -> None:
    """Keep the program of a knowledge that was compiled on another machine; one that is not of it is not kept.

    Args:
        knowledge: The knowledge as it was loaded here.
        name: What `file_name` says there.
        content: What `write_program_file` wrote there.
    """
    if name == file_name(knowledge) and not any((folder / name).exists() for folder in (_SHIPPED, cache_folder())):
        _keep(cache_folder() / name, content)


def _keep(path: Path, content: bytes) -> None:
    """Write a file whole or not at all; where the folder cannot be written, nothing is kept."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=path.parent, delete=False) as file:
            file.write(content)
        Path(file.name).replace(path)
    except OSError:
        return


def write_program_file(program: Program) -> bytes:
    """Return a program as JSON; the same program gives the same bytes."""
    terms: dict[Term, int] = {}

    def put(node: object) -> Any:
        if isinstance(node, Var):
            return "?" + node
        if isinstance(node, tuple):
            return [node[0], put(node[1]), put(node[2])]
        assert isinstance(node, NamedNode | Literal)  # noqa: S101  # what a program is made of
        return terms.setdefault(node, len(terms))

    def patterns(group: Sequence[Pattern]) -> list[list[Any]]:
        return [[put(s), put(p), put(o)] for s, p, o in group]

    numbers = {clause: number for number, clause in enumerate(program.clauses)}
    clauses = [
        {
            "name": c.name,
            "head": patterns([c.head])[0] if c.head else None,
            "body": patterns(c.body),
            "absent": [patterns(group) for group in c.absent],
            "filters": [[op, put(left), put(right)] for op, left, right in c.filters],
            "bindings": [[str(variable), put(expression)] for variable, expression in c.bindings],
            "axiom": [put(term) for term in c.axiom],
            "rule": c.from_rule,
        }
        for c in program.clauses
    ]
    known = [
        [
            [put(t.subject), put(t.predicate), put(t.object)],
            None if origin is None else [numbers[origin[0]], [[name, put(term)] for name, term in origin[1]]],
        ]
        for t, origin in program.known.items()
    ]
    content = {
        "format": FORMAT,
        "terms": [[t.value] if isinstance(t, NamedNode) else [t.value, t.datatype.value] for t in terms],
        "clauses": clauses,
        "blocks": [[list(block), again] for block, again in program.blocks],
        "known": known,
    }
    return json.dumps(content, separators=(",", ":"), ensure_ascii=False).encode()


def _read(content: bytes) -> Program | None:
    """Return the program of a file, or None if it is not one: then it is compiled anew."""
    try:
        return read_program_file(content)
    except (ValueError, LookupError, TypeError):
        return None


def read_program_file(content: bytes) -> Program:
    """Return the program of its JSON.

    Raises:
        ValueError: It is not JSON, or of another format.
    """
    data = json.loads(content)
    if data["format"] != FORMAT:
        raise ValueError("another format")
    terms: list[Term] = [
        NamedNode(t[0]) if len(t) == 1 else Literal(t[0], datatype=NamedNode(t[1])) for t in data["terms"]
    ]

    def node(part: Any) -> Any:
        return Var(part[1:]) if isinstance(part, str) else terms[part]

    def expression(part: Any) -> Expression:
        if isinstance(part, list):
            return (part[0], expression(part[1]), expression(part[2]))
        return node(part)  # type: ignore[no-any-return]  # a variable or a term

    def pattern(part: Sequence[Any]) -> Pattern:
        return (node(part[0]), node(part[1]), node(part[2]))

    def clause(part: Mapping[str, Any]) -> Clause:
        return Clause(
            part["name"],
            pattern(part["head"]) if part["head"] else None,
            tuple(map(pattern, part["body"])),
            tuple(tuple(map(pattern, group)) for group in part["absent"]),
            tuple((op, expression(left), expression(right)) for op, left, right in part["filters"]),
            tuple((Var(variable), expression(e)) for variable, e in part["bindings"]),
            tuple(terms[number] for number in part["axiom"]),
            part["rule"],
        )

    clauses = tuple(map(clause, data["clauses"]))
    known = {
        Triple(*(terms[number] for number in fact)): None
        if origin is None
        else (clauses[origin[0]], tuple((name, terms[number]) for name, number in origin[1]))
        for fact, origin in data["known"]
    }
    return Program(clauses, tuple((tuple(block), again) for block, again in data["blocks"]), known)
