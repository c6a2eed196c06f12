"""Finds what is well formed and points at the wrong thing: a copied name, another's words, a file nobody reads.

These faults come of copying a file or a block and not changing all of it. Nothing fails on them, and that is the harm.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from pyoxigraph import BlankNode, Literal, NamedNode

from refractory.guidance.fault import Fault
from refractory.guidance.graph import GuidanceGraph, name_of
from refractory.guidance.plain import plain
from refractory.vocabulary import NAMESPACE, ONTOLOGY, Dcterms, Owl, Rdf, Rdfs, Skos, rfy

_FACTS: Final = "ontology/facts/"
_WORDS: Final = "-words.ttl"
_OF: Final = rfy("ofGuidance")
_FRONT_DOOR: Final = "ontology/refractory.ttl"

# What stands among words: sources and what they say. All else there would look stated, and no reasoner would read it.
_OF_WORDS: Final = frozenset(
    {"Guidance", "SourceDocument", "SourceLine", "Statement", "Gap", "CandidateReference", "Modality"}
)


def miswired_names(graph: GuidanceGraph) -> Iterator[Fault]:
    """Yield names that are copied, and terms that point at what is another's."""
    for find in (_copied, _headers, _defined_elsewhere, _folders, _for_another, _among_words, _advice, _rules):
        yield from (fault for fault in find(graph) if graph.checks(fault.file))


def shown_by_nothing(graph: GuidanceGraph, slugs: Sequence[str]) -> Iterator[Fault]:
    """Yield rules, axioms and positions that name a golden case which is not among the known ones.

    Args:
        graph: The knowledge.
        slugs: The names of the known cases. A competency question of the knowledge shows something as well.
    """
    known = {*slugs, *graph.knowledge.queries}
    for file, t in graph.triples(rfy("shownBy")):
        if graph.checks(file) and isinstance(t.object, Literal) and t.object.value not in known:
            named = graph.knowledge.text(t.subject, Dcterms.IDENTIFIER) if isinstance(t.subject, BlankNode) else ""
            yield Fault(
                "shown-by-a-case-that-is-not-there",
                file,
                named or name_of(t.subject),
                f"it is said to be shown by {t.object.value!r}, and no known case is called so. "
                "When it stops having an effect, nothing will show it.",
                "Correct the name, or add the golden case.",
            )


def _copied(graph: GuidanceGraph) -> Iterator[Fault]:
    """Find words that two terms share, and a title of two rules; labels are a hygiene query's."""
    said: dict[tuple[str, str], dict[str, str]] = {}
    for predicate, word in ((Skos.DEFINITION, "definition"), (rfy("paraphrase"), "paraphrase"), (rfy("asks"), "asks")):
        for file, t in graph.triples(predicate):
            if isinstance(t.object, Literal):
                said.setdefault((word, plain(t.object.value)), {}).setdefault(name_of(t.subject), file)
    for rule in graph.rules:
        said.setdefault(("title", plain(rule.header["title"])), {}).setdefault(rule.name, rule.path)
    for (word, _), found in said.items():
        # Who had the words first keeps them: what was there before the module, then the order of files.
        first, *others = sorted(found, key=lambda term: (graph.of_module and graph.checks(found[term]), found[term]))
        for term in others:
            yield Fault(
                "copied-words",
                found[term],
                term,
                f"its {word} is that of {first}, word for word. One of the two was copied and not changed.",
                f"Write the {word} that it should have.",
            )


def _headers(graph: GuidanceGraph) -> Iterator[Fault]:
    """Ask that a file's header names the file: ontologies are found by it."""
    for file in graph.turtle:
        found = [t.subject for t in graph.by_file[file] if t.predicate == Rdf.TYPE and t.object == Owl.ONTOLOGY]
        wanted = ONTOLOGY if file == _FRONT_DOOR else NAMESPACE + file.removesuffix(".ttl").replace("/modules/", "/")
        names = sorted(name_of(node) for node in found)
        if [NamedNode(wanted)] != found:
            yield Fault(
                "header-of-another-file",
                file,
                names[0] if names else "header",
                f"the file declares {' and '.join(names) if names else 'no ontology'}. Who looks for what it holds "
                "finds another file, or none.",
                f"Declare the one ontology <{wanted}>.",
            )


def _defined_elsewhere(graph: GuidanceGraph) -> Iterator[Fault]:
    """Ask that a term is declared by the ontology that is said to define it."""
    ontologies: dict[object, set[str]] = {}
    declared: dict[object, set[str]] = {}
    for file, t in graph.triples(Rdf.TYPE):
        (ontologies if t.object == Owl.ONTOLOGY else declared).setdefault(t.subject, set()).add(file)
    for file, t in graph.triples(Rdfs.IS_DEFINED_BY):
        files = ontologies.get(t.object, set())
        if files and declared.get(t.subject) and not files & declared[t.subject]:
            yield Fault(
                "defined-by-another-file",
                file,
                name_of(t.subject),
                f"it is said to be defined by {name_of(t.object)}, which does not declare it.",
                f"Name the ontology of {min(declared[t.subject])} in rdfs:isDefinedBy.",
            )


def _folders(graph: GuidanceGraph) -> Iterator[Fault]:
    """Ask that a folder of facts is called after its source: what is not is loaded with no source."""
    seen = set()
    for file in graph.turtle:
        if file.startswith(_FACTS) and (folder := file.split("/")[2]) not in seen:
            seen.add(folder)
            if folder not in graph.guidance:
                yield Fault(
                    "folder-of-no-source",
                    file,
                    folder,
                    "no source is called as the folder is. A source is loaded from the folder of its name, so nothing "
                    "of this one is ever used.",
                    f"Call the folder as the source, or declare the rfy:Guidance rfy:{folder} in it.",
                )
    for file, t in graph.triples(Dcterms.IDENTIFIER):
        name = name_of(t.subject)
        if name in graph.guidance and isinstance(t.object, Literal) and t.object.value != name:
            yield Fault(
                "identifier-of-another-name",
                file,
                name,
                f"its identifier is {t.object.value!r}. It would be chosen by one name, and be cited by another.",
                f"Give it the identifier {name!r}.",
            )


def _for_another(graph: GuidanceGraph) -> Iterator[Fault]:
    """Ask that each source speaks in its own folder, and for itself."""
    for predicate in (_OF, rfy("isPositionOf")):
        for file, t in graph.triples(predicate):
            own, named = file.split("/")[2] if file.startswith(_FACTS) else "", name_of(t.object)
            if own not in graph.guidance or named not in graph.guidance or named == own:
                continue
            # A position that encodes no statement of the source that it names is a hygiene query's.
            encoded = graph.knowledge.values(t.subject, rfy("encodes")) if isinstance(t.subject, NamedNode) else ()
            theirs = any(t.object in graph.knowledge.values(s, _OF) for s in encoded if isinstance(s, NamedNode))
            if predicate == _OF or theirs:
                yield Fault(
                    "words-of-another-source",
                    file,
                    name_of(t.subject),
                    f"it stands with {own} and is said to be of {named}. It would be put into the mouth of a source "
                    "that did not say it.",
                    f"Name {own} in rfy:{name_of(predicate)}, or move it to the folder of {named}.",
                )


def _among_words(graph: GuidanceGraph) -> Iterator[Fault]:
    """Ask that nothing that is reasoned with stands among words."""
    allowed = {rfy(name) for name in _OF_WORDS}
    for file, t in graph.triples(Rdf.TYPE):
        ours = isinstance(t.object, NamedNode) and t.object.value.startswith(NAMESPACE)
        if file.endswith(_WORDS) and ours and t.object not in allowed:
            yield Fault(
                "logic-among-words",
                file,
                name_of(t.subject),
                f"it is declared as {name_of(t.object)} among words, which no reasoner reads. It would have no effect.",
                f"Move the declaration to {file.removesuffix(_WORDS)}.ttl.",
            )


def _advice(graph: GuidanceGraph) -> Iterator[Fault]:
    """Ask that a position that is met by advice is met by the advice that it speaks of.

    One that adds an action may do so where another action is advised; it could not wait for its own.
    """
    knowledge = graph.knowledge
    for file, t in graph.triples(rfy("withAdviceOn")):
        if not isinstance(t.subject, NamedNode):
            continue
        types = knowledge.values(t.subject, Rdf.TYPE)
        subjects = knowledge.values(t.subject, rfy("speaksOf"))
        actions = [s for s in subjects if isinstance(s, NamedNode) and rfy("Action") in knowledge.values(s, Rdf.TYPE)]
        adds = rfy("AddingPosition") in types
        if actions and (t.object in actions) == adds:
            subject = name_of(actions[0])
            yield Fault(
                "position-with-the-wrong-advice",
                file,
                name_of(t.subject),
                f"it adds {subject} only where that is advised already, so it never does."
                if adds
                else f"it speaks of {subject}, and is met by advice on {name_of(t.object)}. It would be shown at an "
                "action that it does not go with.",
                "Name in rfy:withAdviceOn the action with which the addition goes, or give it rfy:inSituation."
                if adds
                else "Name the same action in rfy:speaksOf and rfy:withAdviceOn, or give it rfy:inSituation.",
            )


def _rules(graph: GuidanceGraph) -> Iterator[Fault]:
    """Ask that a rule says what it does, and that a module's rule carries a statement of the module."""
    files = {name_of(t.subject): file for file, t in graph.triples(Rdf.TYPE) if t.object == rfy("Statement")}
    for rule in graph.rules:
        encoded = rule.list("encodes")
        missing = [key for key in ("says", "shown-by") if not rule.header.get(key)]
        if missing:
            yield Fault(
                "rule-without-its-header",
                rule.path,
                rule.name,
                f"the header has no {' and no '.join(missing)}. The rule can neither be explained nor be watched.",
                f"Add {' and '.join(f'`#+ {key}: ...`' for key in missing)}.",
            )
        # What is encoded and does not exist is a hygiene query's.
        if graph.of_module and all(name in files and not graph.checks(files[name]) for name in encoded):
            yield Fault(
                "rule-that-carries-another-source",
                rule.path,
                rule.name,
                f"it encodes {', '.join(encoded)} alone, and no statement of the module. Its conclusions would be "
                "shown as those of a source that did not draw them.",
                "Name in `#+ encodes` the statement of the module that it carries.",
            )
