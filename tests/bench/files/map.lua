-- map.lua - what the bridge does with this webhook, in nginx's Lua: proves
-- the sender (HMAC-SHA256 by OpenSSL through the FFI, with the key's state
-- kept), decodes with lua-cjson, maps the fields of mapping.cfg and hands the
-- PATCH to proxy_pass, which is faster than a subrequest.

local ffi = require "ffi"
local cjson = require "cjson.safe"

ffi.cdef[[
typedef struct hmac_ctx_st HMAC_CTX;
typedef struct evp_md_st EVP_MD;
typedef struct engine_st ENGINE;
HMAC_CTX *HMAC_CTX_new(void);
int HMAC_Init_ex(HMAC_CTX *ctx, const void *key, int len, const EVP_MD *md,
    ENGINE *impl);
int HMAC_Update(HMAC_CTX *ctx, const unsigned char *data, size_t len);
int HMAC_Final(HMAC_CTX *ctx, unsigned char *md, unsigned int *len);
const EVP_MD *EVP_sha256(void);
int CRYPTO_memcmp(const void *a, const void *b, size_t len);
]]

local C = ffi.C
local ctx = C.HMAC_CTX_new()
local digest = ffi.new("unsigned char[32]")
local digest_len = ffi.new("unsigned int[1]")

local f = assert(io.open(ngx.config.prefix() .. "typeform.secret", "r"))
local secret = f:read("*l")
f:close()
assert(C.HMAC_Init_ex(ctx, secret, #secret, C.EVP_sha256(), nil) == 1)

local function genuine(body, signature)
    if C.HMAC_Init_ex(ctx, nil, 0, nil, nil) ~= 1 or
        C.HMAC_Update(ctx, body, #body) ~= 1 or
        C.HMAC_Final(ctx, digest, digest_len) ~= 1 then
        return false
    end
    local want = "sha256=" .. ngx.encode_base64(ffi.string(digest, 32))
    return signature ~= nil and #signature == #want and
        C.CRYPTO_memcmp(signature, want, #want) == 0
end

local stages = { Hot = "qualified", Cold = "no_contact" }

local function first(...)
    for i = 1, select("#", ...) do
        local value = select(i, ...)
        if value ~= nil then
            return value
        end
    end
end

local function update_of(response)
    local answers, by_ref, titles = response.answers, {}, {}
    local questionnaire = {}

    for _, field in ipairs(response.definition.fields) do
        titles[field.id] = field.title
    end
    for i, answer in ipairs(answers) do
        by_ref[answer.field.ref] = answer
        questionnaire[i] = {
            key = answer.field.ref,
            question = titles[answer.field.id],
            answer = first(answer.text, answer.email, answer.phone_number,
                answer.boolean, answer.number),
        }
    end

    local name, email, phone = by_ref.first_name, by_ref.email, by_ref.phone
    local hidden = response.hidden
    return {
        firstName = name and name.text,
        email = email and email.email and email.email:lower(),
        phone = phone and phone.phone_number,
        status = stages[hidden.stage] or "pending",
        tags = { "typeform", "form-" .. response.form_id },
        address = { city = hidden.city, country = "CH" },
        questionnaire = questionnaire,
    }
end

local function refuse(status, body)
    ngx.status = status
    ngx.header.content_type = "application/json"
    ngx.print(body)
    return ngx.exit(status)
end

local map = {}

function map.request()
    if ngx.req.get_method() ~= "POST" then
        return refuse(405, '{"success":false}')
    end
    ngx.req.read_body()
    local body = ngx.req.get_body_data()
    if body == nil or
        not genuine(body, ngx.var.http_typeform_signature) then
        return refuse(401, '{"success":false}')
    end
    local document = cjson.decode(body)
    if document == nil or document.event_type ~= "form_response" then
        return refuse(400, '{"success":false}')
    end
    local lead = document.form_response.hidden.lead_id
    if not ngx.re.find(lead, "^[A-Za-z0-9_-]{1,64}$", "jo") then
        return refuse(422, '{"success":false}')
    end
    ngx.var.lead = lead
    ngx.req.set_method(ngx.HTTP_PATCH)
    ngx.req.set_body_data(cjson.encode(update_of(document.form_response)))
end

return map
