"""What is asked of a cohort's answers: the same numbers by SPARQL, by SQL, and by counting rows."""

from __future__ import annotations

import json
import re
import shutil
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from refractory import Case
from refractory.cli import main
from refractory.cohort import query as asking
from refractory.cohort.batch import Assessor, Record
from refractory.cohort.graph import ANSWERS_GRAPH
from refractory.cohort.query import CohortGraph, Results
from refractory.cohort.simulation.simulate import Simulator
from refractory.errors import RefusedError, UsageError
from refractory.knowledge.knowledge import Knowledge
from refractory.query.guard import check
from refractory.query.rows import Term
from refractory.vocabulary import NAMESPACE
from tests.support import CASES, ROOT, shipped, slugs

RowOfJson = dict[str, Any]
NAMES = sorted(shipped().knowledge.cohort_queries)
BINDINGS = {"cases-with-a-status": {"drug": "Acyclovir", "status": "Confirmed"}}
PAGE = ROOT / "docs" / "cohort-query.md"
SQL = dict(
    re.findall(r"^### ([a-z-]+)\n[^#]*?```sql\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE)
)


def write(folder: Path, parts: list[pa.RecordBatch]) -> Path:
    """Write answers as a run does: parts with their checkpoints."""
    for name in ("answered", "checkpoints"):
        (folder / name).mkdir(parents=True, exist_ok=True)
    for number, part in enumerate(parts):
        pq.write_table(pa.Table.from_batches([part]), folder / "answered" / f"part-{number:06d}.parquet")
        (folder / "checkpoints" / f"{number:06d}.json").write_text(json.dumps({"answered": part.num_rows}))
    (folder / "summary.json").write_text("{}")
    return folder


@pytest.fixture(scope="module")
def parts() -> list[pa.RecordBatch]:
    """Answer all golden cases, and as many simulated ones, with questions."""
    assessor = Assessor(questions=True)
    simulated = [one.line.encode() for one in Simulator.of(shipped().knowledge, 5).records(150)]
    golden = [(CASES / name / "case.json").read_bytes() for name in slugs()]
    return [
        assessor.run([Record(data, source, row) for row, data in enumerate(some, 1)]).answered
        for source, some in (("golden", golden), ("simulated", simulated))
    ]


@pytest.fixture(scope="module")
def folder(parts: list[pa.RecordBatch], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Write the answers as a run does."""
    return write(tmp_path_factory.mktemp("run"), parts)


@pytest.fixture(scope="module")
def graph(folder: Path) -> CohortGraph:
    """Lay the answers out."""
    return CohortGraph.of(Results.of(folder), shipped().knowledge)


@pytest.fixture(scope="module")
def rows(parts: list[pa.RecordBatch]) -> list[RowOfJson]:
    """Return the answers as plain rows."""
    return [row for part in parts for row in part.to_pylist()]


def plain(term: Term | None) -> str | None:
    """Return a term as a row has it: local names, texts and numbers."""
    return None if term is None else str(term.value).removeprefix(NAMESPACE)


def answer(graph: CohortGraph, name: str) -> list[dict[str, str | None]]:
    """Ask a named query."""
    rows = graph.ask(graph.knowledge.cohort_queries[name], BINDINGS.get(name))
    assert rows.warnings == ()
    return [{column: plain(term) for column, term in row.items()} for row in rows]


def test_the_page_has_each_query_in_sql() -> None:
    """None is forgotten, and none is shown that there is not."""
    assert NAMES
    assert sorted(SQL) == NAMES


@pytest.mark.parametrize("name", NAMES)
def test_a_query_and_its_sql_give_the_same(name: str, graph: CohortGraph, folder: Path) -> None:
    """DuckDB reads the files as they are, and comes to the same rows in the same order."""
    found = answer(graph, name)
    assert found
    told = duckdb.connect().execute(SQL[name].replace("OUT/", f"{folder}/"))
    columns = [column[0] for column in told.description or ()]
    by_sql = [
        {column: None if value is None else str(value) for column, value in zip(columns, row, strict=True)}
        for row in told.fetchall()
    ]
    assert {"cases", "case"} & set(columns)
    by_sparql = [{column: value for column, value in row.items() if column in columns} for row in found]
    # Of equal counts, an unbound reason comes first in one language and last in the other.
    key = lambda row: sorted((name, value or "") for name, value in row.items())  # noqa: E731
    assert sorted(by_sparql, key=key) == sorted(by_sql, key=key)
    if not any(value is None for row in found for value in row.values()):
        assert by_sparql == by_sql


@pytest.mark.parametrize("name", NAMES)
def test_a_query_says_what_it_asks_and_is_admitted(name: str) -> None:
    """Its header has a title and nothing unknown, and each row of it is in a stated order."""
    query = shipped().knowledge.cohort_queries[name]
    assert {"title"} <= set(query.header) <= {"title", "needs", "parameters"}
    checked = check(query.text, CohortGraph.GRAPHS)
    assert checked.form == "SELECT"
    assert checked.ordered


def test_numbers_are_those_of_the_rows(graph: CohortGraph, rows: list[RowOfJson]) -> None:
    """Counted by hand, from the rows."""
    counted = Counter(
        (population, one["action"], one["kind"])
        for row in rows
        for population in ("Patient", *row["populations"])
        for one in row["recommendations"]
    )
    found = answer(graph, "actions-by-population")
    assert {(r["population"], r["action"], r["kind"]): int(r["cases"] or 0) for r in found} == counted
    asked = Counter(one["fact"] for row in rows for one in row["questions"])
    assert {r["fact"]: int(r["cases"] or 0) for r in answer(graph, "facts-most-asked-for")} == asked


WHAT_AN_ASSESSMENT_SAYS = """
    PREFIX rdfs: <http://www.w3.org/2000/01/rdf-schema#>
    PREFIX rfy: <https://w3id.org/refractory/>
    SELECT ?subject ?p ?o WHERE {
      { ?subject rfy:hasAssessment [] ; ?p ?o
        VALUES ?p {
          rfy:raisesCaution rfy:meetsPitfall rfy:meetsConflict rfy:meetsGap rfy:isNotApplicableBecause
          rfy:dayOfTreatment rfy:assessedOn rfy:hasDoseAdequacy rfy:isHeightenedBy
          rfy:hasLeadingHypothesis rfy:hasOpenHypothesis rfy:hasSupportedHypothesis rfy:hasExcludedHypothesis
        } }
      UNION { ?subject a rfy:FailingCase ; ?p ?o FILTER(?o = rfy:FailingCase) }
      UNION { ?subject rfy:hasPatient ?patient . ?patient ?p ?o . ?o rdfs:subClassOf rfy:Patient }
      UNION { ?subject rfy:hasAssessment ?whole . ?whole ?p ?o VALUES ?p { rfy:hasPosition rfy:hasRedFlag } }
      UNION { ?subject rfy:hasVirus ?virus . ?virus ?p ?o . ?p rfy:givesStatus ?_status }
      UNION { ?subject rfy:hasAssessment/rfy:hasRecommendation ?entry . ?entry rfy:hasAction ?action ; ?p ?value
              BIND(CONCAT(STR(?action), " ", STR(?value)) AS ?o) }
      UNION { ?subject rfy:hasAssessment/rfy:hasFoundDisagreement ?found . ?found rfy:isDisagreementOn ?on ; ?p ?value
              FILTER(?p != rfy:hasSide) BIND(CONCAT(STR(?on), " ", STR(?value)) AS ?o) }
    }"""


def test_a_row_says_what_the_graph_of_its_assessment_says(graph: CohortGraph) -> None:
    """What an assessment says in its own graph, the graph of the cohort says of the case.

    But for positions on hypotheses and at cautions: a row has those at actions and of times only.
    """
    names = {}
    for slug in slugs():
        names[json.loads((CASES / slug / "case.json").read_bytes())["id"]] = slug
    of_cohort: dict[str, set[tuple[str, str]]] = {name: set() for name in names}
    for row in graph.ask(WHAT_AN_ASSESSMENT_SAYS):
        if (case := plain(row["subject"])) in of_cohort:
            of_cohort[case or ""].add((plain(row["p"]) or "", plain(row["o"]) or ""))
    picked = sorted(names)[::7]
    assert len(picked) > 20
    for name in picked:
        alone = Case.from_json((CASES / names[name] / "case.json").read_bytes())
        own = shipped().query(WHAT_AN_ASSESSMENT_SAYS, case=alone)
        said = {(plain(row["p"]) or "", plain(row["o"]) or "") for row in own}
        lost = said - of_cohort[name]
        assert of_cohort[name] <= said, names[name]
        assert {predicate for predicate, _ in lost} <= {"hasPosition"}, names[name]
    assert sum(map(len, of_cohort.values())) > 1_000


def test_the_knowledge_stands_beside_the_answers(graph: CohortGraph) -> None:
    """A question may go from a case to what a statement says; GRAPH tells the two apart."""
    found = graph.ask(
        "PREFIX rfy: <https://w3id.org/refractory/> "
        "SELECT ?g (COUNT(*) AS ?n) { GRAPH ?g { ?_c a rfy:Case } } GROUP BY ?g"
    )
    assert [row["g"] for row in found] == [ANSWERS_GRAPH]
    told = graph.ask(
        "SELECT ?t { ?_a <https://w3id.org/refractory/isBasedOn>/<https://w3id.org/refractory/paraphrase> ?t }"
    )
    assert len(told) > 100


def test_what_is_seldom_meant_is_warned_of_and_what_is_not_allowed_refused(graph: CohortGraph) -> None:
    """As of any other query."""
    odd = graph.ask("PREFIX rfy: <https://w3id.org/refractory/> SELECT ?c { ?c rfy:meetsPitfal ?_x }")
    assert "meetsPitfall" in odd.warnings[0]
    for text in ("SELECT * { SERVICE <http://127.0.0.1/> { ?s ?p ?o } }", "DELETE WHERE { ?s ?p ?o }"):
        with pytest.raises(RefusedError):
            graph.ask(text)
    with pytest.raises(UsageError, match="status"):
        graph.ask(graph.knowledge.cohort_queries["cases-with-a-status"], {"drug": "Acyclovir"})


def cli(capsys: pytest.CaptureFixture[str], *words: object) -> tuple[int, str, str]:
    """Run the command and return its code and what it said."""
    code = main(["cohort", "query", *map(str, words)])
    said = capsys.readouterr()
    return code, said.out, said.err


def test_the_command(folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Names, files and bindings; the forms; and what is wrong."""
    code, out, _ = cli(capsys, folder)
    assert code == 0
    assert [line.split()[0] for line in out.splitlines()] == NAMES
    code, out, _ = cli(
        capsys,
        folder,
        "cases-with-a-status",
        "--bind",
        "drug=aciclovir",
        "--bind",
        "status=Confirmed",
        "--format",
        "csv",
    )
    assert code == 0
    assert out.splitlines()[0] == "case,drug,status"
    assert len(out.splitlines()) > 5
    (tmp_path / "mine.rq").write_text("ASK { ?_c <https://w3id.org/refractory/hasAssessment> [] }")
    assert cli(capsys, folder, tmp_path / "mine.rq") == (0, "true\n", "")
    assert json.loads(cli(capsys, folder, tmp_path / "mine.rq", "--format", "json")[1])["boolean"] is True
    code, _, said = cli(capsys, folder, "actions-by-populatoin")
    assert code == 2
    assert "Did you mean actions-by-population" in said
    assert cli(capsys, tmp_path, "populations")[0] == 2
    assert cli(capsys, folder, "populations", "--bind", "x=1")[0] == 2
    assert cli(capsys, folder, tmp_path / "nothing.rq")[0] == 2


def test_a_module_brings_its_own_questions(folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """They are listed and asked as the shipped ones are."""
    (tmp_path / "queries" / "cohort").mkdir(parents=True)
    (tmp_path / "queries" / "cohort" / "how-many.rq").write_text(
        "#+ title: How many cases there are\nSELECT (COUNT(*) AS ?n) { ?_c a <https://w3id.org/refractory/Case> }"
    )
    assert "How many cases there are" in cli(capsys, folder, "--knowledge", tmp_path)[1]
    code, out, _ = cli(capsys, folder, "how-many", "--knowledge", tmp_path, "--format", "csv")
    assert (code, out.split()) == (0, ["n", str(Results.of(folder).cases)])


def test_questions_that_were_not_worked_out_are_not_none(tmp_path: Path) -> None:
    """An empty answer would read as: nothing is missing."""
    batch = Assessor().run([(CASES / "design-example" / "case.json").read_bytes()]).answered
    graph = CohortGraph.of(Results.of(write(tmp_path, [batch])), shipped().knowledge)
    with pytest.raises(UsageError, match="--questions"):
        graph.ask(graph.knowledge.cohort_queries["facts-most-asked-for"])


def test_a_part_without_its_checkpoint_is_not_asked(
    parts: list[pa.RecordBatch], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A run that was stopped has half a part; and the answer says that there is more to come."""
    root = write(tmp_path, parts)
    (root / "summary.json").unlink()
    (root / "checkpoints" / "000001.json").unlink()
    (root / "answered" / "part-000001.parquet").write_bytes(b"half")
    code, out, said = cli(capsys, root, "populations", "--format", "csv")
    assert code == 0
    assert f"Patient,{parts[0].num_rows}," in out
    assert "the run has not ended" in said


def test_answers_of_another_knowledge_are_warned_of(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Names may mean something else there."""
    assert "another knowledge" not in cli(capsys, folder, "populations")[2]
    assert "another knowledge" in cli(capsys, folder, "populations", "--guidance", "valacyclovir-failure")[2]


@pytest.mark.parametrize("damage", ["cut", "text", "columns", "version", "name", "iri"])
def test_a_file_that_is_none_of_answers_is_refused(damage: str, parts: list[pa.RecordBatch], tmp_path: Path) -> None:
    """What stands in a file is never taken for more than names."""
    root = write(tmp_path, [parts[0].slice(0, 3)])
    path = root / "answered" / "part-000000.parquet"
    table = pq.read_table(path)
    if damage == "cut":
        path.write_bytes(path.read_bytes()[:-100])
    elif damage == "text":
        path.write_text("case\n")
    elif damage == "columns":
        pq.write_table(table.drop_columns(["pitfalls"]), path)
    elif damage == "version":
        pq.write_table(table.replace_schema_metadata({"refractory.schemaVersion": "99"}), path)
    else:
        column, value = ("dose", "a> <b> <c") if damage == "name" else ("case", "http://a/> a <http://b/c")
        at = table.schema.get_field_index(column)
        pq.write_table(table.set_column(at, column, pa.array([value] * 3)), path)
    with pytest.raises(RefusedError):
        CohortGraph.of(Results.of(root), shipped().knowledge)


def stored(root: Path) -> float:
    """Return when the store on disk was laid out."""
    return (root / "graph" / "key.json").stat().st_mtime_ns


def test_many_answers_are_laid_out_once(
    parts: list[pa.RecordBatch], graph: CohortGraph, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The store on disk answers as the one in memory, and is made anew for another part or another knowledge."""
    monkeypatch.setattr(asking, "KEPT_FROM", 1)
    root = write(tmp_path, parts)
    knowledge = shipped().knowledge
    filled: list[int] = []
    fill = asking._filled

    def counting(*given: Any) -> Any:
        filled.append(1)
        return fill(*given)

    monkeypatch.setattr(asking, "_filled", counting)
    for _ in range(2):
        kept = CohortGraph.of(Results.of(root), knowledge)
        assert answer(kept, "actions-by-population") == answer(graph, "actions-by-population")
    assert len(filled) == 1
    assert not list(root.glob("graph.*"))

    (root / "checkpoints" / "000001.json").write_text("{}")
    CohortGraph.of(Results.of(root), knowledge)
    assert len(filled) == 2
    CohortGraph.of(Results.of(root), Knowledge.load(None, ("valacyclovir-failure",)))
    assert len(filled) == 3
    (root / "graph" / "key.json").write_text("half")
    CohortGraph.of(Results.of(root), knowledge)
    assert len(filled) == 4


def test_a_store_that_was_not_finished_leaves_nothing(
    parts: list[pa.RecordBatch], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A file that turns out damaged leaves no half of a graph behind."""
    monkeypatch.setattr(asking, "KEPT_FROM", 1)
    root = write(tmp_path, parts)
    results = Results.of(root)
    path = root / "answered" / "part-000001.parquet"
    content = path.read_bytes()
    path.write_bytes(content[:1000] + bytes(2000) + content[3000:])
    with pytest.raises(RefusedError):
        CohortGraph.of(results, shipped().knowledge)
    assert not list(root.glob("graph*"))


def test_a_full_disk_is_told_and_leaves_nothing(
    parts: list[pa.RecordBatch], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is no fault of the program, and there is another way to count."""
    monkeypatch.setattr(asking, "KEPT_FROM", 1)
    root = write(tmp_path, parts)
    results = Results.of(root)

    def full(*_given: Any) -> Any:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(asking, "_filled", full)
    with pytest.raises(RefusedError, match="No space left"):
        CohortGraph.of(results, shipped().knowledge)
    assert not list(root.glob("graph*"))


@pytest.mark.parametrize("missing", ["pyarrow", "pyarrow.parquet"])
def test_without_the_extra_the_command_says_what_to_install(
    missing: str, folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is no fault of the program that a part of it was left out."""
    monkeypatch.delitem(sys.modules, "refractory.cohort.query")
    monkeypatch.setitem(sys.modules, missing, None)
    code, _, said = cli(capsys, folder, "populations")
    assert code == 2
    assert "pip install 'refractory[cohort]'" in said


def test_what_spark_wrote_is_asked_too(parts: list[pa.RecordBatch], tmp_path: Path) -> None:
    """Files without checkpoints, with other names and no metadata."""
    root = write(tmp_path, parts)
    shutil.rmtree(root / "checkpoints")
    for path in list((root / "answered").iterdir()):
        pq.write_table(
            pq.read_table(path).replace_schema_metadata(None), path.with_name(f"part-x-{path.stem}.snappy.parquet")
        )
        path.unlink()
    graph = CohortGraph.of(Results.of(root), shipped().knowledge)
    assert list(graph.warnings) == []
    assert answer(graph, "populations")[0]["cases"] == str(sum(part.num_rows for part in parts))
