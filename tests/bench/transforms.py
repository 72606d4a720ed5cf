"""What phone, date and country cost a relayed request: the bridge with a
mapping that has them beside the bridge with the same mapping without, on the
same events, whose values differ (files/transforms.txt)."""

import json

import report
from load import Recorder, load, post, progress, signature
from stage import FILES, Trouble

# Bridges, by the mapping in files/.
TARGETS = {"transformed": "transforms.cfg", "ready": "untransformed.cfg"}
EVENTS = "events.txt"


def events():
    """transforms.json, filled with each line of transforms.txt in turn."""
    whole = (FILES / "transforms.json").read_text(encoding="utf-8").strip()
    lines = (FILES / "transforms.txt").read_text(encoding="utf-8")
    for line in lines.splitlines():
        if not line.startswith("#"):
            event = whole
            for value in line.split("\t"):
                head, _, rest = event.partition("<")
                event = head + value + rest.partition(">")[2]
            yield event.encode()


def prove(targets, recorder, bodies):
    """All of them send the same update, and it has what is ready there."""
    for body in bodies:
        recorder.seen.clear()
        for target in targets:
            status, answer = post(target, signature(body), body)
            if status != 200:
                raise Trouble(f"{target.name}: answered {status} "
                              f"{answer[:300]!r} to {body.decode()}")
        sent = [json.loads(seen[-1]) for seen in recorder.seen]
        hidden = json.loads(body)["form_response"]["hidden"]
        if len(sent) != len(targets) or sent[1:] != sent[:-1] or (
                sent[0]["phone"], sent[0]["dateOfBirth"],
                sent[0]["address"]["country"]) != (
                hidden["phone_ready"], hidden["birth_ready"],
                hidden["country_ready"]):
            raise Trouble(f"of {hidden} were made:\n" +
                          "\n".join(map(str, sent)))


def measure(stage, running, rotations, seconds, settings):
    bodies = list(events())
    stage.write(EVENTS, b"".join(
        signature(body).encode() + b"\t" + body + b"\n" for body in bodies))
    for name, mapping in TARGETS.items():
        stage.write(mapping, (FILES / mapping).read_bytes())
        running.append(stage.bridge(name, mapping))
        running[-1].wait_until_up()
    targets = list(running)
    with Recorder(stage) as recorder:
        prove(targets, recorder, bodies)
    print(f"both sent the expected PATCH of {len(bodies)} events\n")
    running.append(stage.upstream())
    running[-1].wait_until_up()
    idle = {target.name: target.memory()["pss"] / 1024 for target in targets}
    turns = {target.name: [] for target in targets}
    for target in targets:
        load(target, stage, 1, events=EVENTS)
    for rotation in range(rotations):
        progress(f"rotation {rotation + 1} of {rotations}")
        for target in targets:
            turns[target.name].append(
                load(target, stage, seconds, events=EVENTS))
        targets.reverse()  # neither is always the first
    progress("")
    return report.summarize(turns, idle, settings)
