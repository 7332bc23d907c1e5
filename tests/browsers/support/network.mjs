// The tests' network: only the loopback interface of its own namespace, so cutting it affects nothing else.

import { execFileSync } from 'node:child_process';

/** Cuts the network until `restoreNetwork`. */
export function cutNetwork() {
  const interfaces = execFileSync('ip', ['-oneline', 'link'], { encoding: 'utf8' }).trim().split('\n');
  if (interfaces.length !== 1) throw new Error('this is not the network of the tests; start them with: npm test');
  setLoopback('down');
}

export function restoreNetwork() {
  setLoopback('up');
}

function setLoopback(state) {
  execFileSync('ip', ['link', 'set', 'lo', state]);
}
