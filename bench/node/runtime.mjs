// The authorizer with aws-jwt-verify, under Lambda's Runtime API.
// Lambda's own runtime client for Node.js is not on npm without a compiler; this loop does what it must and no more:
// https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html
import { Agent, get, request } from "node:http";
import { CognitoJwtVerifier } from "aws-jwt-verify";
import { SimpleJwksCache } from "aws-jwt-verify/jwk";

const agent = new Agent({ keepAlive: true });

// Over http, which the key endpoint of the benchmark speaks and the package's own fetcher does not.
const fetcher = {
  fetch: (_uri) =>
    new Promise((resolve, reject) => get(process.env.JWKS_URL, (answer) => body(answer).then(resolve)).on("error", reject)),
};
const verifier = CognitoJwtVerifier.create(
  { userPoolId: process.env.USER_POOL_ID, clientId: process.env.CLIENT_IDS.split(","), tokenUse: "access" },
  { jwksCache: new SimpleJwksCache({ fetcher }) },
);
if (process.env.JWKS) verifier.cacheJwks(JSON.parse(process.env.JWKS));

async function handler(event) {
  try {
    const claims = await verifier.verify(event.headers.authorization.slice("Bearer ".length));
    const { sub, username, client_id, token_use, exp, jti } = claims;
    const roles = (claims["cognito:groups"] ?? []).join(" ");
    return { isAuthorized: true, context: { sub, username, client_id, token_use, exp, jti, roles, scopes: claims.scope } };
  } catch {
    return { isAuthorized: false };
  }
}

async function body(answer) {
  const chunks = [];
  for await (const chunk of answer) chunks.push(chunk);
  return Buffer.concat(chunks);
}

function call(method, path, payload) {
  const [host, port] = process.env.AWS_LAMBDA_RUNTIME_API.split(":");
  return new Promise((resolve, reject) => {
    const sent = request({ agent, host, port, method, path: `/2018-06-01/runtime/invocation/${path}` }, resolve);
    sent.on("error", reject);
    sent.end(payload);
  });
}

for (;;) {
  const next = await call("GET", "next");
  const event = JSON.parse(await body(next));
  const answer = await handler(event);
  const id = next.headers["lambda-runtime-aws-request-id"];
  await body(await call("POST", `${id}/response`, JSON.stringify(answer)));
}
