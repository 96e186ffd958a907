// Judges simulations of IAM: an array of them on standard input, an array of verdicts on standard output.
import { createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';
import { text } from 'node:stream/consumers';

const packages = createRequire(pathToFileURL(process.argv[2] + '/'));
const { runSimulation } = packages('@cloud-copilot/iam-simulate');

const verdicts = [];
for (const simulation of JSON.parse(await text(process.stdin))) {
  const ran = await runSimulation(simulation, {});
  if (ran.resultType !== 'single') throw new Error(JSON.stringify({ simulation, ran }, null, 2));
  verdicts.push({ verdict: ran.overallResult, ignored: ran.result.ignoredContextKeys ?? [] });
}
process.stdout.write(JSON.stringify(verdicts));
