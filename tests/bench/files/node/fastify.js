"use strict";
// fastify.js - the bridge's work by fastify and undici, in one process:
// kept TLS connections upstream, the raw body kept for the proof.

const fs = require("fs");
const { createRequire } = require("module");

const modules = createRequire(process.env.BENCH_MODULES + "/");
const fastify = modules("fastify");
const { Pool } = modules("undici");
const map = require("./map.js");

const folder = process.env.BENCH_FOLDER;
const tls = process.env.BENCH_TLS === "1" ? {
  key: fs.readFileSync(folder + "/upstream.key"),
  cert: fs.readFileSync(folder + "/upstream.pem"),
} : null;
const pool = new Pool("https://localhost:" + process.env.BENCH_UPSTREAM, {
  connections: 64,
  pipelining: 1,
  connect: { ca: fs.readFileSync(folder + "/ca.pem"), family: 4 },
});
const headers = { "content-type": "application/json", "x-api-key": map.key };
const app = fastify({ logger: false, https: tls });

app.addContentTypeParser("application/json", { parseAs: "buffer" },
  (request, body, done) => done(null, body));
app.post("/hooks/typeform", async (request, reply) => {
  const patch = map.request(request.body,
    request.headers["typeform-signature"]);

  reply.type("application/json");
  if (patch.status)
    return reply.code(patch.status).send('{"success":false}');
  const answer = await pool.request({
    method: "PATCH", path: patch.path, headers, body: patch.body,
  });
  return reply.code(answer.statusCode).send(await answer.body.text());
});
app.listen({ host: "127.0.0.1", port: Number(process.env.BENCH_PORT) });
