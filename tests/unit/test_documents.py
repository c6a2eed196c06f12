"""A page is carried out as it says, and what cannot be carried out, or ends otherwise, fails."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.documents import DocumentError, Reader, blocks, matches, printed

PAGE = """# A page

## First

1. Write `folder/note.txt`:

   ```text
   one
     two
   ```

2. Add to `folder/note.txt`:

   ```text
   three
   ```

3. It has another second line. Change
   `folder/note.txt`:

   ```diff
    one
   -  two
   +zwei
   ```

## Second

```python
from pathlib import Path
print(Path("folder/note.txt").read_text(), end="")
```

```text
one
...
three
```

```console
$ python -c "print('said')"
said
$ python -c "import sys; print('wrong', file=sys.stderr); sys.exit(3)"
wro...
$ echo $?
3
```
"""


def follow(folder: Path, page: str) -> None:
    """Carry a page out."""
    Reader(folder).follow(blocks(page))


def test_a_page_is_carried_out(tmp_path: Path) -> None:
    """Files are written, continued and changed, and commands and Python print what the page says."""
    found = blocks(PAGE)
    follow(tmp_path, PAGE)

    assert ["First"] * 3 + ["Second"] * 3 == [block.section for block in found]
    assert ("write", "folder/note.txt") == found[0].file
    assert (tmp_path / "folder" / "note.txt").read_text(encoding="utf-8") == "one\nzwei\nthree\n"


@pytest.mark.parametrize(
    ("page", "says"),
    [
        ("Nothing but words.", "nothing to be run"),
        ("```python\n1\n", "never closed"),
        ("Words:\n\n```turtle\n```\n", "does not say what to do with it"),
        ("Words:\n\n```\nrefractory about\n```\n", "without a language"),
        ("Words:\n\n    refractory about\n", "a block indented"),
        ("```sh\ntrue\n```\n", "a block sh"),
        ("```text\nprinted by nobody\n```\n", "a block text"),
        ("```console\nsaid\n```\n", "begins with a command"),
        ("```console\n```\n", "begins with a command"),
        ("```console\n$ rm -r .\n```\n", "may call"),
        ("```console\n$ python -c 'print(1)'\n2\n```\n", "it printed:\n1"),
        ("```console\n$ python -c 'print(1)'\n```\n", "it printed:\n1"),
        ("```console\n$ python -c 'exit(1)'\n```\n", "ended with 1, not 0"),
        ("```console\n$ python -c 1\n$ echo $?\n1\n```\n", "ended with 0, not 1"),
        ("```python\nprint(1)\n```\n", "it printed:\n1"),
        ("```python\n1 / 0\n```\n", "ZeroDivisionError"),
        ("Write `../a`:\n\n```text\n```\n", "outside"),
        ("Write `a`:\n\n```text\n```\n\nWrite `a`:\n\n```text\n```\n", "a is there already"),
        ("Replace `a`:\n\n```text\n```\n", "a is not there already"),
        ("Add to `a`:\n\n```text\n```\n", "a is not there already"),
        ("Write `a`:\n\n```diff\n+a\n```\n", "shown as diff"),
        ("Write `a`:\n\n```text\na\na\n```\n\nChange `a`:\n\n```diff\n-a\n+b\n```\n", "does not have these lines once"),
        ("Write `a`:\n\n```text\nab\n```\n\nChange `a`:\n\n```diff\n-b\n+c\n```\n", "does not have these lines once"),
        ("Write `a`:\n\n```text\na\n```\n\nChange `a`:\n\n```diff\n a\n```\n", "does not have these lines once"),
        ("Write `a`:\n\n```text\na\n```\n\nChange `a`:\n\n```diff\na\n```\n", "begins with a space"),
    ],
)
def test_what_cannot_be_carried_out_fails(tmp_path: Path, page: str, says: str) -> None:
    """No block is passed over, and the message says what is wrong with it."""
    with pytest.raises(DocumentError, match="(?s)" + says.replace("(", r"\(")):
        follow(tmp_path, page)


def test_no_step_is_not_a_step(tmp_path: Path) -> None:
    """To follow nothing fails, as when a section was renamed."""
    with pytest.raises(DocumentError, match="nothing to be run"):
        Reader(tmp_path).follow([])


@pytest.mark.parametrize(
    ("says", "text", "expected"),
    [
        ("", "", True),
        ("", "a\n", False),
        ("a\n", "a\n", True),
        ("a\n", "a", True),
        ("a\n", "b\n", False),
        ("a\n", "a\nb\n", False),
        ("a.c\n", "abc\n", False),
        ("...\n", "", True),
        ("...\n", "a\nb\n", True),
        ("a\n...\nc\n", "a\nc\n", True),
        ("a\n...\nc\n", "a\nb\nb\nc\n", True),
        ("a\n...\nc\n", "a\nb\n", False),
        ("a ... c\n", "a b c\n", True),
        ("a...\nc\n", "a\nb\nc\n", False),
    ],
)
def test_what_is_left_out_is_marked(says: str, text: str, expected: bool) -> None:
    """A mark of omission stands for any lines, or within a line for any part of it; all else is compared."""
    assert matches(says, text) is expected


def test_what_a_block_prints_stands_under_it() -> None:
    """A block in a language is read with the text that follows it, and without one it is a fault."""
    page = "```sh\na\n```\n\n```text\nb\n```\n\n```json\nc\n```\n"

    assert [("a\n", "b\n")] == [(block.text, says) for block, says in printed(blocks(page), "sh")]
    with pytest.raises(DocumentError, match="does not say what the block prints"):
        printed(blocks(page), "json")
