#!/usr/bin/env python3
"""Each house rule refuses a tree that breaks it, and lets the tree through that doesn't."""

import tempfile
import unittest
from pathlib import Path

import tidy


def rules_broken(files):
    with tempfile.TemporaryDirectory() as folder:
        for path, text in files.items():
            file = Path(folder) / path
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text)
            if path.startswith("src/"):
                (file.parent / "README.md").write_text("One paragraph.\n")
        return sorted({rule for _, _, rule, _ in tidy.findings(folder)})


class TidyTest(unittest.TestCase):
    def test_a_clean_tree_has_no_findings(self):
        self.assertEqual(rules_broken({
            "src/management/groups/groups.cc": '#include "management/inventory/inventory.h"\n#include "base/json.h"\n',
        }), [])

    def test_wings_never_include_each_other(self):
        self.assertEqual(rules_broken({"src/tenant/graph/graph.cc": '#include "management/groups/groups.h"\n'}), ["include"])
        self.assertEqual(rules_broken({"src/management/groups/x.cc": '#include "tenant/directory/directory.h"\n'}), ["include"])
        self.assertEqual(rules_broken({"src/tenant/graph/x.cc": '#include "connector/ledger/ledger.h"\n'}), ["include"])
        self.assertEqual(rules_broken({"src/connector/ledger/x.cc": '#include "tenant/intune/intune.h"\n'}), ["include"])

    def test_includes_go_downward_inside_a_wing(self):
        self.assertEqual(rules_broken({"src/management/inventory/x.cc": '#include "management/groups/groups.h"\n'}), ["include"])
        self.assertEqual(rules_broken({"src/tenant/directory/x.cc": '#include "tenant/oauth/oauth.h"\n'}), ["include"])

    def test_the_pure_rooms_see_base_only(self):
        self.assertEqual(rules_broken({"src/tenant/access/x.cc": '#include "platform/store/store.h"\n'}), ["include"])
        self.assertEqual(rules_broken({"src/criteria/x.cc": '#include "platform/clock/clock.h"\n'}), ["include"])

    def test_the_mac_speaks_the_wire_only(self):
        self.assertEqual(rules_broken({"src/mac/x.cc": '#include "tenant/oauth/oauth.h"\n'}), ["include"])

    def test_the_world_is_touched_in_platform_only(self):
        for rule, line in {
            "clock": "auto t = std::chrono::system_clock::now();",
            "sleep": "std::this_thread::sleep_for(x);",
            "thread": "std::thread t;",
            "random": "std::random_device d;",
            "seeded": "std::mt19937 generator(7);",
            "storage": "sqlite3_open(a, b);",
            "network": "#include <boost/asio.hpp>",
            "catch": "} catch (...) {",
        }.items():
            self.assertEqual(rules_broken({"src/mac/x.cc": line + "\n"}), [rule], line)
            self.assertEqual(rules_broken({"src/platform/x/x.cc": line + "\n"}), [], line)

    def test_patterns_run_on_re2(self):
        self.assertEqual(rules_broken({"src/platform/x/x.cc": "std::regex r;\n"}), ["regex"])

    def test_try_stands_first_in_braces_or_not_at_all(self):
        self.assertEqual(rules_broken({"src/mac/x.cc": "T t{.a = f(), .b = TRY(g())};\n"}), ["aggregate"])
        self.assertEqual(rules_broken({"src/mac/x.cc": "T t{.a = TRY(g())};\nt.b = TRY(h());\n"}), [])

    def test_only_the_partner_intake_writes_compliance(self):
        self.assertEqual(rules_broken({"src/tenant/graph/x.cc": "directory::set_compliance(tx);\n"}), ["one_writer"])
        self.assertEqual(rules_broken({"src/tenant/intune/x.cc": "directory::set_compliance(tx);\n"}), [])

    def test_names_explain_themselves(self):
        self.assertEqual(rules_broken({"src/mac/x.h": "class ThingManager {\n"}), ["words"])

    def test_lines_are_tidy(self):
        self.assertEqual(rules_broken({"src/mac/x.cc": "x \n"}), ["space"])
        self.assertEqual(rules_broken({"src/mac/x.cc": "x" * 131 + "\n"}), ["width"])
        self.assertEqual(rules_broken({"src/mac/x.cc": "\tx\n"}), ["tab"])

    def test_a_room_has_a_readme(self):
        with tempfile.TemporaryDirectory() as folder:
            file = Path(folder) / "src/mac/mac.h"
            file.parent.mkdir(parents=True)
            file.write_text("\n")
            self.assertEqual([rule for _, _, rule, _ in tidy.findings(folder)], ["readme"])


if __name__ == "__main__":
    unittest.main()
