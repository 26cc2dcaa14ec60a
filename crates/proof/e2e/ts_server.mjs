// An MCP server of the official TypeScript SDK, of both eras, for the matrix.
// Usage: ts_server.mjs PORT, in a folder whose node_modules holds the SDK.
import { createServer } from "node:http";
import { createRequire } from "node:module";
import { join } from "node:path";
import { pathToFileURL } from "node:url";

// Modules are looked for beside a script; what this one needs lies where it is started.
const found = createRequire(join(process.cwd(), "package.json"));
const load = (name) => import(pathToFileURL(found.resolve(name)));
const { createMcpHandler, McpServer } = await load("@modelcontextprotocol/server");
const { toNodeHandler } = await load("@modelcontextprotocol/node");
const { z } = await load("zod");

const handler = createMcpHandler(() => {
  const server = new McpServer({ name: "typescript-sdk", version: "1.0.0" });
  const inputSchema = z.object({ a: z.number().int(), b: z.number().int() });
  const add = ({ a, b }) => ({ content: [{ type: "text", text: String(a + b) }] });
  server.registerTool("get_sum", { description: "Adds two numbers.", inputSchema }, add);
  return server;
});

createServer(toNodeHandler(handler)).listen(Number(process.argv[2]), "127.0.0.1");
