// Appointment ids in URLs.

import { describe, expect, it } from 'vitest';
import { appointmentIn, appointmentInPath, loginPath, roomPath } from './paths';

const ids = [
  '42',
  'Zoë’s 2nd visit',
  '100% sure?',
  'a+b&c=d #7',
  '診察 42',
  'a%2Fb',
  '%',
  'v1.5',
  ' ',
];

describe('an appointment id', () => {
  it.each(ids)('%j survives encoding in a room’s URL', (id) => {
    const { pathname } = new URL(roomPath(id), 'http://localhost/');
    expect(appointmentInPath(pathname)).toBe(id);
  });

  it.each(ids)('%j survives encoding in the first page’s URL', (id) => {
    expect(appointmentIn(new URL(loginPath(id), 'http://localhost/').searchParams)).toBe(id);
  });

  it('may be followed by a slash', () => {
    expect(appointmentInPath('/room/42/')).toBe('42');
  });

  it.each(['/room/a/b', '/room/%zz', '/room/%ff'])('cannot be %s', (path) => {
    expect(appointmentInPath(path)).toBeNull();
  });
});
