"""What all Python tests share: the harness on the path, and a run in which every test was skipped says
so to ctest (SKIP_RETURN_CODE), rather than that it passed."""

import pathlib
import sys

TESTS = pathlib.Path(__file__).parent
sys.path[:0] = [str(TESTS / "integration"), str(TESTS)]

_passed = 0


def pytest_runtest_logreport(report):
    global _passed
    if report.when == "call" and report.passed:
        _passed += 1


def pytest_sessionfinish(session, exitstatus):
    if exitstatus == 0 and _passed == 0:
        print("\nno test was executed")
        session.exitstatus = 77
