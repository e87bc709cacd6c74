#!/usr/bin/env python3
"""The house rules as a test: reads the tree and prints every line that breaks one.

    tools/tidy/tidy.py [ROOT]      exit 0: clean; 1: findings, one a line as path:line: rule: what

Each rule is a function over (path, lines); tidy_test.py gives each of them a tree that breaks it.
"""

import re
import sys
from pathlib import Path

# What each room may include, beside itself. The longest matching prefix of a file's room counts.
WING_ORDER = {
    "management": [
        ["management/jamf_api", "management/sources"],
        ["management/pipeline"],
        ["management/compliance", "management/notices"],
        ["management/webhooks", "management/self_service"],
        ["management/groups", "management/enrollment"],
        ["management/inventory"],
        ["management/accounts", "management/outbox"],
    ],
    "tenant": [
        ["tenant/oauth", "tenant/graph"],
        ["tenant/registration", "tenant/intune", "tenant/sign_ins"],
        ["tenant/tokens", "tenant/policies"],
        ["tenant/access"],
        ["tenant/directory"],
        ["tenant/membership_rules"],
    ],
    "connector": [
        ["connector/device_compliance", "connector/cloud_connection", "connector/cloud_connector"],
        ["connector/relay"],
        ["connector/partner", "connector/ledger"],
    ],
}

OUTSIDE_PLATFORM = [
    ("clock", re.compile(r"\b(system_clock|steady_clock)::now|[^_\w.>:]time\s*\(\s*(NULL|nullptr|0|&)|\bgettimeofday\b"),
     "only platform/ reads clocks; take `now` as an argument"),
    ("sleep", re.compile(r"\bsleep_for\b|\bsleep_until\b|\busleep\s*\(|\bnanosleep\b|[^_\w]sleep\s*\("), "nothing sleeps"),
    ("thread", re.compile(r"\bstd::(j?thread|condition_variable(_any)?|async)\b"), "threads live in platform/"),
    ("random", re.compile(r"\brandom_device\b|[^_\w]rand\s*\("), "randomness comes from Entropy"),
    ("seeded", re.compile(r"\bmt19937"), "randomness comes from Entropy"),
    ("storage", re.compile(r"\bsqlite3_\w+\s*\(|\bPQ[a-z]\w+\s*\("), "storage goes through platform/store"),
    ("network", re.compile(r"\bcurl_easy_|\bboost/asio|\bboost/beast|<sys/socket.h>"), "the network goes through platform/http"),
    ("catch", re.compile(r"[^_\w]catch\s*\("), "exceptions of libraries are caught in platform/"),
    ("file", re.compile(r"<openssl/"), "cryptography goes through platform/crypto"),
]
# Sources that only tests are made of, though they stand beside the code.
TEST_SOURCE = re.compile(r"(_test\.cc|_fixture\.h|_testing\.h|_under_test\.h|test_store\.h)$")

# Where the world's seams may be touched outside platform/: tests that start real servers, and the program's own start.
ALLOWED_OUTSIDE = ("src/app/", "src/cli/", "tests/")


def room_of(path):
    """The room of a file under src/: `management/inventory`, `base`, `app`."""
    parts = path.split("/")
    if parts[0] in ("management", "connector", "tenant", "platform") and len(parts) > 2:
        return "/".join(parts[:2])
    return parts[0]


def rank(room):
    wing = room.split("/")[0]
    for level, rooms in enumerate(WING_ORDER.get(wing, [])):
        if room in rooms:
            return level
    return None


def may_include(room, target):
    """Whether a file of `room` may include a header of `target`."""
    if room == target or room == "app" or target == "base":
        return True
    if room == "tenant/access":
        return target == "tenant/membership_rules"
    if room in ("base", "tenant/membership_rules", "criteria"):
        return False
    wing, target_wing = room.split("/")[0], target.split("/")[0]
    if wing == "platform":
        return target_wing == "platform"
    if target_wing == "platform":
        return True
    if wing in ("mac", "cli"):
        return False
    if wing == target_wing:
        return rank(room) is not None and rank(target) is not None and rank(room) <= rank(target)
    if wing == "management":
        return target == "criteria" or target_wing == "connector"
    if wing == "tenant":
        return target == "criteria"
    return False


def check_includes(path, lines):
    if not path.startswith("src/"):
        return
    room = room_of(path[len("src/"):])
    for number, line in enumerate(lines, 1):
        match = re.match(r'\s*#include "([^"]+)"', line)
        if not match:
            continue
        if match.group(1).startswith(("support/", "cases/")):
            if not TEST_SOURCE.search(path):
                yield number, "include", "only tests include what is under tests/"
            continue
        target = room_of(match.group(1))
        if "/" not in match.group(1):
            yield number, "include", f"`{match.group(1)}` must be included by its path from src/"
        elif not may_include(room, target):
            yield number, "include", f"{room} must not include {target}"


def check_seams(path, lines):
    if not path.endswith((".cc", ".h")) or path.startswith("src/platform/") or path.startswith(ALLOWED_OUTSIDE):
        return
    for number, line in enumerate(lines, 1):
        code = line.split("//")[0]
        for rule, pattern, why in OUTSIDE_PLATFORM:
            if TEST_SOURCE.search(path) and rule in ("thread", "file", "seeded"):
                continue
            if pattern.search(" " + code):
                yield number, rule, why


def check_regex(path, lines):
    if not path.endswith((".cc", ".h")):
        return
    for number, line in enumerate(lines, 1):
        if re.search(r"\bstd::regex\b|<regex>", line.split("//")[0]):
            yield number, "regex", "patterns run on RE2"


def check_aggregates(path, lines):
    """g++ 12 does not destroy the members already built when a later initialiser of the same braces returns."""
    if not path.endswith((".cc", ".h")):
        return
    for number, line in enumerate(lines, 1):
        if re.search(r"(^\s+|,\s*)\.\w+ = TRY\(", line.split("//")[0]):
            yield number, "aggregate", "TRY behind another member of the same braces leaks that member: assign instead"


def check_one_writer(path, lines):
    """Law 7: only the partner intake writes a device's compliance."""
    if not path.startswith("src/") or path.startswith(("src/tenant/intune/", "src/tenant/directory/")) or TEST_SOURCE.search(path):
        return
    for number, line in enumerate(lines, 1):
        if "set_compliance(" in line.split("//")[0]:
            yield number, "one_writer", "law 7: only tenant/intune writes the compliance of a device"


def check_words(path, lines):
    """Names explain themselves."""
    if not path.startswith("src/") or not path.endswith((".cc", ".h")):
        return
    for number, line in enumerate(lines, 1):
        match = re.match(r"\s*(?:class|struct)\s+(\w*(?:Manager|Helper|Util|Utils|Impl))\b", line)
        if match:
            yield number, "words", f"`{match.group(1)}` says nothing: name what it knows"


def check_text(path, lines):
    for number, line in enumerate(lines, 1):
        if path.endswith((".cc", ".h")) and len(line.rstrip("\n")) > 130:
            yield number, "width", "lines end before column 130"
        if line.rstrip("\n") != line.rstrip("\n").rstrip():
            yield number, "space", "trailing space"
        if "\t" in line and path.endswith((".cc", ".h", ".py")):
            yield number, "tab", "no tabs"


def check_readme(root):
    """A room has a README of one paragraph."""
    for folder in sorted({p.parent for p in (root / "src").rglob("*.h")}):
        if folder != root / "src" / "base" and not (folder / "README.md").exists():
            yield str(folder.relative_to(root)), 1, "readme", "a room says in README.md what it knows and what it hides"


LINE_RULES = [check_includes, check_seams, check_regex, check_aggregates, check_one_writer, check_words, check_text]


def findings(root):
    root = Path(root)
    for top in ("src", "tests", "tools", "cmake"):
        for file in sorted((root / top).rglob("*")):
            path = str(file.relative_to(root))
            if not file.is_file() or file.suffix not in (".cc", ".h", ".py", ".cmake") or "tools/tidy/" in path:
                continue
            if "node_modules" in file.parts:  # other people's
                continue
            lines = file.read_text(encoding="utf-8").splitlines(keepends=True)
            for rule in LINE_RULES:
                for number, name, what in rule(path, lines):
                    yield path, number, name, what
    if (root / "src").exists():
        yield from check_readme(root)


def main():
    root = sys.argv[1] if len(sys.argv) > 1 else Path(__file__).resolve().parents[2]
    count = 0
    for path, number, rule, what in findings(root):
        print(f"{path}:{number}: {rule}: {what}")
        count += 1
    return 1 if count else 0


if __name__ == "__main__":
    sys.exit(main())
