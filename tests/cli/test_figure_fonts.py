"""Names in scripts that the fonts of figures may lack."""

import html

import pytest
from fontTools.fontBuilder import FontBuilder
from fontTools.pens.ttGlyphPen import TTGlyphPen
from matplotlib import font_manager

from fakes.stored_pages import made_row, made_run, page_of, volume_page_of, volume_run

LACKED = "No installed font has the characters "


def boxed_font(path, family, characters):
    """Write a font whose glyphs are squares."""
    builder = FontBuilder(1000, isTTF=True)
    names = {ord(sign): f"g{number}" for number, sign in enumerate(characters)}
    order = [".notdef", *names.values()]
    pen = TTGlyphPen(None)
    for move, *places in (("moveTo", (0, 0)), ("lineTo", (0, 700), (700, 700))):
        for place in places:
            getattr(pen, move)(place)
    pen.closePath()
    glyph = pen.glyph()
    builder.setupGlyphOrder(order)
    builder.setupCharacterMap(names)
    builder.setupGlyf(dict.fromkeys(order, glyph))
    builder.setupHorizontalMetrics(dict.fromkeys(order, (800, 0)))
    builder.setupHorizontalHeader(ascent=800, descent=-200)
    builder.setupNameTable({"familyName": family, "styleName": "Regular",
                            "psName": family.replace(" ", "")})  # fmt: skip
    builder.setupOS2(sTypoAscender=800, usWinAscent=800, usWinDescent=200)
    builder.setupPost()
    builder.save(path)


@pytest.fixture
def fonts(monkeypatch):
    """The fonts that come with matplotlib, and no other of this machine."""
    manager = font_manager.fontManager
    own = [one for one in manager.ttflist if "matplotlib" in one.fname]
    monkeypatch.setattr(manager, "ttflist", own)
    monkeypatch.setattr(font_manager, "findSystemFonts", list)
    return manager


def named_run(tmp_path, task, name="数据"):
    rows = [
        made_row("nano", f"p{k}", 0.8, name=name, task=each)
        for k in range(3)
        for each in (task, "kidney", "liver")
    ]
    return made_run(tmp_path / "run", rows, name=name)


def test_signs_that_no_font_has_are_told_of_in_one_sentence(
    call, tmp_path, fonts, recwarn
):
    status, out, err = call("report", named_run(tmp_path, "肝脏"))
    assert status == 0
    assert [str(one.message) for one in recwarn if "Glyph" in str(one.message)] == []
    assert out.count(LACKED) == 1
    assert "UserWarning" not in out + err
    page = html.unescape((tmp_path / "run" / "report.html").read_text())
    assert page.count(f"{LACKED}数据肝脏") == 1


def test_volumes_tell_of_signs_that_no_font_has(call, tmp_path, fonts, recwarn):
    row = made_row("nano", "p0", 0.8, name="数据", profile="sam2-medical",
                   setting="box_middle_both")  # fmt: skip
    model = made_row("模型", "p0", 0.8, name="数据", profile="sam2-medical",
                     setting="box_middle_both")  # fmt: skip
    folder = volume_run(tmp_path / "run", [row, model], name="数据")
    status, out, _ = call("report", folder)
    assert status == 0
    assert out.count(LACKED) == 1
    assert [str(one.message) for one in recwarn if "Glyph" in str(one.message)] == []
    page = html.unescape((tmp_path / "run" / "report.html").read_text())
    assert page.count(LACKED) == 1
    assert "模型" in page.partition(LACKED)[2].partition(",")[0]


@pytest.mark.parametrize("is_new", [False, True])
def test_names_are_drawn_in_a_font_that_has_them(
    tmp_path, fonts, recwarn, monkeypatch, is_new
):
    files = []
    for family, signs in (("Tiny Han", "数据肝脏"), ("Tiny Other", "文")):
        files.append(str(tmp_path / f"{family}.ttf"))
        boxed_font(files[-1], family, signs)
    (tmp_path / "broken.ttf").write_bytes(b"no font")
    if is_new:  # since matplotlib noted which fonts there are
        found = [str(tmp_path / "broken.ttf"), *files]
        monkeypatch.setattr(font_manager, "findSystemFonts", lambda: found)
    for file in files * (not is_new):
        fonts.addfont(file)
    page = html.unescape(page_of(tmp_path, named_run(tmp_path, "肝脏")))
    assert LACKED not in page
    assert [str(one.message) for one in recwarn if "Glyph" in str(one.message)] == []
    figures = tmp_path / "page_files" / "figures"
    ranked = (figures / "tasks_ranked_strict_nano.svg").read_text()
    assert "TinyHan" in ranked
    assert "TinyOther" not in ranked


def test_names_that_every_font_has_say_nothing_of_fonts(tmp_path, fonts):
    folder = named_run(tmp_path, "Leber \N{GREEK SMALL LETTER ALPHA}", "set")
    assert LACKED not in page_of(tmp_path, folder)
    row = made_row("nano", "p0", 0.8, profile="sam2-medical", setting="box_first_both")
    other = volume_run(tmp_path / "volumes", [row])
    assert LACKED not in volume_page_of(tmp_path, other)
