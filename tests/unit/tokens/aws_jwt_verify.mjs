// Says what aws-jwt-verify makes of tokens: for each line of input one line, "accepted" or the class of the error.
// A line is the JSON array [properties of each pool, key set by pool id, token]. The argument is the folder above
// node_modules. What is wrong with a line ends the program: it must not pass for a refused token.
import { createRequire } from "node:module";
import { createInterface } from "node:readline";

const { CognitoJwtVerifier } = createRequire(`${process.argv[2]}/`)("aws-jwt-verify");

for await (const line of createInterface({ input: process.stdin })) {
  const [pools, keySets, token] = JSON.parse(line);
  const verifier = CognitoJwtVerifier.create(pools);
  for (const [pool, keySet] of Object.entries(keySets)) verifier.cacheJwks(keySet, pool);
  let answer = "accepted";
  try {
    verifier.verifySync(token);
  } catch (error) {
    answer = error.constructor.name;
  }
  console.log(answer);
}
