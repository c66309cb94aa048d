"""An OpenAPI document as a page that loads nothing from anywhere."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

_PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>{{ info.title }}: for programs</title>
<style>
:root { color-scheme: light dark }
body { font: 16px/1.5 system-ui, sans-serif; max-width: 54rem; margin: 2rem auto; padding: 0 1rem }
pre { overflow-x: auto; padding: .7rem 1rem; border: 1px solid; border-radius: .4rem } summary { cursor: pointer }
code, pre { font: 14px/1.45 ui-monospace, monospace }
</style></head><body>
<h1>{{ info.title }} for programs</h1>
<p>{{ info.description }} The whole description: <a href="openapi.json">openapi.json</a>.</p>
{% for path, methods in paths.items() %}{% for method, about in methods.items() %}
<h2><code>{{ method.upper() }} {{ path }}</code></h2>
<p>{{ about.summary }}. {{ about.description }}</p>
{% for p in about.parameters or [] %}<p><code>{{ p.name }}</code>: {{ p.description }}</p>{% endfor %}
{% if about.requestBody %}<details><summary>Body</summary><pre tabindex="0">{{ about.requestBody.content["application/json"].schema | tojson(indent=2) }}</pre></details>{% endif %}
<details><summary>Result</summary><pre tabindex="0">{{ about.responses["200"].content["application/json"].schema | tojson(indent=2) }}</pre></details>
{% endfor %}{% endfor %}
<h2>Shapes</h2>
{% for name, schema in shapes.items() %}<details><summary><code>{{ name }}</code></summary><pre tabindex="0">{{ schema | tojson(indent=2) }}</pre></details>{% endfor %}
</body></html>
"""


def described(document: Mapping[str, Any]) -> str:
    """The page for an OpenAPI document; all text is escaped."""
    from jinja2 import Environment

    template = Environment(autoescape=True).from_string(_PAGE)
    return template.render(
        info=document["info"], paths=document["paths"], shapes=document.get("components", {}).get("schemas", {})
    )
