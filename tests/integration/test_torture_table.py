#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""The published results of the torture are its own: what the document says, its results say, of rows that exist."""
import re
import sys

from harness import ROOT, equal, holds, main

sys.path.insert(0, str(ROOT / "tests" / "torture"))
import faults  # noqa: E402, pylint: disable=wrong-import-position
import faults_crash  # noqa: E402, pylint: disable=wrong-import-position
import table  # noqa: E402, pylint: disable=wrong-import-position


def published():
    text = table.DOCUMENT.read_text()
    return text[text.index(table.BEGIN):text.index(table.END) + len(table.END)]


def test_the_published_tables_are_what_the_results_say(_):
    equal(published(), table.render(), "run `tests/torture/run --table`")


def test_every_result_is_of_a_row_that_exists(_):
    equal(sorted(set(table.latest()) - {row.name for row in faults.ROWS}), [], "results without a row")


def test_every_row_of_the_driver_is_in_the_published_tables(_):
    text = published()
    for row in faults.ROWS:
        what = f"`{faults_crash.point_of(row)}`" if row.name.startswith("crash:") else row.title
        holds(what in text, f"{row.name} is not in the tables")


def test_every_published_result_holds_its_bar(_):
    equal([name for name, result in table.latest().items() if result["wrong"]], [], "rows over their bars")


def test_every_crash_point_is_alive_in_the_program_that_dies_there(_):
    listed = re.search(r"^crash_sources = files\((.*?)\)", (ROOT / "meson.build").read_text(), re.M | re.S)[1]
    equal(sorted(re.findall(r"'([^']+)'", listed)), sorted(faults_crash.points_by_file()), "crash_sources of meson.build")


def test_no_two_rows_have_one_name(_):
    names = [row.name for row in faults.ROWS]
    equal(sorted({name for name in names if names.count(name) > 1}), [], "rows")


main()
