// The import rules of the page: app → pages → features → rtc, signaling, components → lib.

import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { expect, it } from 'vitest';

const belowPages = ['rtc', 'signaling', 'components', 'lib'];

/** The folders that each folder may import from, other than itself. */
const allowedFolders: Record<string, string[]> = {
  'main.tsx': ['app', 'lib', 'index.css'],
  app: ['pages', 'features', ...belowPages],
  pages: ['features', ...belowPages],
  'features/*': belowPages,
  'rtc/call': ['rtc/connection', 'rtc/media', 'rtc/quality', 'signaling', 'lib'],
  'rtc/connection': ['rtc/quality', 'signaling', 'lib'],
  'rtc/media': ['lib'],
  'rtc/quality': ['lib'],
  'rtc/check': ['signaling', 'lib'],
  signaling: ['lib'],
  components: ['lib'],
  lib: [],
  testing: ['rtc', 'signaling', 'lib'],
};

const eventNames = [
  ...read('signaling/wire.ts').matchAll(/^ {2}([a-z]+_[a-z_]+): (\{ payload|[A-Z])/gm),
].map(([, name]) => name ?? '');

function read(file: string): string {
  return readFileSync(path.join(import.meta.dirname, file), 'utf8');
}

function folderOf(file: string): string {
  const [top = '', sub = ''] = file.split('/');
  return ['features', 'rtc'].includes(top) ? `${top}/${sub}` : top;
}

function isAllowed(from: string, imported: string): boolean {
  const folder = folderOf(from);
  const target = folderOf(imported);
  const isTest = from.includes('.test.');
  if (folder === target) return true;
  if (target === 'testing') return isTest;
  if (imported === 'signaling/wire') return false;
  const allowed = allowedFolders[folder] ?? allowedFolders[folder.replace(/\/.*/, '/*')];
  return (allowed ?? []).some((name) => `${target}/`.startsWith(`${name}/`));
}

function isPackageAllowed(from: string, name: string): boolean {
  const folder = folderOf(from).split('/')[0];
  if (name.startsWith('socket.io')) return folder === 'signaling';
  return !/^react/.test(name) || (folder !== 'rtc' && folder !== 'signaling');
}

/** Descriptions of the rules that a file breaks. */
function violations(file: string, source: string): string[] {
  const imports = source.matchAll(/(?:from|import|import\()\s*'([^']+)'/g);
  const broken = [...imports].flatMap(([, specifier = '']) => {
    const isRelative = specifier.startsWith('.');
    const target = path.join(path.dirname(file), specifier);
    const isFine = isRelative ? isAllowed(file, target) : isPackageAllowed(file, specifier);
    return isFine ? [] : [`${file} imports ${isRelative ? target : specifier}`];
  });
  const isOutside = folderOf(file) !== 'signaling' && !file.includes('.test.');
  const named = eventNames.filter((name) => isOutside && source.includes(`'${name}'`));
  return [...broken, ...named.map((name) => `${file} names the event ${name}`)];
}

it('keeps every file to the import rules', () => {
  const files = readdirSync(import.meta.dirname, { recursive: true, encoding: 'utf8' })
    .map((file) => file.replaceAll('\\', '/'))
    .filter((file) => /\.tsx?$/.test(file) && file !== 'imports.test.ts');
  expect(files.length).toBeGreaterThan(100);
  expect(files.flatMap((file) => violations(file, read(file)))).toEqual([]);
});

it.each([
  ['pages/Room.tsx', "import { App } from '../app/App';"],
  ['features/chat/fold.ts', "import { chime } from '../call/chime';"],
  ['features/chat/fold.ts', "import { Room } from '../../pages/Room';"],
  ['features/chat/fold.ts', "import { limits } from '../../signaling/wire';"],
  ['rtc/quality/level.ts', "import type { Call } from '../call/call';"],
  ['rtc/media/capture.ts', "import { useEffect } from 'react';"],
  ['rtc/call/call.ts', "import '../../components/Lazy';"],
  ['rtc/call/call.ts', "import { fakeStream } from '../../testing/fakeMedia';"],
  ['signaling/retry.ts', "import { useState } from 'react';"],
  ['signaling/retry.ts', "const call = await import('../rtc/call/call');"],
  ['components/Lazy.tsx', "import { Call } from '../rtc/call/call';"],
  ['lib/time.ts', "import { cn } from '../components/ui/Button';"],
  ['pages/visit.ts', "import { io } from 'socket.io-client';"],
  ['pages/visit.ts', "socket.emit('join_room', {});"],
])('finds the violation in %s: %s', (file, source) => {
  expect(violations(file, source)).toHaveLength(1);
});
