"""The command: data on standard output, everything else on standard error, and an exit code that tells the worst."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator, FormatChecker
from pyoxigraph import RdfFormat, parse
from tests.support import CASES, ROOT, read_case, shipped

from refractory import Assessment, KnowledgeBase
from refractory.case import limits
from refractory.cli import main
from refractory.cli.main import root
from refractory.version import VERSION

CASE = str(CASES / "design-example" / "case.json")
OTHER = str(CASES / "only-id" / "case.json")
SCHEMA = json.loads((ROOT / "schemas" / "assessment.schema.json").read_text(encoding="utf-8"))
HEAVY = ("rdflib", "owlrl", "pyshacl", "pyoxigraph", "rich", "refractory.pipeline", "refractory.case")

CONTRADICTING = {"id": "https://example.org/case/both", "present": ["HivInfection"], "absent": ["HivInfection"]}


@cache
def answer(slug: str) -> Assessment:
    """Return the assessment of a golden case."""
    return shipped().assess(read_case(slug))


@pytest.fixture(autouse=True)
def _one_knowledge_base(monkeypatch: pytest.MonkeyPatch) -> None:
    """Share the shipped knowledge base, unless a test asks for another."""
    knowledge_base, load = shipped(), KnowledgeBase.load

    def shared(path: str | None = None, *, guidance: Any = None, engine: str = "compiled") -> KnowledgeBase:
        return knowledge_base if path is None and guidance is None else load(path, guidance=guidance, engine=engine)

    monkeypatch.setattr(KnowledgeBase, "load", shared)


@pytest.fixture
def write(tmp_path: Path) -> Callable[..., str]:
    """Return a function that writes a case file and returns its path."""

    def _write(name: str, content: object) -> str:
        path = tmp_path / name
        path.write_text(content if isinstance(content, str) else json.dumps(content), encoding="utf-8")
        return str(path)

    return _write


def run(*arguments: str, **options: Any) -> subprocess.CompletedProcess[str]:
    """Run the command as another process would."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "src"), **options.pop("env", {})}
    return subprocess.run(
        [sys.executable, "-m", "refractory", *arguments],
        check=False,
        capture_output=True,
        text=True,
        encoding="utf-8",
        env=environment,
        timeout=120,
        **options,
    )


@pytest.mark.parametrize("arguments", [["--help"], ["--version"], ["assess", "--help"], ["assess"], ["nonsense"]])
def test_help_and_usage_errors_load_no_library(arguments: list[str]) -> None:
    """What needs no knowledge loads none of the libraries that take long to start."""
    code = f"import sys; from refractory.cli import main; main({arguments!r}); "
    code += f"sys.stdout.write('LOADED ' + ' '.join(m for m in {HEAVY!r} if m in sys.modules))"
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "src")}
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True, env=environment)

    assert done.stdout.endswith("LOADED ")


def test_the_commands_are_those_of_the_design() -> None:
    """No command is missing, and none is offered that does not exist yet."""
    names = "about assess audit cohort docs explain export fhir genotype guidance pivot queries query serve validate"

    assert [*names.split(), "what-if"] == sorted(root.commands)


def test_version_is_that_of_the_package(capsys: pytest.CaptureFixture[str]) -> None:
    """`--version` goes to standard output."""
    assert main(["--version"]) == 0
    assert f"refractory, version {VERSION}\n" == capsys.readouterr().out


def test_one_case_gives_one_object(capsys: pytest.CaptureFixture[str]) -> None:
    """JSON of one case is its assessment and nothing else."""
    code = main(["assess", "--format", "json", CASE])
    out, err = capsys.readouterr()

    assert (0, "") == (code, err)
    assert answer("design-example").to_json() == json.loads(out)


def test_several_cases_give_a_list_in_their_order_and_bad_ones_stop_nobody(
    capsys: pytest.CaptureFixture[str], write: Callable[..., str]
) -> None:
    """A bad case is an object with `case` and `error`; the others are answered; the exit code is the worst."""
    unreadable = write("broken.json", "{")
    both = write("both.json", CONTRADICTING)
    code = main(["assess", "--format", "json", CASE, unreadable, both, OTHER])
    out, err = capsys.readouterr()
    answers = json.loads(out)

    assert code == 3
    assert [answer("design-example").case, unreadable, CONTRADICTING["id"], answer("only-id").case] == [
        answer["case"] for answer in answers
    ]
    assert [None, "Refused", "NonConforming", None] == [answer.get("error", {}).get("kind") for answer in answers]
    assert answer("only-id").to_json() == answers[3]
    assert [] == list(Draft202012Validator(SCHEMA, format_checker=FormatChecker()).iter_errors(answers))
    assert unreadable in err
    assert both in err


def test_the_error_of_a_single_case_is_json_too(capsys: pytest.CaptureFixture[str], write: Callable[..., str]) -> None:
    """Who reads JSON finds the error there, and who reads the terminal finds it there."""
    code = main(["assess", "--format", "json", write("both.json", CONTRADICTING)])
    out, err = capsys.readouterr()
    answer = json.loads(out)

    assert code == 1
    assert CONTRADICTING["id"] == answer["case"]
    assert answer["error"]["exitCode"] == 1
    assert [] == list(Draft202012Validator(SCHEMA).iter_errors(answer))
    assert "fix:" in err


@pytest.mark.parametrize(
    ("content", "code"),
    [
        ("{", 3),
        ("[]", 3),
        ('{"id": "https://example.org/1", "lesions": "Spreading"}', 3),
        ('{"id": "https://example.org/1", "condition": "HerpesZooster"}', 3),
        (json.dumps(CONTRADICTING), 1),
        ('{"id": "https://example.org/1", "present": ' + "[" * 40 + "]" * 40 + "}", 4),
        (" " * (limits.MAX_BYTES + 1), 4),
    ],
)
@pytest.mark.parametrize("command", ["assess", "validate"])
def test_each_fault_has_its_exit_code_and_says_what_where_and_how_to_mend_it(
    command: str, content: str, code: int, capsys: pytest.CaptureFixture[str], write: Callable[..., str]
) -> None:
    """A fault is told without a traceback."""
    path = write("case.json", content)
    found = main([command, path])
    out, err = capsys.readouterr()

    assert code == found
    assert "Traceback" not in err
    told = out if command == "validate" and code == 1 else err
    assert "fix:" in told.lower()
    if told == err:
        assert err.startswith("refractory: ")
        assert f"  where: {path}" in err
        assert not out.strip()


def test_a_contradictory_case_is_found_among_others(capsys: pytest.CaptureFixture[str]) -> None:
    """When the closure of several is inconsistent, only the one at fault is refused."""
    bad = next((ROOT / "tests" / "bad" / "node-both-patient-and-treatment").glob("bad.*"))
    code = main(["assess", "--format", "json", CASE, str(bad), OTHER])
    answers = json.loads(capsys.readouterr().out)

    assert code == 5
    assert answer("design-example").to_json() == answers[0]
    assert answers[1]["error"]["kind"] == "Contradiction"
    assert answer("only-id").to_json() == answers[2]


def test_two_files_of_one_name_are_answered_each_on_its_own_facts(
    capsys: pytest.CaptureFixture[str], write: Callable[..., str]
) -> None:
    """Cases that carry the same identifier are never reasoned about together."""
    case = json.loads(Path(CASE).read_text(encoding="utf-8"))
    plain = write("plain.json", {"id": case["id"]})
    main(["assess", "--format", "json", CASE, plain])
    first, second = json.loads(capsys.readouterr().out)

    assert answer("design-example").to_json() == first
    assert [] == second["recommendations"]


def test_a_dash_is_standard_input() -> None:
    """A case comes in through a pipe, and its errors name standard input."""
    good = run("assess", "-", input=Path(OTHER).read_text(encoding="utf-8"))
    bad = run("assess", "-", input="{")

    assert (0, "") == (good.returncode, good.stderr)
    assert "Assessment of https://example.org/case/only-id" in good.stdout
    assert bad.returncode == 3
    assert "  where: standard input" in bad.stderr


def test_standard_input_is_read_once(capsys: pytest.CaptureFixture[str]) -> None:
    """It cannot stand for two cases."""
    assert main(["assess", "-", "-"]) == 2
    assert "can be read once" in capsys.readouterr().err


@pytest.mark.parametrize(
    "arguments",
    [
        ["assess"],
        ["assess", CASE, "--format", "pdf"],
        ["assess", CASE, "--engine", "steam"],
        ["assess", CASE, "--guidance", "no-such-guidance"],
        ["assess", CASE, "--knowledge", "/no/such/folder"],
        ["assess", CASE, "--timeout", "0"],
        ["query", "no-such-query", "--knowledge", "KNOWLEDGE"],
        ["query", "things", "--bind", "nothing", "--knowledge", "KNOWLEDGE"],
        ["query", "things", "--bind", "other=1", "--knowledge", "KNOWLEDGE"],
        ["query", "things", "--format", "turtle", "--knowledge", "KNOWLEDGE"],
        ["explain"],
    ],
)
def test_a_wrong_call_is_exit_2(arguments: list[str], other: str, capsys: pytest.CaptureFixture[str]) -> None:
    """What is wrong with the call itself is told on standard error, and nothing is answered."""
    code = main([other if argument == "KNOWLEDGE" else argument for argument in arguments])
    out, err = capsys.readouterr()

    assert (2, "") == (code, out)
    assert err


def test_our_own_fault_tells_nothing_of_the_patient(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """An unforeseen error is 70 and says how to report it; only --debug shows what it was about."""

    def fail(*_: object, **__: object) -> None:
        raise ValueError("Jane Doe weighs 70 kg")

    monkeypatch.setattr(KnowledgeBase, "assess_all", fail)
    quiet, silent = main(["assess", CASE]), capsys.readouterr()
    loud, spoken = main(["assess", CASE, "--debug"]), capsys.readouterr()

    assert (70, 70) == (quiet, loud)
    assert "our fault" in silent.err
    assert "report" in silent.err
    assert "Jane Doe" not in silent.err
    assert "Traceback" not in silent.err
    assert "Jane Doe" in spoken.err
    assert ("", "") == (silent.out, spoken.out)


@pytest.mark.parametrize("arguments", [["--debug", "assess", "/no/such.json"], ["assess", "/no/such.json", "--debug"]])
def test_debug_shows_tracebacks_wherever_it_stands(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    """The option is one of the group and of each command."""
    assert main(arguments) == 3
    assert "Traceback" in capsys.readouterr().err


def test_no_questions_leaves_them_out(capsys: pytest.CaptureFixture[str]) -> None:
    """The rest of the answer is the same."""
    main(["assess", "--format", "json", "--no-questions", CASE])
    expected = {**answer("design-example").to_json(), "questions": []}

    assert expected == json.loads(capsys.readouterr().out)


@pytest.mark.parametrize("form", ["text", "markdown", "html", "turtle"])
def test_several_cases_share_one_document(form: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Each case is in it, and an unanswerable one is told on standard error only."""
    code = main(["assess", "--format", form, CASE, "/no/such.json", OTHER])
    out, err = capsys.readouterr()

    assert code == 3
    assert "design-example" in out
    assert "only-id" in out
    assert "/no/such.json" in err
    if form == "turtle":
        assert list(parse(out.encode(), format=RdfFormat.TURTLE))
    if form == "html":
        assert out.count("<!DOCTYPE html>") == 1


def test_a_pipe_gets_plain_text() -> None:
    """Without a terminal there is no escape sequence, and no line is longer than it has to be."""
    done = run("assess", CASE, env={"FORCE_COLOR": "1", "COLUMNS": "40"})

    assert (0, "") == (done.returncode, done.stderr)
    assert "\x1b" not in done.stdout
    assert [] == [line for line in done.stdout.splitlines() if len(line) > 100]


@pytest.mark.skipif(os.name != "posix", reason="needs a pseudo-terminal")
@pytest.mark.parametrize("environment", [{}, {"NO_COLOR": "1"}])
def test_a_terminal_gets_styles_that_carry_no_meaning(environment: dict[str, str]) -> None:
    """Without its styles the text of a terminal is the plain text; NO_COLOR takes the colours out."""
    import pty

    controller, terminal = pty.openpty()
    settings = {"PYTHONPATH": str(ROOT / "src"), "TERM": "xterm", "COLUMNS": "100", **environment}
    process = subprocess.Popen(
        [sys.executable, "-m", "refractory", "assess", OTHER], stdout=terminal, stderr=subprocess.PIPE, env=settings
    )
    os.close(terminal)
    shown = b"".join(_read_all(controller)).decode().replace("\r\n", "\n")
    process.communicate(timeout=120)
    plain = re.sub(r"\x1b\[[0-9;]*m", "", shown)

    assert process.returncode == 0
    assert "\x1b[1m" in shown
    assert ("NO_COLOR" in environment) != ("36m" in shown)
    assert run("assess", OTHER).stdout == plain


def _read_all(descriptor: int) -> Iterator[bytes]:
    while True:
        try:
            part = os.read(descriptor, 65_536)
        except OSError:  # how Linux says that the other end is closed
            break
        if not part:
            break
        yield part
    os.close(descriptor)


def test_a_reader_that_leaves_is_no_error() -> None:
    """`refractory export | head -1` ends without a word."""
    process = subprocess.Popen(
        [sys.executable, "-m", "refractory", "export", "--format", "nquads"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": str(ROOT / "src")},
    )
    assert process.stdout is not None
    assert process.stderr is not None
    process.stdout.readline()
    process.stdout.close()
    err = process.stderr.read()
    process.stderr.close()

    assert (0, b"") == (process.wait(timeout=60), err)


def test_output_is_utf_8_in_any_locale() -> None:
    """The bytes do not depend on the locale."""
    done = run("assess", OTHER, env={"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONIOENCODING": "ascii"})

    assert done.returncode == 0
    assert run("assess", OTHER).stdout == done.stdout


def test_time_runs_out_with_exit_4() -> None:
    """A computation that takes too long is given up, and the message says how to allow more."""
    done = run("assess", CASE, "--engine", "reference", "--timeout", "0.2")

    assert (4, "") == (done.returncode, done.stdout)
    assert "--timeout" in done.stderr


def test_a_slow_reader_is_given_all_the_time_there_is() -> None:
    """The limit is on computing: who reads page by page is not cut off."""
    process = subprocess.Popen(
        [sys.executable, "-m", "refractory", "export", "--format", "nquads", "--timeout", "3"],
        stdout=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": str(ROOT / "src")},
    )
    time.sleep(4.5)
    out, _ = process.communicate(timeout=60)

    assert process.returncode == 0
    assert len(shipped().knowledge.triples) == len(list(parse(out, format=RdfFormat.N_QUADS)))


def test_where_no_alarm_is_heard_a_watchdog_ends_the_process() -> None:
    """Outside the main thread, as on a platform without alarms, the limit holds all the same."""
    code = (
        "import threading, time\n"
        "from refractory.cli.clock import time_limit\n"
        "def work():\n    with time_limit(0.2):\n        time.sleep(60)\n"
        "thread = threading.Thread(target=work)\nthread.start()\nthread.join()\n"
    )
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "src")}
    done = subprocess.run(
        [sys.executable, "-c", code], check=False, capture_output=True, text=True, env=environment, timeout=30
    )

    assert done.returncode == 4
    assert "no answer within 0.2 seconds" in done.stderr


def test_validate_tells_what_does_not_conform(capsys: pytest.CaptureFixture[str], write: Callable[..., str]) -> None:
    """Of several cases each has its report, in order, and the exit code is the worst."""
    both = write("both.json", CONTRADICTING)
    code = main(["validate", "--format", "json", CASE, both, "/no/such.json"])
    answers = json.loads(capsys.readouterr().out)

    assert code == 3
    assert [True, False, None] == [answer.get("conforms") for answer in answers]
    assert answers[2]["error"]["kind"] == "Refused"


@pytest.mark.parametrize("form", ["text", "markdown", "turtle"])
def test_validate_has_its_forms(form: str, capsys: pytest.CaptureFixture[str], write: Callable[..., str]) -> None:
    """Each form tells the violation."""
    code = main(["validate", "--format", form, write("both.json", CONTRADICTING)])
    out = capsys.readouterr().out

    assert code == 1
    assert "HivInfection" in out
    if form == "turtle":
        assert list(parse(out.encode(), format=RdfFormat.TURTLE))


@pytest.fixture(scope="module")
def other(tmp_path_factory: pytest.TempPathFactory) -> str:
    """Return a folder with the shipped knowledge and two questions of our own."""
    folder = tmp_path_factory.mktemp("knowledge")
    for part in ("ontology", "queries", "schemas"):
        shutil.copytree(ROOT / part, folder / part)
    prefix = "PREFIX rfy: <https://w3id.org/refractory/>\n"
    texts = {
        "things": "#+ title: Which urgencies are there?\n" + prefix + "SELECT ?thing WHERE { ?thing a rfy:Urgency }",
        "graph": "#+ title: What is said of urgencies?\n" + prefix + "CONSTRUCT WHERE { ?thing a rfy:Urgency }",
    }
    for name, text in texts.items():
        (folder / "queries" / "competency" / name).mkdir(parents=True)
        (folder / "queries" / "competency" / name / "query.rq").write_text(text, encoding="utf-8")
    return str(folder)


def test_queries_are_listed_with_their_titles(other: str, capsys: pytest.CaptureFixture[str]) -> None:
    """As text and as JSON."""
    main(["queries", "--knowledge", other])
    text = capsys.readouterr().out
    main(["queries", "--knowledge", other, "--format", "json"])
    listed = {row["name"]: row["title"] for row in json.loads(capsys.readouterr().out)}

    assert re.search(r"^things +Which urgencies are there\?$", text, re.MULTILINE)
    assert listed["things"] == "Which urgencies are there?"


@pytest.mark.parametrize("form", ["table", "csv", "json", "xml"])
def test_a_named_query_answers_in_each_form(form: str, other: str, capsys: pytest.CaptureFixture[str]) -> None:
    """The three urgencies are in each of them; a binding leaves one."""
    assert main(["query", "things", "--knowledge", other, "--format", form]) == 0
    every = capsys.readouterr().out
    assert main(["query", "things", "--knowledge", other, "--format", form, "--bind", "thing=Prompt"]) == 0
    one = capsys.readouterr().out

    assert [3, 1] == [len(re.findall(r"(Immediate|Prompt|Routine)\b", out)) for out in (every, one)]


def test_a_query_that_constructs_answers_in_turtle(other: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Without --format the form is the fitting one."""
    assert main(["query", "graph", "--knowledge", other]) == 0
    assert len(list(parse(capsys.readouterr().out.encode(), format=RdfFormat.TURTLE))) == 3


def test_a_query_in_a_file_sees_the_graphs_of_a_case(
    other: str, capsys: pytest.CaptureFixture[str], write: Callable[..., str]
) -> None:
    """The case is in three named graphs."""
    query = write("graphs.rq", "SELECT DISTINCT ?g WHERE { GRAPH ?g { ?s ?p ?o } }")
    assert main(["query", query, "--case", CASE, "--format", "csv", "--knowledge", other]) == 0
    graphs = capsys.readouterr().out.split()

    case = answer("design-example").case
    assert {f"{case}#graph.{name}" for name in ("asserted", "inferred", "assessment")} <= set(graphs)


def test_a_case_that_a_query_needs_is_refused_as_elsewhere(
    other: str, capsys: pytest.CaptureFixture[str], write: Callable[..., str]
) -> None:
    """The place begins with the name of its file."""
    path = write("broken.json", "{")
    assert main(["query", "things", "--case", path, "--knowledge", other]) == 3
    assert f"  where: {path}" in capsys.readouterr().err


def test_about_tells_versions_hashes_use_and_limits(capsys: pytest.CaptureFixture[str]) -> None:
    """The limits are those that the reader of cases holds to."""
    assert main(["about", "--format", "json"]) == 0
    facts = json.loads(capsys.readouterr().out)
    assert main(["about"]) == 0
    text = capsys.readouterr().out

    assert shipped().hash == facts["knowledge"]["hash"]
    assert limits.MAX_BYTES == facts["limits"]["caseBytes"]
    assert [source.id for source in shipped().guidance] == [source["id"] for source in facts["guidance"]]
    for part in (VERSION, shipped().hash, "Not for emergencies", str(limits.MAX_BYTES), "rdflib"):
        assert part in text


def test_guidance_check_says_what_it_did_not_compare(
    capsys: pytest.CaptureFixture[str], write: Callable[..., str]
) -> None:
    """Without the text the check of coverage passes and says so; with another text it fails."""
    assert main(["guidance", "check"]) == 0
    assert "was not compared" in capsys.readouterr().out
    assert main(["guidance", "check", "--source", write("source.txt", "another text"), "--format", "json"]) == 1
    checks = json.loads(capsys.readouterr().out)

    assert checks[0]["textCompared"]
    assert "SHA-256" in checks[0]["faults"][0]["message"]


def test_guidance_check_of_a_missing_file_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    """It names the file."""
    assert main(["guidance", "check", "--source", "/no/such.txt"]) == 3
    assert "/no/such.txt" in capsys.readouterr().err
