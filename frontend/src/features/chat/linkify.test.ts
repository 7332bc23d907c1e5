// Parts of a message that are links, and parts that are not.

import { describe, expect, it } from 'vitest';
import { linkify } from './linkify';

const linksIn = (text: string) => linkify(text).flatMap(({ text, href }) => (href ? [text] : []));
const hrefsIn = (text: string) => linkify(text).flatMap(({ href }) => href ?? []);

describe('a link', () => {
  it.each([
    ['https://example.com/a?b=c#d', 'https://example.com/a?b=c#d'],
    ['HTTP://EXAMPLE.COM', 'http://example.com/'],
    ['www.example.com/a', 'https://www.example.com/a'],
    ['mailto:ann@example.com', 'mailto:ann@example.com'],
    ['https://[::1]:8080/', 'https://[::1]:8080/'],
  ])('%s leads to %s', (text, href) => {
    expect(linkify(text)).toEqual([{ text, href }]);
  });

  it('of an international domain is shown as typed', () => {
    expect(linkify('https://bücher.example/ä')).toEqual([
      { text: 'https://bücher.example/ä', href: 'https://xn--bcher-kva.example/%C3%A4' },
    ]);
  });

  it.each([
    ['See https://example.com.', 'https://example.com'],
    ['(https://example.com/a_(b))', 'https://example.com/a_(b)'],
    ['[here](https://example.com/).', 'https://example.com/'],
    ['Is it “https://example.com/?a=1”?!', 'https://example.com/?a=1'],
    ['https://example.com/a,b;c…', 'https://example.com/a,b;c'],
    ['**https://example.com**', 'https://example.com'],
    ['見て https://example.com/診察。', 'https://example.com/診察'],
    ['https://example.com/a))', 'https://example.com/a'],
  ])('in %s ends before the sentence’s punctuation', (text, link) => {
    expect(linksIn(text)).toEqual([link]);
  });

  it('stands among others without loss of text between them', () => {
    const text = 'a https://a.test, b\nwww.b.test (c) mailto:c@c.test!';
    expect(linksIn(text)).toEqual(['https://a.test', 'www.b.test', 'mailto:c@c.test']);
    expect(
      linkify(text)
        .map((piece) => piece.text)
        .join(''),
    ).toBe(text);
  });
});

describe('no link is made of', () => {
  it.each([
    'javascript:alert(1)',
    'data:text/html,<script>alert(1)</script>',
    'vbscript:x file:///etc/passwd ftp://example.com blob:x',
    'https://',
    'https://:80',
    'https://your.bank@evil.test/',
    'https://user:secret@example.com/',
    'mailto:nobody',
    'mailto:?bcc=all@example.com',
    'awww.cute xhttps://example.com',
    'Mr.Smith 4711 3.14 a.b@c',
  ])('%s', (text) => {
    expect(hrefsIn(text)).toEqual([]);
    expect(linkify(text)).toEqual([{ text }]);
  });

  it('an address after an invisible character', () => {
    expect(linksIn('https://example.com/\u202egnp.exe')).toEqual(['https://example.com/']);
  });

  it('markup around a link', () => {
    expect(hrefsIn('<a href="https://a.test" onclick=alert(1)>x</a>')).toEqual(['https://a.test/']);
  });
});

// Quadratic time would exceed the time limit of a test.
describe('a very long message is read to its end', () => {
  it.each([
    ['https://', 'https://'],
    ['opening brackets', '('],
    ['closing brackets', 'https://a.test/)))))))))'],
    ['full stops', 'https://a.test/....'],
    ['www.', 'www.'],
    ['links', 'https://a.test/ '],
    ['colons', 'mailto:'],
    ['words', 'a'],
  ])('made of %s', (_what, part) => {
    const text = part.repeat(Math.ceil(300_000 / part.length));
    const pieces = linkify(text);
    expect(pieces.map((piece) => piece.text).join('')).toBe(text);
  });
});
