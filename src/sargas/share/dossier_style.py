"""The look of a dossier: light and dark by the reader's scheme, always light on paper."""

from __future__ import annotations

from sargas.model.svg import COLOURS

_DARK = {
    "ink": "#e4ebf0", "soft": "#9fb0bc", "faint": "#5d7280", "grid": "#2a3842",
    "page": "#141c22", "sea": "#0b1a24", "land": "#1e2a31", "coast": "#3b4c57",
    "alarm": "#ff7a5c", "cable": "#56b4e9", "pipeline": "#cc79a7", "farm": "#8295a1",
    "sog": "#e4ebf0", "cog": "#4fc3c7", "heading": "#e0b04c", "limit": "#e69f00",
    "span": "#e4ebf0",
}  # fmt: skip


def _tokens(values: dict[str, str]) -> str:
    return ";".join(f"--{name}:{value}" for name, value in values.items())


STYLE = f"""
:root{{{_tokens(COLOURS)};--body:#f4f6f7;--note:#fff4d6;--note-ink:#5c4300}}
@media screen and (prefers-color-scheme:dark){{
:root{{{_tokens(_DARK)};--body:#0e1418;--note:#3a2f12;--note-ink:#f3d58a}}
}}
*{{box-sizing:border-box}}
body{{margin:0;background:var(--body);color:var(--ink);
font:14px/1.45 system-ui,-apple-system,"Segoe UI","Noto Sans",sans-serif;
font-variant-numeric:tabular-nums}}
main{{max-width:800px;margin:0 auto;padding:24px 40px 40px;background:var(--page)}}
h1{{font-size:22px;line-height:1.2;margin:2px 0 8px;overflow-wrap:anywhere}}
h2{{font-size:15px;margin:0 0 8px;padding-bottom:3px;border-bottom:1px solid var(--grid)}}
section{{margin:22px 0 0}}
p{{margin:0 0 8px;overflow-wrap:anywhere}}
.exercise{{background:var(--note);color:var(--note-ink);border:2px solid var(--note-ink);
padding:8px 12px;margin:0 0 16px;overflow-wrap:anywhere}}
.kind{{font-weight:600;margin:0;color:var(--soft)}}
.kind.P1{{color:var(--alarm)}}
.kind.P2{{color:var(--limit)}}
.chip{{border:1px solid var(--faint);border-radius:4px;padding:0 6px;font-size:12px;
font-weight:400;color:var(--soft);margin-left:4px}}
.sentence{{font-size:17px;line-height:1.4}}
.caveat{{color:var(--soft);font-size:12.5px}}
.warning{{background:var(--note);color:var(--note-ink);padding:6px 10px}}
.facts{{display:grid;grid-template-columns:repeat(auto-fill,minmax(215px,1fr));gap:8px 18px;
margin:0}}
.facts dt{{color:var(--soft);font-size:12px}}
.facts dd{{margin:0;overflow-wrap:anywhere}}
figure{{margin:0 0 14px}}
figcaption{{color:var(--soft);font-size:12px;margin-top:4px}}
svg{{display:block;height:auto}}
.wide{{overflow-x:auto}}
table{{border-collapse:collapse;width:100%;font-size:12.5px}}
th{{text-align:left;font-weight:600;color:var(--soft);border-bottom:1px solid var(--faint)}}
th,td{{padding:3px 10px 3px 0;vertical-align:top}}
td{{border-bottom:1px solid var(--grid);overflow-wrap:break-word}}
.ahead td:nth-child(4){{white-space:nowrap}}
.numbers td:not(:first-child),.numbers th:not(:first-child){{white-space:nowrap}}
.mono td{{font-family:ui-monospace,"DejaVu Sans Mono",monospace;font-size:11.5px}}
ul{{margin:0;padding-left:18px}}
.provenance ul{{margin-top:10px;font-size:12px;color:var(--soft)}}
@media print{{
body{{background:none;font-size:10pt}}
main{{max-width:none;padding:0}}
.sentence{{font-size:12pt}}
.facts{{grid-template-columns:repeat(3,1fr);gap:5px 14px}}
.facts .long{{grid-column:1/-1}}
section{{margin-top:12px}}
figure,tr,header,.facts div,li{{break-inside:avoid}}
h2,figcaption{{break-after:avoid}}
h2+*{{break-before:avoid}}
.pictures figcaption{{break-after:auto}}
.pictures svg{{max-height:86mm;margin:0 auto}}
table{{font-size:8.5pt}}
.mono td{{font-size:8pt}}
td{{padding-top:2px;padding-bottom:2px}}
thead{{display:table-header-group}}
.wide{{overflow:visible}}
}}
"""


def page_style(alert_id: str, *, is_exercise: bool) -> str:
    """Write what stands in the margin of every printed page: a sheet can get lost from the others.

    Args:
        alert_id: only its letters and digits are written: it stands inside a style sheet.
        is_exercise: every page says so.
    """
    name = "".join(c for c in alert_id if c.isascii() and c.isalnum())
    words = f'"EXERCISE · SYNTHETIC · alert {name}"' if is_exercise else f'"alert {name}"'
    font = "font:8pt system-ui,sans-serif;color:#465862"
    return (
        "@page{size:A4;margin:14mm 14mm 16mm;"
        f"@bottom-left{{content:{words};{font}}}"
        f'@bottom-right{{content:counter(page) " / " counter(pages);{font}}}}}\n'
    )
