"""leadbridge new --from: a mapping proposed from a captured request."""

import glob
import json
import os
import re

import pytest

from house import House

TOP = os.path.dirname(os.path.dirname(os.path.dirname(
    os.path.abspath(__file__))))

LEAD = {"lead_id": "lead_abc123", "fname": " Laura ", "surname": "Diaz",
        "E-Mail": "Laura@Example.com", "mobile": "(202) 456-1414",
        "dob": "05/14/1988", "country": "United States",
        "address": {"line 1": "1 Main St", "po box": "9", "city": "Austin", "zip": 78701},
        "utm_source": "facebook", "gclid": "Cj0", "tcpa": "yes",
        "xxTrustedFormCertUrl": "https://cert.trustedform.com/ab",
        "universal_leadid": "5D2C", "tags": ["web", "q3"],
        "phone": "", "favourite": "blue-secret-value"}


@pytest.fixture(autouse=True)
def leaks_without_tls(monkeypatch):
    """gcc 12's leak scanner may crash on what it takes for a library's
    thread-local storage; leaks are still looked for."""
    monkeypatch.setenv("LSAN_OPTIONS", "use_tls=0")


@pytest.fixture(scope="module")
def house(build, tmp_path_factory):
    h = House(build, tmp_path_factory.mktemp("from"))
    yield h
    h.close()


def read(path):
    with open(path) as f:
        return f.read()


def capture(house, name, body, *headers, kind="application/json",
            line="POST /some/where"):
    if not isinstance(body, str):
        body = json.dumps(body)
    house.write(name, "\n".join([f"{line} HTTP/1.1", "Host: h",
                                 f"Content-Type: {kind}", *headers]) +
                "\n\n" + body)
    return name


def propose(house, folder, *args, **more):
    """The mapping's text, and what it makes; it passes check and test."""
    _, err = house.run("new", "--from", capture(
        house, folder + ".http", *args, **more), folder)
    house.run("check", f"{folder}/mapping.cfg")
    out, _ = house.run("test", folder)
    assert "1 passed, 0 failed" in out
    made = json.loads(read(house.path(
        f"{folder}/samples/capture.expected.json")))
    return read(house.path(f"{folder}/mapping.cfg")), made, err


def test_members_become_fields_by_their_names(house):
    text, made, err = propose(house, "flat", LEAD)
    assert made == {"leadId": "lead_abc123", "update": {
        "firstName": "Laura", "lastName": "Diaz",
        "email": "laura@example.com", "phone": "+12024561414",
        "dateOfBirth": "1988-05-14", "country": "US", "tags": ["web", "q3"],
        "address": {"street": "1 Main St", "city": "Austin", "zip": "78701"},
        "compliance": {
            "tcpaConsent": True,
            "trustedFormCertUrl": "https://cert.trustedform.com/ab",
            "jornayaLeadId": "5D2C"},
        "attribution": {"params": {"utm_source": "facebook"},
                        "gclid": "Cj0"}}}
    rest = text.split("# Not taken")[1]
    assert "$.favourite\n" in rest and "$.phone  a second phone\n" in rest
    assert "$.address['po box']\n" in rest
    assert "$.address['line 1']}" in text
    assert "$.lead_id" not in rest and "$.mobile" not in rest
    assert "date('MM/DD/YYYY')" in text
    assert "blue-secret-value" not in text + err
    assert "The sender is generic" in err and "16 are taken" in err


def test_forms_are_read_too(house):
    text, made, _ = propose(
        house, "form", "Full+Name=laura+diaz&lead%5Bid%5D=lead_7"
        "&contact%5Btel%5D=%2B12024561414&postal_code=01234&x=1",
        kind="application/x-www-form-urlencoded")
    assert made == {"leadId": "lead_7", "update": {
        "firstName": "laura", "lastName": "diaz", "phone": "+12024561414",
        "address": {"zip": "01234"}}}
    assert "$['Full Name']" in text and "#   $.x\n" in text


def test_a_list_of_events_is_an_update_each(house):
    text, made, err = propose(house, "list", [
        {"lead_id": "l1", "email": "A@b.co", "x": 1},
        {"lead_id": "l2", "phone": "(202) 456-1414", "x": 2}])
    assert 'events   = "$[*]";' in text
    assert made == [
        {"leadId": "l1", "update": {"email": "a@b.co"}},
        {"leadId": "l2", "update": {"phone": "+12024561414"}}]
    assert "#   @.x\n" in text and text.count("@.x") == 1
    assert "Of the body's members 3 are taken, 1 are not" in err


def test_lists_in_lists_are_gone_through(house):
    text, made, _ = propose(house, "nested", {
        "object": "page", "entry": [
            {"id": "1", "changes": [{"field": "a", "value": {
                "lead_id": "l1", "email": "a@b.co"}}]},
            {"id": "2", "changes": [
                {"field": "b", "value": {"lead_id": "l2", "city": "Bern"}},
                {"field": "c", "value": {"lead_id": "l3"}}]}]})
    assert 'events   = "$.entry[*].changes[*]";' in text
    # The third says nothing of a lead, and is passed over.
    assert made == [
        {"leadId": "l1", "update": {"email": "a@b.co"}},
        {"leadId": "l2", "update": {"address": {"city": "Bern"}}}]
    assert re.search(r'^ +when = "@\.value\.email \|\| @\.value\.city";$',
                     text, re.M)
    rest = text.split("# Not taken")[1]
    for path in ("@.field", "$.object", "$['entry'][0]['id']"):
        assert f"#   {path}\n" in rest


def test_a_list_beside_the_lead_is_no_list_of_events(house):
    text, made, _ = propose(house, "beside", {
        "lead_id": "l1", "email": "a@b.co", "city": "Bern",
        "items": [{"sku": "1", "name": "Tea"}, {"sku": "2", "name": "Cup"}]})
    assert "events" not in text
    assert made["update"] == {"email": "a@b.co", "address": {"city": "Bern"}}
    assert "#   $.items\n" in text


def test_events_without_a_lead_id_have_it_in_the_address(house):
    text, made, _ = propose(house, "listnolead", [
        {"email": "a@b.co", "lead_id": "l1"}, {"email": "c@d.co"}])
    assert [e["leadId"] for e in made] == ["l1", "lead_example"]
    assert "Not every event of the capture holds a lead id" in text
    assert "?lead_id=lead_example " in read(
        house.path("listnolead/samples/capture.http"))


SOAP = """<?xml version="1.0"?>
<s:Envelope xmlns:s="urn:s"><s:Body><notifications xmlns="urn:n">
 <OrganizationId>00D3</OrganizationId>%s</notifications></s:Body></s:Envelope>
"""
NOTE = """<Notification><Id>%s</Id><sObject><sf:FirstName xmlns:sf="urn:f">
Jane</sf:FirstName><Email>%s</Email><LeadSail_Id__c>x</LeadSail_Id__c>
<LeadId>%s</LeadId></sObject></Notification>"""


def test_xml_that_comes_once_or_several_times(house):
    one = NOTE % ("1", "A@b.co", "l1")
    want = {"leadId": "l1", "update": {
        "firstName": "Jane", "email": "a@b.co"}}
    text, made, _ = propose(house, "soap", SOAP % one,
                            kind="text/xml; charset=utf-8")
    assert made == [want]
    assert ('events   = "$.Envelope.Body.notifications..sObject";' in text)
    rest = text.split("# Not taken")[1]
    for path in ("@.LeadSail_Id__c",
                 "$.Envelope.Body.notifications.OrganizationId",
                 "$.Envelope.Body.notifications.Notification.Id"):
        assert f"#   {path}\n" in rest, rest
    # The mapping made of one takes two, and the one made of two takes one.
    both = SOAP % (one + NOTE % ("2", "c@d.co", "l2"))
    two = dict(want, leadId="l2",
               update={"firstName": "Jane", "email": "c@d.co"})
    again, made, _ = propose(house, "soaps", both, kind="text/xml")
    assert made == [want, two]
    name = capture(house, "both.http", both, kind="text/xml")
    out, _ = house.run("map", "soap", name, "--output", "json")
    assert json.loads(out) == [want, two]
    name = capture(house, "one.http", SOAP % one, kind="application/xml")
    out, _ = house.run("map", "soaps", name, "--output", "json")
    assert json.loads(out) == [want]


def test_simple_xml(house):
    text, made, _ = propose(
        house, "xml", "<lead><lead_id>l1</lead_id><email>a@b.co</email>"
        "</lead>", kind="application/xml")
    assert made == {"leadId": "l1", "update": {"email": "a@b.co"}}
    assert "events" not in text
    text, made, _ = propose(
        house, "xmls", "<leads><lead><lead_id>l1</lead_id><e-mail>a@b.co"
        "</e-mail></lead></leads>", kind="application/vnd.x+xml")
    assert made == [{"leadId": "l1", "update": {"email": "a@b.co"}}]
    assert 'events   = "$.leads.lead";' in text
    assert "@['e-mail']" in text


def test_multipart_is_read_too(house):
    body = "".join(
        f'--b0\r\nContent-Disposition: form-data; name="{k}"{more}\r\n\r\n'
        f"{v}\r\n" for k, v, more in (
            ("lead_id", "l1", ""), ("First Name", "Laura", ""),
            ("cv", "%PDF", '; filename="cv.pdf"'),
            ("raw", '{"a": 1}', ""))) + "--b0--\r\n"
    text, made, _ = propose(house, "multi", body,
                            kind="multipart/form-data; boundary=b0")
    assert made == {"leadId": "l1", "update": {"firstName": "Laura"}}
    assert "#   $.cv.filename\n" in text
    assert "{$.raw | json | get('$.NAME')}" in text


ANSWERS = {
    "typeform": ([
        {"type": "email", "email": "A@b.co", "field": {"ref": "email"}},
        {"type": "phone_number", "phone_number": "+12024561414",
         "field": {"ref": "phone"}},
        {"type": "choice", "choice": {"label": "Cats"},
         "field": {"ref": "pets"}}],
        "$.answers[?@.field.ref=='email'].email", "pets"),
    "google": ([
        {"column_id": "EMAIL", "column_name": "Mail", "string_value": "a@b.co"},
        {"column_id": "PHONE_NUMBER", "string_value": "(202) 456-1414"},
        {"column_id": "Own a car?", "string_value": "yes"}],
        "$.answers[?@.column_id=='EMAIL'].string_value", "Own a car?"),
    "meta": ([
        {"name": "email", "values": ["a@b.co"]},
        {"name": "phone_number", "values": ["+12024561414"]},
        {"name": "pets", "values": ["Cats"]}],
        "$.answers[?@.name=='email'].values[0]", "pets"),
}


@pytest.mark.parametrize("who", sorted(ANSWERS))
def test_answers_in_a_list_are_known_by_their_names(house, who):
    answers, path, other = ANSWERS[who]
    text, made, _ = propose(house, "of-" + who, {
        "lead_id": "l1", "answers": answers})
    assert made == {"leadId": "l1", "update": {
        "email": "a@b.co", "phone": "+12024561414"}}
    assert path in text
    # What is left over is a questionnaire, ready to be taken in.
    lines = re.findall(r"^#     ((?:questionnaire|  as).*)$", text, re.M)
    house.write(f"of-{who}/mapping.cfg", text.replace(
        "update: {\n", "update: {\n" + "\n".join(lines) + "\n"))
    out, _ = house.run("map", "of-" + who,
                       f"of-{who}/samples/capture.http", "--output", "json")
    assert [a["key"] for a in
            json.loads(out)["update"]["questionnaire"]] == [other]


def test_a_body_that_is_a_list_of_answers(house):
    text, made, _ = propose(house, "serialized", [
        {"name": "lead_id", "value": "l1"}, {"name": "email", "value": "a@b.co"},
        {"name": "x", "value": "1"}])
    assert made == {"leadId": "l1", "update": {"email": "a@b.co"}}
    assert "#   $[?@.name=='x'].value\n" in text


def test_a_vague_name_counts_only_where_people_stand(house):
    _, made, _ = propose(house, "vague", {
        "id": 5, "form": {"name": "Intake"}, "lead_id": 12,
        "customer": {"name": "Laura Diaz", "email": {"value": "a@b.co"}}})
    assert made == {"leadId": "12", "update": {
        "firstName": "Laura", "lastName": "Diaz", "email": "a@b.co"}}


def test_what_is_refused_becomes_a_comment(house):
    text, made, _ = propose(house, "refused", {
        "lead_id": "l1", "email": "a@b.co", "phone": "none of yours",
        "status": "Very new", "dob": "long ago", "country": "Narnia"})
    assert made["update"] == {"email": "a@b.co"}
    for field in ("phone", "status", "dateOfBirth", "country"):
        assert re.search(rf"^  # {field}: \$\.\w+ was refused: .", text, re.M)
    for value in ("none of yours", "Very new", "long ago", "Narnia"):
        assert value not in text


def test_without_a_lead_id_the_address_says_one(house):
    text, made, _ = propose(house, "nolead", {"email": "a@b.co"})
    assert made["leadId"] == "lead_example"
    assert "Nothing in the capture holds a lead id" in text
    assert "/hooks/generic?lead_id=lead_example " in read(
        house.path("nolead/samples/capture.http"))
    text, made, _ = propose(house, "asked", {"email": "a@b.co"},
                            line="POST /x?a=1&lead_id=l9&token=hush")
    assert made["leadId"] == "l9" and "Nothing in" not in text
    assert "?a=1&lead_id=l9 " in read(
        house.path("asked/samples/capture.http"))


def test_answers_are_left_as_a_comment_that_works(house):
    text, made, _ = propose(house, "answers", {
        "lead_id": "l1", "email": "a@b.co",
        "answers": [{"ref": "pet", "value": "cat"}]})
    lines = re.findall(r"^#     ((?:questionnaire|  as).*)$", text, re.M)
    assert len(lines) == 2 and "questionnaire" not in made["update"]
    house.write("answers/mapping.cfg", text.replace(
        "update: {\n", "update: {\n" + "\n".join(lines) + "\n"))
    out, _ = house.run("map", "answers", "answers/samples/capture.http")
    assert '"pet"' in out and '"cat"' in out


@pytest.mark.parametrize("headers, sender", [
    (["Typeform-Signature: sha256=abc"], "typeform"),
    (["X-Hub-Signature-256: sha256=00", "X-GitHub-Delivery: 1"], "github"),
    (["X-Hub-Signature-256: sha256=00"], "meta"),
    (["Stripe-Signature: t=1,v1=00"], "stripe"),
    (["svix-signature: v1,x"], "svix"),
    (["webhook-signature: v1,x"], "standard-webhooks"),
    (["Authorization: Bearer hush"], "token"),
    (["Authorization: Basic aHVzaA=="], "basic"),
    (["X-Webhook-Token: hush"], "generic"),
    (["X-Webhook-Token: hush", "User-Agent: Zapier"], "zapier"),
    (["X-Twilio-Signature: x"], "twilio"),
    (["Authorization: Digest hush"], "generic"),
    ([], "generic"),
])
def test_headers_tell_the_sender(house, headers, sender):
    folder = "sender-" + re.sub(r"\W", "", "".join(headers))
    text, _, _ = propose(house, folder, {"lead_id": "l1", "email": "a@b.co"},
                         "Cookie: hush", *headers)
    assert f'sender   = "{sender}";' in text
    assert ("public_url" in text) == (sender == "twilio")
    assert "hush" not in read(
        house.path(f"{folder}/samples/capture.http"))


@pytest.mark.parametrize("sender, kind, body", [
    ("google-ads", "application/json",
     '{"lead_id": "l1", "email": "a@b.co", "google_key": "hush"}'),
    ("zoho", "application/json",
     '{"lead_id": "l1", "email": "a@b.co", "token": "hush"}'),
    ("wufoo", "application/x-www-form-urlencoded",
     "lead_id=l1&email=a@b.co&HandshakeKey=hush&EntryId=7"),
])
def test_a_token_in_the_body_tells_the_sender_and_stays_there(
        house, sender, kind, body):
    """And what is written has the secret for tests in its place."""
    folder = f"body-{sender}"
    text, made, err = propose(house, folder, body, kind=kind)
    assert f'sender   = "{sender}";' in text
    assert f"The sender is {sender}, by its body." in err
    sample = read(house.path(f"{folder}/samples/capture.http"))
    assert "hush" not in sample + text + json.dumps(made)
    assert "test_secret_0123456789" in sample
    assert "test_secret" not in text + json.dumps(made)


def test_a_header_tells_more_than_a_member_of_the_body(house):
    text, _, err = propose(
        house, "both", {"lead_id": "l1", "email": "a@b.co", "token": "x"},
        "Typeform-Signature: sha256=abc")
    assert 'sender   = "typeform";' in text
    assert "The sender is typeform, by its headers." in err


SAMPLES = {"-".join(path[len(TOP) + 10:-5].split("/samples/")): path
           for path in glob.glob(TOP + "/mappings/*/samples/*.http")}


def propose_or_say_why_not(house, name):
    """Whether there is a mapping now, in any/NAME."""
    done = house.call("new", "--from", SAMPLES[name], f"any/{name}")
    assert done.returncode == 0 or (
        done.returncode == 1 and "body" in done.stderr), (name, done.stderr)
    return done.returncode == 0


def test_any_sample_makes_a_mapping_or_says_why_not(house):
    """All in one: a start of the program for each step and each sample is
    what takes time."""
    made = [name for name in sorted(SAMPLES)
            if propose_or_say_why_not(house, name)]
    assert len(made) > len(SAMPLES) / 2
    out, _ = house.run("check", *[f"any/{name}/mapping.cfg" for name in made])
    assert f"{len(made)} mappings ok" in out
    out, _ = house.run("test", "any")
    assert f"{len(made)} passed, 0 failed" in out


def test_a_name_cannot_write_into_the_mapping(house):
    text, made, _ = propose(house, "hostile", {
        "lead_id": "l1", "email": "a@b.co",
        "x\nupstream = \"evil\";": "1", "a\"};": {"phone": "+12024561414"},
        "b'{$.c}'": {"city": "X"}})
    assert made["update"] == {"email": "a@b.co"}
    assert not re.search("^upstream = \"evil", text, re.M)


def test_a_name_that_cannot_be_seen_is_written_out(house):
    text, made, _ = propose(house, "unseen", {
        "lead_id": "l1", "email": "a@b.co", "ph\u202eone": "+12024561414",
        "x\u2066\x9b": {"city": "Bern"}, "b\u200b": [{"city": "Bern"}]})
    assert made["update"] == {"email": "a@b.co"}
    for char in "\u202e\u2066\x9b\u200b":
        assert char not in text
    assert "$['ph\\u202eone']" in text


def test_nothing_is_ever_overwritten(house):
    name = capture(house, "again.http", {"lead_id": "l1", "email": "a@b.co"})
    house.write("kept/samples/capture.http", "mine\n")
    _, err = house.run("new", "--from", name, "kept", code=3)
    assert "kept: is there already and has something in it" in err
    assert read(house.path("kept/samples/capture.http")) == "mine\n"
    assert not os.path.exists(house.path("kept/mapping.cfg"))


def test_what_cannot_be_proposed_says_why_and_writes_nothing(house):
    for body, words in (("[1]", "no member has a name"), ("{", "1:2"),
                        ('{"a":1}', "no member has a name"),
                        ('{"phone":"12"}', "holds a value it takes")):
        name = capture(house, "bad.http", body)
        _, err = house.run("new", "--from", name, "bad", code=1)
        assert words in err
    assert not os.path.exists(house.path("bad"))
    house.run("new", "--from", "missing.http", "bad", code=3)
    house.run("new", "--from", name, "slack", "bad", code=2)
