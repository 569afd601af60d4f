"""The data of the comparison side by side, as a script: what is told of each entry, names of options once for all."""

import json
from typing import Any

from reports.site.collect import Record, Site, SiteEntry, axes

FACTS = ("date", "lab", "licence", "corpus", "objective", "application", "notes", "code")
COMPARED = ("name", *FACTS[:5], "change")


def comparison_data(site: Site) -> str:
    """A script that no entry's text can end; an entry's `model` and `modules` say their keys by place in KEYS."""
    entries = [_data(entry) for entry in site.entries]
    keys = dict.fromkeys(key for part in ("model", "modules") for entry in entries for key in entry[part])
    place = {key: str(i) for i, key in enumerate(keys)}
    for entry in entries:
        for part in ("model", "modules"):
            entry[part] = {place[key]: value for key, value in entry[part].items()}
    return f"const KEYS = {script_json(list(keys))};\nconst CATALOG = {script_json(entries)};\n"


def script_json(value: Any) -> str:
    """JSON that no closing tag can end."""
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    return text.replace("<", "\\u003c").replace("\u2028", "\\u2028").replace("\u2029", "\\u2029")


def _data(entry: SiteEntry) -> Record:
    facts = {name: entry.card.get(name) for name in COMPARED}
    figures = {
        "parameters": entry.parameters,
        "FLOPs a token": entry.row.get("flops_per_token"),
        "cache bytes a token": entry.row.get("cache_bytes_per_token"),
    }
    built = entry.card.get("built") or {}
    return {
        "id": entry.id,
        "file": entry.file,
        "facts": {**facts, "stack": entry.row["stack"].replace("_", " "), "comes from": entry.parent, **figures},
        "modules": built.get("parameters", {}).get("by_module", {}),
        "model": {name: value for name, value in axes(entry).items() if value is not None},
    }
