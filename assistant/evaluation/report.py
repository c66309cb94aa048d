"""``report.html``: one offline page about a run, worst questions first."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

_PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>Underhood: evaluation</title>
<style>
body { font: 16px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem; color: #1d2330; background: #fff }
table { border-collapse: collapse } td, th { padding: .3rem .8rem; border-bottom: 1px solid #d5d9e2; text-align: left }
details { border-bottom: 1px solid #d5d9e2; padding: .5rem 0 } summary { cursor: pointer }
.declined, .refused { color: #8a5a00 } .partly { color: #4b5b00 } .answered { color: #0b5c2e }
pre { white-space: pre-wrap; font: inherit } small { color: #525c70 }
@media (prefers-color-scheme: dark) { body { background: #14171f; color: #e6e9f0 } small { color: #a5aec0 }
 .declined, .refused { color: #e5b45a } .partly { color: #c9d96b } .answered { color: #6fd598 } }
</style></head><body>
<h1>Evaluation</h1>
<p>{{ summary.questions }} questions; {% for o, n in summary.outcomes.items() %}{{ n }} {{ o }}{{ ", " if not loop.last }}{% endfor %}.
{{ summary.citations }} citations, {{ summary.citations_with_words }} with the source's own words.
{% if summary.milliseconds %}Median {{ "%.0f"|format(summary.milliseconds.median) }} ms, p95 {{ "%.0f"|format(summary.milliseconds.p95) }} ms.{% endif %}</p>
{% if summary.by_answerable %}
<h2>By what the list can answer</h2>
<table><tr><th>answerable</th>{% for o in outcomes %}<th>{{ o }}</th>{% endfor %}</tr>
{% for label, counts in summary.by_answerable.items() %}<tr><td>{{ label }}</td>{% for o in outcomes %}<td>{{ counts.get(o, 0) }}</td>{% endfor %}</tr>{% endfor %}
</table>{% endif %}
<h2>Questions, the least sure first</h2>
{% for row in rows %}
<details><summary><span class="{{ row.outcome }}">{{ row.outcome }}</span> <small>{{ "%.2f"|format(row.confidence) }}</small> {{ row.question }}</summary>
{% if row.result %}<pre>{{ row.result.text }}</pre>
{% for c in row.result.citations %}<p><small>[{{ c.number }}] {{ c.resource.title }}: {{ c.explanation }}{% if c.quote %} “{{ c.quote.text }}”{% endif %}</small></p>{% endfor %}
{% if row.reference %}<p><small>Reference: {{ row.reference }}</small></p>{% endif %}
<p><small>Considered: {% for c in row.result.considered %}{{ c.claim }} ({{ c.score }}){{ ", " if not loop.last }}{% endfor %}</small></p>
{% else %}<p>{{ row.error }}</p>{% endif %}
</details>{% endfor %}
</body></html>
"""


def write_report(rows: Sequence[Mapping[str, Any]], summary: Mapping[str, Any], path: Path) -> None:
    """Write the page; all text is escaped."""
    from jinja2 import Environment

    template = Environment(autoescape=True).from_string(_PAGE)
    ordered = sorted(rows, key=lambda r: r["confidence"])
    page = template.render(rows=ordered, summary=summary, outcomes=("answered", "partly", "declined", "refused"))
    path.write_text(page, "utf-8")
