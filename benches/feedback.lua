-- One feedback a request: a new correction of one of the interactions in the file IDS.
-- Arguments after `--`: KEY IDS RUN; the number RUN makes this run's feedback new, and its authors
-- others than those of the runs before, who would otherwise change their minds.

local threads = 0

function setup(thread)
   thread:set("number", threads)
   threads = threads + 1
end

function init(args)
   ids = {}
   for line in io.lines(args[2]) do
      ids[#ids + 1] = line
   end
   run = tonumber(args[3])
   sent = number * 10000000
   at = number * 7919
   round = 0
   headers = {
      ["Authorization"] = "Bearer " .. args[1],
      ["Content-Type"] = "application/json",
   }
end

function request()
   sent = sent + 1
   at = at + 1
   if at > #ids then
      at = 1
      round = round + 1
   end
   local author = (at * 7 + round + run * 40) % 1000
   local body = '{"interaction":"' .. ids[at] .. '","external_id":"' .. run .. "-" .. sent
      .. '","author":"person' .. author .. '@example.com","verdict":"corrected",'
      .. '"correction":"You may return it within ' .. run .. sent .. ' days, and shipping back is free.",'
      .. '"category":"wrong_answer","severity":"high",'
      .. '"comment":"The answer leaves out that shipping back is free."}'
   return wrk.format("POST", "/api/v1/feedback", headers, body)
end

function response(status, _, body)
   if status ~= 201 and not told then
      told = true
      io.stderr:write("answered ", status, ": ", body, "\n")
   end
end
