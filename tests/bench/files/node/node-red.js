"use strict";
// node-red.js - settings of Node-RED: no editor, no telemetry, and the flow
// of flow.json, whose function node calls map.js.

const fs = require("fs");

const folder = process.env.BENCH_FOLDER;

module.exports = {
  uiHost: "127.0.0.1",
  uiPort: Number(process.env.BENCH_PORT),
  https: process.env.BENCH_TLS === "1" ? {
    key: fs.readFileSync(folder + "/upstream.key"),
    cert: fs.readFileSync(folder + "/upstream.pem"),
  } : undefined,
  userDir: folder + "/node-red",
  flowFile: folder + "/node-red/flow.json",
  credentialSecret: false,
  httpAdminRoot: false,
  disableEditor: true,
  telemetry: { enabled: false, updateNotification: false },
  externalModules: { autoInstall: false },
  functionGlobalContext: {
    map: require(process.env.BENCH_FILES + "/node/map.js"),
    upstream: "https://localhost:" + process.env.BENCH_UPSTREAM,
  },
  logging: { console: { level: "error", metrics: false, audit: false } },
};
