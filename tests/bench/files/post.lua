-- post.lua - wrk's side: one signed webhook, over and over; results as JSON.

local function read(path)
    local f = assert(io.open(path, "rb"))
    local text = f:read("*a")
    f:close()
    return text
end

wrk.method = "POST"
wrk.body = read(os.getenv("BENCH_BODY"))
wrk.headers["Content-Type"] = "application/json"
wrk.headers["Typeform-Signature"] = os.getenv("BENCH_SIGNATURE")

function done(summary, latency)
    local e = summary.errors
    io.write(string.format('\nRESULT {"requests":%d,"us":%d,"p50":%d,' ..
        '"p99":%d,"failed":%d}\n', summary.requests, summary.duration,
        latency:percentile(50), latency:percentile(99),
        e.connect + e.read + e.write + e.status + e.timeout))
end
