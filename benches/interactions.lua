-- A hundred interactions a request, each with an external id of its own.
-- Arguments after `--`: KEY RUN

local threads = 0

function setup(thread)
   thread:set("number", threads)
   threads = threads + 1
end

function init(args)
   run = args[2] .. "-" .. number
   sent = 0
   headers = {
      ["Authorization"] = "Bearer " .. args[1],
      ["Content-Type"] = "application/json",
   }
end

local function line()
   sent = sent + 1
   return '{"external_id":"' .. run .. "-" .. sent .. '","agent":"load","agent_version":"v3",'
      .. '"team":"support","conversation_id":"c-' .. (sent / 4 - sent / 4 % 1)
      .. '","input":"May I return what I bought in shop ' .. sent .. ', and who pays?",'
      .. '"output":"You may return it within six weeks. Put it into the box it came in.",'
      .. '"confidence":0.62,"model":"m-1","latency_ms":840,"input_tokens":412,'
      .. '"output_tokens":18,"cost_usd":"0.0041","metadata":{"channel":"chat"}}'
end

function request()
   local lines = {}
   for n = 1, 100 do
      lines[n] = line()
   end
   local body = "[" .. table.concat(lines, ",") .. "]"
   return wrk.format("POST", "/api/v1/interactions", headers, body)
end
