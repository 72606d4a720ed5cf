"""Public suites of requests, bodies and chains, read as their projects keep them.

None is in this tree: folder() looks in $LEADBRIDGE_CONFORMANCE, else beside
the project, for a folder of the suite's name, laid out as the project is.

    http-desync-guardian/tests/*.yaml      github.com/aws
    llhttp/test/request/*.md               github.com/nodejs
    JSONTestSuite/test_parsing/*.json      github.com/nst
    busboy/test/test-types-*.js            github.com/mscdex; read by node
    PKITS/{certs,smime}/*                  NIST; Debian has it as PKITS_data in
                                           python3-cryptography-vectors
    x509-limbo/limbo.json                  github.com/C2SP
"""

import glob
import json
import os
import re
import subprocess

import pytest

TOP = os.path.abspath(os.path.join(os.path.dirname(__file__), "../.."))


def files(suite, pattern):
    """The suite's files; skips the test where there are none."""
    where = os.environ.get("LEADBRIDGE_CONFORMANCE",
                           os.path.join(TOP, "..", "shared", "data"))
    found = sorted(glob.glob(os.path.join(where, suite, pattern)))
    if not found:
        pytest.skip(f"no {suite}/{pattern} in LEADBRIDGE_CONFORMANCE")
    return found


def with_host(text):
    """What is tried is not whether a Host is asked for."""
    if re.search(rb"(?im)^[ \t]*host[ \t]*:", text):
        return text
    return re.sub(rb"(?m)^([A-Za-z-]+ [^\r\n]* HTTP/1\.1[^\r\n]*\r\n)",
                  rb"\1Host: a\r\n", text)


# -------------------------------------------------------- http-desync-guardian

def desync_cases():
    """(name, tier, request, its body were it taken)"""
    import yaml
    for path in files("http-desync-guardian", "tests/*.yaml"):
        with open(path, encoding="utf-8") as f:
            cases = yaml.safe_load(f) or []
        for case in cases:
            headers = [(str(h["name"]), str(h["value"]))
                       for h in case["headers"] or []]
            line = " ".join(filter(None, (
                case["method"], case["uri"] or " ", case["version"])))
            text = line + "\r\n" + "".join(
                f"{name}: {value}\r\n" for name, value in headers) + "\r\n"
            name = f"{os.path.basename(path)}: {case['name']}"
            yield (name, case["expected"]["tier"],
                   with_host(text.encode("utf-8")), body_of(headers))


def body_of(headers):
    for name, value in headers:
        if name.lower() == "content-length" and value.strip().isdigit():
            return b"a" * min(int(value), 8 << 20)
        if name.lower() == "transfer-encoding":
            return b"0\r\n\r\n"
    return b""


# ---------------------------------------------------------------------- llhttp

def unescaped(block):
    """As the suite's own driver reads a block of it."""
    text = re.sub(r"\\\n", "", re.sub(r"\n\Z", "", block))
    text = text.replace("\n", "\r\n")
    for word, byte in (("\\r", "\r"), ("\\n", "\n"), ("\\t", "\t"),
                       ("\\f", "\f")):
        text = text.replace(word, byte)
    return re.sub(rb"\\x([0-9a-fA-F]{2})",
                  lambda m: bytes([int(m[1], 16)]), text.encode("utf-8"))


def llhttp_cases():
    """(name, request, [(target, body) of what is complete], what is bad).
    Only of the strict kind: the lenient modes are llhttp's own."""
    pause = ("21", "22")  # after an upgrade: what follows is no HTTP
    for path in files("llhttp", "test/request/*.md"):
        with open(path, encoding="utf-8") as f:
            text = f.read()
        for title, meta, http, log in re.findall(
                r"^#+ +([^\n]*)$(?:(?!^#).)*?<!-- meta=(.*?) -->\s*"
                r"```http\n(.*?)^```.*?```log\n(.*?)^```", text,
                re.M | re.S):
            meta = json.loads(meta)
            if meta["type"] != "request" or meta.get("mode") == "loose":
                continue
            done, url, body = [], "", ""
            for part in re.split(r"message complete", log)[:-1]:
                url = re.search(r'span\[url\]="(.*)"$', part, re.M)
                body = "".join(re.findall(r'span\[body\]="(.*)"$', part, re.M))
                done.append((url[1] if url else "", body))
            bad = [reason for code, reason in re.findall(
                r'error code=(\d+) reason="(.*)"', log) if code not in pause]
            yield (f"{os.path.basename(path)}: {title}",
                   with_host(unescaped(http)), done, bad)


# --------------------------------------------------------------- JSONTestSuite

def json_cases():
    """(name, body)"""
    for path in files("JSONTestSuite", "test_parsing/*.json"):
        with open(path, "rb") as f:
            yield os.path.basename(path), f.read()


# ------------------------------------------------------------------ x509-limbo

def limbo_cases():
    """As the suite has them: its models.py says what is in one."""
    path, = files("x509-limbo", "limbo.json")
    with open(path, encoding="utf-8") as f:
        return json.load(f)["testcases"]


# ---------------------------------------------------------------------- busboy

# Prints an array of [name, content type, body in base64, expected].
READ_BUSBOY = r"""
const fs = require('fs'), vm = require('vm'), buffer = require('buffer');
const text = fs.readFileSync(process.argv[1], 'utf8');
const from = text.indexOf('const tests = [');
const array = text.slice(from + 14, text.indexOf('\n];', from) + 2);
const tests = vm.runInNewContext('(' + array + ')',
  { Buffer, transcode: buffer.transcode });
const own = ['limits', 'events', 'preservePath', 'defParamCharset'];
console.log(JSON.stringify(tests.filter((t) => !own.some((o) => o in t))
  .map((t) => [t.what, t.boundary
      ? `multipart/form-data; boundary="${t.boundary}"`
      : 'application/x-www-form-urlencoded'
        + (t.charset ? `; charset=${t.charset}` : ''),
    Buffer.concat(t.source.map((s) => Buffer.from(s, 'utf8')))
      .toString('base64'),
    t.expected.map((e) => e.data
      ? { ...e, data: Buffer.from(e.data).length } : e)])));
"""


def busboy_cases(kind):
    """(name, content type, body, expected) of what needs no option."""
    import base64
    import shutil
    path, = files("busboy", f"test/test-types-{kind}.js")
    if not shutil.which("node"):
        pytest.skip("no node to read the suite with")
    out = subprocess.run(["node", "-e", READ_BUSBOY, path], check=True,
                         capture_output=True, text=True, timeout=30).stdout
    for name, content_type, body, expected in json.loads(out):
        yield name, content_type, base64.b64decode(body), expected
