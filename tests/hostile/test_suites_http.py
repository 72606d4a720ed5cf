"""Two public suites of requests through the listener (rows 2 and 3): what is
refused there is refused here, with one answer and the end of the connection;
what is valid there is taken, or stands in REFUSED with the reason."""

import json
import re

import pytest

from echo import LIMITS, SMUGGLED, answers
from suites import desync_cases, llhttp_cases

BODY = 8 << 20

# (status, what of a request, why it is refused though it may be valid)
REFUSED = (
    (501, rb"(?im)^transfer-encoding:(?![ \t]*chunked[ \t]*\r)",
     "no coding is read but chunked"),
    (400, rb"(?i)\ntransfer-encoding:[ ]*\t",
     "a tab before a length or a coding is read in two ways"),
    (501, rb"^(?!(GET|HEAD|POST|PUT|PATCH|DELETE|OPTIONS) )[A-Z-]+ ",
     "no sender uses this method"),
    (400, rb"^\S+ [^/\r]", "a target begins with a slash"),
    (400, rb"^\S+ [^\r]*#", "a fragment is no part of a target"),
    (400, rb"^\S+ [^\r]*[^\x21-\x7e][^\r]* HTTP", "a target is ASCII"),
    (400, rb"^\S+ [^ ?]*[\"<>\\^`{|}]", "a path is escaped"),
    (400, rb"^\S+ [^\r]*%(?![0-9a-fA-F]{2})", "an escape is whole"),
    (400, rb"^GET /\r\n", "HTTP/0.9 has no headers, hence no host"),
    (400, rb"\r\n[ \t]", "folded lines were taken out of HTTP in 2014"),
    (400, rb"(?is)^(GET|HEAD) .*content-length: *[1-9]",
     "a body nobody wants hides a second request"),
)


def refused_for(status, request):
    return [why for expected, pattern, why in REFUSED
            if status == expected and re.search(pattern, request)]


def told(data):
    """[(status, what the service was told or None, closes)]"""
    found = []
    for status, fields, body in answers(data):
        what = json.loads(body) if status == 200 else None
        found.append((status, what, fields.get("connection") == "close"))
    return found


def is_one_refusal(got):
    return (len(got) == 1 and 400 <= got[0][0] <= 505 and got[0][2])


def checksum(body):
    total = 0
    for byte in body:
        total = (total * 31 + byte) % (1 << 64)
    return f"{total:x}"


@pytest.fixture
def echo(start):
    return start(f"body={BODY}", *[o for o in LIMITS if "body=" not in o])


def test_what_desync_guardian_calls_dangerous(echo, figure):
    """Severe and ambiguous: one refusal, and the request behind it is not
    answered. Compliant: taken, or listed. Between them, either, but never
    two readings."""
    wrong, count, listed = [], {}, {}
    for name, tier, request, body in desync_cases():
        dangerous = tier in ("Severe", "Ambiguous")
        data = request + (b"" if dangerous else body)
        if request.startswith(b"HEAD "):
            data = data.replace(b"HEAD ", b"GET ", 1)  # its answer has a body
        got = told(echo.talk(data + SMUGGLED.encode()))
        taken = [g for g in got if g[0] == 200]
        fine = is_one_refusal(got)
        if not dangerous and len(taken) == 2:
            fine = taken[0][1]["target"].encode() == request.split(b" ")[1]
        elif tier == "Compliant":
            why = refused_for(got[0][0], request) if fine else []
            fine = bool(why)
            for reason in why[:1]:
                listed[reason] = listed.get(reason, 0) + 1
        count[tier] = count.get(tier, 0) + 1
        if not fine:
            wrong.append((name, request, got))
    figure(f"{sum(count.values())} cases, {len(wrong)} wrong: {count}; "
           f"compliant and refused: {listed}")
    assert wrong == []


def test_what_llhttp_reads_and_does_not(echo, figure):
    wrong, bad, valid, listed = [], 0, 0, {}
    for name, request, done, errors in llhttp_cases():
        if request.startswith(b"HEAD "):
            request = request.replace(b"HEAD ", b"GET ", 1)
        got = told(echo.talk(request))
        taken = [what for status, what, _ in got if status == 200]
        want = [(url, len(body.encode()), checksum(body.encode()))
                for url, body in done]
        fine = [(w["target"], w["body"], w["sum"]) for w in taken] == want
        if fine and errors and not done:
            fine = is_one_refusal(got)
        if not fine and done and is_one_refusal(got):
            why = refused_for(got[0][0], request)
            fine = bool(why)
            for reason in why[:1]:
                listed[reason] = listed.get(reason, 0) + 1
        bad += bool(errors)
        valid += not errors
        if not fine:
            wrong.append((name, request, want, errors, got))
    figure(f"{bad} bad and {valid} valid requests, {len(wrong)} read "
           f"otherwise; valid and refused: {listed}")
    assert wrong == []
