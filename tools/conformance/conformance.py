#!/usr/bin/env python3
"""Writes docs/reference/conformance.md from the tagged comments of the code.

    tools/conformance/conformance.py            writes it
    tools/conformance/conformance.py --check    exit 1 when it is out of date

Tags: SPEC (a section of a standard), JAMF and ENTRA (a fact of the vendor's wire), DEVIATION (where we differ on purpose),
INVARIANT (a law of ARCHITECTURE.md). A tag's text runs to the end of its comment block.
"""

import re
import sys
from pathlib import Path

TITLES = {
    "DEVIATION": "Where we differ on purpose",
    "SPEC": "Standards",
    "JAMF": "Facts of Jamf Pro's wire",
    "ENTRA": "Facts of Microsoft's wire",
    "INVARIANT": "Laws",
}
TAG = re.compile(r"\b(SPEC|JAMF|ENTRA|DEVIATION|INVARIANT): (.*)")


def comment_of(line):
    match = re.match(r"\s*// ?(.*)", line)
    return match.group(1) if match else None


def tagged(root):
    """(tag, folder, text) of every tag, in the order of the tree."""
    for file in sorted((root / "src").rglob("*")):
        if file.suffix not in (".h", ".cc") or file.name.endswith("_test.cc"):
            continue
        lines = file.read_text(encoding="utf-8").splitlines()
        for number, line in enumerate(lines):
            comment = comment_of(line)
            match = TAG.search(comment) if comment else None
            if not match:
                continue
            text = [match.group(2)]
            for following in lines[number + 1:]:
                more = comment_of(following)
                if more is None or not more.strip() or TAG.search(more):
                    break
                text.append(more.strip())
            folder = str(file.parent.relative_to(root / "src"))
            yield match.group(1), folder, " ".join(text)


def document(root):
    found = list(tagged(root))
    out = ["# Conformance", "", "Made from the code's tagged comments by `tools/conformance/conformance.py`; don't edit.", ""]
    for tag, title in TITLES.items():
        rows = sorted({(folder, text) for kind, folder, text in found if kind == tag})
        if not rows:
            continue
        out += [f"## {title}", ""]
        out += [f"- `{folder}`: {text}" for folder, text in rows]
        out.append("")
    return "\n".join(out)


def main():
    root = Path(__file__).resolve().parents[2]
    target = root / "docs" / "reference" / "conformance.md"
    text = document(root)
    if "--check" in sys.argv:
        if not target.exists() or target.read_text(encoding="utf-8") != text:
            print("docs/reference/conformance.md is out of date: run tools/conformance/conformance.py")
            return 1
        return 0
    target.write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
