-- 1 KiB uploads for wrk, each with bytes of its own. KIND is "csvp" or "nginx".
local kind = os.getenv("KIND")
local threads = 0
local row = "%07d,2024-03-%02d,Zoe,%d.25,some words\n"

function setup(thread)
  threads = threads + 1
  thread:set("number", threads)
end

local n = 0

function request()
  n = n + 1
  local lines = { "id,day,name,price,note\n" }
  local size = #lines[1]
  local i = 0
  while size < 1024 do
    i = i + 1
    local line = string.format(row, number * 10000000 % 9999999 + n, i % 28 + 1, i)
    lines[#lines + 1] = line
    size = size + #line
  end
  local body = table.concat(lines):sub(1, 1023) .. "\n"
  local name = string.format("%d-%d.csv", number, n)
  if kind == "nginx" then
    return wrk.format("PUT", "/" .. name, nil, body)
  end
  return wrk.format("POST", "/api/v1/uploads?name=" .. name, { ["Content-Type"] = "text/csv" }, body)
end

function done(summary, latency)
  local errors = summary.errors
  local failed = errors.connect + errors.read + errors.write + errors.status + errors.timeout
  io.write(string.format("RESULT %d %d %d %d %d\n", summary.requests, summary.duration, failed, latency:percentile(50),
    latency:percentile(99)))
end
