"""Make the catalog that says in which file each ontology IRI stands.

``ontology/catalog-v001.xml`` is an XML catalog (OASIS XML Catalogs) under the name that Protégé looks for, so that
``ontology/refractory.ttl`` opens there with all that it imports and nothing is fetched. Run this tool after a file was
added, moved or renamed; ``--check`` writes nothing and ends with 1 when the catalog differs from the tree.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from xml.sax.saxutils import quoteattr

from pyoxigraph import NamedNode, RdfFormat, parse

FOLDER = Path(__file__).resolve().parent.parent / "ontology"
CATALOG = "catalog-v001.xml"

_TYPE = NamedNode("http://www.w3.org/1999/02/22-rdf-syntax-ns#type")
_ONTOLOGY = NamedNode("http://www.w3.org/2002/07/owl#Ontology")


def ontology_iri(path: Path) -> str:
    """Return the IRI of the one ontology that a Turtle file declares.

    Raises:
        ValueError: with the name of the file, when it declares none, several, or one without an IRI.
    """
    found = {
        triple.subject
        for triple in parse(path.read_bytes(), format=RdfFormat.TURTLE)
        if triple.predicate == _TYPE and triple.object == _ONTOLOGY
    }
    iris = [node.value for node in found if isinstance(node, NamedNode)]
    if len(found) != 1 or len(iris) != 1:
        raise ValueError(f"{path.name} must declare exactly one ontology with an IRI")
    return iris[0]


def entries(folder: Path) -> dict[str, str]:
    """Map each ontology IRI to its file, as a path relative to the folder with forward slashes, sorted by IRI.

    Raises:
        ValueError: when there is no Turtle file at all, a file declares no ontology, or two declare the same one.
    """
    found: dict[str, str] = {}
    for path in sorted(folder.rglob("*.ttl")):
        iri, name = ontology_iri(path), path.relative_to(folder).as_posix()
        if iri in found:
            raise ValueError(f"{name} and {found[iri]} declare the same ontology {iri}")
        found[iri] = name
    if not found:
        raise ValueError(f"no Turtle file under {folder}")
    return dict(sorted(found.items()))


def render(folder: Path) -> str:
    """Return the text of the catalog of a folder."""
    lines = [
        '<?xml version="1.0" encoding="UTF-8" standalone="no"?>',
        "<!-- Made by tools/make_catalog.py: run it after a file was added, moved or renamed. -->",
        '<catalog prefer="public" xmlns="urn:oasis:names:tc:entity:xmlns:xml:catalog">',
    ]
    lines += [f"    <uri name={quoteattr(iri)} uri={quoteattr(name)}/>" for iri, name in entries(folder).items()]
    return "\n".join([*lines, "</catalog>", ""])


def is_current(folder: Path) -> bool:
    """Tell whether the catalog of a folder is there and says what the tree says."""
    path = folder / CATALOG
    return path.is_file() and path.read_text(encoding="utf-8") == render(folder)


def main(arguments: Sequence[str] | None = None) -> int:
    """Write the catalog, or compare it with ``--check``; 0 when all is well, 1 when it differs."""
    parser = argparse.ArgumentParser(description=f"Make ontology/{CATALOG} from the Turtle files.")
    parser.add_argument("--check", action="store_true", help="write nothing; end with 1 when the catalog differs")
    options = parser.parse_args(arguments)
    if not options.check:
        (FOLDER / CATALOG).write_text(render(FOLDER), encoding="utf-8", newline="\n")
        return 0
    if is_current(FOLDER):
        return 0
    print(f"{CATALOG} differs from the tree: run tools/make_catalog.py", file=sys.stderr)
    return 1


if __name__ == "__main__":
    raise SystemExit(main())
