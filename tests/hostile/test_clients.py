"""Senders as they are: what common HTTP clients send is taken (row 5).

Each client posts a body of its own making, with a length, in chunks, behind
100-continue where it can, twice on one connection; and tells what it got.
"""

import http.client
import json
import os
import shutil
import socket
import subprocess
import urllib.request

import pytest

from echo import Echo, answers, get

BODY = json.dumps({"name": "Zoë", "n": list(range(4000))}).encode()
LARGE = 40000

NODE = """
const http = require('http');
const agent = new http.Agent({ keepAlive: true, maxSockets: 1 });
const body = require('fs').readFileSync(0);
function post(headers, expect) {
  return new Promise((done, failed) => {
    const r = http.request({ port: process.argv[2], method: 'POST',
      path: '/hooks/node?x=1', agent, headers }, a => {
        let text = ''; a.on('data', d => text += d);
        a.on('end', () => done(a.statusCode + ' ' + text)); });
    r.on('error', failed);
    if (expect) r.on('continue', () => r.end(body)), r.flushHeaders();
    else if (headers['Content-Length']) r.end(body);
    else { for (let i = 0; i < body.length; i += 1000)
             r.write(body.subarray(i, i + 1000)); r.end(); }
  });
}
(async () => {
  console.log(await post({ 'Content-Length': body.length }));
  console.log(await post({}));
  console.log(await post({ 'Content-Length': body.length,
                           Expect: '100-continue' }, true));
  agent.destroy();
})();
"""

GO = """
package main
import ("bytes"; "fmt"; "io"; "net/http"; "os"; "time")
func main() {
  body, _ := io.ReadAll(os.Stdin)
  c := &http.Client{Transport: &http.Transport{MaxConnsPerHost: 1,
    ExpectContinueTimeout: 3 * time.Second}}
  for i := 0; i < 3; i++ {
    var from io.Reader = bytes.NewReader(body)
    if i == 1 { from = io.MultiReader(from) }
    r, _ := http.NewRequest("POST", "http://127.0.0.1:"+os.Args[1]+
      "/hooks/go?x=1", from)
    if i == 2 { r.Header.Set("Expect", "100-continue") }
    a, err := c.Do(r)
    if err != nil { fmt.Println(err); os.Exit(1) }
    text, _ := io.ReadAll(a.Body)
    a.Body.Close()
    fmt.Println(a.StatusCode, string(text))
  }
}
"""

PHP = """
<?php
$body = stream_get_contents(STDIN);
foreach (['1.0', '1.1'] as $version) {
  $context = stream_context_create(['http' => ['method' => 'POST',
    'protocol_version' => $version, 'content' => $body,
    'header' => "Content-Type: application/json\\r\\nConnection: close"]]);
  $text = file_get_contents("http://127.0.0.1:$argv[1]/hooks/php?x=1", false,
    $context);
  echo explode(' ', $http_response_header[0])[1] . ' ' . $text . "\\n";
}
"""

JAVA = """
import java.net.URI;
import java.net.http.*;
import java.io.*;
public class Post {
  public static void main(String[] a) throws Exception {
    byte[] body = System.in.readAllBytes();
    HttpClient c = HttpClient.newHttpClient();  // offers h2c by Upgrade
    for (int i = 0; i < 3; i++) {
      var from = i == 1
        ? HttpRequest.BodyPublishers.ofInputStream(
            () -> new ByteArrayInputStream(body))
        : HttpRequest.BodyPublishers.ofByteArray(body);
      var r = HttpRequest.newBuilder(
          URI.create("http://127.0.0.1:" + a[0] + "/hooks/java?x=1"))
        .expectContinue(i == 2).POST(from).build();
      var got = c.send(r, HttpResponse.BodyHandlers.ofString());
      System.out.println(got.statusCode() + " " + got.body());
    }
  }
}
"""


@pytest.fixture(scope="module")
def echo(build):
    e = Echo(build)
    yield e
    e.stop()


def tool(name):
    if shutil.which(name) is None:
        pytest.skip(f"{name} is not installed")
    return name


def checksum(body):
    total = 0
    for b in body:
        total = (total * 31 + b) % 2 ** 64
    return f"{total:x}"


def ran(command, body=BODY, **how):
    done = subprocess.run(command, input=body, capture_output=True,
                          timeout=120, **how)
    assert done.returncode == 0, done.stderr.decode()
    return done.stdout.decode()


def check(lines, count, path, body=BODY):
    """Each "200 {...}", as the listener tells what it was sent."""
    lines = [line for line in lines.splitlines() if line]
    assert len(lines) == count, lines
    for line in lines:
        status, text = line.split(" ", 1)
        seen = json.loads(text)
        assert status == "200" and seen["method"] == "POST"
        assert (seen["path"], seen["query"]) == (path, "x=1")
        assert (seen["body"], seen["sum"]) == (len(body), checksum(body))


CURL = {
    "a length": [], "chunks": ["-H", "Transfer-Encoding: chunked"],
    "HTTP/1.0": ["--http1.0"],
    "100-continue": ["-H", "Expect: 100-continue"],
    "100-continue, chunks": ["-H", "Expect: 100-continue",
                             "-H", "Transfer-Encoding: chunked"],
    "an offer of HTTP/2": ["--http2"], "compression": ["--compressed"],
}


@pytest.mark.parametrize("how", CURL)
def test_curl(echo, how):
    url = f"http://127.0.0.1:{echo.port}/hooks/curl?x=1"
    out = ran([tool("curl"), "-sS", "--data-binary", "@-", *CURL[how],
               "-w", "\\n%{http_code} %{num_connects}\\n", url])
    text, status = out.strip().rsplit("\n", 1)
    check(f"{status.split()[0]} {text}", 1, "/hooks/curl")


def test_curl_keeps_its_connection_and_uploads(echo, tmp_path):
    file = tmp_path / "body"
    file.write_bytes(BODY * 20)  # curl expects 100-continue of so much
    url = f"http://127.0.0.1:{echo.port}/hooks/curl?x=1"
    out = ran([tool("curl"), "-sS", "-w", "\\n%{http_code} %{num_connects}\\n",
               *(["--data-binary", f"@{file}", url] + ["--next", "-sS", "-w",
                 "\\n%{http_code} %{num_connects}\\n"]) * 2,
               "--data-binary", f"@{file}", url])
    told = [line for line in out.splitlines() if line[:3] == "200"]
    assert [line.split()[1] for line in told] == ["1", "0", "0"]


def test_curl_form(echo):
    out = ran([tool("curl"), "-sS", "-F", "name=Zoë", "-F", "f=@-",
               f"http://127.0.0.1:{echo.port}/hooks/form"])
    assert json.loads(out)["body"] > len(BODY)


def test_python_http_client(echo):
    c = http.client.HTTPConnection("127.0.0.1", echo.port, timeout=10)
    lines = []
    for body, chunked in ((BODY, False), (iter([BODY[:99], BODY[99:]]), True),
                          (BODY, False)):
        c.request("POST", "/hooks/python?x=1", body,
                  {"Content-Type": "application/json"},
                  encode_chunked=chunked)
        r = c.getresponse()
        lines.append(f"{r.status} {r.read().decode()}")
    check("\n".join(lines), 3, "/hooks/python")


def test_python_urllib(echo):
    r = urllib.request.urlopen(
        f"http://127.0.0.1:{echo.port}/hooks/urllib?x=1", BODY, 10)
    check(f"{r.status} {r.read().decode()}", 1, "/hooks/urllib")


def test_node(echo, tmp_path):
    (tmp_path / "post.js").write_text(NODE)
    check(ran([tool("node"), tmp_path / "post.js", str(echo.port)]), 3,
          "/hooks/node")


def test_go(echo, tmp_path):
    (tmp_path / "post.go").write_text(GO)
    env = {**os.environ, "GOCACHE": str(tmp_path / "cache"),
           "GO111MODULE": "off", "GOFLAGS": ""}
    check(ran([tool("go"), "run", tmp_path / "post.go", str(echo.port)],
              env=env), 3, "/hooks/go")


def test_php(echo, tmp_path):
    (tmp_path / "post.php").write_text(PHP.lstrip())
    check(ran([tool("php"), tmp_path / "post.php", str(echo.port)]), 2,
          "/hooks/php")


def test_java(echo, tmp_path):
    (tmp_path / "Post.java").write_text(JAVA)
    check(ran([tool("java"), tmp_path / "Post.java", str(echo.port)]), 3,
          "/hooks/java")


def test_by_hand_on_one_connection(echo):
    """Blank lines in front, chunks with extensions, pipelined behind a
    request that expects 100-continue: all of it legal, and nobody's habit."""
    body = b"4;name=value;q=\"a b\"\r\nabcd\r\n0;last\r\nX-Sum: 1\r\n\r\n"
    head = b"POST /hooks/hand?x=1 HTTP/1.1\r\nHost: a\r\n"
    with echo.connect() as s:
        s.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        s.sendall(b"\r\n" + head + b"Expect: 100-continue\r\n"
                  b"Transfer-Encoding: chunked\r\n\r\n")
        assert s.recv(100) == b"HTTP/1.1 100 Continue\r\n\r\n"
        s.sendall(body + b"\r\n" + head +
                  b"Content-Length: 2\r\nExpect: 100-Continue\r\n\r\n")
        seen = b""
        while not seen.endswith(b"100 Continue\r\n\r\n"):
            seen += s.recv(65536)
        s.sendall(b"ef" + get("/last", "Connection: close\r\n"))
        while True:
            got = s.recv(65536)
            if not got:
                break
            seen += got
    found = [(status, json.loads(body)["body"]) for status, _, body
             in answers(seen) if status != 100]
    assert found == [(200, 4), (200, 2), (200, 0)]
