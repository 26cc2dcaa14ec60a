// The page after a log-in: completes the attempt with the person's key, and with what the address holds.
"use strict";

const part = (id) => document.getElementById(id);
const came = new URLSearchParams(location.search);
// Out of the history: a code is good once, and nobody else's business.
history.replaceState(null, "", location.pathname);

part("came").textContent = !came.has("state")
  ? "Nothing came with this address: begin at the application that sent you to log in."
  : came.has("error")
    ? "You were not let in, or did not agree. Send it on, so that the attempt ends, and begin anew."
    : "You have logged in. Complete it here only if it was you who began it: whoever holds the key acts with the account.";
part("complete").hidden = !came.has("state");

part("complete").addEventListener("submit", async (event) => {
  event.preventDefault();
  part("outcome").textContent = "";
  const names = ["state", "code", "iss", "error"].filter((name) => came.has(name));
  const body = Object.fromEntries(names.map((name) => [name, came.get(name)]));
  // The answer of another authorization server would have come to another address.
  body.redirect_uri = location.origin + location.pathname;
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
