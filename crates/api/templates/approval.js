// The page of one approval: read it with the person's key, show it as text, send the decision.
"use strict";

const main = document.querySelector("main");
const resource = `/integrations/approvals/${main.dataset.approval}`;
const part = (id) => document.getElementById(id);
const button = (decision) => document.querySelector(`button[value="${decision}"]`);
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

// What the gate knows of the tool, its server and the toolset besides. Who may read the approval may read it; what is gone
// meanwhile is left out, since the call can be judged without.
async function known({ server_id, tool_id, through }) {
  const server = `/integrations/mcp-servers/${server_id}`;
  const read = (path) => ask("GET", path).catch(() => undefined);
  const toolset = through && read(`/integrations/toolsets/${through.toolset_id}`);
  return Promise.all([read(server), read(`${server}/tools/${tool_id}`), toolset]);
}

// The three that let data out together.
const touched = (flows) =>
  flows
    ? `reads what is private: ${flows.private_reads}; reads what strangers wrote: ${flows.untrusted_reads}; ` +
      `sends out: ${flows.egress}`
    : "not kept account of when this was asked for";

async function show(approval) {
  const [server, tool, toolset] = await known(approval);
  const through = approval.through;
  // What the server says by now is not what was pinned, and must not be taken for it.
  const pinned = tool?.definition_hash === approval.pinned_hash ? tool : undefined;
  const rows = [
    ["Status", approval.status],
    ["Asked by", `${approval.actor_id} (${approval.actor_type}, ${approval.requested_by})`],
    ["Tool", `${approval.tool_name} (${approval.tool_id})`],
    ["What its server says of it", pinned ? pinned.description ?? "nothing" : "cannot be shown"],
    ["Server", server ? `${server.name}, ${server.url} (${approval.server_id})` : approval.server_id],
    ["What an admin says of the server", server ? server.description ?? "nothing" : "cannot be shown"],
    ["Risk", approval.risk_level],
    ["Approver", approval.rule === "four_eyes" ? "an admin who is not who asks" : "any admin"],
    ["Toolset", through ? `${toolset?.name ?? through.toolset_id}; the tool is ${through.name} there` : "none: called directly"],
    ["Run", approval.run_id ?? "none named"],
    ["What the run will have touched with it", touched(approval.flows)],
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
  // A grant can be taken back until its call is made.
  part("decide").hidden = !["pending", "granted"].includes(approval.status);
  button("grant").hidden = approval.status !== "pending";
  button("deny").textContent = approval.status === "granted" ? "Take it back" : "Refuse it";
  part("call").hidden = false;
}

async function told(step) {
  part("outcome").textContent = "";
  try {
    await step();
  } catch (error) {
    part("outcome").textContent = error.message;
  }
  part("outcome").scrollIntoView({ block: "nearest" });
}

part("open").addEventListener("submit", (event) => {
  event.preventDefault();
  key = part("key").value.trim();
  part("call").hidden = true;
  told(async () => show(await ask("GET", resource)));
});

// By a button alone: whoever presses Enter after the reason has not said which of the two is meant.
part("decide").addEventListener("submit", (event) => event.preventDefault());

const decisions = ["grant", "deny"];

async function decide(decision) {
  const isGranted = button("grant").hidden;
  decisions.forEach((one) => (button(one).disabled = true));
  try {
    await show(await ask("POST", `${resource}/${decision}`, { reason: part("reason").value }));
    part("reason").value = "";
    const refused = isGranted ? "Taken back. The call can no longer be made." : "Refused. The agent is told.";
    part("outcome").textContent = decision === "grant" ? "Approved. The agent can make the call now." : refused;
  } finally {
    decisions.forEach((one) => (button(one).disabled = false));
  }
}

for (const decision of decisions) {
  button(decision).addEventListener("click", () => {
    if (part("decide").reportValidity()) told(() => decide(decision));
  });
}
