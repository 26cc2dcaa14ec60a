// The page after a log-in: completes the attempt with the person's key, and with what the address holds.
"use strict";

const part = (id) => document.getElementById(id);
const came = new URLSearchParams(location.search);
// Out of the history: a code is good once, and nobody else's business.
history.replaceState(null, "", location.pathname);

part("complete").addEventListener("submit", async (event) => {
  event.preventDefault();
  part("outcome").textContent = "";
  const names = ["state", "code", "iss", "error"].filter((name) => came.has(name));
  const body = Object.fromEntries(names.map((name) => [name, came.get(name)]));
  try {
    const response = await fetch("/integrations/connections/complete", {
      method: "POST",
      headers: { authorization: `Bearer ${part("key").value.trim()}`, "content-type": "application/json" },
      body: JSON.stringify(body),
    });
    const answer = await response.json();
    if (!response.ok) throw new Error(answer.detail ?? `status ${response.status}`);
    part("complete").hidden = true;
    part("outcome").textContent = "Connected. You may close this page.";
  } catch (error) {
    part("outcome").textContent = error.message;
  }
});
