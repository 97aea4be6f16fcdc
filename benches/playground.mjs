// One step of TensorFlow Playground's own engine on T1 of benches/training.rs: microseconds.
//
//     npx esbuild PLAYGROUND/src/nn.ts --format=esm --outfile=nn.mjs
//     node benches/playground.mjs nn.mjs
//
// A step is what its player does: ten examples forward and back, one after the other, and an update.

import { resolve } from "node:path";
import { pathToFileURL } from "node:url";

const nn = await import(pathToFileURL(resolve(process.argv[2])).href);
const BATCH = 10;
const STEPS = 2000;
const RUNS = 5;

const { TANH } = nn.Activations;
const network = nn.buildNetwork([2, 8, 8, 8, 8, 8, 8, 1], TANH, TANH, null, ["x", "y"], false);
const normal = () => Math.sqrt(-2 * Math.log(1 - Math.random())) * Math.cos(2 * Math.PI * Math.random());
const examples = Array.from({ length: BATCH }, () => ({ x: [normal(), normal()], y: normal() }));

function run() {
  const start = performance.now();
  for (let step = 0; step < STEPS; step++) {
    for (const { x, y } of examples) {
      nn.forwardProp(network, x);
      nn.backProp(network, y, nn.Errors.SQUARE);
    }
    nn.updateWeights(network, 1e-4, 0);
  }
  return ((performance.now() - start) * 1e3) / STEPS;
}

run();
console.log(Math.min(...Array.from({ length: RUNS }, run)).toFixed(1));
