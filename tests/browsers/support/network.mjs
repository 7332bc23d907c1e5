// The network of the tests: it consists of the loopback interface alone, so it can be cut without anybody else noticing.

import { execFileSync } from 'node:child_process';

/** Nothing gets anywhere until `restoreNetwork`. */
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
