"use strict";
// map.js - what the bridge does with this webhook, in JavaScript: proves the
// sender over the raw body and maps the fields of mapping.cfg. Both Node.js
// peers use it.

const crypto = require("crypto");
const fs = require("fs");

const line = (file) => fs.readFileSync(file, "utf8").trim();
const secret = line(process.env.BENCH_FOLDER + "/typeform.secret");
const key = line(process.env.BENCH_FOLDER + "/leadsail.secret");
const stages = { Hot: "qualified", Cold: "no_contact" };

function genuine(body, signature) {
  const digest = crypto.createHmac("sha256", secret).update(body);
  const want = Buffer.from("sha256=" + digest.digest("base64"));
  const got = Buffer.from(signature || "");
  return got.length === want.length && crypto.timingSafeEqual(got, want);
}

function update(response) {
  const byRef = new Map();
  const titles = new Map();

  for (const field of response.definition.fields)
    titles.set(field.id, field.title);
  for (const answer of response.answers)
    byRef.set(answer.field.ref, answer);
  return {
    firstName: byRef.get("first_name")?.text,
    email: byRef.get("email")?.email?.toLowerCase(),
    phone: byRef.get("phone")?.phone_number,
    status: stages[response.hidden.stage] || "pending",
    tags: ["typeform", "form-" + response.form_id],
    address: { city: response.hidden.city, country: "CH" },
    questionnaire: response.answers.map((a) => ({
      key: a.field.ref,
      question: titles.get(a.field.id),
      answer: a.text ?? a.email ?? a.phone_number ?? a.boolean ?? a.number,
    })),
  };
}

// The PATCH of a webhook: { path, body }, or { status } when it is refused.
function request(raw, signature) {
  let event;

  if (!genuine(raw, signature))
    return { status: 401 };
  try {
    event = JSON.parse(raw);
  } catch {
    return { status: 400 };
  }
  if (event.event_type !== "form_response")
    return { status: 400 };
  const lead = event.form_response.hidden.lead_id;
  if (!/^[A-Za-z0-9_-]{1,64}$/.test(lead))
    return { status: 422 };
  return {
    path: "/api/v1/leads/" + lead,
    body: JSON.stringify(update(event.form_response)),
  };
}

module.exports = { key, request };
