"""The typesetter draws text and evaluates none, reads nothing, holds nobody up and gives the same bytes again."""

from __future__ import annotations

import io
import threading
import unicodedata
from datetime import date
from pathlib import Path

import pypdf
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from deploy.local.locations import ROOT
from shared.pdf.glyphs import FAMILY, MISSING, characters, drawable, families
from shared.pdf.typesetting import AttachedFile, Layout, SettingError, clipped

DATED = date(2021, 4, 15)
PLAIN = "#show: house.with(running: data.running, foot: [])\n= Overskrift\n#data.text\n\n#strong-text(data.text)\n"


def a_layout(folder: Path, source: str = PLAIN) -> Layout:
    template = folder / "layout.typ"
    template.write_text(source, encoding="utf-8")
    return Layout(template)


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory) -> Layout:
    return a_layout(tmp_path_factory.mktemp("plain"))


def written(layout: Layout, text: str, title: str = "Titel") -> bytes:
    return layout.pdf({"text": text, "running": clipped(text, 60)}, title=title, dated=DATED)


def words(content: bytes) -> str:
    return "".join(page.extract_text() for page in pypdf.PdfReader(io.BytesIO(content)).pages)


@settings(max_examples=150, deadline=None, database=None)
@given(st.text(st.characters(exclude_categories=())))
def test_any_text_at_all_can_be_set(plain: Layout, text: str) -> None:
    assert written(plain, text, title=f"Titel {text}").startswith(b"%PDF-1.7")


@settings(max_examples=150, deadline=None, database=None)
@given(st.lists(st.sampled_from(families()), min_size=1, max_size=12), st.randoms(use_true_random=False))
def test_any_mixture_of_scripts_and_marks_can_be_set(plain: Layout, names: list[str], random: object) -> None:
    text = "".join(random.choice(sorted(characters(name))) for name in names for _ in range(4))  # type: ignore[attr-defined] # Random
    written(plain, text)


@given(st.text(st.characters(exclude_categories=())))
def test_what_is_drawn_is_in_the_fonts_and_stays_the_same_when_drawn_again(text: str) -> None:
    shown = drawable(text)
    drawn = frozenset("\n").union(*(characters(name) for name in families()))
    assert drawn.issuperset(shown)
    assert drawable(shown) == shown


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("Rødgrød med fløde – 24.375,00 kr. €", "Rødgrød med fløde – 24.375,00 kr. €"),
        ("a\r\nb\rc\u2028d\te\u00a0f", "a\nb\nc\nd e\u00a0f"),
        ("abc\u202etxt.exe", "abctxt.exe"),
        ("e\u0301", "é"),
        ("\x00a\x1b\ud800\ue000", "a"),
        ("東京 x", f"{MISSING} x"),
        ("👍🏽", "👍🏽"),
        ("Z" + "\u0301" * 30, "Ź" + "\u0301" * 4),
    ],
)
def test_what_cannot_be_drawn_is_left_out_or_replaced(text: str, shown: str) -> None:
    assert drawable(text) == shown


def test_the_main_family_draws_danish() -> None:
    assert families()[0] == FAMILY
    assert characters(FAMILY) >= frozenset("abcæøåÆØÅéüöä0123456789 .,:;–−…·%§€£+<>#&/()'\"@" + MISSING)
    assert all(unicodedata.category(mark) != "Cc" for mark in characters(FAMILY))


@pytest.mark.parametrize(
    "source",
    [
        '#read("/etc/passwd")',
        '#read("../typesetting.py")',
        '#import "@local/nothing:1.0.0": x',
        "#(1 / 0)",
        "#data.nothing",
    ],
)
def test_a_layout_reads_nothing_else_and_its_error_quotes_no_data(tmp_path: Path, source: str) -> None:
    with pytest.raises(SettingError) as raised:
        written(a_layout(tmp_path, PLAIN + source), "hemmelig")
    assert "hemmelig" not in str(raised.value)
    assert raised.value.__cause__ is None
    assert raised.value.__suppress_context__


def test_no_layout_of_ours_asks_the_network_for_a_package() -> None:
    layouts = [path for folder in ("shared", "services") for path in (ROOT / folder).rglob("*.typ")]
    assert {path.name for path in layouts} >= {"house.typ", "invoice.typ", "receipt.typ"}
    for path in layouts:
        source = path.read_text(encoding="utf-8")
        assert "@" not in source
        assert "#import" not in source
        assert "eval(" not in source


def test_setting_lets_other_threads_run(plain: Layout) -> None:
    text = "\n\n".join(f"Afsnit {number} om netværk for kommuner" for number in range(1500))
    busy = threading.Thread(target=written, args=(plain, text))
    turns = 0
    busy.start()
    while busy.is_alive():
        turns += 1
    assert turns > 1_000


def test_several_threads_share_a_layout(plain: Layout) -> None:
    alone = [written(plain, f"tekst {number}") for number in range(8)]
    together: dict[int, bytes] = {}

    def write(number: int) -> None:
        together[number] = written(plain, f"tekst {number}")

    threads = [threading.Thread(target=write, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [together[number] for number in range(8)] == alone


def test_a_word_that_no_line_holds_is_broken_without_a_trace(plain: Layout) -> None:
    word = "Donaudampskibsfartselskab" * 40
    assert word in "".join(words(written(plain, word)).split())


def test_an_attached_file_must_be_text(plain: Layout) -> None:
    attached = AttachedFile("x.xml", b"\xff\xfe", "application/xml", "x")
    with pytest.raises(ValueError, match="utf-8"):
        plain.pdf({"text": "x", "running": "x"}, title="x", dated=DATED, attached=attached)


def test_a_title_is_one_line_of_its_own_length() -> None:
    assert clipped("a\nb" + "c" * 200) == "a b" + "c" * 116 + "…"
    assert clipped("kort") == "kort"
