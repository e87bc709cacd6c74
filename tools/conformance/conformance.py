#!/usr/bin/env python3
"""Writes docs/reference/conformance.md from the tagged comments of the code.

    tools/conformance/conformance.py            writes it
    tools/conformance/conformance.py --check    exit 1 when it is out of date

Tags: SPEC (a section of a standard), JAMF and ENTRA (a fact of the vendor's wire), DEVIATION (where we differ on purpose),
INVARIANT (a law of ARCHITECTURE.md). A tag's text runs to the end of its comment block.

Beside them, the demands of RFC 9700 with the test that holds each: comments `RFC 9700 <section> <MUST|SHOULD...>: <demand>`
in tests; one that says `, not held`, `, not ours` or `, does not apply` stands alone and gives the reason.
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


DEMAND = re.compile(r"^RFC 9700 ([\d.]+(?: and [\d.]+)*) ((?:MUST|SHOULD|MAY)(?: NOT)?)(, [a-z ]+)?: (.*)")
TEST_NAME = re.compile(r"TEST(?:_F)?\((\w+), (\w+)\)")


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


def demands(root):
    """(section, word, demand, result) of every demand of RFC 9700 that a test's comment states."""
    for file in sorted((root / "src").rglob("*_test.cc")):
        lines = file.read_text(encoding="utf-8").splitlines()
        for number, line in enumerate(lines):
            match = DEMAND.match(comment_of(line) or "")
            if not match:
                continue
            section, word, exception, text = match.groups()
            test = None
            for following in lines[number + 1:]:
                more = comment_of(following)
                if more is None:
                    test = TEST_NAME.match(following)
                    break
                if not more.strip() or DEMAND.match(more):
                    break
                text += " " + more.strip()
            result = exception.strip(", ") if exception else f"holds: `{test.group(1)}.{test.group(2)}`" if test else None
            if result is None:
                raise SystemExit(f"{file}:{number + 1}: a demand of RFC 9700 without a test or a reason")
            yield section, word, text, result


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
    out += ["## RFC 9700, OAuth 2.0 security", "", "Checked by ourselves, by tests that run with all others.", "",
            "| section | word | demand | result |", "| --- | --- | --- | --- |"]
    out += [f"| {section} | {word} | {text} | {result} |" for section, word, text, result in demands(root)]
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
