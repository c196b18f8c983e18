-- Health of Surety's kinds for Argo CD. Broken promises do not stop a deployment: they are Healthy, and the message says
-- that they are broken.
local function condition(name)
  for _, found in ipairs((obj.status or {}).conditions or {}) do
    if found.type == name then
      return found
    end
  end
  return {}
end

local status = obj.status or {}
if status.observedGeneration == nil or status.observedGeneration ~= obj.metadata.generation then
  return { status = "Progressing", message = "Surety has not seen this generation yet" }
end
local stalled = condition("Stalled")
if stalled.status == "True" then
  return { status = "Degraded", message = stalled.reason .. ": " .. (stalled.message or "") }
end
if condition("Ready").status ~= "True" then
  return { status = "Progressing", message = "Surety has not taken this in yet" }
end
local compliant = condition("Compliant")
if compliant.status == "False" then
  return { status = "Healthy", message = "not compliant: " .. (compliant.message or "") }
end
return { status = "Healthy", message = "" }
