// The page of one approval: read it with the person's key, show it as text, send the decision.
"use strict";

const main = document.querySelector("main");
const resource = `/integrations/approvals/${main.dataset.approval}`;
const part = (id) => document.getElementById(id);
let key = "";

async function ask(method, path, body) {
  const response = await fetch(path, {
    method,
    headers: { authorization: `Bearer ${key}`, ...(body && { "content-type": "application/json" }) },
    body: body && JSON.stringify(body),
  });
  const answer = await response.json();
  if (!response.ok) throw new Error(answer.detail ?? `status ${response.status}`);
  return answer;
}

// Signs that are not seen, or that turn the order of others, are written out: what is read must be what is sent.
const UNSEEN = /[\p{Default_Ignorable_Code_Point}\p{Cf}\p{Zl}\p{Zp}\u007f-\u009f]/gu;
const visible = (text) => text.replace(UNSEEN, (sign) => `\\u{${sign.codePointAt(0).toString(16)}}`);

// What the gate knows of the tool and its server besides. Who may read the approval may read it; what is gone meanwhile is
// left out, since the call can be judged without.
async function known({ server_id, tool_id }) {
  const server = `/integrations/mcp-servers/${server_id}`;
  const read = (path) => ask("GET", path).catch(() => undefined);
  return Promise.all([read(server), read(`${server}/tools/${tool_id}`)]);
}

async function show(approval) {
  const [server, tool] = await known(approval);
  // What the server says by now is not what was pinned, and must not be taken for it.
  const pinned = tool?.definition_hash === approval.pinned_hash ? tool : undefined;
  const rows = [
    ["Status", approval.status],
    ["Asked by", `${approval.actor_id} (${approval.actor_type}, ${approval.requested_by})`],
    ["Tool", `${approval.tool_name} (${approval.tool_id})`],
    ["What its server says of it", pinned ? pinned.description ?? "nothing" : "cannot be shown"],
    ["Server", server ? `${server.name}, ${server.url} (${approval.server_id})` : approval.server_id],
    ["What an admin says of the server", server?.description ?? "nothing"],
    ["Risk", approval.risk_level],
    ["Approver", approval.rule === "four_eyes" ? "somebody else than who asks" : "anybody with authority"],
    ["Run", approval.run_id ?? "none named"],
    ["Pinned definition", approval.pinned_hash ?? "none"],
    ["Policies", `version ${approval.policy_version}: ${approval.policy_ids.join(", ")}`],
    ["Asked at", approval.requested_at],
    ["Counts as refused from", approval.expires_at],
    ["Decided", approval.decided_by ? `by ${approval.decided_by}: ${approval.reason}` : "not yet"],
  ];
  const lines = rows.map(([name, value]) => {
    const line = document.createElement("tr");
    line.append(document.createElement("th"), document.createElement("td"));
    line.firstChild.textContent = name;
    line.lastChild.textContent = visible(value);
    return line;
  });
  part("facts").replaceChildren(...lines);
  if (approval.arguments !== undefined) {
    part("arguments").textContent = visible(JSON.stringify(approval.arguments, null, 2));
  }
  part("definition").textContent = pinned
    ? visible(JSON.stringify(pinned.definition, null, 2))
    : "It cannot be shown: the tool is gone, cannot be read, or has another definition by now.";
  part("decide").hidden = approval.status !== "pending";
  part("call").hidden = false;
}

async function told(step) {
  part("outcome").textContent = "";
  try {
    await step();
  } catch (error) {
    part("outcome").textContent = error.message;
  }
}

part("open").addEventListener("submit", (event) => {
  event.preventDefault();
  key = part("key").value.trim();
  told(async () => show(await ask("GET", resource)));
});

part("decide").addEventListener("submit", (event) => {
  event.preventDefault();
  const decision = event.submitter.value;
  told(async () => {
    await show(await ask("POST", `${resource}/${decision}`, { reason: part("reason").value }));
    part("outcome").textContent =
      decision === "grant" ? "Approved. The agent can make the call now." : "Refused. The agent is told.";
  });
});
