"""An empty check is a failed check: knowledge with an empty folder does not load."""

from __future__ import annotations

import pytest

from refractory import KnowledgeBase
from refractory.errors import KnowledgeError
from refractory.knowledge.files import KnowledgeFiles
from refractory.knowledge.knowledge import load_files
from tests.support import read_case, shipped_files


@pytest.mark.parametrize("folder", ["ontology/modules", "ontology/facts", "queries/reason"])
def test_knowledge_without_a_folder_does_not_load(folder: str) -> None:
    """Without modules, facts or rules nothing is loaded, and the message names the folder."""
    contents = {path: text for path, text in shipped_files().contents.items() if not path.startswith(folder + "/")}

    with pytest.raises(KnowledgeError, match=folder):
        load_files(KnowledgeFiles(shipped_files().root, contents))


@pytest.mark.parametrize("folder", ["ontology/shapes", "queries/competency"])
def test_knowledge_without_shapes_or_questions_fails_when_they_are_needed(folder: str) -> None:
    """Without shapes no case is assessed, and without questions none is listed."""
    contents = {path: text for path, text in shipped_files().contents.items() if not path.startswith(folder + "/")}
    base = KnowledgeBase(load_files(KnowledgeFiles(shipped_files().root, contents)))

    with pytest.raises(KnowledgeError, match=folder):
        base.assess(read_case("design-example")) if folder.endswith("shapes") else base.queries
