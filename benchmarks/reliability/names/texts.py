"""Each hostile name in each form that it is written in."""

from __future__ import annotations

import csv
import io
import json
import tomllib
from collections.abc import Iterator

from .hostile import harm


def wrong(names: tuple[str, ...]) -> Iterator[str]:
    """A line for each name that does harm in some form, or is not the same when it is read again."""
    from npmobilenet.cli.common import json_text
    from npmobilenet.tables import as_html, as_text, csv_text, markdown_text, table
    from npmobilenet.text import displayed, markdown, toml_value

    for name in names:
        cells = [(name, 1)]
        forms = {
            "displayed": displayed(name),
            "a table": as_text(table((name, ">n"), cells, title=name)),
            "HTML": as_html(table((name, ">n"), cells, title=name), name),
            "CSV": csv_text(("name", ">n"), cells),
            "Markdown": markdown_text(("name", ">n"), [(markdown(name), 1)]),
            "JSON": json_text({name: name}),
            "TOML": toml_value(name),
        }
        for form, text in forms.items():
            if found := harm(text):
                yield f"{name!r:.80} in {form}: {found}"
            if len(text) > 20_000 and form not in ("JSON", "TOML"):
                yield f"{name!r:.80} in {form}: {len(text):,} characters"
        if (
            json.loads(forms["JSON"]) != {name: name}
            or tomllib.loads(f"a = {forms['TOML']}")["a"] != name
        ):
            yield f"{name!r:.80} is another name in JSON or TOML"
        shown = list(csv.reader(io.StringIO(forms["CSV"])))[1][0]
        if shown[:1] in ("=", "+", "@", "-") and len(shown) > 1:
            yield f"{name!r:.80} is computed by a spreadsheet"
    if len({displayed(name) for name in names}) < len(names):
        yield "two names are displayed alike"
