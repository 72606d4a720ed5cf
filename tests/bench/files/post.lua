-- post.lua - wrk's side: one request, over and over; results as JSON. The
-- signed webhook to a target, or (BENCH_KEY set) the PATCH to the upstream, or
-- (BENCH_EVENTS set) in turn the webhooks of a file: signature, tab, body.

local function read(path)
    local f = assert(io.open(path, "rb"))
    local text = f:read("*a")
    f:close()
    return text
end

local key = os.getenv("BENCH_KEY")

wrk.method = key and "PATCH" or "POST"
wrk.body = read(os.getenv("BENCH_BODY"))
wrk.headers["Content-Type"] = "application/json"
if key then
    wrk.headers["X-API-Key"] = key
else
    wrk.headers["Typeform-Signature"] = os.getenv("BENCH_SIGNATURE")
end

local events = os.getenv("BENCH_EVENTS")

if events then
    local requests, at = {}, 0

    function init()
        for line in io.lines(events) do
            local signature, body = line:match("^([^\t]*)\t(.*)$")
            wrk.headers["Typeform-Signature"] = signature
            requests[#requests + 1] = wrk.format(nil, nil, nil, body)
        end
    end

    function request()
        at = at % #requests + 1
        return requests[at]
    end
end

function done(summary, latency)
    local e = summary.errors
    io.write(string.format('\nRESULT {"requests":%d,"us":%d,"p50":%d,' ..
        '"p99":%d,"failed":%d}\n', summary.requests, summary.duration,
        latency:percentile(50), latency:percentile(99),
        e.connect + e.read + e.write + e.status + e.timeout))
end
