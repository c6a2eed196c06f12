"""A small module of guidance, as files, without a fault; tests write it with one thing changed."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path

from tests.support import CASES

TEXT = "Example trial\nFoscarnet, 50 milligrams for each kilogram, twice daily.\nBeware of it in failure.\nHow long?\n"
"""The text that the module encodes, of our own making."""

FACTS = "ontology/facts/example-trial"
WORDS = f"{FACTS}/example-trial-words.ttl"
LOGIC = f"{FACTS}/example-trial.ttl"
RULE = "queries/reason/failure-is-the-example-caution.rq"
CASE = "tests/cases/example-failure"

_IRI = "https://w3id.org/refractory/" + FACTS

_PREFIXES = """@prefix dcterms: <http://purl.org/dc/terms/> .
@prefix oa: <http://www.w3.org/ns/oa#> .
@prefix owl: <http://www.w3.org/2002/07/owl#> .
@prefix rdfs: <http://www.w3.org/2000/01/rdf-schema#> .
@prefix rfy: <https://w3id.org/refractory/> .
@prefix skos: <http://www.w3.org/2004/02/skos/core#> .
@prefix words: <WORDS-IRI> .
@prefix logic: <LOGIC-IRI> .

""".replace("WORDS-IRI", f"{_IRI}/example-trial-words").replace("LOGIC-IRI", f"{_IRI}/example-trial")


def _lines() -> str:
    """Return the nodes of the lines of the text."""
    start, nodes = 0, ""
    for number, line in enumerate(TEXT.splitlines(), 1):
        nothing = ' rfy:carriesNothingBecause "A heading."@en ;' if number == 1 else ""
        nodes += f"""
rfy:example-trial-line-{number} a rfy:SourceLine ; rdfs:label "Example trial: line {number}"@en ;
    rfy:inDocument rfy:example-trial-document ; rfy:lineNumber {number} ;{nothing}
    rfy:hasSelector [ a oa:TextPositionSelector ; oa:start {start} ; oa:end {start + len(line)} ] ;
    rdfs:isDefinedBy words: .
"""
        start += len(line) + 1
    return nodes


FILES: Mapping[str, str] = {
    WORDS: f"""{_PREFIXES}words: a owl:Ontology ;
    dcterms:title "Example trial: words"@en ;
    dcterms:license <https://creativecommons.org/licenses/by/4.0/> ;
    owl:imports <https://w3id.org/refractory/ontology/sources-words> .

rfy:example-trial a rfy:Guidance ; dcterms:identifier "example-trial" ;
    rdfs:label "example trial"@en ; skos:definition "Invented trial of one dose."@en ;
    owl:versionInfo "1.0.0" ; rfy:standsBeside rfy:valacyclovir-failure ; rfy:hasSourceKind rfy:RandomizedTrial ;
    rfy:hasSourceDocument rfy:example-trial-document ;
    dcterms:issued "2020" ; rfy:sureness "unmarked" ;
    rfy:studiedPopulation "nobody: it is invented"@en ; rfy:studiedVirus "none: it is invented"@en ;
    dcterms:bibliographicCitation "None: it is invented."@en ;
    rdfs:isDefinedBy words: .

rfy:example-trial-document a rfy:SourceDocument ; rdfs:label "document of the example trial"@en ;
    dcterms:title "An invented trial"@en ;
    rfy:sha256 "{hashlib.sha256(TEXT.encode()).hexdigest()}" ; rfy:lineCount 4 ; rfy:characterCount {len(TEXT)} ;
    rdfs:isDefinedBy words: .
{_lines()}
rfy:example-trial-2 a rfy:Statement ; rdfs:label "Example trial: the dose"@en ;
    rfy:paraphrase "Every 12 hours 50 mg/kg were given."@en ;
    rfy:ofGuidance rfy:example-trial ; rfy:onLine rfy:example-trial-line-2 ; rfy:hasModality rfy:AssertedModality ;
    rfy:hasSelector [ a oa:TextPositionSelector ; oa:start 14 ; oa:end 50 ] ;
    rdfs:isDefinedBy words: .

rfy:example-trial-3 a rfy:Statement ; rdfs:label "Example trial: care in failure"@en ;
    rfy:paraphrase "Where treatment fails, care is advised."@en ;
    rfy:ofGuidance rfy:example-trial ; rfy:onLine rfy:example-trial-line-3 ; rfy:hasModality rfy:ImperativeModality ;
    rfy:hasSelector [ a oa:TextPositionSelector ; oa:start 71 ; oa:end 95 ] ;
    rdfs:isDefinedBy words: .

rfy:example-trial-gap-4 a rfy:Gap ; rdfs:label "Example trial: the duration"@en ;
    rfy:paraphrase "The trial does not tell for how many days."@en ; rfy:asks "For how many days?"@en ;
    rfy:ofGuidance rfy:example-trial ; rfy:onLine rfy:example-trial-line-4 ;
    rdfs:isDefinedBy words: .

rfy:example-trial-dose rdfs:label "example trial on the dose"@en ;
    skos:definition "Position of the example trial that gives a dose."@en ; rdfs:isDefinedBy logic: .
rfy:example-trial-regimen rdfs:label "regimen of the example trial"@en ;
    skos:definition "Regimen of the example trial: by vein, twice a day."@en ; rdfs:isDefinedBy logic: .
rfy:ExampleCaution rdfs:label "example caution"@en ;
    skos:definition "Caution of the example trial, in treatment that fails."@en ; rdfs:isDefinedBy logic: .
""",
    LOGIC: f"""{_PREFIXES}logic: a owl:Ontology ;
    dcterms:title "Example trial: its position"@en ;
    dcterms:license <https://creativecommons.org/licenses/by/4.0/> ;
    owl:imports words: , <https://w3id.org/refractory/ontology/sources> .

rfy:example-trial-dose a rfy:Position , rfy:AgreeingPosition ;
    rfy:isPositionOf rfy:example-trial ; rfy:speaksOf rfy:SwitchToFoscarnet ;
    rfy:forPopulation rfy:AnyPatientPopulation ; rfy:forDisease rfy:AnyHerpesvirusDisease ;
    rfy:withAdviceOn rfy:SwitchToFoscarnet ; rfy:offersRegimen rfy:example-trial-regimen ;
    rfy:encodes rfy:example-trial-2 ; rfy:shownBy "example-failure" .

rfy:example-trial-regimen a rfy:Regimen ; rfy:doseMgPerKg 50.0 ; rfy:everyHours 12 ; rfy:hasRoute rfy:Intravenous .

rfy:ExampleCaution a rfy:Caution .
""",
    RULE: """#+ title: In failure the example trial advises care
#+ says: treatment fails, and the example trial advises care
#+ encodes: example-trial-3
#+ shown-by: example-failure

PREFIX rfy: <https://w3id.org/refractory/>

CONSTRUCT { ?case rfy:raisesCaution rfy:ExampleCaution ; rfy:meetsGap rfy:example-trial-gap-4 }
WHERE { ?case a rfy:FailingCase }
""",
    f"{CASE}/story.md": "A case of failure, for the example trial. It is the example of the design.\n",
    f"{CASE}/case.json": (CASES / "design-example" / "case.json").read_text(encoding="utf-8"),
    f"{CASE}/expected.json": '{"guidance": ["example-trial"]}\n',
}
"""The files of the module, by their paths below it."""


def write(folder: Path, files: Mapping[str, str]) -> Path:
    """Write files below a folder, and return it."""
    for path, text in files.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(text, encoding="utf-8", newline="\n")
    return folder


def changed(path: str, before: str, after: str, files: Mapping[str, str] = FILES) -> dict[str, str]:
    """Return the module with one piece of one file replaced; the piece must stand there once."""
    assert files[path].count(before) == 1, (path, before, files[path].count(before))
    return {**files, path: files[path].replace(before, after)}
