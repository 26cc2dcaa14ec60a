// Begins to connect an account, with the person's key, and sends the browser to where they log in.
"use strict";

const part = (id) => document.getElementById(id);

part("begin").addEventListener("submit", async (event) => {
  event.preventDefault();
  part("outcome").textContent = "";
  try {
    const response = await fetch("/integrations/connections", {
      method: "POST",
      headers: { authorization: `Bearer ${part("key").value.trim()}`, "content-type": "application/json" },
      body: JSON.stringify({ server_id: document.querySelector("main").dataset.server }),
    });
    const answer = await response.json();
    if (!response.ok) throw new Error(answer.detail ?? `status ${response.status}`);
    const url = new URL(answer.authorization_url);
    if (!["https:", "http:"].includes(url.protocol)) throw new Error("the server's log-in is no web page");
    location.assign(url);
  } catch (error) {
    part("outcome").textContent = error.message;
  }
});
