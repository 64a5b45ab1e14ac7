-- How Argo CD shows an ElevationApproval. Waiting for people or for its time is Suspended: it fails nothing. What has
-- ended, as planned or by people, is Healthy: nothing is wrong and nothing remains to do. Invalid needs mending.
local healthOf = {
  Pending = "Suspended",
  Approved = "Suspended",
  Suspended = "Suspended",
  Live = "Healthy",
  Denied = "Healthy",
  Revoked = "Healthy",
  Expired = "Healthy",
  Exhausted = "Healthy",
  Invalid = "Degraded",
}
local isOver = { Denied = true, Revoked = true, Expired = true, Exhausted = true }

-- Argo CD's Lua has no string library, and indexing what is no table is an error.
local function member(of, key)
  if type(of) == "table" then
    return of[key]
  end
end

local status = member(obj, "status")
local phase = member(status, "phase")
if type(phase) ~= "string" or healthOf[phase] == nil
  or member(status, "observedGeneration") ~= member(member(obj, "metadata"), "generation") then
  return { status = "Progressing", message = "Writ has not looked at it yet" }
end

local message = phase
local conditions = member(status, "conditions")
if type(conditions) == "table" then
  for _, condition in ipairs(conditions) do
    if member(condition, "type") == "Live" and type(member(condition, "message")) == "string" then
      message = phase .. ": " .. condition.message
    end
  end
end
if isOver[phase] then
  message = message .. " (over: its file can go)"
end
return { status = healthOf[phase], message = message }
