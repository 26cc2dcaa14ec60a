// Connects an account, with the person's key: sends the browser to where they log in, or takes a secret of the account.
"use strict";

const part = (id) => document.getElementById(id);
const server = document.querySelector("main").dataset.server;
const connection = `/integrations/mcp-servers/${server}/connection`;

const ask = async (method, path, body) => {
  const response = await fetch(path, {
    method,
    headers: { authorization: `Bearer ${part("key").value.trim()}`, "content-type": "application/json" },
    body: body && JSON.stringify(body),
  });
  const answer = await response.json();
  if (!response.ok) throw new Error(answer.detail ?? `status ${response.status}`);
  return answer;
};

const logIn = async () => {
  const answer = await ask("POST", "/integrations/connections", { server_id: server });
  const url = new URL(answer.authorization_url);
  if (!["https:", "http:"].includes(url.protocol)) throw new Error("the server's log-in is no web page");
  location.assign(url);
};

const giveSecret = async () => {
  const field = part("secret");
  if (part("own").hidden || !field.value) {
    part("own").hidden = false;
    field.focus();
    return;
  }
  await ask("PUT", connection, { secret: field.value });
  field.value = "";
  part("outcome").textContent = "Connected. Your agent may go on.";
};

part("begin").addEventListener("submit", async (event) => {
  event.preventDefault();
  part("outcome").textContent = "";
  try {
    const { way } = await ask("GET", connection);
    await (way === "secret" ? giveSecret() : logIn());
  } catch (error) {
    part("outcome").textContent = error.message;
  }
});
