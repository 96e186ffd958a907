// Verifies blocks of tokens with aws-jwt-verify: a JSON list of tokens a line comes in, a list of nanoseconds goes out.
import { createInterface } from "node:readline";
import { CognitoJwtVerifier } from "aws-jwt-verify";

const { userPoolId, clientId, jwks } = JSON.parse(process.argv[2]);
const verifier = CognitoJwtVerifier.create({ userPoolId, clientId, tokenUse: "access" });
verifier.cacheJwks(jwks);

for await (const line of createInterface({ input: process.stdin })) {
  const spent = [];
  for (const token of JSON.parse(line)) {
    const begun = process.hrtime.bigint();
    verifier.verifySync(token);
    spent.push(Number(process.hrtime.bigint() - begun));
  }
  process.stdout.write(JSON.stringify(spent) + "\n");
}
