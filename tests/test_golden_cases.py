"""The golden cases: the answer equals what was written by hand from the source, and nothing else is said."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest
from jsonschema import Draft202012Validator

from refractory.guidance.golden import projected
from tests.support import (
    CASES,
    NOTE,
    ROOT,
    TABLE,
    beside,
    expected,
    golden,
    golden_as_written,
    read_case,
    shipped,
    slugs,
    with_table,
)

PUBLISHED = ("v1-", "v3", "v5-", "v6-", "v7-", "v8-", "v14-", "v16-", "v19")


@pytest.mark.parametrize("slug", slugs())
def test_answer_equals_what_was_written_by_hand(slug: str) -> None:
    """Statuses, actions, pitfalls, gaps, cautions, conflicts and reasons are the expected ones, as complete sets."""
    answer = golden_as_written()[slug].to_json()

    assert expected(slug) == projected(answer)


def test_a_case_alone_is_answered_as_among_others() -> None:
    """What other cases stand beside it changes nothing in a case's answer, not even a byte."""
    for slug in ("design-example", slugs()[0]):
        alone = json.dumps(shipped().assess(read_case(slug)).to_json())

        assert json.dumps(golden()[slug].to_json()) == alone


def test_there_are_enough_cases() -> None:
    """At least 25 cases stand in the folder, each of the published cases among them."""
    assert len(slugs()) >= 25
    for prefix in PUBLISHED:
        assert [slug for slug in slugs() if slug.startswith(prefix)], prefix


@pytest.mark.parametrize("slug", slugs())
def test_each_case_tells_its_story_and_source(slug: str) -> None:
    """A case has a story, the case and the expected answer, and its id ends in its slug."""
    folder = CASES / slug

    assert {"case.json", "expected.json", "story.md"} == {path.name for path in folder.iterdir()}
    assert len((folder / "story.md").read_text(encoding="utf-8").split()) > 15
    assert read_case(slug).id.endswith(slug)


@pytest.mark.parametrize("sources", ["note", "all", "table"])
def test_the_command_answers_all_cases_in_the_published_form(sources: str) -> None:
    """`refractory assess` of every case at once prints JSON that fits the schema and says what was written by hand."""
    kinds = {slug: "note" if not beside(slug) else "table" if with_table(slug) else "all" for slug in slugs()}
    names = [slug for slug, kind in kinds.items() if kind == sources]
    options = {"note": ["--guidance", NOTE], "all": [], "table": ["--table", str(TABLE)]}[sources]
    files = [str(CASES / slug / "case.json") for slug in names]
    command = [sys.executable, "-m", "refractory", "assess", *files, "--format", "json", *options]
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "src")}
    answers = json.loads(subprocess.run(command, capture_output=True, check=True, env=environment).stdout)
    schema = json.loads((ROOT / "schemas" / "assessment.schema.json").read_text(encoding="utf-8"))
    Draft202012Validator(schema).validate(answers)

    assert names
    assert [expected(slug) for slug in names] == [projected(answer) for answer in answers]
