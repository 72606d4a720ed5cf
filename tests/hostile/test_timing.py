"""How long a check takes does not tell where a forged signature is wrong (row
18): timing.c measures in one process, with a comparison that does tell as the
measure of the measurement."""

import os
import subprocess

import pytest

SAMPLES = 100000  # of each kind, a scheme
LEAK = 4.5        # Welch's t


def measured(build, *how):
    """{scheme: (t, mean where the first byte is wrong, ... the last)}"""
    out = subprocess.run(
        [os.path.join(build, "verify_timing"), str(SAMPLES), *how],
        check=True, capture_output=True, text=True, timeout=600).stdout
    return {name: tuple(map(float, numbers))
            for name, *numbers in map(str.split, out.splitlines())}


def told(found):
    return "; ".join(f"{name} t={t:+.2f} ({first:.1f} and {last:.1f} cycles)"
                     for name, (t, first, last) in found.items())


@pytest.mark.long
def test_the_first_wrong_byte_takes_as_long_as_the_last(build, figure):
    found = measured(build)
    figure(told(found))
    assert len(found) >= 5
    assert [n for n, (t, _, _) in found.items() if abs(t) >= LEAK] == []


@pytest.mark.long
def test_a_comparison_that_stops_early_is_found(build, figure):
    found = measured(build, "mutant")
    figure(told(found))
    assert [n for n, (t, _, _) in found.items() if abs(t) < LEAK] == []
