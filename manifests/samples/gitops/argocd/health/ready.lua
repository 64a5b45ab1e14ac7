-- How Argo CD shows an AgentCapability and an IdentityOwner: by the condition Ready. Suspended by people is Suspended;
-- whatever else keeps it from being ready needs somebody to act.
local isSuspended = { CapabilitySuspended = true, OwnerSuspended = true }

-- Argo CD's Lua has no string library, and indexing what is no table is an error.
local function member(of, key)
  if type(of) == "table" then
    return of[key]
  end
end

local status = member(obj, "status")
local conditions = member(status, "conditions")
if type(conditions) ~= "table"
  or member(status, "observedGeneration") ~= member(member(obj, "metadata"), "generation") then
  return { status = "Progressing", message = "Writ has not looked at it yet" }
end

for _, condition in ipairs(conditions) do
  if member(condition, "type") == "Ready" then
    local message = ""
    if type(member(condition, "message")) == "string" then
      message = condition.message
    end
    local reason = member(condition, "reason")
    if member(condition, "status") == "True" then
      return { status = "Healthy", message = message }
    elseif type(reason) == "string" and isSuspended[reason] then
      return { status = "Suspended", message = message }
    end
    return { status = "Degraded", message = message }
  end
end
return { status = "Progressing", message = "Writ has not looked at it yet" }
