// The suite knows no keys: this adds one to every request. Usage: with_key.mjs PORT URL, the key in PORTCULLIS_KEY.
import http from "node:http";

const [port, url] = process.argv.slice(2);
const target = new URL(url);
const authorization = `Bearer ${process.env.PORTCULLIS_KEY}`;

http
  .createServer((request, response) => {
    const { hostname, port, pathname: path } = target;
    const headers = { ...request.headers, authorization };
    const onward = http.request({ hostname, port, path, method: request.method, headers }, (answer) => {
      response.writeHead(answer.statusCode, answer.headers);
      answer.pipe(response);
    });
    onward.on("error", () => response.destroy());
    response.on("close", () => onward.destroy());
    request.pipe(onward);
  })
  .listen(Number(port), "127.0.0.1");
