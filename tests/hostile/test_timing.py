"""How long a refusal takes does not tell where a forged signature is wrong, nor
whether the user, the key or the secret it names is known (row 18): timing.c
measures in one process, with what does tell as the measure of the measurement.

Which paths there are, the answer itself says (404)."""

import os
import subprocess

import pytest

SAMPLES = 100000  # of each kind, a scheme
LEAK = 4.5        # Welch's t


def measured(build, *how):
    """{scheme or source: (t, the two means)}"""
    out = subprocess.run(
        [os.path.join(build, "verify_timing"), str(SAMPLES), *how],
        check=True, capture_output=True, text=True, timeout=600).stdout
    return {name: tuple(map(float, numbers))
            for name, *numbers in map(str.split, out.splitlines())}


def told(found):
    return "; ".join(f"{name} t={t:+.2f} ({one:.1f} and {other:.1f} cycles)"
                     for name, (t, one, other) in found.items())


def sources(found, are):
    return {name: value for name, value in found.items()
            if name.startswith("source:") is are}


def leaks(found):
    return [n for n, (t, _, _) in found.items() if abs(t) >= LEAK]


@pytest.fixture(scope="module")
def real(build):
    return measured(build)


@pytest.fixture(scope="module")
def mutant(build):
    return measured(build, "mutant")


@pytest.mark.long
def test_the_first_wrong_byte_takes_as_long_as_the_last(real, figure):
    found = sources(real, False)
    figure(told(found))
    assert len(found) >= 5
    assert leaks(found) == []


@pytest.mark.long
def test_a_known_source_takes_as_long_as_an_unknown_one(real, figure):
    found = sources(real, True)
    figure(told(found))
    assert len(found) >= 3
    assert leaks(found) == []


@pytest.mark.long
def test_a_comparison_that_stops_early_is_found(mutant, figure):
    found = sources(mutant, False)
    figure(told(found))
    assert leaks(found) == list(found)


@pytest.mark.long
def test_an_early_refusal_is_found(mutant, figure):
    found = sources(mutant, True)
    figure(told(found))
    assert leaks(found) == list(found)
