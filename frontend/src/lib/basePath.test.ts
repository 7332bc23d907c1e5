// Links and addresses of the server under a path prefix.

import { afterEach, describe, expect, it } from 'vitest';
import { addressUnderBase, basePath, serverPath } from './basePath';
import { invitationTo } from './paths';

function setBase(href: string): void {
  const base = document.createElement('base');
  base.setAttribute('href', href);
  document.head.append(base);
}

afterEach(() => document.querySelector('base')?.remove());

describe('without a prefix', () => {
  it.each([null, '/'])('with a base of %j, addresses begin at the root', (href) => {
    if (href) setBase(href);
    expect(basePath()).toBe('');
    expect(serverPath('/api/v1/ice-servers')).toBe('/api/v1/ice-servers');
    expect(invitationTo('a/b')).toBe(`${window.location.origin}/room/a%2Fb`);
    expect(addressUnderBase(new URL('http://a.example/room/7') as unknown as Location)).toBeNull();
  });
});

describe('under a prefix', () => {
  it.each(['/visits/', '/visits'])('with a base of %j, addresses begin with it', (href) => {
    setBase(href);
    expect(basePath()).toBe('/visits');
    expect(serverPath('/socket.io')).toBe('/visits/socket.io');
    expect(invitationTo('7')).toBe(`${window.location.origin}/visits/room/7`);
  });

  it.each([
    ['/visits', null],
    ['/visits/room/7?name=Ann', null],
    ['/', '/visits/'],
    ['/visitsx', '/visits/visitsx'],
    ['/room/7?name=Ann#end', '/visits/room/7?name=Ann#end'],
  ])('a page opened at %j belongs to %j', (path, address) => {
    setBase('/visits/');
    const location = new URL(path, 'http://a.example') as unknown as Location;
    expect(addressUnderBase(location)).toBe(address);
  });
});
